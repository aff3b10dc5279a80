//! The record of a run: the JSON object that a lesson prints with `--json`.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// A number in an object.
///
/// # Panics
/// When there is none of that name.
pub fn number(object: &Value, key: &str) -> f64 {
    object[key].as_f64().unwrap_or_else(|| panic!("no {key}: {object}"))
}

/// The items of a run.
///
/// # Panics
/// When there are none.
pub fn items(run: &Value) -> Vec<&Value> {
    let items = run["items"].as_array();
    items.unwrap_or_else(|| panic!("no items: {run}")).iter().collect()
}

/// The annotations of a run.
///
/// # Panics
/// When there are none.
pub fn annotations(run: &Value) -> Vec<&Value> {
    let asides = run["asides"].as_array();
    asides.unwrap_or_else(|| panic!("no asides: {run}")).iter().collect()
}

/// The items of a section, and the section itself.
///
/// # Panics
/// When there is none of that name.
pub fn section<'run>(run: &'run Value, name: &str) -> (Vec<&'run Value>, &'run Value) {
    let sections = run["parts"].as_array().unwrap_or_else(|| panic!("no parts: {run}"));
    let section = sections.iter().find(|section| section["name"] == name);
    let section = section.unwrap_or_else(|| panic!("no {name}: {sections:?}"));
    (items(run).into_iter().filter(|item| item["part"] == name).collect(), section)
}

/// The most items that were in flight at once, in a run or a section.
///
/// # Panics
/// When it does not say so.
pub fn peak(run: &Value) -> u64 {
    run["facts"]["peak_in_flight"].as_u64().unwrap_or_else(|| panic!("no peak: {run}"))
}

/// How long an item took, in seconds.
///
/// # Panics
/// When it does not say so.
pub fn took(item: &Value) -> f64 {
    number(item, "end") - number(item, "start")
}

/// How long the shortest item took, in seconds.
///
/// # Panics
/// When an item does not say so.
pub fn shortest(run: &Value) -> f64 {
    items(run).into_iter().map(took).fold(f64::INFINITY, f64::min)
}

/// The CPU time of these items, in seconds: other programs on this machine add little to it.
///
/// # Panics
/// When an item does not say so.
pub fn worked(items: &[&Value]) -> f64 {
    items.iter().map(|item| number(item, "working")).sum()
}

/// How many items each worker did.
///
/// # Panics
/// When an item names no worker.
pub fn shares<'run>(items: &[&'run Value]) -> BTreeMap<&'run str, usize> {
    let mut shares = BTreeMap::new();
    for item in items {
        *shares.entry(item["worker"].as_str().expect("a worker")).or_default() += 1;
    }
    shares
}

/// The workers that did the items whose labels have this ending.
///
/// # Panics
/// When an item has no label or no worker.
pub fn workers_of<'run>(run: &'run Value, end: &str) -> BTreeSet<&'run str> {
    let of_it = |item: &&Value| item["label"].as_str().expect("a label").ends_with(end);
    let items: Vec<&Value> = items(run).into_iter().filter(of_it).collect();
    shares(&items).into_keys().collect()
}

/// Whether an item is a page, not a call.
pub fn is_page(item: &Value) -> bool {
    item["label"].as_str().is_some_and(|label| label.starts_with("http"))
}

/// The end of the first of some items, as a part of the time until the last one ended. If threads compute at once, it is
/// most of that time, even if they share one core.
///
/// # Panics
/// When an item does not say so.
pub fn first_end(items: &[&Value]) -> f64 {
    let start = items.iter().map(|item| number(item, "start")).fold(f64::INFINITY, f64::min);
    let ends = || items.iter().map(|item| number(item, "end") - start);
    ends().fold(f64::INFINITY, f64::min) / ends().fold(0.0, f64::max)
}

/// The seconds of the quickest of some runs.
///
/// # Panics
/// When a run does not say so.
pub fn quickest(run: impl Fn() -> Value) -> f64 {
    (0..3).map(|_| number(&run(), "seconds")).fold(f64::INFINITY, f64::min)
}
