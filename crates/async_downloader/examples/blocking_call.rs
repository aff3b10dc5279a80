//! Wrong on purpose: each task blocks the one thread for 10 ms, so that all others wait for it.
//!
//! Run:     `cargo run -p async_downloader --example blocking_call`
//! Watch:   all answers are there after 50 ms, but the tasks end one after another, like the steps of a stair.

use std::process::ExitCode;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use common::Run;
use futures_util::future::select;
use reqwest::Client;
use session::Failure;
use tokio::runtime;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

fn main() -> ExitCode {
    let run = common::start_downloads("async_downloader", practice_site::start);
    let event_loop = runtime::Builder::new_current_thread().enable_all().build();
    // Ctrl-C drops what is in flight.
    let downloads = select(Box::pin(download_all_sites(run)), Box::pin(run.interrupted()));
    event_loop.expect("the system gives an event loop").block_on(downloads);
    run.finish()
}

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
            page.end_after(async {
                let bytes = download_site(&session, url).await?;
                // It stands for any call that blocks: a file, a database, a long computation.
                thread::sleep(Duration::from_millis(10));
                Ok::<_, Failure>(bytes)
            })
            .await;
        });
    }
    tasks.join_all().await;
}

async fn download_site(session: &Client, url: &str) -> Result<u64, Failure> {
    let mut response = session::success(session.get(url).send().await?)?;
    let mut bytes = 0;
    while let Some(chunk) = response.chunk().await? {
        bytes += chunk.len() as u64;
    }
    Ok(bytes)
}
