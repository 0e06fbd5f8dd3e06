//! The command line: options in, one line out if something is wrong.

use std::error::Error;
use std::fmt::Display;
use std::io;
use std::ops::RangeInclusive;
use std::process::ExitCode;
use std::str::FromStr;

use clap::Parser;
use clap::error::ErrorKind;

/// Reads the options and runs.
pub fn main<O: Parser>(run: impl FnOnce(&O) -> Result<(), Box<dyn Error>>) -> ExitCode {
    let name = O::command().get_name().to_string();
    let options = match O::try_parse() {
        Ok(options) => options,
        Err(error) if error.use_stderr() => {
            eprintln!("{name}: {}", one_line::<O>(&error));
            return ExitCode::from(2);
        }
        Err(help) => help.exit(),
    };
    match run(&options) {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever read the output has seen enough.
        Err(error) if is_broken_pipe(&*error) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{name}: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Reads a number of a range.
pub fn within<T>(range: RangeInclusive<T>, noun: &'static str) -> impl Fn(&str) -> Result<T, String> + Clone
where
    T: FromStr + PartialOrd + Display + Clone,
{
    move |text| {
        let number = text.parse().ok().filter(|number| range.contains(number));
        number.ok_or_else(|| format!("must be a {noun} from {} to {}", range.start(), range.end()))
    }
}

/// What is wrong, and what would be right.
fn one_line<O: Parser>(error: &clap::Error) -> String {
    let text = error.to_string();
    let wrong: Vec<&str> = text.lines().take_while(|line| !line.is_empty()).map(str::trim).collect();
    let wrong = wrong.join(" ");
    let wrong = wrong.trim_start_matches("error: ");
    if error.kind() != ErrorKind::UnknownArgument {
        return wrong.to_string();
    }
    let mut command = O::command();
    command.build();
    let known: Vec<String> = command.get_arguments().map(|argument| argument.to_string()).collect();
    format!("{wrong}: options are {}", known.join(", "))
}

fn is_broken_pipe(error: &(dyn Error + 'static)) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}
