//! Worker processes compute: as fast as threads, but expensive to start and to send data to.
//!
//! Mirrors: `ProcessPoolExecutor`, as it was meant to be used.
//! Run:     `cargo run -p process_cpu`
//! Watch:   the time of `threaded_cpu`. With `--number 20` there is little to compute, and processes are
//!          several times slower: they are expensive to start.
//! Try:     `--payload 10000000`: data that crosses a process border is written, copied and read; `--pin`.

use std::convert::Infallible;
use std::io::{self, Write};
use std::process::ExitCode;

use harness::{Number, Switch};
use process_pool::ProcessPool;

// ANCHOR: main
const PAYLOAD: Number = Number::new(
    "payload",
    "BYTES",
    "0",
    0..=100_000_000,
    "Send this many bytes to the worker with each call",
);
const PIN: Switch = Switch::new("pin", "Bind each worker to a core of its own");

fn main() -> ExitCode {
    // A worker process is this program, too: it starts here, and never returns from this call.
    process_pool::serve(init_process);
    let lesson = harness::lesson!(Processes).worker_per_core();
    let (run, (numbers, payload, pin)) = lesson.start((calls::Calls, PAYLOAD, PIN));
    let payload = "*".repeat(*payload as usize);
    let pool = ProcessPool::new(run.workers, pin).expect("JSON holds a flag");
    pool.for_each(numbers, |worker, &number| {
        let Some(call) = run.begin(number) else { return };
        // Both cross the process border as a line of JSON, and the result comes back as one.
        call.end(worker.call(&(number, &payload)));
    });
    run.finish()
}
// ANCHOR_END: main

// ANCHOR: init_process
/// A worker's start-up: if it is bound to a core, it takes the one with its own number.
fn init_process(pin: bool) -> impl FnMut((u64, String)) -> Result<u64, Infallible> {
    let core = || {
        let cores = core_affinity::get_core_ids()?;
        let number = process_pool::worker_number()? - 1;
        cores.get(number % cores.len()).copied() // more workers than cores share them
    };
    if pin && !core().is_some_and(core_affinity::set_for_current) {
        let _ = writeln!(io::stderr(), "This system cannot bind a process to a core.");
    }
    |(number, _payload)| Ok(fib(number))
}
// ANCHOR_END: init_process

/// The naive recursion: it costs time and nothing else.
fn fib(n: u64) -> u64 {
    if n < 2 { n } else { fib(n - 1) + fib(n - 2) }
}
