//! Solution: each task returns its URL and its bytes, and `join_next` hands them over in the order in which tasks end.
//!
//! Run:     `cargo run -p async_downloader --example as_they_end`
//! Watch:   the line above the summary: all bytes, and the page that came last.

use std::process::ExitCode;
use std::sync::Arc;

use common::{Run, Sites};
use tokio::{runtime::Builder, sync::Semaphore, task::JoinSet};

fn main() -> ExitCode {
    let (run, sites) = harness::lesson!(Async).all_at_once().start(downloads::Pages);
    let event_loop = Builder::new_current_thread().enable_all().build();
    event_loop.expect("the system gives an event loop").block_on(download_all_sites(run, sites));
    run.finish()
}

// A spawned task may outlive this call: it owns its data, or borrows what lives as long as the program.
async fn download_all_sites(run: &'static Run, sites: &'static Sites) {
    let session: reqwest::Client = http_clients::session(sites.timeout, sites.proxy);
    let limit = Arc::new(Semaphore::new(run.workers));
    let mut tasks = JoinSet::new();
    for url in &sites.urls {
        // Both clones are handles: to the one client with its connections, to the one limit.
        let (session, limit) = (session.clone(), limit.clone());
        tasks.spawn(async move {
            let _permit = limit.acquire().await.expect("it is never closed");
            let mut bytes = 0; // a page that fails adds nothing
            let Some(page) = run.begin(url) else { return (url, bytes) };
            page.end_after(async {
                bytes = download_site(&session, url).await?;
                Ok::<_, reqwest::Error>(bytes)
            })
            .await;
            (url, bytes)
        });
    }
    let (mut total, mut last) = (0, "");
    // `None` when no task is left.
    while let Some(result) = tasks.join_next().await {
        let (url, bytes) = result.expect("no task panics here");
        (total, last) = (total + bytes, url);
    }
    run.note(format!("{total} bytes in all; the last task to end: {last}"));
}

async fn download_site(session: &reqwest::Client, url: &str) -> Result<u64, reqwest::Error> {
    let mut response = session.get(url).send().await?.error_for_status()?;
    let mut bytes = 0;
    while let Some(chunk) = response.chunk().await? {
        bytes += chunk.len() as u64;
    }
    Ok(bytes)
}
