//! A thread for every page, joined by hand: no pool, no queue, and no limit.
//!
//! Mirrors: a `threading.Thread` started for every URL, and `join()` on each.
//! Run:     `cargo run -p thread_per_page`
//! Watch:   160 pages in about the time of two, and the lines in the order of the list: that of `join()`.
//! Try:     `--panic 3` costs one page; `--repeat 500`, then 5000: what do 10,000 threads cost?

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

// ANCHOR: download_all_sites
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
        let threads: Vec<_> = (1..).zip(run.sites()).map(start).collect();
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
// ANCHOR_END: download_all_sites

fn download_site(session: &Agent, url: &str) -> Result<u64, Failure> {
    let mut body = session.get(url).call()?.into_body().into_reader();
    Ok(io::copy(&mut body, &mut io::sink())?)
}
