//! Wrong on purpose: a new pool for each round of calls, so that the worker processes start again and again.
//!
//! Run:     `cargo run -p process_cpu --example pool_in_the_loop -- --number 20`
//! Watch:   the gaps between the calls, in which processes start and end: many times as slow as one pool for all.

use std::convert::Infallible;
use std::io::{self, Write};
use std::process::ExitCode;

use harness::{Number, Switch};
use process_pool::ProcessPool;

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
    for numbers in numbers.chunks(run.workers) {
        let pool = ProcessPool::new(run.workers, pin).expect("JSON holds a flag");
        pool.for_each(numbers, |worker, &number| {
            let Some(call) = run.begin(number) else { return };
            // Both cross the process border as a line of JSON, and the result comes back as one.
            call.end(worker.call(&(number, &payload)));
        });
    }
    run.finish()
}

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

/// The naive recursion: it costs time and nothing else.
fn fib(n: u64) -> u64 {
    if n < 2 { n } else { fib(n - 1) + fib(n - 2) }
}
