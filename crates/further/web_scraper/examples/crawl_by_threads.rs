//! Solution: threads in place of tasks. They share the frontier, and one that finds it empty must know whether to wait.
//!
//! Run:     `cargo run -p web_scraper --example crawl_by_threads`
//! Watch:   a lane for each thread, and the same pages.

use std::collections::{HashSet, VecDeque};
use std::process::ExitCode;
use std::sync::{Condvar, Mutex};
use std::thread;

use common::Run;
use map::Map;
use page::Page;
use reqwest::{Client, Url};
use site::{Site, World};
use tokio::runtime::{Builder, Runtime};

#[path = "../src/map.rs"]
mod map;
#[path = "../src/page.rs"]
mod page;
#[path = "../src/robots.rs"]
mod robots;
#[path = "../src/site.rs"]
mod site;

/// Some sites have no end: a calendar names the next month, always.
const MOST_PAGES: usize = 2_000;

fn main() -> ExitCode {
    let lesson = harness::lesson!(Threads).workers(20);
    let lesson = lesson.sections(&["one at a time", "several at once"]);
    let (run, site) = lesson.start(World);
    crawl_twice(run, site);
    run.finish()
}

fn crawl_twice(run: &Run, site: &Site) {
    run.section("one at a time");
    crawl(run, site, 1);
    run.section("several at once");
    crawl(run, site, run.workers).print(run);
}

/// What the threads share. `in_flight` counts the pages whose links nobody knows yet.
struct Shared {
    seen: HashSet<Url>,
    frontier: VecDeque<Url>,
    in_flight: usize,
    map: Map,
}

fn crawl(run: &Run, site: &Site, limit: usize) -> Map {
    let rules = event_loop().block_on(robots::ask(run, &site.client(), &site.start));
    let start = Some(site.start.clone()).filter(|start| rules.allow(start));
    let (seen, frontier) = (HashSet::from_iter(start.clone()), VecDeque::from_iter(start));
    let shared = Mutex::new(Shared { seen, frontier, in_flight: 0, map: Map::of(site, &rules) });
    let news = Condvar::new();
    let lock = || shared.lock().expect("no visit panics");
    thread::scope(|scope| {
        for _ in 0..limit {
            scope.spawn(|| {
                // An event loop and a client of its own, with one page in flight: so this thread waits.
                let (event_loop, client) = (event_loop(), site.client());
                let mut shared = lock();
                loop {
                    if let Some(url) = shared.frontier.pop_front() {
                        shared.in_flight += 1;
                        drop(shared);
                        let (url, page) = event_loop.block_on(visit(run, client.clone(), url));
                        shared = lock();
                        for link in page.links.iter().filter(|it| site.has(it) && rules.allow(it)) {
                            if shared.seen.len() < MOST_PAGES && shared.seen.insert(link.clone()) {
                                shared.frontier.push_back(link.clone());
                            }
                        }
                        shared.map.add(url, page);
                        shared.in_flight -= 1;
                        news.notify_all(); // of links, or of the end
                    } else if shared.in_flight == 0 {
                        return;
                    } else {
                        shared = news.wait(shared).expect("no visit panics");
                    }
                }
            });
        }
    });
    shared.into_inner().expect("no visit panics").map
}

fn event_loop() -> Runtime {
    let event_loop = Builder::new_current_thread().enable_all().build();
    event_loop.expect("the system gives an event loop")
}

async fn visit(run: &Run, client: Client, url: Url) -> (Url, Page) {
    let mut page = Page::default();
    if let Some(begun) = run.begin(&url) {
        begun.end_after(page.download(&client, &url)).await;
    }
    (url, page)
}
