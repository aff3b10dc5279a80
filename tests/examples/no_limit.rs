//! Downloads all pages at once, whatever its limit is: `compare` must not call it limited.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::process::ExitCode;
use std::thread;

use harness::{Lesson, Model};

fn main() -> ExitCode {
    let lesson = Lesson::new("tests", "//! A thread for each page.\n", Model::Threads).workers(5);
    let (run, sites) = lesson.start(downloads::Pages);
    thread::scope(|scope| {
        for url in &sites.urls {
            scope.spawn(move || {
                let Some(page) = run.begin(url) else { return };
                page.end(length(url));
            });
        }
    });
    run.finish()
}

/// The bytes of a page of the practice site.
fn length(url: &str) -> io::Result<u64> {
    let (host, path) = url.trim_start_matches("http://").split_once('/').unwrap_or_default();
    let mut site = TcpStream::connect(host)?;
    write!(site, "GET /{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n")?;
    let mut answer = String::new();
    site.read_to_string(&mut answer)?;
    let (_, body) = answer.split_once("\r\n\r\n").ok_or(io::ErrorKind::InvalidData)?;
    Ok(body.len() as u64)
}
