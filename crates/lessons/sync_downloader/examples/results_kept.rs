//! Solution: the loop returns its results: how many bytes arrived, and the URLs of the pages that failed.
//!
//! Run:     `cargo run -p sync_downloader --example results_kept`
//! Watch:   the line above the summary; `-- http://127.0.0.1:9/`, where no server listens: all 80 pages are on the list.

use std::process::ExitCode;

use common::{Run, Sites};

fn main() -> ExitCode {
    let (run, sites) = harness::lesson!(Sync).start(downloads::Pages);
    let (bytes, failed) = download_all_sites(run, sites);
    run.note(format!("{bytes} bytes arrived, {} pages to request again", failed.len()));
    run.finish()
}

/// Returns how many bytes arrived, and the URLs of the pages that failed.
fn download_all_sites(run: &Run, sites: &Sites) -> (u64, Vec<String>) {
    let session = http_clients::session(sites.timeout, sites.proxy);
    let (mut bytes, mut failed) = (0, Vec::new());
    for url in &sites.urls {
        let Some(page) = run.begin(url) else { break };
        let outcome = download_site(&session, url);
        match &outcome {
            Ok(size) => bytes += size,
            Err(_) => failed.push(url.clone()),
        }
        page.end(outcome);
    }
    (bytes, failed)
}

fn download_site(session: &ureq::Agent, url: &str) -> Result<u64, ureq::Error> {
    let mut body = session.get(url).call()?.into_body().into_reader();
    Ok(std::io::copy(&mut body, &mut std::io::sink())?)
}
