//! Wrong on purpose: two threads take the same two locks in opposite order, and wait for each other.
//!
//! Run:     `cargo run -p race_counter --example opposite_order`
//! Watch:   nothing happens. After some seconds the program says that it hangs; Ctrl-C twice ends it.
//! Try:     `--increments 1`: one transfer each hardly ever hangs, which is why a test may pass.

use std::process::ExitCode;
use std::sync::Mutex;
use std::thread;

use race_counter::{Rounds, counted};

// ANCHOR: program
fn main() -> ExitCode {
    let (run, racers) = harness::lesson!(Threads).workers(2).start(Rounds(2));
    let accounts = &[Mutex::new(1_000), Mutex::new(1_000)];
    thread::scope(|scope| {
        for (label, from, to) in [("0 pays 1", 0, 1), ("1 pays 0", 1, 0)] {
            scope.spawn(move || {
                let Some(round) = run.begin(label) else { return };
                let pay = |_, times| (0..times).map(|_| transfer(accounts, from, to)).sum();
                round.end(counted(1, racers.increments, pay));
            });
        }
    });
    run.finish()
}

// ANCHOR: transfer
/// Moves 1 from one account to another; returns how much was moved.
fn transfer(accounts: &[Mutex<i64>], from: usize, to: usize) -> u64 {
    let mut giver = accounts[from].lock().expect("no thread panics");
    let mut taker = accounts[to].lock().expect("no thread panics");
    *giver -= 1;
    *taker += 1;
    1
} // unlocks taker, then giver
// ANCHOR_END: transfer
// ANCHOR_END: program
