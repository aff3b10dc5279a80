//! Wrong on purpose: the queue stays locked while a page downloads, so that five threads are as slow as one.
//!
//! Run:     `cargo run -p threaded_downloader --example lock_held`
//! Watch:   a single lane at a time waits for its page; the others wait for the lock.

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
    thread::scope(|scope| {
        for _ in 0..run.workers {
            scope.spawn(|| {
                // A session for each thread, as in the article; one shared `Agent` would be as fast.
                let session = http_clients::session(sites.timeout, sites.proxy);
                // The guard that `lock` returns lives until the body of the `while let` has ended.
                while let Some(url) = queue.lock().expect("no worker panics here").next() {
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
