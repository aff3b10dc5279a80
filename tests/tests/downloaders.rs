//! The four downloaders, against real sites on loopback whose own records prove the concurrency.

use std::collections::BTreeMap;
use std::thread::available_parallelism;

use serde_json::Value;
use tests::{Lesson, RefusingPort, Site};

const DOWNLOADERS: [&str; 4] =
    ["sync_downloader", "threaded_downloader", "async_downloader", "process_downloader"];

/// Whether this is `Downloaded 160 sites in 1.234 seconds` or the like.
fn is_summary(line: &str, before: &str, after: &str) -> bool {
    line.strip_prefix(before)
        .and_then(|rest| rest.strip_suffix(after))
        .is_some_and(|seconds| seconds.parse::<f64>().is_ok())
}

#[test]
fn without_arguments_160_pages_arrive_from_a_site_that_the_lesson_brings_up() {
    for name in ["threaded_downloader", "async_downloader"] {
        let ended = Lesson::run::<&str>(name, &[]);
        assert_eq!((ended.code(), ended.stderr.as_str()), (0, ""), "{name}");
        let (lines, summary) = ended.lines_and_summary();
        assert!(is_summary(summary, "Downloaded 160 sites in ", " seconds"), "{name}: {summary}");
        assert_eq!(lines.len(), 160, "{name}");
    }
}

#[test]
fn a_line_for_each_page_and_the_summary_at_the_end() {
    for name in DOWNLOADERS {
        let ended = Lesson::run(name, &["--latency", "5", "--repeat", "10"]);
        assert_eq!((ended.code(), ended.stderr.as_str()), (0, ""), "{name}");
        let (lines, summary) = ended.lines_and_summary();
        assert!(is_summary(summary, "Downloaded 20 sites in ", " seconds"), "{name}: {summary}");
        let mut pages = BTreeMap::<&str, usize>::new();
        for line in lines {
            let line = if name == "process_downloader" {
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

/// Runs a downloader against a site with a record; gives what the site saw: the most requests in
/// flight at once, the connections, the requests.
fn seen_by_the_site(name: &str, latency: u64, arguments: &[&str]) -> (u64, u64, u64) {
    let site = Site::start(latency);
    let arguments = [&["--site", &site.url, "--quiet"], arguments].concat();
    let ended = Lesson::run(name, &arguments);
    assert_eq!(ended.code(), 0, "{name}: {ended:?}");
    assert_eq!(site.record.in_flight(), 0, "{name}");
    (site.record.peak_in_flight(), site.record.connections(), site.record.requests())
}

#[test]
fn sync_has_one_page_in_flight_on_one_connection() {
    assert_eq!(seen_by_the_site("sync_downloader", 100, &["--repeat", "5"]), (1, 1, 10));
}

#[test]
fn five_threads_have_five_pages_in_flight_on_a_connection_each() {
    assert_eq!(seen_by_the_site("threaded_downloader", 100, &["--repeat", "10"]), (5, 5, 20));
}

#[test]
fn so_many_threads_as_asked() {
    let seen = seen_by_the_site("threaded_downloader", 100, &["--repeat", "10", "--workers", "8"]);
    assert_eq!(seen, (8, 8, 20));
}

#[test]
fn async_has_all_pages_in_flight() {
    assert_eq!(seen_by_the_site("async_downloader", 2_000, &[]), (160, 160, 160));
}

#[test]
fn async_keeps_to_the_limit_that_it_is_given() {
    let seen = seen_by_the_site("async_downloader", 100, &["--repeat", "10", "--workers", "7"]);
    assert_eq!(seen, (7, 7, 20));
}

#[test]
fn so_many_processes_have_so_many_pages_in_flight_on_a_connection_each() {
    let seen = seen_by_the_site("process_downloader", 100, &["--repeat", "6", "--workers", "3"]);
    assert_eq!(seen, (3, 3, 12));
}

#[test]
fn one_process_for_each_core() {
    let cores = available_parallelism().expect("the cores are known").get();
    let repeat = (cores * 2).to_string();
    let (peak, ..) = seen_by_the_site("process_downloader", 100, &["--repeat", &repeat]);
    assert_eq!(peak, cores as u64);
}

#[test]
fn json_holds_the_whole_run_and_stdout_nothing_else() {
    for (name, model, workers) in [
        ("sync_downloader", "sync", 1),
        ("threaded_downloader", "threads", 5),
        ("async_downloader", "async", 8),
        ("process_downloader", "processes", 2),
    ] {
        let mut arguments = vec!["--json", "--latency", "200", "--repeat", "4"];
        if name == "process_downloader" {
            arguments.extend(["--workers", "2"]);
        }
        let ended = Lesson::run(name, &arguments);
        let run = ended.json();
        assert_eq!(run["lesson"], name);
        assert_eq!(run["model"], model);
        assert_eq!(run["workers"], workers, "{name}");
        assert_eq!((&run["done"], &run["failed"]), (&8.into(), &0.into()), "{name}");
        assert_eq!(run["interrupted"], false, "{name}");
        let items = run["items"].as_array().expect("items");
        assert_eq!(items.len(), 8, "{name}");
        let seconds = run["seconds"].as_f64().expect("seconds");
        for item in items {
            let (start, end) = (item["start"].as_f64(), item["end"].as_f64());
            let (start, end) = (start.expect("a start"), end.expect("an end"));
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
        let mut used: Vec<&Value> = items.iter().map(|item| &item["worker"]).collect();
        used.sort_by_key(|worker| worker.to_string());
        used.dedup();
        let lanes = if model == "async" { 1 } else { workers };
        assert_eq!(used.len(), lanes, "{name}: {used:?}");
    }
}

#[test]
fn quiet_prints_the_summary_alone() {
    for name in DOWNLOADERS {
        let ended = Lesson::run(name, &["--quiet", "--latency", "1", "--repeat", "2"]);
        assert_eq!(ended.stdout.lines().count(), 1, "{name}: {ended:?}");
        assert!(ended.stdout.starts_with("Downloaded 4 sites in "), "{name}: {ended:?}");
    }
}

#[test]
fn a_practice_site_is_reached_directly_past_a_proxy() {
    // The proxy of the environment is dead: what is sent to it fails.
    let refusing = RefusingPort::take();
    let proxy = &refusing.url;
    let site = Site::start(1);
    for name in DOWNLOADERS {
        for source in [&["--repeat", "1"][..], &["--repeat", "1", "--site", &site.url]] {
            let ended =
                Lesson::run_with(name, source, &[("http_proxy", proxy), ("ALL_PROXY", proxy)]);
            assert_eq!(ended.code(), 0, "{name} {source:?}: {ended:?}");
        }
        // Other sites are not.
        let page = format!("{}/dice", site.url);
        let arguments = ["--repeat", "1", &page];
        let ended =
            Lesson::run_with(name, &arguments, &[("http_proxy", proxy), ("ALL_PROXY", proxy)]);
        assert_eq!(ended.code(), 1, "{name}: {ended:?}");
    }
}

/// A machine without certificates: only https needs them.
#[test]
fn pages_over_http_need_no_certificates() {
    let site = Site::start(1);
    let page = format!("{}/dice", site.url);
    let none = [("SSL_CERT_FILE", "/nonexistent"), ("SSL_CERT_DIR", "/nonexistent")];
    for name in DOWNLOADERS {
        let ended = Lesson::run_with(name, &["--repeat", "2", &page], &none);
        assert_eq!((ended.code(), ended.stderr.as_str()), (0, ""), "{name}: {ended:?}");
    }
}

/// Runs a downloader from a shell that sets limits first.
#[cfg(unix)]
fn run_limited(limits: &str, name: &str, arguments: &str) -> std::process::Output {
    let program = tests::program(name);
    let script = format!("{limits}; exec {} {arguments}", program.display());
    std::process::Command::new("sh").args(["-c", &script]).output().expect("sh runs")
}

/// macOS gives 256 descriptors, and more to who asks.
#[cfg(unix)]
#[test]
fn a_low_soft_limit_of_descriptors_is_raised() {
    for name in ["threaded_downloader", "async_downloader"] {
        let output = run_limited("ulimit -Sn 64", name, "--workers 160");
        assert!(output.status.success(), "{name}: {output:?}");
    }
}

/// Those workers that could be started do the work; those that could not do not fail it.
#[cfg(target_os = "linux")]
#[test]
fn workers_that_cannot_start_cost_no_page() {
    let output = run_limited("ulimit -n 40", "process_downloader", "--workers 50 --latency 10");
    assert!(output.status.success(), "{output:?}");
}
