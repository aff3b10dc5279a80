//! Lessons, and the results of a comparison on two cores, written by hand.

use std::time::Duration;

use common::{Span, Turn};
use course::{Found, Lesson};
use harness::{Described, Limit, Model};
use timeline::{Clock, Facts, Timeline};

use crate::evidence::Evidence;
use crate::kinds::{CALLS, PAGES};
use crate::results::{Check, Curve, Machine, Point, Results, Row, Sample, Sizes, Spread};

/// The lessons of the nine that are compared, with the article's figures.
pub(crate) const NINE: [(&str, Model, &str, Option<&str>); 8] = [
    ("one_by_one", Model::Sync, PAGES, None),
    ("with_threads", Model::Threads, PAGES, Some("4–5x")),
    ("with_tasks", Model::Async, PAGES, Some("over 30x")),
    ("with_processes", Model::Processes, PAGES, Some("slower than threads")),
    ("computing", Model::Sync, CALLS, None),
    ("computing_threads", Model::Threads, CALLS, Some("0.9x")),
    ("computing_tasks", Model::Async, CALLS, Some("0.4x")),
    ("computing_pool", Model::Rayon, CALLS, Some("3.5x")),
];

/// A lesson of the nine.
pub(crate) fn lesson(name: &str, model: Model, kind: &str) -> &'static Lesson {
    keep(made(name, model, kind))
}

/// A further lesson that compares two sections.
pub(crate) fn with_sections() -> &'static Lesson {
    let mut lesson = made("in_two_ways", Model::Async, PAGES);
    lesson.found.is_further = true;
    lesson.described.sections = ["one by one", "joined"].map(|name| (name.into(), None)).into();
    keep(lesson)
}

fn made(name: &str, model: Model, kind: &str) -> Lesson {
    Lesson {
        found: Found {
            name: name.into(),
            folder: format!("crates/lessons/{name}"),
            number: 1,
            is_further: false,
            idea: "One idea.".into(),
            mirrors: "a script".into(),
            ..Found::default()
        },
        described: Described {
            model,
            limit: Limit::One,
            kinds: vec![kind.into()],
            sections: Vec::new(),
            options: Vec::new(),
        },
    }
}

fn keep(lesson: Lesson) -> &'static Lesson {
    Box::leak(Box::new(lesson))
}

/// The one of the nine with this name.
fn of_the_nine(name: &str) -> &'static Lesson {
    let (_, model, kind, article) =
        NINE.into_iter().find(|(its, ..)| *its == name).expect("there is that lesson");
    let mut lesson = made(name, model, kind);
    lesson.found.article = article.map(String::from);
    keep(lesson)
}

/// Nothing was run yet when Ctrl-C was pressed.
pub(crate) fn empty() -> Results {
    Results {
        machine: Machine {
            cores: 2,
            system: "linux x86_64".into(),
            profile: "dev: the lessons are optimised as in release".into(),
        },
        sizes: Sizes { pages: 160, latency_ms: 50, number: 32, calls: 20, workers: None },
        bases: ["one_by_one", "computing"].map(of_the_nine).into(),
        rows: Vec::new(),
        commands: Vec::new(),
        sweep: Vec::new(),
        checks: Vec::new(),
        warnings: Vec::new(),
        doubts: Vec::new(),
        interrupted: true,
    }
}

/// Three runs of each, and a sweep.
pub(crate) fn sample() -> Results {
    Results {
        rows: NINE.iter().flat_map(|(name, ..)| rows(of_the_nine(name))).collect(),
        sweep: vec![
            curve("with_threads", &[8.31, 4.17, 1.69, 0.86, 0.45, 0.21, 0.16, 0.13]),
            curve("with_tasks", &[8.29, 4.15, 1.67, 0.84, 0.43, 0.18, 0.11, 0.07]),
            curve("with_processes", &[8.40, 4.26, 1.79, 0.99, 0.62]),
        ],
        checks: vec![
            check(true, "All 4 downloaders got the same 160 pages, to the byte."),
            check(true, "All 4 computing lessons got the same 20 numbers."),
        ],
        warnings: vec!["The machine was busy before the first run: 1.3 of 2 cores.".into()],
        interrupted: false,
        ..empty()
    }
}

/// The same with two further lessons: one with sections, which comes in between, and one without.
pub(crate) fn further() -> Results {
    let mut results = sample();
    let mut thread_each = made("thread_each", Model::Threads, PAGES);
    thread_each.found.is_further = true;
    let further = [with_sections(), keep(thread_each)];
    results.rows.splice(4..4, further.into_iter().flat_map(rows));
    results
}

/// Results with everything that may go wrong, and with these words in all free texts.
pub(crate) fn in_trouble(words: &str) -> Results {
    let mut results = sample();
    results.interrupted = true;
    results.machine.system = words.into();
    results.machine.profile = words.into();
    results.sizes.workers = Some(5);
    results.warnings = vec![words.into()];
    results.checks = vec![check(false, words)];
    results.sweep[0].trouble = Some(words.into());
    // One that did not run at all, and one that did not always.
    results.rows[3].samples.clear();
    results.rows[3].trouble = Some(words.into());
    results.rows[1].trouble = Some(words.into());
    for sample in &mut results.rows[1].samples {
        (sample.done, sample.failed) = (159, 1);
        let span = &mut sample.timeline.spans[7];
        span.label = words.into();
        span.worker = words.into();
        span.failed = Some(words.into());
    }
    results
}

fn rows(lesson: &'static Lesson) -> Vec<Row> {
    let mut rows = Row::of(lesson, None);
    for row in &mut rows {
        row.samples = [0, 1, 2].map(|run| run_of(row, 1000 + 7 * run)).to_vec();
    }
    rows
}

fn check(passed: bool, sentence: &str) -> Check {
    Check { passed, sentence: sentence.into() }
}

fn curve(name: &str, seconds: &[f64]) -> Curve {
    let workers = [1, 2, 5, 10, 20, 50, 80, 160];
    let point = |(workers, &median): (usize, &f64)| Point {
        workers,
        pages: 160,
        seconds: Spread { median, lowest: 0.97 * median, highest: 1.06 * median },
        runs: 3,
    };
    let points = workers.into_iter().zip(seconds).map(point).collect();
    Curve { lesson: of_the_nine(name), points, trouble: None }
}

/// A run with all its times multiplied by this many thousandths.
fn run_of(row: &Row, thousandths: u32) -> Sample {
    let (workers, spans) = match row.name().as_str() {
        "one_by_one" => (1, one_after_another("main", 160, 52_000, 600)),
        "with_threads" => (5, together(5, 32, 52_400, 900)),
        "with_tasks" => (160, tasks(160)),
        "with_processes" => (2, together(2, 80, 52_300, 1_100)),
        "computing" => (1, one_after_another("main", 20, 29_000, 28_900)),
        "computing_threads" => (2, together(2, 10, 29_800, 29_500)),
        "computing_tasks" => (1, one_after_another("main", 20, 91_000, 90_900)),
        "thread_each" => (160, together(160, 1, 52_400, 900)),
        "in_two_ways: one by one" => (1, one_after_another("main", 10, 52_000, 600)),
        "in_two_ways: joined" => (1, tasks(10)),
        _ => (2, together(2, 10, 29_400, 29_300)),
    };
    let spans = spans.into_iter().map(|span| slower(span, thousandths));
    let spans: Vec<Span> = spans.collect();
    let took = spans.iter().map(|span| span.end).max().unwrap_or_default() + micros(400);
    let timeline = Timeline {
        title: row.name(),
        item: row.item.into(),
        worker: row.lesson.model().worker().into(),
        only_computes: row.item == CALLS,
        clock: Clock { tells_ready: true, ..Clock::default() },
        took,
        cores: 2,
        spans,
        sections: Vec::new(),
    };
    let nothing = Facts {
        peak_in_flight: 0,
        workers: 0,
        working: 0.0,
        ready: 0.0,
        cores_busy: 0.0,
        bound: None,
    };
    Sample {
        seconds: took.as_secs_f64(),
        workers,
        done: timeline.spans.len(),
        failed: 0,
        facts: timeline.facts().unwrap_or(nothing),
        got: (0..timeline.spans.len()).map(|item| (format!("item {item}"), 1)).collect(),
        timeline,
        evidence: Evidence::default(),
    }
}

const fn micros(micros: u64) -> Duration {
    Duration::from_micros(micros)
}

fn slower(mut span: Span, thousandths: u32) -> Span {
    let slow = |time: &mut Duration| *time = *time * thousandths / 1000;
    [&mut span.start, &mut span.end, &mut span.working, &mut span.ready].into_iter().for_each(slow);
    for Turn { start, end, woken, working, ready, before } in &mut span.turns {
        [start, end, woken, working, ready, before].into_iter().for_each(slow);
    }
    span
}

/// A little more or less of each item, the same in every run.
fn varied(item: u64, usual: u64) -> u64 {
    usual + (item * 37 % 11) * usual / 200
}

fn one_after_another(worker: &str, items: u64, each: u64, working: u64) -> Vec<Span> {
    let mut now = 300;
    let span = |item| {
        let start = now;
        now += varied(item, each);
        Span {
            label: format!(
                "http://127.0.0.1:40123/{}?page={item}&of=all",
                ["jython", "python"][item as usize % 2]
            ),
            worker: worker.into(),
            start: micros(start),
            end: micros(now - 30),
            working: micros(working),
            ..Span::default()
        }
    };
    (0..items).map(span).collect()
}

fn together(workers: u64, items: u64, each: u64, working: u64) -> Vec<Span> {
    let one =
        |worker| one_after_another(&format!("worker-{worker}"), items, each + worker * 90, working);
    (1..=workers).flat_map(one).collect()
}

/// Tasks that all begin, wait together, and have three turns each when their pages arrive.
fn tasks(tasks: u64) -> Vec<Span> {
    let turn = |start: u64, length: u64| Turn {
        start: micros(start),
        end: micros(start + length),
        woken: micros(start),
        working: micros(length),
        before: micros(5),
        ..Turn::default()
    };
    let span = |task: u64| {
        let begun = 400 + task * 50;
        let turns = vec![
            turn(begun, 40),
            turn(8_500 + task * 60, 50),
            turn(52_000 + task * 95, 30),
            turn(52_040 + task * 95, 45),
        ];
        Span {
            label: format!("http://127.0.0.1:40123/jython?page={task}"),
            worker: "main".into(),
            start: micros(begun),
            end: turns[3].end,
            working: micros(165),
            turns,
            ..Span::default()
        }
    };
    (0..tasks).map(span).collect()
}
