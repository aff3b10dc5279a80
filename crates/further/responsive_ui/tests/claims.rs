//! What the lesson claims, and what the tutorial says of its examples.

use harness::Limit;
use serde_json::Value;
use testing::record::{annotations, items, number, section, shares, took, worked};
use testing::{OwnLesson, Program, has_no_second_core, own_lesson};

const LESSON: OwnLesson = own_lesson!();
const FROZEN: &str = "thread of the keys";
const RESPONSIVE: &str = "a worker thread";
/// About a second for each part on a core of today: five keys are played, the first at the beginning.
const A_SECOND: [&str; 4] = ["--number", "34", "--calls", "80"];

#[test]
fn thirty_calls_one_at_a_time() {
    assert_eq!(LESSON.described().limit, Limit::One);
    assert_eq!(LESSON.defaults(["number", "calls"]), ["41", "30"]);
}

#[test]
fn keys_to_play_are_needed() {
    LESSON.program().refuses(&["--type", ""], "--type <KEYS>");
}

/// The times of a part's keys: half of them, the worst, and how long the part took, in seconds.
fn late(run: &Value, part: &str) -> [f64; 3] {
    let parts = run["keys"].as_array().unwrap_or_else(|| panic!("no keys: {run}"));
    let keys = parts.iter().find(|it| it["part"] == part).expect("its keys");
    assert!(number(keys, "keys") >= 2.0, "{keys}");
    [number(keys, "p50"), number(keys, "worst"), number(section(run, part).1, "seconds")]
}

#[test]
fn keys_wait_for_the_work_or_are_answered_at_once() {
    let run = LESSON.record(&A_SECOND);
    let [half, worst, took] = late(&run, FROZEN);
    assert!(worst > 0.9 * took, "the first key waits for all of the work: {run}");
    assert!((0.3..0.8).contains(&(half / took)), "a typical key waits for half of it: {run}");
    let [half, worst, took] = late(&run, RESPONSIVE);
    assert!(half < took / 50.0 && worst < took / 5.0, "{run}");
}

/// The system gives the core to the thread that a key wakes, and takes it from the one that computes.
#[cfg(target_os = "linux")]
#[test]
fn one_core_is_enough() {
    let arguments = [&["--json"], &A_SECOND[..]].concat();
    let ended = LESSON.program().run_after("taskset -cp 0 $$ > /dev/null", &arguments);
    let run = ended.json();
    assert_eq!(run["cores"], 1, "{ended:?}");
    let [half, worst, took] = late(&run, RESPONSIVE);
    assert!(half < took / 20.0 && worst < took / 2.0, "{run}");
    assert!(late(&run, FROZEN)[1] > 2.0 * worst, "{run}");
}

#[test]
fn the_same_work_moves_to_another_thread() {
    let run = LESSON.record(&A_SECOND);
    for (part, worker) in [(FROZEN, "main"), (RESPONSIVE, "worker-1")] {
        let shares = shares(&section(&run, part).0);
        assert_eq!(shares.into_iter().collect::<Vec<_>>(), [(worker, 80)], "{run}");
    }
    let [one, other] = [FROZEN, RESPONSIVE].map(|part| worked(&section(&run, part).0));
    assert!((0.6..1.6).contains(&(one / other)), "{one} and {other} seconds of work: {run}");
    // The lane of the interface: it waits.
    let lane = annotations(&run);
    assert_eq!((lane.len(), &lane[0]["worker"]), (1, &"main".into()), "{run}");
    assert!(number(lane[0], "working") < took(lane[0]) / 10.0, "{run}");
}

/// The calls that the parts did, where `c` is the key that is played, the status, and what the program said.
fn with_c(program: &Program) -> ([usize; 2], i32, String) {
    let told = program.run(&[&A_SECOND[..], &["--type", "c"]].concat());
    let run = program.run(&[&A_SECOND[..], &["--type", "c", "--json"]].concat());
    assert_eq!(told.code(), run.code(), "{told:?}");
    let run = run.json();
    ([FROZEN, RESPONSIVE].map(|part| section(&run, part).0.len()), told.code(), told.stdout)
}

#[test]
fn a_key_cancels_the_work_of_a_worker_and_comes_too_late_without_one() {
    let ([frozen, responsive], status, told) = with_c(&LESSON.program());
    assert_eq!((frozen, status), (80, 1), "not all of the work was done");
    assert!(responsive < 40, "{responsive} calls although it was cancelled at the beginning");
    assert!(told.contains(" were never begun.\n"), "{told}");
    assert!(!told.contains("x faster"), "less work is not faster work: {told}");
}

#[test]
fn a_flag_that_nobody_reads_cancels_nothing() {
    let (calls, status, told) = with_c(&LESSON.example("flag_unread"));
    assert_eq!((calls, status), ([80, 80], 0));
    assert!(!told.contains("never begun"), "{told}");
    // The key itself is answered at once.
    let run = LESSON.example("flag_unread").record(&[&A_SECOND[..], &["--type", "c"]].concat());
    let [half, _, took] = late(&run, RESPONSIVE);
    assert!(half < took / 50.0, "{run}");
}

#[test]
fn whoever_joins_at_once_has_two_threads_and_is_frozen_again() {
    let run = LESSON.example("joined_at_once").record(&A_SECOND);
    assert_eq!(shares(&section(&run, RESPONSIVE).0)["worker-1"], 80);
    for part in [FROZEN, RESPONSIVE] {
        let [_, worst, took] = late(&run, part);
        assert!(worst > 0.9 * took, "{part}: {run}");
    }
}

/// How many times as long as the first part the second took.
fn times_as_long(run: &Value) -> f64 {
    let seconds = |part| number(section(run, part).1, "seconds");
    seconds(RESPONSIVE) / seconds(FROZEN)
}

/// The same calls in both parts. Drawing takes longer than a small step of the work, so the news pile up.
#[test]
fn whoever_draws_each_step_is_busy_with_old_news() {
    let run = LESSON.example("progress_flood").record::<&str>(&[]);
    let [_, worst, took] = late(&run, RESPONSIVE);
    assert!(worst > 0.5 * took, "keys wait for the drawing: {run}");
    let last_call =
        section(&run, RESPONSIVE).0.iter().map(|it| number(it, "end")).fold(0.0, f64::max);
    let end = number(&run, "seconds");
    assert!(end - last_call > 0.5 * took, "most of it is drawn after the work: {run}");
    let sane = LESSON.record(&["--number", "30", "--calls", "100"]);
    assert!(times_as_long(&run) > 4.0 * times_as_long(&sane), "{run} {sane}");
}

#[test]
fn a_worker_that_panics_is_noticed() {
    let ended = LESSON.example("worker_panics").run(&["--number", "20", "--calls", "6"]);
    assert_eq!(ended.code(), 1, "{ended:?}");
    let told: Vec<&str> = ended.stderr.lines().collect();
    assert_eq!(told.len(), 2, "{ended:?}");
    assert!(told[0].starts_with("the worker lost its way ("), "{ended:?}");
    assert!(told[1].starts_with("error: a scoped thread panicked ("), "{ended:?}");
}

/// The longest time between two calls of the second part, in seconds.
fn longest_gap(run: &Value) -> f64 {
    let calls = section(run, RESPONSIVE).0;
    let gaps = calls.windows(2).map(|two| number(two[1], "start") - number(two[0], "end"));
    gaps.fold(0.0, f64::max)
}

#[test]
fn a_paused_worker_goes_on_and_ends() {
    let program = LESSON.example("pause");
    // The second `p` comes 0.4 s after the first.
    let run = program.record(&[&A_SECOND[..], &["--type", ".p.p............"]].concat());
    assert_eq!(items(&run).len(), 160);
    assert!(longest_gap(&run) > 0.3, "{run}");
    let [half, _, took] = late(&run, RESPONSIVE);
    assert!(half < took / 50.0, "{run}");
    // Who is paused can be cancelled.
    let ended = program.run(&[&A_SECOND[..], &["--type", ".pc"]].concat());
    assert_eq!(ended.code(), 1, "{ended:?}");
    assert!(ended.stdout.contains(" were never begun.\n"), "{ended:?}");
}

#[test]
fn several_workers_are_faster_and_the_keys_are_answered_at_once() {
    let arguments = [&A_SECOND[..], &["--workers", "2"]].concat();
    let run = LESSON.example("several_workers").record(&arguments);
    assert_eq!(shares(&section(&run, RESPONSIVE).0).len(), 2);
    let [half, _, took] = late(&run, RESPONSIVE);
    assert!(half < took / 20.0, "{run}");
    if !has_no_second_core() {
        assert!(times_as_long(&run) < 0.9, "{run}");
    }
}

#[cfg(unix)]
mod endings {
    use std::thread;
    use std::time::Duration;

    use testing::signal;

    use super::{LESSON, Program, RESPONSIVE};

    /// Ends a run in its second part with this signal; returns its status and its output.
    fn ended_by(program: &Program, arguments: &[&str], name: &str) -> (i32, String) {
        let mut running = program.start(arguments);
        while running.line() != format!("-- {RESPONSIVE}") {}
        thread::sleep(Duration::from_millis(100));
        signal(name, running.id());
        let ended = running.wait();
        assert_eq!(ended.stderr, "", "{name}: {ended:?}");
        (ended.code(), ended.stdout)
    }

    #[test]
    fn a_signal_ends_the_worker_and_the_interface() {
        for name in ["-INT", "-TERM", "-HUP"] {
            let arguments = ["--number", "30", "--calls", "500"];
            let (status, told) = ended_by(&LESSON.program(), &arguments, name);
            assert_eq!(status, 130, "{name}: {told}");
            assert!(told.contains("\nInterrupted: computed "), "{name}: {told}");
        }
        // A worker that is paused, too.
        let arguments = ["--number", "30", "--calls", "100", "--type", "p"];
        let (status, told) = ended_by(&LESSON.example("pause"), &arguments, "-INT");
        assert_eq!(status, 130, "{told}");
    }
}

/// A person's keys, on a terminal of their own, which is as before afterwards.
#[cfg(target_os = "linux")]
mod on_a_terminal {
    use std::process::Command;
    use std::thread;
    use std::time::Duration;

    use testing::{Ended, Terminal, signal};

    use super::{FROZEN, LESSON, Program, RESPONSIVE};

    /// Some seconds for each part: a key is pressed when a part has begun, and that is before its end.
    const SECONDS: &str = "--number 34 --calls 150";
    /// What the shell says before and after a run: all settings of the terminal.
    const SETTINGS: &str = "echo settings:$(stty -g)";

    /// Starts a run between two looks at the settings. The shell outlives a Ctrl-C, and ends with the status of the run.
    fn start(program: &Program, arguments: &str) -> Terminal {
        let run = program.command(&[arguments]);
        let command = format!("trap : INT; {SETTINGS}; {run}; status=$?; {SETTINGS}; exit $status");
        Terminal::start(80, &[], &command)
    }

    fn begins(terminal: &mut Terminal, part: &str) {
        terminal.wait_for(part);
        terminal.wait_for(" 0 of ");
    }

    /// Checks that the terminal is as it was before, each time; returns what was shown, without the sequences.
    fn is_as_before(ended: &Ended, times: usize) -> String {
        let shown = plain(&ended.stdout);
        let settings = shown.lines().filter_map(|line| line.split_once("settings:"));
        let settings: Vec<&str> = settings.map(|(_, settings)| settings).collect();
        assert_eq!(settings.len(), 1 + times, "{shown}");
        assert!(settings.iter().all(|it| *it == settings[0] && !it.is_empty()), "{shown}");
        assert!(!shown.contains("panicked at"), "{shown}");
        shown
    }

    /// The text without the sequences that set a colour or clear a line.
    fn plain(shown: &str) -> String {
        let mut parts = shown.split("\u{1b}[");
        let mut plain = String::from(parts.next().unwrap_or_default());
        for part in parts {
            let end = part.find(|sign: char| sign.is_ascii_alphabetic()).expect("its end");
            plain += &part[end + 1..];
        }
        plain
    }

    /// How late the answer to this key was, in milliseconds, each time.
    fn late(shown: &str, key: &str) -> Vec<f64> {
        let answers = shown.split("Answered after ").skip(1).filter_map(|it| it.lines().next());
        let its = answers.filter_map(|it| it.split_once(" ms: ")).filter(|(_, name)| *name == key);
        its.map(|(late, _)| late.parse().expect("milliseconds")).collect()
    }

    #[test]
    fn a_person_types_in_both_parts_and_cancels() {
        let mut terminal = start(&LESSON.program(), SECONDS);
        begins(&mut terminal, FROZEN);
        terminal.press("x");
        thread::sleep(Duration::from_millis(50));
        terminal.press("c");
        begins(&mut terminal, RESPONSIVE);
        // An arrow does not cancel, though its first byte is that of Esc.
        for keys in ["\u{1b}[A", "é", "x"] {
            terminal.press(keys);
            thread::sleep(Duration::from_millis(50));
        }
        terminal.press("\u{1b}");
        let ended = terminal.wait();
        assert_eq!(ended.code(), 1, "{ended:?}");
        let shown = is_as_before(&ended, 1);
        assert!(shown.contains(" were never begun."), "{shown}");
        let [x, c, special, letter, esc] =
            ["x", "c", "special", "é", "Esc"].map(|key| late(&shown, key));
        assert_eq!(
            [&x, &c, &special, &letter, &esc].map(|it| it.len()),
            [2, 1, 1, 1, 1],
            "{shown}"
        );
        assert!(x[0] > 10.0 * x[1] && c[0] > 10.0 * esc[0] && x[0] > c[0], "{shown}");
        // The keys themselves are not echoed.
        assert!(!shown.contains('^'), "{shown}");
    }

    #[test]
    fn ctrl_c_ends_in_good_order_in_both_parts() {
        for part in [FROZEN, RESPONSIVE] {
            let mut terminal = start(&LESSON.program(), SECONDS);
            begins(&mut terminal, part);
            terminal.press("x");
            terminal.press_ctrl_c();
            let ended = terminal.wait();
            assert_eq!(ended.code(), 130, "{part}: {ended:?}");
            let shown = is_as_before(&ended, 1);
            assert!(shown.contains("Interrupted: computed "), "{part}: {shown}");
        }
    }

    #[test]
    fn a_second_ctrl_c_ends_at_once() {
        // A call takes minutes.
        let mut terminal = start(&LESSON.program(), "--number 55 --calls 2");
        begins(&mut terminal, FROZEN);
        terminal.press_ctrl_c();
        thread::sleep(Duration::from_millis(200));
        terminal.press_ctrl_c();
        let ended = terminal.wait();
        assert_eq!(ended.code(), 130, "{ended:?}");
        is_as_before(&ended, 1);
    }

    #[test]
    fn a_kill_that_can_be_heard_ends_in_good_order() {
        // A number by which this process is found.
        let arguments = format!("--number 34 --calls {}", 50_000 + std::process::id() % 50_000);
        let mut terminal = start(&LESSON.program(), &arguments);
        begins(&mut terminal, FROZEN);
        let its_command = format!(".*/responsive_ui {arguments}");
        let found = Command::new("pgrep").args(["-f", "-x", &its_command]).output();
        let found = String::from_utf8(found.expect("pgrep runs").stdout).expect("numbers");
        let id = found.trim().parse().expect("one process");
        signal("-TERM", id);
        let ended = terminal.wait();
        assert_eq!(ended.code(), 130, "{ended:?}");
        assert!(is_as_before(&ended, 1).contains("Interrupted: computed "), "{ended:?}");
    }

    #[test]
    fn a_panic_of_the_worker_leaves_the_terminal_as_it_was() {
        let program = LESSON.example("worker_panics");
        let ended = start(&program, "--number 20 --calls 6").wait();
        assert_eq!(ended.code(), 1, "{ended:?}");
        let shown = is_as_before(&ended, 1);
        assert!(shown.contains("error: a scoped thread panicked ("), "{shown}");
    }

    #[test]
    fn ctrl_z_gives_the_terminal_back_until_it_goes_on() {
        for part in [FROZEN, RESPONSIVE] {
            let run = LESSON.program().command(&[SECONDS]);
            // With jobs, as in a person's shell.
            let command = format!("set -m; {SETTINGS}; {run}; {SETTINGS}; fg; {SETTINGS}");
            let mut terminal = Terminal::start(80, &[], &command);
            begins(&mut terminal, part);
            terminal.press("\u{1a}");
            terminal.wait_for("settings:");
            // It goes on, and reads keys again.
            terminal.wait_for(" of 150 calls");
            thread::sleep(Duration::from_millis(300));
            terminal.press("x");
            let ended = terminal.wait();
            assert_eq!(ended.code(), 0, "{part}: {ended:?}");
            let shown = is_as_before(&ended, 2);
            assert_eq!(late(&shown, "x").len(), 1, "{part}: {shown}");
            assert!(shown.contains("Computed in "), "{part}: {shown}");
        }
    }

    #[test]
    fn ctrl_backslash_ends_the_program_and_not_the_settings() {
        let run = LESSON.program().command(&[SECONDS]);
        let command = format!("trap : QUIT; ulimit -c 0; {SETTINGS}; {run}; {SETTINGS}");
        let mut terminal = Terminal::start(80, &[], &command);
        begins(&mut terminal, FROZEN);
        terminal.press("ab\u{1c}cd"); // all at once
        let shown = is_as_before(&terminal.wait(), 1);
        assert!(!shown.contains("Computed in "), "{shown}");
    }

    #[test]
    fn the_line_fits_a_terminal_that_becomes_narrow() {
        let run = LESSON.program().command(&[SECONDS]);
        let mut terminal = Terminal::start(80, &[], &format!("{run}; :"));
        begins(&mut terminal, RESPONSIVE);
        terminal.press("n");
        terminal.wait_for(" ms: n");
        terminal.resize(30);
        thread::sleep(Duration::from_millis(300));
        terminal.press("m");
        let ended = terminal.wait();
        let (_, after) = ended.stdout.split_once(" ms: m").expect("the answer");
        // Each time the line is cleared and drawn again, until the summary.
        let lines: Vec<&str> = after.split("\u{1b}[2K").skip(1).collect();
        let lines = lines.into_iter().filter(|it| it.contains(" of 150 calls"));
        let lines: Vec<&str> = lines.filter_map(|it| it.lines().last()).collect();
        assert!(lines.len() > 2, "{ended:?}");
        assert!(lines.iter().all(|line| line.chars().count() < 30), "{lines:?}");
    }

    /// It would be stopped if it read keys there.
    #[test]
    fn in_the_background_it_plays_keys() {
        let run = LESSON.program().command(&["--number 20 --calls 6"]);
        let ended = Terminal::start(80, &[], &format!("set -m; {run} & wait $!")).wait();
        assert_eq!(ended.code(), 0, "{ended:?}");
        assert!(ended.stdout.contains("Computed in "), "{ended:?}");
    }
}
