//! The program, started once more.

use std::env;
use std::io;
use std::process::{Command, Stdio};

/// A command that starts this program again, without arguments, for another part: `mark` is the
/// environment variable that tells it which, and `value` what the variable holds. The two processes
/// speak over the new one's standard input and output; where its input ends, its parent is gone.
///
/// # Errors
/// When the system does not say where the program lies.
pub fn this_program_again(mark: &str, value: &str) -> io::Result<Command> {
    let mut command = Command::new(env::current_exe()?);
    command.env(mark, value).stdin(Stdio::piped()).stdout(Stdio::piped());
    // A Ctrl-C in the terminal is for the parent: it would end a child that has no handler yet.
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    Ok(command)
}
