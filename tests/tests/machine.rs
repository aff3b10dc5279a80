//! The machine of a real student: few descriptors, one core, an odd terminal, Ctrl-C at any moment.
#![cfg(target_os = "linux")]

use std::collections::BTreeSet;
use std::env;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::Mutex;
use std::thread;
use std::time::Duration;

use course::Lesson;
use harness::{Limit, Model};
use test_sites::Site;
use testing::{
    Folder, Terminal, all_at_once, first, is_summary, lessons, long, only_does, program, short,
    signal, wait_until,
};

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

// Few descriptors

#[test]
fn with_few_descriptors_fewer_pages_are_in_flight_and_none_is_lost() {
    let lessons = lessons().iter().filter(|it| only_does(it, "page") && it.takes("workers"));
    assert!(lessons.clone().count() >= 3);
    for lesson in lessons {
        let (name, by_process) = (lesson.name(), lesson.model() == Model::Processes);
        let workers = if by_process { "50" } else { "160" };
        let site = Site::start(30);
        let arguments = ["--site", &site.url, "--repeat", "80", "--quiet", "--workers", workers];
        let ended = program(name).run_after("ulimit -n 64", &arguments);
        assert_eq!(ended.code(), 0, "{name}: {ended:?}");
        assert!(ended.stdout.starts_with("Downloaded 160 sites in "), "{name}: {ended:?}");
        assert_eq!(site.record.requests(), 160, "{name}");
        assert!((10..64).contains(&site.record.peak_in_flight()), "{name}");
        let errors = &ended.stderr;
        if by_process {
            assert_eq!(errors, "", "each of its pages is in flight in another process");
        } else {
            let is_told = errors.starts_with("warning: ")
                && errors
                    .contains(" pages at once: the system allows this process only 64 open files");
            assert!(is_told && errors.lines().count() == 1, "{name}: {errors}");
        }
    }
}

/// They have no limit that could be lowered, and say so before anything starts.
#[test]
fn a_lesson_that_cannot_do_with_fewer_pages_at_once_says_so() {
    let without_limit = |it: &&Lesson| {
        let all_at_once = it.limit() == Limit::OneEach || it.model() == Model::Async;
        it.does("page") && !it.takes("workers") && all_at_once
    };
    let lessons = lessons().iter().filter(without_limit);
    assert!(lessons.clone().count() >= 2);
    for lesson in lessons {
        let name = lesson.name();
        let ended = program(name).run_after("ulimit -n 64", &["--repeat", "80"]);
        assert_eq!((ended.code(), ended.stdout.as_str()), (1, ""), "{name}: {ended:?}");
        let errors = &ended.stderr;
        let told = "error: 160 pages at once are too many: the system allows this process only 64 open files";
        assert!(errors.starts_with(told) && errors.lines().count() == 1, "{name}: {errors}");
    }
}

// One core

#[test]
fn every_lesson_runs_on_one_core() {
    let status = fs::read_to_string("/proc/self/status").expect("Linux has it");
    let allowed = status.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:"));
    let first = allowed.and_then(|list| list.trim().split([',', '-']).next()).expect("a core");
    all_at_once(lessons(), |lesson| {
        let name = lesson.name();
        let output = Command::new("taskset") // of util-linux
            .args(["-c", first])
            .arg(program(name).path())
            .args(short(lesson))
            .arg("--json")
            .output()
            .expect("taskset runs");
        assert!(output.status.success(), "{name}: {}", text(&output.stderr));
        assert_eq!(text(&output.stderr), "", "{name}");
        let run: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
        assert_eq!((&run["cores"], &run["failed"]), (&1.into(), &0.into()), "{name}");
    });
}

// Odd terminals

#[test]
fn on_any_terminal_the_lines_are_whole_and_nothing_panics() {
    let odd = [
        ("20 columns", 20, ("COLUMNS", "20")),
        ("a terminal that only prints", 80, ("TERM", "dumb")),
        ("a locale that is not UTF-8", 60, ("LC_ALL", "C")),
        ("no colours", 38, ("NO_COLOR", "1")),
    ];
    all_at_once(lessons(), |lesson| {
        for (what, columns, variable) in odd {
            let environment = &[variable];
            let command = program(lesson.name()).command(&short(lesson));
            let ended = Terminal::start(columns, environment, &command).wait();
            let shown = &ended.stdout;
            assert_eq!(ended.code(), 0, "{} on {what}: {shown}", lesson.name());
            for word in ["panicked", "RUST_BACKTRACE", "\u{fffd}"] {
                assert!(!shown.contains(word), "{} on {what}: {shown}", lesson.name());
            }
            if what == "a locale that is not UTF-8" {
                assert!(shown.is_ascii(), "{}: {shown:?}", lesson.name());
            }
            if what == "a terminal that only prints" {
                assert!(!shown.contains("\u{1b}["), "{}: {shown:?}", lesson.name());
            }
            // Each line is whole, between two line ends, even with the bar.
            for line in plain(shown).lines().filter(|line| line.starts_with("Read ")) {
                assert!(line.ends_with("/jython") || line.ends_with("/dice"), "{what}: {line:?}");
            }
        }
    });
}

/// The shown text, without the sequences for colours and for the bar.
fn plain(shown: &str) -> String {
    let mut parts = shown.split("\u{1b}[");
    let mut plain = String::from(parts.next().unwrap_or_default());
    for part in parts {
        let end =
            part.find(|sign: char| sign.is_ascii_alphabetic()).expect("a sequence has an end");
        plain += &part[end + 1..];
    }
    plain
}

#[test]
fn without_a_standard_input_every_lesson_runs() {
    all_at_once(lessons(), |lesson| {
        let ended = program(lesson.name()).run_after("exec <&-", &short(lesson));
        assert_eq!((ended.code(), ended.stderr.as_str()), (0, ""), "{}: {ended:?}", lesson.name());
    });
}

// Work that takes forever

#[test]
fn a_number_that_takes_years_is_warned_of_and_can_be_ended() {
    let lessons = lessons().iter().filter(|lesson| only_does(lesson, "call"));
    assert!(lessons.clone().count() >= 4);
    for name in lessons.map(Lesson::name) {
        let running = program(name).start(&["--number", "93"]);
        thread::sleep(Duration::from_millis(500));
        signal("-INT", running.id());
        thread::sleep(Duration::from_millis(200));
        signal("-INT", running.id());
        let ended = running.wait();
        assert_eq!((ended.code(), ended.stdout.as_str()), (130, ""), "{name}: {ended:?}");
        let told = "warning: one naive fib(93) takes about 1300 years; Ctrl-C ";
        assert!(ended.stderr.starts_with(told), "{name}: {ended:?}");
    }
    // A short call gets no warning.
    let lesson = first("calls", |lesson| only_does(lesson, "call"));
    assert_eq!(program(lesson.name()).run(&["--number", "20"]).stderr, "");
}

/// If Ctrl-C has no visible effect, a message explains the wait.
#[test]
fn a_person_is_told_why_the_end_takes_long() {
    let site = Site::start(4_000);
    let arguments = format!("--site {} --repeat 1 --timeout 60", site.url);
    let lesson =
        first("threads that download", |it| only_does(it, "page") && it.model() == Model::Threads);
    let command = program(lesson.name()).command(&[arguments]);
    let mut terminal = Terminal::start(80, &[], &command);
    wait_until("both pages in flight", || site.record.in_flight() == 2);
    terminal.press_ctrl_c();
    let ended = terminal.wait();
    assert_eq!(ended.code(), 130, "{ended:?}");
    let shown = plain(&ended.stdout);
    assert!(shown.contains("Press it again to end at once."), "{shown}");
    assert!(shown.contains("Interrupted: downloaded 2 of 2 sites in "), "{shown}");
}

// Ctrl-C at random moments

/// The number of times for each lesson; `MOMENTS=100 cargo test -p tests --test machine moments` tries more.
fn moments() -> usize {
    env::var("MOMENTS").ok().and_then(|moments| moments.parse().ok()).unwrap_or(2)
}

/// The processes with this text in their environment.
fn processes_with(mark: &str) -> BTreeSet<String> {
    let processes = fs::read_dir("/proc").expect("Linux has it").flatten();
    let has_it = |process: &fs::DirEntry| {
        let environment = fs::read(process.path().join("environ")).unwrap_or_default();
        environment.split(|byte| *byte == 0).any(|variable| variable == mark.as_bytes())
    };
    processes.filter(has_it).map(|it| it.file_name().to_string_lossy().into_owned()).collect()
}

/// In a real terminal it reaches the lesson and its whole process group; sent by `kill`, only the lesson. At any
/// moment: status 130, a true summary, no process left, the terminal as before.
#[test]
fn ctrl_c_at_random_moments() {
    let folder = Folder::new("moments");
    let trials =
        lessons().iter().flat_map(|lesson| (0..moments()).map(move |moment| (lesson, moment)));
    let trials = Mutex::new(trials.collect::<Vec<_>>().into_iter());
    let next = || trials.lock().expect("no trial panics with it").next();
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while let Some((lesson, moment)) = next() {
                    press_ctrl_c(lesson, moment, folder.path());
                }
            });
        }
    });
}

fn press_ctrl_c(lesson: &Lesson, moment: usize, folder: &Path) {
    let has_an_end = lesson.does("round") || lesson.limit() == Limit::OneEach;
    let arguments = if has_an_end { short(lesson) } else { long(lesson) };
    let name = format!("{}-{moment}", lesson.name());
    let mark = format!("LESSON_TRIAL={name}-{}", std::process::id());
    let (variable, value) = mark.split_once('=').expect("a variable");
    let place = folder.join(&name);
    fs::create_dir_all(&place).expect("a folder");
    let out = place.join("out");
    let command = program(lesson.name()).command(&arguments);
    let command = format!("exec {command} > '{}'", out.display());
    let temporary = place.to_str().expect("text");
    let environment = [(variable, value), ("TMPDIR", temporary), ("MARK_OF_NOTES", "-- ")];
    let mut terminal = Terminal::start(80, &environment, &command);
    // Before the shell has opened it, there may be no foreground process to receive a Ctrl-C.
    wait_until("the shell", || out.exists());
    let delay = Duration::from_micros(fastrand::u64(0..1_000_000));
    thread::sleep(delay);
    // Every second time it is sent only to the lesson, which must then end the others.
    if moment % 2 == 0 {
        terminal.press_ctrl_c();
    } else {
        terminal.interrupt_program();
    }
    let ended = terminal.wait();
    let about = format!("{name} after {delay:?}: {:?}", ended.stdout);

    let lines = fs::read_to_string(&out).unwrap_or_default();
    assert!(ended.code() == 130 || has_an_end && ended.code() == 0, "{about}: {lines}");
    for word in ["panicked", "error: "] {
        assert!(!ended.stdout.contains(word) && !lines.contains(word), "{about}: {lines}");
    }
    let items = lines.lines().take_while(|line| !is_summary(line));
    // Sections, and what lessons say beside their items.
    let items = items.filter(|line| !line.starts_with("-- ")).count();
    match lines.lines().find(|line| is_summary(line)) {
        Some(summary) if summary.starts_with("Interrupted: ") => {
            let words: Vec<&str> = summary.split(' ').collect();
            let of = words.windows(2).filter(|words| words[1] == "of");
            let done: usize = of.filter_map(|words| words[0].parse::<usize>().ok()).sum();
            assert_eq!(done, items, "{about}: {summary}");
        }
        Some(_) => assert!(has_an_end, "{about}: {lines}"),
        // It came before the handler was set: then nothing had begun.
        None => assert_eq!(items, 0, "{about}: {lines}"),
    }
    // The cursor is visible, and the colours are as before.
    let last = |sequence: &str| ended.stdout.rfind(sequence);
    assert!(last("\u{1b}[?25l") <= last("\u{1b}[?25h"), "{about}");
    let colour = ended.stdout.split("\u{1b}[").skip(1).filter_map(|part| part.split_once('m'));
    let colours = colour.filter(|(number, _)| number.chars().all(|it| "0123456789;".contains(it)));
    assert!(colours.last().is_none_or(|(number, _)| number == "0"), "{about}");
    wait_until(&format!("the end of all of {name}"), || processes_with(&mark).is_empty());
    let left: Vec<_> = fs::read_dir(&place).expect("a folder").flatten().collect();
    assert!(left.len() <= 1 || items == 0, "{about}: {left:?} are left");
}
