//! A thread for every page, joined by hand: no pool, no queue, and no limit.
//!
//! Mirrors: a `threading.Thread` started for every URL, and `join()` on each.
//! Run:     `cargo run -p thread_per_page`
//! Watch:   160 pages in about the time of two; the lines come in the order in which the threads are joined.
//! Try:     `--panic 3` costs one page; `--repeat 5000 --latency 5000 --timeout 60`: 10,000 threads at once.

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

// ANCHOR: download_all_sites
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
        let threads: Vec<_> = (1..).zip(&sites.urls).map(start).collect();
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
// ANCHOR_END: download_all_sites

fn download_site(session: &ureq::Agent, url: &str) -> Result<u64, ureq::Error> {
    let mut body = session.get(url).call()?.into_body().into_reader();
    Ok(std::io::copy(&mut body, &mut std::io::sink())?)
}
