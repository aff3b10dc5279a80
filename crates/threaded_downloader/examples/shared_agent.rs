//! Solution: one session for all threads, and it is as fast, for it is made to be shared.
//!
//! Run:     `cargo run -p threaded_downloader --example shared_agent`
//! Watch:   the time is that of the lesson; `scope.spawn` takes `&session` along, which the compiler has checked.

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
    // Unlocks as it returns. A lock taken in the `while let` itself would be held while downloading.
    let next_site = || queue.lock().expect("no worker panics here").next();
    let session = session::agent(run.timeout(), run.without_proxy());
    thread::scope(|scope| {
        for _ in 0..run.workers() {
            scope.spawn(|| {
                while let Some(url) = next_site() {
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
