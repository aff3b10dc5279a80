//! Wrong on purpose: five philosophers at a round table, five forks, and each takes the left fork first.
//!
//! Run:     `cargo run -p race_counter --example philosophers`
//! Watch:   in some runs, all five hold one fork and wait for the other. Ctrl-C twice ends it.

use std::process::ExitCode;
use std::sync::Mutex;
use std::thread;

use race_counter::{Rounds, counted};

const NAMES: [&str; 5] = ["Plato", "Hypatia", "Confucius", "Hume", "Arendt"];

fn main() -> ExitCode {
    let (run, racers) = harness::lesson!(Threads).workers(NAMES.len()).start(Rounds(NAMES.len()));
    let forks = &NAMES.map(|_| Mutex::new(()));
    thread::scope(|scope| {
        for (seat, name) in NAMES.iter().enumerate() {
            scope.spawn(move || {
                let Some(round) = run.begin(name) else { return };
                let dine = |_, meals| (0..meals).map(|_| eat(forks, seat)).sum();
                round.end(counted(1, racers.increments, dine));
            });
        }
    });
    run.finish()
}

/// Eats once, with the forks on both sides; returns how many meals that was.
fn eat(forks: &[Mutex<()>], seat: usize) -> u64 {
    let (left, right) = (seat, (seat + 1) % forks.len());
    let _one = forks[left].lock().expect("no thread panics");
    let _other = forks[right].lock().expect("no thread panics");
    1
}
