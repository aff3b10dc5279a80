//! Solution: one session for all threads, and it is as fast, for it is made to be shared.
//!
//! Run:     `cargo run -p threaded_downloader --example shared_agent`
//! Watch:   it takes as long as the lesson; `scope.spawn` borrows `&session`, which the compiler has checked.

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
    let session = http_clients::session(sites.timeout, sites.proxy);
    thread::scope(|scope| {
        for _ in 0..run.workers {
            scope.spawn(|| {
                while let Some(url) = next_site() {
                    let Some(page) = run.begin(url) else { return };
                    page.end(download_site(&session, url));
                }
            });
        }
    });
}

fn download_site(session: &ureq::Agent, url: &str) -> Result<u64, ureq::Error> {
    let mut body = session.get(url).call()?.into_body().into_reader();
    Ok(std::io::copy(&mut body, &mut std::io::sink())?)
}
