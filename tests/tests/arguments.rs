//! Wrong arguments: a clear sentence on stderr, status 2, and nothing is started.

use common::{LESSONS, Work, Workers};
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
        if lesson.workers == Workers::One {
            refused(name, &["--workers", "2"], "'--workers'");
        } else {
            for workers in ["0", "-1", "1.5", "many", "1000000000"] {
                refused(name, &["--workers", workers], "a whole number from 1");
            }
        }
        match lesson.work {
            Work::Downloads => {
                refused(name, &["--repeat", "0"], "a whole number from 1");
                refused(name, &["--repeat", "1000000"], "a whole number from 1");
                refused(name, &["--repeat", "60000"], "at most 100000 pages");
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
            Work::Calls => {
                refused(name, &["--number", "94"], "a whole number from 0 to 93");
                refused(name, &["--calls", "0"], "a whole number from 1");
            }
            Work::Rounds => {
                refused(name, &["--threads", "0"], "a whole number from 1");
                refused(name, &["--increments", "0"], "a whole number from 1");
            }
        }
    }
}

#[test]
fn nothing_is_started_when_one_url_of_many_is_wrong() {
    let site = Site::start(1);
    for lesson in LESSONS.iter().filter(|lesson| lesson.work == Work::Downloads) {
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
