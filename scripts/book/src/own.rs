//! Programs that stand in a page as they are, for a reader to copy: the page's text is the source.

use crate::page::Page;
use crate::prose::{Kind, pieces};

/// A program that stands below a mark.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Own {
    /// What becomes of it.
    pub is: Is,
    /// The line of its mark, from 1.
    pub line: usize,
    /// Its source.
    pub code: String,
}

/// What becomes of a program that is copied from the page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Is {
    /// It is a package of this name, with the commands that make it and run it.
    Package {
        /// Its name.
        name: String,
        /// `cargo new NAME` and what is typed after it, before it first runs.
        made: Vec<String>,
        /// What is typed to run it, from the first `cargo run` on to the end of its section,
        run: Vec<String>,
        /// and after that section, up to the next package: what the questions ask for.
        asked: Vec<String>,
    },
    /// It needs the standard library alone, and prints this, if that stands below it.
    Working(Option<String>),
    /// The compiler refuses it, with this code (`error`: with an error that has none), and says what stands below it.
    Failing(String, Option<String>),
}

/// Whether a mark of this kind names a program that was written by hand.
pub(crate) fn is_mark(kind: &str) -> bool {
    matches!(kind, "program" | "works" | "fails")
}

impl Own {
    /// Whether this is its name, or a part of it.
    pub(crate) fn has(&self, name: &str) -> bool {
        matches!(&self.is, Is::Package { name: its, .. } if its == name)
            || has_whole(&self.code, name)
    }

    /// Whether this is typed to make it or to run it, in its own folder.
    pub(crate) fn is_typed(&self, command: &str) -> bool {
        match &self.is {
            _ if command.contains(" -p ") => false, // one of the workspace's
            Is::Package { made, run, asked, .. } => {
                made.iter().chain(run).chain(asked).any(|it| it == command)
            }
            _ => false,
        }
    }
}

/// Whether the code has these words, and not only as a part of longer ones.
fn has_whole(code: &str, words: &str) -> bool {
    let is_part = |sign: Option<char>| sign.is_some_and(|it| it.is_alphanumeric() || it == '_');
    let (begins, ends) = (is_part(words.chars().next()), is_part(words.chars().next_back()));
    code.match_indices(words).any(|(at, _)| {
        let before = code[..at].chars().next_back();
        let after = code[at + words.len()..].chars().next();
        !(begins && is_part(before) || ends && is_part(after))
    })
}

impl Page {
    /// The programs that a reader copies from it, from the top.
    ///
    /// # Errors
    /// With a sentence for the first mark below which something else stands.
    pub fn own_programs(&self) -> Result<Vec<Own>, String> {
        let pieces = pieces(&self.text);
        let blocks: Vec<_> = pieces
            .iter()
            .filter_map(|piece| match &piece.kind {
                Kind::Block(language) => Some((language.as_str(), piece)),
                _ => None,
            })
            .collect();
        // The commands between two places, those that make a package or those that do not.
        let commands = |from: usize, to: usize| -> Vec<String> {
            let between =
                blocks.iter().filter(|(_, it)| from <= it.place.start && it.place.start < to);
            let typed = between.filter(|(language, _)| *language == "console");
            typed.flat_map(|(_, block)| block.text.lines().map(String::from)).collect()
        };
        let mut programs = Vec::new();
        let (mut at, mut before) = (0, 0);
        for (number, text) in self.text.split_inclusive('\n').enumerate() {
            at += text.len();
            let comment = text.trim_end().strip_prefix("<!-- ");
            let words = comment.and_then(|rest| rest.strip_suffix(" -->"));
            let Some((kind, rest)) = words.and_then(|words| words.split_once(": ")) else {
                continue;
            };
            if !is_mark(kind) {
                continue;
            }
            let line = number + 1;
            let below = blocks.iter().position(|(_, block)| block.place.start == at);
            let Some(below) = below.filter(|below| blocks[*below].0 == "rust") else {
                return Err(format!("line {line}: no block of Rust stands below {kind}: {rest}"));
            };
            let block = blocks[below].1;
            // Only an empty line may stand between a program and what is printed.
            let printed = blocks.get(below + 1).filter(|(language, output)| {
                let between = &self.text[block.place.end..output.place.start];
                *language == "text" && between.trim().is_empty()
            });
            let printed = printed.map(|(_, output)| output.text.clone());
            let is = match kind {
                "works" => Is::Working(printed),
                "fails" => Is::Failing(rest.to_owned(), printed),
                _ => {
                    let mut after = blocks[below..].iter();
                    let next = after.find(|(_, it)| it.text.contains("cargo new "));
                    let next = next.map_or(self.text.len(), |(_, it)| it.place.start);
                    let mut made = commands(before, block.place.start);
                    let new = made.iter().position(|it| *it == format!("cargo new {rest}"));
                    let Some(new) = new else {
                        return Err(format!(
                            "line {line}: the reader is not told to type cargo new {rest}"
                        ));
                    };
                    let mut made = made.split_off(new);
                    // A reader writes the program, and sees one way to do it only then.
                    let first = made.iter().position(|it| it.starts_with("cargo run"));
                    let mut run = made.split_off(first.unwrap_or(made.len()));
                    before = block.place.end;
                    let section = self.text[before..].find("\n## ");
                    let section = section.map_or(next, |length| next.min(before + length));
                    run.extend(commands(before, section));
                    Is::Package { name: rest.into(), made, run, asked: commands(section, next) }
                }
            };
            programs.push(Own { is, line, code: block.text.clone() });
        }
        Ok(programs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(text: &str) -> Page {
        Page { name: "page".into(), path: "page.md".into(), text: text.into() }
    }

    #[test]
    fn a_package_has_the_commands_before_and_after_it() {
        let text = "```console\ncargo new one\ncd one\n```\n\nWrite it.\n\n```console\ncargo run -- 0\n```\n\n<!-- program: one -->\n```rust\nfn main() {}\n```\n\n\
                    ```console\ncargo run\n```\n\n## More\n\n```console\ncargo run -- 1\n```\n\n```console\ncargo new two\n```\n\n<!-- program: two -->\n```rust\n```\n";
        let own = page(text).own_programs().expect("they are read");
        let package = |name: &str, made: &[&str], run: &[&str], asked: &[&str]| {
            let lines = |lines: &[&str]| lines.iter().map(|line| (*line).into()).collect();
            Is::Package {
                name: name.into(),
                made: lines(made),
                run: lines(run),
                asked: lines(asked),
            }
        };
        let made = ["cargo new one", "cd one"];
        assert_eq!(
            own[0].is,
            package("one", &made, &["cargo run -- 0", "cargo run"], &["cargo run -- 1"])
        );
        assert_eq!((own[0].code.as_str(), own[0].line), ("fn main() {}\n", 12));
        assert_eq!(own[1].is, package("two", &["cargo new two"], &[], &[]));
    }

    #[test]
    fn what_a_program_prints_stands_right_below_it() {
        let text = "<!-- works: std -->\n```rust\na\n```\n\n```text\n1\n```\n\n<!-- works: std -->\n```rust\nb\n```\n\
                    Words.\n\n```text\n2\n```\n\n<!-- fails: E0277 -->\n```rust\nc\n```\n";
        let own = page(text).own_programs().expect("they are read");
        let is: Vec<_> = own.into_iter().map(|own| own.is).collect();
        let failing = Is::Failing("E0277".into(), None);
        assert_eq!(is, [Is::Working(Some("1\n".into())), Is::Working(None), failing]);
    }

    #[test]
    fn a_part_of_a_name_is_not_that_name() {
        let own = page("<!-- works: std -->\n```rust\nlet arrived = queue.lock();\n```\n");
        let own = own.own_programs().expect("they are read").remove(0);
        for (name, is_there) in [
            ("arrived", true),
            ("queue.lock()", true),
            (".lock", true),
            ("arrive", false),
            ("rived", false),
            ("queue.loc", false),
            ("unlock", false),
        ] {
            assert_eq!(own.has(name), is_there, "{name}");
        }
    }

    #[test]
    fn a_mark_without_its_program_is_not_passed_over() {
        for text in [
            "<!-- works: std -->\n\n```rust\n```\n",
            "<!-- fails: E0277 -->\n```text\n```\n",
            "<!-- program: one -->\n```rust\n```\n",
            "```console\ncargo new other\n```\n\n<!-- program: one -->\n```rust\n```\n",
        ] {
            assert!(page(text).own_programs().is_err(), "{text}");
        }
    }
}
