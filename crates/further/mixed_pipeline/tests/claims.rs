//! What the lesson claims, and what the tutorial says of its examples.

use std::collections::BTreeMap;

use harness::Limit;
use serde_json::Value;
use test_sites::Site;
use testing::record::{is_page, number, section, shares, took};
use testing::{OwnLesson, own_lesson};

const LESSON: OwnLesson = own_lesson!();

#[test]
fn forty_pages_five_at_a_time() {
    assert_eq!(LESSON.described().limit, Limit::Fixed(5));
    assert_eq!(LESSON.defaults(["repeat", "latency", "number"]), ["20", "50", "35"]);
}

#[test]
fn in_the_pipeline_pages_are_computed_with_while_others_are_on_their_way() {
    let site = Site::start(100);
    let run = LESSON.record(&["--site", &site.url, "--repeat", "5", "--number", "20"]);
    // Five at a time, in both parts.
    assert_eq!((site.record.peak_in_flight(), site.record.requests()), (5, 20));
    let ends = |items: &[&Value], page: bool| -> Vec<f64> {
        let of_it = items.iter().filter(|item| is_page(item) == page);
        of_it.map(|item| number(item, "end")).collect()
    };
    let starts_of_calls = |items: &[&Value]| -> Vec<f64> {
        let calls = items.iter().filter(|item| !is_page(item));
        calls.map(|item| number(item, "start")).collect()
    };
    let (stages, _) = section(&run, "stage after stage");
    let last_page = ends(&stages, true).into_iter().fold(0.0, f64::max);
    assert!(starts_of_calls(&stages).iter().all(|start| *start >= last_page), "{stages:?}");

    let (pipeline, _) = section(&run, "pipeline");
    let last_page = ends(&pipeline, true).into_iter().fold(0.0, f64::max);
    // Of ten pages five come at first; they are computed with before the others are there.
    let early = ends(&pipeline, false).into_iter().filter(|end| *end < last_page).count();
    assert!(early >= 3, "{early} calls are done while pages are on their way: {pipeline:?}");
    for (items, name) in [(&stages, "stage after stage"), (&pipeline, "pipeline")] {
        let on_the_loop = |item: &&Value| item["worker"] == "main";
        assert!(items.iter().all(|item| on_the_loop(item) == is_page(item)), "{name}: {items:?}");
    }
}

/// In a pipeline, the most pages that were asked for and not computed with yet.
fn most_begun(run: &Value) -> usize {
    let (items, _) = section(run, "pipeline");
    let (pages, calls): (Vec<&Value>, Vec<&Value>) = items.iter().partition(|item| is_page(item));
    let begun_at = |page: &&Value| {
        let moment = number(page, "start");
        let begun = pages.iter().filter(|page| number(page, "start") <= moment).count();
        begun - calls.iter().filter(|call| number(call, "end") <= moment).count()
    };
    pages.iter().map(begun_at).max().unwrap_or_default()
}

#[test]
fn a_bounded_pipeline_asks_for_no_page_that_nobody_has_time_for() {
    let arguments = ["--latency", "1", "--number", "32"];
    let (bounded, unbounded) =
        (LESSON.example("bounded").record(&arguments), LESSON.record(&arguments));
    assert_eq!(bounded["results"], unbounded["results"]);
    // Of 40; what is freed by one call can be taken before that call's end is noted: by one or two.
    assert!(most_begun(&bounded) <= 10 + 2, "{}", most_begun(&bounded));
    assert!(most_begun(&unbounded) > 20, "{}", most_begun(&unbounded));
}

#[test]
fn an_event_loop_that_computes_does_one_thing_at_a_time() {
    let site = Site::start(20);
    let arguments = ["--site", &site.url, "--repeat", "5", "--number", "32"];
    let run = LESSON.example("on_the_loop").record(&arguments);
    let (items, facts) = section(&run, "pipeline");
    assert_eq!(shares(&items), BTreeMap::from([("main", 20)]));
    assert!(number(&facts["facts"], "cores_busy") < 1.1, "{facts}");
    // While it computes it takes no page from the site, though five are on their way.
    let computing: f64 = items.iter().filter(|item| !is_page(item)).map(|call| took(call)).sum();
    assert!(computing < number(facts, "seconds"), "{facts}");
    assert_eq!(site.record.peak_in_flight(), 5);
}
