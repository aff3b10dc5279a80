//! One call that blocks stops all tasks: the event loop cannot take the thread away.
//!
//! Mirrors: `time.sleep` in a coroutine, mended with `loop.run_in_executor`.
//! Run:     `cargo run -p blocking_async`
//! Watch:   in the diagram, what blocks: one block, then stairs, while all other tasks wait.
//! Try:     `--compute`: then even threads of their own are no faster than the cores.

use std::cell::Cell;
use std::hint::black_box;
use std::process::ExitCode;
use std::thread;
use std::time::Duration;

use common::Run;
use futures_util::future::{join_all, select};
use reqwest::Client;
use session::Failure;
use tokio::{runtime, task::spawn_blocking};

fn main() -> ExitCode {
    let run = common::start_downloads("blocking_async", practice_site::start);
    let event_loop = runtime::Builder::new_current_thread().enable_all().build();
    // Ctrl-C drops what is in flight, as soon as nothing blocks any more.
    let downloads = select(Box::pin(download_all_sites(run)), Box::pin(run.interrupted()));
    event_loop.expect("the system gives an event loop").block_on(downloads);
    run.finish()
}

// ANCHOR: download_all_sites
async fn download_all_sites(run: &'static Run) {
    let session = session::client(run.timeout(), run.without_proxy());
    for part in ["one task blocks", "every task blocks", "spawn_blocking"] {
        run.part(part);
        let all = Cell::new(run.sites().len());
        let download = async |url: &String| {
            let Some(page) = run.begin(url) else { return };
            page.end_after(async {
                let bytes = download_site(&session, url).await?;
                // The first that comes blocks for all of them, or each for itself.
                let times = if part == "one task blocks" { all.take() } else { 1 };
                if part == "spawn_blocking" {
                    // The mend: a thread that may wait, while this one goes on with the other tasks.
                    spawn_blocking(move || block(run, times)).await.expect("it does not panic");
                } else {
                    block(run, times); // wrong on purpose: nobody else has a turn until it returns
                }
                Ok::<_, Failure>(bytes)
            })
            .await;
        };
        join_all(run.sites().iter().map(download)).await;
    }
}
// ANCHOR_END: download_all_sites

// ANCHOR: block
/// What does not give way: it waits or works without an `.await`.
fn block(run: &Run, times: usize) {
    for _ in 0..times {
        let Some(_blocking) = run.aside("blocks") else { return };
        if run.switch("compute") {
            black_box(fib(black_box(35)));
        } else {
            thread::sleep(Duration::from_millis(run.option("block")));
        }
    }
}
// ANCHOR_END: block

async fn download_site(session: &Client, url: &str) -> Result<u64, Failure> {
    let mut response = session::success(session.get(url).send().await?)?;
    let mut bytes = 0;
    while let Some(chunk) = response.chunk().await? {
        bytes += chunk.len() as u64;
    }
    Ok(bytes)
}

/// The naive recursion: it costs time and nothing else.
fn fib(n: u64) -> u64 {
    if n < 2 { n } else { fib(n - 1) + fib(n - 2) }
}
