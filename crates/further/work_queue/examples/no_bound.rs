//! Wrong on purpose: a queue without a bound, so that the producer never waits for the consumers.
//!
//! Run:     `cargo run -p work_queue --example no_bound`
//! Watch:   `main` is done at once, and the whole list is in the queue: how large may that become?

use std::process::ExitCode;
use std::sync::{Mutex, mpsc::channel};
use std::thread;

use common::{Run, Sites};

const HELP: &str = "Wrong on purpose: a worker keeps the queue locked while it downloads";

fn main() -> ExitCode {
    let lesson = harness::lesson!(Threads).workers(4).default("repeat", "10");
    let works = (downloads::Pages, harness::Switch::new("hold-the-lock", HELP));
    let (run, (sites, hold_the_lock)) = lesson.start(works);
    download_all_sites(run, sites, *hold_the_lock);
    run.finish()
}

fn download_all_sites(run: &Run, sites: &Sites, hold_the_lock: bool) {
    let (sender, receiver) = channel::<&String>();
    let queue = Mutex::new(receiver); // a receiver has one owner: the workers share it behind a lock
    let lock = || queue.lock().expect("no worker panics here");
    let next_site = || lock().recv(); // unlocks when it returns
    let session = http_clients::session(sites.timeout, sites.proxy);
    let download = |url| {
        // Keep draining after Ctrl-C, or the producer blocks forever.
        let Some(page) = run.begin(url) else { return };
        page.end(download_site(&session, url));
    };
    thread::scope(|scope| {
        for _ in 0..run.workers {
            scope.spawn(|| {
                if hold_the_lock {
                    // Wrong on purpose: the guard lives until the body has ended, and keeps the queue locked.
                    while let Ok(url) = lock().recv() {
                        download(url)
                    }
                }
                while let Ok(url) = next_site() {
                    download(url)
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
