//! Wrong on purpose: a new pool for each round of calls, so that the worker processes start again and again.
//!
//! Run:     `cargo run -p process_cpu --example pool_in_the_loop -- --number 20`
//! Watch:   the gaps between the calls, in which processes start and end: many times as slow as one pool for all.

use std::convert::Infallible;
use std::io::{self, Write};
use std::process::ExitCode;

use process_pool::ProcessPool;

fn main() -> ExitCode {
    // A worker process is this program too: it starts here, and does not go past this line.
    process_pool::serve(init_process);
    let run = common::start_calls("process_cpu");
    let payload = "*".repeat(run.option::<u64>("payload") as usize);
    for numbers in run.numbers().chunks(run.workers()) {
        let pool = ProcessPool::new(run.workers(), &run.switch("pin")).expect("JSON holds a flag");
        pool.for_each(numbers, |worker, &number| {
            let Some(call) = run.begin(number) else { return };
            // Both cross the border as a line of JSON, and the result comes back as one.
            call.end(worker.call(&(number, &payload)));
        });
    }
    run.finish()
}

/// A worker's start-up: where it is to keep to one core, it takes the one with its own number.
fn init_process(pin: bool) -> impl FnMut((u64, String)) -> Result<u64, Infallible> {
    let core = || {
        let cores = core_affinity::get_core_ids()?;
        let number = process_pool::worker_number()? - 1;
        cores.get(number % cores.len()).copied() // more workers than cores share them
    };
    if pin && !core().is_some_and(core_affinity::set_for_current) {
        let _ = writeln!(io::stderr(), "This system binds no process to a core.");
    }
    |(number, _payload)| Ok(fib(number))
}

/// The naive recursion: it costs time and nothing else.
fn fib(n: u64) -> u64 {
    if n < 2 { n } else { fib(n - 1) + fib(n - 2) }
}
