//! Wrong on purpose: the GIL protects each bytecode and not the addition, which is several of them.
//!
//! Run:     `cargo run -p gil_cpu --example gil_counter`
//! Watch:   `counter += 1` loses nothing. `counter += int(1)` does: at a call, CPython may hand on the GIL.

use std::io::{self, Write};
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::thread;
use std::time::Duration;

use gil::Gil;

#[path = "../src/gil.rs"]
mod gil;

const TIMES: u64 = 10_000_000;

fn main() -> ExitCode {
    let interval = Duration::from_micros(10);
    for (way, add) in [("counter += 1", add_1 as Add), ("counter += int(1)", add_int_1)] {
        let counted = count(2, TIMES, interval, add);
        let line =
            format!("{way:<17}  2 x {TIMES}  counted {counted}, lost {}", 2 * TIMES - counted);
        if writeln!(io::stdout(), "{line}").is_err() {
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

// ANCHOR: add
type Add = fn(&Gil, &AtomicU64);

/// `counter += int(1)`: within the call, a thread that waits for the GIL may get it.
fn add_int_1(gil: &Gil, counter: &AtomicU64) {
    let read = counter.load(Relaxed); // LOAD_GLOBAL counter
    gil.give_way_if_wanted(); // CALL int
    counter.store(read + 1, Relaxed); // BINARY_OP +=, STORE_GLOBAL counter
}

/// `counter += 1`: no call, so the GIL is handed on before the next addition at the earliest.
fn add_1(gil: &Gil, counter: &AtomicU64) {
    counter.store(counter.load(Relaxed) + 1, Relaxed);
    gil.give_way_if_wanted(); // JUMP_BACKWARD
}

/// Has this many threads add to one counter this many times, each while it holds the GIL.
fn count(threads: u64, times: u64, interval: Duration, add: Add) -> u64 {
    let (gil, counter) = (Gil::new(interval), AtomicU64::new(0));
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| gil.hold(|| (0..times).for_each(|_| add(&gil, &counter))));
        }
    });
    counter.into_inner()
}
// ANCHOR_END: add
