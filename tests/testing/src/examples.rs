//! Examples in documentation that must not compile. On a stable compiler such a doctest passes with any
//! error; here the error can be checked.

use std::fs;
use std::process::Command;

use crate::Folder;

/// The compiler's output for an example, including lines that the documentation hides (`# `).
///
/// # Panics
/// When there is no compiler.
pub fn compile(example: &str) -> String {
    let folder = Folder::new("example");
    let lines = example.lines().map(|line| line.strip_prefix("# ").unwrap_or(line));
    let body: Vec<&str> = lines.collect();
    let file = folder.path().join("example.rs");
    fs::write(&file, format!("fn main() {{\n{}\n}}\n", body.join("\n"))).expect("it is written");
    let compiler = Command::new(option_env!("RUSTC").unwrap_or("rustc"))
        .args(["--edition", "2024", "--emit", "metadata", "--out-dir"])
        .args([folder.path(), &file])
        .output()
        .expect("rustc runs");
    String::from_utf8_lossy(&compiler.stderr).into_owned()
}
