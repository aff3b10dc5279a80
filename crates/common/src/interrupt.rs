//! Ctrl-C: once to end in good order, twice to be out at once.

use std::io::{self, IsTerminal, Write};
use std::process;
use std::sync::atomic::{AtomicBool, Ordering};

/// The exit status of a program that Ctrl-C ended: 128 + SIGINT, as shells have it.
pub(crate) const STATUS: u8 = 130;

static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// Whether Ctrl-C was pressed.
pub(crate) fn interrupted() -> bool {
    INTERRUPTED.load(Ordering::Relaxed)
}

/// From now on the first Ctrl-C is only noted. The second ends the program: its child processes
/// read the end of their standard input then, and end too.
pub(crate) fn listen() -> Result<(), ctrlc::Error> {
    ctrlc::set_handler(|| {
        if INTERRUPTED.swap(true, Ordering::Relaxed) {
            if io::stderr().is_terminal() {
                // The shell's prompt does not belong on the progress bar's line.
                let _ = writeln!(io::stderr());
            }
            process::exit(STATUS.into());
        }
    })
}
