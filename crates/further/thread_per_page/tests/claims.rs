//! What the lesson claims, and what the tutorial says of its examples.

#[cfg(target_os = "linux")]
use std::collections::BTreeSet;

use harness::Limit;
use test_sites::{FaultSite, Site};
use testing::record::{items, number, workers_of};
use testing::{OwnLesson, own_lesson};
#[cfg(unix)]
use testing::{signal, wait_until};

const LESSON: OwnLesson = own_lesson!();

#[test]
fn the_defaults_are_those_of_the_article() {
    assert_eq!(LESSON.described().limit, Limit::OneEach);
    assert_eq!(LESSON.defaults(["repeat", "latency", "panic"]), ["80", "50", "0"]);
}

#[test]
fn numbers_that_make_no_sense_are_refused() {
    LESSON.program().takes_only("--panic", 0..=10_000);
}

#[test]
fn a_thread_for_each_page_has_all_pages_in_flight_on_a_connection_each() {
    let site = Site::start(2_000);
    let run = LESSON.record(&["--site", &site.url]);
    assert_eq!(site.seen(), (160, 160, 160));
    assert_eq!(workers_of(&run, "").len(), 160);
}

/// The site's first pages are slow: they arrive last, and are told first.
#[test]
fn results_are_told_in_the_order_of_the_pages() {
    let site = FaultSite::start();
    let pages = [site.url("/busy"), site.url("/large"), site.url("/gzip"), site.url("/ok")];
    let pages: Vec<&str> = pages.iter().map(String::as_str).collect();
    let arguments = [&["--repeat", "3", "--timeout", "60"], &pages[..]].concat();
    let ended = LESSON.run(&arguments);
    let (lines, _) = ended.lines_and_summary();
    let told: Vec<&str> = lines.iter().filter_map(|line| line.split(' ').next_back()).collect();
    assert_eq!(told, pages.repeat(3));
    let run = LESSON.record(&arguments);
    let ends: Vec<f64> = items(&run).into_iter().map(|item| number(item, "end")).collect();
    assert!(!ends.is_sorted(), "told in another order than they ended in: {ends:?}");
}

#[test]
fn a_thread_that_panics_costs_its_own_page_alone() {
    let ended = LESSON.run(&["--latency", "20", "--panic", "3"]);
    assert_eq!(ended.code(), 1, "{ended:?}");
    let (lines, summary) = ended.lines_and_summary();
    assert!(summary.starts_with("Downloaded 159 of 160 sites in "), "{summary}");
    assert!(summary.ends_with(" seconds (1 failed)"), "{summary}");
    assert_eq!(lines.len(), 159);
    let errors: Vec<&str> = ended.stderr.lines().collect();
    assert_eq!(errors.len(), 2, "{errors:?}");
    assert!(errors[0].contains("told to panic"), "{errors:?}");
    assert!(errors[1].starts_with("Failed http://"), "{errors:?}");
    assert!(errors[1].ends_with("/jython: its worker panicked"), "{errors:?}");
}

/// Its stacks do not fit: those threads that there are do their pages, and the others are told.
#[cfg(target_os = "linux")]
#[test]
fn threads_that_the_system_refuses_cost_their_own_pages_alone() {
    // Stacks so large that what is left when none fits any more is enough for everything else.
    let limits = "ulimit -v 6000000; export RUST_MIN_STACK=536870912 MALLOC_ARENA_MAX=1";
    let arguments = ["--latency", "300", "--repeat", "500", "--json"];
    let ended = LESSON.program().run_after(limits, &arguments);
    assert_eq!(ended.code(), 1, "{ended:?}");
    let run = ended.json();
    let (done, failed) = (run["done"].as_u64(), run["failed"].as_u64());
    assert_eq!(done.zip(failed).map(|(done, failed)| done + failed), Some(1_000));
    assert!(done > Some(2) && failed > Some(900), "{done:?} {failed:?}");
    let causes: BTreeSet<&str> =
        items(&run).into_iter().filter_map(|item| item["error"].as_str()).collect();
    let is_told = |cause: &str| cause.starts_with("no thread is left for it: ");
    assert!(causes.len() == 1 && causes.iter().all(|cause| is_told(cause)), "{causes:?}");
}

/// All pages are in flight: they are waited for, and the Ctrl-C is told.
#[cfg(unix)]
#[test]
fn ctrl_c_waits_for_the_threads_of_all_pages() {
    let site = Site::start(1_500);
    let running = LESSON.program().start(&["--site", &site.url]);
    wait_until("all pages in flight", || site.record.in_flight() == 160);
    signal("-INT", running.id());
    let ended = running.wait();
    assert_eq!((ended.code(), ended.stderr.as_str()), (130, ""), "{ended:?}");
    let summary = ended.lines_and_summary().1;
    assert!(summary.starts_with("Interrupted: downloaded 160 of 160 sites in "), "{summary}");
}

#[test]
fn threads_that_are_started_lazily_are_joined_one_by_one() {
    let site = Site::start(20);
    let run = LESSON.example("started_lazily").record(&["--repeat", "5", "--site", &site.url]);
    let (peak, _, requests) = site.seen();
    assert_eq!((peak, requests), (1, 10));
    assert_eq!(workers_of(&run, "").len(), 10, "a thread for each page all the same");
}

#[test]
fn twenty_threads_start_when_the_last_twenty_are_joined() {
    let site = Site::start(200);
    let run = LESSON.example("in_batches").record(&["--repeat", "25", "--site", &site.url]);
    assert_eq!((site.record.peak_in_flight(), site.record.requests()), (20, 50));
    let times = |key| -> Vec<f64> { items(&run).iter().map(|item| number(item, key)).collect() };
    // They are told in the order of the list.
    let (starts, ends) = (times("start"), times("end"));
    for batch in [20, 40] {
        let last_end = ends[batch - 20..batch].iter().copied().fold(0.0, f64::max);
        assert!(starts[batch..].iter().all(|start| *start >= last_end), "{run}");
    }
    let ended =
        LESSON.example("in_batches").run(&["--latency", "1", "--repeat", "25", "--panic", "23"]);
    assert!(ended.lines_and_summary().1.starts_with("Downloaded 49 of 50 sites in "), "{ended:?}");
}

/// Every other page is answered at once: a batch waits for the slow ones all the same.
#[test]
fn one_slow_page_holds_up_its_batch() {
    let site = Site::start(50);
    let (slow, quick) = (format!("{}/dice", site.url), format!("{}/record", site.url));
    let run = LESSON.example("in_batches").record(&["--repeat", "80", &slow, &quick]);
    assert_eq!(site.record.peak_in_flight(), 10);
    assert_eq!(run["done"], 160);
}
