//! What the lesson claims, and what the tutorial says of its examples.

use std::collections::BTreeSet;

use harness::Limit;
use testing::record::{annotations, items, number, quickest, shares, shortest};
use testing::{OwnLesson, has_no_second_core, own_lesson};

const LESSON: OwnLesson = own_lesson!();

#[test]
fn the_defaults_are_those_of_the_article() {
    assert_eq!(LESSON.described().limit, Limit::PerCore);
    assert_eq!(LESSON.defaults(["number", "calls"]), ["35", "20"]);
}

#[test]
fn results_that_are_mapped_are_added_up() {
    let example = LESSON.example("summed");
    let told = example.says(&["--number", "20", "--calls", "50", "--workers", "3"], "add up");
    assert_eq!(told, format!("The results add up to {}.", 50 * 6765));
    let run = example.record(&["--number", "34", "--calls", "6", "--workers", "3"]);
    assert_eq!(run["facts"]["peak_in_flight"], 3, "{run}");
}

#[test]
fn split_to_the_end_every_call_costs_more_than_it_does() {
    let arguments = ["--number", "28", "--calls", "20"];
    let split = quickest(|| LESSON.example("split_to_the_end").record(&arguments));
    let whole = quickest(|| LESSON.record(&arguments));
    assert!(split > 3.0 * whole, "{split} and {whole} s");
}

#[test]
fn one_call_is_split_over_the_cores() {
    let mut seen = Vec::new();
    let split = (0..20).any(|_| {
        let run = LESSON.example("split").record(&["--calls", "1", "--number", "36"]);
        let pieces = annotations(&run);
        assert_eq!(pieces.len(), 21, "{run}");
        let workers: BTreeSet<&str> = shares(&pieces).into_keys().collect();
        assert!(!workers.contains("main"), "{workers:?}");
        // All the work is in them.
        assert!(number(items(&run)[0], "working") < 0.5 * shortest(&run), "{run}");
        seen.push(workers.len());
        workers.len() > 1
    });
    assert!(split || has_no_second_core(), "workers: {seen:?}");
}
