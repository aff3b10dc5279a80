//! Five threads share one queue of pages: while one waits, the others go on.
//!
//! Mirrors: `ThreadPoolExecutor(max_workers=5)`, a session in `threading.local()`.
//! Run:     `cargo run -p threaded_downloader`
//! Watch:   the lines come five at a time, in a fifth of the time of `sync_downloader`.
//! Try:     `--workers 10`, then 160: where do more threads stop helping?

use std::io;
use std::process::ExitCode;
use std::sync::Mutex;
use std::thread;

use common::Run;
use session::Failure;
use ureq::Agent;

fn main() -> ExitCode {
    let run = common::start_downloads("threaded_downloader", practice_site::start);
    download_all_sites(run);
    run.finish()
}

// ANCHOR: download_all_sites
fn download_all_sites(run: &Run) {
    let queue = Mutex::new(run.sites().iter());
    // Unlocks as it returns. A lock taken in the `while let` itself would be held while downloading.
    let next_site = || queue.lock().expect("no worker panics here").next();
    thread::scope(|scope| {
        for _ in 0..run.workers() {
            scope.spawn(|| {
                // A session for each thread, as in the article; one shared `Agent` would be as fast.
                let session = session::agent(run.timeout(), run.without_proxy());
                while let Some(url) = next_site() {
                    let Some(page) = run.begin(url) else { break };
                    page.end(download_site(&session, url));
                }
            });
        }
    });
}
// ANCHOR_END: download_all_sites

fn download_site(session: &Agent, url: &str) -> Result<u64, Failure> {
    let mut body = session.get(url).call()?.into_body().into_reader();
    Ok(io::copy(&mut body, &mut io::sink())?)
}
