//! Solution: a visit begins 10 ms after the one before, however many are in flight.
//!
//! Run:     `cargo run -p web_scraper --example politely`
//! Watch:   the second part is as slow as the pause: the limit of 20 is never reached.

use std::collections::{HashSet, VecDeque};
use std::process::ExitCode;
use std::time::Duration;

use common::Run;
use map::Map;
use page::Page;
use reqwest::{Client, Url};
use site::{Site, World};
use tokio::{runtime::Builder, task::JoinSet, time::MissedTickBehavior, time::interval};

#[path = "../src/map.rs"]
mod map;
#[path = "../src/page.rs"]
mod page;
#[path = "../src/robots.rs"]
mod robots;
#[path = "../src/site.rs"]
mod site;

/// From the beginning of a visit to that of the next.
const PAUSE: Duration = Duration::from_millis(10);

/// Some sites have no end: a calendar names the next month, always.
const MOST_PAGES: usize = 2_000;

fn main() -> ExitCode {
    let lesson = harness::lesson!(Async).workers(20);
    let lesson = lesson.sections(&["one at a time", "several at once"]);
    let (run, site) = lesson.start(World);
    let event_loop = Builder::new_current_thread().enable_all().build();
    event_loop.expect("the system gives an event loop").block_on(crawl_twice(run, site));
    run.finish()
}

async fn crawl_twice(run: &'static Run, site: &'static Site) {
    run.section("one at a time");
    crawl(run, site, 1).await;
    run.section("several at once");
    crawl(run, site, run.workers).await.print(run);
}

async fn crawl(run: &'static Run, site: &Site, limit: usize) -> Map {
    let client = site.client();
    let rules = robots::ask(run, &client, &site.start).await;
    let start = Some(site.start.clone()).filter(|start| rules.allow(start));
    let mut seen: HashSet<Url> = HashSet::from_iter(start.clone()); // found at any time
    let mut frontier = VecDeque::from_iter(start); // found, and not visited yet
    let (mut in_flight, mut map) = (JoinSet::new(), Map::of(site, &rules));
    let mut pause = interval(PAUSE);
    pause.set_missed_tick_behavior(MissedTickBehavior::Delay); // a pause that was missed is not made up for
    loop {
        while in_flight.len() < limit {
            let Some(url) = frontier.pop_front() else { break };
            pause.tick().await;
            in_flight.spawn(visit(run, client.clone(), url));
        }
        // An empty frontier is not the end: each page in flight may fill it again.
        let Some(visited) = in_flight.join_next().await else { return map };
        let (url, page) = visited.expect("no visit panics");
        for link in page.links.iter().filter(|link| site.has(link) && rules.allow(link)) {
            if seen.len() < MOST_PAGES && seen.insert(link.clone()) {
                frontier.push_back(link.clone());
            }
        }
        map.add(url, page);
    }
}

async fn visit(run: &Run, client: Client, url: Url) -> (Url, Page) {
    let mut page = Page::default();
    if let Some(begun) = run.begin(&url) {
        begun.end_after(page.download(&client, &url)).await;
    }
    (url, page)
}
