//! What the lesson claims, and what the tutorial says of its examples.

use std::thread::available_parallelism;

use harness::Limit;
use serde_json::Value;
use test_sites::{FaultSite, Site};
use testing::record::items;
use testing::{OwnLesson, own_lesson};

const LESSON: OwnLesson = own_lesson!();

#[test]
fn the_defaults_are_those_of_the_article() {
    assert_eq!(LESSON.described().limit, Limit::PerCore);
    assert_eq!(LESSON.defaults(["repeat", "latency", "timeout"]), ["80", "50", "10"]);
}

#[test]
fn so_many_processes_have_so_many_pages_in_flight_on_a_connection_each() {
    let site = Site::start(100);
    LESSON.record(&["--site", &site.url, "--repeat", "6", "--workers", "3"]);
    assert_eq!(site.seen(), (3, 3, 12));
}

#[test]
fn one_process_for_each_core() {
    let cores = available_parallelism().expect("the cores are known").get();
    let repeat = (cores * 2).to_string();
    let site = Site::start(100);
    LESSON.record(&["--site", &site.url, "--repeat", &repeat]);
    assert_eq!(site.record.peak_in_flight(), cores as u64);
}

/// Those workers that could be started do the work; those that could not do not fail it.
#[cfg(target_os = "linux")]
#[test]
fn workers_that_cannot_start_cost_no_page() {
    let arguments = ["--workers", "50", "--latency", "10"];
    let ended = LESSON.program().run_after("ulimit -n 40", &arguments);
    assert_eq!(ended.code(), 0, "{ended:?}");
}

#[test]
fn a_worker_that_makes_a_session_for_each_job_connects_for_each() {
    let site = Site::start(20);
    let arguments = ["--repeat", "5", "--workers", "2", "--site", &site.url];
    LESSON.record(&arguments);
    assert_eq!(site.seen(), (2, 2, 10));
    LESSON.example("session_per_job").record(&arguments);
    assert_eq!(site.seen(), (2, 2 + 10, 20));
}

#[test]
fn a_worker_process_that_dies_costs_one_page_and_is_replaced() {
    let arguments = ["--json", "--latency", "1", "--repeat", "15", "--workers", "1"];
    let ended = LESSON.example("worker_dies").run(&arguments);
    let run = ended.json();
    assert_eq!((ended.code(), &run["done"], &run["failed"]), (1, &27.into(), &3.into()), "{run}");
    let failed = |item: &Value| item["error"].is_string();
    let at: Vec<usize> =
        (1..).zip(items(&run)).filter(|(_, it)| failed(it)).map(|(n, _)| n).collect();
    assert_eq!(at, [10, 20, 30]);
    let cause = "its worker process ended (exit";
    assert_eq!(ended.stderr.matches(cause).count(), 3, "{ended:?}");
}

#[test]
fn worker_processes_count_in_memory_of_their_own() {
    let ended =
        LESSON.example("own_memory").run(&["--latency", "1", "--repeat", "4", "--workers", "1"]);
    let told = |text: &str| ended.stdout.lines().any(|line| line == text);
    assert!(told("the busiest worker counted 8 pages, this process counted 0"), "{ended:?}");
    let ended =
        LESSON.example("own_memory").run(&["--latency", "50", "--repeat", "4", "--workers", "8"]);
    let told = |text: &str| ended.stdout.lines().any(|line| line.starts_with(text));
    // A single counter would have come to 8.
    assert!(
        (1..8).any(|most| told(&format!("the busiest worker counted {most} page"))),
        "{ended:?}"
    );
}

#[test]
fn what_the_workers_send_back_is_added_up_in_the_process_that_asked() {
    let site = FaultSite::start();
    let arguments = ["--repeat", "6", "--workers", "3", &site.url("/ok"), &site.url("/404")];
    let ended = LESSON.example("summed_here").run(&arguments);
    assert!(ended.lines_and_summary().1.ends_with(" (6 failed)"), "{ended:?}");
    let expected = format!("The workers sent back {} bytes in all.", 6 * FaultSite::BYTES);
    assert!(ended.stdout.lines().any(|line| line == expected), "{expected}: {ended:?}");
}
