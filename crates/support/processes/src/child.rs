//! Child processes.

use std::env;
use std::ffi::OsString;
use std::io;
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// Returns a command that starts this program again in another role: `role` is the name of an environment variable,
/// and `value` its value. The two processes communicate over the new one's standard input and output; when its
/// input ends, its parent is gone.
///
/// # Errors
/// When the system does not tell the path of the program.
pub fn this_program_again(role: &str, value: &str) -> io::Result<Command> {
    let mut command = Command::new(this_program()?);
    command.arg(argument(role)).env(role, value).stdin(Stdio::piped()).stdout(Stdio::piped());
    Ok(command)
}

/// Returns the value with which this program was started again in that role; `None` if it was not. The variable alone
/// does not count: a user may have set it, or a process may have inherited it.
pub fn role(role: &str) -> Option<String> {
    let is_first = env::args_os().nth(1).is_some_and(|first| first == argument(role));
    if is_first { env::var(role).ok() } else { None }
}

/// The first argument of a program that was started again.
fn argument(role: &str) -> OsString {
    format!("--in-the-role-of={role}").into()
}

/// The path of this program. On Linux it works even after a new build has replaced the file.
fn this_program() -> io::Result<PathBuf> {
    let path = env::current_exe()?;
    let is_replaced = cfg!(target_os = "linux") && !path.exists();
    Ok(if is_replaced { "/proc/self/exe".into() } else { path })
}

/// Sets up the command so that a Ctrl-C in the terminal does not reach its process: Ctrl-C is for the parent, and
/// would end a child that has no handler yet. On Windows it reaches all processes.
pub fn own_group(command: &mut Command) {
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(command, 0);
    #[cfg(not(unix))]
    let _ = command;
}

/// Makes this process, which has another role, ignore a Ctrl-C in the terminal, which is meant for its parent.
///
/// On Unix it moves into its own process group. It does that itself: if its parent moved it, a Ctrl-Z in that moment
/// would stop a child that `fg` cannot reach, and the parent would wait for it.
///
/// # Errors
/// When the system does not allow it.
pub fn pass_over_ctrl_c() -> io::Result<()> {
    #[cfg(unix)]
    {
        nix::unistd::setpgid(nix::unistd::Pid::from_raw(0), nix::unistd::Pid::from_raw(0))?;
        // A SIGINT to this process alone is ignored as well, by this thread and those that it starts.
        let mut ctrl_c = nix::sys::signal::SigSet::empty();
        ctrl_c.add(nix::sys::signal::Signal::SIGINT);
        ctrl_c.thread_block()?;
    }
    #[cfg(windows)]
    ctrlc::set_handler(|| {}).map_err(io::Error::other)?;
    Ok(())
}
