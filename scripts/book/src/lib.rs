//! The book in `tutorial/` and the README: makes parts of them from the lessons, and checks them.
//!
//! A page is Markdown that reads well as it is. The parts that this crate makes are text in it, below marks:
//!
//! | mark | the part below it |
//! |---|---|
//! | `<!-- listing: FILE ANCHOR -->` | a part of a source, between the marks `ANCHOR: name` and `ANCHOR_END: name` there |
//! | `<!-- diff: LESSON OTHER -->` | the changes from one lesson to another; `LESSON/EXAMPLE` is an example of a lesson |
//! | `<!-- output: cargo run -p LESSON -->` | the output of that command, without most of its many similar lines; a program that reports a hang is ended |
//! | `<!-- stacks: cargo step -p LESSON -->` | gdb's stacks of the threads of that program, which hangs |
//! | `<!-- session: cargo gdb -p LESSON -->` | gdb's answers to the commands in the block below (`(gdb) next`), which are written by hand |
//! | `<!-- picture: runs/FILE.svg cargo run -p LESSON -->` | the timing diagram of a run, in that file |
//! | `<!-- runs: FILE.svg KIND ARGUMENTS -->` | the runs of the lessons of that kind on one time scale, in that file |
//! | `<!-- original: runs/FILE.svg LESSON ARGUMENTS -->` | the output of a lesson's Python original, and its timing diagram in that file |
//! | `<!-- puzzle: NAME -->` to `<!-- end -->` | a puzzle of a lesson: its steps and goals; the page's script plays it with the data in `puzzles.js` |
//! | `<!-- lessons: WHICH -->` to `<!-- end -->` | a table of lessons: `nine`, `further`, or the nine's of one kind (`page`, `call`) |
//! | `<!-- pages: WHICH -->` to `<!-- end -->` | the entries of their pages in the contents |
//!
//! `tutorial/theme/runs.js` is made of the pictures: what a page must know of one to play it.
//!
//! Some programs stand in a page for a reader to copy. They are written there by hand, and `tests/own_programs.rs` tries them:
//!
//! | mark | and the block of Rust below it |
//! |---|---|
//! | `<!-- program: NAME -->` | is a package of its own: the commands above make it (`cargo new NAME` and so on); `cargo run` above and all commands below run it |
//! | `<!-- works: std -->` | compiles with the standard library alone, and prints the block of text below it, where there is one |
//! | `<!-- fails: E0277 -->` | does not compile, for exactly this reason (`error`: one without a code); the compiler says the lines of text below it |
//!
//! [`renew`] makes them again; [`problems`] lists stale, dead or missing parts.

mod check;
mod code;
mod command;
mod hang;
mod lists;
mod original;
mod own;
mod page;
mod played;
mod prose;
mod renew;
mod session;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use course::Lesson;

pub use check::problems;
pub use command::{Program, look_different};
pub use hang::stacks;
pub use lists::Which;
pub use original::Original;
pub use own::{Is, Own};
pub use page::{Mark, Page, What};
pub use prose::words;
pub use renew::{Extent, renew};
pub use session::session;

/// The folder of the pages, relative to the workspace's.
pub const PAGES: &str = "tutorial/src";

/// The data of the puzzles, which the book's script loads, relative to the workspace's folder.
pub const PUZZLES: &str = "tutorial/src/puzzles.js";

/// The README, which is not a page of the book, but partly made from the lessons.
pub const README: &str = "README.md";

/// The folder of the workspace.
pub fn root() -> PathBuf {
    course::root().unwrap_or_else(|_| Path::new(env!("CARGO_MANIFEST_DIR")).join("../.."))
}

/// All pages, in the order of their names.
///
/// # Errors
/// When they cannot be read.
pub fn pages() -> io::Result<Vec<Page>> {
    let mut pages = Vec::new();
    for entry in fs::read_dir(root().join(PAGES))? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "md") {
            pages.push(Page::read(&path)?);
        }
    }
    pages.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(pages)
}

/// The README.
///
/// # Errors
/// When it cannot be read.
pub fn readme() -> io::Result<Page> {
    Page::read(&root().join(README))
}

/// The lessons, in the order of the course, with their programs' own descriptions: the programs must be built.
fn lessons() -> io::Result<Vec<Lesson>> {
    let found = course::find(&root()).map_err(io::Error::other)?;
    let programs = command::programs()?;
    let described = found.into_iter().map(|lesson| lesson.describe(&programs));
    described.collect::<Result<_, _>>().map_err(io::Error::other)
}
