//! Other processes: sends them signals, and checks whether they are running.

use std::process::Command;

/// Sends a process a signal, such as `-INT`, which is what Ctrl-C sends.
///
/// # Panics
/// When there is no such process.
pub fn signal(name: &str, id: u32) {
    let status = Command::new("kill").args([name, &id.to_string()]).status();
    assert!(status.expect("kill is part of every Unix").success(), "kill {name} {id}");
}

/// The processes that this one has started and that are still running.
///
/// # Panics
/// When `ps` does not run.
pub fn children(parent: u32) -> Vec<u32> {
    let output = Command::new("ps").args(["-A", "-o", "pid=,ppid="]).output().expect("ps runs");
    let lines = String::from_utf8(output.stdout).expect("numbers");
    let processes = lines.lines().filter_map(|line| {
        let (id, its_parent) = line.trim().split_once(' ')?;
        Some((id.parse().ok()?, its_parent.trim().parse().ok()?))
    });
    processes
        .filter(|(_, its_parent)| *its_parent == parent)
        .map(|(id, _): (u32, u32)| id)
        .collect()
}

/// Whether that process is still running.
///
/// # Panics
/// When `ps` does not run.
pub fn is_alive(id: u32) -> bool {
    let output = Command::new("ps").args(["-o", "stat=", "-p", &id.to_string()]).output();
    let state = String::from_utf8(output.expect("ps runs").stdout).expect("text");
    !state.trim().is_empty() && !state.trim().starts_with('Z')
}
