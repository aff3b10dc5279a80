//! Wrong on purpose: an iterator starts each thread only when it is asked for it, when the one before is joined.
//!
//! Run:     `cargo run -p thread_per_page --example started_lazily`
//! Watch:   a single page at a time, each on a thread of its own: 160 threads, and as slow as one.

use std::io;
use std::process::ExitCode;
use std::thread;

use common::{Outcome, Run};
use session::Failure;
use ureq::Agent;

fn main() -> ExitCode {
    let run = common::start_downloads("thread_per_page", practice_site::start);
    download_all_sites(run);
    run.finish()
}

fn download_all_sites(run: &Run) {
    let session = session::agent(run.timeout(), run.without_proxy());
    let to_panic: u64 = run.option("panic");
    let download = |number, url: &String| {
        let page = run.begin(url)?;
        assert!(number != to_panic, "this thread was told to panic");
        // It ends now, and is told when its thread is joined.
        Some(page.ended(download_site(&session, url)))
    };
    let download = &download;
    thread::scope(|scope| {
        let start = |(number, url)| {
            // Unlike `scope.spawn`, it does not panic where the system has no thread left.
            let thread = thread::Builder::new().spawn_scoped(scope, move || download(number, url));
            (url, thread)
        };
        // Without `collect` nothing is started yet: `map` waits for the loop to ask, and the loop for `join`.
        let threads = (1..).zip(run.sites()).map(start);
        for (url, thread) in threads {
            match thread {
                // A thread that panicked costs its own page, which has failed and said so.
                Ok(thread) => drop(thread.join()),
                Err(none_left) => {
                    let Some(page) = run.begin(url) else { break };
                    page.end(Outcome::Failed(format!("no thread is left for it: {none_left}")));
                }
            }
        }
    });
}

fn download_site(session: &Agent, url: &str) -> Result<u64, Failure> {
    let mut body = session.get(url).call()?.into_body().into_reader();
    Ok(io::copy(&mut body, &mut io::sink())?)
}
