//! How programs start others: themselves once more, and cargo.

use std::env;
use std::ffi::OsStr;
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

/// A command that starts this cargo from a program that cargo has started.
///
/// What the outer one said of the program's package is left out: ring's build script would take it for
/// its own, and run again.
pub fn inner_cargo(cargo: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(cargo);
    for (name, _) in env::vars_os() {
        let is_of_package =
            |name: &str| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_");
        if name.to_str().is_some_and(is_of_package) {
            command.env_remove(name);
        }
    }
    command
}
