//! A page, and the marks in it.

use std::fs;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};

use crate::command::Program;

/// A page of the book.
#[derive(Clone, Debug)]
pub struct Page {
    /// The name of its file, without `.md`.
    pub name: String,
    /// Where it is.
    pub path: PathBuf,
    /// What stands in it, with `\n` at the ends of lines.
    pub text: String,
}

/// What is made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// What changes from one program to another.
    Diff(String, String),
    /// What a program prints.
    Output(Program),
    /// The timing diagram of a program, in a file beside the page.
    Picture(String, Program),
}

/// Where in a page something is made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// What it is.
    pub what: What,
    /// The line of the mark, from 1.
    pub line: usize,
    /// What was made last: the bytes of a fenced block or an image. Empty where nothing was made yet.
    pub made: Range<usize>,
}

impl Page {
    /// Reads it.
    ///
    /// # Errors
    /// When there is no such file, or it is not text.
    pub fn read(path: &Path) -> io::Result<Self> {
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let text = fs::read_to_string(path)?.replace('\r', "");
        Ok(Self { name, path: path.to_owned(), text })
    }

    /// Where a file is that it links to, shows or includes.
    pub(crate) fn beside(&self, file: &str) -> PathBuf {
        self.path.parent().unwrap_or(Path::new(".")).join(file)
    }

    /// Its marks, from the top.
    ///
    /// # Errors
    /// With a sentence for the first that cannot be read.
    pub fn marks(&self) -> Result<Vec<Mark>, String> {
        let mut marks = Vec::new();
        let mut at = 0;
        for (number, line) in self.text.split_inclusive('\n').enumerate() {
            at += line.len();
            let comment = line.trim_end().strip_prefix("<!-- ");
            let Some(words) = comment.and_then(|rest| rest.strip_suffix(" -->")) else { continue };
            let Some((kind, rest)) = words.split_once(": ") else { continue };
            let what = match kind {
                "diff" => {
                    rest.split_once(' ').map(|(one, other)| What::Diff(one.into(), other.into()))
                }
                "output" => Program::parse(rest).map(What::Output),
                "picture" => rest.split_once(' ').and_then(|(file, command)| {
                    Some(What::Picture(file.into(), Program::parse(command)?))
                }),
                _ => None,
            };
            let line = number + 1;
            let what =
                what.ok_or_else(|| format!("line {line}: this is not understood: {words}"))?;
            let after = &self.text[at..];
            let length =
                if matches!(what, What::Picture(..)) { image(after) } else { fence(after) };
            marks.push(Mark { what, line, made: at..at + length });
        }
        Ok(marks)
    }
}

/// How long the fenced block is that a text begins with; 0 when it begins with something else.
fn fence(text: &str) -> usize {
    let Some(rest) = text.strip_prefix("```") else { return 0 };
    rest.find("\n```\n").map_or(0, |end| 3 + end + "\n```\n".len())
}

/// How long the line is that a text begins with, when it is an image.
fn image(text: &str) -> usize {
    let line = text.split_inclusive('\n').next().unwrap_or_default();
    if line.starts_with("![") { line.len() } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(text: &str) -> Page {
        Page { name: "page".into(), path: "page.md".into(), text: text.into() }
    }

    #[test]
    fn a_mark_knows_what_was_made_below_it() {
        let page =
            page("# One\n\n<!-- diff: a b -->\n```diff\n-a\n\n+b\n```\n\nText.\n```text\n```\n");
        let marks = page.marks().expect("they can be read");
        assert_eq!(marks.len(), 1);
        assert_eq!((marks[0].what.clone(), marks[0].line), (What::Diff("a".into(), "b".into()), 3));
        assert_eq!(&page.text[marks[0].made.clone()], "```diff\n-a\n\n+b\n```\n");
    }

    #[test]
    fn nothing_was_made_where_text_follows() {
        let page = page(
            "<!-- picture: runs/a.svg cargo run -p sync_cpu -->\n\n![not this](runs/a.svg)\n\
             <!-- output: cargo run -p sync_cpu -->\nText.\n<!-- a remark -->\n",
        );
        let marks = page.marks().expect("they can be read");
        assert_eq!(marks.iter().map(|mark| mark.line).collect::<Vec<_>>(), [1, 4]);
        assert!(marks.iter().all(|mark| mark.made.is_empty()));
    }

    #[test]
    fn a_mark_that_is_misspelt_is_not_passed_over() {
        for text in ["<!-- dif: a b -->\n", "<!-- diff: a -->\n", "<!-- output: make -->\n"] {
            assert!(page(text).marks().is_err(), "{text}");
        }
    }
}
