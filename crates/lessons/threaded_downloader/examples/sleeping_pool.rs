//! A pool that only sleeps: five numbers are doubled, a second each, and all five take one second.
//!
//! Run:     `cargo run -p threaded_downloader --example sleeping_pool`
//! Watch:   five threads wait at the same time. No page is read, and nothing is computed.

use std::process::ExitCode;
use std::sync::Mutex;
use std::thread;
use std::time::Duration;

use common::{Lines, Run};

fn main() -> ExitCode {
    let run = Run::start(5, Lines::default());
    let queue = Mutex::new(1..=5);
    let next_number = || queue.lock().expect("no worker panics here").next();
    thread::scope(|scope| {
        for _ in 0..run.workers {
            scope.spawn(|| {
                while let Some(number) = next_number() {
                    let Some(doubling) = run.begin(number) else { return };
                    doubling.end(double(number));
                }
            });
        }
    });
    run.finish()
}

fn double(number: u64) -> u64 {
    thread::sleep(Duration::from_secs(1));
    2 * number
}
