//! Wrong arguments: a clear sentence on stderr, status 2, and nothing is started.

use common::{LESSONS, Takes, Work, Workers};
use tests::{Lesson, Site};

fn refused(name: &str, arguments: &[&str], sentence: &str) {
    let ended = Lesson::run(name, arguments);
    assert_eq!(ended.code(), 2, "{name} {arguments:?}: {ended:?}");
    assert_eq!(ended.stdout, "", "{name} {arguments:?}");
    assert!(ended.stderr.starts_with("error: "), "{name} {arguments:?}: {}", ended.stderr);
    assert!(ended.stderr.contains(sentence), "{name} {arguments:?}: {}", ended.stderr);
}

#[test]
fn wrong_numbers_and_urls() {
    for lesson in LESSONS {
        let name = lesson.name;
        refused(name, &["--nonsense"], "'--nonsense'");
        if [Workers::One, Workers::OneEach].contains(&lesson.workers) {
            refused(name, &["--workers", "2"], "'--workers'");
        } else {
            for workers in ["0", "-1", "1.5", "many", "1000000000"] {
                refused(name, &["--workers", workers], "a whole number from 1");
            }
        }
        if lesson.does(Work::Downloads) {
            refused(name, &["--repeat", "0"], "a whole number from 1");
            refused(name, &["--repeat", "1000000"], "a whole number from 1");
            let most = if lesson.workers == Workers::OneEach { 10_000 } else { 100_000 };
            refused(name, &["--repeat", "60000"], &format!("at most {most} pages"));
            refused(name, &["--latency", "-5"], "a whole number from 0");
            refused(name, &["--timeout", "0"], "a number of seconds");
            refused(name, &["--timeout", "nan"], "a number of seconds");
            refused(name, &["ftp://example.org"], "the scheme 'ftp' is unknown");
            refused(name, &["www.jython.org"], "begins with http:// or https://");
            refused(name, &["http://"], "names no host");
            refused(name, &["--site", "127.0.0.1:8000"], "begins with http:// or https://");
            refused(name, &["--site", "http://127.0.0.1:8000/?"], "has no ? and no #");
            refused(name, &["--site", "https://127.0.0.1:8000"], "at an http:// URL");
            refused(name, &["--live", "--site", "http://a"], "cannot be used with");
            refused(name, &["--site", "http://a", "--latency", "1"], "cannot be used with");
        }
        if lesson.does(Work::Calls) {
            refused(name, &["--number", "94"], "a whole number from 0 to 93");
        }
        if lesson.does(Work::Calls) && !lesson.calls_for_each_page() {
            refused(name, &["--calls", "0"], "a whole number from 1");
        }
        if lesson.does(Work::Rounds) {
            refused(name, &["--threads", "0"], "a whole number from 1");
            refused(name, &["--increments", "0"], "a whole number from 1");
        }
        if lesson.does(Work::Pictures) {
            refused(name, &["--pictures", "0"], "a whole number from 1");
            refused(name, &["--width", "0"], "a whole number from 1");
            refused(name, &["--folder", ".", "--pictures", "3"], "cannot be used with");
        }
        for option in lesson.options {
            let given = format!("--{}", option.name);
            match option.takes {
                Takes::Nothing => refused(name, &[&format!("{given}=yes")], "unexpected value"),
                Takes::Number { least, most, .. } => {
                    for value in ["-1", "many", "1.5", &(u128::from(most) + 1).to_string()] {
                        let allowed = format!("a whole number from {least} to {most}");
                        refused(name, &[&given, value], &allowed);
                    }
                }
            }
        }
    }
}

#[test]
fn a_connection_costs_something_only_on_a_site_of_the_lessons_own() {
    refused("measure_first", &["--site", "http://a", "--connecting", "1"], "cannot be used with");
    refused("sync_downloader", &["--connecting", "1"], "'--connecting'");
}

#[test]
fn nothing_is_started_when_one_url_of_many_is_wrong() {
    let site = Site::start(1);
    for lesson in LESSONS.iter().filter(|lesson| lesson.does(Work::Downloads)) {
        let page = format!("{}/dice", site.url);
        refused(lesson.name, &[&page, &page, "gopher://example.org"], "'gopher'");
    }
    assert_eq!(site.record.requests(), 0);
}

#[test]
fn help_begins_with_what_the_lesson_teaches() {
    for lesson in LESSONS {
        let ended = Lesson::run(lesson.name, &["--help"]);
        assert_eq!(ended.code(), 0);
        assert!(ended.stdout.starts_with(lesson.idea), "{}", ended.stdout);
    }
}
