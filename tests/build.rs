//! Copies functions from sources unchanged, except that shuttle's types replace the standard library's: shuttle runs
//! their threads in every order. `tests/interleavings.rs` and `tests/puzzles.rs` use them, and name the sources: a line
//! with the path of each is above its module.

use std::path::Path;
use std::{env, fs};

fn main() {
    let models = ["tests/interleavings.rs", "tests/puzzles.rs"].map(|models| {
        println!("cargo::rerun-if-changed={models}");
        read(models)
    });
    let models = models.concat();
    let paths = models.lines().filter_map(|line| {
        let path = line.strip_prefix("/// `crates/")?.strip_suffix(".rs`")?;
        Some(format!("../crates/{path}.rs"))
    });
    for path in paths {
        println!("cargo::rerun-if-changed={path}");
        let file = format!("{}.rs", name(&path));
        let folder = env::var_os("OUT_DIR").expect("cargo says where");
        fs::write(Path::new(&folder).join(file), model(&read(&path))).expect("it can be written");
    }
}

fn read(path: &str) -> String {
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{path}: {error}"));
    text.replace('\r', "")
}

/// The model of a program is named after its package, any other after its file.
fn name(path: &str) -> &str {
    let names: Vec<&str> = path.trim_end_matches(".rs").rsplit('/').collect();
    if let ["main", "src", package, ..] = names[..] { package } else { names[0] }
}

/// The source without its header, its `main`, its own tests, and its imports from other crates.
fn model(source: &str) -> String {
    let source = source.split("\n#[cfg(test)]\n").next().expect("a beginning");
    let source = match source.split_once("\nfn main() -> ExitCode {\n") {
        None => source.to_owned(),
        Some((before, rest)) => {
            let (_, after) = rest.split_once("\n}\n").expect("main has an end");
            format!("{before}\n{after}")
        }
    };
    let is_left_out = |line: &&str| {
        let used = line.strip_prefix("use ");
        let is_foreign = used
            .is_some_and(|used| !["std::", "serde_core::"].iter().any(|it| used.starts_with(it)));
        // Another file of the program is a model of its own.
        let is_module = line.starts_with("#[path = ") || line.starts_with("mod ");
        // What `main` alone uses.
        let is_of_main = ["use std::process::ExitCode;", "use std::io::{self, Write};"];
        line.starts_with("//!") || is_module || is_of_main.contains(line) || is_foreign
    };
    let lines: Vec<&str> = source.lines().filter(|line| !is_left_out(line)).collect();
    let model = lines.join("\n");
    let is_modelled = ["use std::sync::", "use std::cell::", "async fn "];
    assert!(is_modelled.iter().any(|it| model.contains(it)), "it uses nothing that is modelled");
    // A module in those tests.
    model
        .replace("use std::sync::", "use crate::model::sync::")
        .replace("use std::cell::", "use crate::model::cell::")
        .replace("use std::thread;", "use crate::model::thread;")
}
