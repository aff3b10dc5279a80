//! A queue with room for two pages: who fills it waits for those who empty it.
//!
//! Mirrors: `queue.Queue`, a lock, four workers, and a sentinel that ends them.
//! Run:     `cargo run -p work_queue`
//! Watch:   `main` in the diagram: it fills the queue, and waits for room (back-pressure).
//! Try:     `--hold-the-lock`: the same four workers, one after another.

use std::io;
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::mpsc::sync_channel;
use std::thread;

use common::Run;
use session::Failure;
use ureq::Agent;

fn main() -> ExitCode {
    let run = common::start_downloads("work_queue", practice_site::start);
    download_all_sites(run);
    run.finish()
}

// ANCHOR: download_all_sites
fn download_all_sites(run: &Run) {
    let (sender, receiver) = sync_channel::<&String>(2);
    let queue = Mutex::new(receiver); // a receiver has one owner: the workers take turns with it
    let lock = || queue.lock().expect("no worker panics here");
    let next_site = || lock().recv(); // unlocks as it returns
    let session = session::agent(run.timeout(), run.without_proxy());
    let download = |url| {
        // After Ctrl-C the queue is emptied all the same: who fills it is not to wait for ever.
        let Some(page) = run.begin(url) else { return };
        page.end(download_site(&session, url));
    };
    thread::scope(|scope| {
        for _ in 0..run.workers() {
            scope.spawn(|| {
                if run.switch("hold-the-lock") {
                    // Wrong on purpose: what `lock` gives lives, locked, until the body has ended.
                    while let Ok(url) = lock().recv() {
                        download(url)
                    }
                }
                while let Ok(url) = next_site() {
                    download(url)
                }
            });
        }
        for url in run.sites() {
            let _filling = run.aside("fills the queue");
            sender.send(url).expect("the workers are there until the end");
        }
        drop(sender); // no sentinel: without a sender, `recv` fails as soon as the queue is empty
    });
}
// ANCHOR_END: download_all_sites

fn download_site(session: &Agent, url: &str) -> Result<u64, Failure> {
    let mut body = session.get(url).call()?.into_body().into_reader();
    Ok(io::copy(&mut body, &mut io::sink())?)
}
