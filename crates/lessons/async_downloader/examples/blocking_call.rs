//! Wrong on purpose: each task blocks the one thread for 10 ms, so that all others wait for it.
//!
//! Run:     `cargo run -p async_downloader --example blocking_call`
//! Watch:   all answers are there after 50 ms, but the tasks end one after another, like the steps of a stair.

use std::process::ExitCode;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

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
            let Some(page) = run.begin(url) else { return };
            page.end_after(async {
                let bytes = download_site(&session, url).await?;
                // It stands for any call that blocks: a file, a database, a long computation.
                thread::sleep(Duration::from_millis(10));
                Ok::<_, reqwest::Error>(bytes)
            })
            .await;
        });
    }
    tasks.join_all().await;
}

async fn download_site(session: &reqwest::Client, url: &str) -> Result<u64, reqwest::Error> {
    let mut response = session.get(url).send().await?.error_for_status()?;
    let mut bytes = 0;
    while let Some(chunk) = response.chunk().await? {
        bytes += chunk.len() as u64;
    }
    Ok(bytes)
}
