//! A program that hangs, seen by a debugger.

use std::fs::{self, File};
use std::io;
use std::process::{self, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::command::{Program, lossy, scratch};
use crate::root;

/// The words with which a lesson says that it hangs.
pub(crate) const HANGS: &str = "Nothing has begun or ended for ";

/// A program that has not said so by then does not hang.
const LIMIT: Duration = Duration::from_secs(60);

/// The stacks of all threads of a program that hangs, shortened to the locks and the program's own functions. `None`
/// where there is no gdb.
///
/// # Errors
/// When the program is not built, or does not hang, or no lock is seen.
pub fn stacks(program: &Program) -> io::Result<Option<String>> {
    let program_built = program.for_stepping()?;
    // gdb starts the program itself: not every system lets it attach to one that runs.
    let mut gdb = Command::new("gdb");
    gdb.args(["-batch", "-ex", "run", "-ex", "thread apply all bt", "--args"]);
    gdb.arg(program_built).args(&program.arguments).current_dir(root());
    // The program's report goes into the file; gdb's own words, the stacks among them, come through the pipe.
    let file = scratch()?.join(format!("{}-gdb.txt", process::id()));
    gdb.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(File::create(&file)?);
    let mut gdb = match gdb.spawn() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        gdb => gdb?,
    };
    let start = Instant::now();
    while !lossy(&file)?.contains(HANGS) {
        if gdb.try_wait()?.is_some() || start.elapsed() > LIMIT {
            gdb.kill()?; // and the program with it
            gdb.wait()?;
            return Err(io::Error::other(format!("{program} does not hang in gdb")));
        }
        thread::sleep(Duration::from_millis(50));
    }
    Command::new("kill").args(["-INT", &gdb.id().to_string()]).status()?;
    let gdb = gdb.wait_with_output()?;
    fs::remove_file(&file)?;
    let stacks = shortened(&String::from_utf8_lossy(&gdb.stdout), &program.source()?);
    with_locks(stacks).map(Some)
}

/// Refuses stacks of which none waits for a lock: nobody could see there why a program hangs.
fn with_locks(stacks: String) -> io::Result<String> {
    let has_one = stacks.contains("::lock");
    if has_one { Ok(stacks) } else { Err(io::Error::other(format!("no lock in:\n{stacks}"))) }
}

fn shortened(stacks: &str, source: &str) -> String {
    let mut lines: Vec<String> = Vec::new();
    for line in stacks.lines().skip_while(|line| !line.starts_with("Thread ")) {
        let is_lock = line.contains("poison::mutex::Mutex");
        let is_own = line.contains(source) && !line.contains("{closure");
        if line.starts_with("Thread ") || is_lock || is_own {
            lines.push(plain(line));
        } else if line.starts_with('#') && lines.last().is_some_and(|last| last != "...") {
            lines.push("...".into());
        }
    }
    lines.join("\n") + "\n"
}

/// Without the address of the code, and without the place of the standard library on the machine that built it.
fn plain(line: &str) -> String {
    let line = match line.split_once(" in ") {
        Some((number, rest)) if number.contains(" 0x") => {
            format!("{}  {rest}", number.split(' ').next().unwrap_or_default())
        }
        _ => line.to_owned(),
    };
    match line.split_once(" at /rustc/") {
        Some((function, place)) => {
            let place = place.split_once('/').map_or(place, |(_, place)| place);
            format!("{function} at {place}")
        }
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locks_and_own_functions_are_left() {
        let all = "[New LWP 2]\n\nThread 2 (Thread 0x7f (LWP 2) \"x\"):\n#0  syscall () at x.S:38\n\
                   #1  0x05 in futex_wait () at library/futex.rs:73\n\
                   #2  std::sync::poison::mutex::Mutex<i64>::lock<i64> (self=0x7f) at /rustc/59/library/mutex.rs:4\n\
                   #3  0x0b in x::transfer (from=1) at crates/x.rs:33\n#4  0x0c in x::main::{closure#0} () at crates/x.rs:20\n";
        let left = "Thread 2 (Thread 0x7f (LWP 2) \"x\"):\n...\n\
                    #2  std::sync::poison::mutex::Mutex<i64>::lock<i64> (self=0x7f) at library/mutex.rs:4\n\
                    #3  x::transfer (from=1) at crates/x.rs:33\n...\n";
        assert_eq!(shortened(all, "crates/x.rs"), left);
        assert_eq!(with_locks(left.into()).expect("there is one"), left);
        assert!(with_locks(shortened("", "crates/x.rs")).is_err());
        assert!(with_locks("Thread 1 (Thread 0x7f):\n...\n".into()).is_err());
    }
}
