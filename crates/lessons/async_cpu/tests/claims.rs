//! What the lesson claims, and what the tutorial says of its examples.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use harness::Limit;
use testing::record::{items, shares, worked};
use testing::{OwnLesson, compile, own_lesson};

const LESSON: OwnLesson = own_lesson!();

#[test]
fn the_defaults_are_those_of_the_article() {
    assert_eq!(LESSON.described().limit, Limit::One);
    assert_eq!(LESSON.defaults(["number", "calls"]), ["35", "20"]);
}

#[test]
fn to_give_way_at_every_call_costs_many_times_the_awaited_calls() {
    let arguments = ["--number", "22", "--calls", "2"];
    let (yielding, awaiting) =
        (LESSON.example("yielding").record(&arguments), LESSON.record(&arguments));
    assert!(
        worked(&items(&yielding)) > 4.0 * worked(&items(&awaiting)),
        "{yielding} and {awaiting}"
    );
    assert_eq!(shares(&items(&yielding)), BTreeMap::from([("main", 2)]));
}

#[test]
fn with_a_cut_off_async_costs_little_and_has_one_core() {
    let arguments = ["--number", "27", "--calls", "5"];
    let (cut_off, awaiting) =
        (LESSON.example("cut_off").record(&arguments), LESSON.record(&arguments));
    assert!(worked(&items(&awaiting)) > 4.0 * worked(&items(&cut_off)), "{awaiting} and {cut_off}");
    assert_eq!(shares(&items(&cut_off)), BTreeMap::from([("main", 5)]));
}

#[test]
fn a_future_without_a_box_for_another_of_its_own_type_does_not_compile() {
    let boxed =
        "async fn fib(n: u64) -> u64 { if n < 2 { n } else { Box::pin(fib(n - 1)).await } }";
    let errors = compile(boxed);
    assert!(!errors.contains("error"), "{errors}");
    let errors = compile(&boxed.replace("Box::pin(fib(n - 1))", "fib(n - 1)"));
    assert!(errors.contains("error[E0733]") && errors.contains("requires boxing"), "{errors}");
}

#[test]
fn results_that_are_awaited_are_added_up() {
    let example = LESSON.example("own_threads");
    let told = example.says(&["--number", "20", "--calls", "50"], "add up");
    assert_eq!(told, format!("The results add up to {}.", 50 * 6765));
}

#[test]
fn calls_on_threads_of_their_own_are_computed_at_once() {
    let run = LESSON.example("own_threads").record(&["--number", "36", "--calls", "4"]);
    assert!(shares(&items(&run)).keys().all(|worker| *worker != "main"), "{run}");
    assert!(run["facts"]["peak_in_flight"].as_u64() > Some(1), "{run}");
}

/// Where a reader meets async-std, and where its advisory is accepted.
#[test]
fn async_std_is_named_as_discontinued_where_it_stands() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    for file in ["src/main.rs", "../../../README.md", "../../../deny.toml"] {
        let text =
            fs::read_to_string(folder.join(file)).unwrap_or_else(|error| panic!("{file}: {error}"));
        assert!(text.contains("RUSTSEC-2025-0052"), "{file}");
    }
}

#[test]
fn the_sums_of_the_older_article_are_computed_one_after_another() {
    let run = LESSON.example("async_sums").record::<&str>(&[]);
    assert_eq!((&run["done"], &run["facts"]["peak_in_flight"]), (&20.into(), &1.into()), "{run}");
}
