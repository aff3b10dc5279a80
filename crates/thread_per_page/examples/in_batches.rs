//! Solution: never more than 20 threads, for the next 20 start when all of the last 20 are joined.
//!
//! Run:     `cargo run -p thread_per_page --example in_batches`
//! Watch:   a wave of 20 lanes after another; the slowest page of each keeps the other 19 from going on.

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
        let numbered: Vec<_> = (1..).zip(run.sites()).collect();
        let start_all = |batch: &[_]| -> Vec<_> { batch.iter().copied().map(start).collect() };
        // A batch is started when the loop below asks for it: when all threads of the last are joined.
        let threads = numbered.chunks(20).flat_map(start_all);
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
