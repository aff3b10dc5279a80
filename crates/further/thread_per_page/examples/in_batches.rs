//! Solution: never more than 20 threads, for the next 20 start when all of the last 20 are joined.
//!
//! Run:     `cargo run -p thread_per_page --example in_batches`
//! Watch:   one wave of 20 lanes after another; the slowest page of each wave delays the next one.

use std::process::ExitCode;
use std::thread;

use common::{Run, Sites};
use harness::Number;

const PANIC: Number =
    Number::new("panic", "N", "0", 0..=10_000, "Let the thread of the Nth page panic");

fn main() -> ExitCode {
    let lesson = harness::lesson!(Threads).worker_per_item();
    let (run, (sites, panic)) = lesson.start((downloads::Pages, PANIC));
    download_all_sites(run, sites, *panic);
    run.finish()
}

fn download_all_sites(run: &Run, sites: &Sites, to_panic: u64) {
    let session = http_clients::session(sites.timeout, sites.proxy);
    let download = |number, url: &String| {
        let page = run.begin(url)?;
        assert!(number != to_panic, "this thread was told to panic");
        // The page ends now, and is reported when its thread is joined.
        Some(page.stop(download_site(&session, url)))
    };
    let download = &download;
    thread::scope(|scope| {
        let start = |(number, url)| {
            // Unlike `scope.spawn`, it does not panic when the system has no thread left.
            let thread = thread::Builder::new().spawn_scoped(scope, move || download(number, url));
            (url, thread)
        };
        let numbered: Vec<_> = (1..).zip(&sites.urls).collect();
        let start_all = |batch: &[_]| -> Vec<_> { batch.iter().copied().map(start).collect() };
        // The loop below asks for a batch when all threads of the one before are joined: only then it starts.
        let threads = numbered.chunks(20).flat_map(start_all);
        for (url, thread) in threads {
            match thread {
                // A thread that panicked costs only its own page, which was reported as failed.
                Ok(thread) => drop(thread.join()),
                Err(none_left) => {
                    let Some(page) = run.begin(url) else { break };
                    page.end(Err(format!("no thread is left for it: {none_left}")));
                }
            }
        }
    });
}

fn download_site(session: &ureq::Agent, url: &str) -> Result<u64, ureq::Error> {
    let mut body = session.get(url).call()?.into_body().into_reader();
    Ok(std::io::copy(&mut body, &mut std::io::sink())?)
}
