//! The book in `tutorial/`: what in it is made from the lessons, and what must hold of it.
//!
//! A page is Markdown that reads well as it is. What is made stands in it as text, below a mark that says of what:
//!
//! | mark | and what is made below it |
//! |---|---|
//! | `<!-- diff: sync_cpu threaded_cpu -->` | what changes from one lesson to another; `threaded_cpu/channel` is an example of a lesson |
//! | `<!-- output: cargo run -p sync_cpu -->` | what that command prints, with most of the many equal lines left out |
//! | `<!-- picture: runs/sync_cpu.svg cargo run -p sync_cpu -->` | the timing diagram of a run, in that file |
//!
//! [`renew`] makes them anew; [`problems`] says what is stale, dead or missing. Listings are included by mdBook itself, by anchor.

mod check;
mod code;
mod command;
mod page;
mod prose;
mod renew;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

pub use check::problems;
pub use command::{Program, look_different};
pub use page::{Mark, Page, What};
pub use prose::words;
pub use renew::renew;

/// The folder of the pages, seen from the workspace's.
pub const PAGES: &str = "tutorial/src";

/// The folder of the workspace.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
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
