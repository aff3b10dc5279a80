//! Wrong on purpose: the queue stays locked while a page downloads, so that five threads are as slow as one.
//!
//! Run:     `cargo run -p threaded_downloader --example lock_held`
//! Watch:   a single lane at a time waits for its page; the others wait for the lock.

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

fn download_all_sites(run: &Run) {
    let queue = Mutex::new(run.sites().iter());
    thread::scope(|scope| {
        for _ in 0..run.workers() {
            scope.spawn(|| {
                // A session for each thread, as in the article; one shared `Agent` would be as fast.
                let session = session::agent(run.timeout(), run.without_proxy());
                // What `lock` gives lives, locked, until the body of the `while let` has ended.
                while let Some(url) = queue.lock().expect("no worker panics here").next() {
                    let Some(page) = run.begin(url) else { break };
                    page.end(download_site(&session, url));
                }
            });
        }
    });
}

fn download_site(session: &Agent, url: &str) -> Result<u64, Failure> {
    let mut body = session.get(url).call()?.into_body().into_reader();
    Ok(io::copy(&mut body, &mut io::sink())?)
}
