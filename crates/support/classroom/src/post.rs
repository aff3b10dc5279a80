//! One request.

use std::fmt;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use crate::TOKEN;

/// The longest answer that is read, in bytes.
const MOST: u64 = 4096;

/// A site by its address: `192.168.1.5:8000`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Site(String);

/// The status of an answer, and its body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// 200 if all is well.
    pub status: u16,
    /// At most 4 KB of it.
    pub body: String,
}

/// Why a site did not answer.
#[derive(Debug)]
pub enum Unreachable {
    /// No site listens on that port of that machine.
    Refused,
    /// No answer came in time.
    TimedOut,
    /// The name or the address is not known.
    Unknown(io::Error),
    /// The connection failed in another way, or the answer is none of HTTP's.
    Failed(io::Error),
}

impl Site {
    /// Reads an address as a student types it: with or without `http://`, a port (80 if there is none), a `/` or a path of
    /// the board's at its end.
    ///
    /// # Errors
    /// A sentence, if it is no such address.
    pub fn read(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if text.starts_with("https://") {
            return Err("the class's site has no https: begin with http://".into());
        }
        let rest = text.strip_prefix("http://").unwrap_or(text);
        let authority = rest.split('/').next().unwrap_or_default();
        let has_port = authority.rsplit_once(':').is_some_and(|(host, port)| {
            let is_bare_v6 = host.contains(':') && !host.ends_with(']');
            port.parse::<u16>().is_ok() && !is_bare_v6
        });
        let is_allowed = |sign: char| sign.is_ascii_alphanumeric() || "-._:[]%".contains(sign);
        if authority.is_empty() || authority.starts_with(':') || !authority.chars().all(is_allowed)
        {
            return Err(format!("{text} is not an address such as http://192.168.1.5:8000"));
        }
        Ok(Self(if has_port { authority.into() } else { format!("{authority}:80") }))
    }
}

impl fmt::Display for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "http://{}", self.0)
    }
}

/// Sends one POST request, and returns the answer. A name that takes long to look up counts in `patience` as well.
///
/// # Errors
/// When no answer came within `patience`.
pub fn post(
    site: &Site,
    path: &str,
    token: &str,
    body: &str,
    patience: Duration,
) -> Result<Answer, Unreachable> {
    let deadline = Instant::now() + patience;
    let authority = site.0.clone();
    let request = format!(
        "POST {path} HTTP/1.1\r\nHost: {authority}\r\nConnection: close\r\nContent-Type: application/json\r\n\
         {TOKEN}: {token}\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let (sender, answer) = mpsc::channel();
    let ask = move || {
        let _ = sender.send(exchange(&authority, &request, deadline));
    };
    // Nothing interrupts the look-up of a name: its thread is left behind.
    thread::Builder::new().spawn(ask).map_err(Unreachable::Failed)?;
    answer.recv_timeout(patience).unwrap_or(Err(Unreachable::TimedOut))
}

fn exchange(authority: &str, request: &str, deadline: Instant) -> Result<Answer, Unreachable> {
    let left = || match deadline.saturating_duration_since(Instant::now()) {
        Duration::ZERO => Err(Unreachable::TimedOut),
        left => Ok(left),
    };
    let mut addresses = authority.to_socket_addrs().map_err(Unreachable::Unknown)?.peekable();
    let mut connected = Err(io::Error::from(ErrorKind::NotFound));
    while let Some(address) = addresses.next() {
        // A name may have an address that leads nowhere, before the one that does.
        let share = if addresses.peek().is_some() { left()? / 2 } else { left()? };
        connected = TcpStream::connect_timeout(&address, share);
        if connected.is_ok() {
            break;
        }
    }
    let mut stream = connected.map_err(Unreachable::from)?;
    stream.set_write_timeout(Some(left()?)).map_err(Unreachable::from)?;
    stream.write_all(request.as_bytes()).map_err(Unreachable::from)?;
    let mut answer = Vec::new();
    let mut part = [0; 1024];
    while answer.len() as u64 <= MOST {
        stream.set_read_timeout(Some(left()?)).map_err(Unreachable::from)?;
        match stream.read(&mut part).map_err(Unreachable::from)? {
            0 => break,
            read => answer.extend_from_slice(&part[..read]),
        }
    }
    let answer = String::from_utf8_lossy(&answer);
    let parsed = answer.strip_prefix("HTTP/1.1 ").and_then(|rest| {
        let status = rest.get(..3)?.parse().ok()?;
        Some(Answer { status, body: rest.split_once("\r\n\r\n")?.1.into() })
    });
    parsed.ok_or_else(|| Unreachable::Failed(io::Error::other("its answer is not HTTP")))
}

impl From<io::Error> for Unreachable {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            ErrorKind::ConnectionRefused => Self::Refused,
            ErrorKind::TimedOut | ErrorKind::WouldBlock => Self::TimedOut,
            ErrorKind::NotFound | ErrorKind::NetworkUnreachable | ErrorKind::HostUnreachable => {
                Self::Unknown(error)
            }
            _ => Self::Failed(error),
        }
    }
}

impl fmt::Display for Unreachable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused => f.write_str("nothing listens there"),
            Self::TimedOut => f.write_str("no answer came in time"),
            Self::Unknown(error) => write!(f, "no machine has that address here: {error}"),
            Self::Failed(error) => write!(f, "{error}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_as_it_is_typed() {
        for (typed, read) in [
            ("192.168.1.5:8000", "http://192.168.1.5:8000"),
            ("http://192.168.1.5:8000/class", "http://192.168.1.5:8000"),
            (" http://teacher.local/ ", "http://teacher.local:80"),
            ("[::1]:8000", "http://[::1]:8000"),
        ] {
            assert_eq!(Site::read(typed).map(|site| site.to_string()), Ok(read.into()));
        }
        for typed in ["", "http://", "https://x:1", "a b", "x:1\r\nHost: y", ":8000", "user@x:1"] {
            assert!(Site::read(typed).is_err(), "{typed}");
        }
    }
}
