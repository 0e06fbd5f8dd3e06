//! The parts of a picture: lines, texts, paths, in the colours of the page.

/// A picture on a page is as wide as this in its own units, which are at most 1.2 px and on a narrow screen 0.9 px.
pub const WIDTH: f64 = 420.0;

/// The font of the labels, in units.
pub const FONT: f64 = 13.0;

/// Colours of rustdoc's themes, and what stands for them elsewhere.
pub const COLOURS: [&str; 4] = [
    "currentColor",
    "var(--link-color,#3873ad)",
    "var(--code-highlight-kw-color,#8959a8)",
    "var(--code-highlight-number-color,#718c00)",
];

/// Lines that differ without their colours: solid, dashed, dotted, dashed and dotted.
const DASHES: [&str; 4] = [
    "",
    ";stroke-dasharray:70 40",
    ";stroke-dasharray:1 36;stroke-width:24;stroke-linecap:round",
    ";stroke-dasharray:90 35 1 35;stroke-linecap:round",
];

/// The style of a line in a group of tenths.
pub fn line_style(i: usize) -> String {
    format!("stroke:{}{}", COLOURS[i], DASHES[i])
}

/// The number with at most one digit after the point.
pub fn short(x: f64) -> String {
    let tenths = (x * 10.0).round() as i64;
    let (sign, tenths) = (if tenths < 0 { "-" } else { "" }, tenths.abs());
    match tenths % 10 {
        0 => format!("{sign}{}", tenths / 10),
        rest => format!("{sign}{}.{rest}", tenths / 10),
    }
}

/// A number for readers: at most two digits after the point, with a minus sign.
pub fn label(x: f64) -> String {
    // A sum may end a little beside the number of few digits.
    let digits = format!("{x:.2}");
    let digits = digits.trim_end_matches('0').trim_end_matches('.');
    match digits.strip_prefix('-') {
        Some("0") => "0".into(),
        Some(magnitude) => format!("&#8722;{magnitude}"),
        None => digits.into(),
    }
}

/// Text at a place; `anchor` is "start", "middle" or "end".
pub fn text(x: f64, y: f64, anchor: &str, text: &str) -> String {
    let anchor = if anchor == "start" { String::new() } else { format!(" text-anchor=\"{anchor}\"") };
    format!("<text x=\"{}\" y=\"{}\"{anchor}>{text}</text>\n", short(x), short(y))
}

/// Points in tenths of a unit, as a path from the first to the last.
#[derive(Default)]
pub struct PathData {
    data: String,
    at: (i64, i64),
}

impl PathData {
    pub fn move_to(&mut self, x: f64, y: f64) {
        self.at = tenths(x, y);
        // A line that did not leave its place.
        self.data.truncate(self.data().len());
        self.data += &format!("M{}l", pair(self.at));
    }

    pub fn line_to(&mut self, x: f64, y: f64) {
        let to = tenths(x, y);
        let step = (to.0 - self.at.0, to.1 - self.at.1);
        if step == (0, 0) {
            return;
        }
        let separator = if self.data.ends_with('l') || step.0 < 0 { "" } else { " " };
        self.data += separator;
        self.data += &pair(step);
        self.at = to;
    }

    pub fn polyline(&mut self, points: &[(f64, f64)]) {
        self.move_to(points[0].0, points[0].1);
        points[1..].iter().for_each(|point| self.line_to(point.0, point.1));
    }

    pub fn is_empty(&self) -> bool {
        self.data.is_empty()
    }

    pub fn data(&self) -> &str {
        self.data.trim_end_matches('l')
    }
}

fn tenths(x: f64, y: f64) -> (i64, i64) {
    ((x * 10.0).round() as i64, (y * 10.0).round() as i64)
}

fn pair((x, y): (i64, i64)) -> String {
    let separator = if y < 0 { "" } else { " " };
    format!("{x}{separator}{y}")
}

/// A circle in a group of tenths.
pub fn dot(x: f64, y: f64, filled: bool, colour: usize) -> String {
    let (x, y) = tenths(x, y);
    let colour = COLOURS[colour];
    let fill = if filled { colour } else { "var(--main-background-color,#fff)" };
    format!("<circle cx=\"{x}\" cy=\"{y}\" r=\"28\" style=\"fill:{fill};stroke:{colour}\"/>\n")
}

/// Samples of the lines with their labels, side by side above `bottom`.
pub fn legend(labels: &[&str], has_kinks: bool, bottom: f64) -> String {
    // A character may be written as a number, from `&` to `;`.
    let letters = |label: &str| {
        let parts = label.split(';').map(|part| part.split('&').next().map_or(0, str::len));
        (parts.sum::<usize>() + label.matches(';').count()) as f64
    };
    // No font that may be used is wider, on the average, than 7.4; if that is too much, the usual ones are not.
    let room = WIDTH - 8.0 - 34.0 * labels.len() as f64 - if has_kinks { 36.0 } else { 0.0 };
    let letter = (room / labels.iter().map(|label| letters(label)).sum::<f64>()).min(7.4);
    let (mut x, y) = (4.0, bottom - 4.0);
    let (mut lines, mut texts) = (String::new(), String::new());
    for (i, label) in labels.iter().enumerate() {
        let mut path = PathData::default();
        path.polyline(&[(x, y), (x + 22.0, y)]);
        lines += &format!("<path style=\"{}\" d=\"{}\"/>\n", line_style(i), path.data());
        texts += &text(x + 26.0, bottom, "start", label);
        x += 34.0 + letter * letters(label);
    }
    if has_kinks {
        lines += &dot(x + 3.0, y, true, 0);
        texts += &text(x + 10.0, bottom, "start", "kink");
    }
    format!("{}{texts}", group(&lines))
}

/// Lines in tenths of a unit.
pub fn group(lines: &str) -> String {
    format!("<g transform=\"scale(.1)\" fill=\"none\" stroke-width=\"18\" stroke-linejoin=\"round\">\n{lines}</g>\n")
}

/// The picture as a block of HTML, with a title and a description for screen readers.
pub fn figure(height: f64, title: &str, description: &str, body: &str) -> String {
    let block = format!(
        "<div class=\"plot\">\n<svg viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" aria-labelledby=\"plot-title\" \
         aria-describedby=\"plot-text\" style=\"display:block;width:100%;max-width:520px;margin:1em 0;\
         font:{FONT}px 'Fira Sans',Arial,sans-serif\" fill=\"currentColor\">\n<title id=\"plot-title\">{title}</title>\n\
         <desc id=\"plot-text\">{description}</desc>\n{body}</svg>\n</div>\n"
    );
    assert!(!block.contains("\n\n"), "a blank line ends a block: {title}");
    assert!(block.is_ascii(), "other characters are written as numbers: {title}");
    assert!(block.len() < 9000, "the page of a function is small: {title}");
    block
}
