//! Of the lessons that download.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::thread;

use serde_json::Value;
use tests::{Ended, FaultSite, Lesson, Site};
#[cfg(unix)]
use tests::{is_alive, signal, wait_until};

/// Runs an example in which all pages arrive.
fn example(name: &str, arguments: &[&str]) -> Value {
    all_arrive(name, &Lesson::run_example(name, &[&["--json"], arguments].concat()))
}

/// Runs a lesson as it is.
fn lesson(name: &str, arguments: &[&str]) -> Value {
    all_arrive(name, &Lesson::run(name, &[&["--json"], arguments].concat()))
}

fn all_arrive(name: &str, ended: &Ended) -> Value {
    assert_eq!((ended.code(), ended.stderr.as_str()), (0, ""), "{name}: {ended:?}");
    ended.json()
}

/// What a site saw: the most requests in flight, the connections, the requests.
fn seen(site: &Site) -> (u64, u64, u64) {
    (site.record.peak_in_flight(), site.record.connections(), site.record.requests())
}

fn number(object: &Value, key: &str) -> f64 {
    object[key].as_f64().unwrap_or_else(|| panic!("no {key}: {object}"))
}

/// How many times as long the first run took as the second.
fn times_as_long(run: &Value, other: &Value) -> f64 {
    number(run, "seconds") / number(other, "seconds")
}

fn items(run: &Value) -> &[Value] {
    run["items"].as_array().expect("items")
}

/// The workers that took the pages whose URLs end so.
fn workers_of<'run>(run: &'run Value, path: &str) -> BTreeSet<&'run str> {
    let of_it = |item: &&Value| item["label"].as_str().expect("a URL").ends_with(path);
    items(run).iter().filter(of_it).map(|item| item["worker"].as_str().expect("a name")).collect()
}

/// A part of a run.
fn part<'run>(run: &'run Value, name: &str) -> &'run Value {
    let parts = run["parts"].as_array().expect("parts");
    let part = parts.iter().find(|part| part["name"] == name);
    part.unwrap_or_else(|| panic!("no {name}: {parts:?}"))
}

// sync_downloader

#[test]
fn a_session_for_each_page_needs_a_connection_for_each_page() {
    let site = Site::start(1);
    let arguments = ["--repeat", "5", "--site", &site.url];
    lesson("sync_downloader", &arguments);
    assert_eq!(seen(&site), (1, 1, 10));
    example("session_per_page", &arguments);
    assert_eq!(seen(&site), (1, 1 + 10, 20));
}

#[test]
fn a_failure_that_ends_the_loop_takes_the_pages_after_it_along() {
    let site = FaultSite::start();
    let pages = [site.url("/ok"), site.url("/404"), site.url("/gzip")];
    let pages: Vec<&str> = pages.iter().map(String::as_str).collect();
    let arguments = [&["--repeat", "2"], &pages[..]].concat();
    let ended = Lesson::run("sync_downloader", &arguments);
    assert!(ended.lines_and_summary().1.starts_with("Downloaded 4 of 6 sites in "), "{ended:?}");
    let ended = Lesson::run_example("first_failure_ends", &arguments);
    assert_eq!(ended.code(), 1, "{ended:?}");
    let summary = ended.lines_and_summary().1;
    assert!(summary.starts_with("Downloaded 1 of 6 sites in "), "{summary}");
    assert!(summary.ends_with(" (1 failed)"), "{summary}");
}

#[test]
fn what_is_remembered_is_asked_for_once() {
    let site = Site::start(20);
    let run = example("remembered", &["--site", &site.url]);
    assert_eq!((seen(&site), &run["done"]), ((1, 1, 2), &160.into()));
    // All throws of the dice are the first one.
    let sizes = |end: &str| -> BTreeSet<u64> {
        let of_it = items(&run)
            .iter()
            .filter(|it| it["label"].as_str().is_some_and(|url| url.ends_with(end)));
        of_it.map(|item| item["bytes"].as_u64().expect("a size")).collect()
    };
    assert_eq!((sizes("/jython").len(), sizes("/dice").len()), (1, 1));
    // And a failure is not kept.
    let site = FaultSite::start();
    let ended = Lesson::run_example("remembered", &["--repeat", "3", &site.url("/404")]);
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
    let ended = Lesson::run("sync_downloader", &["--repeat", "10", &url]);
    assert!(ended.lines_and_summary().1.ends_with(" (5 failed)"), "{ended:?}");
    assert_eq!(requests.load(SeqCst), 10);
    let run = example("tried_twice", &["--repeat", "10", &url]);
    assert_eq!((&run["done"], requests.load(SeqCst)), (&10.into(), 10 + 20));
    // What fails always fails once, with the reason.
    let site = FaultSite::start();
    let ended = Lesson::run_example("tried_twice", &["--repeat", "2", &site.url("/404")]);
    assert_eq!(ended.stderr.matches("404 Not Found").count(), 2, "{ended:?}");
    assert!(ended.lines_and_summary().1.ends_with(" (2 failed)"), "{ended:?}");
}

// threaded_downloader

#[test]
fn a_queue_that_stays_locked_makes_five_threads_as_slow_as_one() {
    let arguments = ["--repeat", "10", "--latency", "30"];
    let (threads, held) =
        (lesson("threaded_downloader", &arguments), example("lock_held", &arguments));
    let ratio = times_as_long(&held, &threads);
    assert!(ratio > 3.0, "{ratio}");
    let site = Site::start(10);
    example("lock_held", &["--repeat", "10", "--site", &site.url]);
    let (peak, _, requests) = seen(&site);
    assert_eq!((peak, requests), (1, 20));
}

#[test]
fn one_agent_serves_five_threads_at_once() {
    let site = Site::start(100);
    example("shared_agent", &["--repeat", "10", "--site", &site.url]);
    // Five connections, each of them used again and again.
    assert_eq!(seen(&site), (5, 5, 20));
}

/// Every other page is answered at once.
#[test]
fn shares_that_are_dealt_out_are_not_passed_on() {
    let site = Site::start(30);
    let (slow, quick) = (format!("{}/dice", site.url), format!("{}/record", site.url));
    let arguments = ["--repeat", "10", "--workers", "4", &slow, &quick];
    let shares = example("shares_dealt_out", &arguments);
    assert_eq!(workers_of(&shares, "/dice").len(), 2);
    assert_eq!(workers_of(&shares, "/record").len(), 2);
    assert_eq!(site.record.peak_in_flight(), 2);
    let queue = lesson("threaded_downloader", &arguments);
    assert_eq!(workers_of(&queue, "/dice").len(), 4);
    assert_eq!(site.record.peak_in_flight(), 4);
    // Where all are alike, nothing is lost: five at once, and all are done.
    let site = Site::start(100);
    let run = example("shares_dealt_out", &["--repeat", "10", "--site", &site.url]);
    assert_eq!((seen(&site), items(&run).len()), ((5, 5, 20), 20));
}

// async_downloader

#[test]
fn tasks_that_block_end_one_after_another() {
    let site = Site::start(50);
    let arguments = ["--repeat", "20", "--site", &site.url];
    let (free, blocked) =
        (lesson("async_downloader", &arguments), example("blocking_call", &arguments));
    // 50 ms against 50 ms and 40 steps of 10.
    let ratio = times_as_long(&blocked, &free);
    assert!(ratio > 3.0, "{ratio}");
    let mut ends: Vec<f64> = items(&blocked).iter().map(|item| number(item, "end")).collect();
    ends.sort_by(f64::total_cmp);
    assert!(ends.windows(2).all(|two| two[1] - two[0] > 0.009), "a step each: {ends:?}");
    assert_eq!(blocked["facts"]["peak_in_flight"], 40);
}

#[test]
fn tasks_that_nobody_waits_for_do_nothing() {
    let site = Site::start(1);
    let ended = Lesson::run_example("nobody_waits", &["--json", "--site", &site.url]);
    let run = ended.json();
    assert_eq!((ended.code(), &run["done"], &run["failed"]), (1, &0.into(), &0.into()), "{run}");
    assert_eq!(seen(&site), (0, 0, 0));
}

#[test]
fn a_buffered_stream_awaits_all_at_once_and_keeps_to_a_limit() {
    for (arguments, peak) in
        [(&["--repeat", "20"][..], 40), (&["--repeat", "10", "--workers", "7"], 7)]
    {
        let site = Site::start(500);
        let run = example("buffered", &[&["--site", &site.url], arguments].concat());
        assert_eq!(site.record.peak_in_flight(), peak);
        assert_eq!(run["done"], site.record.requests());
        assert_eq!(workers_of(&run, ""), BTreeSet::from(["main"]));
    }
    let site = FaultSite::start();
    let arguments = ["--repeat", "2", &site.url("/404"), &site.url("/ok")];
    let ended = Lesson::run_example("buffered", &arguments);
    assert!(ended.lines_and_summary().1.starts_with("Downloaded 2 of 4 sites in "), "{ended:?}");
}

/// A minute for each page: the example has a second for all of them.
#[test]
fn what_takes_too_long_is_given_up_and_what_arrived_is_kept() {
    let site = Site::start(60_000);
    let (slow, quick) = (format!("{}/dice", site.url), format!("{}/record", site.url));
    let arguments = ["--json", "--timeout", "60", "--repeat", "4", &slow, &quick];
    let ended = Lesson::run_example("given_up", &arguments);
    let run = ended.json();
    assert_eq!((ended.code(), &run["done"], &run["failed"]), (1, &4.into(), &4.into()), "{run}");
    assert_eq!(ended.stderr.matches("/dice: it was given up").count(), 4, "{ended:?}");
    assert!(number(&run, "seconds") < 30.0, "{run}");
    // Its connections are closed, and the site gives up as well.
    assert_eq!(site.record.peak_in_flight(), 4);
    tests::wait_until("the site gives up", || site.record.in_flight() == 0);
}

// process_downloader

#[test]
fn a_worker_that_makes_a_session_for_each_job_connects_for_each() {
    let site = Site::start(20);
    let arguments = ["--repeat", "5", "--workers", "2", "--site", &site.url];
    lesson("process_downloader", &arguments);
    assert_eq!(seen(&site), (2, 2, 10));
    example("session_per_job", &arguments);
    assert_eq!(seen(&site), (2, 2 + 10, 20));
}

#[test]
fn a_worker_process_that_dies_costs_one_page_and_is_replaced() {
    let arguments = ["--json", "--latency", "1", "--repeat", "15", "--workers", "1"];
    let ended = Lesson::run_example("worker_dies", &arguments);
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
        Lesson::run_example("own_memory", &["--latency", "1", "--repeat", "4", "--workers", "1"]);
    let told = |text: &str| ended.stdout.lines().any(|line| line == text);
    assert!(told("the busiest worker counted 8 pages, this process counted 0"), "{ended:?}");
    let ended =
        Lesson::run_example("own_memory", &["--latency", "50", "--repeat", "4", "--workers", "8"]);
    let told = |text: &str| ended.stdout.lines().any(|line| line.starts_with(text));
    // A single counter would have come to 8.
    assert!(
        (1..8).any(|most| told(&format!("the busiest worker counted {most} page"))),
        "{ended:?}"
    );
}

#[test]
fn a_batch_crosses_the_border_as_one_message_and_is_downloaded_at_once() {
    let site = Site::start(200);
    let run = example("batches", &["--repeat", "12", "--workers", "2", "--site", &site.url]);
    let (peak, _, requests) = seen(&site);
    assert_eq!((peak, requests, &run["done"]), (16, 24, &24.into()));
    // One that fails is told in its place.
    let site = FaultSite::start();
    let arguments = [
        "--repeat",
        "3",
        "--workers",
        "1",
        &site.url("/404"),
        &site.url("/ok"),
        &site.url("/cut-short"),
    ];
    let ended = Lesson::run_example("batches", &arguments);
    assert!(ended.lines_and_summary().1.starts_with("Downloaded 3 of 9 sites in "), "{ended:?}");
    for fault in ["/404: 404 Not Found", "/cut-short: the page was cut short"] {
        assert_eq!(ended.stderr.matches(fault).count(), 3, "{ended:?}");
    }
}

// thread_per_page

#[test]
fn threads_that_are_started_lazily_are_joined_one_by_one() {
    let site = Site::start(20);
    let run = example("started_lazily", &["--repeat", "5", "--site", &site.url]);
    let (peak, _, requests) = seen(&site);
    assert_eq!((peak, requests), (1, 10));
    assert_eq!(workers_of(&run, "").len(), 10, "a thread for each page all the same");
}

#[test]
fn twenty_threads_start_when_the_last_twenty_are_joined() {
    let site = Site::start(200);
    let run = example("in_batches", &["--repeat", "25", "--site", &site.url]);
    assert_eq!((site.record.peak_in_flight(), site.record.requests()), (20, 50));
    let times = |key| -> Vec<f64> { items(&run).iter().map(|item| number(item, key)).collect() };
    // They are told in the order of the list.
    let (starts, ends) = (times("start"), times("end"));
    for batch in [20, 40] {
        let last_end = ends[batch - 20..batch].iter().copied().fold(0.0, f64::max);
        assert!(starts[batch..].iter().all(|start| *start >= last_end), "{run}");
    }
    let ended =
        Lesson::run_example("in_batches", &["--latency", "1", "--repeat", "25", "--panic", "23"]);
    assert!(ended.lines_and_summary().1.starts_with("Downloaded 49 of 50 sites in "), "{ended:?}");
}

/// Every other page is answered at once: a pool goes on with the others, a batch waits.
#[test]
fn one_slow_page_holds_up_its_batch() {
    let site = Site::start(50);
    let (slow, quick) = (format!("{}/dice", site.url), format!("{}/record", site.url));
    let pages = ["--repeat", "80", &slow, &quick];
    let batches = example("in_batches", &pages);
    assert_eq!(site.record.peak_in_flight(), 10);
    lesson("threaded_downloader", &[&["--workers", "20"], &pages[..]].concat());
    assert!(site.record.peak_in_flight() > 15, "{}", site.record.peak_in_flight());
    assert_eq!(batches["done"], 160);
}

// work_queue

/// When a page was in the queue, for each of them.
fn filled(run: &Value) -> Vec<f64> {
    run["asides"].as_array().expect("asides").iter().map(|aside| number(aside, "end")).collect()
}

#[test]
fn who_fills_a_queue_without_a_bound_never_waits() {
    let site = Site::start(100);
    let arguments = ["--site", &site.url];
    let first_end = |run: &Value| {
        items(run).iter().map(|item| number(item, "end")).fold(f64::INFINITY, f64::min)
    };
    let early = |run: &Value| filled(run).iter().filter(|end| **end < first_end(run)).count();
    let run = example("no_bound", &arguments);
    assert_eq!((early(&run), filled(&run).len()), (20, 20), "{run}");
    // Two in the queue, and one with each of four workers.
    let run = lesson("work_queue", &arguments);
    assert!(early(&run) <= 6, "{run}");
}

#[cfg(unix)]
#[test]
fn a_sender_that_is_kept_keeps_the_workers_waiting() {
    let site = Site::start(1);
    let arguments = ["--repeat", "3", "--site", &site.url];
    let mut running = Lesson::start_program(&tests::example("sender_kept"), &arguments, &[]);
    for _ in 0..6 {
        running.line();
    }
    thread::sleep(std::time::Duration::from_millis(500));
    assert!(is_alive(running.id()), "all pages are there, and it has not ended");
    signal("-INT", running.id());
    thread::sleep(std::time::Duration::from_millis(100));
    signal("-INT", running.id());
    wait_until("it ends", || !is_alive(running.id()));
    assert_eq!(running.wait().code(), 130);
    assert_eq!(site.record.requests(), 6);
    // With the sender gone, it ends by itself.
    lesson("work_queue", &arguments);
}

#[test]
fn a_sentinel_for_each_worker_ends_it() {
    let site = Site::start(50);
    let run = example("sentinel", &["--site", &site.url]);
    assert_eq!((site.record.peak_in_flight(), site.record.requests()), (4, 20));
    assert_eq!(workers_of(&run, "").len(), 4);
    example("sentinel", &["--latency", "1", "--workers", "7", "--hold-the-lock"]);
}

// sequential_await

fn peaks(run: &Value) -> BTreeMap<&str, u64> {
    let peak = |name| part(run, name)["facts"]["peak_in_flight"].as_u64().expect("a peak");
    ["one by one", "joined"].into_iter().map(|name| (name, peak(name))).collect()
}

#[test]
fn futures_that_are_collected_first_are_still_awaited_one_by_one() {
    let site = Site::start(20);
    let arguments = ["--site", &site.url];
    let run = example("collected_first", &arguments);
    assert_eq!(peaks(&run), BTreeMap::from([("one by one", 1), ("joined", 1)]));
    assert_eq!(seen(&site), (1, 1, 20));
    assert_eq!(peaks(&lesson("sequential_await", &arguments))["joined"], 10);
}

#[test]
fn tasks_that_are_awaited_one_by_one_run_all_at_once() {
    let site = Site::start(100);
    let run = example("spawned", &["--site", &site.url]);
    assert_eq!(peaks(&run), BTreeMap::from([("one by one", 10), ("joined", 10)]));
    assert_eq!(seen(&site), (10, 10, 20));
    assert_eq!(peaks(&lesson("sequential_await", &["--latency", "20"]))["one by one"], 1);
}
