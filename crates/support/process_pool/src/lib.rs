//! A pool of worker processes, which Python's standard library has and Rust's has not.
//!
//! The workers are the program itself, started again. One line of JSON goes to a worker for each job,
//! and one comes back with the result (and the CPU time that it took): what crosses the border between
//! processes is serialised. Both lines begin with the job's number, so that no answer is taken for another's.
//!
//! | Python | here |
//! |---|---|
//! | `ProcessPoolExecutor(max_workers, initializer, initargs)` | [`ProcessPool::new`] with the `initargs`, [`serve`] with the `initializer` |
//! | `executor.map(function, items)` | [`ProcessPool::for_each`] and [`Worker::call`] |
//! | `multiprocessing.current_process().name` | the name of the thread that looks after the worker; in the worker, [`worker_number`] |

mod pool;
mod process;
mod worker;

pub use pool::{CallError, ProcessPool, Worker};
pub use worker::{serve, worker_number};

/// Marks a process that was started as a worker, and holds its number.
const MARK: &str = "PROCESS_POOL_WORKER";

/// The first line of a worker: it has set itself up, and takes jobs.
const READY: &str = "ready\n";
