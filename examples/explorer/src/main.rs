//! Builds the module for WebAssembly and writes `explorer.html`, with the module (compressed, in base64), the style and the
//! script inside: `cargo run --manifest-path examples/explorer/Cargo.toml`. Arguments are passed on to `cargo build`.

use std::error::Error;
use std::path::Path;
use std::process::Command;
use std::{env, fs};

const TARGET: &str = "wasm32-unknown-unknown";

fn main() -> Result<(), Box<dyn Error>> {
    // The program is in target/release or target/debug.
    let program = env::current_exe()?;
    let directory = program.ancestors().nth(2).ok_or("the program is in no target directory")?;
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
    let built = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args(["build", "--lib", "--release", "--target", TARGET, "--manifest-path"])
        .arg(manifest)
        .arg("--target-dir")
        .arg(directory)
        .args(env::args_os().skip(1))
        .status()?;
    if !built.success() {
        return Err(format!("cannot build for {TARGET}, which `rustup target add {TARGET}` installs").into());
    }
    let module = fs::read(directory.join(TARGET).join("release/explorer.wasm"))?;
    let script = concat!(
        include_str!("../page/module.js"),
        include_str!("../page/chart.js"),
        include_str!("../page/results.js"),
        include_str!("../page/script.js"),
    );
    let page = include_str!("../page/page.html")
        .replace("/* style.css */", include_str!("../page/style.css"))
        .replace("/* script.js */", script)
        .replace("MODULE_IN_BASE64", &base64(&miniz_oxide::deflate::compress_to_vec_zlib(&module, 10)));
    let file = directory.join("explorer.html");
    fs::write(&file, &page)?;
    println!("{} is the page, {} kB", file.display(), page.len() / 1000);
    Ok(())
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for three in bytes.chunks(3) {
        let bits = (0..3).fold(0, |bits, i| bits << 8 | u32::from(*three.get(i).unwrap_or(&0)));
        for i in 0..4 {
            let digit = DIGITS[(bits >> (18 - 6 * i) & 63) as usize];
            text.push(if i <= three.len() { digit.into() } else { '=' });
        }
    }
    text
}
