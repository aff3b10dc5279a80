//! What the lesson claims, and what the tutorial says of its examples.

use std::fs;

use serde_json::Value;
use test_sites::Site;
use testing::record::{number, section, took, worked};
use testing::{Folder, OwnLesson, own_lesson, words};

const LESSON: OwnLesson = own_lesson!();

#[test]
fn a_connection_costs_more_than_a_page_unless_it_is_told_otherwise() {
    let defaults = LESSON.defaults(["repeat", "latency", "connecting", "number", "calls"]);
    assert_eq!(defaults, ["5", "50", "100", "35", "20"]);
}

#[test]
fn a_better_algorithm_beats_all_cores_by_orders_of_magnitude() {
    let run = LESSON.record(&["--latency", "1", "--connecting", "1"]);
    let seconds = |name| number(section(&run, name).1, "seconds");
    for better in ["memoised, one core", "iterative, one core"] {
        let ratio = seconds("naive, one core") / seconds(better);
        assert!(ratio > 20.0, "{better}: {ratio}");
    }
    assert_eq!(run["results"], Value::from(vec![9_227_465; 80]));
}

#[test]
fn the_algorithms_give_the_same_from_the_smallest_to_the_largest_number_that_is_quick() {
    for (n, fib) in [("0", 0), ("1", 1), ("2", 1), ("30", 832_040)] {
        let run = LESSON.record(&["--number", n, "--calls", "2", "--latency", "1"]);
        assert_eq!(run["results"], Value::from(vec![fib; 8]), "{n}");
    }
}

#[test]
fn a_session_connects_once_and_who_makes_one_for_each_page_pays_each_time() {
    let site = Site::start(1);
    LESSON.record(&["--site", &site.url, "--number", "10"]);
    assert_eq!((site.record.connections(), site.record.requests()), (10 + 1, 20));

    let run = LESSON.record(&["--number", "10", "--latency", "20", "--connecting", "100"]);
    let slow = |name| section(&run, name).0.iter().filter(|page| took(page) > 0.110).count();
    assert_eq!(slow("a connection each"), 10);
    assert!((1..5).contains(&slow("one session")), "the first, and who a busy machine delays");
}

#[test]
fn many_sections_do_not_stand_out_of_the_picture() {
    let folder = Folder::new("sections");
    let file = folder.file("run.svg");
    let arguments = ["--number", "20", "--latency", "1", "--connecting", "0", "--timeline", &file];
    let ended = LESSON.run(&arguments);
    assert_eq!(ended.code(), 0, "{ended:?}");
    let words = words(&fs::read_to_string(&file).expect("a picture"));
    let said: Vec<&String> = words.iter().filter(|line| line.contains(" s")).collect();
    for part in
        ["naive, one core: ", "iterative, one core: ", "a connection each: ", "one session: "]
    {
        assert_eq!(said.iter().filter(|line| line.contains(part)).count(), 1, "{part}{words:?}");
    }
    // In letters of 12 pixels, a line of 120 is about 800 pixels wide, of the picture's 960.
    assert!(said.iter().all(|line| line.chars().count() <= 120), "{said:?}");
}

#[test]
fn a_cache_that_is_forgotten_costs_and_saves_nothing() {
    // As large as this, since Windows counts work in steps of 15.6 ms.
    let arguments =
        ["--number", "34", "--calls", "5", "--repeat", "1", "--latency", "1", "--connecting", "1"];
    let (forgotten, kept) =
        (LESSON.example("cache_forgotten").record(&arguments), LESSON.record(&arguments));
    let worked = |run, name| worked(&section(run, name).0);
    let of = |run| (worked(run, "memoised, one core"), worked(run, "naive, one core"));
    let ((memoised, naive), (kept, _)) = (of(&forgotten), of(&kept));
    assert!(memoised > 2.0 * naive, "{memoised} and {naive} s");
    assert!(kept < 0.5 * naive, "{kept} and {naive} s");
}

#[test]
fn a_reused_session_and_threads_have_five_pages_in_flight_on_as_many_connections() {
    let site = Site::start(100);
    let run = LESSON
        .example("session_and_threads")
        .record(&["--site", &site.url, "--number", "10", "--repeat", "5"]);
    let (pages, facts) = section(&run, "one session");
    assert_eq!((facts["facts"]["peak_in_flight"].as_u64(), pages.len()), (Some(5), 10));
    assert_eq!((site.record.peak_in_flight(), site.record.requests()), (5, 20));
    // Ten for ten pages, and then at most one for each thread.
    let connections = site.record.connections();
    assert!((11..=15).contains(&connections), "{connections}");
}

#[test]
fn a_formula_beats_all_cores_and_gives_the_same_sums() {
    let run = LESSON.example("closed_form").record::<&str>(&[]);
    let seconds = |name| number(section(&run, name).1, "seconds");
    for better in ["a formula, one core", "a plain loop, one core"] {
        let ratio = seconds("a loop, all cores") / seconds(better);
        assert!(ratio > 10.0, "{better}: {ratio}");
    }
    let results = |name| -> Vec<&Value> {
        let (items, _) = section(&run, name);
        items.iter().map(|item| &item["result"]).collect()
    };
    let mut all_cores = results("a loop, all cores");
    all_cores.sort_by_key(|result| results("a loop, one core").iter().position(|it| it == result));
    assert_eq!(all_cores, results("a formula, one core"));
}

#[cfg(unix)]
#[test]
fn a_recursion_ends_where_its_stack_ends() {
    let example = LESSON.example("deep_recursion");
    let both = |ended: &testing::Ended| ended.stdout.matches(": 50005000 (").count();
    let ended = example.run::<&str>(&[]);
    assert_eq!((ended.code(), both(&ended)), (0, 2), "{ended:?}");
    let ended = example.run_after("ulimit -s 8192", &["10000000"]);
    assert!(ended.stdout.contains("a loop: 50000005000000 ("), "{ended:?}");
    assert!(!ended.stdout.contains("a recursion"), "{ended:?}");
    assert!(ended.stderr.contains("has overflowed its stack"), "{ended:?}");
}
