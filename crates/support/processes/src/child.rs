//! Child processes.

use std::env;
use std::io;
use std::process::{Command, Stdio};

/// A command that starts this program again, without arguments, in another role: `mark` is the
/// environment variable that names the role, and `value` what the variable holds. The two processes
/// communicate over the new one's standard input and output; where its input ends, its parent is gone.
///
/// # Errors
/// When the system does not say where the program lies.
pub fn this_program_again(mark: &str, value: &str) -> io::Result<Command> {
    let mut command = Command::new(env::current_exe()?);
    command.env(mark, value).stdin(Stdio::piped()).stdout(Stdio::piped());
    own_group(&mut command);
    Ok(command)
}

/// Has the command start its process where a Ctrl-C in the terminal does not reach it: that is for the
/// parent, and would end a child that has no handler yet. On Windows it reaches all.
pub fn own_group(command: &mut Command) {
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(command, 0);
    #[cfg(not(unix))]
    let _ = command;
}
