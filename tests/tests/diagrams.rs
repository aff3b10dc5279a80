//! Working and waiting: in the record, in the sentence and the diagram after the summary, and in files.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use course::Lesson;
use harness::{Limit, Model, cores};
use serde_json::Value;
use test_sites::{FaultSite, RefusingPort, Site};
use testing::record::{items, number, shares, worked};
#[cfg(target_os = "linux")]
use testing::{Ended, Program};
use testing::{
    Folder, all_at_once, bars, downloaders, first, lessons, only_does, program, short, words,
};
#[cfg(unix)]
use testing::{nine, signal, wait_until};

/// The first lesson that only does items of this kind, with this model.
fn doing(kind: &str, model: Model) -> &'static Lesson {
    first(kind, |lesson| only_does(lesson, kind) && lesson.model() == model)
}

/// A lesson in which all pages are tasks.
fn all_tasks() -> &'static Lesson {
    first("all pages are tasks", |it| {
        only_does(it, "page") && it.model() == Model::Async && it.limit() == Limit::All
    })
}

/// Whether a lesson draws a timing diagram: lessons of rounds have their own drawing.
#[cfg(unix)]
fn has_a_timing_diagram(lesson: &Lesson) -> bool {
    !lesson.does("round")
}

#[cfg(unix)]
fn with_a_timing_diagram() -> Vec<&'static Lesson> {
    lessons().iter().filter(|lesson| has_a_timing_diagram(lesson)).collect()
}

// The record

#[test]
fn downloaders_wait_on_as_many_lanes_as_they_have_workers() {
    for (model, arguments, lanes) in [
        (Model::Sync, &["--latency", "100", "--repeat", "5"][..], 1),
        (Model::Threads, &["--latency", "100", "--repeat", "10"], 5),
        (Model::Processes, &["--latency", "100", "--repeat", "6", "--workers", "3"], 3),
    ] {
        let name = doing("page", model).name();
        let run = program(name).record(arguments);
        let facts = &run["facts"];
        assert_eq!(facts["peak_in_flight"], lanes, "{name}: {facts}");
        assert_eq!(facts["workers"], lanes, "{name}: {facts}");
        assert_eq!(shares(&items(&run)).len(), lanes, "{name}: {run}");
        assert_eq!(facts["bound"], "I/O-bound", "{name}: {facts}");
        assert!((0.0..0.05).contains(&number(facts, "working")), "{name}: {facts}");
        assert!(run["cores"].as_u64().is_some_and(|cores| cores > 0), "{name}");
        // The figures are those of the items.
        let cores_busy = worked(&items(&run)) / number(&run, "seconds");
        assert!((number(facts, "cores_busy") - cores_busy).abs() < 1e-3, "{name}: {facts}");
        assert!(items(&run).iter().all(|item| item["turns"].is_null()), "{name}: {run}");
    }
}

/// The longer a page takes, the longer a gap between two of its turns can be and stay invisible; but other tasks may
/// have their turns in it.
#[test]
fn async_has_all_pages_in_flight_on_one_thread_which_they_have_in_turns() {
    let run = program(all_tasks().name()).record(&["--latency", "3000"]);
    let facts = &run["facts"];
    assert_eq!((&facts["peak_in_flight"], &facts["workers"]), (&160.into(), &1.into()));
    assert_eq!(facts["bound"], "I/O-bound", "{facts}");
    assert!((0.0..0.5).contains(&number(facts, "working")), "{facts}");
    let mut turns = Vec::new();
    for item in items(&run) {
        let own: Vec<Vec<f64>> = item["turns"]
            .as_array()
            .unwrap_or_else(|| panic!("no turns: {item}"))
            .iter()
            .map(|turn| serde_json::from_value(turn.clone()).expect("numbers"))
            .collect();
        // Start, end, when its task was woken; then how long the thread worked and was ready.
        assert!(own.iter().all(|turn| turn.len() == 6 && turn[0] <= turn[1]), "{item}");
        assert!(own.iter().all(|turn| turn[2] <= turn[0]), "{item}");
        let ready: f64 = own.iter().map(|turn| turn[0] - turn[2] + turn[4]).sum();
        assert!((number(item, "ready") - ready).abs() < 1e-5, "{item}");
        assert!(number(item, "start") <= own[0][0], "{item}");
        assert!(own[own.len() - 1][1] <= number(item, "end"), "{item}");
        // Each of the numbers is rounded to a microsecond.
        let worked: f64 = own.iter().map(|turn| turn[3] + 1e-6).sum();
        assert!(number(item, "working") <= worked + 1e-6, "{item}");
        turns.extend(own.into_iter().map(|turn| (turn[0], turn[1])));
    }
    turns.sort_by(|one, other| one.partial_cmp(other).expect("numbers"));
    for pair in turns.windows(2) {
        assert!(pair[0].1 <= pair[1].0, "two turns at once: {pair:?}");
    }
}

/// Runs a program with `--json`; returns its report, and the CPU time of the program and its children as counted by
/// the shell.
#[cfg(unix)]
fn with_cpu_time(name: &str, arguments: &[&str]) -> (Value, f64) {
    let mut shell = std::process::Command::new("sh");
    shell.args(["-c", r#""$0" --json "$@"; times"#]).arg(program(name).path()).args(arguments);
    let output = shell.output().expect("sh runs");
    assert!(output.stderr.is_empty(), "{name}: {output:?}");
    let text = String::from_utf8(output.stdout).expect("text");
    let lines: Vec<&str> = text.lines().collect();
    let run = serde_json::from_str(lines[0]).unwrap_or_else(|error| panic!("{error}: {text}"));
    // `0m1.234s 0m0.056s`: user and system.
    let seconds = |time: &str| -> f64 {
        let (minutes, seconds) = time.trim_end_matches('s').split_once('m').expect("minutes");
        60.0 * minutes.parse::<f64>().expect("minutes")
            + seconds.replace(',', ".").parse::<f64>().expect("seconds")
    };
    (run, lines[lines.len() - 1].split(' ').map(seconds).sum())
}

/// On a busy machine a thread sometimes waits for a core, but its CPU time is the same. So this compares it with the
/// system's count for the whole process, which does little else.
#[cfg(unix)]
#[test]
fn the_work_of_the_calls_is_what_the_system_counts() {
    for lesson in lessons().iter().filter(|lesson| only_does(lesson, "call")) {
        let name = lesson.name();
        // An awaited call costs about 17 times as much.
        let number = if lesson.model() == Model::Async { "29" } else { "35" };
        let (run, counted) = with_cpu_time(name, &["--number", number]);
        let worked = worked(&items(&run));
        // The shell may count in steps of 10 ms.
        assert!(worked <= counted + 0.02, "{name}: {worked} of {counted} s");
        assert!(worked >= 0.8 * counted, "{name}: {worked} of {counted} s");
    }
}

/// Once in many runs it must have the core to itself for a few milliseconds, even on a busy machine. (Windows counts CPU time in steps that are longer than that.)
#[cfg(not(windows))]
#[test]
fn calls_keep_as_many_lanes_at_work_as_there_are_workers() {
    let two = cores().min(2);
    let number_of_workers = two.to_string();
    let several = ["--number", "27", "--calls", "8", "--workers", &number_of_workers];
    for (model, lanes, arguments) in [
        (Model::Sync, 1, &["--number", "27", "--calls", "8"][..]),
        (Model::Async, 1, &["--number", "21", "--calls", "8"]),
        (Model::Threads, two, &several),
        (Model::Rayon, two, &several),
    ] {
        let name = doing("call", model).name();
        let mut seen = Vec::new();
        let is_at_work = (0..100).any(|_| {
            let run = program(name).record(arguments);
            let facts = &run["facts"];
            seen.push(facts.to_string());
            number(facts, "working") > 0.95
                && facts["bound"] == "CPU-bound"
                && facts["workers"] == lanes
                && shares(&items(&run)).len() == lanes
        });
        assert!(is_at_work, "{name}: {seen:?}");
    }
}

/// Calls this while twice as many threads as cores compute.
#[cfg(target_os = "linux")]
fn on_a_busy_machine<T>(work: impl FnOnce() -> T) -> T {
    let is_done = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..2 * cores() {
            scope.spawn(|| {
                while !is_done.load(std::sync::atomic::Ordering::Relaxed) {
                    std::hint::spin_loop();
                }
            });
        }
        let result = work();
        is_done.store(true, std::sync::atomic::Ordering::Relaxed);
        result
    })
}

/// With three times as many threads as cores, a thread is ready for two thirds of the time that it does not work, even if
/// other programs use the machine. If the system does not count that, the sentence does not mention it.
#[test]
fn threads_without_a_core_are_ready_and_not_waiting() {
    let workers = (3 * cores()).to_string();
    for model in [Model::Threads, Model::Rayon] {
        let name = doing("call", model).name();
        // Long calls: all of them are in progress at once, however late a thread begins.
        let arguments = ["--number", "37", "--calls", &workers, "--workers", &workers];
        let run = program(name).record(&arguments);
        let (facts, tells) = (&run["facts"], run["clock"]["tells_ready"] == true);
        assert_eq!(tells, cfg!(target_os = "linux"), "{run}");
        let (working, ready) = (number(facts, "working"), number(facts, "ready"));
        if tells {
            assert!(ready > 0.5 && working + ready > 0.9, "{name}: {facts}");
            let ended = program(name).run(&arguments);
            let words = ended.explanation().join(" ");
            assert!(words.contains(" were ready without a core for "), "{name}: {words}");
            assert!(words.contains("═ ready") || words.contains("= ready"), "{name}: {words}");
        } else {
            assert!(ready == 0.0, "{name}: {facts}");
        }
        let bound = facts["bound"].as_str().unwrap_or("CPU-bound");
        assert!(bound.starts_with("CPU-bound"), "{name}: {facts}");
    }
}

/// A task that lost its core did not block: the turns of a correct program consist of work and of time without a
/// core.
#[cfg(target_os = "linux")]
#[test]
fn a_busy_machine_makes_no_task_block() {
    let folder = Folder::new("busy");
    let svg = folder.file("busy.svg");
    on_a_busy_machine(|| {
        for _ in 0..5 {
            let ended = program(all_tasks().name()).run(&["--timeline", &svg]);
            assert_eq!(ended.code(), 0, "{ended:?}");
            assert!(!ended.stdout.contains("blocking"), "{}", ended.stdout);
            let picture = fs::read_to_string(&svg).expect("it was written");
            assert!(!picture.contains("class=\"blocking\""), "{picture}");
            assert!(picture.contains("class=\"ready\""), "{picture}");
        }
    });
}

/// On a busy machine, too, and in each section.
#[cfg(target_os = "linux")]
#[test]
fn what_only_computes_is_never_called_io_bound() {
    on_a_busy_machine(|| {
        for lesson in lessons().iter().filter(|it| only_does(it, "call")) {
            let run = program(lesson.name()).record(&["--number", "24"]);
            let parts = run["parts"].as_array().cloned().unwrap_or_default();
            let facts = parts.iter().map(|part| &part["facts"]).chain([&run["facts"]]);
            for bound in facts.filter_map(|facts| facts["bound"].as_str()) {
                assert!(bound.starts_with("CPU-bound"), "{}: {bound}", lesson.name());
            }
        }
    });
}

/// A page of 64 MB and one of 27 bytes are the same to the parent: a line goes, and a line comes. So the extra cost of
/// the large one is the worker process's work.
#[cfg(not(windows))]
#[test]
fn the_work_of_a_worker_process_is_counted() {
    let site = FaultSite::start();
    let (small, large) = (site.url("/ok"), site.url("/large"));
    let arguments = ["--repeat", "3", "--workers", "2", "--timeout", "60", &small, &large];
    let run = program(doing("page", Model::Processes).name()).record(&arguments);
    let of = |url: &str| -> f64 {
        let of_it = items(&run).into_iter().filter(|item| item["label"] == url);
        of_it.map(|item| number(item, "working")).fold(f64::INFINITY, f64::min)
    };
    assert!(of(&large) > 5.0 * of(&small), "{} and {} s: {run}", of(&large), of(&small));
}

/// The bytes arrive on the same thread, in the client's own task, whose work is the thread's work, too. It is not lost
/// in the gaps between a page's turns, which are invisible in a long run.
#[cfg(unix)]
#[test]
fn what_the_event_loop_does_for_a_page_is_the_threads_work() {
    let site = FaultSite::start();
    let page = site.url("/large-and-late");
    for pages in ["1", "6"] {
        let arguments = ["--repeat", pages, "--timeout", "60", &page];
        let (run, counted) = with_cpu_time(all_tasks().name(), &arguments);
        let worked = number(&run["facts"], "cores_busy") * number(&run, "seconds");
        assert!(worked <= counted + 0.02, "{worked} of {counted} s: {}", run["facts"]);
        // The rest is the start and a little printing.
        assert!(worked >= 0.5 * (counted - 0.03), "{worked} of {counted} s: {}", run["facts"]);
    }
}

/// A lesson that waits for a site that works does not work itself.
#[test]
fn the_work_of_the_site_is_not_counted() {
    let site = FaultSite::start();
    for lesson in lessons().iter().filter(|it| it.does("page") && !it.does("call")) {
        let page = site.url("/busy"); // the site computes for 50 ms
        let run = program(lesson.name()).record(&["--repeat", "6", "--timeout", "60", &page]);
        let pages = 6.0 * lesson.times("page") as f64;
        assert!(worked(&items(&run)) < 0.2 * pages * 0.050, "{}: {run}", lesson.name());
    }
}

// The sentence and the diagram

/// The sentence, in one line, and the rows of the diagram.
fn sentence_and_rows<'a>(explanation: &[&'a str]) -> (String, Vec<&'a str>) {
    let axis = explanation.iter().position(|line| line.ends_with(" work"));
    let axis = axis.unwrap_or_else(|| panic!("there is no diagram: {explanation:?}"));
    (explanation[..axis].join(" "), explanation[axis..].to_vec())
}

#[cfg(unix)]
fn width(line: &str) -> usize {
    line.chars().count()
}

#[cfg(unix)]
const UTF_8: [(&str, &str); 2] = [("LC_ALL", "C.UTF-8"), ("TERM", "xterm-256color")];
#[cfg(unix)]
const ASCII: [(&str, &str); 2] = [("LC_ALL", "C"), ("TERM", "xterm-256color")];

#[cfg(unix)]
#[test]
fn a_sentence_and_a_diagram_come_after_the_summary() {
    all_at_once(&with_a_timing_diagram(), |lesson| {
        for (environment, ascii) in [(UTF_8, false), (ASCII, true)] {
            let ended = program(lesson.name()).run_with(&short(lesson), &environment);
            let lines = ended.explanation();
            let (sentence, rows) = sentence_and_rows(&lines);
            let ends = [
                ": I/O-bound.",
                ": CPU-bound.",
                ": between I/O-bound and CPU-bound.",
                ": CPU-bound, and waiting for a core.",
                ": CPU-bound, and waiting for something that is not a core.",
                ": CPU-bound, and waiting for a core or for something else.",
                // The calls take microseconds, and the clock counts in milliseconds.
                " by this system's clock, which counts in steps of 16 ms.",
            ];
            if !lesson.has_sections() {
                assert!(sentence.starts_with("At most "), "{sentence}");
                assert!(ends.iter().any(|end| sentence.ends_with(end)), "{sentence}");
            } else {
                assert_sections_are_compared(lesson, &lines);
            }
            assert!(rows[0].contains(" 0 "), "the time axis: {rows:?}");
            let units = if ascii { [" us ", " ms ", " s "] } else { [" µs ", " ms ", " s "] };
            assert!(units.iter().any(|unit| rows[0].contains(unit)), "{rows:?}");
            assert!((3..=12).contains(&rows.len()), "{rows:?}");
            let legend = if ascii { "# working  . waiting" } else { "█ working  ░ waiting" };
            assert!(rows[rows.len() - 1].starts_with(legend), "{rows:?}");
            assert!(lines.iter().all(|line| width(line) <= 80), "{lines:?}");
            // A file or a pipe gets no colours.
            assert!(!ended.stdout.contains('\u{1b}'), "{ended:?}");
            assert!(!ascii || ended.stdout.is_ascii(), "{ended:?}");
        }
    });
}

/// A row for each section, in their order, with a ratio if an earlier section did the same work.
#[cfg(unix)]
fn assert_sections_are_compared(lesson: &Lesson, lines: &[&str]) {
    // Before them, there may be remarks of the lesson.
    let table = lines.iter().position(|line| line.starts_with("part "));
    let lines = &lines[table.unwrap_or_else(|| panic!("no table: {lines:?}"))..];
    let sections = &lesson.described.sections;
    for (index, (name, kind)) in sections.iter().enumerate() {
        let row = lines[1 + index].strip_prefix(name.as_str());
        let row = row.unwrap_or_else(|| panic!("no row of {name}: {lines:?}"));
        let seconds = row.split_whitespace().next().and_then(|number| number.parse::<f64>().ok());
        assert!(seconds.is_some_and(|seconds| seconds > 0.0), "{row}");
        let has_base = sections[..index].iter().any(|(_, base)| base == kind);
        let compares = ["faster", "slower", "the same"].iter().any(|word| row.contains(word));
        assert_eq!(compares, has_base, "{row}");
    }
}

#[cfg(unix)]
#[test]
fn what_does_not_fit_is_summed_up() {
    let ended = program(all_tasks().name()).run_with(&["--latency", "1000"], &UTF_8);
    let lines = ended.explanation();
    let (sentence, rows) = sentence_and_rows(&lines);
    assert!(sentence.starts_with("At most 160 pages in flight; 1 thread worked "), "{sentence}");
    assert_eq!(rows.len(), 12, "{rows:?}");
    assert!(rows[1].starts_with("main   "), "{rows:?}");
    assert!(rows[2].starts_with("task 1 ") && rows[9].starts_with("task 8 "), "{rows:?}");
    assert!(rows[10].starts_with("…      152 more tasks like these "), "{rows:?}");

    let arguments = ["--latency", "1000", "--workers", "20", "--repeat", "10"];
    let ended = program(doing("page", Model::Threads).name()).run_with(&arguments, &ASCII);
    let lines = ended.explanation();
    let (sentence, rows) = sentence_and_rows(&lines);
    assert!(sentence.starts_with("At most 20 pages in flight; 20 threads worked "), "{sentence}");
    assert_eq!(rows.len(), 12, "{rows:?}");
    assert!(rows[10].starts_with("...      11 more threads like these "), "{rows:?}");
}

#[test]
fn quiet_and_json_say_no_more_than_before() {
    all_at_once(lessons(), |lesson| {
        let (name, program) = (lesson.name(), program(lesson.name()));
        let quiet = program.run(&[&short(lesson)[..], &["--quiet"]].concat());
        assert_eq!(quiet.stdout.lines().count(), 1, "{name}: {quiet:?}");
        let json = program.run(&[&short(lesson)[..], &["--json"]].concat());
        assert_eq!(json.json()["lesson"], name);
        assert_eq!((quiet.stderr, json.stderr), (String::new(), String::new()), "{name}");
    });
}

/// Runs a program whose stdout is a terminal of that width.
#[cfg(target_os = "linux")]
fn on_a_terminal(
    columns: usize,
    environment: &[(&str, &str)],
    program: &Program,
    arguments: &[&str],
) -> Ended {
    // No bar: it goes to stderr.
    let command = format!("{} 2>/dev/null", program.command(arguments));
    testing::Terminal::start(columns, environment, &command).wait()
}

/// The text without the sequences that set a colour.
#[cfg(target_os = "linux")]
fn without_colours(ended: Ended) -> Ended {
    Ended { stdout: testing::without_colours(&ended.stdout), ..ended }
}

#[cfg(target_os = "linux")]
#[test]
fn on_a_terminal_it_keeps_to_the_width() {
    all_at_once(&with_a_timing_diagram(), |lesson| {
        for columns in [20, 40, 100] {
            for environment in [UTF_8, ASCII] {
                let ended =
                    on_a_terminal(columns, &environment, &program(lesson.name()), &short(lesson));
                let ended = without_colours(ended);
                let lines = ended.explanation();
                assert!(lines.iter().all(|line| width(line) <= columns), "{columns}: {lines:?}");
                let (sentence, rows) = sentence_and_rows(&lines);
                let sections = lesson.described.sections.iter();
                let words = sections.map(|(name, _)| name.as_str()).next().unwrap_or("-bound");
                assert!(sentence.contains(words), "{sentence}");
                assert!((3..=12).contains(&rows.len()), "{rows:?}");
                assert_eq!(width(rows[1]), columns, "it takes the room that it has: {rows:?}");
            }
        }
    });
    // Without room for a diagram, the sentence is still there.
    let calls = program(doing("call", Model::Sync).name());
    let ended = on_a_terminal(12, &[], &calls, &["--number", "20", "--calls", "7"]);
    let ended = without_colours(ended);
    let lines = ended.explanation();
    assert!(lines.join(" ").starts_with("At most 1 call in flight; "), "{lines:?}");
    assert!(lines.iter().all(|line| !line.ends_with(" work") && width(line) <= 12), "{lines:?}");
}

#[cfg(target_os = "linux")]
#[test]
fn lines_of_a_narrow_legend_are_broken_between_its_signs() {
    let site = FaultSite::start();
    // Together they take so long that the diagram distinguishes each from the next.
    let pages = [site.url("/busy"), site.url("/silent")];
    let arguments = ["--repeat", "1", "--timeout", "0.1", &pages[0], &pages[1]];
    let program = program(doing("page", Model::Sync).name());
    for columns in [20, 30, 40] {
        let ended = without_colours(on_a_terminal(columns, &[], &program, &arguments));
        assert_eq!(ended.code(), 1, "{ended:?}");
        let lines = ended.explanation();
        assert!(lines.iter().all(|line| width(line) <= columns), "{columns}: {lines:?}");
        assert!(lines[lines.len() - 1].ends_with("× failed"), "{columns}: {lines:?}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn colours_come_on_a_terminal_that_has_them_unless_they_are_not_wanted() {
    let arguments = ["--latency", "20", "--repeat", "3"];
    let program = program(doing("page", Model::Threads).name());
    let run =
        |environment: &[(&str, &str)]| on_a_terminal(80, environment, &program, &arguments).stdout;
    // Vermilion waits.
    assert!(run(&[]).contains("\u{1b}[38;5;166m░"));
    assert!(!run(&[("NO_COLOR", "1")]).contains('\u{1b}'));
    assert!(!run(&[("TERM", "dumb")]).contains('\u{1b}'));
}

// Files

fn read(file: &str) -> String {
    fs::read_to_string(file).unwrap_or_else(|error| panic!("{file}: {error}"))
}

#[test]
fn the_picture_has_a_bar_for_each_item_on_the_lane_of_its_worker() {
    let folder = Folder::new("picture");
    let file = folder.file("run.svg");
    // An old file that is longer than the new one.
    fs::write(&file, "nonsense ".repeat(100_000)).expect("a file");
    for (model, lanes, bars_of_all) in
        [(Model::Sync, 1, 20), (Model::Threads, 5, 20), (Model::Processes, 2, 20)]
    {
        let name = doing("page", model).name();
        let arguments = ["--latency", "50", "--repeat", "10", "--timeline", &file];
        let arguments = match model {
            Model::Processes => [&arguments[..], &["--workers", "2"]].concat(),
            _ => arguments.to_vec(),
        };
        let ended = program(name).run(&arguments);
        assert_eq!(ended.code(), 0, "{name}: {ended:?}");
        let svg = read(&file);
        let bars = bars(&svg);
        assert_eq!(bars.len(), lanes, "{name}");
        let titles: Vec<&String> = bars.iter().flatten().collect();
        assert_eq!(titles.len(), bars_of_all, "{name}: {titles:?}");
        for title in titles {
            let is_told = ["http://127.0.0.1:", ": from ", " ms, worked ", " of "]
                .iter()
                .all(|part| title.contains(part));
            assert!(is_told, "{name}: {title}");
        }
        let words = words(&svg);
        assert_eq!(words[0], name);
        assert!(words[1].starts_with("At most "), "{name}: {words:?}");
        let worker = if lanes == 1 { "main" } else { "worker-2" };
        assert!(words.iter().any(|word| word == worker), "{name}: {words:?}");
    }
}

#[test]
fn the_picture_of_async_has_the_thread_and_below_it_all_tasks() {
    let folder = Folder::new("tasks");
    let file = folder.file("run.SVG");
    let arguments = ["--latency", "1000", "--quiet", "--timeline", &file];
    let ended = program(all_tasks().name()).run(&arguments);
    assert_eq!((ended.code(), ended.stdout.lines().count()), (0, 1), "{ended:?}");
    let svg = read(&file);
    let bars = bars(&svg);
    assert_eq!(bars.len(), 161);
    assert!(bars[1..].iter().all(|task| task.len() == 1), "{bars:?}");
    let words = words(&svg);
    for word in ["main", "160 tasks"] {
        assert!(words.iter().any(|shown| shown == word), "{word}: {words:?}");
    }
}

#[test]
fn a_run_in_which_nothing_arrives_is_bound_by_nothing() {
    let port = RefusingPort::take();
    let ended = program(doing("page", Model::Sync).name()).run(&["--repeat", "2", &port.url]);
    let sentence = ended.explanation().join(" ");
    assert!(sentence.starts_with("At most 1 page in flight"), "{ended:?}");
    assert!(!sentence.contains("bound"), "{sentence}");
}

#[test]
fn an_address_with_signs_that_mean_something_to_xml() {
    let folder = Folder::new("signs");
    let site = Site::start(20);
    let url = format!("{}/dice?a=1&b=2&lt;'", site.url);
    for (model, file) in [(Model::Sync, "a&b<c>.svg"), (Model::Async, "run.svg")] {
        let lesson = doing("page", model).name();
        // Windows does not allow such file names.
        let file = folder.file(if cfg!(windows) { "run.svg" } else { file });
        let ended = program(lesson).run(&["--repeat", "2", "--timeline", &file, &url]);
        assert_eq!(ended.code(), 0, "{lesson}: {ended:?}");
        let bars = bars(&read(&file));
        let told = format!("{url}: from ");
        assert!(bars[bars.len() - 1][0].starts_with(&told), "{lesson}: {bars:?}");
    }
}

/// Checks a trace against "Trace Event Format", as far as it uses that; returns the complete events and the pairs,
/// each with its start and end in microseconds.
fn check_trace(text: &str) -> (Vec<Value>, Vec<[Value; 2]>) {
    let trace: Value = serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"));
    let events = trace["traceEvents"].as_array().expect("events");
    let mut names = BTreeMap::<(&str, u64), &str>::new();
    let (mut complete, mut open, mut pairs) = (Vec::new(), BTreeMap::new(), Vec::new());
    for event in events {
        let thread = event["tid"].as_u64().unwrap_or_else(|| panic!("no thread: {event}"));
        assert_eq!(event["pid"], 1, "all is in one process: {event}");
        let name = event["name"].as_str().unwrap_or_else(|| panic!("no name: {event}"));
        if event["name"] == "thread_sort_index" {
            continue;
        }
        if event["ph"] == "M" {
            let given = event["args"]["name"].as_str().expect("a name");
            assert_eq!(names.insert((name, thread), given), None, "a second name: {event}");
            continue;
        }
        assert!(names.contains_key(&("thread_name", thread)), "a thread without a name: {event}");
        let category = event["cat"].as_str().expect("a category").to_owned();
        assert!(number(event, "ts") >= 0.0, "{event}");
        match event["ph"].as_str().expect("a phase") {
            "X" => {
                assert!(number(event, "dur") >= 0.0, "{event}");
                complete.push(event.clone());
            }
            "b" => {
                let earlier = open.insert((category, event["id"].to_string()), event.clone());
                assert_eq!(earlier, None, "two with one id");
            }
            "e" => {
                let begin = open.remove(&(category, event["id"].to_string()));
                let begin = begin.unwrap_or_else(|| panic!("it never began: {event}"));
                assert_eq!((&begin["name"], &begin["tid"]), (&event["name"], &event["tid"]));
                assert!(number(&begin, "ts") <= number(event, "ts"), "{begin} {event}");
                pairs.push([begin, event.clone()]);
            }
            other => panic!("an unknown phase {other}: {event}"),
        }
    }
    assert!(open.is_empty(), "they never end: {open:?}");
    assert!(names.keys().any(|(name, _)| *name == "process_name"), "{names:?}");
    let mut by_thread = BTreeMap::<u64, Vec<(u64, u64)>>::new();
    for event in &complete {
        // Perfetto counts in nanoseconds.
        let nanos = |key| (number(event, key) * 1e3).round() as u64;
        let thread = event["tid"].as_u64().expect("a number");
        by_thread.entry(thread).or_default().push((nanos("ts"), nanos("ts") + nanos("dur")));
    }
    for (thread, mut events) in by_thread {
        events.sort_unstable();
        let overlap = events.windows(2).find(|pair| pair[1].0 < pair[0].1);
        assert_eq!(overlap, None, "thread {thread} does two things at once");
    }
    (complete, pairs)
}

#[test]
fn the_trace_is_a_chrome_trace() {
    let folder = Folder::new("trace");
    let file = folder.file("run.json");
    for lesson in lessons() {
        let name = lesson.name();
        let run = program(name).record(&[&short(lesson)[..], &["--timeline", &file]].concat());
        let (complete, pairs) = check_trace(&read(&file));
        let is_item = |event: &Value| !["part", "aside"].map(Value::from).contains(&event["cat"]);
        let complete: Vec<&Value> = complete.iter().filter(|event| is_item(event)).collect();
        let (items, pages) = (items(&run).len(), 6);
        let calls = if lesson.takes("calls") { 7 } else { pages };
        let is_counted = |kind: &String| ["page", "call"].contains(&kind.as_str());
        if lesson.described.kinds.iter().all(is_counted) {
            assert_eq!(
                items,
                lesson.times("page") * pages + lesson.times("call") * calls,
                "{name}"
            );
        }
        // What has turns is a task that shares its thread: its wait is a pair. All else is one piece of work.
        let has_turns = |item: &&&Value| item["turns"].as_array().is_some_and(|it| !it.is_empty());
        let tasks = self::items(&run).iter().filter(has_turns).count();
        if lesson.model() == Model::Async && lesson.does("page") {
            assert_eq!(tasks, lesson.times("page") * pages, "{name}");
        }
        assert_eq!(
            tasks > 0,
            lesson.model() == Model::Async && !only_does(lesson, "call"),
            "{name}"
        );
        if tasks > 0 {
            assert_eq!(pairs.len(), tasks, "{name}");
            let overlap =
                pairs.windows(2).any(|two| number(&two[1][0], "ts") < number(&two[0][1], "ts"));
            assert!(overlap, "{pairs:?}");
        } else {
            assert_eq!((complete.len(), pairs.len()), (items, 0), "{name}");
            for event in &complete {
                let times = |key: &str| number(&event["args"], key);
                assert!(times("working_ms") >= 0.0, "{event}");
                assert!((0.0..=100.0).contains(&times("working_percent")), "{event}");
            }
        }
    }
}

/// Turns of less than a microsecond, thousands of items, and times that are not round numbers.
#[test]
fn the_trace_of_a_long_run_is_one_too() {
    let folder = Folder::new("long-trace");
    let file = folder.file("run.json");
    let arguments = ["--number", "3", "--calls", "20000", "--quiet", "--timeline", &file];
    assert_eq!(program(doing("call", Model::Threads).name()).run(&arguments).code(), 0);
    assert_eq!(check_trace(&read(&file)).0.len(), 20_000);
    let arguments = ["--latency", "0", "--repeat", "500", "--quiet", "--timeline", &file];
    assert_eq!(program(all_tasks().name()).run(&arguments).code(), 0);
    assert_eq!(check_trace(&read(&file)).1.len(), 1_000);
}

#[test]
fn a_file_that_cannot_be_is_refused_before_anything_starts() {
    let folder = Folder::new("refused");
    let a_folder = folder.file("a-folder.svg");
    fs::create_dir(&a_folder).expect("a folder");
    let missing = Path::new("missing").join("run.svg");
    let missing = folder.file(missing.to_str().expect("text"));
    let ends_as_a_folder = format!("{}/", folder.file("new.svg"));
    let site = Site::start(1);
    for lesson in lessons() {
        for (file, sentence) in [
            (folder.file("run.png"), "it takes a file that ends in .svg or .json"),
            (folder.file("run"), "it takes a file that ends in .svg or .json"),
            (String::new(), "it takes a file that ends in .svg or .json"),
            (missing.clone(), "there is no folder '"),
            (a_folder.clone(), "this is a folder"),
            (ends_as_a_folder.clone(), "this is a folder"),
        ] {
            let site: &[&str] = if lesson.does("page") { &["--site", &site.url] } else { &[] };
            let ended = program(lesson.name()).run(&[site, &["--timeline", &file]].concat());
            assert_eq!((ended.code(), ended.stdout.as_str()), (2, ""), "{file}: {ended:?}");
            assert!(ended.stderr.starts_with("error: "), "{file}: {ended:?}");
            assert!(ended.stderr.contains(sentence), "{file}: {ended:?}");
        }
    }
    assert_eq!((site.record.connections(), site.record.requests()), (0, 0));
}

/// If the file cannot be written after all, only the diagram is lost, and nothing of the output.
#[cfg(unix)]
#[test]
fn a_file_that_cannot_be_written_is_told_and_the_output_is_whole() {
    let folder = Folder::new("unwritable");
    let mut targets = vec![("/nowhere/run.svg", "No such file")];
    if cfg!(target_os = "linux") {
        targets.push(("/dev/full", "No space left"));
    }
    for (number, (target, why)) in targets.into_iter().enumerate() {
        for ending in ["svg", "json"] {
            let file = folder.file(&format!("run-{number}.{ending}"));
            std::os::unix::fs::symlink(target, &file).expect("a link");
            all_at_once(lessons(), |lesson| {
                let (name, program) = (lesson.name(), program(lesson.name()));
                let arguments = [&short(lesson)[..], &["--timeline", &file]].concat();
                let told = format!("error: the timing diagram was not written to {file}: {why}");
                let ended = program.run_with(&arguments, &ASCII);
                assert_eq!(ended.code(), 1, "{name}: {ended:?}");
                assert!(ended.stderr.starts_with(&told), "{name}: {ended:?}");
                assert_eq!(ended.stderr.lines().count(), 1, "{name}: {ended:?}");
                let explanation = ended.explanation();
                let last =
                    explanation.last().unwrap_or_else(|| panic!("it says no more: {ended:?}"));
                let end = if has_a_timing_diagram(lesson) { "# working" } else { "Lost here: " };
                assert!(last.starts_with(end), "{name}: {ended:?}");

                let ended = program.run(&[&arguments[..], &["--json"]].concat());
                assert_eq!(ended.code(), 1, "{name}: {ended:?}");
                assert_eq!(ended.json()["lesson"], name);
                assert!(ended.stderr.starts_with(&told), "{name}: {ended:?}");
            });
        }
    }
}

// Endings

#[cfg(unix)]
#[test]
fn ctrl_c_leaves_the_diagram_of_what_was_done() {
    let folder = Folder::new("interrupted");
    for lesson in nine().filter(|lesson| has_a_timing_diagram(lesson)) {
        let name = lesson.name();
        let file = folder.file(&format!("{name}.svg"));
        let arguments: &[&str] = match lesson.kind() {
            "page" => &["--latency", "400", "--repeat", "1000", "--timeline", &file],
            _ => &["--number", "30", "--calls", "100000", "--timeline", &file],
        };
        let workers: &[&str] = if lesson.takes("workers") { &["--workers", "2"] } else { &[] };
        let mut running = program(name).start(&[arguments, workers].concat());
        running.line();
        signal("-INT", running.id());
        let ended = running.wait();
        assert_eq!((ended.code(), ended.stderr.as_str()), (130, ""), "{name}: {ended:?}");
        assert!(ended.explanation()[0].starts_with("At most "), "{name}: {ended:?}");
        let done = 1 + ended.lines_and_summary().0.len();
        let bars = bars(&read(&file));
        // Above its tasks there is the thread.
        let has_tasks = lesson.model() == Model::Async && lesson.does("page");
        let bars = if has_tasks { &bars[1..] } else { &bars[..] };
        let drawn = bars.iter().flatten().count();
        assert!((1..=done).contains(&drawn), "{name}: {drawn} of {done}");
        // Calls are so short that several may be one bar.
        assert!(drawn == done || lesson.does("call"), "{name}: {drawn} of {done}");
    }
}

/// Async drops the pages in flight: then there is nothing to draw, and the file says so.
#[cfg(unix)]
#[test]
fn ctrl_c_before_anything_was_done() {
    let folder = Folder::new("nothing-done");
    for ending in ["svg", "json"] {
        let file = folder.file(&format!("run.{ending}"));
        let site = Site::start(60_000);
        let arguments = ["--site", &site.url, "--timeout", "100", "--timeline", &file];
        let running = program(all_tasks().name()).start(&arguments);
        wait_until("all pages in flight", || site.record.in_flight() == 160);
        signal("-INT", running.id());
        let ended = running.wait();
        assert_eq!((ended.code(), ended.stderr.as_str()), (130, ""), "{ended:?}");
        assert_eq!(ended.stdout.lines().count(), 1, "{ended:?}");
        assert!(ended.stdout.starts_with("Interrupted: downloaded 0 of 160 "), "{ended:?}");
        if ending == "svg" {
            assert_eq!(bars(&read(&file)), Vec::<Vec<String>>::new());
        } else {
            assert_eq!(check_trace(&read(&file)), (Vec::new(), Vec::new()));
        }
    }
}

#[cfg(unix)]
#[test]
fn a_closed_pipe_stays_silent() {
    let folder = Folder::new("closed-pipe");
    let file = folder.file("run.svg");
    let arguments = ["--latency", "100", "--repeat", "1000", "--timeline", &file];
    let mut running = program(doing("page", Model::Threads).name()).start(&arguments);
    running.line();
    let ended = running.close_stdout_and_wait();
    assert_eq!((ended.code(), ended.stderr.as_str()), (141, ""), "{ended:?}");
    assert!(bars(&read(&file)).iter().flatten().count() > 0);
}

/// No page arrives, and the diagram shows that.
#[test]
fn failed_items_are_drawn_and_marked() {
    let folder = Folder::new("failed");
    let (svg, trace) = (folder.file("run.svg"), folder.file("run.json"));
    let refusing = RefusingPort::take();
    let site = FaultSite::start();
    let pages = [refusing.url.clone(), site.url("/500"), site.url("/silent")];
    for name in downloaders().map(Lesson::name) {
        // Windows tries for two seconds before it takes a refusal for one.
        let timeout = if cfg!(windows) { "4" } else { "0.3" };
        let arguments = ["--repeat", "1", "--timeout", timeout, "--timeline"];
        let run = |file: &str, more: &[&str]| {
            let pages = [&pages[0], &pages[1], &pages[2]].map(String::as_str);
            program(name).run(&[&arguments, &[file][..], more, &pages].concat())
        };
        let ended = run(&svg, &[]);
        assert_eq!(ended.code(), 1, "{name}: {ended:?}");
        let lines = ended.explanation();
        let (sentence, rows) = sentence_and_rows(&lines);
        assert!(sentence.ends_with(": I/O-bound."), "{name}: {sentence}");
        let mark = rows[rows.len() - 1].strip_suffix(" failed");
        let mark = mark.and_then(|rest| rest.chars().last());
        let mark = mark.unwrap_or_else(|| panic!("no legend for what failed: {rows:?}"));
        let lanes = &rows[1..rows.len() - 1];
        assert!(lanes.iter().any(|lane| lane.contains(mark)), "{name}: {rows:?}");
        let bars = bars(&read(&svg));
        for page in &pages {
            let told = format!("{page}: failed, ");
            let is_told = bars.iter().flatten().any(|bar| bar.starts_with(&told));
            // Items that are too short for a bar share one with their neighbours.
            assert!(is_told || page != &pages[2], "{name}: {page}: {bars:?}");
        }
        assert!(read(&svg).contains("class=\"failed\""), "{name}");

        let ended = run(&trace, &["--json"]);
        assert_eq!((ended.code(), &ended.json()["failed"]), (1, &3.into()), "{name}");
        assert!(ended.json()["facts"]["workers"].as_u64() >= Some(1), "{name}: {ended:?}");
        let (complete, pairs) = check_trace(&read(&trace));
        let items: Vec<&Value> = if pairs.is_empty() {
            complete.iter().collect()
        } else {
            pairs.iter().map(|pair| &pair[0]).collect()
        };
        assert_eq!(items.len(), 3, "{name}");
        assert!(items.iter().all(|item| item["args"]["error"].is_string()), "{name}: {items:?}");
    }
}
