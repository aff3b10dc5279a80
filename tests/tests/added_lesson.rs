//! To add a lesson is to add a folder: nothing else is edited, and everything that runs lessons finds it.

use std::fs;
use std::path::{Path, PathBuf};

use harness::Model;
use serde_json::Value;
use testing::{Folder, Program, first, lessons, only_does, program};

/// A lesson as a reader of the others would write it.
const MAIN: &str = r#"//! Two threads, and each takes every other call: what is dealt out needs no queue.
//!
//! Mirrors: two `threading.Thread`s, each with a slice of the list.
//! Run:     `cargo run -p added_lesson`
//! Watch:   both lanes end at about the same time, since all calls are alike.
//! Try:     `--workers 3`, with 20 calls: which thread has one less?

use std::process::ExitCode;
use std::thread;

fn main() -> ExitCode {
    let (run, numbers) = harness::lesson!(Threads).workers(2).start(calls::Calls);
    thread::scope(|scope| {
        for worker in 0..run.workers {
            scope.spawn(move || {
                for &number in numbers.iter().skip(worker).step_by(run.workers) {
                    let Some(call) = run.begin(number) else { break };
                    call.end(fib(number));
                }
            });
        }
    });
    run.finish()
}

/// The naive recursion: it costs time and nothing else.
fn fib(n: u64) -> u64 {
    if n < 2 { n } else { fib(n - 1) + fib(n - 2) }
}
"#;

fn manifest(number: u64) -> String {
    format!(
        r#"[package]
name = "added_lesson"
version.workspace = true
edition.workspace = true
rust-version.workspace = true
license.workspace = true
publish.workspace = true

[package.metadata.lesson]
number = {number}

[dependencies]
calls.workspace = true
harness.workspace = true

[lints]
workspace = true
"#
    )
}

/// Copies the files of a clone and the files added to it, but no build products.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder") {
        let (path, name) = entry.map(|entry| (entry.path(), entry.file_name())).expect("an entry");
        let is_made = ["target", ".git", "node_modules"].iter().any(|made| name == *made)
            || path.ends_with("tutorial/book");
        if path.is_file() {
            fs::copy(&path, to.join(name)).expect("a copy");
        } else if path.is_dir() && !is_made {
            copy(&path, &to.join(name));
        }
    }
}

/// Leftovers of a lesson after git changed the branch, leftovers of editors, and a reader's notes.
const STRAYS: [&str; 4] = ["empty", "old/target/debug", ".idea", "notes"];

/// A copy of the workspace with one more lesson, and with some folders that are not packages.
fn workspace_with_the_lesson(folder: &Folder) -> PathBuf {
    let root = folder.path().join("course");
    copy(&course::root().expect("the workspace"), &root);
    for group in ["crates", "crates/lessons", "crates/further", "crates/support"] {
        let group = root.join(group);
        for stray in STRAYS {
            fs::create_dir_all(group.join(stray)).expect("a folder");
        }
        for file in [".DS_Store", "notes/.DS_Store", "old/.DS_Store"] {
            fs::write(group.join(file), b"\0\0\0\x01Bud1\xff").expect("a file");
        }
    }
    let before = course::find(&root).expect("the lessons");
    let last = before.iter().filter(|lesson| lesson.is_further).map(|lesson| lesson.number).max();
    let added = root.join("crates/further/added_lesson");
    fs::create_dir_all(added.join("src")).expect("a folder");
    fs::write(added.join("Cargo.toml"), manifest(last.map_or(1, |last| last + 1))).expect("a file");
    fs::write(added.join("src/main.rs"), MAIN).expect("a file");

    let after = course::find(&root).expect("the lessons");
    assert_eq!(after[..before.len()], before, "the others are as they were");
    let [found] = &after[before.len()..] else { panic!("one lesson more: {after:?}") };
    assert_eq!(found.name, "added_lesson");
    assert_eq!(found.folder, "crates/further/added_lesson");
    assert!(MAIN.starts_with(&format!("//! {}\n", found.idea)), "{found:?}");
    assert_eq!(found.mirrors, "two `threading.Thread`s, each with a slice of the list");
    root
}

/// Runs it as a student does; returns its output.
fn cargo_run(root: &Path, arguments: &[&str]) -> String {
    let mut cargo = course::inner_cargo(env!("CARGO"));
    cargo.args(["run", "--quiet", "--offline", "-p", "added_lesson", "--"]).args(arguments);
    let output = cargo.current_dir(root).env_remove("CARGO_TARGET_DIR").output().expect("it runs");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    assert_eq!(errors, "");
    String::from_utf8(output.stdout).expect("text")
}

#[test]
#[ignore = "it builds a copy of the course, which takes as long as a first build"]
fn a_new_folder_is_a_lesson_alone_and_in_the_comparison() {
    let folder = Folder::new("added-lesson");
    let root = workspace_with_the_lesson(&folder);
    let printed = cargo_run(&root, &["--calls", "4", "--number", "20"]);
    let lines: Vec<&str> = printed.lines().collect();
    assert_eq!(lines[..4], ["fib(20) = 6765"; 4], "{printed}");
    assert!(testing::is_summary(lines[4]) && lines[4].starts_with("Computed in "), "{printed}");
    assert!(printed.contains("At most ") && printed.contains(" work"), "the diagram: {printed}");
    let run = cargo_run(&root, &["--calls", "4", "--number", "20", "--json"]);
    let run: Value = serde_json::from_str(&run).expect("JSON");
    assert_eq!((&run["lesson"], &run["model"]), (&"added_lesson".into(), &"threads".into()));
    assert_eq!((&run["workers"], &run["done"]), (&2.into(), &4.into()), "{run}");
    assert_eq!(run["results"], Value::from(vec![6765; 4]));
    let help = cargo_run(&root, &["--help"]);
    assert!(help.starts_with("Two threads, and each takes every other"), "{help}");

    // The comparison finds the lessons of its own workspace, and builds those that it compares.
    let beside = root.join("target/debug");
    let compare = course::program(&beside, "compare");
    fs::copy(program("compare").path(), &compare).expect("a copy");
    let base = first("calls", |it| only_does(it, "call") && it.model() == Model::Sync).name();
    let arguments =
        ["--only", base, "added_lesson", "--runs", "2", "--number", "20", "--calls", "4"];
    assert!(!course::program(&beside, base).exists());
    let ended = Program::at(compare).run_with(&arguments, &[("CARGO", env!("CARGO"))]);
    assert_eq!(ended.code(), 0, "{ended:?}");
    for name in [base, "added_lesson"] {
        let is_row = |line: &&str| line.split_whitespace().take(2).any(|word| word == name);
        assert_eq!(ended.stdout.lines().filter(is_row).count(), 1, "a row of {name}: {ended:?}");
    }
    let sentence = "All 4 runs of 2 lessons got the same 4 numbers.\n";
    assert!(ended.stdout.contains(sentence), "{ended:?}");
    // Here there is no such lesson, and nothing else was written.
    assert!(lessons().iter().all(|lesson| lesson.name() != "added_lesson"));
}
