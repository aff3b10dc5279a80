//! Child processes.

use std::env;
use std::ffi::OsString;
use std::io;
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// A command that starts this program again in another role: `role` is the name of the environment variable that
/// says so, and `value` what the variable holds. The two processes communicate over the new one's standard input
/// and output; where its input ends, its parent is gone.
///
/// # Errors
/// When the system does not say where the program lies.
pub fn this_program_again(role: &str, value: &str) -> io::Result<Command> {
    let mut command = Command::new(this_program()?);
    command.arg(argument(role)).env(role, value).stdin(Stdio::piped()).stdout(Stdio::piped());
    Ok(command)
}

/// The value with which this program was started again in that role; `None` where it was not. The variable alone
/// does not count: a user may have set it, or a process have inherited it.
pub fn role(role: &str) -> Option<String> {
    let is_first = env::args_os().nth(1).is_some_and(|first| first == argument(role));
    if is_first { env::var(role).ok() } else { None }
}

/// Stands first on the command line of a program that was started again.
fn argument(role: &str) -> OsString {
    format!("--in-the-role-of={role}").into()
}

/// Where this program lies. Linux can start it even after a new build has replaced its file.
fn this_program() -> io::Result<PathBuf> {
    let path = env::current_exe()?;
    let is_replaced = cfg!(target_os = "linux") && !path.exists();
    Ok(if is_replaced { "/proc/self/exe".into() } else { path })
}

/// Has the command start its process where a Ctrl-C in the terminal does not reach it: that is for the
/// parent, and would end a child that has no handler yet. On Windows it reaches all.
pub fn own_group(command: &mut Command) {
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(command, 0);
    #[cfg(not(unix))]
    let _ = command;
}

/// Has this process, which has another role, pass over a Ctrl-C in the terminal that is meant for its parent.
///
/// On Unix it moves into a group of its own. It does that itself: a process that is put into another group while it
/// is started, and stopped in that moment by Ctrl-Z, is not there for `fg`, and its parent waits for it.
///
/// # Errors
/// When the system does not allow it.
pub fn pass_over_ctrl_c() -> io::Result<()> {
    #[cfg(unix)]
    {
        nix::unistd::setpgid(nix::unistd::Pid::from_raw(0), nix::unistd::Pid::from_raw(0))?;
        // Sent to it alone, it is passed over as well: by this thread, and by those that it starts.
        let mut ctrl_c = nix::sys::signal::SigSet::empty();
        ctrl_c.add(nix::sys::signal::Signal::SIGINT);
        ctrl_c.thread_block()?;
    }
    #[cfg(windows)]
    ctrlc::set_handler(|| {}).map_err(io::Error::other)?;
    Ok(())
}
