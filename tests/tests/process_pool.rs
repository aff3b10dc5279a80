//! The pool of worker processes when they misbehave: nothing is lost or counted twice, a sentence reports the failure,
//! and no process is left behind.
#![cfg(unix)]

use std::io::Write;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use harness::Model;
use proptest::prelude::*;
use serde_json::{Value, json};
use test_sites::Site;
use testing::{
    Ended, Program, Running, children, first, is_alive, only_does, program, signal, wait_until,
};

/// The outcome of each job: its answer, or the error.
type Told = Vec<Result<Value, String>>;

/// Gives these jobs to a pool of misbehaving workers (`tests/src/bin/faulty_pool.rs`).
fn run(request: &Value) -> Told {
    // Not cargo's own path to it: that file may be replaced while other tests build all programs.
    let mut pool = Command::new(program("faulty_pool").path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    let mut stdin = pool.stdin.take().expect("it is piped");
    write!(stdin, "{request}").expect("it reads");
    drop(stdin);
    let output = pool.wait_with_output().expect("it ends");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{request:.200}: {errors}");
    assert_eq!(errors, "", "{request:.200}");
    let mut told: Vec<(u64, Value, Option<String>)> = String::from_utf8_lossy(&output.stdout)
        .lines()
        .map(|line| serde_json::from_str(line).expect("an array"))
        .collect();
    told.sort_by_key(|(place, ..)| *place);
    // Each job has one outcome, and none was lost.
    let jobs = request["jobs"].as_array().expect("jobs").len() as u64;
    assert!(told.iter().map(|(place, ..)| *place).eq(0..jobs), "{told:?}");
    told.into_iter().map(|(_, answer, error)| error.map_or(Ok(answer), Err)).collect()
}

fn say(bytes: impl AsRef<[u8]>) -> Value {
    json!({"say": bytes.as_ref()})
}

const NONSENSE: &str = "its worker process answered nonsense: ";

/// Output of a worker that is not an answer.
fn garbage() -> [(&'static str, Value); 9] {
    let megabyte = |of: &str| json!({"say": of.as_bytes(), "times": (1 << 20) / of.len()});
    [
        ("a line", say("Hello, world\n")),
        ("an empty line", say("\n")),
        ("half a line", say("half")),
        ("half of an answer", say("[1,{\"Ok\":")),
        ("a megabyte without an end", megabyte("*")),
        ("a megabyte of lines", megabyte("line\n")),
        ("what is no UTF-8", say(b"\xff\xfe\xc0\n")),
        ("orders to the terminal", say("\x1b[2J\x07\r\n")),
        ("an answer to another job", say("[3,{\"Ok\":\"wrong\"},{\"secs\":0,\"nanos\":0}]\n")),
    ]
}

#[test]
fn what_a_worker_says_before_its_answer_costs_that_job_alone() {
    for (what, said) in garbage() {
        let told = run(&json!({"workers": 1, "jobs": [
            {"answer": 1}, {"answer": 2, "before": said}, {"answer": 3}, {"answer": 4},
        ]}));
        let error = told[1].as_ref().expect_err(what);
        assert!(error.starts_with(NONSENSE), "{what}: {error}");
        assert!(
            error.chars().count() < 120 && !error.contains(char::is_control),
            "{what}: {error:?}"
        );
        assert_eq!(
            [&told[0], &told[2], &told[3]],
            [&Ok(json!(1)), &Ok(json!(3)), &Ok(json!(4))],
            "{what}"
        );
    }
}

/// The pool may notice it before the next job, which then costs nothing, or in place of that job's answer.
#[test]
fn what_a_worker_says_after_its_answer_is_taken_for_no_other_answer() {
    for (what, said) in garbage() {
        let told = run(&json!({"workers": 1, "jobs": [
            {"answer": 1, "after": said}, {"answer": 2}, {"answer": 3}, {"answer": 4},
        ]}));
        for (told, answer) in told.iter().zip(1..) {
            assert!(
                told.as_ref()
                    .map_or_else(|error| error.starts_with(NONSENSE), |told| *told == answer),
                "{what}: {told:?}"
            );
        }
        assert!(told.iter().filter(|told| told.is_err()).count() <= 2, "{what}: {told:?}");
    }
}

/// No worker can do anything: each job says so, and the pool ends.
#[test]
fn what_workers_say_before_their_first_job_is_told_for_each_job() {
    for (what, said) in garbage() {
        let jobs = json!([{"answer": 1}, {"answer": 2}, {"answer": 3}]);
        let told = run(&json!({"workers": 2, "greeting": said, "jobs": jobs}));
        assert!(
            told.iter().all(|told| told.as_ref().is_err_and(|told| told.starts_with(NONSENSE))),
            "{what}: {told:?}"
        );
    }
}

#[test]
fn workers_that_end_at_every_other_job_cost_those_alone() {
    let jobs: Vec<Value> = (0..20)
        .map(
            |job| {
                if job % 2 == 0 { json!({"answer": job}) } else { json!({"before": {"exit": 3}}) }
            },
        )
        .collect();
    for workers in [1, 2, 30] {
        let told = run(&json!({"workers": workers, "jobs": jobs}));
        for (told, job) in told.iter().zip(0..) {
            let expected = if job % 2 == 0 {
                Ok(json!(job))
            } else {
                Err("its worker process ended (exit status: 3)".into())
            };
            assert_eq!(*told, expected);
        }
    }
}

#[test]
fn a_worker_that_stands_still_is_ended_after_the_limit_and_replaced() {
    // The workers that work must be in time even on a busy machine.
    let told = run(&json!({"workers": 1, "timeout": 8000, "jobs": [
        {"answer": 1}, {"before": "stop"}, {"answer": 3},
    ]}));
    let late = Err("its worker process did not answer within 8 s".into());
    assert_eq!(told, [Ok(json!(1)), late, Ok(json!(3))]);
}

/// A stopped worker reads nothing: once the pipe is full, the pool cannot even send the job.
#[test]
fn a_worker_that_does_not_take_its_job_is_ended_after_the_limit() {
    let jobs = json!([{"answer": "*".repeat(1 << 18)}]);
    let told = run(&json!({"workers": 1, "timeout": 1000, "greeting": "stop", "jobs": jobs}));
    assert_eq!(told, [Err("its worker process did not answer within 1 s".into())]);
}

proptest! {
    // Each case starts three processes.
    #![proptest_config(ProptestConfig { cases: cases(60), ..ProptestConfig::default() })]

    /// The border between real processes, with workers that write anything at any time.
    #[test]
    fn every_job_comes_out_once_with_its_own_answer_or_an_error(
        workers in 1..4usize,
        jobs in prop::collection::vec(job(), 1..8),
    ) {
        let told = run(&json!({"workers": workers, "timeout": 60_000, "jobs": jobs}));
        let is_disturbed = jobs.iter().any(|job| !job["before"].is_null() || !job["after"].is_null());
        for (told, job) in told.iter().zip(&jobs) {
            match told {
                Ok(answer) => prop_assert_eq!(answer, &job["answer"]),
                Err(error) => prop_assert!(is_disturbed && error.starts_with("its worker process "), "{error}"),
            }
        }
    }

    /// A worker's stdin with jobs or anything else.
    #[test]
    fn any_input_ends_a_worker_with_a_status_and_a_sentence(input: Vec<u8>, greeted: bool) {
        let greeting: &[u8] = if greeted { b"[{\"secs\":1,\"nanos\":0},true]\n" } else { b"" };
        // The input has a line end at least and stays open, so its end is not what ends the worker.
        let input = [greeting, &input, b"\n"].concat();
        let mut worker = Command::new(downloader().path())
            .arg("--in-the-role-of=PROCESS_POOL_WORKER")
            .env("PROCESS_POOL_WORKER", "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        let mut stdin = worker.stdin.take().expect("it is piped");
        // It may have ended before it read everything.
        let _ = stdin.write_all(&input);
        let output = worker.wait_with_output()?;
        let told = String::from_utf8_lossy(&output.stderr);
        prop_assert_eq!(output.status.code(), Some(1), "{}", told);
        let said = String::from_utf8_lossy(&output.stdout);
        prop_assert!(["", "ready\n"].contains(&&*said), "{said}");
        prop_assert!(told.starts_with("worker process: ") && told.lines().count() == 1, "{told}");
    }
}

/// This many cases, unless `PROPTEST_CASES` says otherwise.
fn cases(default: u32) -> u32 {
    let asked = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok());
    asked.unwrap_or(default)
}

fn job() -> impl Strategy<Value = Value> {
    let text = prop::collection::vec(any::<char>(), 0..40).prop_map(String::from_iter);
    let act = prop_oneof![
        16 => Just(Value::Null),
        2 => any::<Vec<u8>>().prop_map(say),
        1 => (0..256).prop_map(|status| json!({"exit": status})),
    ];
    (text, act.clone(), act).prop_map(
        |(answer, before, after)| json!({"answer": answer, "before": before, "after": after}),
    )
}

/// A lesson that downloads with such a pool.
fn downloader() -> Program {
    let lesson = first("processes that download", |it| {
        only_does(it, "page") && it.model() == Model::Processes
    });
    program(lesson.name())
}

/// The workers of a lesson. With `--site` it has no other children.
fn workers(running: &Running) -> Vec<u32> {
    let workers = children(running.id());
    assert_eq!(workers.len(), 3);
    workers
}

fn twelve_pages_by_three_workers(site: &Site) -> Running {
    let arguments = ["--site", &site.url, "--repeat", "6", "--workers", "3"];
    downloader().start(&arguments)
}

fn assert_all_ended(processes: &[u32]) {
    assert!(!processes.iter().any(|process| is_alive(*process)), "{processes:?}");
}

fn assert_told(ended: &Ended, failed: usize, why: &str) {
    assert_eq!(ended.code(), i32::from(failed > 0), "{ended:?}");
    let (lines, summary) = ended.lines_and_summary();
    let done = 12 - failed;
    let expected = if failed > 0 {
        format!("Downloaded {done} of 12 sites in ")
    } else {
        "Downloaded 12 sites in ".into()
    };
    assert!(summary.starts_with(&expected), "{summary}");
    // One was read before.
    assert_eq!(lines.len() + 1, done, "{ended:?}");
    assert_eq!(ended.stderr.lines().count(), failed, "{ended:?}");
    assert!(ended.stderr.lines().all(|line| line.ends_with(why)), "{ended:?}");
}

#[test]
fn all_workers_killed_at_once_while_busy_cost_a_page_each() {
    let site = Site::start(1_500);
    let mut running = twelve_pages_by_three_workers(&site);
    running.line();
    wait_until("all busy", || site.record.in_flight() == 3);
    sleep(Duration::from_millis(300));
    let killed = workers(&running);
    killed.iter().for_each(|worker| signal("-KILL", *worker));
    let ended = running.wait();
    assert_told(&ended, 3, "its worker process ended (signal: 9 (SIGKILL))");
    assert_all_ended(&killed);
    // Each page was requested once, even those that were lost.
    assert_eq!(site.record.requests(), 12);
}

#[test]
fn all_workers_killed_at_once_while_idle_cost_nothing() {
    let site = Site::start(300);
    let mut running = twelve_pages_by_three_workers(&site);
    running.line();
    // While the parent is stopped, the workers finish their pages and wait for the next.
    signal("-STOP", running.id());
    site.wait_until_idle();
    let killed = workers(&running);
    killed.iter().for_each(|worker| signal("-KILL", *worker));
    assert_all_ended(&killed);
    signal("-CONT", running.id());
    let ended = running.wait();
    assert_told(&ended, 0, "");
    assert_all_ended(&killed);
    assert_eq!(site.record.requests(), 12);
}

#[test]
#[ignore = "it takes long: a stopped worker has ten seconds more than its page"]
fn a_lesson_does_not_wait_for_a_stopped_worker_for_ever() {
    let site = Site::start(1_500);
    let arguments = ["--site", &site.url, "--repeat", "6", "--workers", "3", "--timeout", "2"];
    let mut running = downloader().start(&arguments);
    running.line();
    wait_until("all busy", || site.record.in_flight() == 3);
    sleep(Duration::from_millis(300));
    let stopped = workers(&running)[0];
    signal("-STOP", stopped);
    let ended = running.wait();
    assert_told(&ended, 1, "its worker process did not answer within 12 s");
    assert_all_ended(&[stopped]);
    assert_eq!(site.record.requests(), 12);
}

/// A user may have exported the variable; a process may have inherited it.
#[test]
fn the_mark_of_a_worker_in_the_environment_makes_no_worker() {
    let site = Site::start(1);
    let arguments = ["--site", &site.url, "--repeat", "2"];
    let marks = [("PROCESS_POOL_WORKER", "1"), ("PRACTICE_SITE_CHILD", "50,0")];
    let ended = downloader().run_with(&arguments, &marks);
    assert_eq!((ended.code(), site.record.requests()), (0, 4), "{ended:?}");
}
