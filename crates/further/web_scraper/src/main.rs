//! A crawler finds its work on the way: it has finished when nothing is left and nothing is in flight.
//!
//! Mirrors: `aiohttp`, `html.parser`, and an `asyncio.Queue` whose `join` waits for the end.
//! Run:     `cargo run -p web_scraper`
//! Watch:   the second part: few pages in flight at first, then as many as the limit allows.
//! Try:     `--workers 100`: how much faster than 20 is it, and what sets that limit?

use std::collections::{HashSet, VecDeque};
use std::process::ExitCode;

use common::Run;
use map::Map;
use page::Page;
use reqwest::{Client, Url};
use site::{Site, World};
use tokio::{runtime::Builder, task::JoinSet};

mod map;
mod page;
mod robots;
mod site;

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

// ANCHOR: crawl
async fn crawl(run: &'static Run, site: &Site, limit: usize) -> Map {
    let client = site.client();
    let rules = robots::ask(run, &client, &site.start).await;
    let start = Some(site.start.clone()).filter(|start| rules.allow(start));
    let mut seen: HashSet<Url> = HashSet::from_iter(start.clone()); // found at any time
    let mut frontier = VecDeque::from_iter(start); // found, and not visited yet
    let (mut in_flight, mut map) = (JoinSet::new(), Map::of(site, &rules));
    loop {
        while in_flight.len() < limit {
            let Some(url) = frontier.pop_front() else { break };
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
// ANCHOR_END: crawl

async fn visit(run: &Run, client: Client, url: Url) -> (Url, Page) {
    let mut page = Page::default();
    if let Some(begun) = run.begin(&url) {
        begun.end_after(page.download(&client, &url)).await;
    }
    (url, page)
}
