//! The four CPU lessons: right results, real work, and as many calls at once as there are workers.

use serde_json::Value;
use tests::Lesson;

const CPU_LESSONS: [&str; 4] = ["sync_cpu", "threaded_cpu", "async_cpu", "parallel_cpu"];

fn run(name: &str, arguments: &[&str]) -> Value {
    let ended = Lesson::run(name, &[&["--json"], arguments].concat());
    assert_eq!(ended.code(), 0, "{name}: {ended:?}");
    ended.json()
}

/// When each item began and ended, in seconds.
fn times(run: &Value) -> Vec<(f64, f64)> {
    let items = run["items"].as_array().expect("items");
    items
        .iter()
        .map(|item| {
            (item["start"].as_f64().expect("a start"), item["end"].as_f64().expect("an end"))
        })
        .collect()
}

/// The most items that were in progress at once.
fn most_at_once(run: &Value) -> usize {
    let times = times(run);
    let at =
        |moment: f64| times.iter().filter(|(start, end)| *start <= moment && moment < *end).count();
    times.iter().map(|(start, _)| at(*start)).max().unwrap_or_default()
}

#[test]
fn the_results_are_printed_and_right() {
    for name in CPU_LESSONS {
        let ended = Lesson::run(name, &["--number", "20", "--calls", "7"]);
        assert_eq!((ended.code(), ended.stderr.as_str()), (0, ""), "{name}");
        let (lines, summary) = ended.lines_and_summary();
        assert_eq!(lines, ["fib(20) = 6765"; 7], "{name}");
        assert!(summary.starts_with("Computed in ") && summary.ends_with(" seconds"), "{summary}");
    }
}

#[test]
fn json_holds_the_whole_run() {
    for name in CPU_LESSONS {
        let run = run(name, &["--number", "20", "--calls", "7"]);
        assert_eq!(run["lesson"], name);
        assert_eq!((&run["done"], &run["failed"]), (&7.into(), &0.into()), "{name}");
        assert_eq!(run["results"], Value::from(vec![6765; 7]), "{name}");
        assert_eq!(run["items"][0]["label"], "fib(20)", "{name}");
        assert_eq!(run["items"][0]["result"], 6765, "{name}");
    }
}

#[test]
fn the_edges_of_fib() {
    for name in CPU_LESSONS {
        assert_eq!(run(name, &["--number", "0", "--calls", "1"])["results"][0], 0, "{name}");
        assert_eq!(run(name, &["--number", "1", "--calls", "1"])["results"][0], 1, "{name}");
        assert_eq!(run(name, &["--number", "2", "--calls", "1"])["results"][0], 1, "{name}");
    }
}

/// Were the calls computed once for all of them, or not at all, the later ones would take no time.
#[test]
fn every_call_does_the_whole_work() {
    for name in CPU_LESSONS {
        let shortest = |run: &Value| {
            times(run).iter().map(|(start, end)| end - start).fold(f64::INFINITY, f64::min)
        };
        let small = shortest(&run(name, &["--number", "20", "--calls", "10"]));
        let large = shortest(&run(name, &["--number", "30", "--calls", "10"]));
        // fib(30) makes 123 times as many calls as fib(20).
        assert!(large > 20.0 * small, "{name}: {small} and {large} seconds");
    }
}

#[test]
fn sync_and_async_have_one_call_at_once_on_one_thread() {
    for name in ["sync_cpu", "async_cpu"] {
        let run = run(name, &["--number", "22"]);
        assert_eq!(most_at_once(&run), 1, "{name}");
        let workers = run["items"].as_array().expect("items").iter().map(|item| &item["worker"]);
        assert!(workers.clone().all(|worker| worker == "main"), "{name}");
    }
}

#[test]
fn threads_and_rayon_have_as_many_calls_at_once_as_workers() {
    for name in ["threaded_cpu", "parallel_cpu"] {
        // More workers than this machine may have cores: they are in progress at once all the same.
        let run = run(name, &["--number", "35", "--calls", "12", "--workers", "4"]);
        assert_eq!(run["workers"], 4, "{name}");
        assert_eq!(most_at_once(&run), 4, "{name}");
    }
}

/// Every awaited call costs: about 17 times the time, so that a busy machine does not hide it.
#[test]
fn async_is_slower_than_sync() {
    let seconds = |name| {
        let run = run(name, &["--number", "27", "--calls", "5"]);
        run["seconds"].as_f64().expect("seconds")
    };
    let (sync, asynchronous) = (seconds("sync_cpu"), seconds("async_cpu"));
    assert!(asynchronous > 2.0 * sync, "sync {sync}, async {asynchronous}");
}
