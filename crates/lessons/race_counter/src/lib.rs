//! What Rust does not compile, beside what it cannot see; and the rounds of the race, with their drawing.
//!
//! A **data race** is two threads at one place in memory at once, one of them writing, with nothing
//! to order them. It does not compile. The counter of the Python article, shared as it stands:
//!
//! ```compile_fail,E0499
//! let mut counter = 0;
//! std::thread::scope(|scope| {
//!     scope.spawn(|| counter += 1);
//!     scope.spawn(|| counter += 1); // a second mutable borrow of `counter`
//! });
//! ```
//!
//! Threads that are not joined before `counter` is gone may not even borrow it:
//!
//! ```compile_fail,E0373
//! let counter = 0;
//! std::thread::spawn(|| println!("{counter}")); // the thread may outlive `counter`
//! ```
//!
//! A global, as in the article, does not help: to touch a mutable one is `unsafe`, and this workspace
//! forbids that.
//!
//! ```compile_fail,E0133
//! static mut COUNTER: u64 = 0;
//! std::thread::spawn(|| COUNTER += 1);
//! ```
//!
//! A **race condition** is a result that depends on which thread comes first. It compiles, since each of the
//! two steps is sound by itself. The compiler cannot know that nothing may come between them. Only you do:
//!
//! ```
//! use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
//!
//! let counter = AtomicU64::new(0);
//! let add = || {
//!     let read = counter.load(Relaxed);
//!     counter.store(read + 1, Relaxed); // what others added since the read is lost
//! };
//! std::thread::scope(|scope| {
//!     scope.spawn(add);
//!     scope.spawn(add);
//! });
//! assert!((1..=2).contains(&counter.into_inner()));
//! ```

mod interleaving;
mod rounds;

pub use interleaving::Interleaving;
pub use rounds::{Racers, Rounds, counted};
