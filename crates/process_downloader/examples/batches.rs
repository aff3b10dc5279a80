//! Solution: eight pages in a message, and in the worker a thread for each of them.
//!
//! Run:     `cargo run -p process_downloader --example batches`
//! Watch:   `--workers 2` has 16 pages in flight, and takes the time of 16 threads.

use std::convert::Infallible;
use std::io;
use std::process::ExitCode;
use std::thread;
use std::time::Duration;

use common::{Outcome, Run};
use process_pool::ProcessPool;
use session::Failure;
use ureq::Agent;

fn main() -> ExitCode {
    // A worker process is this program too: it starts here, and does not go past this line.
    process_pool::serve(init_process);
    let run = common::start_downloads("process_downloader", practice_site::start);
    download_all_sites(run);
    run.finish()
}

fn download_all_sites(run: &Run) {
    let initargs = (run.timeout(), run.without_proxy());
    let pool = ProcessPool::new(run.workers(), &initargs).expect("JSON holds a time and a flag");
    // A page ends within its own time; a process that was stopped does not, and many take a while to start.
    let pool = pool.timeout(run.timeout() + Duration::from_secs(10));
    let batches: Vec<&[String]> = run.sites().chunks(8).collect();
    pool.for_each(&batches, |worker, batch| {
        let pages: Option<Vec<_>> = batch.iter().map(|url| run.begin(url)).collect();
        let Some(pages) = pages else { return };
        // The URLs cross the border as one line of JSON, and so do the results.
        let results = worker.call::<Vec<Result<u64, String>>>(batch);
        // Who sends them together loses them together, if the worker dies.
        let results = results.unwrap_or_else(|error| vec![Err(error.to_string()); pages.len()]);
        for (page, result) in pages.into_iter().zip(results) {
            page.end(result.map_or_else(Outcome::Failed, Outcome::Done));
        }
    });
}

/// A worker's start-up: its session is made once, and serves all the pages that come to it.
fn init_process(
    (timeout, without_proxy): (Duration, bool),
) -> impl FnMut(Vec<String>) -> Result<Vec<Result<u64, String>>, Infallible> {
    let session = session::agent(timeout, without_proxy);
    move |urls| {
        // One that fails is told in its place: the others have arrived.
        let download = |url| download_site(&session, url).map_err(|error| error.to_string());
        Ok(thread::scope(|scope| {
            let threads: Vec<_> = urls.iter().map(|url| scope.spawn(|| download(url))).collect();
            threads.into_iter().map(|it| it.join().expect("no thread panics here")).collect()
        }))
    }
}

fn download_site(session: &Agent, url: &str) -> Result<u64, Failure> {
    let mut body = session.get(url).call()?.into_body().into_reader();
    Ok(io::copy(&mut body, &mut io::sink())?)
}
