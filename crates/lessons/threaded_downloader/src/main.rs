//! Five threads share one queue of pages: while one waits, the others go on.
//!
//! Mirrors: `ThreadPoolExecutor(max_workers=5)`, a session in `threading.local()`.
//! Run:     `cargo run -p threaded_downloader`
//! Watch:   the lines come five at a time, in a fifth of the time of `sync_downloader`.
//! Try:     `--workers 10`, then 160: where do more threads stop helping?

use std::process::ExitCode;
use std::sync::Mutex;
use std::thread;

use common::{Run, Sites};

fn main() -> ExitCode {
    let (run, sites) = harness::lesson!(Threads).workers(5).start(downloads::Pages);
    download_all_sites(run, sites);
    run.finish()
}

// ANCHOR: download_all_sites
fn download_all_sites(run: &Run, sites: &Sites) {
    let queue = Mutex::new(sites.urls.iter());
    // Unlocks when it returns. A lock taken in the `while let` itself would be held while downloading.
    let next_site = || queue.lock().expect("no worker panics here").next();
    thread::scope(|scope| {
        for _ in 0..run.workers {
            scope.spawn(|| {
                // A session for each thread, as in the article; one shared `Agent` would be as fast.
                let session = http_clients::session(sites.timeout, sites.proxy);
                while let Some(url) = next_site() {
                    let Some(page) = run.begin(url) else { return };
                    page.end(download_site(&session, url));
                }
            });
        }
    });
}
// ANCHOR_END: download_all_sites

fn download_site(session: &ureq::Agent, url: &str) -> Result<u64, ureq::Error> {
    let mut body = session.get(url).call()?.into_body().into_reader();
    Ok(std::io::copy(&mut body, &mut std::io::sink())?)
}
