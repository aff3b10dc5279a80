//! Faults of the site in every lesson that downloads: the page's line says why, in words, and the other pages
//! arrive.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use course::Lesson;
use test_sites::{Ending, FAULTS, Fault, FaultSite, MortalSite};
use testing::{Ended, all_at_once, downloaders, has_the_clients, lessons, program};

/// Pages that arrive, around one that may not.
const BEFORE: [&str; 2] = ["/ok", "/gzip"];
const AFTER: [&str; 3] = ["/chunked", "/ok", "/redirect"];
const GOOD: usize = BEFORE.len() + AFTER.len();

/// Many times the two seconds that a page may take: only a hang exceeds it.
const HANGING: Duration = Duration::from_secs(30);

/// The faults that can be tested on this system.
fn faults() -> impl Iterator<Item = &'static Fault> {
    FAULTS.iter().filter(|fault| cfg!(target_os = "linux") || !fault.needs_linux())
}

/// Runs a lesson with one such page among good ones.
fn run(lesson: &Lesson, site: &FaultSite, url: &str, fault: &Fault, more: &[&str]) -> Ended {
    let before = BEFORE.map(|path| site.url(path));
    let after = AFTER.map(|path| site.url(path));
    let pages = before.iter().map(String::as_str).chain([url]);
    let pages = pages.chain(after.iter().map(String::as_str));
    let timeout = if fault.takes_time() { "2" } else { "20" };
    let mut arguments: Vec<&str> = pages.collect();
    arguments.extend(["--repeat", "1", "--timeout", timeout]);
    arguments.extend(more);
    let start = Instant::now();
    let trust = [("SSL_CERT_FILE", site.authority())];
    let trust = trust.each_ref().map(|(name, file)| (*name, file.as_str()));
    let ended = program(lesson.name()).run_with(&arguments, &trust);
    let (name, elapsed) = (lesson.name(), start.elapsed());
    assert!(elapsed < HANGING, "{name}: {}: {elapsed:?}", fault.what);
    ended
}

/// The line of a page that arrived.
fn read(bytes: u64, url: &str) -> String {
    format!("Read {bytes} bytes from {url}")
}

/// A line of the process pool begins with the worker's name.
fn without_worker(line: &str) -> &str {
    line.rsplit(": ").next().unwrap_or(line)
}

#[test]
fn each_fault_ends_as_the_table_says_and_the_other_pages_arrive() {
    let site = FaultSite::start();
    // Faults that send as long as they can would take the processors from the others.
    let faults = faults().filter(|fault| !(fault.is_flood && fault.takes_time()));
    let mut jobs: Vec<_> =
        faults.flat_map(|fault| downloaders().map(move |lesson| (lesson, fault))).collect();
    jobs.sort_by_key(|(_, fault)| !fault.takes_time());
    all_at_once(&jobs, |&(lesson, fault)| {
        let url = site.url_of(fault);
        let ended = run(lesson, &site, &url, fault, &[]);
        let what = format!("{}: {}: {ended:?}", lesson.name(), fault.what);
        let (lines, summary) = ended.lines_and_summary();
        let mut expected: Vec<String> = BEFORE
            .iter()
            .chain(&AFTER)
            .map(|path| read(FaultSite::BYTES, &site.url(path)))
            .collect();
        match fault.ending {
            Ending::Arrives(bytes) => {
                expected.push(read(bytes, &url));
                assert_eq!((ended.code(), ended.stderr.as_str()), (0, ""), "{what}");
                assert!(
                    summary.starts_with(&format!("Downloaded {} sites in ", GOOD + 1)),
                    "{what}"
                );
            }
            Ending::Fails(words) => {
                let told = ended.stderr.strip_prefix(&format!("Failed {url}: "));
                let told = told.and_then(|told| told.strip_suffix('\n'));
                assert!(told.is_some_and(|told| words.contains(&told)), "{what}");
                assert_eq!(ended.code(), 1, "{what}");
                let counted = format!("Downloaded {GOOD} of {} sites in ", GOOD + 1);
                assert!(
                    summary.starts_with(&counted) && summary.ends_with(" (1 failed)"),
                    "{what}"
                );
            }
        }
        let mut lines: Vec<&str> = lines.into_iter().map(without_worker).collect();
        lines.sort_unstable();
        expected.sort_unstable();
        assert_eq!(lines, expected, "{what}");
    });
}

/// Those lessons have the same sessions, so one fault for each message is enough. A lesson with a client of its own has its
/// own test.
#[test]
fn each_cause_is_told_by_the_further_lessons_too() {
    let site = FaultSite::start();
    let mut seen = BTreeSet::new();
    let causes: Vec<_> = faults()
        .filter(|fault| matches!(fault.ending, Ending::Fails(words) if seen.insert(words)))
        .collect();
    let is_one = |it: &&Lesson| it.found.is_further && it.does("page") && has_the_clients(it);
    let further: Vec<&Lesson> = lessons().iter().filter(is_one).collect();
    assert!(further.len() > 4, "{}", further.len());
    let jobs: Vec<_> = further
        .iter()
        .flat_map(|&lesson| causes.iter().map(move |fault| (lesson, *fault)))
        .collect();
    all_at_once(&jobs, |&(lesson, fault)| {
        let url = site.url_of(fault);
        let mut more = vec!["--json"];
        if lesson.does("call") {
            more.extend(["--number", "1"]);
        }
        let ended = run(lesson, &site, &url, fault, &more);
        let what = format!("{}: {}: {ended:?}", lesson.name(), fault.what);
        // A page is downloaded in each of some sections.
        let times = lesson.times("page");
        let run = ended.json();
        assert_eq!(ended.code(), 1, "{what}");
        assert_eq!(run["failed"], times, "{what}");
        assert_eq!(run["bytes"], (GOOD * times) as u64 * FaultSite::BYTES, "{what}");
        let items = run["items"].as_array().expect("items");
        let errors: Vec<_> = items.iter().filter_map(|item| item["error"].as_str()).collect();
        let Ending::Fails(words) = fault.ending else { unreachable!("they fail") };
        assert!(errors.len() == times && errors.iter().all(|it| words.contains(it)), "{what}");
        assert_eq!(ended.stderr.lines().count(), times, "{what}");
    });
}

#[test]
fn many_faults_in_one_run_are_counted_and_told_each() {
    let site = FaultSite::start();
    let quick: Vec<_> = faults().filter(|fault| !fault.takes_time() && !fault.is_flood).collect();
    let urls: Vec<String> = quick.iter().map(|fault| site.url_of(fault)).collect();
    let arrive = |fault: &&&Fault| matches!(fault.ending, Ending::Arrives(_));
    let good = quick.iter().filter(arrive).count();
    let bad = quick.len() - good;
    let mut arguments: Vec<&str> = urls.iter().map(String::as_str).collect();
    arguments.extend(["--repeat", "2", "--timeout", "20", "--json"]);
    for lesson in downloaders().map(Lesson::name) {
        let trust = [("SSL_CERT_FILE", site.authority())];
        let trust = trust.each_ref().map(|(name, file)| (*name, file.as_str()));
        let ended = program(lesson).run_with(&arguments, &trust);
        let run = ended.json();
        assert_eq!(
            (&run["done"], &run["failed"]),
            (&(2 * good).into(), &(2 * bad).into()),
            "{lesson}"
        );
        assert_eq!((ended.code(), ended.stderr.lines().count()), (1, 2 * bad), "{lesson}");
    }
}

/// Every page is a flood, and six of them are in flight at once.
#[test]
fn floods_end_in_time_and_take_little_memory() {
    const MOST_MB: u64 = 200;
    let site = FaultSite::start();
    let floods: Vec<_> = faults().filter(|fault| fault.is_flood).collect();
    let urls: Vec<String> = floods.iter().map(|fault| site.url_of(fault)).collect();
    let downloaders: Vec<&Lesson> = downloaders().collect();
    all_at_once(&downloaders, |lesson| {
        let mut arguments: Vec<&str> = urls.iter().map(String::as_str).collect();
        arguments.extend(["--timeout", "2", "--repeat"]);
        // One after another, each would take its two seconds again.
        let one_by_one = !lesson.takes("workers");
        let (times, more) =
            if one_by_one { (1, &["1"][..]) } else { (2, &["2", "--workers", "6"][..]) };
        arguments.extend(more);
        let lesson = lesson.name();
        let running = program(lesson).start(&arguments);
        let id = running.id();
        let ended = thread::spawn(|| running.wait());
        let mut most = 0;
        while !ended.is_finished() {
            most = most.max(peak_in_mb(id));
            thread::sleep(Duration::from_millis(100));
        }
        let ended = ended.join().expect("it was waited for");
        let (lines, summary) = ended.lines_and_summary();
        let counted = format!("Downloaded 0 of {} sites in ", times * urls.len());
        assert_eq!((ended.code(), lines.len()), (1, 0), "{lesson}: {ended:?}");
        assert!(summary.starts_with(&counted), "{lesson}: {summary}");
        for (fault, url) in floods.iter().zip(&urls) {
            let Ending::Fails(words) = fault.ending else { unreachable!("a flood fails") };
            let begin = format!("Failed {url}: ");
            let told = ended.stderr.lines().filter_map(|line| line.strip_prefix(&begin));
            // Even a fault that is detected soon may have to wait for its turn, among so many bytes.
            let told = told.filter(|told| words.contains(told) || told.ends_with("(--timeout)"));
            assert_eq!(told.count(), times, "{lesson}: {}: {}", fault.what, ended.stderr);
        }
        assert!(most < MOST_MB, "{lesson} took {most} MB");
        assert!(most > 0 || cfg!(not(target_os = "linux")), "{lesson} was not measured");
    });
}

/// The peak memory so far of a process and its children, without those that have ended. Only Linux tells.
fn peak_in_mb(id: u32) -> u64 {
    #[cfg(target_os = "linux")]
    {
        let peak = |id: u32| {
            let status = fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
            let peak = status.lines().find_map(|it| it.strip_prefix("VmHWM:")?.strip_suffix(" kB"));
            peak.and_then(|peak| peak.trim().parse::<u64>().ok()).unwrap_or_default() / 1000
        };
        testing::children(id).into_iter().chain([id]).map(peak).sum()
    }
    #[cfg(not(target_os = "linux"))]
    {
        let _ = id;
        0
    }
}

#[test]
fn a_site_that_dies_and_comes_back_costs_the_pages_between() {
    for lesson in downloaders() {
        // One page at a time, so that it is known which ones those are.
        let workers: &[&str] = if lesson.takes("workers") { &["--workers", "1"] } else { &[] };
        let lesson = lesson.name();
        let site = MortalSite::start();
        let (page, death, revival) = (site.page(), site.death(), site.revival());
        let pages = [&page, &page, &death, &page, &page, &revival, &page, &page];
        let mut arguments: Vec<&str> = pages.iter().map(|url| url.as_str()).collect();
        arguments.extend(["--repeat", "2", "--timeout", "20"]);
        arguments.extend(workers);
        let ended = program(lesson).run(&arguments);
        let (lines, summary) = ended.lines_and_summary();
        assert_eq!(ended.code(), 1, "{lesson}: {ended:?}");
        assert!(summary.starts_with("Downloaded 10 of 16 sites in "), "{lesson}: {summary}");
        let once = [&page, &page, &revival, &page, &page];
        let expected: Vec<String> =
            once.iter().chain(&once).map(|url| read(FaultSite::BYTES, url)).collect();
        let lines: Vec<&str> = lines.into_iter().map(without_worker).collect();
        assert_eq!(lines, expected, "{lesson}");
        let died = format!("Failed {death}: the connection was closed before an answer came\n");
        let dead = format!("Failed {page}: the connection was refused\n").repeat(2);
        // A connection that arrives while the site goes down is reset, not refused.
        let told = ended.stderr.replace("the connection was reset", "the connection was refused");
        assert_eq!(told, format!("{died}{dead}").repeat(2), "{lesson}");
    }
}

/// Which pages fail is a race; but each page either fails with a message or arrives.
#[test]
fn a_site_that_dies_under_many_pages_loses_none_of_them() {
    for lesson in downloaders().filter(|lesson| lesson.takes("workers")).map(Lesson::name) {
        let site = MortalSite::start();
        let mut pages = vec![site.page(); 30];
        pages.push(site.death());
        pages.extend(vec![site.page(); 30]);
        pages.push(site.revival());
        pages.extend(vec![site.page(); 30]);
        let mut arguments: Vec<&str> = pages.iter().map(String::as_str).collect();
        arguments.extend(["--repeat", "1", "--timeout", "20", "--workers", "5", "--json"]);
        let ended = program(lesson).run(&arguments);
        let run = ended.json();
        let count = |what: &str| run[what].as_u64().expect("a number");
        assert_eq!(count("done") + count("failed"), pages.len() as u64, "{lesson}: {ended:?}");
        assert_eq!(count("bytes"), count("done") * FaultSite::BYTES, "{lesson}: {ended:?}");
        // Of the first thirty, four may be in flight when the site dies; on a busy machine all others are over before it is back.
        assert!(count("done") >= 26 && count("failed") >= 1, "{lesson}: {ended:?}");
        assert_eq!(ended.code(), 1, "{lesson}: {ended:?}");
        let causes = ["was refused", "was reset", "before an answer came", "was cut short"];
        for line in ended.stderr.lines() {
            assert!(causes.iter().any(|cause| line.ends_with(cause)), "{lesson}: {line}");
        }
        assert_eq!(ended.stderr.lines().count() as u64, count("failed"), "{lesson}");
    }
}

/// A machine without certificates trusts no site.
#[cfg(target_os = "linux")]
#[test]
fn without_certificates_every_page_over_https_fails_and_the_others_arrive() {
    let site = FaultSite::start();
    let (secure, plain) = (site.trusted_url(), site.url("/ok"));
    let none = [("SSL_CERT_FILE", "/nonexistent"), ("SSL_CERT_DIR", "/nonexistent")];
    for lesson in downloaders().map(Lesson::name) {
        let arguments = [secure.as_str(), &plain, "--repeat", "1"];
        let ended = program(lesson).run_with(&arguments, &none);
        let cause = "the certificate is not valid: no authority that is trusted here signed it";
        assert_eq!(ended.stderr, format!("Failed {secure}: {cause}\n"), "{lesson}");
        let (lines, summary) = ended.lines_and_summary();
        assert!(summary.starts_with("Downloaded 1 of 2 sites in "), "{lesson}: {summary}");
        assert_eq!((ended.code(), lines.len()), (1, 1), "{lesson}: {ended:?}");
    }
}

#[test]
fn a_proxy_that_refuses_is_named() {
    // As a proxy, the site knows no page.
    let proxy = FaultSite::start().url("");
    let url = "https://example.invalid/";
    for lesson in downloaders().map(Lesson::name) {
        let ended = program(lesson).run_with(&[url, "--repeat", "1"], &[("https_proxy", &proxy)]);
        let told = format!("Failed {url}: the proxy does not let the page through\n");
        assert_eq!((ended.code(), ended.stderr), (1, told), "{lesson}");
    }
}

#[test]
fn the_table_in_faults_md_is_that_of_the_code() {
    let rows = FAULTS.iter().map(|fault| {
        let (told, status) = match fault.ending {
            Ending::Arrives(_) => ("the page arrives".into(), 0),
            Ending::Fails(words) => (format!("`{}`", words.join("`, or `")), 1),
        };
        format!("| {} | {told} | {status} |\n", fault.what)
    });
    let head = "| the site ... | what a user reads | status |\n|---|---|---|\n";
    let expected: String = [head.to_string()].into_iter().chain(rows).collect();
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("FAULTS.md");
    let text = fs::read_to_string(file).expect("FAULTS.md").replace('\r', "");
    assert!(text.contains(&format!("\n\n{expected}\n")), "the table should be\n\n{expected}");
}
