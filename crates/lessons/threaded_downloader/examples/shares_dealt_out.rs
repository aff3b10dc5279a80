//! Solution: no queue and no lock, for each thread has its share from the start, dealt out like cards.
//!
//! Run:     `cargo run -p threaded_downloader --example shares_dealt_out`
//! Watch:   it is as fast; but where every other page is slow, `--workers 4` leaves two threads without work.

use std::process::ExitCode;
use std::thread;

use common::{Run, Sites};

fn main() -> ExitCode {
    let (run, sites) = harness::lesson!(Threads).workers(5).start(downloads::Pages);
    download_all_sites(run, sites);
    run.finish()
}

fn download_all_sites(run: &Run, sites: &Sites) {
    thread::scope(|scope| {
        for first in 0..run.workers {
            scope.spawn(move || {
                // A session for each thread, as in the article; one shared `Agent` would be as fast.
                let session = http_clients::session(sites.timeout, sites.proxy);
                // If this thread gets slow pages, no other thread takes over the rest of its share.
                for url in sites.urls.iter().skip(first).step_by(run.workers) {
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
