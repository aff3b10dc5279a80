//! Wrong on purpose: an empty queue is taken for the end.
//!
//! Run:     `cargo run -p web_scraper --example ends_too_early`
//! Watch:   the first part is whole. The second one gives up the pages that are still in flight.

use std::collections::{HashSet, VecDeque};
use std::process::ExitCode;

use common::Run;
use map::Map;
use page::Page;
use reqwest::{Client, Url};
use site::{Site, World};
use tokio::{runtime::Builder, task::JoinSet};

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
    while !frontier.is_empty() {
        while in_flight.len() < limit {
            let Some(url) = frontier.pop_front() else { break };
            in_flight.spawn(visit(run, client.clone(), url));
        }
        // Wrong on purpose: this looks only at the queue, and the pages in flight have links, too.
        let Some(visited) = in_flight.join_next().await else { return map };
        let (url, page) = visited.expect("no visit panics");
        for link in page.links.iter().filter(|link| site.has(link) && rules.allow(link)) {
            if seen.len() < MOST_PAGES && seen.insert(link.clone()) {
                frontier.push_back(link.clone());
            }
        }
        map.add(url, page);
    }
    map
}

async fn visit(run: &Run, client: Client, url: Url) -> (Url, Page) {
    let mut page = Page::default();
    if let Some(begun) = run.begin(&url) {
        begun.end_after(page.download(&client, &url)).await;
    }
    (url, page)
}
