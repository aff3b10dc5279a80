//! Puzzles in which the reader is the scheduler: a few threads, their steps, and the choice which of them goes next.
//!
//! A puzzle is a small file in the folder `puzzles` of the lesson whose source it is about ([`Puzzle`] says how it is written).
//! What its steps do is defined here and nowhere else. [`Graph`] has every state that any order leads to, and counts
//! the orders. The terminal program walks through it, and so does the book: its pages get the graph as data
//! ([`page`]), and follow its edges. What the lesson's own code did in each order stands beside the puzzle, in
//! `NAME.replays`: tests run that code under shuttle and compare.

mod graph;
pub mod page;
mod puzzle;

use std::fs;
use std::path::Path;

pub use graph::{End, Graph, Next, Node};
pub use puzzle::{Actor, Goal, Puzzle, Replay, State, Step, Taken};

/// All puzzles, in their order.
///
/// # Errors
/// With a sentence, when a file cannot be read or understood.
pub fn find(root: &Path) -> Result<Vec<Puzzle>, String> {
    let mut puzzles = Vec::new();
    for lesson in course::find(root)? {
        let folder = format!("{}/puzzles", lesson.folder);
        let Ok(entries) = fs::read_dir(root.join(&folder)) else { continue };
        for file in entries.flatten().map(|entry| entry.path()) {
            if file.extension().is_some_and(|extension| extension == "txt") {
                puzzles.push(Puzzle::read(root, &lesson.folder, &file)?);
            }
        }
    }
    puzzles.sort_by_key(|puzzle| puzzle.number);
    Ok(puzzles)
}
