//! Wrong arguments: a clear sentence on stderr, status 2, and nothing starts.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::process::Command;

use course::Lesson;
use harness::{Described, Limit};
use proptest::prelude::*;
use test_sites::Site;
use testing::{lessons, program};

#[test]
fn wrong_numbers_and_urls() {
    for lesson in lessons() {
        let program = program(lesson.name());
        let refused = |arguments: &[&str], sentence: &str| program.refuses(arguments, sentence);
        refused(&["--nonsense"], "'--nonsense'");
        let help = program.run(&["--help"]).stdout;
        assert_eq!(
            lesson.takes("workers"),
            ![Limit::One, Limit::OneEach].contains(&lesson.limit()),
            "{}",
            lesson.name()
        );
        if lesson.takes("workers") {
            for workers in ["0", "-1", "1.5", "many", "1000000000"] {
                refused(&["--workers", workers], "a whole number from 1");
            }
        } else {
            refused(&["--workers", "2"], "'--workers'");
        }
        if lesson.does("page") {
            refused(&["--repeat", "0"], "a whole number from 1");
            refused(&["--repeat", "1000000"], "a whole number from 1");
            let most = if lesson.limit() == Limit::OneEach { 10_000 } else { 100_000 };
            refused(&["--repeat", "60000"], &format!("at most {most} pages"));
            refused(&["--latency", "-5"], "a whole number from 0");
            refused(&["--timeout", "0"], "a number of seconds");
            refused(&["--timeout", "nan"], "a number of seconds");
            refused(&["ftp://example.org"], "the scheme 'ftp' is unknown");
            refused(&["www.jython.org"], "begins with http:// or https://");
            refused(&["http://"], "names no host");
            refused(&["--site", "127.0.0.1:8000"], "begins with http:// or https://");
            refused(&["--site", "http://127.0.0.1:8000/?"], "has no ? and no #");
            refused(&["--site", "https://127.0.0.1:8000"], "at an http:// URL");
            refused(&["--live", "--site", "http://a"], "cannot be used with");
            refused(&["--site", "http://a", "--latency", "1"], "cannot be used with");
        }
        if lesson.does("call") {
            refused(&["--number", "94"], "a whole number from 0 to 93");
        }
        if lesson.takes("calls") {
            refused(&["--calls", "0"], "a whole number from 1");
        }
        for (option, default) in &lesson.described.options {
            let Some(default) = default else { continue };
            if default == "false" {
                refused(&[&format!("--{option}=yes")], "unexpected value");
                continue;
            }
            let time = help.contains(&format!("--{option} <SECONDS>"));
            let sentence = match default.parse::<f64>() {
                Ok(_) if time => "a number of seconds",
                Ok(_) => "a whole number from ",
                // A path: not every word is one.
                Err(_) => "invalid value 'many'",
            };
            refused(&[&format!("--{option}"), "many"], sentence);
        }
    }
}

#[test]
fn a_connection_costs_something_only_on_a_site_of_the_lessons_own() {
    for lesson in lessons().iter().filter(|lesson| lesson.does("page")) {
        let program = program(lesson.name());
        if lesson.takes("connecting") {
            let arguments = ["--site", "http://a", "--connecting", "1"];
            program.refuses(&arguments, "cannot be used with");
        } else {
            program.refuses(&["--connecting", "1"], "'--connecting'");
        }
    }
}

#[test]
fn nothing_is_started_when_one_url_of_many_is_wrong() {
    let site = Site::start(1);
    for lesson in lessons().iter().filter(|lesson| lesson.does("page")) {
        let page = format!("{}/dice", site.url);
        let page = page.as_str();
        program(lesson.name()).refuses(&[page, page, "gopher://example.org"], "'gopher'");
    }
    assert_eq!(site.record.requests(), 0);
}

#[test]
fn help_begins_with_what_the_lesson_teaches() {
    for lesson in lessons() {
        let ended = program(lesson.name()).run(&["--help"]);
        assert_eq!(ended.code(), 0);
        assert!(begins_with_idea(lesson, &ended.stdout), "{}", ended.stdout);
    }
}

/// The help, wherever its lines end.
fn begins_with_idea(lesson: &Lesson, help: &str) -> bool {
    let words = help.split_whitespace().collect::<Vec<_>>().join(" ");
    words.starts_with(&lesson.found.idea)
}

/// In a terminal, where its lines end between words, and piped into a pager.
#[cfg(target_os = "linux")] // with `script`
#[test]
fn help_fits_the_terminal() {
    let names = lessons().iter().map(Lesson::name).chain(["compare", "practice_site"]);
    for name in names {
        let program = program(name);
        let piped = program.run(&["--help"]).stdout;
        for (columns, help) in [
            (80, piped.clone()),
            (80, on_a_terminal(80, &program)),
            (60, on_a_terminal(60, &program)),
        ] {
            for line in help.lines() {
                assert!(line.chars().count() <= columns, "{name}, {columns} columns: {line}");
            }
            assert!(help.split_whitespace().eq(piped.split_whitespace()), "{name}: {help}");
        }
    }
}

#[cfg(target_os = "linux")]
fn on_a_terminal(columns: usize, program: &testing::Program) -> String {
    let ended = testing::Terminal::start(columns, &[], &program.command(&["--help"])).wait();
    testing::without_colours(&ended.stdout)
}

/// With `--describe` a lesson reads its arguments and starts nothing.
const DESCRIBE: &str = "--describe";

#[test]
fn every_default_is_one_that_can_be_given() {
    for lesson in lessons() {
        let options = &lesson.described.options;
        let names: BTreeSet<&String> = options.iter().map(|(name, _)| name).collect();
        assert_eq!(names.len(), options.len(), "{}: {options:?}", lesson.name());
        for (option, default) in options {
            let Some(default) = default.as_ref().filter(|default| *default != "false") else {
                continue;
            };
            let given = format!("--{option}={default}");
            let ended = program(lesson.name()).run(&[DESCRIBE, &given]);
            assert_eq!((ended.code(), ended.stderr.as_str()), (0, ""), "{given}: {ended:?}");
        }
    }
}

/// An argument: one that a lesson knows, a value of it, or anything.
fn argument() -> impl Strategy<Value = OsString> {
    let options = lessons().iter().flat_map(|lesson| &lesson.described.options);
    let mut names: Vec<String> = options.map(|(name, _)| format!("--{name}")).collect();
    names.extend(["--help", "-h", "--", "-", "", "=", "--no"].map(String::from));
    let value = prop_oneof![
        any::<i64>().prop_map(|number| number.to_string()),
        (0..200u32).prop_map(|number| number.to_string()),
        any::<f64>().prop_map(|number| number.to_string()),
        "https?://[a-z0-9.:/?#-]{0,12}",
        r"[a-z./]{0,4}\.(svg|json|SVG|txt)",
        any::<String>(),
    ];
    let name = prop::sample::select(names);
    let argument = prop_oneof![
        4 => name.clone().prop_map(OsString::from),
        3 => value.clone().prop_map(OsString::from),
        2 => (name, value).prop_map(|(name, value)| format!("{name}={value}").into()),
        1 => any::<Vec<u8>>().prop_map(no_text),
    ];
    // No argument of a program can contain a NUL.
    argument.prop_filter("it holds a 0", |it| !it.as_encoded_bytes().contains(&0))
}

/// An argument that is not UTF-8, on a system that accepts one.
fn no_text(bytes: Vec<u8>) -> OsString {
    #[cfg(unix)]
    return std::os::unix::ffi::OsStringExt::from_vec(bytes);
    #[cfg(not(unix))]
    return String::from_utf8_lossy(&bytes).into_owned().into();
}

proptest! {
    #[test]
    fn any_arguments_are_taken_or_told_with_status_2(
        lesson in 0..lessons().len(),
        arguments in prop::collection::vec(argument(), 0..6),
    ) {
        let mut command = Command::new(program(lessons()[lesson].name()).path());
        let output = command.arg(DESCRIBE).args(arguments).output()?;
        let stdout = String::from_utf8_lossy(&output.stdout);
        let stderr = String::from_utf8_lossy(&output.stderr);
        match output.status.code() {
            Some(0) => {
                prop_assert_eq!(stderr, "");
                let is_help = begins_with_idea(&lessons()[lesson], &stdout);
                prop_assert!(is_help || Described::read(&stdout).is_ok(), "{}", stdout);
            }
            Some(2) => {
                prop_assert_eq!(stdout, "");
                prop_assert!(stderr.starts_with("error: "), "{}", stderr);
            }
            other => prop_assert!(false, "{:?}: {}", other, stderr),
        }
    }
}
