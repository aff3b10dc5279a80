//! What the lesson claims, and what the tutorial says of its examples.

use std::collections::BTreeSet;

use harness::Limit;
use test_sites::{FaultSite, Site};
use testing::record::{items, number, workers_of};
use testing::{OwnLesson, is_summary, own_lesson, wait_until};

const LESSON: OwnLesson = own_lesson!();

#[test]
fn the_defaults_are_those_of_the_article() {
    assert_eq!(LESSON.described().limit, Limit::All);
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
    assert_eq!(LESSON.record::<&str>(&[])["workers"], 160);
}

#[test]
fn async_has_all_pages_in_flight() {
    let site = Site::start(2_000);
    LESSON.record(&["--site", &site.url]);
    assert_eq!(site.seen(), (160, 160, 160));
}

#[test]
fn async_keeps_to_the_limit_that_it_is_given() {
    let site = Site::start(100);
    LESSON.record(&["--site", &site.url, "--repeat", "10", "--workers", "7"]);
    assert_eq!(site.seen(), (7, 7, 20));
}

#[test]
fn tasks_that_block_end_one_after_another() {
    let site = Site::start(50);
    let arguments = ["--repeat", "20", "--site", &site.url];
    let (free, blocked) =
        (LESSON.record(&arguments), LESSON.example("blocking_call").record(&arguments));
    // 50 ms against 50 ms and 40 steps of 10.
    let ratio = number(&blocked, "seconds") / number(&free, "seconds");
    assert!(ratio > 3.0, "{ratio}");
    let mut ends: Vec<f64> = items(&blocked).iter().map(|item| number(item, "end")).collect();
    ends.sort_by(f64::total_cmp);
    assert!(ends.windows(2).all(|two| two[1] - two[0] > 0.009), "a step each: {ends:?}");
    assert_eq!(blocked["facts"]["peak_in_flight"], 40);
}

#[test]
fn tasks_that_nobody_waits_for_do_nothing() {
    let site = Site::start(1);
    let ended = LESSON.example("nobody_waits").run(&["--json", "--site", &site.url]);
    let run = ended.json();
    assert_eq!((ended.code(), &run["done"], &run["failed"]), (1, &0.into(), &0.into()), "{run}");
    assert_eq!(site.seen(), (0, 0, 0));
    let ended = LESSON.example("nobody_waits").run(&["--repeat", "4", "--site", &site.url]);
    let text = ended.explanation().join(" ");
    assert!(text.contains("0 of 8 were begun: no worker and no task took any."), "{text}");
}

#[test]
fn a_buffered_stream_awaits_all_at_once_and_keeps_to_a_limit() {
    for (arguments, peak) in
        [(&["--repeat", "20"][..], 40), (&["--repeat", "10", "--workers", "7"], 7)]
    {
        let site = Site::start(500);
        let run = LESSON.example("buffered").record(&[&["--site", &site.url], arguments].concat());
        assert_eq!(site.record.peak_in_flight(), peak);
        assert_eq!(run["done"], site.record.requests());
        assert_eq!(workers_of(&run, ""), BTreeSet::from(["main"]));
    }
    let site = FaultSite::start();
    let arguments = ["--repeat", "2", &site.url("/404"), &site.url("/ok")];
    let ended = LESSON.example("buffered").run(&arguments);
    assert!(ended.lines_and_summary().1.starts_with("Downloaded 2 of 4 sites in "), "{ended:?}");
}

/// All waits together would take eight seconds.
#[test]
fn the_smallest_program_waits_160_times_at_once() {
    let ended = LESSON.example("smallest").run::<&str>(&[]);
    let seconds = ended.stdout.trim_end().strip_prefix("16000 bytes in ");
    let seconds = seconds.and_then(|rest| rest.strip_suffix(" seconds")?.parse::<f64>().ok());
    let one_after_another = 160.0 * 0.050;
    assert!(seconds.is_some_and(|seconds| seconds < one_after_another / 2.0), "{ended:?}");
}

/// Each slow page stands before a quick one in the list.
#[test]
fn results_come_back_in_the_order_in_which_tasks_end() {
    let (site, faults) = (Site::start(300), FaultSite::start());
    let (slow, quick) = (format!("{}/dice", site.url), faults.url("/ok"));
    let arguments = ["--repeat", "3", &slow, &quick, &faults.url("/404")];
    let ended = LESSON.example("as_they_end").run(&arguments);
    let end = format!(" bytes in all; the last task to end: {slow}");
    let total = ended.stdout.lines().find_map(|line| line.strip_suffix(&end));
    let sizes =
        ended.stdout.lines().filter_map(|line| line.strip_prefix("Read ")?.split(' ').next());
    let sizes: Vec<u64> = sizes.map(|size| size.parse().expect("a size")).collect();
    assert_eq!(sizes.len(), 6, "{ended:?}");
    assert_eq!(total, Some(sizes.iter().sum::<u64>().to_string().as_str()), "{ended:?}");
}

/// A minute for each page: the example has a second for all of them.
#[test]
fn what_takes_too_long_is_given_up_and_what_arrived_is_kept() {
    let site = Site::start(60_000);
    let (slow, quick) = (format!("{}/dice", site.url), format!("{}/record", site.url));
    let arguments = ["--json", "--timeout", "60", "--repeat", "4", &slow, &quick];
    let ended = LESSON.example("given_up").run(&arguments);
    let run = ended.json();
    assert_eq!((ended.code(), &run["done"], &run["failed"]), (1, &4.into(), &4.into()), "{run}");
    assert_eq!(ended.stderr.matches("/dice: it was given up").count(), 4, "{ended:?}");
    assert!(number(&run, "seconds") < 30.0, "{run}");
    // Its connections are closed, and the site gives up as well.
    assert_eq!(site.record.peak_in_flight(), 4);
    wait_until("the site gives up", || site.record.in_flight() == 0);
}
