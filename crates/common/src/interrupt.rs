//! Ctrl-C: once to end in good order, twice to be out at once.

use std::future::poll_fn;
use std::io::{self, IsTerminal, Write};
use std::process;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::{Poll, Waker};
use std::thread;
use std::time::Duration;

/// The exit status of a program that Ctrl-C ended: 128 + SIGINT, as shells have it.
pub const STATUS: u8 = 130;

/// Who presses Ctrl-C and sees nothing happen for so long is told why.
const PATIENCE: Duration = Duration::from_secs(2);

static INTERRUPTED: AtomicBool = AtomicBool::new(false);
/// Tells it.
static EXPLAIN: OnceLock<Box<dyn Fn() + Send + Sync>> = OnceLock::new();
/// The task that awaits it.
static WAITING: Mutex<Option<Waker>> = Mutex::new(None);

/// Whether Ctrl-C was pressed.
pub fn interrupted() -> bool {
    INTERRUPTED.load(Ordering::SeqCst)
}

/// Completes with Ctrl-C. One task at a time can await it.
pub(crate) fn wait() -> impl Future<Output = ()> {
    poll_fn(|context| {
        // In this order: a Ctrl-C after the look finds the waker.
        *waiting() = Some(context.waker().clone());
        if interrupted() { Poll::Ready(()) } else { Poll::Pending }
    })
}

fn waiting() -> MutexGuard<'static, Option<Waker>> {
    WAITING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What is to be done before the program ends early.
static BEFORE_EXIT: Mutex<Vec<Box<dyn FnOnce() + Send>>> = Mutex::new(Vec::new());

/// Has this done if the program ends early: with the second Ctrl-C, with the end of its parent, or since
/// it cannot go on. Whoever ends as usual cleans up by itself.
pub fn before_exit(clean_up: impl FnOnce() + Send + 'static) {
    BEFORE_EXIT.lock().unwrap_or_else(PoisonError::into_inner).push(Box::new(clean_up));
}

/// Ends the program now.
pub(crate) fn exit(status: i32) -> ! {
    let clean_ups =
        std::mem::take(&mut *BEFORE_EXIT.lock().unwrap_or_else(PoisonError::into_inner));
    clean_ups.into_iter().for_each(|clean_up| clean_up());
    process::exit(status)
}

/// Has this called when the program still runs some time after Ctrl-C, and a person sits before it.
pub(crate) fn explain_delay(explain: impl Fn() + Send + Sync + 'static) {
    // A second explanation is none.
    let _ = EXPLAIN.set(Box::new(explain));
}

/// From now on the first Ctrl-C is only noted. The second ends the program: its child processes
/// read the end of their standard input then, and end too.
///
/// # Errors
/// When the system takes no handler.
pub fn listen() -> Result<(), ctrlc::Error> {
    ctrlc::set_handler(|| {
        if INTERRUPTED.swap(true, Ordering::SeqCst) {
            if io::stderr().is_terminal() {
                // The shell's prompt does not belong on the progress bar's line.
                let _ = writeln!(io::stderr());
            }
            exit(STATUS.into());
        }
        if let Some(waker) = waiting().take() {
            waker.wake();
        }
        // Where there is no thread for it, nothing is explained.
        let _ = thread::Builder::new().spawn(|| {
            thread::sleep(PATIENCE);
            if let Some(explain) = EXPLAIN.get().filter(|_| io::stderr().is_terminal()) {
                explain();
            }
        });
    })
}
