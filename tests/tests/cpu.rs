//! The lessons that compute, side by side: right results, real work, and as many calls at once as there are
//! workers.

use course::Lesson;
use harness::{Limit, Model};
use serde_json::Value;
use testing::record::{items, number, peak, shortest};
use testing::{first, lessons, only_does, program};

/// The lessons that only do calls, once each.
fn cpu_lessons() -> impl Iterator<Item = &'static Lesson> {
    lessons().iter().filter(|lesson| only_does(lesson, "call"))
}

fn run(lesson: &Lesson, arguments: &[&str]) -> Value {
    program(lesson.name()).record(arguments)
}

/// The most items that were in progress at once.
fn most_at_once(run: &Value) -> usize {
    let items = items(run);
    let begun = |moment: f64| items.iter().filter(|it| number(it, "start") <= moment).count();
    let ended = |moment: f64| items.iter().filter(|it| number(it, "end") <= moment).count();
    let starts = items.iter().map(|item| number(item, "start"));
    starts.map(|start| begun(start) - ended(start)).max().unwrap_or_default()
}

#[test]
fn the_results_are_printed_and_right() {
    assert!(cpu_lessons().count() >= 4);
    for lesson in cpu_lessons() {
        let name = lesson.name();
        let ended = program(name).run(&["--number", "20", "--calls", "7"]);
        assert_eq!((ended.code(), ended.stderr.as_str()), (0, ""), "{name}");
        let (lines, summary) = ended.lines_and_summary();
        assert_eq!(lines, ["fib(20) = 6765"; 7], "{name}");
        assert!(summary.starts_with("Computed in ") && summary.ends_with(" seconds"), "{summary}");
    }
}

#[test]
fn json_holds_the_whole_run() {
    for lesson in cpu_lessons() {
        let name = lesson.name();
        let run = run(lesson, &["--number", "20", "--calls", "7"]);
        assert_eq!(run["lesson"], name);
        assert_eq!(run["model"], lesson.model().name(), "{name}");
        assert_eq!((&run["done"], &run["failed"]), (&7.into(), &0.into()), "{name}");
        assert_eq!(run["results"], Value::from(vec![6765; 7]), "{name}");
        assert_eq!(run["items"][0]["label"], "fib(20)", "{name}");
        assert_eq!(run["items"][0]["result"], 6765, "{name}");
    }
}

#[test]
fn the_edges_of_fib() {
    for lesson in cpu_lessons() {
        for (n, fib) in [("0", 0), ("1", 1), ("2", 1)] {
            let run = run(lesson, &["--number", n, "--calls", "1"]);
            assert_eq!(run["results"][0], fib, "{}", lesson.name());
        }
    }
}

/// If the calls were computed once for all of them, or not at all, the later ones would take no time. (Those in
/// another process also take time for communication.)
#[test]
fn every_call_does_the_whole_work() {
    for lesson in cpu_lessons().filter(|lesson| lesson.model() != Model::Processes) {
        let small = shortest(&run(lesson, &["--number", "20", "--calls", "10"]));
        let large = shortest(&run(lesson, &["--number", "30", "--calls", "10"]));
        // fib(30) makes 123 times as many calls as fib(20).
        assert!(large > 20.0 * small, "{}: {small} and {large} seconds", lesson.name());
    }
}

#[test]
fn without_workers_there_is_one_call_at_once_on_one_thread() {
    let with_one = || cpu_lessons().filter(|lesson| lesson.limit() == Limit::One);
    assert!(
        [Model::Sync, Model::Async].map(|it| with_one().any(|one| one.model() == it)) == [true; 2]
    );
    for lesson in with_one() {
        let run = run(lesson, &["--number", "22"]);
        assert_eq!((most_at_once(&run), peak(&run)), (1, 1), "{}", lesson.name());
        assert!(items(&run).iter().all(|item| item["worker"] == "main"), "{}", lesson.name());
    }
}

#[test]
fn as_many_calls_at_once_as_workers() {
    let with_several = || cpu_lessons().filter(|lesson| lesson.takes("workers"));
    assert!(with_several().count() >= 2);
    for lesson in with_several() {
        // Perhaps more workers than cores: their calls are in progress at once anyway.
        let run = run(lesson, &["--number", "35", "--calls", "12", "--workers", "4"]);
        assert_eq!(run["workers"], 4, "{}", lesson.name());
        assert_eq!((most_at_once(&run), peak(&run)), (4, 4), "{}", lesson.name());
    }
}

/// Every awaited call costs: about 17 times the time, which even a busy machine does not hide.
#[test]
fn async_is_slower_than_sync() {
    let seconds = |model| {
        let lesson = first("calls", |it| only_does(it, "call") && it.model() == model);
        number(&run(lesson, &["--number", "27", "--calls", "5"]), "seconds")
    };
    let (sync, asynchronous) = (seconds(Model::Sync), seconds(Model::Async));
    assert!(asynchronous > 2.0 * sync, "sync {sync}, async {asynchronous}");
}

#[test]
fn worker_processes_compute_what_threads_do() {
    let run = |model| {
        let lesson = first("calls", |it| only_does(it, "call") && it.model() == model);
        run(lesson, &["--number", "33", "--calls", "12", "--workers", "3"])
    };
    let (processes, threads) = (run(Model::Processes), run(Model::Threads));
    assert_eq!(processes["results"], threads["results"]);
    assert_eq!((&processes["model"], &processes["workers"]), (&"processes".into(), &3.into()));
    assert_eq!(processes["facts"]["workers"], 3, "{processes}");
}
