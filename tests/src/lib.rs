//! What the tests share: the lessons' real programs, and servers on loopback that keep a record.

mod arguments;
mod examples;
mod fault_site;
mod folder;
mod lesson;
#[cfg(target_os = "linux")]
mod terminal;

use std::net::{Ipv4Addr, SocketAddr};
#[cfg(unix)]
use std::process::Command;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use practice_site::{Server, SiteRecord};

pub use arguments::{long, short};
pub use examples::{compile, documentation};
pub use fault_site::{Ending, FAULTS, Fault, FaultSite, MortalSite, RefusingPort};
pub use folder::Folder;
pub use lesson::{Ended, Lesson, example, program};
#[cfg(target_os = "linux")]
pub use terminal::{Terminal, without_colours};

/// A practice site on a thread of this process, so that a test can read its record.
pub struct Site {
    /// Where it is.
    pub url: String,
    /// What it saw.
    pub record: Arc<SiteRecord>,
}

impl Site {
    /// Brings it up, to answer after so many milliseconds. It ends with the test.
    ///
    /// # Panics
    /// When loopback has no free port.
    pub fn start(latency: u64) -> Self {
        let any_port = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let server = Server::bind(any_port, Duration::from_millis(latency)).expect("a free port");
        let url = format!("http://{}", server.address().expect("an address"));
        let record = server.record();
        thread::spawn(|| server.run());
        Self { url, record }
    }
}

/// Sends a process a signal, such as `-INT`, which is what Ctrl-C sends.
///
/// # Panics
/// When there is no such process.
#[cfg(unix)]
pub fn signal(name: &str, id: u32) {
    let status = std::process::Command::new("kill").args([name, &id.to_string()]).status();
    assert!(status.expect("kill is part of every Unix").success(), "kill {name} {id}");
}

/// Waits for what must come, and gives up after a minute.
///
/// # Panics
/// When it does not come.
pub fn wait_until(what: &str, condition: impl Fn() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(start.elapsed() < Duration::from_secs(60), "waited a minute for {what}");
        thread::sleep(Duration::from_millis(10));
    }
}

/// The processes that this one has started, and that are still there.
///
/// # Panics
/// When `ps` does not run.
#[cfg(unix)]
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

/// Whether that process still runs.
///
/// # Panics
/// When `ps` does not run.
#[cfg(unix)]
pub fn is_alive(id: u32) -> bool {
    let output = Command::new("ps").args(["-o", "stat=", "-p", &id.to_string()]).output();
    let state = String::from_utf8(output.expect("ps runs").stdout).expect("text");
    !state.trim().is_empty() && !state.trim().starts_with('Z')
}
