//! The further lessons: what each of them claims, seen in its own record and in the site's.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use common::{LESSONS, Work};
use serde_json::{Value, json};
use tests::{FaultSite, Folder, Lesson, Site};
#[cfg(unix)]
use tests::{children, signal, wait_until};

fn run(name: &str, arguments: &[&str]) -> Value {
    let ended = Lesson::run(name, &[&["--json"], arguments].concat());
    assert_eq!((ended.code(), ended.stderr.as_str()), (0, ""), "{name}: {ended:?}");
    ended.json()
}

fn number(object: &Value, key: &str) -> f64 {
    object[key].as_f64().unwrap_or_else(|| panic!("no {key}: {object}"))
}

fn items(run: &Value) -> Vec<&Value> {
    run["items"].as_array().expect("items").iter().collect()
}

/// The items of a part, and the part itself.
fn part<'a>(run: &'a Value, name: &str) -> (Vec<&'a Value>, &'a Value) {
    let parts = run["parts"].as_array().expect("parts");
    let part = parts.iter().find(|part| part["name"] == name);
    let part = part.unwrap_or_else(|| panic!("no {name}: {parts:?}"));
    let of_it = items(run).into_iter().filter(|item| item["part"] == name).collect();
    (of_it, part)
}

fn took(item: &Value) -> f64 {
    number(item, "end") - number(item, "start")
}

fn peak(part: &Value) -> u64 {
    part["facts"]["peak_in_flight"].as_u64().unwrap_or_else(|| panic!("no peak: {part}"))
}

fn is_page(item: &Value) -> bool {
    item["label"].as_str().is_some_and(|label| label.starts_with("http"))
}

// All of them

/// Each part does its work once, and every item is told in the part that it belongs to.
#[test]
fn every_part_does_all_of_its_work() {
    for lesson in LESSONS.iter().filter(|lesson| !lesson.parts.is_empty()) {
        let run = run(lesson.name, &tests::short(lesson));
        let names: Vec<&str> = lesson.parts.iter().map(|part| part.name).collect();
        let parts = run["parts"].as_array().expect("parts");
        assert_eq!(
            parts.iter().map(|it| &it["name"]).collect::<Vec<_>>(),
            names,
            "{}",
            lesson.name
        );
        for (one, other) in lesson.parts.iter().zip(&lesson.parts[1..]) {
            let count = |it: &common::Part| part(&run, it.name).0.len();
            assert!(count(one) > 0 && count(other) > 0, "{}", lesson.name);
            if one.works == other.works {
                assert_eq!(count(one), count(other), "{}", lesson.name);
            }
        }
        let all: usize = lesson.parts.iter().map(|it| part(&run, it.name).0.len()).sum();
        assert_eq!((&run["done"], items(&run).len()), (&all.into(), all), "{}", lesson.name);
        assert!(run["facts"].is_null(), "facts of all parts together say nothing");
        // One after another, and together the run.
        let mut end = 0.0;
        for part in parts {
            assert!(number(part, "start") >= end - 1e-6, "{}: {parts:?}", lesson.name);
            end = number(part, "start") + number(part, "seconds");
        }
        assert!((end - number(&run, "seconds")).abs() < 1e-5, "{}: {parts:?}", lesson.name);
        for item in items(&run) {
            let (_, part) = part(&run, item["part"].as_str().expect("a part"));
            assert!(number(item, "start") >= number(part, "start"), "{}: {item}", lesson.name);
        }
    }
}

/// One bad page among others: it is told in each part, the others arrive, and nothing is computed with it.
#[test]
fn a_page_that_fails_is_told_in_every_part_and_the_others_arrive() {
    let site = FaultSite::start();
    let pages = [site.url("/ok"), site.url("/404"), site.url("/cut-short"), site.url("/gzip")];
    let pages: Vec<&str> = pages.iter().map(String::as_str).collect();
    for lesson in LESSONS.iter().filter(|it| it.does(Work::Downloads) && it.is_further) {
        let (name, times) = (lesson.name, lesson.times(Work::Downloads));
        let mut arguments = vec!["--repeat", "1", "--timeout", "5"];
        if lesson.does(Work::Calls) {
            arguments.extend(["--number", "20"]);
        }
        let ended = Lesson::run(name, &[&arguments[..], &pages[..]].concat());
        assert_eq!(ended.code(), 1, "{name}: {ended:?}");
        let (_, summary) = ended.lines_and_summary();
        let told = format!("Downloaded {} of {} sites ", 2 * times, 4 * times);
        assert!(summary.starts_with(&told), "{name}: {summary}");
        assert!(summary.ends_with(&format!(" ({} failed)", 2 * times)), "{name}: {summary}");
        if lesson.calls_for_each_page() {
            assert!(summary.contains(" and computed 4 of 8 calls in "), "{name}: {summary}");
        }
        for fault in ["/404: 404 Not Found", "/cut-short: the page was cut short"] {
            assert_eq!(ended.stderr.matches(fault).count(), times, "{name}: {}", ended.stderr);
        }
        assert_eq!(ended.stderr.lines().count(), 2 * times, "{name}: {}", ended.stderr);
        let run = Lesson::run(name, &[&arguments[..], &["--json"], &pages[..]].concat()).json();
        assert_eq!(run["failed"], 2 * times, "{name}");
        assert_eq!(run["bytes"], 2 * FaultSite::BYTES * times as u64, "{name}");
    }
}

// thread_per_page

#[test]
fn a_thread_for_each_page_has_all_pages_in_flight_on_a_connection_each() {
    let site = Site::start(2_000);
    let run = run("thread_per_page", &["--site", &site.url]);
    let seen = (site.record.peak_in_flight(), site.record.connections(), site.record.requests());
    assert_eq!(seen, (160, 160, 160));
    let workers: BTreeSet<_> =
        items(&run).into_iter().map(|item| item["worker"].as_str()).collect();
    assert_eq!(workers.len(), 160);
}

/// The site's first pages are slow: they arrive last, and are told first.
#[test]
fn results_are_told_in_the_order_of_the_pages() {
    let site = FaultSite::start();
    let pages = [site.url("/busy"), site.url("/large"), site.url("/gzip"), site.url("/ok")];
    let pages: Vec<&str> = pages.iter().map(String::as_str).collect();
    let arguments = [&["--repeat", "3", "--timeout", "60"], &pages[..]].concat();
    let ended = Lesson::run("thread_per_page", &arguments);
    let (lines, _) = ended.lines_and_summary();
    let told: Vec<&str> = lines.iter().filter_map(|line| line.split(' ').next_back()).collect();
    assert_eq!(told, pages.repeat(3));
    let run = run("thread_per_page", &arguments);
    let ends: Vec<f64> = items(&run).into_iter().map(|item| number(item, "end")).collect();
    assert!(!ends.is_sorted(), "told in another order than they ended in: {ends:?}");
}

#[test]
fn a_thread_that_panics_costs_its_own_page_alone() {
    let ended = Lesson::run("thread_per_page", &["--latency", "20", "--panic", "3"]);
    assert_eq!(ended.code(), 1, "{ended:?}");
    let (lines, summary) = ended.lines_and_summary();
    assert!(summary.starts_with("Downloaded 159 of 160 sites in "), "{summary}");
    assert!(summary.ends_with(" seconds (1 failed)"), "{summary}");
    assert_eq!(lines.len(), 159);
    let errors: Vec<&str> = ended.stderr.lines().collect();
    assert_eq!(errors.len(), 2, "{errors:?}");
    assert!(errors[0].contains("told to panic"), "{errors:?}");
    assert!(errors[1].starts_with("Failed http://"), "{errors:?}");
    assert!(errors[1].ends_with("/jython: its worker panicked"), "{errors:?}");
}

/// Its stacks do not fit: those threads that there are do their pages, and the others are told.
#[cfg(target_os = "linux")]
#[test]
fn threads_that_the_system_refuses_cost_their_own_pages_alone() {
    let program = tests::program("thread_per_page");
    // Stacks so large that what is left when none fits any more is enough for everything else.
    let script = format!(
        "ulimit -v 6000000; export RUST_MIN_STACK=536870912 MALLOC_ARENA_MAX=1; \
         exec {} --latency 300 --repeat 500 --json",
        program.display()
    );
    let output = std::process::Command::new("sh").args(["-c", &script]).output().expect("sh runs");
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let run: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let (done, failed) = (run["done"].as_u64(), run["failed"].as_u64());
    assert_eq!(done.zip(failed).map(|(done, failed)| done + failed), Some(1_000));
    assert!(done > Some(2) && failed > Some(900), "{done:?} {failed:?}");
    let causes: BTreeSet<&str> =
        items(&run).into_iter().filter_map(|item| item["error"].as_str()).collect();
    let is_told = |cause: &str| cause.starts_with("no thread is left for it: ");
    assert!(causes.len() == 1 && causes.iter().all(|cause| is_told(cause)), "{causes:?}");
}

/// All pages are in flight: they are waited for, and the Ctrl-C is told.
#[cfg(unix)]
#[test]
fn ctrl_c_waits_for_the_threads_of_all_pages() {
    let site = Site::start(1_500);
    let running = Lesson::start("thread_per_page", &["--site", &site.url]);
    wait_until("all pages in flight", || site.record.in_flight() == 160);
    signal("-INT", running.id());
    let ended = running.wait();
    assert_eq!((ended.code(), ended.stderr.as_str()), (130, ""), "{ended:?}");
    let summary = ended.lines_and_summary().1;
    assert!(summary.starts_with("Interrupted: downloaded 160 of 160 sites in "), "{summary}");
}

// work_queue

fn seen_by_the_site(arguments: &[&str]) -> (u64, u64) {
    let site = Site::start(50);
    run("work_queue", &[&["--site", &site.url], arguments].concat());
    (site.record.peak_in_flight(), site.record.requests())
}

#[test]
fn four_workers_empty_the_queue_and_one_at_a_time_where_the_lock_is_held() {
    assert_eq!(seen_by_the_site(&[]), (4, 20));
    assert_eq!(seen_by_the_site(&["--workers", "7"]), (7, 20));
    assert_eq!(seen_by_the_site(&["--hold-the-lock"]), (1, 20));
}

/// At any time it holds two pages, and each worker one that it has just taken.
#[test]
fn who_fills_the_queue_waits_for_room() {
    let run = run("work_queue", &["--latency", "100"]);
    let asides = run["asides"].as_array().expect("the filling is drawn");
    assert_eq!(asides.len(), 20);
    let starts: Vec<f64> = items(&run).into_iter().map(|item| number(item, "start")).collect();
    for (index, aside) in asides.iter().enumerate() {
        assert_eq!(aside["worker"], "main");
        let begun = starts.iter().filter(|start| **start <= number(aside, "end")).count();
        assert!(index < begun + 2 + 4, "{} in the queue, {begun} begun: {run}", index + 1);
    }
}

// sequential_await

#[test]
fn awaited_one_by_one_there_is_one_page_in_flight_and_joined_all() {
    let site = Site::start(100);
    let run = run("sequential_await", &["--site", &site.url]);
    let (one_by_one, joined) = (part(&run, "one by one").1, part(&run, "joined").1);
    assert_eq!((peak(one_by_one), peak(joined)), (1, 10));
    let seen = (site.record.peak_in_flight(), site.record.connections(), site.record.requests());
    assert_eq!(seen, (10, 10, 20));
    // Ten latencies against one.
    assert!(number(one_by_one, "seconds") > 3.0 * number(joined, "seconds"), "{run}");
}

// blocking_async

#[test]
fn a_task_that_blocks_holds_up_all_others_and_blocking_threads_do_not() {
    let run = run("blocking_async", &["--repeat", "3", "--block", "200"]);
    let (pages, one) = part(&run, "one task blocks");
    // Each of them arrives after 50 ms, but for one all have to wait for the thread, which blocks for all.
    let late = pages.iter().filter(|page| took(page) > 1.2).count();
    assert!(late >= 5, "{late} of 6 were held up: {pages:?}");

    let (pages, every) = part(&run, "every task blocks");
    let mut ends: Vec<f64> = pages.iter().map(|page| number(page, "end")).collect();
    ends.sort_by(f64::total_cmp);
    let stairs = ends.windows(2).all(|two| two[1] - two[0] > 0.190);
    assert!(stairs, "a step each: {ends:?}");

    let (_, mended) = part(&run, "spawn_blocking");
    assert!(number(mended, "seconds") < 0.5 * number(every, "seconds"), "{run}");
    assert_eq!([one, every, mended].map(peak), [6, 6, 6]);
    // The threads that block are drawn: as many as pages, all at once.
    let asides: Vec<&Value> = run["asides"].as_array().expect("asides").iter().collect();
    let threads: BTreeSet<_> = asides.iter().filter_map(|it| it["worker"].as_str()).collect();
    assert!((1..=6).all(|worker| threads.contains(&*format!("worker-{worker}"))), "{threads:?}");
}

#[test]
fn computing_blocks_like_sleeping() {
    let run = run("blocking_async", &["--compute"]);
    let (pages, _) = part(&run, "every task blocks");
    let worked: f64 = pages.iter().map(|page| number(page, "working")).sum();
    let shortest = pages.iter().map(|page| number(page, "working")).fold(f64::INFINITY, f64::min);
    assert!(shortest > 0.1 * worked / pages.len() as f64, "each of them computes: {pages:?}");
    let (waiting, _) = part(&run, "spawn_blocking");
    let there: f64 = waiting.iter().map(|page| number(page, "working")).sum();
    assert!(there < 0.5 * worked, "in its own part the work is the threads': {there} {worked}");
}

/// The compiler's own words: a `compile_fail` doctest passes whatever is wrong.
#[test]
fn a_guard_over_an_await_does_not_compile_for_the_reason_that_is_stated() {
    let text = tests::documentation("blocking_async");
    let example = text.split("```compile_fail\n").nth(1).expect("an example");
    let (code, _) = example.split_once("```").expect("an end");
    let errors = tests::compile(code);
    assert!(errors.contains("error: future cannot be sent between threads safely"), "{errors}");
    assert!(errors.contains("MutexGuard"), "{errors}");
    assert_eq!(errors.matches("error: ").count(), 2, "that one, and that it is the end: {errors}");
}

// process_cpu

#[test]
fn worker_processes_compute_what_threads_do() {
    let arguments = ["--number", "33", "--calls", "12", "--workers", "3"];
    let (processes, threads) = (run("process_cpu", &arguments), run("threaded_cpu", &arguments));
    assert_eq!(processes["results"], threads["results"]);
    assert_eq!((&processes["model"], &processes["workers"]), (&"processes".into(), &3.into()));
    assert_eq!(processes["facts"]["workers"], 3, "{processes}");
}

/// Writing, copying and reading it is work, on both sides of the border.
#[test]
fn a_payload_costs_work_with_every_call() {
    let work = |payload| {
        let arguments = ["--number", "1", "--calls", "6", "--workers", "1", "--payload", payload];
        let run = run("process_cpu", &arguments);
        assert_eq!(run["results"], Value::from(vec![1; 6]));
        items(&run).into_iter().map(|item| number(item, "working")).sum::<f64>()
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
        let mut running = Lesson::start("process_cpu", &arguments);
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
    let running = Lesson::start("process_cpu", &arguments);
    wait_until("two workers", || children(running.id()).len() == 2);
    std::thread::sleep(std::time::Duration::from_millis(300)); // both compute for a second or so
    signal("-KILL", children(running.id())[0]);
    let ended = running.wait();
    assert_eq!(ended.code(), 1, "{ended:?}");
    let (lines, summary) = ended.lines_and_summary();
    assert_eq!(lines, ["fib(42) = 267914296"; 7]);
    assert!(summary.starts_with("Computed 7 of 8 in "), "{summary}");
    assert!(ended.stderr.contains("its worker process ended (signal: 9 (SIGKILL))"), "{ended:?}");
}

// gil_cpu

/// With the lock one thread works at a time, however many cores there are. Others may use this machine,
/// so that without it there is more is tried a few times.
#[test]
fn with_a_gil_one_thread_works_at_a_time() {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let mut seen = Vec::new();
    let gains = (0..30).any(|_| {
        let run = run("gil_cpu", &["--number", "33", "--workers", "4"]);
        let busy = |name| number(&part(&run, name).1["facts"], "cores_busy");
        let (one, with, without) =
            (busy("one thread"), busy("threads with a GIL"), busy("threads without"));
        assert!(one < 1.05 && with < 1.15, "{one} and {with} cores");
        // They wait for it at once, and go on at once without it.
        assert!(peak(part(&run, "threads with a GIL").1) > 1);
        seen.push(without);
        without > 1.2 || cores == 1 || is_busy()
    });
    assert!(gains, "cores busy without a GIL: {seen:?}");
}

/// Whether others use this machine so much that two threads get less than a core and a half.
fn is_busy() -> bool {
    let run = run("threaded_cpu", &["--number", "33", "--workers", "2"]);
    number(&run["facts"], "cores_busy") < 1.5
}

/// It is handed on: no thread has to wait until another has done its call.
#[test]
fn the_gil_is_handed_on_within_a_call() {
    let run = run("gil_cpu", &["--calls", "4", "--number", "38", "--interval", "1000"]);
    let (calls, _) = part(&run, "threads with a GIL");
    let last_start = calls.iter().map(|call| number(call, "start")).fold(0.0, f64::max);
    let first_end = calls.iter().map(|call| number(call, "end")).fold(f64::INFINITY, f64::min);
    assert!(last_start < first_end, "{calls:?}");
    // Each has had about as much of it as the others when the first is done.
    let longest = calls.iter().map(|call| took(call)).fold(0.0, f64::max);
    let shortest = calls.iter().map(|call| took(call)).fold(f64::INFINITY, f64::min);
    assert!(shortest > 0.6 * longest, "{calls:?}");
}

// mixed_pipeline

#[test]
fn in_the_pipeline_pages_are_computed_with_while_others_are_on_their_way() {
    let site = Site::start(100);
    let run = run("mixed_pipeline", &["--site", &site.url, "--repeat", "5", "--number", "20"]);
    // Five at a time, in both parts.
    assert_eq!((site.record.peak_in_flight(), site.record.requests()), (5, 20));
    let ends = |items: &[&Value], page: bool| -> Vec<f64> {
        let of_it = items.iter().filter(|item| is_page(item) == page);
        of_it.map(|item| number(item, "end")).collect()
    };
    let starts_of_calls = |items: &[&Value]| -> Vec<f64> {
        let calls = items.iter().filter(|item| !is_page(item));
        calls.map(|item| number(item, "start")).collect()
    };
    let (stages, _) = part(&run, "stage after stage");
    let last_page = ends(&stages, true).into_iter().fold(0.0, f64::max);
    assert!(starts_of_calls(&stages).iter().all(|start| *start >= last_page), "{stages:?}");

    let (pipeline, _) = part(&run, "pipeline");
    let last_page = ends(&pipeline, true).into_iter().fold(0.0, f64::max);
    // Of ten pages five come at first; they are computed with before the others are there.
    let early = ends(&pipeline, false).into_iter().filter(|end| *end < last_page).count();
    assert!(early >= 3, "{early} calls are done while pages are on their way: {pipeline:?}");
    for (items, name) in [(&stages, "stage after stage"), (&pipeline, "pipeline")] {
        let on_the_loop = |item: &&Value| item["worker"] == "main";
        assert!(items.iter().all(|item| on_the_loop(item) == is_page(item)), "{name}: {items:?}");
    }
}

// measure_first

#[test]
fn a_better_algorithm_beats_all_cores_by_orders_of_magnitude() {
    let run = run("measure_first", &["--latency", "1", "--connecting", "1"]);
    let seconds = |name| number(part(&run, name).1, "seconds");
    for better in ["memoised, one core", "iterative, one core"] {
        let ratio = seconds("naive, one core") / seconds(better);
        assert!(ratio > 20.0, "{better}: {ratio}");
    }
    assert_eq!(run["results"], Value::from(vec![9_227_465; 80]));
}

#[test]
fn the_algorithms_give_the_same_from_the_smallest_to_the_largest_number_that_is_quick() {
    for (n, fib) in [("0", 0), ("1", 1), ("2", 1), ("30", 832_040)] {
        let run = run("measure_first", &["--number", n, "--calls", "2", "--latency", "1"]);
        assert_eq!(run["results"], Value::from(vec![fib; 8]), "{n}");
    }
}

#[test]
fn a_session_connects_once_and_who_makes_one_for_each_page_pays_each_time() {
    let site = Site::start(1);
    run("measure_first", &["--site", &site.url, "--number", "10"]);
    assert_eq!((site.record.connections(), site.record.requests()), (10 + 1, 20));

    let run = run("measure_first", &["--number", "10", "--latency", "20", "--connecting", "100"]);
    let slow = |name| part(&run, name).0.iter().filter(|page| took(page) > 0.110).count();
    assert_eq!(slow("a connection each"), 10);
    assert!((1..5).contains(&slow("one session")), "the first, and who a busy machine delays");
}

// image_resizer

/// The sizes and the first bytes of pictures in a folder, by name.
fn pictures(folder: &Path) -> BTreeMap<String, u64> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{folder:?}: {error}"));
    let entries = entries.map(|entry| entry.expect("an entry"));
    entries
        .map(|entry| {
            let bytes = entry.metadata().expect("it is there").len();
            (entry.file_name().into_string().expect("text"), bytes)
        })
        .collect()
}

#[test]
fn pictures_are_resized_one_by_one_and_then_on_as_many_threads_as_workers() {
    let run = run("image_resizer", &["--pictures", "12", "--workers", "3"]);
    let (one, many) = (part(&run, "a for loop"), part(&run, "a parallel iterator"));
    assert_eq!((peak(one.1), peak(many.1)), (1, 3));
    let results = |items: &[&Value]| -> BTreeSet<String> {
        let result = |item: &&Value| format!("{} {} {}", item["label"], item["to"], item["bytes"]);
        items.iter().map(result).collect()
    };
    assert_eq!(results(&one.0), results(&many.0), "both made the same pictures");
    assert!(
        one.0.iter().all(|it| it["from"] == json!([1200, 900]) && it["to"] == json!([400, 300]))
    );
}

#[test]
fn a_broken_picture_is_named_and_the_others_are_kept_in_a_new_folder() {
    let folder = Folder::new("pictures");
    let made = folder.path().join("made");
    let ended = Lesson::run(
        "image_resizer",
        &["--pictures", "6", "--width", "1200", "--out", &folder.file("made")],
    );
    assert_eq!((ended.code(), ended.stderr.as_str()), (0, ""), "{ended:?}");
    assert_eq!(pictures(&made).len(), 6);
    // Two of them are spoiled, each in its own way.
    fs::write(made.join("picture-02.jpg"), "no picture").expect("it is written");
    let whole = fs::read(made.join("picture-05.png")).expect("it is there");
    fs::write(made.join("picture-05.png"), &whole[..whole.len() / 2]).expect("it is written");
    let before = pictures(&made);

    let out = folder.file("small");
    let arguments = ["--folder", &folder.file("made"), "--out", &out, "--width", "100"];
    let ended = Lesson::run("image_resizer", &arguments);
    assert_eq!(ended.code(), 1, "{ended:?}");
    let (lines, summary) = ended.lines_and_summary();
    assert!(summary.starts_with("Resized 8 of 12 pictures in "), "{summary}");
    assert_eq!(lines.len(), 8, "{lines:?}");
    for failure in [
        "Failed picture-02.jpg: this is no JPEG and no PNG picture",
        "Failed picture-05.png: the picture is broken, perhaps cut short",
    ] {
        assert_eq!(ended.stderr.matches(failure).count(), 2, "once in each part: {ended:?}");
    }
    let small = pictures(Path::new(&out));
    let names: Vec<&str> = small.keys().map(String::as_str).collect();
    assert_eq!(names, ["picture-01.jpg", "picture-03.jpg", "picture-04.jpg", "picture-06.jpg"]);
    assert!(small.iter().all(|(name, bytes)| bytes < &before[name]), "{small:?} of {before:?}");
    assert_eq!(pictures(&made), before, "the originals are as they were");

    // A folder that is there already is not touched.
    let ended = Lesson::run("image_resizer", &arguments);
    assert_eq!((ended.code(), ended.stdout.as_str()), (1, ""), "{ended:?}");
    assert!(ended.stderr.contains("cannot be made as a new folder"), "{ended:?}");
    assert_eq!(pictures(Path::new(&out)), small);
}

#[test]
fn without_pictures_there_is_nothing_to_do_and_nothing_is_left() {
    let folder = Folder::new("no-pictures");
    for (from, sentence) in
        [("", "there is no .jpg and no .png in "), ("missing", "cannot be read")]
    {
        let arguments = ["--folder", &folder.file(from), "--out", &folder.file("small")];
        let ended = Lesson::run("image_resizer", &arguments);
        assert_eq!((ended.code(), ended.stdout.as_str()), (1, ""), "{ended:?}");
        assert!(ended.stderr.starts_with("error: no pictures to resize: "), "{ended:?}");
        assert!(ended.stderr.contains(sentence), "{ended:?}");
        assert!(!folder.path().join("small").exists());
    }
}

/// What is made for a run is gone with it, also where Ctrl-C ends it while they are still being made.
#[cfg(unix)]
#[test]
fn nothing_is_left_of_the_pictures_that_were_made() {
    let folder = Folder::new("temporary");
    let place = folder.file("");
    let environment = [("TMPDIR", place.as_str())];
    let ended = Lesson::run_with("image_resizer", &["--pictures", "3"], &environment);
    assert_eq!(ended.code(), 0, "{ended:?}");
    assert_eq!(pictures(folder.path()).len(), 0);

    let program = tests::program("image_resizer");
    let running = Lesson::start_program(&program, &["--pictures", "1000"], &environment);
    let some_are_made = || {
        let scratch = fs::read_dir(folder.path()).expect("a folder").next();
        scratch.is_some_and(|it| pictures(&it.expect("an entry").path()).len() > 3)
    };
    wait_until("some pictures", some_are_made);
    signal("-INT", running.id());
    let ended = running.wait();
    assert_eq!((ended.code(), ended.stderr.as_str()), (130, ""), "{ended:?}");
    assert!(ended.lines_and_summary().1.starts_with("Interrupted: resized 0 of "), "{ended:?}");
    assert_eq!(pictures(folder.path()).len(), 0);

    // Nor where a second Ctrl-C does not wait, and one picture is still in progress.
    let arguments = ["--pictures", "60", "--width", "1199"];
    let mut running = Lesson::start_program(&program, &arguments, &environment);
    running.item_line();
    signal("-INT", running.id());
    signal("-INT", running.id());
    assert_eq!(running.wait().code(), 130);
    assert_eq!(pictures(folder.path()).len(), 0);
}
