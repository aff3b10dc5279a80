//! The terminal program, played with keys that come through a pipe.

#[cfg(target_os = "linux")]
use std::fs;
use std::io::Write;
use std::process::{Command, Output, Stdio};

use scheduler::{Graph, Puzzle};
#[cfg(target_os = "linux")]
use testing::{Folder, signal, wait_until};

fn puzzles() -> Vec<Puzzle> {
    scheduler::find(&course::root().expect("the workspace")).expect("they can be read")
}

fn run(arguments: &[&str], keys: &str) -> Output {
    let mut program = Command::new(env!("CARGO_BIN_EXE_scheduler"))
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    let mut input = program.stdin.take().expect("a pipe");
    let _ = input.write_all(keys.as_bytes()); // one that refuses its arguments reads nothing
    drop(input);
    program.wait_with_output().expect("it ends")
}

/// All that it prints when these keys are pressed.
fn play(puzzle: &str, keys: &str) -> String {
    let output = run(&["--step", puzzle], keys);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && errors.is_empty(), "{puzzle}: {keys}: {errors}");
    String::from_utf8(output.stdout).expect("text")
}

#[test]
fn without_an_option_the_puzzles_are_listed() {
    let output = run(&[], "");
    let text = String::from_utf8_lossy(&output.stdout);
    for puzzle in puzzles() {
        let is_it = |line: &str| line.starts_with(&puzzle.name) && line.ends_with(&puzzle.title);
        assert_eq!(text.lines().filter(|line| is_it(line)).count(), 1, "{text}");
    }
    assert!(text.ends_with("--step NAME\n"), "{text}");
}

#[test]
fn each_goal_of_each_puzzle_is_reached_by_its_keys_and_replayed() {
    for puzzle in puzzles() {
        let graph = Graph::new(&puzzle);
        for (at, goal) in puzzle.goals.iter().enumerate() {
            let order = graph.solution(at).expect("it can be reached");
            let keys = puzzle.letters(&order).to_ascii_lowercase();
            let text = play(&puzzle.name, &format!("{keys}q"));
            let found = format!("Found 1 of {} orders: {}\n", graph.start().reach[at], goal.words);
            assert!(text.contains(&found), "{}: {keys}: {text}", puzzle.name);
            let replay = &puzzle.replays[&puzzle.seen(&order)];
            let replayed =
                format!("{}:\n  {} {}.\n", puzzle.source_file(), puzzle.calls, replay.outcome);
            assert!(text.contains(&replayed), "{}: {keys}: {text}", puzzle.name);
            // The question of the beginning is answered in the end.
            let counts = scheduler::page::counts(&puzzle, &graph);
            assert!(!text.replacen(&counts, "", 1).contains(&counts), "{text}");
            assert!(text.ends_with(&format!("{counts}\n")), "{text}");
        }
    }
}

#[test]
fn a_step_can_be_undone_and_all_of_them() {
    let text = play("lost_update", "aab\nu b\nb b u r b");
    let orders: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("order: ")).collect();
    assert_eq!(orders, ["", "A", "AA", "AAB", "AA", "AAB", "AABB", "AABBB", "AABB", "", "B"]);
    // Where nothing was done, nothing is undone.
    assert!(play("lost_update", "u").ends_with("lose an update.\n"));
}

#[test]
fn what_cannot_go_on_is_marked_and_refused() {
    let text = play("locked", "ab");
    assert!(text.contains("has to wait\n- takes the lock"), "{text}");
    assert!(text.contains("B has to wait.\n"), "{text}");
    assert!(text.contains("order: A\n") && !text.contains("order: AB"), "{text}");
    assert!(play("lost_update", "aaaa").contains("A has ended.\n"));
    assert!(play("lost_update", "c").contains("\n'c' is no key here.\n"));
    assert!(play("two_locks", "ab").contains("Deadlock: "));
}

/// What a terminal would act on is never sent back to it.
#[test]
fn a_character_is_one_key_and_control_characters_are_none() {
    let text = play("lost_update", "ä");
    assert_eq!(text.matches("'ä' is no key here.\n").count(), 1, "{text}");
    assert_eq!(text.matches("is no key here").count(), 1, "{text}");
    let text = play("lost_update", "\u{1b}\u{1a}\u{7}\u{9b}a");
    assert!(text.contains("order: A\n") && !text.contains("is no key"), "{text}");
    assert!(!text.contains(|it: char| it.is_control() && it != '\n'), "{text:?}");
}

/// While it waits for a key, the terminal echoes nothing.
#[cfg(target_os = "linux")]
#[test]
fn a_program_that_a_signal_ends_leaves_a_terminal_that_echoes() {
    for name in ["-TERM", "-HUP", "-INT"] {
        let folder = Folder::new(&format!("terminal{name}"));
        fs::create_dir_all(folder.path()).expect("a folder");
        let [id, terminal, end] = ["id", "terminal", "end"].map(|name| folder.file(name));
        let program = env!("CARGO_BIN_EXE_scheduler");
        let typed = format!(
            "tty > '{terminal}'; sh -c 'echo $$ > \"{id}\"; exec \"{program}\" --step lost_update'; \
             echo status $? > '{end}'; stty -a >> '{end}'; echo done >> '{end}'"
        );
        let mut script = Command::new("script") // of util-linux
            .args(["-qec", &typed, "/dev/null"])
            .env("SHELL", "/bin/sh")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .expect("script runs");
        let read = |file: &str| fs::read_to_string(file).unwrap_or_default();
        wait_until("it waits for a key", || {
            let of = read(&terminal);
            let stty = Command::new("stty").args(["-a", "-F", of.trim()]).output();
            String::from_utf8_lossy(&stty.expect("stty runs").stdout).contains(" -echo ")
        });
        signal(name, read(&id).trim().parse().expect("a number"));
        wait_until("its end", || read(&end).ends_with("done\n"));
        drop(script.stdin.take());
        assert!(script.wait().expect("it ends").success());
        let end = read(&end);
        assert!(end.starts_with("status 130\n") && end.contains(" echo "), "{name}: {end}");
    }
}

#[test]
fn an_order_that_was_found_before_is_not_counted_twice() {
    let text = play("lost_update", "ababab r ababab r abbaab");
    assert!(text.contains("Found 1 of 18 orders (found before): "), "{text}");
    assert!(text.contains("Found 2 of 18 orders: "), "{text}");
}

#[test]
fn a_puzzle_that_is_not_there_is_refused_with_the_names() {
    let output = run(&["--step", "gone"], "");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1));
    assert!(errors.contains("no puzzle gone") && errors.contains("lost_update"), "{errors}");
    assert_eq!(errors.lines().count(), 1, "{errors}");
}

/// As a terminal gives it to a program that reads single keys.
#[test]
fn ctrl_c_ends_it_and_the_question_is_answered() {
    let output = run(&["--step", "lost_update"], "a\u{3}b");
    let text = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(130), "{text}");
    assert!(text.contains("order: A\n") && !text.contains("order: AB"), "{text}");
    assert!(text.ends_with("lose an update.\n"), "{text}");
}
