//! What the lesson claims, and what the tutorial says of its examples.

use std::collections::BTreeSet;

use harness::Limit;
use testing::record::{annotations, items, number, quickest, shares, shortest};
use testing::{OwnLesson, compile, has_no_second_core, own_lesson};

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
fn results_are_collected_in_the_order_of_the_list() {
    let places = |output: &str, words: &str| -> Vec<u64> {
        let line = output.lines().find_map(|line| line.strip_prefix(words)).expect(words);
        let list = line.trim().strip_prefix('[').and_then(|list| list.strip_suffix(']'));
        let places = list.expect("a list").split(", ");
        places.map(|place| place.parse().expect("a place")).collect()
    };
    let in_order: Vec<u64> = (0..12).collect();
    let arguments = ["--number", "20", "--calls", "12", "--workers", "1"];
    let alone = LESSON.example("in_order").run(&arguments).stdout;
    assert_eq!(
        places(&alone, "Ended in this order:"),
        in_order,
        "one thread steals nothing: {alone}"
    );
    let mut seen = Vec::new();
    let is_mixed = (0..20).any(|_| {
        let arguments = ["--number", "30", "--calls", "12", "--workers", "3"];
        let output = LESSON.example("in_order").run(&arguments).stdout;
        assert_eq!(places(&output, "Collected:"), in_order, "{output}");
        let mut ended = places(&output, "Ended in this order:");
        seen.push(ended.clone());
        let is_mixed = ended != in_order;
        ended.sort_unstable();
        assert_eq!(ended, in_order, "{output}");
        is_mixed
    });
    assert!(is_mixed, "{seen:?}");
}

/// A parallel loop takes the closure that rayon's `for_each` takes: one that may run on several threads at once.
#[test]
fn a_sum_in_a_parallel_loop_does_not_compile() {
    let code = |bound: &str| {
        format!(
            "fn for_each(_: impl {bound}) {{}}
            let mut sum = 0;
            for_each(|result: u64| sum += result);"
        )
    };
    let errors = compile(&code("Fn(u64) + Send + Sync"));
    assert!(errors.contains("error[E0594]"), "{errors}");
    let errors = compile(&code("FnMut(u64)"));
    assert!(!errors.contains("error"), "{errors}");
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

#[test]
fn the_sums_of_the_older_article_are_computed_by_all_workers() {
    let example = LESSON.example("parallel_sums");
    let told = example.says::<&str>(&[], "sum(5000019)");
    assert_eq!(told, "sum(5000019) = 41667129168377502109");
    let arguments = ["--number", "50000000", "--calls", "12", "--workers", "3"];
    let run = example.record(&arguments);
    assert_eq!(run["facts"]["peak_in_flight"], 3, "{run}");
}
