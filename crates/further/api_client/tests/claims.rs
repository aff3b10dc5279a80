//! What the lesson claims, and what the tutorial says of its examples.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use harness::Limit;
use serde_json::Value;
use test_sites::Site;
use testing::record::{items, number, section, took};
use testing::{Ended, OwnLesson, own_lesson, wait_until};
#[cfg(unix)]
use testing::{children, is_alive, signal};

const LESSON: OwnLesson = own_lesson!();
const SECTIONS: [&str; 2] = ["tasks", "threads"];
/// The slow service takes twice the deadline, and the others a fraction of it, even on a busy machine.
const LATENCY: u64 = 100;
const DEADLINE: [&str; 2] = ["--deadline", "2"];

fn at(site: &Site) -> Vec<&str> {
    [&["--site", site.url.as_str()], &DEADLINE[..]].concat()
}

/// The services that answered in a section.
fn answered(run: &Value, name: &str) -> Vec<String> {
    let (items, _) = section(run, name);
    let there = items.iter().filter(|item| item["result"] == 1);
    let mut names: Vec<String> =
        there.map(|item| item["label"].as_str().expect("a label").into()).collect();
    names.sort_unstable();
    names
}

fn item<'run>(run: &'run Value, part: &str, name: &str) -> &'run Value {
    let (items, _) = section(run, part);
    let found = items.into_iter().find(|item| item["label"] == name);
    found.unwrap_or_else(|| panic!("no {name}: {run}"))
}

/// What is printed of a section, until the next one or the summary.
fn told<'text>(ended: &'text Ended, name: &str) -> &'text str {
    let of_it = ended.stdout.split(&format!("-- {name}\n")).nth(1);
    let of_it = of_it.unwrap_or_else(|| panic!("no {name}: {ended:?}"));
    of_it.split("\n-- ").next().and_then(|text| text.split("\nAsked ").next()).expect("text")
}

#[test]
fn ten_services_at_once_and_a_second_for_all() {
    assert_eq!(LESSON.described().limit, Limit::OneEach);
    let options = ["latency", "deadline", "retries", "need", "timeout"];
    assert_eq!(LESSON.defaults(options), ["50", "1", "3", "1", "10"]);
    let program = LESSON.program();
    program.takes_only("--retries", 0..=10);
    program.takes_only("--need", 0..=10);
    program.refuses(&["--deadline", "0"], "a number of seconds");
    program.refuses(&["--site", "http://a", "--latency", "1"], "cannot be used with");
}

#[test]
fn the_answer_takes_the_deadline_and_a_thread_takes_as_long_as_its_service() {
    let site = Site::start(LATENCY);
    let run = LESSON.record(&at(&site));
    let [tasks, threads] = SECTIONS.map(|name| number(section(&run, name).1, "seconds"));
    let slowest = took(item(&run, "threads", "reviews"));
    assert!(slowest >= 40.0 * 0.1, "it is not cut short: {slowest}");
    assert!((0.45..0.8).contains(&(tasks / slowest)), "{tasks} {slowest}");
    assert!(threads >= slowest, "{threads} {slowest}");
    // Its task ends at the deadline.
    let cancelled = took(item(&run, "tasks", "reviews"));
    assert!((0.45..0.8).contains(&(cancelled / slowest)), "{cancelled} {slowest}");
    // All ten were in flight at once: one after another they take 57 latencies and more.
    for name in SECTIONS {
        assert_eq!(testing::record::peak(section(&run, name).1), 10, "{name}");
        let there = ["pictures", "points", "price", "rates", "shipping", "stock", "tax"];
        assert_eq!(answered(&run, name), there, "{name}");
    }
    assert_eq!((&run["answers"], &run["done"]), (&14.into(), &20.into()));
    // Ten, and two repetitions, in each section. The order was not repeated.
    wait_until("the last answer", || site.record.in_flight() == 0);
    assert_eq!((site.record.requests(), site.record.given_up()), (24, 1));
}

/// The site proves it: a task's request is given up, a thread's is not.
#[test]
fn what_is_cancelled_is_closed_and_what_is_missing_is_named() {
    let site = Site::start(LATENCY);
    let ended = LESSON.run(&at(&site));
    assert_eq!((ended.code(), ended.stderr.as_str()), (0, ""), "{ended:?}");
    let seen = ["1 given up by the client, 0 still", "0 given up by the client, 1 still"];
    for (name, seen) in SECTIONS.into_iter().zip(seen) {
        let told = told(&ended, name);
        for line in [
            "s: 7 of 10 answers\n",
            "  no answer from reviews: not answered within 2 s\n",
            "  no answer from coupons: what it sent is not the JSON of an answer\n",
            "  no answer from order: 503 Service Unavailable\n",
            &format!("The site saw 12 requests: {seen} in flight"),
            "price: 1299\n",
            "rates: 108\n",
        ] {
            assert!(told.contains(line), "{name}: no '{line}': {told}");
        }
        // The answer is there at the deadline, though the thread goes on.
        let after = told.split("After ").nth(1).and_then(|rest| rest.split(' ').next());
        let after: f64 = after.and_then(|after| after.parse().ok()).expect("a time");
        assert!((1.0..1.6).contains(&(after / 2.0)), "{name}: {after}");
    }
}

#[test]
fn with_more_time_there_is_more_and_without_retries_there_is_less() {
    let site = Site::start(5);
    let run = LESSON.record(&at(&site));
    assert_eq!(answered(&run, "tasks").len(), 8, "{run}");
    assert_eq!(answered(&run, "threads"), answered(&run, "tasks"));
    assert_eq!(site.record.given_up(), 0);
    let run = LESSON.record(&[&at(&site)[..], &["--retries", "0"]].concat());
    for name in SECTIONS {
        assert_eq!(item(&run, name, "rates")["result"], 0, "{run}");
        assert_eq!(answered(&run, name).len(), 7, "{run}");
    }
}

/// A time limit for each attempt, within the deadline: the second request to the slow service is a quick one.
#[test]
fn an_attempt_that_is_given_up_in_time_can_be_repeated() {
    let site = Site::start(LATENCY);
    let run = LESSON.record(&[&at(&site)[..], &["--timeout", "1"]].concat());
    for name in SECTIONS {
        assert_eq!(item(&run, name, "reviews")["answer"], 4, "{run}");
    }
    wait_until("the connections' end", || site.record.in_flight() == 0);
    // With a time-out, a thread gives up, too: by itself.
    assert_eq!((site.record.requests(), site.record.given_up()), (2 * 13, 2));
}

#[test]
fn too_few_answers_are_a_failure() {
    let site = Site::start(5);
    for (need, status) in [("8", 0), ("9", 1), ("10", 1)] {
        let ended = LESSON.run(&[&at(&site)[..], &["--need", need]].concat());
        assert_eq!((ended.code(), ended.stderr.as_str()), (status, ""), "{need}: {ended:?}");
    }
}

/// A site of this test: it does this with each connection, and knows when a request came, and for what.
struct OddSite {
    url: String,
    came: Arc<Mutex<Vec<(String, Instant)>>>,
}

type Conduct = fn(&mut TcpStream) -> std::io::Result<()>;

impl OddSite {
    fn start(conduct: Conduct) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let came = Arc::<Mutex<Vec<_>>>::default();
        let log = came.clone();
        let serve = move |mut stream: TcpStream, log: &Mutex<Vec<(String, Instant)>>| {
            let mut lines = BufReader::new(stream.try_clone()?);
            let mut head = String::new();
            while !head.ends_with("\r\n\r\n") && lines.read_line(&mut head)? > 0 {}
            let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
            if path != "/record" {
                log.lock().expect("no panic").push((path, Instant::now()));
            }
            conduct(&mut stream)
        };
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let log = log.clone();
                thread::spawn(move || serve(stream, &log));
            }
        });
        Self { url, came }
    }

    /// When the requests for each service of each run came, one after another.
    fn came(&self) -> BTreeMap<String, Vec<Instant>> {
        let mut came = BTreeMap::<String, Vec<Instant>>::new();
        for (path, when) in self.came.lock().expect("no panic").iter() {
            came.entry(path.clone()).or_default().push(*when);
        }
        came
    }
}

fn is_busy(stream: &mut TcpStream) -> std::io::Result<()> {
    let head = "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    stream.write_all(head.as_bytes())
}

#[test]
fn waits_grow_and_are_random_and_an_order_is_not_repeated() {
    let site = OddSite::start(is_busy);
    let ended = LESSON.run(&["--site", &site.url, "--deadline", "30"]);
    assert_eq!((ended.code(), ended.stderr.as_str()), (1, ""), "{ended:?}");
    let came = site.came();
    assert_eq!(came.len(), 20, "{came:?}");
    let mut gaps: [Vec<f64>; 3] = Default::default();
    for (path, when) in came {
        if path.starts_with("/services/order?") {
            assert_eq!(when.len(), 1, "{path}");
            continue;
        }
        assert_eq!(when.len(), 4, "{path}");
        for (gaps, pair) in gaps.iter_mut().zip(when.windows(2)) {
            gaps.push((pair[1] - pair[0]).as_secs_f64());
        }
    }
    let means = gaps.each_ref().map(|gaps| gaps.iter().sum::<f64>() / gaps.len() as f64);
    for pair in means.windows(2) {
        assert!((1.3..3.0).contains(&(pair[1] / pair[0])), "twice as long each time: {means:?}");
    }
    for gaps in gaps {
        let longest = gaps.iter().copied().fold(0.0, f64::max);
        let shortest = gaps.iter().copied().fold(f64::INFINITY, f64::min);
        assert!(longest > 1.3 * shortest, "not all the same: {gaps:?}");
    }
}

#[test]
fn no_fault_hangs_it_or_is_taken_for_an_answer() {
    let silent: Conduct = |stream| {
        stream.read_to_end(&mut Vec::new())?; // until the client closes it
        Ok(())
    };
    // A right answer, which takes three times the time-out of an attempt.
    let byte_by_byte: Conduct = |stream| {
        for byte in b"HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\n{\"answer\":1}" {
            stream.write_all(&[*byte])?;
            thread::sleep(Duration::from_millis(120));
        }
        Ok(())
    };
    let faults: [(_, Conduct, _); 7] = [
        ("cut", |_| Ok(()), "the connection was"),
        ("silent", silent, "not answered within 1 s"),
        ("byte by byte", byte_by_byte, "not answered within 1 s"),
        (
            "garbage",
            |it| it.write_all(b"\x00\xff nonsense\r\n\r\n"),
            "the answer is not valid HTTP",
        ),
        (
            "cut short",
            |it| it.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{"),
            "cut short",
        ),
        (
            "another JSON",
            |it| it.write_all(b"HTTP/1.1 200 OK\r\n\r\n{\"answer\":-1}"),
            "not the JSON",
        ),
        (
            "flood",
            |stream| {
                stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n")?;
                loop {
                    stream.write_all(&[b'1'; 10_000])?;
                }
            },
            "no answer",
        ),
    ];
    for (name, conduct, why) in faults {
        let site = OddSite::start(conduct);
        let arguments =
            ["--site", &site.url, "--deadline", "1", "--timeout", "2", "--retries", "1"];
        let ended = LESSON.run(&arguments);
        assert_eq!((ended.code(), ended.stderr.as_str()), (1, ""), "{name}: {ended:?}");
        assert_eq!(ended.stdout.matches("s: 0 of 10 answers").count(), 2, "{name}: {ended:?}");
        for section in SECTIONS {
            assert!(told(&ended, section).contains(why), "{name}: {ended:?}");
        }
        // Only what may pass is repeated, and no order.
        let repeats = ["cut", "cut short"].contains(&name);
        let asked = site.came().values().map(Vec::len).max();
        assert_eq!(asked, Some(if repeats { 2 } else { 1 }), "{name}: {:?}", site.came());
    }
    let nobody = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}", nobody.local_addr().expect("an address"));
    drop(nobody);
    let ended = LESSON.run(&["--site", &url]);
    assert_eq!((ended.code(), ended.stderr.as_str()), (1, ""), "{ended:?}");
    let told = ended.stdout.matches(": the connection was refused\n").count();
    assert_eq!(told, 20, "{ended:?}");
}

#[cfg(unix)]
#[test]
fn ctrl_c_ends_it_at_any_moment() {
    let moments: Vec<u64> = (0..12).map(|_| fastrand::u64(0..5_500)).collect();
    let interrupt = |moment: &u64| {
        let running = LESSON.program().start(&["--latency", "100", "--deadline", "2"]);
        thread::sleep(Duration::from_millis(*moment));
        if !is_alive(running.id()) {
            return;
        }
        let processes = children(running.id());
        signal("-INT", running.id());
        let ended = running.wait();
        // Before it has a handler, or after its last line, the signal has its usual effect or none.
        assert!([130, 0, -1].contains(&ended.code()), "after {moment} ms: {ended:?}");
        assert_eq!(ended.stderr, "", "after {moment} ms");
        wait_until("the site's end", || !processes.iter().any(|it| is_alive(*it)));
    };
    for three in moments.chunks(3) {
        thread::scope(|scope| {
            let started = three.iter().map(|moment| scope.spawn(move || interrupt(moment)));
            started.collect::<Vec<_>>().into_iter().for_each(|it| it.join().expect("no panic"));
        });
    }
}

/// The first Ctrl-C cancels tasks at once, and waits for threads; the second waits for nobody.
#[cfg(unix)]
#[test]
fn ctrl_c_cancels_tasks_and_ctrl_c_twice_leaves_threads() {
    let site = Site::start(60_000);
    let arguments = ["--site", &site.url, "--deadline", "100", "--timeout", "100"];
    let start = Instant::now();
    let running = LESSON.program().start(&arguments);
    wait_until("all in flight", || site.record.in_flight() >= 9);
    signal("-INT", running.id());
    let ended = running.wait();
    assert_eq!((ended.code(), ended.stderr.as_str()), (130, ""), "{ended:?}");
    assert!(ended.lines_and_summary().1.starts_with("Interrupted: asked 0 of 20 services in "));
    wait_until("the site to see it", || site.record.in_flight() == 0);

    let arguments = ["--site", &site.url, "--deadline", "1", "--timeout", "100"];
    let mut running = LESSON.program().start(&arguments);
    while running.line() != "-- threads" {}
    wait_until("the threads", || site.record.in_flight() >= 9);
    signal("-INT", running.id());
    thread::sleep(Duration::from_millis(300));
    assert!(is_alive(running.id()), "its threads cannot be cancelled");
    signal("-INT", running.id());
    assert_eq!(running.wait().code(), 130);
    wait_until("the end of the connections", || site.record.in_flight() == 0);
    assert!(start.elapsed() < Duration::from_secs(50), "it waited");
}

#[test]
fn who_drops_only_the_wait_cancels_nothing() {
    let site = Site::start(LATENCY);
    let ended = LESSON.example("not_cancelled").run(&at(&site));
    assert_eq!((ended.code(), ended.stderr.as_str()), (0, ""), "{ended:?}");
    let told = told(&ended, "tasks");
    assert!(told.contains("s: 7 of 10 answers\n"), "{told}");
    assert!(told.contains(": 0 given up by the client, 1 still in flight"), "{told}");
}

#[test]
fn a_storm_is_many_requests_and_no_answer_sooner() {
    let site = Site::start(LATENCY);
    LESSON.record(&at(&site));
    let patient = site.record.requests();
    let run = LESSON.example("storm").record(&at(&site));
    let storm = site.record.requests() - patient;
    // Its threads wait. On a busy machine the storm has pauses, too.
    assert!(storm - 12 > 2 * (patient - 12), "{storm} {patient}");
    let [hurried, waited] = SECTIONS.map(|name| took(item(&run, name, "rates")));
    assert!(hurried > 0.25 * waited, "{hurried} {waited}");
}

#[test]
fn who_repeats_an_order_has_ordered_three_times() {
    let site = Site::start(LATENCY);
    let run = LESSON.example("order_again").record(&at(&site));
    // The site itself counts the orders.
    assert_eq!(item(&run, "tasks", "order")["answer"], 3, "{run}");
    assert_eq!(item(&run, "threads", "order")["result"], 0, "{run}");
    wait_until("the last answer", || site.record.in_flight() == 0);
    assert_eq!(site.record.requests(), 24 + 2);
}

#[test]
fn a_second_request_helps_against_a_slow_one() {
    let site = Site::start(LATENCY);
    let run = LESSON.example("hedged").record(&at(&site));
    let reviews = item(&run, "tasks", "reviews");
    assert_eq!(reviews["answer"], 4, "{run}");
    let alone = took(item(&run, "threads", "reviews"));
    assert!(took(reviews) < 0.5 * alone, "{reviews} {alone}");
    wait_until("the last answer", || site.record.in_flight() == 0);
    assert!(site.record.given_up() >= 1, "the first of the two");

    // One request is hedged, and not all those that `retry` makes: what fails at once is asked again by `retry` alone.
    let site = OddSite::start(is_busy);
    let ended = LESSON.example("hedged").run(&["--site", &site.url, "--deadline", "30"]);
    assert_eq!(ended.code(), 1, "{ended:?}");
    let came: usize = site.came().values().map(Vec::len).sum();
    // On a busy machine, an answer may take 300 ms to come.
    assert!((37 + 37..37 + 37 + 9).contains(&came), "{came}");
}

#[test]
fn an_open_breaker_asks_nobody() {
    let site = OddSite::start(is_busy);
    let ended = LESSON.example("breaker").run(&["--site", &site.url, "--deadline", "30"]);
    assert_eq!((ended.code(), ended.stderr.as_str()), (1, ""), "{ended:?}");
    assert!(told(&ended, "tasks").contains(": not asked: ten requests in a row have failed\n"));
    // Nine of ten would be repeated three times.
    let came: usize = site.came().values().map(Vec::len).sum();
    assert!((10 + 37..10 + 37 + 9).contains(&came), "{came}");
    // With the practice site it stays closed.
    let site = Site::start(LATENCY);
    let run = LESSON.example("breaker").record(&at(&site));
    assert_eq!(answered(&run, "tasks").len(), 7, "{run}");
}

#[test]
fn a_token_cancels_all_the_rest() {
    let site = Site::start(400);
    let ended = LESSON.example("token").run(&["--site", &site.url, "--deadline", "5"]);
    assert_eq!((ended.code(), ended.stderr.as_str()), (0, ""), "{ended:?}");
    let told = told(&ended, "tasks");
    // Those that take two latencies or more, and perhaps one that waits for its turn to ask again.
    let given_up = [6, 7].map(|many| format!(": {many} given up by the client, 0 still in flight"));
    assert!(given_up.iter().any(|words| told.contains(words)), "{told}");
    assert!(told.contains("no answer from tax: cancelled: the order has failed\n"), "{told}");
    assert_eq!(items(&LESSON.example("token").record(&at(&site))).len(), 20);
}
