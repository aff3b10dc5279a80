//! Wrong on purpose: the worker panics in the middle of its work.
//!
//! Run:     `cargo run -p responsive_ui --example worker_panics`
//! Watch:   the interface does not wait for a worker that is gone, and the terminal is as before.

use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::mpsc;
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
    let lesson = harness::lesson!(Threads).sections(&PARTS).default("number", "41");
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
    let is_cancelled = &AtomicBool::new(false);
    let _lane = run.annotate("waits for keys, and answers them");
    thread::scope(|scope| {
        let worker = scope.spawn(move || {
            for (&number, done) in numbers.iter().zip(1..) {
                if is_cancelled.load(Relaxed) {
                    break;
                }
                let Some(call) = run.begin(number) else { break };
                call.end(fib(number));
                assert!(done < numbers.len() / 2, "the worker lost its way");
                progress.send(done).expect("the interface is there until the worker has ended");
            }
        });
        while !worker.is_finished() {
            if let Ok(key) = screen.keys.recv_timeout(TICK) {
                is_cancelled.fetch_or(key.cancels(), Relaxed);
                screen.answer(&key);
            }
            if let Some(done) = news.try_iter().last() {
                screen.draw(done);
            }
        }
    });
}

fn fib(n: u64) -> u64 {
    if n < 2 { n } else { fib(n - 1) + fib(n - 2) }
}
