//! Lessons whose runs have sections, and the further ones that download: each section does all of its work.

use test_sites::FaultSite;
use testing::record::{items, number, section};
use testing::{has_the_clients, lessons, program, short};

/// Each section does its work once, and every item is reported in its own section.
#[test]
fn every_section_does_all_of_its_work() {
    let with_sections = || lessons().iter().filter(|lesson| lesson.has_sections());
    assert!(with_sections().count() > 0);
    for lesson in with_sections() {
        let name = lesson.name();
        let run = program(name).record(&short(lesson));
        let expected = &lesson.described.sections;
        let sections = run["parts"].as_array().expect("sections");
        let names: Vec<_> = sections.iter().filter_map(|it| it["name"].as_str()).collect();
        assert!(expected.iter().map(|(name, _)| name).eq(&names), "{name}: {names:?}");
        let count = |name: &str| section(&run, name).0.len();
        for ((one, its_kind), (other, kind)) in expected.iter().zip(&expected[1..]) {
            assert!(count(one) > 0 && count(other) > 0, "{name}");
            if its_kind == kind {
                assert_eq!(count(one), count(other), "{name}");
            }
        }
        let all: usize = names.iter().map(|section| count(section)).sum();
        assert_eq!((&run["done"], items(&run).len()), (&all.into(), all), "{name}");
        assert!(run["facts"].is_null(), "facts of all sections together say nothing");
        // One after another, and together the run.
        let mut end = 0.0;
        for section in sections {
            assert!(number(section, "start") >= end - 1e-6, "{name}: {sections:?}");
            end = number(section, "start") + number(section, "seconds");
        }
        assert!((end - number(&run, "seconds")).abs() < 1e-5, "{name}: {sections:?}");
        for item in items(&run) {
            let (_, section) = section(&run, item["part"].as_str().expect("a section"));
            assert!(number(item, "start") >= number(section, "start"), "{name}: {item}");
        }
    }
}

/// One bad page among others: it is reported in each section, the others arrive, and nothing is computed with it.
#[test]
fn a_page_that_fails_is_told_in_every_section_and_the_others_arrive() {
    let site = FaultSite::start();
    for lesson in lessons().iter().filter(|it| it.does("page") && it.found.is_further) {
        let (name, times) = (lesson.name(), lesson.times("page"));
        // The course's own clients unpack a page.
        let last = if has_the_clients(lesson) { "/gzip" } else { "/chunked" };
        let pages = ["/ok", "/404", "/cut-short", last].map(|path| site.url(path));
        let pages: Vec<&str> = pages.iter().map(String::as_str).collect();
        let mut arguments = vec!["--repeat", "1", "--timeout", "5"];
        if lesson.does("call") {
            arguments.extend(["--number", "20"]);
        }
        let ended = program(name).run(&[&arguments[..], &pages[..]].concat());
        assert_eq!(ended.code(), 1, "{name}: {ended:?}");
        let (_, summary) = ended.lines_and_summary();
        let told = format!("Downloaded {} of {} sites ", 2 * times, 4 * times);
        assert!(summary.starts_with(&told), "{name}: {summary}");
        assert!(summary.ends_with(&format!(" ({} failed)", 2 * times)), "{name}: {summary}");
        // A call for each page that arrived.
        if lesson.does("call") && !lesson.takes("calls") {
            let computed = format!(" and computed {} of {} calls in ", 2 * times, 4 * times);
            assert!(summary.contains(&computed), "{name}: {summary}");
        }
        for fault in ["/404: 404 Not Found", "/cut-short: the page was cut short"] {
            assert_eq!(ended.stderr.matches(fault).count(), times, "{name}: {}", ended.stderr);
        }
        assert_eq!(ended.stderr.lines().count(), 2 * times, "{name}: {}", ended.stderr);
        let run = program(name).run(&[&arguments[..], &["--json"], &pages[..]].concat()).json();
        assert_eq!(run["failed"], 2 * times, "{name}");
        assert_eq!(run["bytes"], 2 * FaultSite::BYTES * times as u64, "{name}");
    }
}
