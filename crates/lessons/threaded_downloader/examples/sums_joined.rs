//! Solution: each thread returns the sum of its bytes, and `join` hands it over when the thread has ended.
//!
//! Run:     `cargo run -p threaded_downloader --example sums_joined`
//! Watch:   the line above the summary: five sums and their total, and no lock was needed for any of them.

use std::process::ExitCode;
use std::sync::Mutex;
use std::thread;

use common::{Run, Sites};

fn main() -> ExitCode {
    let (run, sites) = harness::lesson!(Threads).workers(5).start(downloads::Pages);
    download_all_sites(run, sites);
    run.finish()
}

fn download_all_sites(run: &Run, sites: &Sites) {
    let queue = Mutex::new(sites.urls.iter());
    // Unlocks when it returns. A lock taken in the `while let` itself would be held while downloading.
    let next_site = || queue.lock().expect("no worker panics here").next();
    let sums: Vec<u64> = thread::scope(|scope| {
        let mut threads = Vec::new();
        for _ in 0..run.workers {
            threads.push(scope.spawn(|| {
                // A session for each thread, as in the article; one shared `Agent` would be as fast.
                let session = http_clients::session(sites.timeout, sites.proxy);
                let mut bytes = 0;
                while let Some(url) = next_site() {
                    let Some(page) = run.begin(url) else { break };
                    let outcome = download_site(&session, url);
                    // A page that failed adds nothing.
                    bytes += outcome.as_ref().unwrap_or(&0);
                    page.end(outcome);
                }
                bytes
            }));
        }
        threads.into_iter().map(|thread| thread.join().expect("no worker panics here")).collect()
    });
    run.note(format!("{sums:?} bytes by thread, {} in all", sums.iter().sum::<u64>()));
}

fn download_site(session: &ureq::Agent, url: &str) -> Result<u64, ureq::Error> {
    let mut body = session.get(url).call()?.into_body().into_reader();
    Ok(std::io::copy(&mut body, &mut std::io::sink())?)
}
