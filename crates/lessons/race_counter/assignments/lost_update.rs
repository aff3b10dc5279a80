//! Assignment: protect the counter with a lock, so that no update is lost. Now `load` and `store` are two steps.
//!
//! Run:     `cargo run -p race_counter --example lost_update`
//! Check:   `cargo run -p compare -- --check crates/lessons/race_counter/assignments/lost_update.toml`

use std::process::ExitCode;
use std::sync::{Barrier, atomic::AtomicU64, atomic::Ordering::Relaxed};
use std::thread;

use race_counter::{Rounds, counted};

fn main() -> ExitCode {
    let (run, racers) = harness::lesson!(Threads).start(Rounds(1));
    if let Some(round) = run.begin("mutex") {
        round.end(counted(racers.threads, racers.increments, mutex));
    }
    run.finish()
}

/// Counts with this many threads, each of which adds 1 this many times.
fn mutex(threads: u64, increments: u64) -> u64 {
    let counter = AtomicU64::new(0);
    let all_are_there = Barrier::new(threads as usize);
    let add = |step| {
        let read = counter.load(Relaxed);
        // Now and then something else has its turn here, so that the mistake shows on each machine.
        if step % 1_000 == 0 {
            thread::yield_now();
        }
        counter.store(read + 1, Relaxed);
    };
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                all_are_there.wait();
                (0..increments).for_each(add);
            });
        }
    });
    counter.into_inner()
}
