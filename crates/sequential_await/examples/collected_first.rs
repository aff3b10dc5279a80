//! Wrong on purpose: all futures are made before the first is awaited, which starts none of them.
//!
//! Run:     `cargo run -p sequential_await --example collected_first`
//! Watch:   the second part is as slow as the first, for a future does nothing until it is awaited.

use std::process::ExitCode;

use common::Run;
use futures_util::future::select;
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
    let downloads: Vec<_> = run.sites().iter().map(download).collect();
    // They are all there, and not one has asked for its page yet.
    for download in downloads {
        download.await;
    }
}

async fn download_site(session: &Client, url: &str) -> Result<u64, Failure> {
    let mut response = session::success(session.get(url).send().await?)?;
    let mut bytes = 0;
    while let Some(chunk) = response.chunk().await? {
        bytes += chunk.len() as u64;
    }
    Ok(bytes)
}
