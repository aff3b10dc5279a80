//! Checks that the book is true: that its listings and outputs are those of the lessons.

use std::sync::Mutex;
use std::thread;

use book::What;

#[test]
fn nothing_in_the_book_is_stale_dead_or_missing() {
    let problems = book::problems().expect("the book can be read");
    assert!(problems.is_empty(), "\n{}\n", problems.join("\n"));
}

/// Numbers differ from run to run, words do not: a lesson's output now has the lines that the book shows.
#[test]
fn the_outputs_are_what_the_lessons_print() {
    let mut outputs = Vec::new();
    for page in book::pages().expect("the book can be read") {
        for mark in page.marks().expect("its marks can be read") {
            if let What::Output(program) = mark.what {
                let shown = page.text[mark.made].to_owned();
                let shown =
                    shown.trim_start_matches("```text\n").trim_end_matches("```\n").to_owned();
                outputs.push((format!("{}.md:{}", page.name, mark.line), program, shown));
            }
        }
    }
    assert!(outputs.len() > 18, "there are {} outputs", outputs.len());
    let queue = Mutex::new(outputs.into_iter());
    let next = || queue.lock().expect("no thread panics here").next();
    let problems = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while let Some((place, program, shown)) = next() {
                    let printed = program.output(None).expect("it runs");
                    if let Some(line) = book::look_different(&shown, &printed) {
                        let problem = format!("{place}: {line}\n{shown}\n--- now:\n{printed}");
                        problems.lock().expect("no thread panics here").push(problem);
                    }
                }
            });
        }
    });
    let problems = problems.into_inner().expect("no thread panicked");
    assert!(problems.is_empty(), "\n{}\n", problems.join("\n"));
}

/// Addresses differ from run to run. That both threads wait for their second lock, with the accounts the other way round, does not.
#[cfg(target_os = "linux")]
#[test]
#[ignore = "it needs gdb, and builds a lesson for it"]
fn the_stacks_are_what_gdb_shows() {
    let without_addresses = |text: &str| -> Vec<String> {
        let own = text.lines().filter(|line| line.starts_with('#'));
        let frame = |line: &str| {
            let (before, rest) = line.split_once("self=0x").unwrap_or((line, ""));
            format!("{before}{}", rest.trim_start_matches(|sign: char| sign.is_ascii_hexdigit()))
        };
        let mut frames: Vec<String> = own.map(frame).collect();
        frames.sort(); // which thread comes first is the system's affair
        frames
    };
    let mut seen = 0;
    for page in book::pages().expect("the book can be read") {
        for mark in page.marks().expect("its marks can be read") {
            let What::Stacks(program) = &mark.what else { continue };
            let now = book::stacks(program).expect("it is built").expect("gdb is there");
            let shown = &page.text[mark.made.clone()];
            assert_eq!(without_addresses(shown), without_addresses(&now), "{now}");
            assert!(shown.contains("::lock"), "{shown}");
            seen += 1;
        }
    }
    assert!(seen > 0, "no page shows stacks");
}

/// Times and addresses differ from run to run, and which of two threads stops first. The lines that they stop at and the values do not.
#[cfg(target_os = "linux")]
#[test]
#[ignore = "it needs gdb, and builds a lesson for it"]
fn the_conversations_are_what_gdb_says() {
    let shape = |text: &str| -> Vec<String> {
        let line = |line: &str| {
            // A value, and the name of a place: exactly. Of other lines the words.
            let is_exact = line.starts_with('$') || line.starts_with("(gdb)");
            let digits = |sign: char| !is_exact && sign.is_ascii_hexdigit();
            line.replace(digits, "").split_whitespace().collect::<Vec<_>>().join(" ")
        };
        let mut lines: Vec<String> =
            text.lines().filter(|it| !it.starts_with("```")).map(line).collect();
        lines.sort();
        lines
    };
    let mut seen = 0;
    for page in book::pages().expect("the book can be read") {
        for mark in page.marks().expect("its marks can be read") {
            let What::Session(program) = &mark.what else { continue };
            let shown = &page.text[mark.made.clone()];
            let now = book::session(program, shown).expect("it is built").expect("gdb is there");
            assert_eq!(shape(shown), shape(&now), "{now}");
            assert!(shown.matches("\n$").count() > 2, "values are printed: {shown}");
            seen += 1;
        }
    }
    assert!(seen > 0, "no page shows a conversation");
}

/// Runs only if there is a Python for them.
#[test]
fn the_outputs_of_the_originals_are_what_they_print() {
    let mut seen = 0;
    for page in book::pages().expect("the book can be read") {
        for mark in page.marks().expect("its marks can be read") {
            let What::Original(original) = &mark.what else { continue };
            let (shown, _) = page.text[mark.made.clone()].split_once("```\n\n").expect("an output");
            let shown = shown.trim_start_matches("```text\n");
            let Some(printed) = original.output().expect("it runs") else {
                return; // no Python here
            };
            let different = book::look_different(shown, &printed);
            assert_eq!(different, None, "{}.md:{}\n{shown}\n{printed}", page.name, mark.line);
            seen += 1;
        }
    }
    assert!(seen > 8, "there are {seen} originals");
}
