//! What the lesson claims, and what the tutorial says of its examples.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::thread;

use harness::Limit;
use test_sites::{FaultSite, Site};
use testing::record::items;
use testing::{Ended, OwnLesson, own_lesson};

const LESSON: OwnLesson = own_lesson!();

#[test]
fn the_defaults_are_those_of_the_article() {
    assert_eq!(LESSON.described().limit, Limit::One);
    assert_eq!(LESSON.defaults(["repeat", "latency", "timeout"]), ["80", "50", "10"]);
}

#[test]
fn sync_has_one_page_in_flight_on_one_connection() {
    let site = Site::start(100);
    LESSON.record(&["--site", &site.url, "--repeat", "5"]);
    assert_eq!(site.seen(), (1, 1, 10));
}

#[test]
fn a_session_for_each_page_needs_a_connection_for_each_page() {
    let site = Site::start(1);
    let arguments = ["--repeat", "5", "--site", &site.url];
    LESSON.record(&arguments);
    assert_eq!(site.seen(), (1, 1, 10));
    LESSON.example("session_per_page").record(&arguments);
    assert_eq!(site.seen(), (1, 1 + 10, 20));
    // With a site of its own, it says so itself.
    let words = |ended: Ended| ended.explanation().join(" ");
    let text = words(LESSON.example("session_per_page").run(&["--repeat", "5"]));
    let sentence =
        "The site saw 10 connections, with at most 1 in use at once: does each page have a client";
    assert!(text.starts_with(sentence), "{text}");
    let text = words(LESSON.run(&["--repeat", "5"]));
    assert!(text.starts_with("At most 1 page in flight;"), "{text}");
}

#[test]
fn a_failure_that_ends_the_loop_takes_the_pages_after_it_along() {
    let site = FaultSite::start();
    let pages = [site.url("/ok"), site.url("/404"), site.url("/gzip")];
    let pages: Vec<&str> = pages.iter().map(String::as_str).collect();
    let arguments = [&["--repeat", "2"], &pages[..]].concat();
    let ended = LESSON.run(&arguments);
    assert!(ended.lines_and_summary().1.starts_with("Downloaded 4 of 6 sites in "), "{ended:?}");
    let ended = LESSON.example("first_failure_ends").run(&arguments);
    assert_eq!(ended.code(), 1, "{ended:?}");
    let summary = ended.lines_and_summary().1;
    assert!(summary.starts_with("Downloaded 1 of 6 sites in "), "{summary}");
    assert!(summary.ends_with(" (1 failed)"), "{summary}");
}

#[test]
fn what_is_remembered_is_asked_for_once() {
    let site = Site::start(20);
    let run = LESSON.example("remembered").record(&["--site", &site.url]);
    assert_eq!((site.seen(), &run["done"]), ((1, 1, 2), &160.into()));
    // All throws of the dice are the first one.
    let sizes = |end: &str| -> BTreeSet<u64> {
        let of_it = items(&run)
            .into_iter()
            .filter(|it| it["label"].as_str().is_some_and(|url| url.ends_with(end)));
        of_it.map(|item| item["bytes"].as_u64().expect("a size")).collect()
    };
    assert_eq!((sizes("/jython").len(), sizes("/dice").len()), (1, 1));
    // And a failure is not kept.
    let site = FaultSite::start();
    let ended = LESSON.example("remembered").run(&["--repeat", "3", &site.url("/404")]);
    assert_eq!(ended.stderr.matches("404 Not Found").count(), 3, "{ended:?}");
}

/// A site that fails with every second request, beginning with the first; and how many there were.
fn site_with_lapses() -> (String, Arc<AtomicU64>) {
    fn answer(stream: &TcpStream, requests: &AtomicU64) -> std::io::Result<()> {
        let mut lines = BufReader::new(stream);
        let mut line = String::new();
        while lines.read_line(&mut line)? > 2 {
            line.clear();
        }
        let is_lapse = requests.fetch_add(1, SeqCst) % 2 == 0;
        let status = if is_lapse { "503 Service Unavailable" } else { "200 OK" };
        let mut stream = stream;
        write!(stream, "HTTP/1.1 {status}\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")
    }
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    let url = format!("http://{}/", listener.local_addr().expect("an address"));
    let requests = Arc::<AtomicU64>::default();
    let counted = requests.clone();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            answer(&stream, &counted).expect("a client that waits for its answer");
        }
    });
    (url, requests)
}

#[test]
fn a_second_try_mends_what_fails_now_and_then_and_there_is_no_third() {
    let (url, requests) = site_with_lapses();
    let ended = LESSON.run(&["--repeat", "10", &url]);
    assert!(ended.lines_and_summary().1.ends_with(" (5 failed)"), "{ended:?}");
    assert_eq!(requests.load(SeqCst), 10);
    let run = LESSON.example("tried_twice").record(&["--repeat", "10", &url]);
    assert_eq!((&run["done"], requests.load(SeqCst)), (&10.into(), 10 + 20));
    // What fails always fails once, with the reason.
    let site = FaultSite::start();
    let ended = LESSON.example("tried_twice").run(&["--repeat", "2", &site.url("/404")]);
    assert_eq!(ended.stderr.matches("404 Not Found").count(), 2, "{ended:?}");
    assert!(ended.lines_and_summary().1.ends_with(" (2 failed)"), "{ended:?}");
}

#[test]
fn the_loop_returns_the_bytes_that_arrived_and_the_pages_that_failed() {
    let site = FaultSite::start();
    let ended =
        LESSON.example("results_kept").run(&["--repeat", "3", &site.url("/ok"), &site.url("/404")]);
    assert!(ended.lines_and_summary().1.ends_with(" (3 failed)"), "{ended:?}");
    let expected = format!("{} bytes arrived, 3 pages to request again", 3 * FaultSite::BYTES);
    assert!(ended.stdout.lines().any(|line| line == expected), "{expected}: {ended:?}");
}
