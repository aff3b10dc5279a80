//! Examples in documentation that must not compile. On a stable compiler such a doctest passes with any
//! error; here the error can be checked.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use crate::Folder;

/// The compiler's output for an example, including lines that the documentation hides (`# `).
///
/// # Panics
/// When there is no compiler.
pub fn compile(example: &str) -> String {
    let lines = example.lines().map(|line| line.strip_prefix("# ").unwrap_or(line));
    let body: Vec<&str> = lines.collect();
    let program = format!("fn main() {{\n{}\n}}\n", body.join("\n"));
    compile_program(&program, None)
}

/// What the compiler says of a whole program. Where it is to be written to a file, it is built as well.
///
/// # Panics
/// When there is no compiler.
pub fn compile_program(source: &str, built: Option<&Path>) -> String {
    static NUMBER: AtomicUsize = AtomicUsize::new(0);
    let folder = Folder::new(&format!("example-{}", NUMBER.fetch_add(1, Relaxed)));
    let file = folder.path().join("example.rs");
    fs::write(&file, source).expect("it is written");
    let mut compiler = Command::new(option_env!("RUSTC").unwrap_or("rustc"));
    compiler.args(["--edition", "2024"]).arg(&file);
    match built {
        Some(built) => compiler.arg("-o").arg(built),
        None => compiler.args(["--emit", "metadata", "--out-dir"]).arg(folder.path()),
    };
    let output = compiler.output().expect("rustc runs");
    String::from_utf8_lossy(&output.stderr).into_owned()
}
