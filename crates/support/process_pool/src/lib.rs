//! A pool of worker processes, which Python's standard library has and Rust's does not.
//!
//! The workers are the program itself, started again. One line of JSON goes to a worker for each job,
//! and one comes back with the result (and the CPU time that it took): everything that crosses the border between
//! processes is serialised. Both lines begin with the job's number, so that no reply is mistaken for another's.
//!
//! | Python | here |
//! |---|---|
//! | `ProcessPoolExecutor(max_workers, initializer, initargs)` | [`ProcessPool::new`] with the `initargs`, [`serve`] with the `initializer` |
//! | `executor.map(function, items)` | [`ProcessPool::for_each`] and [`Worker::call`] |
//! | `multiprocessing.current_process().name` | the name of the thread that manages the worker; in the worker, [`worker_number`] |

mod pool;
mod process;
mod worker;

pub use pool::{CallError, ProcessPool, Worker};
pub use worker::{serve, worker_number};

/// The environment variable that marks a worker process, and holds its number.
const MARK: &str = "PROCESS_POOL_WORKER";

/// The first line of a worker that is set up and accepts jobs.
const READY: &str = "ready\n";
