//! What the lesson claims, and what the tutorial says of its examples.

#[cfg(unix)]
use std::cell::RefCell;
use std::fs;
#[cfg(unix)]
use std::process::{Child, Command, ExitStatus, Stdio};
#[cfg(unix)]
use std::thread;
#[cfg(unix)]
use std::time::Duration;

use serde_json::Value;
#[cfg(target_os = "linux")]
use testing::{Ended, Terminal, without_colours};
use testing::{Folder, OwnLesson, bars, compile, own_lesson, words};
#[cfg(unix)]
use testing::{NO_CLASS, signal, wait_until};

const LESSON: OwnLesson = own_lesson!();

#[test]
fn numbers_that_make_no_sense_are_refused() {
    LESSON.program().takes_only("--threads", 1..=64);
    LESSON.program().takes_only("--increments", 1..=1_000_000_000);
}

fn rounds(run: &Value) -> &[Value] {
    run["items"].as_array().expect("rounds")
}

fn round<'a>(run: &'a Value, way: &str) -> &'a Value {
    let mut rounds = rounds(run).iter();
    rounds.find(|round| round["label"] == way).unwrap_or_else(|| panic!("no {way}: {run}"))
}

/// What a round counted, and what it lost.
fn counted(run: &Value, way: &str) -> (u64, u64) {
    let round = round(run, way);
    let number = |key: &str| round[key].as_u64().unwrap_or_else(|| panic!("no {key}: {round}"));
    (number("counted"), number("lost"))
}

fn check(run: &Value, expected: u64) {
    let lost = round(run, "unprotected, wide window")["lost"].as_u64().expect("a count");
    assert!(lost > 0, "{run}");
    for way in ["mutex", "atomic add", "sum per thread, joined"] {
        assert_eq!(round(run, way)["expected"], expected, "{way}");
        assert_eq!(counted(run, way), (expected, 0), "{way}");
    }
    for round in rounds(run) {
        let number = |key: &str| round[key].as_u64().unwrap_or_else(|| panic!("no {key}: {round}"));
        assert_eq!(number("counted") + number("lost"), number("expected"), "{round}");
        let time = |key: &str| round[key].as_f64().expect("a time");
        assert!(time("start") < time("end"), "{round}");
    }
}

#[test]
fn every_run_loses_updates_and_the_mended_ways_lose_none() {
    for _ in 0..10 {
        let ended = LESSON.run(&["--json"]);
        assert_eq!(ended.code(), 0, "{ended:?}");
        let run = ended.json();
        let mutex = round(&run, "mutex");
        assert_eq!((&mutex["threads"], &mutex["increments"]), (&4.into(), &1_000_000.into()));
        check(&run, 4_000_000);
        let article = round(&run, "unprotected");
        assert_eq!((&article["threads"], &article["increments"]), (&5_000.into(), &100.into()));
    }
}

#[test]
fn the_smallest_race_loses_one_of_two() {
    let run = LESSON.run(&["--json", "--threads", "2", "--increments", "1"]).json();
    check(&run, 2);
    assert_eq!(round(&run, "unprotected, wide window")["lost"], 1);
}

/// The main thread only waits for those that count.
#[test]
fn the_work_of_a_round_is_that_of_its_threads() {
    let run = LESSON.run(&["--json", "--increments", "3000000"]).json();
    let mutex = round(&run, "mutex");
    let number = |key: &str| mutex[key].as_f64().expect("a number");
    // No lock is taken and given back within a nanosecond, however busy the machine is.
    assert!(number("working") > 1e-9 * number("expected"), "{mutex}");
}

#[test]
fn a_single_thread_loses_nothing() {
    let run = LESSON.run(&["--json", "--threads", "1"]).json();
    assert_eq!(round(&run, "unprotected, wide window")["lost"], 0);
}

#[cfg(target_os = "linux")]
#[test]
fn one_core_loses_updates_too() {
    let status = fs::read_to_string("/proc/self/status").expect("Linux has it");
    let allowed = status.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:"));
    let first = allowed.and_then(|list| list.trim().split([',', '-']).next()).expect("a core");
    let output = Command::new("taskset") // of util-linux
        .args(["-c", first])
        .arg(LESSON.program().path())
        .arg("--json")
        .output()
        .expect("taskset runs");
    assert!(output.status.success(), "{output:?}");
    check(&serde_json::from_slice(&output.stdout).expect("JSON"), 4_000_000);
}

#[test]
fn the_output_says_how_the_window_was_widened_and_what_was_lost() {
    let ended = LESSON.run::<&str>(&[]);
    let (lines, summary) = ended.lines_and_summary();
    assert!(lines[0].starts_with("Wide window: "), "{lines:?}");
    assert_eq!(lines.len(), 6, "{lines:?}");
    for line in &lines[1..] {
        assert!(line.contains("counted ") && line.contains(", lost "), "{line}");
    }
    assert!(summary.starts_with("Counted in "), "{summary}");
}

/// On a stable compiler a `compile_fail` doctest passes whatever the error is: here it is looked at.
#[test]
fn what_must_not_compile_does_not_for_the_reason_that_is_stated() {
    let text = LESSON.documentation();
    let examples: Vec<&str> = text.split("```compile_fail,").skip(1).collect();
    assert_eq!(examples.len(), 3);
    for example in examples {
        let (code, rest) = example.split_once('\n').expect("a code");
        let (body, _) = rest.split_once("```").expect("an end");
        let errors = compile(body);
        assert!(errors.contains(&format!("error[{code}]")), "{code}: {errors}");
        assert_eq!(errors.matches("error[").count(), 1, "{code}: {errors}");
    }
}

/// Threads of the race wait for each other: for those that could not be started, for ever.
#[cfg(target_os = "linux")]
#[test]
fn a_thread_that_the_system_refuses_is_told_in_one_line() {
    // Stacks so large that what is left when none fits any more is enough for everything else.
    let limits = "ulimit -v 6000000; export RUST_MIN_STACK=536870912 MALLOC_ARENA_MAX=1";
    let ended = LESSON.program().run_after(limits, &["--threads", "64"]);
    let errors = &ended.stderr;
    assert_eq!(ended.code(), 1, "{ended:?}");
    assert!(errors.starts_with("error: ") && errors.contains("thread"), "{errors}");
    assert_eq!(errors.lines().count(), 1, "{errors}");
}

#[cfg(unix)]
#[test]
fn ctrl_c_between_two_rounds_of_the_race() {
    let arguments = ["--increments", "20000000"];
    let mut running = LESSON.program().start(&arguments);
    running.line(); // how the window is widened: the first round runs
    signal("-INT", running.id());
    running.wait().assert_interrupted("the race", 0);
}

// The examples

#[test]
fn a_lock_that_is_let_go_between_read_and_write_loses_updates() {
    let loses = |_| counted(&LESSON.example("lock_twice").record::<&str>(&[]), "mutex").1 > 0;
    assert!((0..10).any(loses), "nothing was lost in ten runs");
}

#[test]
fn who_compares_before_writing_or_owns_the_counter_loses_nothing() {
    for (name, way) in
        [("compare_exchange", "compare and exchange"), ("one_owner", "one owner, by channel")]
    {
        for _ in 0..2 {
            let run = LESSON.example(name).record(&["--increments", "200000"]);
            assert_eq!(counted(&run, way), (800_000, 0), "{name}");
        }
        let run = LESSON.example(name).record(&["--threads", "1"]);
        assert_eq!(counted(&run, way).1, 0, "{name}");
    }
}

/// A program that may hang. It does not outlive its test.
#[cfg(unix)]
struct Hanging(RefCell<Child>);

#[cfg(unix)]
impl Hanging {
    /// How it has ended, if it has.
    fn status(&self) -> Option<ExitStatus> {
        self.0.borrow_mut().try_wait().expect("a status")
    }
}

#[cfg(unix)]
impl Drop for Hanging {
    fn drop(&mut self) {
        let running = self.0.get_mut();
        // In vain where it has ended.
        let _ = running.kill();
        let _ = running.wait();
    }
}

/// Starts an example that hangs; returns what it says of that.
#[cfg(unix)]
fn hang(name: &str) -> String {
    let folder = Folder::new(name);
    let told = folder.file("told.txt");
    let said = || fs::read_to_string(&told).unwrap_or_default();
    for _ in 0..20 {
        let mut command = Command::new(LESSON.example(name).path());
        command.env(NO_CLASS.0, NO_CLASS.1);
        let errors = fs::File::create(&told).expect("a new file");
        let running = command.stdout(Stdio::null()).stderr(errors).spawn().expect("it starts");
        let running = Hanging(RefCell::new(running));
        wait_until("it hangs, or ends", || {
            running.status().is_some() || said().contains("not ended")
        });
        if running.status().is_some() {
            continue; // no circle closed in this run
        }
        for _ in 0..2 {
            signal("-INT", running.0.borrow().id());
            thread::sleep(Duration::from_millis(300)); // two signals at once are one
        }
        wait_until("it ends", || running.status().is_some());
        let status = running.status().and_then(|status| status.code());
        assert_eq!(status, Some(130), "{}", said());
        return said();
    }
    panic!("{name} ended in all of 20 runs");
}

#[cfg(unix)]
#[test]
fn locks_in_a_circle_hang_and_the_course_says_so() {
    for (name, in_flight) in [("opposite_order", 2), ("philosophers", 5)] {
        let said = hang(name);
        assert!(said.contains(&format!(": {in_flight} in flight, 0 not begun.")), "{name}: {said}");
        assert!(
            said.contains("0%") && !said.contains('█'.to_string().repeat(2).as_str()),
            "{said}"
        );
    }
}

#[test]
fn philosophers_with_one_order_for_all_forks_always_eat() {
    for _ in 0..20 {
        let run = LESSON.example("philosophers_ordered").record(&["--increments", "100000"]);
        assert_eq!(rounds(&run).len(), 5, "{run}");
        assert!(rounds(&run).iter().all(|round| round["counted"] == 100_000), "{run}");
    }
}

// The drawing

/// Plays the steps that were drawn, and gives how many additions the last of them undid.
fn play(drawing: &[&str]) -> u64 {
    let (title, rows) = drawing.split_first().expect("a title");
    let title: Vec<&str> = title.split("  ").filter(|word| !word.is_empty()).collect();
    assert_eq!(
        title.iter().map(|word| word.trim()).collect::<Vec<_>>(),
        ["one thread", "counter", "another"]
    );
    // Where the column of the counter ends, in characters.
    let end = drawing[0].find("counter").expect("a column") + "counter".len();
    let value = |words: &str| -> u64 {
        let last = words.split(' ').next_back().expect("words");
        last.parse().unwrap_or_else(|error| panic!("{words}: {error}"))
    };
    let (last, rows) = rows.split_last().expect("the step that overwrites");
    let (mut counter, mut held, mut written, mut undone) = (0, [0_u64; 2], [false; 2], 0);
    for row in rows.iter().chain([last]) {
        let signs: Vec<char> = row.chars().collect();
        let (before, after) = signs.split_at(end.min(signs.len()));
        let (before, after) = (String::from_iter(before), String::from_iter(after));
        let (left, shown) = before.trim_end().rsplit_once(' ').expect("a value");
        let trim = |text: &str| text.trim_matches([' ', '→', '←', '-', '<', '>']).to_owned();
        let (left, right, shown) = (trim(left), trim(&after), value(shown));
        assert!(left.is_empty() != right.is_empty(), "one step at a time: {drawing:?}");
        let side = usize::from(left.is_empty());
        let step = if left.is_empty() { right } else { left };
        if step.starts_with("reads ") {
            held[side] = value(&step);
            assert_eq!(value(&step), counter, "{step}: {drawing:?}");
        } else if step.contains(" + 1 = ") {
            held[side] += 1;
            assert_eq!(value(&step), held[side], "{step}: {drawing:?}");
        } else if step.starts_with("writes ") {
            assert_eq!(value(&step), held[side], "{step}: {drawing:?}");
            undone = (counter + 1) - held[side];
            (counter, written[side]) = (held[side], true);
        } else {
            assert!(step.starts_with("... ") && shown > counter, "{step}: {drawing:?}");
            counter = shown;
        }
        assert_eq!(shown, counter, "{step}: {drawing:?}");
    }
    assert_eq!(written, [true, true], "{drawing:?}");
    undone
}

/// `Lost here: 7 additions, made after ...`: 7.
fn lost(sentence: &str) -> u64 {
    let rest = sentence.strip_prefix("Lost here: ").unwrap_or_else(|| panic!("{sentence}"));
    rest.split(' ').next().and_then(|number| number.parse().ok()).expect("a number")
}

#[test]
fn the_race_draws_the_lost_update_that_it_caught() {
    let (one_each, threads) = (["--threads", "2", "--increments", "1"], ["--threads", "2"]);
    for arguments in [&one_each[..], &threads, &[]] {
        for _ in 0..10 {
            let ended = LESSON.run(arguments);
            assert_eq!((ended.code(), ended.stderr.as_str()), (0, ""), "{ended:?}");
            let (lines, _) = ended.lines_and_summary();
            let explanation = ended.explanation();
            let end = explanation.iter().position(|line| line.starts_with("Lost here: "));
            let (drawing, sentence) = explanation.split_at(end.expect("a sentence"));
            let many = lost(&sentence.join(" "));
            assert_eq!(play(drawing), many, "{explanation:?}");
            let window = lines.iter().find(|line| line.starts_with("unprotected, wide window "));
            let window = window.expect("the round that is drawn");
            if arguments == one_each {
                assert!(many == 1 && window.contains(", lost       1, "), "{window}");
            }
        }
    }
}

#[test]
fn a_thread_alone_has_no_lost_update_to_be_drawn() {
    let folder = Folder::new("alone");
    let file = folder.file("race.svg");
    let ended = LESSON.run(&["--threads", "1", "--timeline", &file]);
    assert_eq!((ended.code(), ended.stderr.as_str()), (0, ""), "{ended:?}");
    assert_eq!(ended.explanation(), Vec::<&str>::new());
    // Its rounds are drawn instead.
    assert!(
        bars(&fs::read_to_string(&file).expect("a picture"))
            .iter()
            .flatten()
            .any(|bar| bar.starts_with("mutex: from "))
    );
}

#[test]
fn the_picture_of_the_race_holds_the_lost_update() {
    let folder = Folder::new("race");
    let file = folder.file("race.svg");
    let ended = LESSON.run(&["--timeline", &file]);
    assert_eq!((ended.code(), ended.stderr.as_str()), (0, ""), "{ended:?}");
    let words = words(&fs::read_to_string(&file).expect("a picture"));
    assert_eq!(words[0], "race_counter");
    let explanation = ended.explanation().join("\n");
    for word in ["one thread", "another", "reads 0", "0 + 1 = 1", "writes 1"] {
        assert!(words.iter().any(|shown| shown == word), "{word}: {words:?}");
    }
    let sentence = words.iter().find(|word| word.starts_with("Lost here: ")).expect("a sentence");
    assert!(
        explanation.replace('\n', " ").contains(sentence.as_str()),
        "{sentence}: {explanation}"
    );
}

/// What the rounds of the race work, many threads do: the record of a round has one worker, so it
/// would be wrong to say how many were busy.
#[test]
fn the_race_states_no_facts_about_threads_that_it_did_not_record() {
    let run = LESSON.record::<&str>(&[]);
    assert!(run["facts"].is_null(), "{}", run["facts"]);
}

#[cfg(target_os = "linux")]
#[test]
fn the_lost_update_fits_on_a_narrow_terminal() {
    for _ in 0..5 {
        // No bar: it goes to stderr.
        let command = format!("{} 2>/dev/null", LESSON.program().command::<&str>(&[]));
        let ended = Terminal::start(40, &[], &command).wait();
        let ended = Ended { stdout: without_colours(&ended.stdout), ..ended };
        let lines = ended.explanation();
        assert!(lines.len() > 7, "{ended:?}");
        assert!(lines.iter().all(|line| line.chars().count() <= 40), "{lines:?}");
    }
}
