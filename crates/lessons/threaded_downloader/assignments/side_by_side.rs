//! Assignment: let `run.workers` threads share the pages. Now it downloads one page after another.
//!
//! Run:     `cargo run -p threaded_downloader --example side_by_side`
//! Check:   `cargo run -p compare -- --check crates/lessons/threaded_downloader/assignments/side_by_side.toml`

use std::process::ExitCode;

use common::{Run, Sites};

fn main() -> ExitCode {
    let (run, sites) = harness::lesson!(Threads).workers(5).start(downloads::Pages);
    download_all_sites(run, sites);
    run.finish()
}

fn download_all_sites(run: &Run, sites: &Sites) {
    let session = http_clients::session(sites.timeout, sites.proxy);
    for url in &sites.urls {
        let Some(page) = run.begin(url) else { return };
        page.end(download_site(&session, url));
    }
}

fn download_site(session: &ureq::Agent, url: &str) -> Result<u64, ureq::Error> {
    let mut body = session.get(url).call()?.into_body().into_reader();
    Ok(std::io::copy(&mut body, &mut std::io::sink())?)
}
