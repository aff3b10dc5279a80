//! What the lesson claims, and what the tutorial says of its examples.

use std::collections::BTreeSet;

use harness::Limit;
use test_sites::{FaultSite, Site};
use testing::record::{items, number, workers_of};
use testing::{OwnLesson, is_summary, own_lesson};

const LESSON: OwnLesson = own_lesson!();

#[test]
fn the_defaults_are_those_of_the_article() {
    assert_eq!(LESSON.described().limit, Limit::Fixed(5));
    assert_eq!(LESSON.defaults(["repeat", "latency", "timeout"]), ["80", "50", "10"]);
}

#[test]
fn without_arguments_160_pages_arrive_from_a_site_that_the_lesson_brings_up() {
    let ended = LESSON.run::<&str>(&[]);
    assert_eq!((ended.code(), ended.stderr.as_str()), (0, ""), "{ended:?}");
    let (lines, summary) = ended.lines_and_summary();
    assert!(is_summary(summary), "{summary}");
    assert!(summary.starts_with("Downloaded 160 sites in "), "{summary}");
    assert!(summary.ends_with(" seconds"), "{summary}");
    assert_eq!(lines.len(), 160);
    assert_eq!(LESSON.record::<&str>(&[])["workers"], 5);
}

#[test]
fn five_threads_have_five_pages_in_flight_on_a_connection_each() {
    let site = Site::start(100);
    LESSON.record(&["--site", &site.url, "--repeat", "10"]);
    assert_eq!(site.seen(), (5, 5, 20));
}

#[test]
fn so_many_threads_as_asked() {
    let site = Site::start(100);
    LESSON.record(&["--site", &site.url, "--repeat", "10", "--workers", "8"]);
    assert_eq!(site.seen(), (8, 8, 20));
}

#[test]
fn a_queue_that_stays_locked_makes_five_threads_as_slow_as_one() {
    let arguments = ["--repeat", "10", "--latency", "30"];
    let (threads, held) =
        (LESSON.record(&arguments), LESSON.example("lock_held").record(&arguments));
    let ratio = number(&held, "seconds") / number(&threads, "seconds");
    assert!(ratio > 3.0, "{ratio}");
    let site = Site::start(10);
    LESSON.example("lock_held").record(&["--repeat", "10", "--site", &site.url]);
    let (peak, _, requests) = site.seen();
    assert_eq!((peak, requests), (1, 20));
    // The lock is to blame, and not the clients: one for each thread.
    let said = LESSON.example("lock_held").run(&arguments).explanation().join(" ");
    assert!(said.starts_with("Never more than 1 at once, though --workers is 5."), "{said}");
    assert!(!said.contains("client of its own"), "{said}");
}

#[test]
fn one_agent_serves_five_threads_at_once() {
    let site = Site::start(100);
    LESSON.example("shared_agent").record(&["--repeat", "10", "--site", &site.url]);
    // Five connections, each of them used again and again.
    assert_eq!(site.seen(), (5, 5, 20));
}

/// Every other page is answered at once.
#[test]
fn shares_that_are_dealt_out_are_not_passed_on() {
    let site = Site::start(30);
    let (slow, quick) = (format!("{}/dice", site.url), format!("{}/record", site.url));
    let arguments = ["--repeat", "10", "--workers", "4", &slow, &quick];
    let shares = LESSON.example("shares_dealt_out").record(&arguments);
    assert_eq!(workers_of(&shares, "/dice").len(), 2);
    assert_eq!(workers_of(&shares, "/record").len(), 2);
    assert_eq!(site.record.peak_in_flight(), 2);
    let queue = LESSON.record(&arguments);
    assert_eq!(workers_of(&queue, "/dice").len(), 4);
    assert_eq!(site.record.peak_in_flight(), 4);
    // Where all are alike, nothing is lost: five at once, and all are done.
    let site = Site::start(100);
    let run = LESSON.example("shares_dealt_out").record(&["--repeat", "10", "--site", &site.url]);
    assert_eq!((site.seen(), items(&run).len()), ((5, 5, 20), 20));
}

/// Every other page is answered at once: a pool goes on with the others.
#[test]
fn a_slow_page_holds_up_its_own_thread_alone() {
    let site = Site::start(50);
    let (slow, quick) = (format!("{}/dice", site.url), format!("{}/record", site.url));
    let run = LESSON.record(&["--workers", "20", "--repeat", "80", &slow, &quick]);
    assert!(site.record.peak_in_flight() > 15, "{}", site.record.peak_in_flight());
    assert_eq!(run["done"], 160);
}

#[test]
fn each_thread_returns_its_own_sum() {
    let site = FaultSite::start();
    let arguments = ["--repeat", "6", "--workers", "3", &site.url("/ok"), &site.url("/404")];
    let ended = LESSON.example("sums_joined").run(&arguments);
    assert!(ended.lines_and_summary().1.ends_with(" (6 failed)"), "{ended:?}");
    let total = format!("] bytes by thread, {} in all", 6 * FaultSite::BYTES);
    let sums = ended.stdout.lines().find_map(|line| line.strip_prefix('[')?.strip_suffix(&total));
    let sums = sums.unwrap_or_else(|| panic!("{total}: {ended:?}"));
    let sums: Vec<u64> = sums.split(", ").map(|sum| sum.parse().expect("a sum")).collect();
    assert_eq!((sums.len(), sums.iter().sum()), (3, 6 * FaultSite::BYTES));
}

#[test]
fn five_numbers_are_doubled_while_five_threads_sleep() {
    let ended = LESSON.example("sleeping_pool").run::<&str>(&[]);
    assert_eq!((ended.code(), ended.stderr.as_str()), (0, ""), "{ended:?}");
    // "1: 2 (1.000s, worker-1)"
    let (mut done, mut workers, mut slept) = (Vec::new(), BTreeSet::new(), 0.0);
    for line in ended.stdout.lines().filter(|line| line.contains("worker-")) {
        let words: Vec<&str> = line.split([':', ' ', '(', ',', ')']).collect();
        let number = |at: usize| words[at].parse::<u64>().expect("a number");
        done.push((number(0), number(2)));
        slept += words[4].trim_end_matches('s').parse::<f64>().expect("seconds");
        workers.insert(words[6]);
    }
    done.sort_unstable();
    assert_eq!(done, [(1, 2), (2, 4), (3, 6), (4, 8), (5, 10)], "{ended:?}");
    assert_eq!(workers.len(), 5, "{ended:?}");
    let took = ended.stdout.lines().find_map(|line| line.strip_prefix("Took "));
    let took = took.and_then(|rest| rest.split(' ').next()).and_then(|it| it.parse::<f64>().ok());
    assert!(slept > 3.0 * took.expect("a time"), "{ended:?}");
}
