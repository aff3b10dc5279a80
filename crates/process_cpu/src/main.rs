//! Worker processes compute: as fast as threads, but dear to start and to talk to.
//!
//! Mirrors: `ProcessPoolExecutor`, as it was meant to be used.
//! Run:     `cargo run -p process_cpu`
//! Watch:   the time of `threaded_cpu`. With `--number 20` there is little to compute, and processes are
//!          several times slower: they are dear to start.
//! Try:     `--payload 10000000`: what crosses the border is written, copied and read; `--pin`.

use std::convert::Infallible;
use std::io::{self, Write};
use std::process::ExitCode;

use process_pool::ProcessPool;

// ANCHOR: main
fn main() -> ExitCode {
    // A worker process is this program too: it starts here, and does not go past this line.
    process_pool::serve(init_process);
    let run = common::start_calls("process_cpu");
    let payload = "*".repeat(run.option::<u64>("payload") as usize);
    let pool = ProcessPool::new(run.workers(), &run.switch("pin")).expect("JSON holds a flag");
    pool.for_each(run.numbers(), |worker, &number| {
        let Some(call) = run.begin(number) else { return };
        // Both cross the border as a line of JSON, and the result comes back as one.
        call.end(worker.call(&(number, &payload)));
    });
    run.finish()
}
// ANCHOR_END: main

// ANCHOR: init_process
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
// ANCHOR_END: init_process

/// The naive recursion: it costs time and nothing else.
fn fib(n: u64) -> u64 {
    if n < 2 { n } else { fib(n - 1) + fib(n - 2) }
}
