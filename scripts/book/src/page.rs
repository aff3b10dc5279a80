//! A page, and the marks in it.

use std::fs;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};

use crate::command::Program;
use crate::lists::Which;
use crate::original::Original;
use crate::{own, root};

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
    /// A part of a source: the file, seen from the workspace's folder, and the anchor of the part.
    Listing(String, String),
    /// What changes from one program to another.
    Diff(String, String),
    /// What a program prints.
    Output(Program),
    /// The stacks of the threads of a program that hangs.
    Stacks(Program),
    /// What gdb answers to the commands in the block, which are kept.
    Session(Program),
    /// The timing diagram of a program, in a file beside the page.
    Picture(String, Program),
    /// The runs of the nine's lessons of a kind on one time scale, in a file beside the page.
    Runs(Runs),
    /// What a lesson's Python original prints, and its timing diagram.
    Original(Original),
    /// A puzzle, by its name.
    Puzzle(String),
    /// A table of lessons.
    Lessons(Which),
    /// The entries of lessons' pages in the contents.
    Pages(Which),
}

/// Runs that are drawn on one time scale.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Runs {
    /// The file of the picture, seen from the page.
    pub file: String,
    /// The kind of work of the lessons.
    pub kind: String,
    /// What they are run with.
    pub arguments: Vec<String>,
}

/// Where in a page something is made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// What it is.
    pub what: What,
    /// The line of the mark, from 1.
    pub line: usize,
    /// What was made last: the bytes of a fenced block, an image, or a list. Empty where nothing was made yet.
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

    /// Where it is, seen from the workspace's folder.
    pub(crate) fn place(&self) -> String {
        self.path.strip_prefix(root()).unwrap_or(&self.path).display().to_string()
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
            if own::is_mark(kind) {
                continue; // written by hand
            }
            let what = match kind {
                "listing" => rest
                    .split_once(' ')
                    .map(|(file, anchor)| What::Listing(file.into(), anchor.into())),
                "diff" => {
                    rest.split_once(' ').map(|(one, other)| What::Diff(one.into(), other.into()))
                }
                "output" => Program::parse(rest).map(What::Output),
                "stacks" => Program::parse(rest).map(What::Stacks),
                "session" => Program::parse(rest).map(What::Session),
                "picture" => rest.split_once(' ').and_then(|(file, command)| {
                    Some(What::Picture(file.into(), Program::parse(command)?))
                }),
                "runs" => {
                    let mut words = rest.split(' ').map(String::from);
                    words.next().zip(words.next()).map(|(file, kind)| {
                        What::Runs(Runs { file, kind, arguments: words.collect() })
                    })
                }
                "original" => {
                    let mut words = rest.split(' ').map(String::from);
                    words.next().zip(words.next()).map(|(file, lesson)| {
                        What::Original(Original { file, lesson, arguments: words.collect() })
                    })
                }
                "puzzle" => Some(What::Puzzle(rest.into())),
                "lessons" => Some(What::Lessons(Which::parse(rest))),
                "pages" => Some(What::Pages(Which::parse(rest))),
                _ => None,
            };
            let line = number + 1;
            let what =
                what.ok_or_else(|| format!("line {line}: this is not understood: {words}"))?;
            let after = &self.text[at..];
            let length = match what {
                What::Listing(..)
                | What::Diff(..)
                | What::Output(_)
                | What::Stacks(_)
                | What::Session(_) => fence(after),
                What::Picture(..) | What::Runs(_) => image(after),
                What::Original(_) => {
                    let fence = fence(after);
                    let picture =
                        after[fence..].strip_prefix('\n').map_or(0, |rest| 1 + image(rest));
                    if picture > 1 { fence + picture } else { fence }
                }
                What::Puzzle(_) | What::Lessons(_) | What::Pages(_) => {
                    list(after).ok_or_else(|| format!("line {line}: this has no end: {words}"))?
                }
            };
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

/// How long the list is that a text begins with, up to the mark of its end; `None` when another mark comes before that.
fn list(text: &str) -> Option<usize> {
    let mut length = 0;
    for line in text.split_inclusive('\n') {
        match line.trim_end() {
            "<!-- end -->" => return Some(length),
            line if line.starts_with("<!-- ") => return None,
            _ => length += line.len(),
        }
    }
    None
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
            "<!-- picture: runs/a.svg cargo run -p lesson -->\n\n![not this](runs/a.svg)\n\
             <!-- output: cargo run -p lesson -->\nText.\n<!-- a remark -->\n\
             <!-- lessons: nine -->\n<!-- end -->\n",
        );
        let marks = page.marks().expect("they can be read");
        assert_eq!(marks.iter().map(|mark| mark.line).collect::<Vec<_>>(), [1, 4, 7]);
        assert!(marks.iter().all(|mark| mark.made.is_empty()));
    }

    #[test]
    fn a_list_goes_on_to_its_end() {
        let page =
            page("<!-- pages: page -->\n\n- [One](one.md)\n\n<!-- end -->\n\n- [Two](two.md)\n");
        let marks = page.marks().expect("it can be read");
        assert_eq!(marks[0].what, What::Pages(Which::Kind("page".into())));
        assert_eq!(&page.text[marks[0].made.clone()], "\n- [One](one.md)\n\n");
    }

    #[test]
    fn runs_have_a_file_a_kind_and_arguments() {
        let page = page("<!-- runs: a.svg page --repeat 10 -->\n![Runs](a.svg)\n");
        let mark = page.marks().expect("it can be read").remove(0);
        let arguments = ["--repeat", "10"].map(String::from).into();
        let runs = Runs { file: "a.svg".into(), kind: "page".into(), arguments };
        assert_eq!(mark.what, What::Runs(runs));
        assert_eq!(&page.text[mark.made], "![Runs](a.svg)\n");
    }

    #[test]
    fn a_mark_that_is_misspelt_is_not_passed_over() {
        for text in [
            "<!-- dif: a b -->\n",
            "<!-- listing: a.rs -->\n",
            "<!-- diff: a -->\n",
            "<!-- output: make -->\n",
            "<!-- runs: a.svg -->\n",
            "<!-- puzzle: without_an_end -->\n\n",
            "<!-- lessons: nine -->\n\n| a table without an end |\n",
            "<!-- pages: nine -->\n<!-- pages: further -->\n<!-- end -->\n",
        ] {
            assert!(page(text).marks().is_err(), "{text}");
        }
    }
}
