//! What the lesson claims, and what the tutorial says of its examples.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

use harness::Limit;
use serde_json::Value;
use test_sites::{Ending, FAULTS, Fault, FaultSite, Site};
use testing::record::{number, section, shortest, workers_of};
use testing::{OwnLesson, own_lesson};
#[cfg(unix)]
use testing::{is_alive, signal, wait_until};

const LESSON: OwnLesson = own_lesson!();
const BY_HAND: &str = "by hand";
const TOKIO: &str = "tokio";

fn seconds(run: &Value, name: &str) -> f64 {
    number(section(run, name).1, "seconds")
}

#[test]
fn the_pages_and_the_workers_are_those_of_the_threads() {
    assert_eq!(LESSON.described().limit, Limit::Fixed(5));
    assert_eq!(LESSON.defaults(["repeat", "latency", "timeout"]), ["80", "50", "10"]);
}

/// The site counts, and so does each section; and the bytes are those that the site sent.
#[test]
fn one_thread_has_as_many_pages_in_flight_as_there_are_tasks() {
    for workers in [1, 5, 40] {
        let site = Site::start(200);
        let count = workers.to_string();
        let arguments = ["--site", &site.url, "--repeat", "20", "--workers", &count];
        let run = LESSON.record(&arguments);
        assert_eq!(workers_of(&run, ""), BTreeSet::from(["main"]));
        for name in [BY_HAND, TOKIO] {
            let facts = &section(&run, name).1["facts"];
            assert_eq!(facts["peak_in_flight"], workers, "{name}: {facts}");
        }
        let seen = site.record.take();
        // A connection for each page.
        assert_eq!((seen.peak_in_flight, seen.connections, seen.requests), (workers, 80, 80));
        assert_eq!(run["bytes"], seen.bytes, "{run}");
    }
}

#[test]
fn five_at_once_take_a_fifth_of_the_time_and_tokio_is_no_faster() {
    let run = |workers| LESSON.record(&["--latency", "300", "--repeat", "5", "--workers", workers]);
    let (five, one) = (run("5"), run("1"));
    let ratio = seconds(&one, BY_HAND) / seconds(&five, BY_HAND);
    assert!((2.5..6.0).contains(&ratio), "{ratio}");
    let ratio = seconds(&five, BY_HAND) / seconds(&five, TOKIO);
    assert!((0.5..2.0).contains(&ratio), "{ratio}");
}

/// The steps that `--trace` prints.
#[derive(Debug, PartialEq)]
enum Step {
    /// A cause and the task that it wakes.
    Woken(String, usize),
    /// A task, and what it waits for after its turn.
    Waits(usize, String),
    /// A task that lets the others run, and is ready itself.
    Yields(usize),
    /// A task that ends.
    Ends(usize),
}

fn steps(stdout: &str) -> Vec<Step> {
    let task = |text: &str| text.strip_prefix("task ").and_then(|number| number.parse().ok());
    let step = |line: &str| {
        if let Some((cause, woken)) = line.split_once(" wakes ") {
            return Some(Step::Woken(cause.into(), task(woken)?));
        }
        let (task, what) =
            line.split_once(" runs, and ").and_then(|(it, what)| Some((task(it)?, what)))?;
        Some(match what.strip_prefix("must wait for ") {
            Some(what) => Step::Waits(task, what.into()),
            None if what == "ends" => Step::Ends(task),
            None => Step::Yields(task),
        })
    };
    stdout.lines().filter_map(step).collect()
}

#[test]
fn every_step_of_the_trace_follows_from_those_before_it() {
    const TASKS: usize = 3;
    let ended = LESSON.run(&["--trace", "--repeat", "6", "--workers", "3"]);
    assert_eq!((ended.code(), ended.stderr.as_str()), (0, ""), "{ended:?}");
    let by_hand = ended.stdout.find("-- tokio").expect("its section");
    assert_eq!(steps(&ended.stdout[by_hand..]), [], "tokio's steps are its own");
    let steps = steps(&ended.stdout[..by_hand]);
    // At first all are ready, in their order.
    let mut ready: Vec<usize> = (1..=TASKS).collect();
    let (mut waiting, mut over) = (BTreeMap::<usize, String>::new(), BTreeSet::new());
    let mut turns = 0;
    for step in &steps {
        match step {
            Step::Woken(cause, task) => {
                let waits_for =
                    waiting.remove(task).unwrap_or_else(|| panic!("{step:?}: {ended:?}"));
                let is_cause = |what: &str| what.starts_with(&format!("{cause} ")) || what == cause;
                assert!(waits_for.split(" or ").any(is_cause), "{step:?} of {waits_for}");
                ready.push(*task);
            }
            Step::Waits(task, _) | Step::Yields(task) | Step::Ends(task) => {
                turns += 1;
                // First come, first served.
                assert_eq!(ready.remove(0), *task, "{step:?}: {ended:?}");
                assert!(!over.contains(task), "{step:?}");
                match step {
                    Step::Waits(_, what) => _ = waiting.insert(*task, what.clone()),
                    Step::Yields(_) => ready.push(*task),
                    _ => _ = over.insert(*task),
                }
            }
        }
    }
    assert_eq!((over.len(), waiting.len(), ready.len()), (TASKS, 0, 0), "{steps:?}");
    // At least one turn before each of the twelve answers, and one after the last of each task.
    assert!(turns >= 12 + TASKS, "{turns}");
    let silent = LESSON.run(&["--repeat", "1"]);
    assert_eq!(self::steps(&silent.stdout), []);
}

/// A name is looked up on a thread of its own; an address is not.
#[test]
fn a_site_can_have_a_name() {
    let site = Site::start(1);
    let url = site.url.replace("127.0.0.1", "localhost");
    LESSON.record(&["--repeat", "2", "--site", &url]);
    assert_eq!(site.record.requests(), 8);
}

/// What becomes of a page here, where the client is smaller than those of the other lessons.
fn ending(fault: &Fault, url: &str) -> Result<u64, Vec<String>> {
    let path = url.rsplit_once('/').map_or("", |(_, path)| path);
    let fails = |why: &str| Err(vec![why.to_owned()]);
    match (path, fault.ending) {
        _ if url.starts_with("https:") => fails("this lesson's client speaks http:// alone"),
        _ if path.contains("gzip") || path.contains("deflate") => {
            fails("the page is compressed, which was not asked for")
        }
        ("status-999", _) => fails("999 Whatever"),
        ("slow-redirects", _) => fails("302 Found"),
        _ if path.contains("redirect") => fails("302 Found"),
        ("", Ending::Fails(_)) if url.contains("no%20host") => {
            fails("no address was found for the host")
        }
        (_, Ending::Arrives(bytes)) => Ok(bytes),
        (_, Ending::Fails(words)) => Err(words.iter().map(|&words| words.into()).collect()),
    }
}

/// All pages of the site that are not floods, at once, in each of the two sections.
#[test]
fn each_fault_is_named_and_the_other_pages_arrive_on_both_loops() {
    let site = FaultSite::start();
    let can_be_tried = |fault: &&Fault| cfg!(target_os = "linux") || !fault.needs_linux();
    let faults: Vec<&Fault> =
        FAULTS.iter().filter(can_be_tried).filter(|it| !it.is_flood).collect();
    let urls: Vec<String> = faults.iter().map(|fault| site.url_of(fault)).collect();
    let count = urls.len().to_string();
    let mut arguments: Vec<&str> = urls.iter().map(String::as_str).collect();
    arguments.extend(["--json", "--repeat", "1", "--timeout", "5", "--workers", &count]);
    let start = Instant::now();
    let ended = LESSON.run(&arguments);
    assert!(
        start.elapsed() < Duration::from_secs(40),
        "each section takes the five seconds of a page"
    );
    let run = ended.json();
    assert_eq!(ended.code(), 1, "{ended:?}");
    for name in [BY_HAND, TOKIO] {
        let (items, _) = section(&run, name);
        assert_eq!(items.len(), faults.len(), "{name}");
        for (fault, url) in faults.iter().zip(&urls) {
            let item = items.iter().find(|item| item["label"] == url.as_str());
            let item = item.unwrap_or_else(|| panic!("{name}: {url}: {run}"));
            match ending(fault, url) {
                Ok(bytes) => assert_eq!(item["bytes"], bytes, "{name}: {}: {item}", fault.what),
                Err(words) => {
                    let is_it =
                        item["error"].as_str().is_some_and(|it| words.iter().any(|w| w == it));
                    assert!(is_it, "{name}: {}: {item}", fault.what);
                }
            }
        }
    }
    assert_eq!(ended.stderr.lines().filter(|it| it.starts_with("Failed ")).count(), run["failed"]);
}

/// A site that always has more to send does not keep the thread: the time limits of all of them hold.
#[test]
fn floods_end_in_time_and_the_other_pages_arrive() {
    let site = FaultSite::start();
    let floods = FAULTS.iter().filter(|fault| fault.is_flood && fault.takes_time());
    let mut urls: Vec<String> = floods.map(|fault| site.url_of(fault)).collect();
    urls.retain(|url| !url.contains("gzip"));
    let many = urls.len();
    urls.push(site.url("/ok"));
    let mut arguments: Vec<&str> = urls.iter().map(String::as_str).collect();
    // In so short a time, nobody reads 10 GB.
    arguments.extend(["--json", "--repeat", "1", "--timeout", "1"]);
    let start = Instant::now();
    let ended = LESSON.run(&arguments);
    assert!(start.elapsed() < Duration::from_secs(30), "{:?}", start.elapsed());
    let run = ended.json();
    assert_eq!((&run["done"], &run["failed"]), (&2.into(), &(2 * many).into()), "{run}");
    let late = ended.stderr.matches("the page took longer than --timeout allows").count();
    assert_eq!(late, 2 * many, "{ended:?}");
}

#[cfg(unix)]
#[test]
fn a_page_that_takes_too_long_is_dropped_with_its_connection() {
    let site = Site::start(60_000);
    let arguments = ["--site", &site.url, "--repeat", "5", "--timeout", "0.5"];
    let ended = LESSON.run(&arguments);
    assert_eq!(ended.code(), 1, "{ended:?}");
    assert!(
        ended.stdout.starts_with("-- by hand\n-- tokio\nDownloaded 0 of 20 sites in "),
        "{ended:?}"
    );
    wait_until("the site gives up", || site.record.in_flight() == 0);
    assert_eq!(site.record.requests(), 20);
    // The site may learn that a connection was closed after the next was opened.
    assert!((5..=10).contains(&site.record.peak_in_flight()));
}

#[cfg(unix)]
#[test]
fn ctrl_c_at_any_moment_ends_it_in_good_order() {
    let site = Site::start(300);
    let arguments = ["--site", &site.url, "--repeat", "5"];
    for moment in [50, 150, 250, 350, 500, 700, 900, 1_100] {
        let running = LESSON.program().start(&arguments);
        thread::sleep(Duration::from_millis(moment));
        signal("-INT", running.id());
        let ended = running.wait();
        // A signal before it listens to signals ends it without a word; after its end there is none.
        if ended.stdout.is_empty() || ended.code() == 0 {
            continue;
        }
        assert_eq!((ended.code(), ended.stderr.as_str()), (130, ""), "{moment}: {ended:?}");
        let summary = ended.stdout.lines().find(|it| it.starts_with("Interrupted: downloaded "));
        let done = summary.and_then(|it| it.split(' ').nth(2)?.parse().ok());
        let lines = ended.stdout.lines().filter(|it| it.starts_with("Read ")).count();
        assert_eq!(done, Some(lines), "{moment}: {ended:?}");
        wait_until("the site to see it", || site.record.in_flight() == 0);
    }
}

/// Pages of a minute: nothing but Ctrl-C, on its own thread, wakes the loop before.
#[cfg(unix)]
#[test]
fn another_thread_can_wake_the_loop() {
    let site = Site::start(60_000);
    let running = LESSON.program().start(&["--trace", "--site", &site.url, "--timeout", "100"]);
    wait_until("five pages in flight", || site.record.in_flight() == 5);
    let start = Instant::now();
    signal("-INT", running.id());
    let ended = running.wait();
    assert_eq!(ended.code(), 130, "{ended:?}");
    assert!(start.elapsed() < Duration::from_secs(30), "it waited for the pages");
    let steps = steps(&ended.stdout);
    for task in 1..=5 {
        let step = Step::Woken("another thread".into(), task);
        assert!(steps.contains(&step) && steps.contains(&Step::Ends(task)), "{ended:?}");
    }
}

// The broken ones

#[cfg(unix)]
#[test]
fn a_waker_that_forgets_to_wake_hangs_and_the_hang_is_told() {
    let site = Site::start(20);
    let arguments = ["--site", &site.url, "--timeout", "1", "--repeat", "10"];
    let running = LESSON.example("forgets_to_wake").start(&arguments);
    let (id, is_over) = (running.id(), AtomicBool::new(false));
    let ended = thread::scope(|scope| {
        // The report comes after six seconds in which nothing happens: then it is still there.
        scope.spawn(|| {
            thread::sleep(Duration::from_secs(20));
            assert!(is_alive(id) && !is_over.load(Relaxed), "nobody wakes it");
            for _ in 0..2 {
                signal("-INT", id);
                thread::sleep(Duration::from_millis(300));
            }
        });
        let ended = running.wait();
        is_over.store(true, Relaxed);
        ended
    });
    assert_eq!(ended.code(), 130, "{ended:?}");
    let told = ended.stderr.lines().take(2).collect::<Vec<_>>().join(" ");
    let told = told.split_once(" s: ").expect("a time").1;
    assert_eq!(told, "5 in flight, 35 not begun. Do they wait for each other?", "{ended:?}");
    // Each request was sent, and answered.
    assert_eq!((site.record.requests(), site.record.in_flight()), (5, 0));
}

/// The longest turn of a page on its thread.
fn longest_turn(page: &Value) -> f64 {
    let turns = page["turns"].as_array().expect("turns").iter();
    let long =
        turns.map(|turn| turn[1].as_f64().expect("an end") - turn[0].as_f64().expect("a start"));
    long.fold(0.0, f64::max)
}

/// 20 pages, with 50 ms after each: one after another, or five at a time.
#[test]
fn a_task_that_never_yields_holds_up_all_others_and_one_that_awaits_does_not() {
    let arguments = ["--repeat", "10"];
    let blocked = LESSON.example("never_yields").record(&arguments);
    // The quickest of three, since a busy machine makes each page longer.
    let awaited = [(); 3].map(|()| LESSON.example("pauses").record(&arguments));
    for name in [BY_HAND, TOKIO] {
        let (pages, _) = section(&blocked, name);
        assert!(pages.iter().all(|page| longest_turn(page) >= 0.050), "{name}: {pages:?}");
        let quickest = awaited.iter().map(|run| seconds(run, name)).fold(f64::INFINITY, f64::min);
        let ratio = seconds(&blocked, name) / quickest;
        assert!(ratio > 1.5, "{name}: {ratio}");
    }
    // It does pause: for 50 ms after the 50 of the page.
    assert!(awaited.iter().all(|run| shortest(run) >= 0.1), "{awaited:?}");
}

#[test]
fn a_loop_that_asks_everybody_gives_many_turns_in_vain() {
    let turns = |stdout: &str| stdout.lines().filter(|line| line.contains(" runs, and ")).count();
    let arguments = ["--trace", "--repeat", "2", "--workers", "2"];
    let asked = LESSON.example("asks_everybody").run(&arguments);
    assert_eq!((asked.code(), asked.stderr.as_str()), (0, ""));
    let woken = LESSON.run(&arguments);
    let (asked, woken) = (turns(&asked.stdout), turns(&woken.stdout));
    assert!(asked > 10 * woken, "{asked} and {woken}");
    // A core is busy with it: as far as there is one.
    let run = LESSON.example("asks_everybody").record(&["--repeat", "10"]);
    let working = |name| number(&section(&run, name).1["facts"], "cores_busy");
    assert!(working(BY_HAND) > 4.0 * working(TOKIO), "{run}");
}

// The solutions

#[test]
fn two_joined_pages_double_what_is_in_flight() {
    let site = Site::start(200);
    let arguments = ["--site", &site.url, "--repeat", "10", "--workers", "3"];
    let run = LESSON.example("joined_by_hand").record(&arguments);
    for name in [BY_HAND, TOKIO] {
        assert_eq!(section(&run, name).1["facts"]["peak_in_flight"], 6, "{name}: {run}");
    }
    assert_eq!((site.record.peak_in_flight(), site.record.requests()), (6, 40));
    assert_eq!(workers_of(&run, ""), BTreeSet::from(["main"]));
}
