//! Ctrl-C: the first ends the run in good order, the second at once. SIGTERM and SIGHUP (a closed window) do the same.

use std::io::{self, IsTerminal, Write};
use std::process;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, OnceLock, mpsc};
use std::thread;
use std::time::Duration;

use crate::lock;

/// The exit status of a program that Ctrl-C ended: 128 + SIGINT, as shells report it.
pub const STATUS: u8 = 130;

/// Explains the delay if Ctrl-C has had no visible effect for this long.
const PATIENCE: Duration = Duration::from_secs(2);

static INTERRUPTED: AtomicBool = AtomicBool::new(false);
/// Prints the explanation.
static EXPLAIN: OnceLock<Box<dyn Fn() + Send + Sync>> = OnceLock::new();

/// Draws the items in progress.
static BEFORE_THE_END: OnceLock<Box<dyn Fn() + Send + Sync>> = OnceLock::new();

/// Whether Ctrl-C was pressed.
pub fn interrupted() -> bool {
    INTERRUPTED.load(Ordering::SeqCst)
}

type CleanUp = Box<dyn FnOnce() + Send>;

/// Clean-ups for a program that ends early; taken out when it does.
static BEFORE_EXIT: Mutex<Option<Vec<CleanUp>>> = Mutex::new(Some(Vec::new()));

/// Calls this if the program ends early: at the second Ctrl-C, at the end of its parent, or because it cannot
/// continue. A program that ends as usual cleans up by itself.
pub fn before_exit(clean_up: impl FnOnce() + Send + 'static) {
    match lock(&BEFORE_EXIT).as_mut() {
        Some(clean_ups) => clean_ups.push(Box::new(clean_up)),
        // The program is ending, on another thread.
        None => clean_up(),
    }
}

/// Ends the program now.
pub(crate) fn exit(status: i32) -> ! {
    let clean_ups = lock(&BEFORE_EXIT).take();
    clean_ups.into_iter().flatten().for_each(|clean_up| clean_up());
    process::exit(status)
}

/// Calls this if the program, in a terminal, is still running some time after Ctrl-C.
pub(crate) fn explain_delay(explain: impl Fn() + Send + Sync + 'static) {
    // The first call wins.
    let _ = EXPLAIN.set(Box::new(explain));
}

/// Calls this first when a second Ctrl-C ends the program.
pub(crate) fn before_the_end(draw: impl Fn() + Send + Sync + 'static) {
    // The first call wins.
    let _ = BEFORE_THE_END.set(Box::new(draw));
}

/// Clears the progress bar's line for the shell's prompt. Does not wait for a terminal that accepts nothing (a stalled
/// connection, a paused pane).
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

/// Makes the first Ctrl-C cancel the run from now on. The second ends the program: its child processes then read the
/// end of their standard input, and end too.
///
/// # Errors
/// When the system accepts no handler.
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
        // If no thread can be started for it, there is no explanation.
        let _ = thread::Builder::new().spawn(|| {
            thread::sleep(PATIENCE);
            if let Some(explain) = EXPLAIN.get().filter(|_| io::stderr().is_terminal()) {
                explain();
            }
        });
    })
}
