//! What the lesson claims, and what the tutorial says of its examples.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use harness::Limit;
use practice_site::world;
use serde_json::Value;
use test_sites::{RefusingPort, Site};
use testing::record::{annotations, items, number, section, workers_of};
use testing::{Ended, OwnLesson, own_lesson};

const LESSON: OwnLesson = own_lesson!();

const ONE: &str = "one at a time";
const SEVERAL: &str = "several at once";

/// Many times what a run takes here: only a hang exceeds it.
const HANGING: Duration = Duration::from_secs(60);

/// A site between the lesson and the practice site. It notes each request, and may answer one itself.
struct Relay {
    url: String,
    /// The heads of all requests.
    heads: Arc<Mutex<Vec<String>>>,
    site: Site,
}

/// Answers a request for this path in place of the site, or returns `false`.
type Own = fn(&str, &mut TcpStream) -> io::Result<bool>;

impl Relay {
    fn start(latency: u64, own: Own) -> Self {
        let site = Site::start(latency);
        let behind = site.url.trim_start_matches("http://").to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let heads = Arc::<Mutex<Vec<String>>>::default();
        let noted = heads.clone();
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let (noted, behind) = (noted.clone(), behind.clone());
                // A client that goes away is not a fault of this site.
                thread::spawn(move || relay(client, &behind, &noted, own).unwrap_or_default());
            }
        });
        Self { url, heads, site }
    }

    fn plain(latency: u64) -> Self {
        Self::start(latency, |_, _| Ok(false))
    }

    /// How many times each path was asked for.
    fn asked(&self) -> BTreeMap<String, usize> {
        let mut asked = BTreeMap::new();
        for head in &*self.heads.lock().expect("no thread panics with it") {
            *asked.entry(path(head).to_owned()).or_default() += 1;
        }
        asked
    }
}

fn path(head: &str) -> &str {
    head.split(' ').nth(1).unwrap_or_default()
}

/// One request, and the end of its connection.
fn relay(
    mut client: TcpStream,
    behind: &str,
    noted: &Mutex<Vec<String>>,
    own: Own,
) -> io::Result<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        client.read_exact(&mut byte)?;
        head.extend(byte);
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    noted.lock().expect("no thread panics with it").push(head.clone());
    if own(path(&head), &mut client)? {
        return Ok(());
    }
    let mut site = TcpStream::connect(behind)?;
    site.write_all(head.replacen("\r\n", "\r\nConnection: close\r\n", 1).as_bytes())?;
    io::copy(&mut site, &mut client)?;
    Ok(())
}

/// The pages that a section visited.
fn visited<'run>(run: &'run Value, name: &str) -> Vec<&'run str> {
    let (items, _) = section(run, name);
    items.into_iter().map(|item| item["label"].as_str().expect("a label")).collect()
}

fn different<'run>(run: &'run Value, name: &str) -> BTreeSet<&'run str> {
    visited(run, name).into_iter().collect()
}

fn seconds(run: &Value, name: &str) -> f64 {
    number(section(run, name).1, "seconds")
}

#[test]
fn twenty_at_once() {
    assert_eq!(LESSON.described().limit, Limit::Fixed(20));
    assert_eq!(LESSON.defaults(["latency", "timeout"]), ["20", "10"]);
    LESSON.program().refuses(&["--site", "http://a", "--latency", "1"], "cannot be used with");
    LESSON.program().refuses(&["--site", "https://a"], "at an http:// URL");
}

#[test]
fn each_page_is_visited_once_and_none_that_is_forbidden_or_elsewhere() {
    let relay = Relay::plain(1);
    let run = LESSON.record(&["--site", &relay.url]);
    for name in [ONE, SEVERAL] {
        assert_eq!(visited(&run, name).len(), world::PAGES, "{name}");
        assert_eq!(different(&run, name).len(), world::PAGES, "{name}");
        assert!(visited(&run, name).iter().all(|url| url.starts_with(&relay.url)), "{name}");
    }
    assert_eq!(different(&run, ONE), different(&run, SEVERAL));
    // What the lesson says is what the site saw: each page once in each part, and `/robots.txt`.
    let asked = relay.asked();
    assert_eq!(asked.len(), world::PAGES + 1);
    assert!(asked.values().all(|times| *times == 2), "{asked:?}");
    assert!(asked.contains_key("/robots.txt"));
    for left in ["private", "trap", "hidden", "mailto"] {
        assert!(!asked.keys().any(|path| path.contains(left)), "{left}: {asked:?}");
    }
    assert_eq!(relay.site.record.requests(), 2 * (world::PAGES as u64 + 1));
    // The crawler says who it is.
    let heads = relay.heads.lock().expect("no thread panics with it");
    let says_so = |head: &String| head.to_lowercase().contains("user-agent: web_scraper/");
    assert!(heads.iter().all(says_so), "{heads:?}");
    assert_eq!(annotations(&run).len(), 2);
}

#[test]
fn no_more_are_in_flight_than_the_limit_allows() {
    for (workers, most) in [("20", 20), ("7", 7), ("1", 1)] {
        let site = Site::start(20);
        let run = LESSON.record(&["--site", &site.url, "--workers", workers]);
        let (one, several) = (section(&run, ONE).1, section(&run, SEVERAL).1);
        assert_eq!(one["facts"]["peak_in_flight"], 1);
        assert!(several["facts"]["peak_in_flight"].as_u64() <= Some(most), "{several}");
        let peak = site.record.peak_in_flight();
        assert!(most / 2 < peak + 1 && peak <= most, "{peak} of {most}");
    }
}

/// The list has five pages, of which each names the next; and the start names the first.
#[test]
fn several_at_once_are_faster_but_a_chain_of_links_takes_its_time() {
    const CHAIN: f64 = 6.0;
    let latency = 0.050;
    let run = LESSON.record(&["--latency", "50"]);
    let ratio = seconds(&run, ONE) / seconds(&run, SEVERAL);
    assert!(ratio > 5.0, "{ratio}");
    assert!(seconds(&run, ONE) > world::PAGES as f64 * latency);
    let hundred = LESSON.record(&["--latency", "50", "--workers", "100"]);
    for run in [&run, &hundred] {
        assert!(seconds(run, SEVERAL) > CHAIN * latency, "{run}");
    }
    // Five times the limit is not twice as fast.
    let gained = seconds(&run, SEVERAL) / seconds(&hundred, SEVERAL);
    assert!(gained < 2.5, "{gained}");
}

/// The lines of the map, without the port.
fn map(ended: &Ended) -> Vec<&str> {
    assert_eq!((ended.code(), ended.stderr.as_str()), (0, ""), "{ended:?}");
    let lines = ended.stdout.lines().skip_while(|line| !line.starts_with("The map of "));
    lines.take_while(|line| !line.starts_with("Visited ")).skip(1).collect()
}

#[test]
fn the_map_and_the_dead_links_are_the_same_whatever_arrived_first() {
    let several = LESSON.run(&["--latency", "5"]);
    let one = LESSON.run(&["--latency", "1", "--workers", "1"]);
    let lines = map(&several);
    assert_eq!(lines, map(&one));
    assert!((20..45).contains(&lines.len()), "{lines:?}");
    assert!(lines.iter().all(|line| line.len() <= 78 && line.is_ascii()), "{lines:?}");
    for line in [
        "Dead link: dune/99 (404), on dune/3, fern/7",
        "Dead link: gone (404), on amber/",
        "Not visited: 2 that robots.txt forbids, 1 elsewhere",
        "            list?sort=name&page=5",
    ] {
        assert!(lines.contains(&line), "{line}: {lines:#?}");
    }
    assert!(several.stdout.contains("Visited 208 pages in "), "{several:?}");
    let counted = format!("The site counted {} requests", 2 * (world::PAGES + 1));
    assert!(several.stdout.contains(&counted), "{several:?}");
}

#[test]
fn odd_pages_are_borne() {
    let run = LESSON.record(&["--latency", "1"]);
    let of = |end: &str| {
        let (items, _) = section(&run, SEVERAL);
        let is_it = |item: &&Value| item["label"].as_str().is_some_and(|it| it.ends_with(end));
        let item = items.into_iter().find(is_it).unwrap_or_else(|| panic!("{end}: {run}"));
        ["status", "links", "bytes"].map(|key| item[key].as_u64().expect("a number"))
    };
    assert_eq!(of("/world/huge"), [200, 1, 1 << 20], "the rest of it is not read");
    assert_eq!(of("/world/map.svg")[..2], [200, 0], "it is not HTML");
    assert_eq!(of("/world/ferry"), [302, 1, 0], "a redirect is a link");
    assert_eq!(of("/world/ferry/back"), [302, 1, 0]);
    assert_eq!(of("/world/gone")[..2], [404, 0]);
    assert_eq!(of("/world/slow")[..2], [200, 1]);
}

// Wrong on purpose

#[test]
fn an_empty_queue_is_not_the_end() {
    let ended = LESSON.example("ends_too_early").run(&["--json"]);
    assert_eq!(ended.code(), 1, "{ended:?}");
    let run = ended.json();
    assert_eq!(visited(&run, ONE).len(), world::PAGES, "with one in flight it is right");
    // Some were given up, and others, that only those name, never begun.
    let lost = items(&run).into_iter().filter(|item| item["error"] == "it was given up").count();
    let arrived = visited(&run, SEVERAL).len() - lost;
    assert!(arrived < world::PAGES, "{arrived} arrived, {lost} were given up");
    assert_eq!(run["failed"], lost, "nothing else failed: {ended:?}");
    // The chain is as long as the whole crawl.
    let last = "page=5";
    assert!(different(&run, ONE).iter().any(|url| url.ends_with(last)));
    assert!(!different(&run, SEVERAL).iter().any(|url| url.ends_with(last)), "{run}");
}

#[test]
fn without_a_memory_the_same_pages_are_visited_again() {
    let run = LESSON.example("not_remembered").record(&["--latency", "2"]);
    for name in [ONE, SEVERAL] {
        assert_eq!(visited(&run, name).len(), 300, "only the limit ended it");
        assert!(different(&run, name).len() <= world::PAGES, "{name}");
    }
}

#[test]
fn what_is_remembered_only_when_it_arrives_is_visited_twice() {
    let run = LESSON.example("check_then_act").record::<&str>(&[]);
    assert_eq!(visited(&run, ONE).len(), world::PAGES, "with one in flight it is right");
    let (visits, pages) = (visited(&run, SEVERAL).len(), different(&run, SEVERAL).len());
    assert_eq!(pages, world::PAGES);
    assert!(visits > pages, "{visits} visits of {pages} pages");
}

// Solutions

#[test]
fn threads_find_the_same_pages_and_know_the_end() {
    let site = Site::start(20);
    let run = LESSON.example("crawl_by_threads").record(&["--site", &site.url]);
    for name in [ONE, SEVERAL] {
        assert_eq!(visited(&run, name).len(), world::PAGES, "{name}");
        assert_eq!(different(&run, name).len(), world::PAGES, "{name}");
    }
    assert_eq!(different(&run, ONE), different(&run, SEVERAL));
    assert!(workers_of(&run, "").len() > 10, "{run}");
    assert!((5..=20).contains(&site.record.peak_in_flight()));
    assert_eq!(site.record.requests(), 2 * (world::PAGES as u64 + 1));
    let ratio = seconds(&run, ONE) / seconds(&run, SEVERAL);
    assert!(ratio > 3.0, "{ratio}");
}

#[test]
fn a_polite_crawler_is_as_slow_as_its_pause() {
    let pauses = 0.010 * (world::PAGES as f64 - 1.0);
    let run = LESSON.example("politely").record(&["--latency", "5"]);
    for name in [ONE, SEVERAL] {
        assert_eq!(different(&run, name).len(), world::PAGES, "{name}");
        assert!(seconds(&run, name) > pauses, "{name}: {run}");
    }
    // Where a page takes twice the pause, one at a time is slower than the pause, and several at once are not.
    let run = LESSON.example("politely").record::<&str>(&[]);
    assert!(seconds(&run, ONE) > 2.0 * pauses, "{run}");
    let ratio = seconds(&run, ONE) / seconds(&run, SEVERAL);
    assert!((1.2..3.5).contains(&ratio), "{ratio}");
}

#[test]
fn a_depth_limit_leaves_out_what_lies_deeper() {
    let relay = Relay::plain(1);
    let arguments = ["--site", &relay.url];
    let ended = LESSON.example("depth_limit").run(&arguments);
    assert_eq!((ended.code(), ended.stderr.as_str()), (1, ""), "{ended:?}");
    let told = "8 of 208 were never begun.";
    assert!(ended.explanation().join(" ").contains(told), "{ended:?}");
    // The links of the last pages were seen, and not those that lie behind them.
    let left = "Not visited: 2 that robots.txt forbids, 1 elsewhere, 2 left out\n";
    assert!(ended.stdout.contains(left), "{ended:?}");
    let asked = relay.asked();
    for page in 1..=5 {
        let path = format!("/world/list?sort=name&page={page}");
        assert_eq!(asked.contains_key(&path), page <= 2, "{path}");
    }
    assert!(!asked.contains_key("/world/dune/99"));
}

// Faults

/// Behind this page, two others lie.
const SPOILT: &str = "/world/list?sort=name&page=3";

const HEAD: &str = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\n";

fn is_spoilt(path: &str) -> bool {
    path == SPOILT
}

fn cut(path: &str, client: &mut TcpStream) -> io::Result<bool> {
    if is_spoilt(path) {
        write!(client, "{HEAD}Content-Length: 1000\r\n\r\n<a href='hidden'>")?;
    }
    Ok(is_spoilt(path))
}

fn silent(path: &str, _: &mut TcpStream) -> io::Result<bool> {
    if is_spoilt(path) {
        thread::sleep(HANGING);
    }
    Ok(is_spoilt(path))
}

fn nonsense(path: &str, client: &mut TcpStream) -> io::Result<bool> {
    if is_spoilt(path) {
        client.write_all(b"\x16\x03nonsense\r\n\r\n")?;
    }
    Ok(is_spoilt(path))
}

fn byte_by_byte(path: &str, client: &mut TcpStream) -> io::Result<bool> {
    if is_spoilt(path) {
        for byte in HEAD.bytes().cycle() {
            client.write_all(&[byte])?;
            thread::sleep(Duration::from_millis(100));
        }
    }
    Ok(is_spoilt(path))
}

#[test]
fn a_page_without_a_whole_answer_fails_by_name_and_the_others_are_visited() {
    let faults: [(Own, &str); 4] = [
        (cut, "the page was cut short"),
        (silent, "the page took longer than --timeout allows"),
        (nonsense, "the answer is not valid HTTP"),
        (byte_by_byte, "the page took longer than --timeout allows"),
    ];
    thread::scope(|scope| {
        for (own, words) in faults {
            scope.spawn(move || {
                let relay = Relay::start(1, own);
                let start = Instant::now();
                let ended = LESSON.run(&["--site", &relay.url, "--timeout", "2"]);
                assert!(start.elapsed() < HANGING, "{words}: {ended:?}");
                assert_eq!(ended.code(), 1, "{words}: {ended:?}");
                let told = format!("Failed {}{SPOILT}: {words}\n", relay.url);
                assert_eq!(ended.stderr, told.repeat(2), "{words}: {ended:?}");
                assert!(ended.stdout.contains("Visited 202 of 208 pages in "), "{ended:?}");
                assert!(ended.stdout.contains("4 of 208 were never begun."), "{ended:?}");
                assert!(ended.stdout.contains("list?sort=name&page=3 (failed)"), "{ended:?}");
            });
        }
    });
}

/// An answer that does not end: only its first part is read, and its links are found.
#[test]
fn an_endless_page_is_read_no_further_than_a_huge_one() {
    let relay = Relay::start(1, |path, client| {
        if is_spoilt(path) {
            write!(client, "{HEAD}\r\n<a href='?sort=name&page=4'>")?;
            while client.write_all(&[b' '; 10_000]).is_ok() {}
        }
        Ok(is_spoilt(path))
    });
    let run = LESSON.record(&["--site", &relay.url]);
    assert_eq!(run["done"], 2 * world::PAGES);
    let spoilt = items(&run).into_iter().find(|it| it["label"] == format!("{}{SPOILT}", relay.url));
    assert_eq!(spoilt.map(|it| it["bytes"].clone()), Some((1 << 20).into()));
}

#[test]
fn where_nobody_knows_the_rules_nothing_is_visited() {
    let refusing = RefusingPort::take();
    let refused = refusing.url.trim_end_matches("/refused").to_owned();
    let broken = Relay::start(1, |path, client| {
        if path == "/robots.txt" {
            client.write_all(b"HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\n\r\n")?;
        }
        Ok(path == "/robots.txt")
    });
    for (url, why) in
        [(&refused, "the connection was refused"), (&broken.url, "503 Service Unavailable")]
    {
        let ended = LESSON.run(&["--site", url]);
        let warned = format!("warning: robots.txt: {why}: so nothing is visited\n").repeat(2);
        assert_eq!((ended.code(), &ended.stderr), (1, &warned), "{ended:?}");
        assert!(ended.explanation().join(" ").contains("0 of 208 were begun"), "{ended:?}");
    }
    assert_eq!(broken.asked().keys().collect::<Vec<_>>(), ["/robots.txt"]);
}

/// RFC 9309 (2.3.1.3): any status from 400 to 499 says that there are no rules. So say the lesson and its Python original.
#[test]
fn without_a_robots_txt_everything_is_allowed() {
    fn site(path: &str, client: &mut TcpStream, refusal: &str) -> io::Result<bool> {
        let (status, body) = match path {
            "/robots.txt" => (refusal, ""),
            world::START => ("200 OK", "<a href='private/'>"),
            _ => ("200 OK", ""),
        };
        let length = body.len();
        write!(
            client,
            "HTTP/1.1 {status}\r\nContent-Type: text/html\r\nContent-Length: {length}\r\n\
             Connection: close\r\n\r\n{body}"
        )?;
        Ok(true)
    }
    let refusals: [Own; 3] = [
        |path, client| site(path, client, "401 Unauthorized"),
        |path, client| site(path, client, "404 Not Found"),
        |path, client| site(path, client, "410 Gone"),
    ];
    for own in refusals {
        let relay = Relay::start(1, own);
        let all = ["/robots.txt", "/world/", "/world/private/"].map(|path| (path.to_owned(), 2));
        let ended = LESSON.run(&["--site", &relay.url]);
        assert_eq!(ended.stderr, "", "{ended:?}");
        assert_eq!(relay.asked(), BTreeMap::from(all.clone()), "{ended:?}");

        let relay = Relay::start(1, own);
        let ended = LESSON.original(&["--site", &relay.url, "--visits", "2"]);
        let Some(ended) = ended else { continue };
        assert_eq!((ended.code(), ended.stderr.as_str()), (0, ""), "{ended:?}");
        assert_eq!(relay.asked(), BTreeMap::from(all), "{ended:?}");
    }
    // And where nobody knows, the original visits nothing either.
    let broken = Relay::start(1, |path, client| site(path, client, "503 Service Unavailable"));
    let Some(ended) = LESSON.original(&["--site", &broken.url]) else { return };
    assert_eq!(ended.code(), 1, "{ended:?}");
    assert_eq!(broken.asked().into_keys().collect::<Vec<_>>(), ["/robots.txt"]);
}

#[test]
fn the_rules_are_those_that_the_site_has() {
    let relay = Relay::start(1, |path, client| {
        if path == "/robots.txt" {
            let rules = "User-agent: *\nDisallow: /\n\nUser-agent: Web_Scraper\nAllow: /\n\
                         Disallow: /world/trap/\nDisallow: /world/*/1$\n";
            let length = rules.len();
            write!(client, "{HEAD}Content-Length: {length}\r\n\r\n{rules}")?;
        }
        Ok(path == "/robots.txt")
    });
    let ended = LESSON.run(&["--site", &relay.url]);
    let asked = relay.asked();
    // The private pages are two; of each of six islands, a village is left out.
    assert_eq!(asked.len(), 1 + world::PAGES + 2 - 6, "{asked:?}");
    assert!(asked.contains_key("/world/private/") && asked.contains_key("/world/coral/11"));
    assert!(!asked.contains_key("/world/coral/1") && !asked.contains_key("/world/trap/1"));
    assert!(ended.stdout.contains("Dead link: private/diary (404), on private/"), "{ended:?}");
}

/// A site can make up new pages forever, and allow them.
#[test]
fn a_site_without_an_end_is_left_after_two_thousand_pages() {
    let relay = Relay::start(0, |path, client| {
        let links = (0..50).map(|link| format!("<a href='{path}-{link}'>"));
        let body = if path == "/robots.txt" { String::new() } else { links.collect() };
        write!(client, "{HEAD}Content-Length: {}\r\n\r\n{body}", body.len())?;
        Ok(true)
    });
    let ended = LESSON.run(&["--quiet", "--site", &relay.url]);
    assert_eq!(ended.code(), 0, "{ended:?}");
    assert!(ended.stdout.starts_with("Visited 4000 of 208 pages in "), "{ended:?}");
}

// Ctrl-C

#[cfg(unix)]
mod interrupted {
    use super::*;
    use testing::{children, is_alive, signal, wait_until};

    /// Nothing else of the site is asked for, and nothing is left.
    #[test]
    fn at_any_moment_it_ends_in_good_order() {
        for moment in 0..6 {
            let running = LESSON.program().start(&["--latency", "30"]);
            wait_until("the site", || !children(running.id()).is_empty());
            let processes = children(running.id());
            // From before the first page to the second part.
            thread::sleep(Duration::from_millis(moment * moment * 130));
            let (start, id) = (Instant::now(), running.id());
            if !is_alive(id) {
                continue; // it was faster
            }
            signal("-INT", id);
            let ended = running.wait();
            assert!(start.elapsed() < HANGING, "{moment}: {ended:?}");
            let done = ended.code() == 0 && ended.stdout.contains("Visited 208 pages");
            assert!(done || ended.code() == 130, "{moment}: {ended:?}");
            assert_eq!(ended.stderr, "", "{moment}");
            if ended.code() == 130 && !ended.stdout.is_empty() {
                let (lines, summary) = ended.lines_and_summary();
                let told = format!("Interrupted: visited {} of 208 pages ", lines.len());
                assert!(summary.starts_with(&told), "{moment}: {summary}: {lines:?}");
            }
            wait_until("the site's end", || !processes.iter().any(|it| is_alive(*it)));
        }
    }

    /// A page that never comes would hold it up for a minute.
    #[test]
    fn what_is_in_flight_is_dropped() {
        fn silent_rules(path: &str, _: &mut TcpStream) -> io::Result<bool> {
            if path == "/robots.txt" {
                thread::sleep(HANGING);
            }
            Ok(path == "/robots.txt")
        }
        for (own, path) in [(silent as Own, SPOILT), (silent_rules, "/robots.txt")] {
            let relay = Relay::start(1, own);
            let arguments = ["--site", &relay.url, "--timeout", "100"];
            let running = LESSON.program().start(&arguments);
            wait_until("a page that never comes", || relay.asked().contains_key(path));
            thread::sleep(Duration::from_millis(300));
            let start = Instant::now();
            signal("-INT", running.id());
            let ended = running.wait();
            assert_eq!((ended.code(), ended.stderr.as_str()), (130, ""), "{ended:?}");
            assert!(start.elapsed() < Duration::from_secs(30), "{ended:?}");
        }
    }
}
