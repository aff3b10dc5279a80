//! How lessons end when something ends them: Ctrl-C, a closed pipe, a killed worker, a killed parent.
#![cfg(unix)]

#[cfg(target_os = "linux")]
use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, Instant};

use course::Lesson;
use harness::{Limit, Model};
use test_sites::Site;
#[cfg(target_os = "linux")]
use testing::{NO_CLASS, short};
use testing::{
    Running, all_at_once, children, downloaders, first, is_alive, lessons, long, only_does,
    program, signal, wait_until,
};

/// Starts a lesson so that it runs for a minute or more, and prints its first line soon.
fn start(lesson: &Lesson) -> Running {
    program(lesson.name()).start(&long(lesson))
}

/// The lessons that can be started in this way.
fn long_ones() -> impl Iterator<Item = &'static Lesson> {
    lessons().iter().filter(|it| !it.does("round") && it.limit() != Limit::OneEach)
}

fn long_downloaders() -> Vec<&'static Lesson> {
    long_ones().filter(|lesson| lesson.does("page")).collect()
}

/// Processes need a moment to end; a minute is not a moment.
fn assert_all_end(name: &str, processes: &[u32]) {
    wait_until(&format!("the end of {name}'s {processes:?}"), || {
        !processes.iter().any(|process| is_alive(*process))
    });
}

#[test]
fn ctrl_c_ends_a_lesson_in_good_order() {
    all_at_once(&long_ones().collect::<Vec<_>>(), |lesson| {
        let mut running = start(lesson);
        running.item_line();
        let processes = children(running.id());
        // A site, the clients of a server, or workers.
        let serves = ["request", "message"].iter().any(|kind| lesson.does(kind));
        let has_some = lesson.takes("site") || serves || lesson.model() == Model::Processes;
        assert_eq!(!processes.is_empty(), has_some, "{}", lesson.name());
        signal("-INT", running.id());
        running.wait().assert_interrupted(lesson.name(), 1);
        assert_all_end(lesson.name(), &processes);
    });
}

/// In a terminal Ctrl-C reaches the children, too; they must still finish the items in flight.
#[test]
fn ctrl_c_that_reaches_the_children_too_loses_no_page() {
    all_at_once(&long_downloaders(), |lesson| {
        let mut running = start(lesson);
        running.item_line();
        let processes = children(running.id());
        for process in processes.iter().chain([&running.id()]) {
            signal("-INT", *process);
        }
        running.wait().assert_interrupted(lesson.name(), 1);
        assert_all_end(lesson.name(), &processes);
    });
}

/// Async drops the pages in flight: here all of them, and none would have arrived for a minute.
#[test]
fn ctrl_c_drops_the_pages_that_async_has_in_flight() {
    let lesson = first("all pages are tasks", |it| {
        only_does(it, "page") && it.model() == Model::Async && it.limit() == Limit::All
    });
    let site = Site::start(60_000);
    let arguments = ["--site", &site.url, "--timeout", "100"];
    let running = program(lesson.name()).start(&arguments);
    wait_until("all pages in flight", || site.record.in_flight() == 160);
    let start = Instant::now();
    signal("-INT", running.id());
    running.wait().assert_interrupted(lesson.name(), 0);
    assert!(start.elapsed() < Duration::from_secs(50), "it waited for the pages");
    wait_until("the site to see it", || site.record.in_flight() == 0);
}

/// A Ctrl-C counts even if everything was done already.
#[test]
fn ctrl_c_while_the_last_page_is_in_flight() {
    let site = Site::start(1_000);
    let arguments = ["--site", &site.url, "--repeat", "1", "--workers", "2"];
    let running = downloads_with(Model::Threads).start(&arguments);
    wait_until("both pages in flight", || site.record.in_flight() == 2);
    signal("-INT", running.id());
    let ended = running.wait();
    assert_eq!(ended.code(), 130, "{ended:?}");
    let summary = ended.lines_and_summary().1;
    assert!(summary.starts_with("Interrupted: downloaded 2 of 2 sites in "), "{summary}");
}

/// The first lesson that only downloads, with this model.
fn downloads_with(model: Model) -> testing::Program {
    let lesson = first("it downloads", |it| only_does(it, "page") && it.model() == model);
    program(lesson.name())
}

/// A site that is stopped delays the end by its pages' time limit, and no more.
#[test]
fn a_site_that_was_stopped_does_not_hold_up_the_end() {
    all_at_once(&downloaders().collect::<Vec<_>>(), |lesson| {
        let arguments = ["--repeat", "1", "--latency", "1500", "--timeout", "2"];
        let running = program(lesson.name()).start(&arguments);
        wait_until("the site", || !children(running.id()).is_empty());
        sleep(Duration::from_millis(700));
        let processes = children(running.id());
        processes.iter().for_each(|process| signal("-STOP", *process));
        if lesson.model() == Model::Processes {
            // Its workers were stopped as well; without their own time limit, they are resumed.
            sleep(Duration::from_millis(100));
            processes[1..].iter().for_each(|process| signal("-CONT", *process));
        }
        let ended = running.wait();
        assert_eq!(ended.code(), 1, "{}: {ended:?}", lesson.name());
        assert!(ended.stdout.starts_with("Downloaded 0 of 2 sites in "), "{ended:?}");
        assert_all_end(lesson.name(), &processes);
    });
}

#[test]
fn ctrl_c_shows_in_the_json() {
    let site = Site::start(50);
    let arguments = ["--json", "--site", &site.url, "--repeat", "1000"];
    let running = downloads_with(Model::Sync).start(&arguments);
    wait_until("some pages", || site.record.requests() > 3);
    signal("-INT", running.id());
    let ended = running.wait();
    let run = ended.json();
    assert_eq!((ended.code(), &run["interrupted"]), (130, &true.into()));
    let items = run["items"].as_array().expect("items").len();
    assert_eq!(run["done"], items);
    assert!((3..2_000).contains(&items), "{items}");
}

#[test]
fn ctrl_c_twice_is_out_at_once() {
    for lesson in lessons().iter().filter(|lesson| lesson.does("page")) {
        // Pages of a minute: a lesson that waited for one would still be there when the test gives up.
        let site = Site::start(60_000);
        let arguments = ["--site", &site.url, "--timeout", "100", "--repeat", "1"];
        let running = program(lesson.name()).start(&arguments);
        wait_until("a page in flight", || site.record.in_flight() > 0);
        let processes = children(running.id());
        let start = Instant::now();
        signal("-INT", running.id());
        sleep(Duration::from_millis(100));
        signal("-INT", running.id());
        let ended = running.wait();
        assert_eq!(ended.code(), 130, "{}: {ended:?}", lesson.name());
        assert_all_end(lesson.name(), &processes);
        assert!(start.elapsed() < Duration::from_secs(50), "{}: it waited", lesson.name());
    }
}

#[test]
fn a_closed_pipe_ends_a_lesson_without_a_word() {
    all_at_once(&long_ones().collect::<Vec<_>>(), |lesson| {
        let mut running = start(lesson);
        running.item_line();
        let processes = children(running.id());
        let ended = running.close_stdout_and_wait();
        assert_eq!((ended.code(), ended.stderr.as_str()), (141, ""), "{}", lesson.name());
        assert_all_end(lesson.name(), &processes);
    });
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_told() {
    for lesson in lessons() {
        let name = lesson.name();
        let full = std::fs::File::create("/dev/full").expect("Linux has it");
        let mut command = Command::new(program(name).path());
        command.env(NO_CLASS.0, NO_CLASS.1);
        let output = command.args(short(lesson)).stdout(full).output().expect("it runs");
        let errors = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{name}: {errors}");
        assert!(errors.starts_with("error: the output cannot be written: No space"), "{errors}");
        assert_eq!(errors.lines().count(), 1, "{errors}");
    }
}

#[test]
fn the_children_of_a_killed_lesson_end_by_themselves() {
    all_at_once(&long_downloaders(), |lesson| {
        let mut running = start(lesson);
        running.item_line();
        let processes = children(running.id());
        assert!(!processes.is_empty(), "{}", lesson.name());
        signal("-KILL", running.id());
        running.wait();
        assert_all_end(lesson.name(), &processes);
    });
}

/// If a worker is killed while its page is in flight, only that page is lost.
#[test]
fn a_killed_worker_costs_its_own_page_alone() {
    let site = Site::start(1_500);
    let mut running = six_pages_by_two_workers(&site);
    running.line();
    // A page takes 1.5 s, so both are busy now.
    sleep(Duration::from_millis(400));
    signal("-KILL", workers(&running)[0]);
    let ended = running.wait();
    assert_eq!(ended.code(), 1, "{ended:?}");
    let (lines, summary) = ended.lines_and_summary();
    assert!(summary.starts_with("Downloaded 5 of 6 sites in "), "{summary}");
    assert!(summary.ends_with(" seconds (1 failed)"), "{summary}");
    assert_eq!(lines.len(), 4);
    assert_eq!(ended.stderr.lines().count(), 1, "{ended:?}");
    assert!(ended.stderr.contains("its worker process ended (signal: 9 (SIGKILL))"), "{ended:?}");
    // Each page was requested once, even the one that was lost.
    assert_eq!(site.record.requests(), 6);
}

/// If it is killed between two pages, none is lost: it is replaced before the next.
#[test]
fn a_worker_killed_while_idle_is_replaced() {
    let site = Site::start(300);
    let mut running = six_pages_by_two_workers(&site);
    running.line();
    // A page takes 0.3 s, so both workers have their next page by now.
    sleep(Duration::from_millis(150));
    // While the parent is stopped, the workers finish their pages and wait for the next.
    signal("-STOP", running.id());
    site.wait_until_idle();
    let workers = workers(&running);
    workers.iter().for_each(|worker| signal("-KILL", *worker));
    wait_until("the workers' end", || !workers.iter().any(|worker| is_alive(*worker)));
    signal("-CONT", running.id());
    let ended = running.wait();
    assert_eq!((ended.code(), ended.stderr.as_str()), (0, ""), "{ended:?}");
    assert!(ended.lines_and_summary().1.starts_with("Downloaded 6 sites in "), "{ended:?}");
    assert_eq!(site.record.requests(), 6);
}

fn six_pages_by_two_workers(site: &Site) -> Running {
    let arguments = ["--site", &site.url, "--repeat", "3", "--workers", "2"];
    downloads_with(Model::Processes).start(&arguments)
}

/// With `--site`, a lesson's only children are its workers.
fn workers(running: &Running) -> Vec<u32> {
    let workers = children(running.id());
    assert_eq!(workers.len(), 2);
    workers
}
