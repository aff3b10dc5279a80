//! What the lesson claims, and what the tutorial says of its examples. What is asked of a server that stays up is in
//! `served`.

use harness::{Limit, Model, cores};
use serde_json::Value;
use testing::record::{number, section, took, worked};
use testing::{Ended, OwnLesson, Program, own_lesson};
#[cfg(unix)]
use testing::{children, is_alive, signal, wait_until};

// Its server is ended by Ctrl-C.
#[cfg(unix)]
mod served;

const LESSON: OwnLesson = own_lesson!();

/// How many times a word comes after a number in the output: `36 with 503`.
fn said(ended: &Ended, words: &str) -> u64 {
    let text = ended.stdout.replace('\n', " ");
    let before = text.split(words).next().filter(|before| before.len() < text.len());
    let number = before.and_then(|before| before.split_whitespace().next_back()?.parse().ok());
    number.unwrap_or_default()
}

/// The requests that the summary counts.
fn answered(ended: &Ended) -> u64 {
    let (_, summary) = ended.lines_and_summary();
    let mut numbers = summary.split(' ').filter_map(|word| word.parse().ok());
    numbers.next().unwrap_or_else(|| panic!("{summary}"))
}

// By itself

#[test]
fn four_workers_and_requests_of_fifty_milliseconds() {
    let described = LESSON.described();
    assert_eq!((described.model, described.limit), (Model::Threads, Limit::Fixed(4)));
    let defaults = LESSON.defaults(["latency", "clients", "slow", "queue"]);
    assert_eq!(defaults, ["50", "16", "4", "64"]);
    let help = LESSON.run(&["--help"]).stdout;
    assert!(help.contains("[default: 127.0.0.1]") && help.contains("[default: 8000]"), "{help}");
}

/// How many times as fast as one worker.
fn times(run: &Value) -> f64 {
    let seconds = |name| number(section(run, name).1, "seconds");
    seconds("one worker") / seconds("the pool")
}

#[test]
fn requests_that_wait_are_answered_as_many_times_as_fast_as_there_are_workers() {
    for (workers, least) in [("4", 2.5), ("16", 7.0)] {
        let run = LESSON.record(&["--latency", "100", "--workers", workers]);
        let (one, _) = section(&run, "one worker");
        let (all, facts) = section(&run, "the pool");
        assert_eq!((one.len(), all.len()), (48, 48));
        assert_eq!(facts["facts"]["peak_in_flight"].to_string(), workers);
        let times = times(&run);
        assert!(times > least, "{times} times with {workers}");
        // And no faster than they can: each waits 100 ms for each of its requests.
        let each = 48.0 / workers.parse::<f64>().expect("a number");
        assert!(number(facts, "seconds") >= 0.1 * each, "{facts}");
    }
    // Sixteen clients, so no more.
    let run = LESSON.record(&["--latency", "100", "--workers", "32"]);
    assert_eq!(section(&run, "the pool").1["facts"]["peak_in_flight"], 16);
}

#[test]
fn requests_that_compute_wait_for_the_cores() {
    let workers = (4 * cores()).to_string();
    let clients = ["--clients", &workers, "--workers", &workers, "--requests", "60"];
    let share = |path| {
        let run = LESSON.record(&[&clients[..], &["--path", path]].concat());
        let (all, _) = section(&run, "the pool");
        worked(&all) / all.iter().map(|item| took(item)).sum::<f64>()
    };
    // With four workers for each core, each has a core for a quarter of the time or less.
    let computing = share("/fib/32");
    assert!(computing < 0.5, "{computing}");
    assert!(share("/jython") < 0.2);
}

#[test]
fn slow_clients_do_not_hold_up_the_others() {
    let seconds = |slow| {
        let run = LESSON.record(&["--workers", "2", "--slow", slow]);
        (
            number(section(&run, "one worker").1, "seconds"),
            number(section(&run, "the pool").1, "seconds"),
        )
    };
    let (quiet, slow) = (seconds("0"), seconds("100"));
    assert!(slow.0 < 2.0 * quiet.0 && slow.1 < 2.0 * quiet.1, "{quiet:?} and {slow:?}");
}

/// In all: the requests of both parts.
fn flooded(program: &Program, more: &[&str]) -> Ended {
    program.run(
        &[&["--clients", "100", "--requests", "100", "--workers", "4", "--slow", "0"], more]
            .concat(),
    )
}

/// The longest that a client waited, in seconds.
fn longest_wait(ended: &Ended) -> f64 {
    let text = ended.stdout.replace('\n', " ");
    let wait = text.split("they waited ").nth(1).and_then(|rest| rest.split(' ').next());
    wait.and_then(|wait| wait.parse().ok()).unwrap_or_else(|| panic!("{ended:?}"))
}

#[test]
fn what_is_too_much_is_refused_at_once_and_counted_on_both_sides() {
    let ended = flooded(&LESSON.program(), &["--queue", "8"]);
    assert_eq!((ended.code(), ended.stderr.as_str()), (1, ""), "{ended:?}");
    let (done, refused) = (answered(&ended), said(&ended, " with 503"));
    assert_eq!((said(&ended, " answers"), said(&ended, " refusals (503)")), (done, refused));
    assert_eq!((done + refused, said(&ended, " without an answer")), (200, 0), "{ended:?}");
    // At least those who found room: the queue, and the workers.
    assert!((9 + 12..150).contains(&done), "{done}");

    // Without a bound nobody is refused, and the last one waits for all others.
    let endless = flooded(&LESSON.example("endless_queue"), &["--queue", "8"]);
    assert_eq!((endless.code(), answered(&endless)), (0, 200), "{endless:?}");
    assert_eq!((said(&endless, " answers"), said(&endless, " refusals (503)")), (200, 0));
    let waits = (longest_wait(&ended), longest_wait(&endless));
    assert!(waits.1 > 4.0 * waits.0, "{waits:?}");

    // And so it is where the main thread waits for room.
    let patient = flooded(&LESSON.example("back_pressure"), &["--queue", "8"]);
    assert_eq!((patient.code(), answered(&patient)), (0, 200), "{patient:?}");
    assert!(longest_wait(&patient) > 4.0 * waits.0, "{waits:?} and {patient:?}");
}

#[test]
fn a_thread_for_each_request_has_no_limit() {
    let arguments = ["--clients", "100", "--requests", "200", "--latency", "500"];
    let peaks = |program: &Program| {
        let run = program.record(&arguments);
        let peak = |name| section(&run, name).1["facts"]["peak_in_flight"].as_u64();
        ["a thread each", "and again"].map(|name| peak(name).expect("a peak"))
    };
    let each = peaks(&LESSON.example("thread_each"));
    assert!(each.iter().all(|peak| (50..=100).contains(peak)), "{each:?}");
}

#[test]
fn the_end_says_requests_per_second_as_a_multiple_of_one_worker() {
    let ended = LESSON.run(&["--latency", "100"]);
    assert_eq!(
        (ended.code(), answered(&ended), said(&ended, " answers")),
        (0, 96, 96),
        "{ended:?}"
    );
    let text = ended.stdout.replace('\n', " ");
    let words: Vec<&str> =
        text.split("Requests a second: one worker ").nth(1).expect("a rate").split(' ').collect();
    let rate = |at: usize| words[at].trim_end_matches(',').parse::<f64>().expect("a number");
    // "10, the pool 38, 3.9 times as many."
    assert_eq!(words[1..3], ["the", "pool"], "{words:?}");
    assert!((rate(4) - rate(3) / rate(0)).abs() < 0.1 * rate(4), "{words:?}");
}

#[cfg(unix)]
#[test]
fn clients_that_are_killed_are_told_and_end_it() {
    let mut running = LESSON.program().start(&["--latency", "200"]);
    running.item_line();
    let clients = children(running.id());
    assert_eq!(clients.len(), 1);
    signal("-KILL", clients[0]);
    let ended = running.wait();
    assert_eq!(ended.code(), 1, "{ended:?}");
    assert!(ended.stdout.contains("The clients' process ended early."), "{ended:?}");
}

#[cfg(unix)]
#[test]
fn after_ctrl_c_the_counts_of_both_sides_are_the_same() {
    let mut running = LESSON.program().start(&["--requests", "400", "--clients", "40"]);
    for _ in 0..5 {
        running.item_line();
    }
    let clients = children(running.id());
    signal("-INT", running.id());
    let ended = running.wait();
    assert_eq!((ended.code(), ended.stderr.as_str()), (130, ""), "{ended:?}");
    assert_eq!(said(&ended, " answers"), answered(&ended), "{ended:?}");
    assert_eq!(said(&ended, " refusals (503)"), said(&ended, " with 503"), "{ended:?}");
    wait_until("the end of the clients", || !clients.iter().any(|client| is_alive(*client)));
}

// The arguments

#[test]
fn arguments_that_cannot_be() {
    let program = LESSON.program();
    program.takes_only("--clients", 1..=400);
    program.takes_only("--slow", 0..=100);
    program.takes_only("--queue", 1..=1_000);
    program.takes_only("--latency", 0..=60_000);
    program.refuses(&["--port", "8000"], "--serve");
    program.refuses(&["--serve", "--clients", "3"], "cannot be used with");
    program.refuses(&["--serve", "--bind", "nowhere"], "invalid");
    for path in ["jython", "", "/a b", "/a\u{e9}", "/#a"] {
        program.refuses(&["--path", path], "a path such as /jython");
    }
}

#[test]
fn a_page_that_is_not_there_is_an_answer() {
    let ended = LESSON.run(&["--path", "/nowhere", "--requests", "4"]);
    assert_eq!((ended.code(), answered(&ended)), (0, 8), "{ended:?}");
    assert!(ended.stdout.contains("/nowhere: 404, "), "{ended:?}");
}
