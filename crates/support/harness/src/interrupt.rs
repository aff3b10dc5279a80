//! Ctrl-C: once to end in good order, twice to be out at once. SIGTERM and SIGHUP (a closed window) do the same.

use std::io::{self, IsTerminal, Write};
use std::process;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError, mpsc};
use std::thread;
use std::time::Duration;

/// The exit status of a program that Ctrl-C ended: 128 + SIGINT, as shells have it.
pub const STATUS: u8 = 130;

/// Explains the delay if Ctrl-C has had no visible effect for this long.
const PATIENCE: Duration = Duration::from_secs(2);

static INTERRUPTED: AtomicBool = AtomicBool::new(false);
/// Prints the explanation.
static EXPLAIN: OnceLock<Box<dyn Fn() + Send + Sync>> = OnceLock::new();

/// Draws what the program was doing.
static BEFORE_THE_END: OnceLock<Box<dyn Fn() + Send + Sync>> = OnceLock::new();

/// Whether Ctrl-C was pressed.
pub fn interrupted() -> bool {
    INTERRUPTED.load(Ordering::SeqCst)
}

type CleanUp = Box<dyn FnOnce() + Send>;

/// Clean-ups for a program that ends early; none are kept once it does.
static BEFORE_EXIT: Mutex<Option<Vec<CleanUp>>> = Mutex::new(Some(Vec::new()));

/// Has this done if the program ends early: with the second Ctrl-C, with the end of its parent, or because
/// it cannot go on. A program that ends as usual cleans up by itself.
pub fn before_exit(clean_up: impl FnOnce() + Send + 'static) {
    match BEFORE_EXIT.lock().unwrap_or_else(PoisonError::into_inner).as_mut() {
        Some(clean_ups) => clean_ups.push(Box::new(clean_up)),
        // The program is ending, on another thread.
        None => clean_up(),
    }
}

/// Ends the program now.
pub(crate) fn exit(status: i32) -> ! {
    let clean_ups = BEFORE_EXIT.lock().unwrap_or_else(PoisonError::into_inner).take();
    clean_ups.into_iter().flatten().for_each(|clean_up| clean_up());
    process::exit(status)
}

/// Has this called if the program still runs some time after Ctrl-C, in a terminal.
pub(crate) fn explain_delay(explain: impl Fn() + Send + Sync + 'static) {
    // The first one stays.
    let _ = EXPLAIN.set(Box::new(explain));
}

/// Has this done first where a second Ctrl-C ends the program.
pub(crate) fn before_the_end(draw: impl Fn() + Send + Sync + 'static) {
    // The first one stays.
    let _ = BEFORE_THE_END.set(Box::new(draw));
}

/// The shell's prompt does not belong on the progress bar's line. A terminal that takes nothing (a stalled
/// connection, a paused pane) is not waited for.
fn end_the_line() {
    if io::stderr().is_terminal() {
        let (written, is_written) = mpsc::channel();
        let write = move || {
            let _ = writeln!(io::stderr());
            let _ = written.send(());
        };
        if thread::Builder::new().spawn(write).is_ok() {
            let _ = is_written.recv_timeout(Duration::from_millis(100));
        }
    }
}

/// From now on the first Ctrl-C cancels the run. The second ends the program: its child processes
/// read the end of their standard input then, and end too.
///
/// # Errors
/// When the system takes no handler.
pub fn listen() -> Result<(), ctrlc::Error> {
    ctrlc::set_handler(|| {
        if INTERRUPTED.swap(true, Ordering::SeqCst) {
            if let Some(draw) = BEFORE_THE_END.get() {
                draw();
            }
            end_the_line();
            exit(STATUS.into());
        }
        common::cancel();
        // Where there is no thread for it, nothing is explained.
        let _ = thread::Builder::new().spawn(|| {
            thread::sleep(PATIENCE);
            if let Some(explain) = EXPLAIN.get().filter(|_| io::stderr().is_terminal()) {
                explain();
            }
        });
    })
}
