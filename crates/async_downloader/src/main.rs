//! A task for each page, all on one thread: each gives way wherever it awaits.
//!
//! Mirrors: `asyncio.gather` and one `aiohttp.ClientSession`.
//! Run:     `cargo run -p async_downloader`
//! Watch:   all lines come at once, after little more than the time of one page.
//! Try:     `--workers 5`: at the same limit, async is as fast as threads, and no faster.

use std::process::ExitCode;
use std::sync::Arc;

use common::Run;
use futures_util::future::select;
use reqwest::Client;
use session::Failure;
use tokio::runtime;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

// ANCHOR: main
fn main() -> ExitCode {
    let run = common::start_downloads("async_downloader", practice_site::start);
    let event_loop = runtime::Builder::new_current_thread().enable_all().build();
    // Ctrl-C drops what is in flight.
    let downloads = select(Box::pin(download_all_sites(run)), Box::pin(run.interrupted()));
    event_loop.expect("the system gives an event loop").block_on(downloads);
    run.finish()
}
// ANCHOR_END: main

// ANCHOR: download_all_sites
// A spawned task may outlive this call: it borrows what lives as long as the program, or owns.
async fn download_all_sites(run: &'static Run) {
    let session = session::client(run.timeout(), run.without_proxy());
    let limit = Arc::new(Semaphore::new(run.workers()));
    let mut tasks = JoinSet::new();
    for url in run.sites() {
        // Both clones are handles: of the one client with its connections, of the one limit.
        let (session, limit) = (session.clone(), limit.clone());
        tasks.spawn(async move {
            let _turn = limit.acquire().await.expect("nobody closes it");
            let Some(page) = run.begin(url) else { return };
            page.end_after(download_site(&session, url)).await;
        });
    }
    tasks.join_all().await;
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
