//! What the lesson claims, and what the tutorial says of its examples.

#[cfg(unix)]
use std::thread;
#[cfg(unix)]
use std::time::Duration;

use harness::Limit;
use serde_json::Value;
use test_sites::Site;
use testing::record::{annotations, items, number, workers_of};
use testing::{OwnLesson, own_lesson};
#[cfg(unix)]
use testing::{is_alive, signal, wait_until};

const LESSON: OwnLesson = own_lesson!();

#[test]
fn twenty_pages_and_four_workers() {
    assert_eq!(LESSON.described().limit, Limit::Fixed(4));
    assert_eq!(LESSON.defaults(["repeat", "latency"]), ["10", "50"]);
}

fn seen_by_the_site(arguments: &[&str]) -> (u64, u64) {
    let site = Site::start(50);
    LESSON.record(&[&["--site", &site.url], arguments].concat());
    (site.record.peak_in_flight(), site.record.requests())
}

#[test]
fn four_workers_empty_the_queue_and_one_at_a_time_where_the_lock_is_held() {
    assert_eq!(seen_by_the_site(&[]), (4, 20));
    assert_eq!(seen_by_the_site(&["--workers", "7"]), (7, 20));
    assert_eq!(seen_by_the_site(&["--hold-the-lock"]), (1, 20));
}

/// At any time it holds two pages, and each worker one that it has just taken.
#[test]
fn who_fills_the_queue_waits_for_room() {
    let run = LESSON.record(&["--latency", "100"]);
    let filling = annotations(&run);
    assert_eq!(filling.len(), 20);
    let starts: Vec<f64> = items(&run).into_iter().map(|item| number(item, "start")).collect();
    for (index, filled) in filling.into_iter().enumerate() {
        assert_eq!(filled["worker"], "main");
        let begun = starts.iter().filter(|start| **start <= number(filled, "end")).count();
        assert!(index < begun + 2 + 4, "{} in the queue, {begun} begun: {run}", index + 1);
    }
}

/// When a page was in the queue, for each of them.
fn filled(run: &Value) -> Vec<f64> {
    annotations(run).into_iter().map(|filling| number(filling, "end")).collect()
}

#[test]
fn who_fills_a_queue_without_a_bound_never_waits() {
    let site = Site::start(100);
    let arguments = ["--site", &site.url];
    let first_end = |run: &Value| {
        items(run).iter().map(|item| number(item, "end")).fold(f64::INFINITY, f64::min)
    };
    let early = |run: &Value| filled(run).iter().filter(|end| **end < first_end(run)).count();
    let run = LESSON.example("no_bound").record(&arguments);
    assert_eq!((early(&run), filled(&run).len()), (20, 20), "{run}");
    // Two in the queue, and one with each of four workers.
    let run = LESSON.record(&arguments);
    assert!(early(&run) <= 6, "{run}");
    // Two in the queue, and one with each of eighteen: no page is left to wait with.
    let eighteen = LESSON.record(&[&arguments[..], &["--workers", "18"]].concat());
    assert_eq!(early(&eighteen), 20, "{eighteen}");
}

#[cfg(unix)]
#[test]
fn a_sender_that_is_kept_keeps_the_workers_waiting() {
    let site = Site::start(1);
    let arguments = ["--repeat", "3", "--site", &site.url];
    let mut running = LESSON.example("sender_kept").start(&arguments);
    for _ in 0..6 {
        running.line();
    }
    thread::sleep(Duration::from_millis(500));
    assert!(is_alive(running.id()), "all pages are there, and it has not ended");
    signal("-INT", running.id());
    thread::sleep(Duration::from_millis(100));
    signal("-INT", running.id());
    wait_until("it ends", || !is_alive(running.id()));
    let ended = running.wait();
    assert_eq!(ended.code(), 130);
    assert!(ended.stderr.contains("Ended at once: 6 of 6 had ended, 0 in flight."), "{ended:?}");
    assert_eq!(site.record.requests(), 6);
    // With the sender gone, it ends by itself.
    LESSON.record(&arguments);
}

#[test]
fn a_sentinel_for_each_worker_ends_it() {
    let site = Site::start(50);
    let run = LESSON.example("sentinel").record(&["--site", &site.url]);
    assert_eq!((site.record.peak_in_flight(), site.record.requests()), (4, 20));
    assert_eq!(workers_of(&run, "").len(), 4);
    LESSON.example("sentinel").record(&["--latency", "1", "--workers", "7", "--hold-the-lock"]);
}
