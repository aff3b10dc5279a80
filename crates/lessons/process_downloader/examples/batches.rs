//! Solution: eight pages in a message, and in the worker a thread for each of them.
//!
//! Run:     `cargo run -p process_downloader --example batches`
//! Watch:   `--workers 2` has 16 pages in flight, and takes the time of 16 threads.

use std::convert::Infallible;
use std::process::ExitCode;
use std::thread;
use std::time::Duration;

use common::{Run, Sites, plain_words};
use process_pool::ProcessPool;

fn main() -> ExitCode {
    // A worker process is this program, too: it starts here, and never returns from this call.
    process_pool::serve(init_process);
    let (run, sites) = harness::lesson!(Processes).worker_per_core().start(downloads::Pages);
    download_all_sites(run, sites);
    run.finish()
}

fn download_all_sites(run: &Run, sites: &Sites) {
    let initargs = (sites.timeout, sites.proxy);
    let pool = ProcessPool::new(run.workers, &initargs).expect("JSON holds a time and a flag");
    // A page ends within its own time limit; a process that was stopped does not, and many take a while to start.
    let pool = pool.timeout(sites.timeout + Duration::from_secs(10));
    let batches: Vec<&[String]> = sites.urls.chunks(8).collect();
    pool.for_each(&batches, |worker, batch| {
        let pages: Option<Vec<_>> = batch.iter().map(|url| run.begin(url)).collect();
        let Some(pages) = pages else { return };
        // The URLs cross the border as one line of JSON, and so do the results.
        let results = worker.call::<Vec<Result<u64, String>>>(batch);
        // Who sends them together loses them together, if the worker dies.
        let results = results.unwrap_or_else(|error| vec![Err(error.to_string()); pages.len()]);
        for (page, result) in pages.into_iter().zip(results) {
            page.end(result);
        }
    });
}

/// A worker's start-up: its session is made once, for all the pages that it downloads.
fn init_process(
    (timeout, proxy): (Duration, bool),
) -> impl FnMut(Vec<String>) -> Result<Vec<Result<u64, String>>, Infallible> {
    let session = http_clients::session(timeout, proxy);
    move |urls| {
        // A page that fails is reported in its place: the others have arrived.
        let download = |url| download_site(&session, url).map_err(|error| plain_words(&error));
        Ok(thread::scope(|scope| {
            let threads: Vec<_> = urls.iter().map(|url| scope.spawn(|| download(url))).collect();
            threads.into_iter().map(|it| it.join().expect("no thread panics here")).collect()
        }))
    }
}

fn download_site(session: &ureq::Agent, url: &str) -> Result<u64, ureq::Error> {
    let mut body = session.get(url).call()?.into_body().into_reader();
    Ok(std::io::copy(&mut body, &mut std::io::sink())?)
}
