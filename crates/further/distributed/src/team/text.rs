//! The text whose words are counted: the pages of the course's own book.

use std::collections::HashMap;
use std::fs;
use std::sync::OnceLock;

static TEXT: OnceLock<String> = OnceLock::new();

/// Reads the pages, all but the lesson's own: its output stands there, and each new one would change the count.
///
/// # Errors
/// A sentence.
pub(super) fn read() -> Result<(), String> {
    let folder = harness::root()?.join("tutorial/src");
    let unreadable = |error| format!("the pages in {} cannot be read: {error}", folder.display());
    let entries = fs::read_dir(&folder).map_err(unreadable)?;
    let own = concat!(env!("CARGO_PKG_NAME"), ".md");
    let mut pages: Vec<_> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    pages.retain(|page| page.extension().is_some_and(|it| it == "md") && !page.ends_with(own));
    pages.sort_unstable();
    let pages = pages.into_iter().map(fs::read_to_string).collect::<Result<Vec<_>, _>>();
    // A checkout on Windows has other line ends, and the same words.
    let _ = TEXT.set(pages.map_err(unreadable)?.concat().replace('\r', ""));
    Ok(())
}

pub(super) fn text() -> &'static str {
    TEXT.get().map_or("", String::as_str)
}

/// A number that differs for each text, with any line ends.
pub(super) fn digest(text: &str) -> u64 {
    place(&text.replace('\r', ""))
}

/// Reads a copy of the book: gives its words away, each with how often it is there; returns how many words there are.
pub(crate) type Read = fn(&mut dyn FnMut((String, u64))) -> u64;

/// Gives each word in its place, in lower case.
pub(crate) fn words(give: &mut dyn FnMut((String, u64))) -> u64 {
    let words = text().split(|sign: char| !sign.is_alphanumeric()).filter(|word| !word.is_empty());
    words.map(|word| give((word.to_lowercase(), 1))).count() as u64
}

/// Counts the words first, and gives each of them once: the combiner.
pub(crate) fn counts(give: &mut dyn FnMut((String, u64))) -> u64 {
    let mut counts = HashMap::new();
    let many = words(&mut |(word, many)| *counts.entry(word).or_default() += many);
    counts.into_iter().for_each(give);
    many
}

/// A number for a word, the same in each process and on each machine (FNV-1a). The standard library's `RandomState` has
/// another one in each process.
#[allow(clippy::ptr_arg)] // the engine gives it so
pub(crate) fn place(word: &String) -> u64 {
    let mix = |number: u64, byte| (number ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    let number = word.bytes().fold(0xcbf2_9ce4_8422_2325, mix);
    number ^ number >> 32
}
