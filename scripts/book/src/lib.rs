//! The book in `tutorial/` and the README: what in them is made from the lessons, and what must hold of them.
//!
//! A page is Markdown that reads well as it is. What is made stands in it as text, below a mark that says of what:
//!
//! | mark | and what is made below it |
//! |---|---|
//! | `<!-- listing: FILE ANCHOR -->` | a part of a source, between the marks `ANCHOR: name` and `ANCHOR_END: name` there |
//! | `<!-- diff: LESSON OTHER -->` | what changes from one lesson to another; `LESSON/EXAMPLE` is an example of a lesson |
//! | `<!-- output: cargo run -p LESSON -->` | what that command prints, with most of the many equal lines left out |
//! | `<!-- picture: runs/FILE.svg cargo run -p LESSON -->` | the timing diagram of a run, in that file |
//! | `<!-- runs: FILE.svg KIND ARGUMENTS -->` | the runs of the lessons of that kind on one time scale, in that file |
//! | `<!-- original: runs/FILE.svg LESSON ARGUMENTS -->` | what a lesson's Python original prints, and its timing diagram in that file |
//! | `<!-- lessons: WHICH -->` to `<!-- end -->` | a table of lessons: `nine`, `further`, or the nine's of one kind (`page`, `call`) |
//! | `<!-- pages: WHICH -->` to `<!-- end -->` | the entries of their pages in the contents |
//!
//! [`renew`] makes them anew; [`problems`] says what is stale, dead or missing.

mod check;
mod code;
mod command;
mod lists;
mod original;
mod page;
mod prose;
mod renew;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use course::Lesson;

pub use check::problems;
pub use command::{Program, look_different};
pub use lists::Which;
pub use original::Original;
pub use page::{Mark, Page, What};
pub use prose::words;
pub use renew::{Extent, renew};

/// The folder of the pages, seen from the workspace's.
pub const PAGES: &str = "tutorial/src";

/// What a newcomer reads first: no page of the book, and made from the lessons in part.
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

/// The lessons, in the order of the course, with what their programs say of themselves: those must be built.
fn lessons() -> io::Result<Vec<Lesson>> {
    let found = course::find(&root()).map_err(io::Error::other)?;
    let programs = command::programs()?;
    let described = found.into_iter().map(|lesson| lesson.describe(&programs));
    described.collect::<Result<_, _>>().map_err(io::Error::other)
}
