//! What the lesson claims, and what the tutorial says of its examples.

use harness::Limit;
use testing::record::{first_end, number, peak, section, took};
use testing::{OwnLesson, has_no_second_core, own_lesson};

const LESSON: OwnLesson = own_lesson!();

#[test]
fn the_gil_is_asked_for_after_the_time_of_cpython() {
    assert_eq!(LESSON.described().limit, Limit::Fixed(20));
    assert_eq!(LESSON.defaults(["interval", "number", "calls"]), ["5000", "35", "20"]);
}

#[test]
fn numbers_that_make_no_sense_are_refused() {
    LESSON.program().takes_only("--interval", 10..=1_000_000);
}

/// With the lock one thread works at a time, however many cores there are. Others may use this machine,
/// so that without it there is more is tried a few times.
#[test]
fn with_a_gil_one_thread_works_at_a_time() {
    let mut seen = Vec::new();
    let gains = (0..30).any(|_| {
        let run = LESSON.record(&["--number", "33", "--workers", "4"]);
        let busy = |name| number(&section(&run, name).1["facts"], "cores_busy");
        let (one, with, without) =
            (busy("one thread"), busy("threads with a GIL"), busy("threads without"));
        assert!(one < 1.05 && with < 1.15, "{one} and {with} cores");
        // They wait for it at once, and go on at once without it.
        assert!(peak(section(&run, "threads with a GIL").1) > 1);
        seen.push(without);
        without > 1.2 || has_no_second_core()
    });
    assert!(gains, "cores busy without a GIL: {seen:?}");
}

/// It is handed on: no thread has to wait until another has done its call.
#[test]
fn the_gil_is_handed_on_within_a_call() {
    let run = LESSON.record(&["--calls", "4", "--number", "38", "--interval", "1000"]);
    let (calls, _) = section(&run, "threads with a GIL");
    let last_start = calls.iter().map(|call| number(call, "start")).fold(0.0, f64::max);
    let first_end = calls.iter().map(|call| number(call, "end")).fold(f64::INFINITY, f64::min);
    assert!(last_start < first_end, "{calls:?}");
    // Each has had about as much of it as the others when the first is done.
    let longest = calls.iter().map(|call| took(call)).fold(0.0, f64::max);
    let shortest = calls.iter().map(|call| took(call)).fold(f64::INFINITY, f64::min);
    assert!(shortest > 0.6 * longest, "{calls:?}");
}

/// With an interval that is longer than any call, it is never asked for: a call keeps it to its end.
#[test]
fn a_gil_that_nobody_asks_for_is_kept_for_a_whole_call() {
    let arguments = ["--workers", "4", "--calls", "8", "--interval", "1000000"];
    let run = LESSON.record(&arguments);
    let (calls, _) = section(&run, "threads with a GIL");
    // The first has its turn at once; those that queue behind others work for a quarter of their time or so.
    let shares = calls.iter().map(|call| number(call, "working") / took(call));
    let queued = shares.filter(|share| *share < 0.5).count();
    assert!(queued >= 5, "{calls:?}");
    let mut ends: Vec<f64> = calls.iter().map(|call| number(call, "end")).collect();
    ends.sort_by(f64::total_cmp);
    let shortest = calls.iter().map(|call| number(call, "working")).fold(f64::INFINITY, f64::min);
    assert!(ends.windows(2).all(|two| two[1] - two[0] > 0.5 * shortest), "one by one: {ends:?}");
}

#[test]
fn who_waits_without_the_gil_lets_others_compute() {
    let run = LESSON.example("waits_outside").record(&["--number", "20", "--calls", "10"]);
    let seconds = |name| number(section(&run, name).1, "seconds");
    // Ten times 50 ms in a row, and at once.
    let ratio = seconds("one thread") / seconds("threads with a GIL");
    assert!(ratio > 3.0, "{ratio}");
    // It is still one core that computes.
    let run = LESSON.example("waits_outside").record(&[
        "--number",
        "33",
        "--calls",
        "8",
        "--workers",
        "4",
    ]);
    let facts = &section(&run, "threads with a GIL").1["facts"];
    assert!(number(facts, "cores_busy") < 1.15, "{facts}");
}

#[test]
fn with_a_gil_each_threads_compute_at_once() {
    // With one GIL, which nobody has to hand on so soon, they would end one after another.
    let arguments = ["--number", "36", "--calls", "4", "--workers", "4", "--interval", "1000000"];
    let at_once = |_| {
        let run = LESSON.example("gil_each").record(&arguments);
        first_end(&section(&run, "threads with a GIL").0) > 0.5
    };
    assert!((0..5).any(at_once), "they end one after another");
}
