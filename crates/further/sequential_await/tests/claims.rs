//! What the lesson claims, and what the tutorial says of its examples.

use std::collections::BTreeMap;

use serde_json::Value;
use test_sites::Site;
use testing::record::{number, peak, section};
use testing::{OwnLesson, own_lesson};

const LESSON: OwnLesson = own_lesson!();

#[test]
fn it_has_few_pages_since_they_are_awaited_one_by_one() {
    assert_eq!(LESSON.defaults(["repeat", "latency"]), ["5", "50"]);
}

#[test]
fn awaited_one_by_one_there_is_one_page_in_flight_and_joined_all() {
    let site = Site::start(100);
    let run = LESSON.record(&["--site", &site.url]);
    let (one_by_one, joined) = (section(&run, "one by one").1, section(&run, "joined").1);
    assert_eq!((peak(one_by_one), peak(joined)), (1, 10));
    assert_eq!(site.seen(), (10, 10, 20));
    // Ten latencies against one.
    assert!(number(one_by_one, "seconds") > 3.0 * number(joined, "seconds"), "{run}");
    // Four latencies against one, however long each is.
    let run = LESSON.record(&["--repeat", "2", "--latency", "500"]);
    let (one_by_one, joined) = (section(&run, "one by one").1, section(&run, "joined").1);
    assert_eq!((peak(one_by_one), peak(joined)), (1, 4));
    assert!(number(one_by_one, "seconds") > 2.0 * number(joined, "seconds"), "{run}");
}

fn peaks(run: &Value) -> BTreeMap<&str, u64> {
    let peak = |name| (name, peak(section(run, name).1));
    ["one by one", "joined"].map(peak).into()
}

#[test]
fn futures_that_are_collected_first_are_still_awaited_one_by_one() {
    let site = Site::start(20);
    let arguments = ["--site", &site.url];
    let run = LESSON.example("collected_first").record(&arguments);
    assert_eq!(peaks(&run), BTreeMap::from([("one by one", 1), ("joined", 1)]));
    assert_eq!(site.seen(), (1, 1, 20));
    assert_eq!(peaks(&LESSON.record(&arguments))["joined"], 10);
}

#[test]
fn tasks_that_are_awaited_one_by_one_run_all_at_once() {
    let site = Site::start(100);
    let run = LESSON.example("spawned").record(&["--site", &site.url]);
    assert_eq!(peaks(&run), BTreeMap::from([("one by one", 10), ("joined", 10)]));
    assert_eq!(site.seen(), (10, 10, 20));
    assert_eq!(peaks(&LESSON.record(&["--latency", "20"]))["one by one"], 1);
}
