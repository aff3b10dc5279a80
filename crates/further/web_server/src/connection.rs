//! HTTP over one connection. Nothing here waits for a client, except that an answer may wait for [`WRITING`].

use std::fmt;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

use common::{Done, Outcome};
use httparse::{EMPTY_HEADER, Header, Status};

use crate::Page;

/// The longest head of a request, in bytes. A longer one is refused with 431.
const MOST_HEAD: usize = 8 * 1024;
/// The longest body of a request, in bytes. A longer one is refused with 413.
const MOST_BODY: usize = 64 * 1024;
/// The most headers of a request. More are refused with 431.
const MOST_HEADERS: usize = 64;
/// A client that has not taken the whole of its answer after so long is given up: a worker waits for it.
const WRITING: Duration = Duration::from_secs(2);
/// A client that was refused has so long to read why, and to close the connection.
const LEAVING: Duration = Duration::from_secs(1);
/// The longest part of a path that a line shows, in characters.
const SHOWN: usize = 40;

/// A connection to a client, with what has arrived of the next request.
#[derive(Debug)]
pub struct Connection {
    stream: TcpStream,
    /// What has arrived and belongs to no request yet.
    bytes: Vec<u8>,
    /// Whether there is something in it that was not looked at.
    is_new: bool,
    /// When the client began this request, or fell silent.
    since: Instant,
    /// Whether the last answer was written. The client may not have read it yet, and closing the connection with
    /// something unread in it would take the answer away: so it is read and thrown away.
    is_leaving: bool,
    /// Its only use is to be counted: there is one for each open connection, wherever that is.
    _open: Arc<()>,
}

/// What there is to know of a connection.
#[derive(Debug)]
pub(crate) enum News {
    /// Its next request is not whole.
    Waits,
    /// A whole request.
    Asks(Request),
    /// The status with which it must be refused.
    Bad(u16),
    /// It is over.
    Gone,
}

/// A request, without its body, which no page needs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Request {
    /// GET, HEAD or another.
    pub(crate) method: String,
    /// The path, without the query.
    pub(crate) path: String,
    /// Whether the client wants to keep the connection.
    keeps: bool,
    /// The length of its body, in bytes.
    body: usize,
}

impl Connection {
    /// Takes over a connection.
    ///
    /// # Errors
    /// When it is closed already.
    pub(crate) fn new(stream: TcpStream, open: &Arc<()>) -> io::Result<Self> {
        stream.set_nonblocking(true)?;
        stream.set_nodelay(true)?;
        let (bytes, is_new, is_leaving) = Default::default();
        let (since, _open) = (Instant::now(), open.clone());
        Ok(Self { stream, bytes, is_new, since, is_leaving, _open })
    }

    /// Reads what has arrived, through a buffer that all connections share. The client has so much time for a request, and
    /// for silence.
    pub(crate) fn read(&mut self, timeout: Duration, arrived: &mut [u8]) -> News {
        // What is left from before may be the next request.
        let read = if self.is_new { Ok(0) } else { self.stream.read(arrived) };
        match read {
            _ if self.is_new => {}
            Ok(0) => return News::Gone,
            Ok(_) if self.is_leaving => {}
            Ok(many) => {
                if self.bytes.is_empty() {
                    self.since = Instant::now();
                }
                self.bytes.extend(&arrived[..many]);
                self.is_new = true;
            }
            Err(error)
                if [ErrorKind::WouldBlock, ErrorKind::Interrupted].contains(&error.kind()) => {}
            Err(_) => return News::Gone,
        }
        if std::mem::take(&mut self.is_new) {
            match parse(&self.bytes) {
                Ok(Some((request, length))) => {
                    self.bytes.drain(..length);
                    return News::Asks(request);
                }
                Ok(None) => {}
                Err(status) => return News::Bad(status),
            }
        }
        // Also for a client that has just sent a byte: it may send the next one as late.
        match self.since.elapsed() {
            time if time <= if self.is_leaving { LEAVING } else { timeout } => News::Waits,
            _ if self.is_leaving || self.bytes.is_empty() => News::Gone,
            _ => News::Bad(408),
        }
    }

    /// Answers a request; its value is the number of bytes of the body. Waits for a client that does not read, but not
    /// for long.
    pub fn answer(&mut self, request: &Request, page: &Page) -> Outcome {
        let keeps = request.keeps && !common::is_cancelled();
        let body = if request.method == "HEAD" { "" } else { &page.body };
        let answer = page.head(keeps) + body;
        let written = self.stream.set_nonblocking(false);
        let written = written.and_then(|()| write_in_time(&mut self.stream, answer.as_bytes()));
        match written.and_then(|()| self.stream.set_nonblocking(true)) {
            Ok(()) if keeps => {
                (self.since, self.is_new) = (Instant::now(), !self.bytes.is_empty());
            }
            Ok(()) => self.leave(),
            Err(error) => {
                // Reading from it then says that it is over. What it still asks for is not answered.
                self.leave();
                let _ = self.stream.shutdown(Shutdown::Both);
                return Outcome(Err(match error.kind() {
                    ErrorKind::WouldBlock | ErrorKind::TimedOut => "the client did not read".into(),
                    _ => "the client was gone".into(),
                }));
            }
        }
        let details = vec![("status", vec![page.status.into()])];
        Outcome(Ok(Done { value: body.len() as u64, details }))
    }

    /// Answers without a page, and without waiting: then the connection is over.
    pub(crate) fn refuse(&mut self, status: u16) {
        let page = Page::of(status);
        // It is short, and a client that left no room for it does not read.
        let _ = self.stream.write((page.head(false) + &page.body).as_bytes());
        self.leave();
    }

    fn leave(&mut self) {
        let _ = self.stream.set_nonblocking(true);
        let _ = self.stream.shutdown(Shutdown::Write);
        (self.is_leaving, self.is_new, self.since) = (true, false, Instant::now());
        self.bytes.clear();
    }
}

/// Writes all of it, or fails after [`WRITING`], however often the client takes a little.
fn write_in_time(stream: &mut TcpStream, mut answer: &[u8]) -> io::Result<()> {
    let begun = Instant::now();
    while !answer.is_empty() {
        let left = WRITING.saturating_sub(begun.elapsed());
        if left.is_zero() {
            return Err(ErrorKind::TimedOut.into());
        }
        stream.set_write_timeout(Some(left))?;
        match stream.write(answer) {
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Ok(many) => answer = &answer[many..],
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Returns the first request of these bytes, if it is whole, and its length.
///
/// # Errors
/// The status with which it must be refused.
fn parse(bytes: &[u8]) -> Result<Option<(Request, usize)>, u16> {
    let mut headers = [EMPTY_HEADER; MOST_HEADERS];
    let mut head = httparse::Request::new(&mut headers);
    match head.parse(bytes) {
        Ok(Status::Complete(length)) if length <= MOST_HEAD => {
            let request = Request::read(&head)?;
            let whole = length + request.body;
            Ok((bytes.len() >= whole).then_some((request, whole)))
        }
        Ok(Status::Partial) if bytes.len() <= MOST_HEAD => Ok(None),
        Ok(_) | Err(httparse::Error::TooManyHeaders) => Err(431),
        Err(_) => Err(400),
    }
}

impl Request {
    fn read(head: &httparse::Request<'_, '_>) -> Result<Self, u16> {
        let is_new = head.version == Some(1);
        let values = |name: &'static str| {
            let named = head.headers.iter().filter(|it| it.name.eq_ignore_ascii_case(name));
            named.map(|Header { value, .. }| value.trim_ascii())
        };
        // Without these checks, a proxy in between and this server may see two different requests.
        if values("transfer-encoding").next().is_some() {
            return Err(411);
        }
        if is_new && values("host").count() != 1 {
            return Err(400);
        }
        let mut body = 0;
        for (index, value) in values("content-length").enumerate() {
            if value.is_empty() || !value.iter().all(u8::is_ascii_digit) {
                return Err(400);
            }
            // So many digits that they are no number here are too many bytes, too.
            let length = std::str::from_utf8(value).ok().and_then(|value| value.parse().ok());
            let length: usize = length.unwrap_or(usize::MAX);
            if index > 0 && length != body {
                return Err(400);
            }
            body = length;
        }
        if body > MOST_BODY {
            return Err(413);
        }
        let says = |word: &str| {
            let mut words =
                values("connection").flat_map(|value| value.split(|byte| *byte == b','));
            words.any(|it| it.trim_ascii().eq_ignore_ascii_case(word.as_bytes()))
        };
        let keeps = if is_new { !says("close") } else { says("keep-alive") };
        let target = head.path.unwrap_or_default();
        // As a proxy is asked: http://HOST/PATH.
        let path = target
            .strip_prefix("http://")
            .map_or(target, |rest| rest.find('/').map_or("/", |slash| &rest[slash..]));
        let path = path.split('?').next().unwrap_or_default().into();
        Ok(Self { method: head.method.unwrap_or_default().into(), path, keeps, body })
    }
}

/// In a line and in the diagram.
impl fmt::Display for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.method != "GET" {
            write!(f, "{} ", self.method.chars().take(SHOWN).collect::<String>())?;
        }
        match self.path.char_indices().nth(SHOWN) {
            Some((end, _)) => write!(f, "{}...", &self.path[..end]),
            None => f.write_str(&self.path),
        }
    }
}
