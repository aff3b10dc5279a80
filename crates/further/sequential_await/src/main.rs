//! Async alone makes nothing concurrent: pages awaited one by one, then joined.
//!
//! Mirrors: two awaits in a row against one `asyncio.gather`.
//! Run:     `cargo run -p sequential_await`
//! Watch:   in the diagram, a single download at a time, then all of them at once.
//! Try:     `--repeat 20`: the first section takes four times as long, the second hardly longer.

use std::process::ExitCode;

use common::{Run, Sites};
use futures_util::future::join_all;
use tokio::runtime::Builder;

fn main() -> ExitCode {
    let lesson = harness::lesson!(Async).sections(&["one by one", "joined"]);
    let (run, sites) = lesson.default("repeat", "5").start(downloads::Pages);
    let event_loop = Builder::new_current_thread().enable_all().build();
    event_loop.expect("the system gives an event loop").block_on(download_all_sites(run, sites));
    run.finish()
}

// ANCHOR: download_all_sites
async fn download_all_sites(run: &Run, sites: &Sites) {
    let session = http_clients::session(sites.timeout, sites.proxy);
    let download = async |url: &String| {
        let Some(page) = run.begin(url) else { return };
        // A page that fails is reported, and does not stop the others.
        page.end_after(download_site(&session, url)).await;
    };
    run.section("one by one");
    for url in &sites.urls {
        download(url).await;
    }
    run.section("joined");
    // A future does nothing until it is awaited: these are awaited together.
    join_all(sites.urls.iter().map(download)).await;
}
// ANCHOR_END: download_all_sites

async fn download_site(session: &reqwest::Client, url: &str) -> Result<u64, reqwest::Error> {
    let mut response = session.get(url).send().await?.error_for_status()?;
    let mut bytes = 0;
    while let Some(chunk) = response.chunk().await? {
        bytes += chunk.len() as u64;
    }
    Ok(bytes)
}
