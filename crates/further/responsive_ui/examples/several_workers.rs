//! Solution: several workers share the work, and the interface answers as before.
//!
//! Run:     `cargo run -p responsive_ui --example several_workers`
//! Watch:   the second part is faster now, and the keys are answered at once.

use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Mutex, mpsc};
use std::thread;
use std::time::Duration;

use common::Run;
use screen::{Interface, Screen};

#[path = "../src/keyboard.rs"]
mod keyboard;
#[path = "../src/screen.rs"]
mod screen;

const PARTS: [&str; 2] = ["thread of the keys", "a worker thread"];
/// The longest that news of the work waits for a look. A key never waits for this.
const TICK: Duration = Duration::from_millis(20);

fn main() -> ExitCode {
    let lesson =
        harness::lesson!(Threads).worker_per_core().sections(&PARTS).default("number", "41");
    let (run, (numbers, interface)) =
        lesson.default("calls", "30").start((calls::Calls, Interface));
    on_the_thread_of_the_keys(run, numbers, interface.open(run, PARTS[0]));
    on_a_worker_thread(run, numbers, interface.open(run, PARTS[1]));
    run.finish()
}

fn on_the_thread_of_the_keys(run: &Run, numbers: &[u64], mut screen: Screen) {
    for &number in numbers {
        let Some(call) = run.begin(number) else { return };
        call.end(fib(number));
    }
    screen.draw(numbers.len());
    // Only now does this thread look at its keys.
    while let Ok(key) = screen.keys.try_recv() {
        screen.answer(&key);
    }
}

fn on_a_worker_thread(run: &Run, numbers: &[u64], mut screen: Screen) {
    let (progress, news) = mpsc::channel();
    let queue = &Mutex::new(numbers.iter());
    // Unlocks when it returns, so the workers compute at the same time.
    let next_number = || queue.lock().expect("no worker panics here").next();
    let is_cancelled = &AtomicBool::new(false);
    let _lane = run.annotate("waits for keys, and answers them");
    thread::scope(|scope| {
        let work = |progress: mpsc::Sender<()>| {
            while let Some(&number) = next_number() {
                if is_cancelled.load(Relaxed) {
                    break;
                }
                let Some(call) = run.begin(number) else { break };
                call.end(fib(number));
                progress.send(()).expect("the interface is there until the worker has ended");
            }
        };
        let mut done = 0;
        let workers: Vec<_> = (0..run.workers)
            .map(|_| {
                let progress = progress.clone();
                scope.spawn(move || work(progress))
            })
            .collect();
        while !workers.iter().all(|worker| worker.is_finished()) {
            if let Ok(key) = screen.keys.recv_timeout(TICK) {
                is_cancelled.fetch_or(key.cancels(), Relaxed);
                screen.answer(&key);
            }
            done += news.try_iter().count();
            screen.draw(done);
        }
    });
}

fn fib(n: u64) -> u64 {
    if n < 2 { n } else { fib(n - 1) + fib(n - 2) }
}
