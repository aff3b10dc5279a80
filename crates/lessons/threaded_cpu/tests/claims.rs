//! What the lesson claims, and what the tutorial says of its examples.

use harness::Limit;
use testing::record::{first_end, items, number, shares};
use testing::{OwnLesson, own_lesson};

const LESSON: OwnLesson = own_lesson!();

#[test]
fn the_defaults_are_those_of_the_article() {
    assert_eq!(LESSON.described().limit, Limit::PerCore);
    assert_eq!(LESSON.defaults(["number", "calls"]), ["35", "20"]);
}

#[test]
fn with_a_lock_around_the_computing_one_thread_works_at_a_time() {
    let run = LESSON.example("lock_around_fib").record(&[
        "--number",
        "36",
        "--calls",
        "4",
        "--workers",
        "4",
    ]);
    let facts = &run["facts"];
    assert!(number(facts, "cores_busy") < 1.1, "{facts}");
    assert_eq!(facts["peak_in_flight"], 4, "three of them wait: {facts}");
    assert!(first_end(&items(&run)) < 0.5, "they end one after another: {run}");
}

#[test]
fn shares_that_are_dealt_out_are_equal() {
    let shares_of = |workers, calls| {
        let run = LESSON.example("dealt_out").record(&[
            "--number",
            "1",
            "--calls",
            calls,
            "--workers",
            workers,
        ]);
        shares(&items(&run)).into_values().collect::<Vec<_>>()
    };
    assert_eq!(shares_of("4", "1000"), [250; 4]);
    assert_eq!(shares_of("4", "9"), [3; 3]);
    assert_eq!(shares_of("4", "2"), [1; 2]);
}

#[test]
fn results_that_are_sent_are_added_up() {
    let example = LESSON.example("sent_to_main");
    let told = example.says(&["--number", "20", "--calls", "50", "--workers", "3"], "add up");
    assert_eq!(told, format!("The results add up to {}.", 50 * 6765));
    let run = example.record(&["--number", "34", "--calls", "6", "--workers", "3"]);
    assert_eq!(run["facts"]["peak_in_flight"], 3, "{run}");
}
