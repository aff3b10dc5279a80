//! Async alone makes nothing concurrent: pages awaited one by one, then joined.
//!
//! Mirrors: two awaits in a row against one `asyncio.gather`.
//! Run:     `cargo run -p sequential_await`
//! Watch:   in the diagram, a single task at a time, then all of them at once.
//! Try:     `--repeat 20`: the first part takes four times as long, the second hardly longer.

use std::process::ExitCode;

use common::Run;
use futures_util::future::{join_all, select};
use reqwest::Client;
use session::Failure;
use tokio::runtime;

fn main() -> ExitCode {
    let run = common::start_downloads("sequential_await", practice_site::start);
    let event_loop = runtime::Builder::new_current_thread().enable_all().build();
    // Ctrl-C drops what is in flight.
    let downloads = select(Box::pin(download_all_sites(run)), Box::pin(run.interrupted()));
    event_loop.expect("the system gives an event loop").block_on(downloads);
    run.finish()
}

// ANCHOR: download_all_sites
async fn download_all_sites(run: &Run) {
    let session = session::client(run.timeout(), run.without_proxy());
    let download = async |url: &String| {
        let Some(page) = run.begin(url) else { return };
        // A page that fails says so, here and there: neither way gives up the others.
        page.end_after(download_site(&session, url)).await;
    };
    run.part("one by one");
    for url in run.sites() {
        download(url).await;
    }
    run.part("joined");
    // A future does nothing until it is awaited: these are awaited together.
    join_all(run.sites().iter().map(download)).await;
}
// ANCHOR_END: download_all_sites

async fn download_site(session: &Client, url: &str) -> Result<u64, Failure> {
    let mut response = session::success(session.get(url).send().await?)?;
    let mut bytes = 0;
    while let Some(chunk) = response.chunk().await? {
        bytes += chunk.len() as u64;
    }
    Ok(bytes)
}
