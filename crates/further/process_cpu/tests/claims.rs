//! What the lesson claims, and what the tutorial says of its examples.

#[cfg(target_os = "linux")]
use std::fs;
#[cfg(unix)]
use std::thread;
#[cfg(unix)]
use std::time::Duration;

use harness::Limit;
use serde_json::Value;
use testing::record::{items, quickest, worked};
use testing::{OwnLesson, own_lesson};
#[cfg(unix)]
use testing::{children, signal, wait_until};

const LESSON: OwnLesson = own_lesson!();

#[test]
fn the_defaults_are_those_of_the_article() {
    assert_eq!(LESSON.described().limit, Limit::PerCore);
    assert_eq!(LESSON.defaults(["number", "calls", "payload"]), ["35", "20", "0"]);
}

#[test]
fn numbers_that_make_no_sense_are_refused() {
    LESSON.program().takes_only("--payload", 0..=100_000_000);
}

/// Writing, copying and reading it is work, on both sides of the border.
#[test]
fn a_payload_costs_work_with_every_call() {
    let work = |payload| {
        let arguments = ["--number", "1", "--calls", "6", "--workers", "1", "--payload", payload];
        let run = LESSON.record(&arguments);
        assert_eq!(run["results"], Value::from(vec![1; 6]));
        worked(&items(&run))
    };
    // Windows counts work in steps of 15.6 ms.
    let (without, with) = (work("0"), work("20000000"));
    assert!(with > 5.0 * without && with > 0.016, "{without} and {with} s");
}

#[cfg(target_os = "linux")]
#[test]
fn pinned_workers_keep_to_a_core_each() {
    let allowed = |process: u32| {
        let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
        let line = status.lines().find_map(|it| it.strip_prefix("Cpus_allowed_list:"));
        line.unwrap_or_default().trim().to_string()
    };
    let all = allowed(std::process::id());
    for (pin, is_pinned) in [(&["--pin"][..], true), (&[], false)] {
        let arguments = [&["--workers", "2", "--calls", "100000", "--number", "30"], pin].concat();
        let mut running = LESSON.program().start(&arguments);
        running.line();
        let cores: Vec<String> = children(running.id()).into_iter().map(allowed).collect();
        signal("-INT", running.id());
        assert_eq!(running.wait().code(), 130);
        assert_eq!(cores.len(), 2);
        if is_pinned {
            let several = std::thread::available_parallelism().is_ok_and(|cores| cores.get() > 1);
            assert!(cores.iter().all(|core| core.parse::<u32>().is_ok()), "{cores:?} of {all}");
            assert_eq!(cores[0] != cores[1], several, "{cores:?}");
        } else {
            assert_eq!(cores, [all.as_str(), all.as_str()]);
        }
    }
}

/// A worker that is killed costs its own call, and the others compute on.
#[cfg(unix)]
#[test]
fn a_killed_worker_costs_its_own_call_alone() {
    let arguments = ["--workers", "2", "--calls", "8", "--number", "42"];
    let running = LESSON.program().start(&arguments);
    wait_until("two workers", || children(running.id()).len() == 2);
    thread::sleep(Duration::from_millis(300)); // both compute for a second or so
    signal("-KILL", children(running.id())[0]);
    let ended = running.wait();
    assert_eq!(ended.code(), 1, "{ended:?}");
    let (lines, summary) = ended.lines_and_summary();
    assert_eq!(lines, ["fib(42) = 267914296"; 7]);
    assert!(summary.starts_with("Computed 7 of 8 in "), "{summary}");
    assert!(ended.stderr.contains("its worker process ended (signal: 9 (SIGKILL))"), "{ended:?}");
}

#[test]
fn a_pool_in_the_loop_starts_its_processes_again_and_again() {
    let arguments = ["--number", "10", "--calls", "100", "--workers", "2"];
    let again = quickest(|| LESSON.example("pool_in_the_loop").record(&arguments));
    let once = quickest(|| LESSON.record(&arguments));
    assert!(again > 3.0 * once, "{again} and {once} s");
}
