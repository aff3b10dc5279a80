//! Solution: each page is a task, which goes on by itself, so that awaiting them one by one loses nothing.
//!
//! Run:     `cargo run -p sequential_await --example spawned`
//! Watch:   the first part is as fast as the second: a task runs while others are awaited, a future does not.

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

// A spawned task may outlive this call: it borrows what lives as long as the program, or owns.
async fn download_all_sites(run: &'static Run) {
    let session = session::client(run.timeout(), run.without_proxy());
    let download = |url: &'static String| {
        let session = session.clone();
        async move {
            let Some(page) = run.begin(url) else { return };
            // A page that fails says so, here and there: neither way gives up the others.
            page.end_after(download_site(&session, url)).await;
        }
    };
    run.part("one by one");
    let tasks: Vec<_> = run.sites().iter().map(|url| tokio::spawn(download(url))).collect();
    for task in tasks {
        // A task that panicked has said so, and its page has failed.
        let _ = task.await;
    }
    run.part("joined");
    // A future does nothing until it is awaited: these are awaited together.
    join_all(run.sites().iter().map(download)).await;
}

async fn download_site(session: &Client, url: &str) -> Result<u64, Failure> {
    let mut response = session::success(session.get(url).send().await?)?;
    let mut bytes = 0;
    while let Some(chunk) = response.chunk().await? {
        bytes += chunk.len() as u64;
    }
    Ok(bytes)
}
