//! The programs that the book shows: whole, between marks, or as the difference of two.

use std::collections::BTreeMap;
use std::fs;
use std::io;

use similar::TextDiff;

use crate::root;

/// The number of unchanged lines around a change.
const CONTEXT: usize = 3;

/// The folders of all packages, relative to the workspace's, by the names of the packages.
///
/// # Errors
/// When they cannot be read.
pub(crate) fn packages() -> io::Result<BTreeMap<String, String>> {
    let mut packages = BTreeMap::from([("tests".into(), "tests".into())]);
    let mut groups = ["crates", "scripts"].map(String::from).to_vec();
    while let Some(group) = groups.pop() {
        for entry in fs::read_dir(root().join(&group))? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let folder = format!("{group}/{name}");
            if entry.path().join("Cargo.toml").is_file() {
                packages.insert(name, folder);
            } else if entry.path().is_dir() {
                groups.push(folder);
            }
        }
    }
    Ok(packages)
}

/// The path of a program, relative to the workspace's folder: a lesson or a tool, or one of its examples.
///
/// # Errors
/// When the folders cannot be read.
pub(crate) fn source(package: &str, example: Option<&str>) -> io::Result<String> {
    let folder = packages()?.remove(package).unwrap_or_else(|| format!("crates/{package}"));
    Ok(match example {
        None => format!("{folder}/src/main.rs"),
        Some(example) => format!("{folder}/examples/{example}.rs"),
    })
}

/// The source of a program that a mark names as `lesson` or `lesson/example`.
fn read(name: &str) -> io::Result<String> {
    let (lesson, example) =
        name.split_once('/').map_or((name, None), |(lesson, example)| (lesson, Some(example)));
    let path = source(lesson, example)?;
    fs::read_to_string(root().join(&path))
        .map_err(|error| io::Error::new(error.kind(), format!("{path}: {error}")))
}

/// A program without its header and without mdBook's marks, which are not part of the lesson.
fn body(source: &str) -> String {
    let lines = source.lines().filter(|line| !line.starts_with("//!") && !is_mark(line));
    let body: Vec<&str> = lines.skip_while(|line| line.is_empty()).collect();
    body.join("\n") + "\n"
}

fn is_mark(line: &str) -> bool {
    let line = line.trim_start().trim_start_matches(['/', '#']).trim_start();
    line.starts_with("ANCHOR: ") || line.starts_with("ANCHOR_END: ")
}

/// The changes from one program to another, like `git diff`, without line numbers.
///
/// # Errors
/// When one of them cannot be read.
pub(crate) fn difference(one: &str, other: &str) -> io::Result<String> {
    Ok(changes(&read(one)?, &read(other)?))
}

fn changes(one: &str, other: &str) -> String {
    let (one, other) = (body(one), body(other));
    let diff = TextDiff::from_lines(&one, &other);
    let text = diff.unified_diff().context_radius(CONTEXT).to_string();
    let mut shown = String::new();
    for line in text.lines() {
        if !line.starts_with("@@") {
            shown += line.trim_end();
            shown += "\n";
        } else if !shown.is_empty() {
            shown += "@@ ... @@\n";
        }
    }
    shown
}

/// The lines of a file, relative to the workspace's folder, between an anchor's marks.
///
/// # Errors
/// When it cannot be read, or has nothing between such marks.
pub(crate) fn listing(file: &str, anchor: &str) -> io::Result<String> {
    let source = fs::read_to_string(root().join(file))
        .map_err(|error| io::Error::new(error.kind(), format!("{file}: {error}")))?;
    anchored(&source.replace('\r', ""), anchor).filter(|text| !text.trim().is_empty()).ok_or_else(
        || io::Error::other(format!("{file} has nothing between marks of the name {anchor:?}")),
    )
}

/// The lines of a source between an anchor's marks; `None` when it has no such anchor.
fn anchored(source: &str, anchor: &str) -> Option<String> {
    // In a comment of Rust or Python.
    let mark = |line: &str| line.trim().trim_start_matches(['/', '#']).trim_start().to_owned();
    let (start, end) = (format!("ANCHOR: {anchor}"), format!("ANCHOR_END: {anchor}"));
    let mut lines = source.lines().skip_while(|line| mark(line) != start).skip(1);
    let mut shown = String::new();
    loop {
        let line = lines.next()?;
        if mark(line) == end {
            return Some(shown);
        }
        if !is_mark(line) {
            shown += &format!("{line}\n");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_anchor_without_an_end_is_none() {
        let source = "a\n// ANCHOR: one\nb\n// ANCHOR_END: one\n// ANCHOR: two\nc\n";
        assert_eq!(anchored(source, "one").as_deref(), Some("b\n"));
        assert_eq!(anchored(source, "two"), None);
        assert_eq!(anchored(source, "three"), None);
    }

    #[test]
    fn a_difference_shows_code_alone() {
        let source = |header: &str, change: &str| {
            format!(
                "//! {header}.\n\nfn main() {{\n    // ANCHOR: a\n    {change};\n}}\n// ANCHOR_END: a\n"
            )
        };
        let text = changes(&source("One", "one()"), &source("Other", "other()"));
        assert_eq!(text, " fn main() {\n-    one();\n+    other();\n }\n");
        assert_eq!(changes(&source("One", "one()"), &source("Other", "one()")), "");
    }

    #[test]
    fn a_program_is_found_wherever_its_group_is() {
        for lesson in course::find(&root()).expect("there are lessons") {
            let main = source(&lesson.name, None).expect("it is found");
            assert_eq!(main, format!("{}/src/main.rs", lesson.folder));
        }
        let example = source("gone", Some("example")).expect("it is looked for");
        assert_eq!(example, "crates/gone/examples/example.rs");
        assert!(difference("gone", "gone/example").is_err());
    }
}
