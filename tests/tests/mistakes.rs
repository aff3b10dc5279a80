//! The messages of a program that hangs, or does not do its work (`tests/src/bin/mistakes.rs`).

use std::fs;
#[cfg(unix)]
use std::fs::File;
#[cfg(unix)]
use std::process::{Command, Stdio};
#[cfg(unix)]
use std::thread;
#[cfg(unix)]
use std::time::Duration;

#[cfg(unix)]
use testing::{Folder, signal, wait_until};
use testing::{NO_CLASS, program};

/// The lines after the summary, joined.
fn explanation(arguments: &[&str]) -> String {
    program("mistakes").run(arguments).explanation().join(" ")
}

#[test]
fn pages_that_were_never_begun_or_never_joined_are_counted() {
    let text = explanation(&["--not-joined", "--repeat", "3"]);
    assert!(text.contains("4 of 6 were never begun."), "{text}");
    assert!(text.contains("1 of 6 had not ended: was their worker never joined?"), "{text}");

    let text = explanation(&["--none", "--repeat", "3"]);
    assert!(text.contains("0 of 6 were begun: no worker and no task took any."), "{text}");
}

#[test]
fn more_at_once_than_allowed_is_said() {
    let text = explanation(&["--no-limit", "--repeat", "5", "--workers", "2"]);
    assert!(text.contains("Up to 10 at once, though --workers is 2."), "{text}");
    let text = explanation(&["--no-limit", "--repeat", "5", "--workers", "10"]);
    assert!(!text.contains("though"), "{text}");
}

#[test]
fn fewer_at_once_than_allowed_is_said_if_there_was_time_for_more() {
    let text = explanation(&["--one-short", "--repeat", "10", "--workers", "3"]);
    assert!(text.contains("Never more than 2 at once, though --workers is 3."), "{text}");
    // Too few pages for it to mean anything.
    let text = explanation(&["--one-short", "--repeat", "2", "--workers", "3"]);
    assert!(!text.contains("though"), "{text}");
}

/// The instructor's guide has a table of mistakes. Each row quotes what the program in it says, but for the numbers; a row
/// without a program has a link to the page with one.
#[test]
fn the_instructors_guide_quotes_what_a_mistake_says() {
    let root = course::root().expect("the course");
    let guide = fs::read_to_string(root.join("tutorial/src/instructors.md")).expect("the guide");
    let (_, table) = guide.split_once("| the mistake | ").expect("the table");
    let rows: Vec<&str> = table.lines().skip(2).take_while(|line| line.starts_with('|')).collect();
    assert_eq!(rows.len(), 10);
    for row in rows {
        let quoted: Vec<&str> = row.split('`').skip(1).step_by(2).collect();
        let is_command = |it: &&&str| it.starts_with("cargo run ");
        let Some(command) = quoted.iter().find(is_command) else {
            assert!(row.contains(".md)"), "{row}");
            continue;
        };
        let mut cargo = course::inner_cargo(env!("CARGO"));
        cargo.args(["run", "--quiet", "--locked"]).args(command.split(' ').skip(2));
        cargo.current_dir(&root).env(NO_CLASS.0, NO_CLASS.1).env("LC_ALL", "C.UTF-8");
        let output = cargo.output().expect("cargo runs");
        let said = [output.stdout, output.stderr].concat();
        let said = without_numbers(&String::from_utf8_lossy(&said));
        let sentences = quoted.iter().filter(|it| !is_command(it) && it.contains(' '));
        let sentences: Vec<String> = sentences.map(|it| without_numbers(it)).collect();
        assert!(!sentences.is_empty(), "{row}");
        for sentence in sentences {
            assert!(said.contains(&sentence), "{command} does not say '{sentence}': {said}");
        }
    }
}

/// With spaces for line ends, and one digit for each number.
fn without_numbers(text: &str) -> String {
    let mut plain = String::new();
    for sign in text.split_whitespace().collect::<Vec<&str>>().join(" ").chars() {
        match sign {
            '0'..='9' if plain.ends_with('0') => {}
            '0'..='9' => plain.push('0'),
            sign => plain.push(sign),
        }
    }
    plain
}

/// With all pages at once.
#[test]
fn a_program_that_does_what_it_was_meant_to_says_nothing_of_this() {
    for arguments in [&["--repeat", "3"][..], &["--repeat", "3", "--workers", "1"]] {
        let text = explanation(arguments);
        assert!(text.starts_with("At most 1 page in flight;"), "{text}");
    }
}

/// Two threads wait for each other: the lanes are drawn up to now, and once more at the end.
#[cfg(unix)]
#[test]
fn a_hang_is_told_with_the_lanes_so_far() {
    let folder = Folder::new("hang");
    let told = folder.file("told.txt");
    let said = || fs::read_to_string(&told).unwrap_or_default();
    let mut hanging = Command::new(program("mistakes").path())
        .env(NO_CLASS.0, NO_CLASS.1)
        .args(["--deadlock", "--repeat", "5", "--timeout", "1"])
        .stdout(Stdio::null())
        .stderr(File::create(&told).expect("a new file"))
        .spawn()
        .expect("it starts");
    wait_until("it says that it hangs", || said().contains("not ended"));
    let sentence = said().lines().take(2).collect::<Vec<_>>().join(" ");
    assert_eq!(
        sentence,
        "Nothing has begun or ended for 6 s: 2 in flight, 3 workers idle, 8 not begun. Do they wait for each other?"
    );
    for _ in 0..2 {
        signal("-INT", hanging.id());
        thread::sleep(Duration::from_millis(300)); // two signals at once are one
    }
    let ended = hanging.wait().expect("it can be waited for");
    assert_eq!(ended.code(), Some(130), "{}", said());
    assert!(said().contains("Ended at once: 0 of 10 had ended, 2 in flight."), "{}", said());
    for lane in ["worker-1 ", "worker-2 "] {
        let lanes = said().lines().filter(|line| line.starts_with(lane)).count();
        assert_eq!(lanes, 2, "{lane}: {}", said());
    }
    assert_eq!(said().matches("not ended").count(), 2, "{}", said());
}
