//! A lock that is held across an `.await`: what the compiler catches, and what it does not.
//!
//! A task that waits for a lock of the standard library blocks its thread, and all tasks on it, as a
//! sleep does. That is short, as long as the task that has the lock releases it before its next `.await`.
//! A guard that lives **across** an `.await` keeps the lock while other tasks have their turns. The first
//! of them that wants the lock blocks the thread, and the task that could unlock never gets another turn.
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
//! /// Requires of a task what `tokio::spawn` requires.
//! fn spawn(task: impl Future<Output = ()> + Send + 'static) {
//!     drop(task);
//! }
//!
//! spawn(add_a_page(Arc::default())); // future cannot be sent between threads safely
//! ```
//!
//! Futures that are joined or blocked on stay on their thread, so the compiler has no objection: the same
//! function compiles, and two of its futures stop each other forever. Clippy warns about it
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
//! The repair is to unlock first. Data that must stay locked across an `.await` needs a lock whose own `lock` is
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
