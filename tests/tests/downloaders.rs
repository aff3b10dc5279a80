//! The lessons that download, side by side, against real sites on loopback whose own records prove the
//! concurrency.

use std::collections::BTreeMap;

use course::Lesson;
use harness::{Limit, Model};
use test_sites::{RefusingPort, Site};
use testing::record::{items, number, shares};
use testing::{is_summary, lessons, only_does, program};

/// The lessons that only do pages, once each.
fn downloaders() -> impl Iterator<Item = &'static Lesson> {
    lessons().iter().filter(|lesson| only_does(lesson, "page"))
}

#[test]
fn a_line_for_each_page_and_the_summary_at_the_end() {
    assert!(downloaders().count() >= 4);
    for lesson in downloaders() {
        let name = lesson.name();
        let ended = program(name).run(&["--latency", "5", "--repeat", "10"]);
        assert_eq!((ended.code(), ended.stderr.as_str()), (0, ""), "{name}");
        let (lines, summary) = ended.lines_and_summary();
        assert!(is_summary(summary), "{name}: {summary}");
        assert!(summary.starts_with("Downloaded 20 sites in "), "{name}: {summary}");
        assert!(summary.ends_with(" seconds"), "{name}: {summary}");
        let mut pages = BTreeMap::<&str, usize>::new();
        for line in lines {
            let line = if lesson.model() == Model::Processes {
                let (worker, line) = line.split_once(": ").expect("a worker's name");
                assert!(worker.starts_with("worker-"), "{line}");
                line
            } else {
                line
            };
            let (bytes, url) = line
                .strip_prefix("Read ")
                .and_then(|rest| rest.split_once(" bytes from http://127.0.0.1:"))
                .unwrap_or_else(|| panic!("{name}: {line}"));
            let page = url.split_once('/').expect("a path").1;
            let bytes: usize = bytes.parse().expect("a number of bytes");
            let expected = if page == "jython" { 9_000..11_000 } else { 200..400 };
            assert!(expected.contains(&bytes), "{name}: {line}");
            *pages.entry(page).or_default() += 1;
        }
        assert_eq!(pages, BTreeMap::from([("dice", 10), ("jython", 10)]), "{name}");
    }
}

/// A lesson's number of workers for eight pages; lessons with one for each core get two.
fn workers_of_eight(lesson: &Lesson) -> usize {
    match lesson.limit() {
        Limit::One => 1,
        Limit::Fixed(workers) => workers.min(8),
        Limit::PerCore => 2,
        Limit::All | Limit::OneEach => 8,
    }
}

#[test]
fn json_holds_the_whole_run_and_stdout_nothing_else() {
    for lesson in downloaders() {
        let (name, workers) = (lesson.name(), workers_of_eight(lesson));
        let mut arguments = vec!["--json", "--latency", "200", "--repeat", "4"];
        if lesson.limit() == Limit::PerCore {
            arguments.extend(["--workers", "2"]);
        }
        let ended = program(name).run(&arguments);
        let run = ended.json();
        assert_eq!(run["lesson"], name);
        assert_eq!(run["model"], lesson.model().name(), "{name}");
        assert_eq!(run["workers"], workers, "{name}");
        assert_eq!((&run["done"], &run["failed"]), (&8.into(), &0.into()), "{name}");
        assert_eq!(run["interrupted"], false, "{name}");
        let items = items(&run);
        assert_eq!(items.len(), 8, "{name}");
        let seconds = number(&run, "seconds");
        for item in &items {
            let (start, end) = (number(item, "start"), number(item, "end"));
            assert!(0.0 <= start && start < end && end <= seconds, "{name}: {item}");
            assert!(
                end - start >= 0.200,
                "{name}: the site waits 200 ms before it answers: {item}"
            );
            assert!(item["label"].as_str().is_some_and(|url| url.starts_with("http://")));
            assert!(item["worker"].is_string() && item["error"].is_null(), "{name}: {item}");
        }
        let bytes: u64 = items.iter().filter_map(|item| item["bytes"].as_u64()).sum();
        assert_eq!(run["bytes"], bytes, "{name}");
        let used = shares(&items);
        let lanes = if lesson.model() == Model::Async { 1 } else { workers };
        assert_eq!(used.len(), lanes, "{name}: {used:?}");
    }
}

#[test]
fn quiet_prints_the_summary_alone() {
    for lesson in downloaders() {
        let name = lesson.name();
        let ended = program(name).run(&["--quiet", "--latency", "1", "--repeat", "2"]);
        assert_eq!(ended.stdout.lines().count(), 1, "{name}: {ended:?}");
        assert!(ended.stdout.starts_with("Downloaded 4 sites in "), "{name}: {ended:?}");
    }
}

#[test]
fn a_practice_site_is_reached_directly_past_a_proxy() {
    // The proxy of the environment is dead: requests to it fail.
    let refusing = RefusingPort::take();
    let proxy = &refusing.url;
    let site = Site::start(1);
    for lesson in downloaders() {
        let name = lesson.name();
        let run = |arguments: &[&str]| {
            let proxies = [("http_proxy", proxy.as_str()), ("ALL_PROXY", proxy)];
            program(name).run_with(arguments, &proxies)
        };
        for source in [&["--repeat", "1"][..], &["--repeat", "1", "--site", &site.url]] {
            let ended = run(source);
            assert_eq!(ended.code(), 0, "{name} {source:?}: {ended:?}");
        }
        // Other sites are not reached directly.
        let page = format!("{}/dice", site.url);
        let ended = run(&["--repeat", "1", &page]);
        assert_eq!(ended.code(), 1, "{name}: {ended:?}");
    }
}

/// A machine without certificates: only https needs them.
#[test]
fn pages_over_http_need_no_certificates() {
    let site = Site::start(1);
    let page = format!("{}/dice", site.url);
    let none = [("SSL_CERT_FILE", "/nonexistent"), ("SSL_CERT_DIR", "/nonexistent")];
    for lesson in downloaders() {
        let name = lesson.name();
        let ended = program(name).run_with(&["--repeat", "2", &page], &none);
        assert_eq!((ended.code(), ended.stderr.as_str()), (0, ""), "{name}: {ended:?}");
    }
}

/// macOS allows 256 descriptors, and more to a program that raises its limit.
#[cfg(unix)]
#[test]
fn a_low_soft_limit_of_descriptors_is_raised() {
    let in_one_process = || {
        let with_several = downloaders().filter(|lesson| lesson.takes("workers"));
        with_several.filter(|lesson| lesson.model() != Model::Processes)
    };
    assert!(in_one_process().count() >= 2);
    for lesson in in_one_process() {
        let ended = program(lesson.name()).run_after("ulimit -Sn 64", &["--workers", "160"]);
        assert_eq!(ended.code(), 0, "{}: {ended:?}", lesson.name());
    }
}
