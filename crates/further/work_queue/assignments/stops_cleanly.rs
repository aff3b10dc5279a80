//! Assignment: Ctrl-C must end it. Now the workers leave, and the producer waits for room in a queue that nobody empties.
//!
//! Run:     `cargo run -p work_queue --example stops_cleanly`
//! Check:   `cargo run -p compare -- --check crates/further/work_queue/assignments/stops_cleanly.toml`

use std::process::ExitCode;
use std::sync::{Mutex, mpsc::sync_channel};
use std::thread;

use common::{Run, Sites};

fn main() -> ExitCode {
    let lesson = harness::lesson!(Threads).workers(4).default("repeat", "10");
    let (run, sites) = lesson.start(downloads::Pages);
    download_all_sites(run, sites);
    run.finish()
}

fn download_all_sites(run: &Run, sites: &Sites) {
    let (sender, receiver) = sync_channel::<&String>(2);
    let queue = Mutex::new(receiver); // a receiver has one owner: the workers share it behind a lock
    let next_site = || queue.lock().expect("no worker panics here").recv(); // unlocks when it returns
    let session = http_clients::session(sites.timeout, sites.proxy);
    thread::scope(|scope| {
        for _ in 0..run.workers {
            scope.spawn(|| {
                while let Ok(url) = next_site() {
                    let Some(page) = run.begin(url) else { return };
                    page.end(download_site(&session, url));
                }
            });
        }
        for url in &sites.urls {
            let _filling = run.annotate("fills the queue");
            sender.send(url).expect("the workers are there until the end");
        }
        drop(sender); // no sentinel: without a sender, `recv` fails as soon as the queue is empty
    });
}

fn download_site(session: &ureq::Agent, url: &str) -> Result<u64, ureq::Error> {
    let mut body = session.get(url).call()?.into_body().into_reader();
    Ok(std::io::copy(&mut body, &mut std::io::sink())?)
}
