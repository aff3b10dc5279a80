//! The practice site as an instructor starts it: a separate process, whose memory and descriptors can be
//! inspected.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};

use serde_json::Value;
use testing::program;

/// The program, until this is dropped.
pub(crate) struct SiteProgram {
    child: Child,
    /// Its address and port.
    pub(crate) address: String,
}

impl SiteProgram {
    /// Starts it on a free port, with this latency in milliseconds.
    pub(crate) fn start(latency: u64) -> Self {
        let mut command = Command::new(program("practice_site").path());
        command.args(["--latency", &latency.to_string()]);
        Self::start_command(command)
    }

    /// Starts it with these arguments, on a free port.
    pub(crate) fn start_command(mut command: Command) -> Self {
        command.args(["--port", "0"]).stdout(Stdio::piped());
        let mut child = command.spawn().expect("it starts");
        let mut line = String::new();
        let stdout = child.stdout.as_mut().expect("it is piped");
        BufReader::new(stdout).read_line(&mut line).expect("a line");
        let address = line.split("http://").nth(1).and_then(|rest| rest.split(' ').next());
        let address = address.unwrap_or_else(|| panic!("no address: {line}")).to_owned();
        Self { child, address }
    }

    /// Returns its counts.
    pub(crate) fn record(&self) -> Value {
        let answer = answer(ask(&self.address, "GET", "/record"));
        serde_json::from_str(answer.split("\r\n\r\n").nth(1).expect("a body")).expect("JSON")
    }

    /// Its peak memory, in kB.
    #[cfg(target_os = "linux")]
    pub(crate) fn memory(&self) -> u64 {
        peak_memory(self.child.id()).expect("the site runs")
    }

    /// Its current number of descriptors.
    #[cfg(target_os = "linux")]
    pub(crate) fn descriptors(&self) -> usize {
        let folder = std::fs::read_dir(format!("/proc/{}/fd", self.child.id()));
        folder.expect("the site runs").count()
    }
}

impl Drop for SiteProgram {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Sends a request, on a connection that ends with its answer.
pub(crate) fn ask(address: &str, method: &str, path: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).expect("it listens");
    let request =
        format!("{method} {path} HTTP/1.1\r\nHost: practice\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).expect("it reads");
    stream
}

/// Everything that arrives until the connection ends.
pub(crate) fn answer(mut stream: TcpStream) -> String {
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("it answers");
    answer
}

/// Raises this process's limit of descriptors; returns how many connections fit into it, at most `wanted`.
pub(crate) fn as_many_connections_as(wanted: u64) -> u64 {
    let limit = rlimit::increase_nofile_limit(u64::MAX).expect("a limit");
    wanted.min(limit.saturating_sub(500))
}

/// A process's peak memory, in kB; 0 if it has ended.
#[cfg(target_os = "linux")]
pub(crate) fn peak_memory(id: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}
