//! The programs that the book shows: whole, between marks, or as the difference of two.

use std::fs;
use std::io;

use similar::TextDiff;

use crate::root;

/// How many unchanged lines are shown around a change.
const CONTEXT: usize = 3;

/// Where a program is, seen from the workspace's folder: a lesson, or one of its examples.
pub(crate) fn source(package: &str, example: Option<&str>) -> String {
    match example {
        None => format!("crates/{package}/src/main.rs"),
        Some(example) => format!("crates/{package}/examples/{example}.rs"),
    }
}

/// A program, which a mark names as `lesson` or `lesson/example`, without its header and without mdBook's marks: they are no
/// part of the lesson.
fn body(name: &str) -> io::Result<String> {
    let (lesson, example) =
        name.split_once('/').map_or((name, None), |(lesson, example)| (lesson, Some(example)));
    let path = source(lesson, example);
    let source = fs::read_to_string(root().join(&path))
        .map_err(|error| io::Error::new(error.kind(), format!("{path}: {error}")))?;
    let lines = source.lines().filter(|line| !line.starts_with("//!") && !is_mark(line));
    let body: Vec<&str> = lines.skip_while(|line| line.is_empty()).collect();
    Ok(body.join("\n") + "\n")
}

fn is_mark(line: &str) -> bool {
    let line = line.trim_start();
    line.starts_with("// ANCHOR: ") || line.starts_with("// ANCHOR_END: ")
}

/// What changes from one program to another, as `git diff` shows it, without line numbers.
///
/// # Errors
/// When one of them cannot be read.
pub(crate) fn difference(one: &str, other: &str) -> io::Result<String> {
    let (one, other) = (body(one)?, body(other)?);
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
    Ok(shown)
}

/// The lines of a file between an anchor's marks; `None` when it has no such anchor.
pub(crate) fn anchored(source: &str, anchor: &str) -> Option<String> {
    let (start, end) = (format!("// ANCHOR: {anchor}"), format!("// ANCHOR_END: {anchor}"));
    let mut lines = source.lines().skip_while(|line| line.trim() != start).skip(1);
    let mut shown = String::new();
    loop {
        let line = lines.next()?;
        if line.trim() == end {
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
        let text = difference("sync_downloader", "threaded_downloader").expect("both are there");
        assert!(text.contains("\n+            scope.spawn(|| {\n"), "{text}");
        for foreign in ["//!", "ANCHOR", "---", "+++"] {
            assert!(!text.contains(foreign), "{foreign}: {text}");
        }
        assert_eq!(difference("sync_cpu", "sync_cpu").expect("it is there"), "");
    }
}
