//! Wrong on purpose: a session for each page, so that each page needs a connection of its own.
//!
//! Run:     `cargo run -p sync_downloader --example session_per_page`
//! Watch:   beside `cargo run -p practice_site -- --connecting 100`, with `--site http://127.0.0.1:8000`.

use std::process::ExitCode;

use common::{Run, Sites};

fn main() -> ExitCode {
    let (run, sites) = harness::lesson!(Sync).start(downloads::Pages);
    download_all_sites(run, sites);
    run.finish()
}

fn download_all_sites(run: &Run, sites: &Sites) {
    for url in &sites.urls {
        let Some(page) = run.begin(url) else { return };
        // Its connection goes with it: no other page will find it here.
        let session = http_clients::session(sites.timeout, sites.proxy);
        page.end(download_site(&session, url));
    }
}

fn download_site(session: &ureq::Agent, url: &str) -> Result<u64, ureq::Error> {
    let mut body = session.get(url).call()?.into_body().into_reader();
    Ok(std::io::copy(&mut body, &mut std::io::sink())?)
}
