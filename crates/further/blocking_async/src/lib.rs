//! A lock that is kept over an `.await`: what the compiler catches, and what it does not.
//!
//! A task that waits for a lock of the standard library blocks its thread, and all tasks on it, as a
//! sleep does. As long as whoever has the lock gives it back before the next `.await`, that is short.
//! A guard that lives **over** an `.await` keeps the lock while other tasks have their turns; the first
//! of them that wants it blocks the thread, and the task that could unlock never has another turn.
//!
//! A task that may move to another thread cannot even be spawned with such a guard: a lock must be
//! unlocked by the thread that locked it, so the guard is not `Send`, and then the task is not.
//!
//! ```compile_fail
//! use std::sync::{Arc, Mutex};
//!
//! async fn add_a_page(pages: Arc<Mutex<u64>>) {
//!     let mut pages = pages.lock().unwrap();
//!     std::future::ready(()).await; // `pages` is locked meanwhile
//!     *pages += 1;
//! }
//!
//! /// Asks of a task what `tokio::spawn` asks.
//! fn spawn(task: impl Future<Output = ()> + Send + 'static) {
//!     drop(task);
//! }
//!
//! spawn(add_a_page(Arc::default())); // future cannot be sent between threads safely
//! ```
//!
//! Futures that are joined or blocked on stay on their thread, so there the compiler has nothing to say:
//! the same function compiles, and two of them stop each other forever. Clippy sees it
//! (`await_holding_lock`).
//!
//! ```no_run
//! use std::sync::Mutex;
//!
//! async fn add_a_page(pages: &Mutex<u64>) {
//!     let mut pages = pages.lock().unwrap(); // the second one blocks the thread here,
//!     tokio::task::yield_now().await; // where the first one waits for its turn
//!     *pages += 1;
//! }
//!
//! # async fn at_work() {
//! let pages = Mutex::new(0);
//! futures_util::future::join(add_a_page(&pages), add_a_page(&pages)).await;
//! # }
//! ```
//!
//! Mended by unlocking first. What must stay locked over an `.await` needs a lock whose own `lock` is
//! awaited, such as `tokio::sync::Mutex`: a task that waits for it lets the others run.
//!
//! ```
//! use std::sync::Mutex;
//!
//! async fn add_a_page(pages: &Mutex<u64>) {
//!     tokio::task::yield_now().await;
//!     *pages.lock().unwrap() += 1; // unlocked at the end of the line
//! }
//!
//! let pages = Mutex::new(0);
//! let event_loop = tokio::runtime::Builder::new_current_thread().build().unwrap();
//! event_loop.block_on(futures_util::future::join(add_a_page(&pages), add_a_page(&pages)));
//! assert_eq!(pages.into_inner().unwrap(), 2);
//! ```
