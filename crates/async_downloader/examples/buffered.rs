//! Solution: a stream of downloads, of which so many are awaited at once: no task and no semaphore.
//!
//! Run:     `cargo run -p async_downloader --example buffered`
//! Watch:   it is as fast; as nothing is spawned, all of it may borrow: no clones, no `Arc`, no `'static`.

use std::process::ExitCode;

use common::Run;
use futures_util::future::select;
use futures_util::stream::{self, StreamExt};
use reqwest::Client;
use session::Failure;
use tokio::runtime;

fn main() -> ExitCode {
    let run = common::start_downloads("async_downloader", practice_site::start);
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
        page.end_after(download_site(&session, url)).await;
    };
    // A future does nothing until it is awaited: when one has ended, the next is awaited in its place.
    let downloads = stream::iter(run.sites()).map(download).buffer_unordered(run.workers());
    downloads.collect::<()>().await;
}

async fn download_site(session: &Client, url: &str) -> Result<u64, Failure> {
    let mut response = session::success(session.get(url).send().await?)?;
    let mut bytes = 0;
    while let Some(chunk) = response.chunk().await? {
        bytes += chunk.len() as u64;
    }
    Ok(bytes)
}
