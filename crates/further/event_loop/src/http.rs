//! A page over HTTP/1.1, in a few awaits. It speaks plain `http://` alone: no TLS, no redirects, no compression, no
//! proxy, and a connection for each page.

use std::io::{self, ErrorKind};

use httparse::{EMPTY_HEADER, Error, Response, Status, parse_chunk_size};

use crate::network::{Net, Stream, look_up};

/// The most bytes in the header of an answer, and in the line before a chunk.
const MOST_HEADER: usize = 16 * 1024;

const CLOSED: &str = "the connection was closed before an answer came";
const CUT_SHORT: &str = "the page was cut short";
const NOT_HTTP: &str = "the answer is not valid HTTP";
const LARGE_HEADER: &str = "the header of the answer is too large";

// ANCHOR: get
/// Downloads a page; returns the bytes of its body.
pub(crate) async fn get(network: &impl Net, url: &str) -> io::Result<u64> {
    let (host, path) = host_and_path(url)?;
    let mut stream = connect(network, &host).await?;
    let request = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    read_page(&mut stream).await
}
// ANCHOR_END: get

/// The host of a URL, with a port if the URL names one, and its path.
fn host_and_path(url: &str) -> io::Result<(String, String)> {
    let rest = url.get(.."http://".len()).filter(|scheme| scheme.eq_ignore_ascii_case("http://"));
    let Some(scheme) = rest else {
        return Err(io::Error::other("this lesson's client speaks http:// alone"));
    };
    let url = url[scheme.len()..].split('#').next().unwrap_or_default();
    let (host, path) = url.split_at(url.find(['/', '?']).unwrap_or(url.len()));
    let host = host.rsplit('@').next().unwrap_or_default();
    let slash = if path.starts_with('/') { "" } else { "/" };
    Ok((host.into(), format!("{slash}{path}")))
}

/// Connects to the first address of the host that accepts it.
async fn connect<'network, N: Net>(
    network: &'network N,
    host: &str,
) -> io::Result<N::Stream<'network>> {
    let mut result = Err(io::Error::other("no address was found for the host"));
    for address in look_up(with_port(host)).await.unwrap_or_default() {
        result = network.connect(address).await;
        if result.is_ok() {
            break;
        }
    }
    result
}

/// A host with the port of its URL, or that of http.
fn with_port(host: &str) -> String {
    let is_port = |port: &str| !port.is_empty() && port.bytes().all(|it| it.is_ascii_digit());
    match host.rsplit_once(':') {
        Some((_, port)) if is_port(port) => host.into(),
        _ => format!("{}:80", host.trim_end_matches(':')),
    }
}

/// Reads an answer to its end; returns the bytes of its body, or why it is not a page.
async fn read_page(stream: &mut impl Stream) -> io::Result<u64> {
    let mut answer = Answer { stream, read: Vec::new() };
    let mut header = answer.header().await?;
    while (100..200).contains(&header.status) && header.status != 101 {
        header = answer.header().await?; // a hint before the answer itself
    }
    match header {
        Header { status: 204, .. } => Ok(0),
        Header { status, reason, .. } if !(200..300).contains(&status) => {
            Err(io::Error::other(format!("{status} {reason}")))
        }
        Header { is_packed: true, .. } => {
            Err(io::Error::other("the page is compressed, which was not asked for"))
        }
        Header { is_chunked: true, .. } => answer.chunks().await,
        Header { length: Some(length), .. } => answer.pass(length).await.map(|()| length),
        Header { length: None, .. } => answer.rest().await,
    }
}

/// The part of a header that this client understands.
struct Header {
    status: u16,
    reason: String,
    length: Option<u64>,
    is_chunked: bool,
    is_packed: bool,
}

/// An answer that is being read. What was counted is not kept.
struct Answer<'stream, S> {
    stream: &'stream mut S,
    /// What was read and not yet used.
    read: Vec<u8>,
}

impl<S: Stream> Answer<'_, S> {
    /// Reads some more; at the end of the connection, fails with these words.
    async fn more(&mut self, at_end: &'static str) -> io::Result<()> {
        let mut buffer = [0; MOST_HEADER];
        match self.stream.read(&mut buffer).await? {
            0 => Err(io::Error::new(ErrorKind::UnexpectedEof, at_end)),
            bytes => {
                self.read.extend(&buffer[..bytes]);
                Ok(())
            }
        }
    }

    async fn header(&mut self) -> io::Result<Header> {
        loop {
            let mut lines = [EMPTY_HEADER; 128];
            let mut response = Response::new(&mut lines);
            match response.parse(&self.read) {
                Ok(Status::Complete(length)) => {
                    let header = Header::of(&response)?;
                    self.read.drain(..length);
                    return Ok(header);
                }
                Ok(Status::Partial) if self.read.len() <= MOST_HEADER => {}
                Ok(Status::Partial) | Err(Error::TooManyHeaders) => {
                    return Err(io::Error::other(LARGE_HEADER));
                }
                Err(_) => return Err(io::Error::other(NOT_HTTP)),
            }
            self.more(CLOSED).await?;
        }
    }

    /// Passes over so many bytes.
    async fn pass(&mut self, mut bytes: u64) -> io::Result<()> {
        while bytes > 0 {
            if self.read.is_empty() {
                self.more(CUT_SHORT).await?;
            }
            let here = usize::try_from(bytes).unwrap_or(usize::MAX).min(self.read.len());
            self.read.drain(..here);
            bytes -= here as u64;
        }
        Ok(())
    }

    /// Passes over all chunks; returns the bytes in them.
    async fn chunks(&mut self) -> io::Result<u64> {
        let mut sum = 0;
        loop {
            match parse_chunk_size(&self.read) {
                Ok(Status::Complete((_, 0))) => return Ok(sum),
                Ok(Status::Complete((line, size))) => {
                    self.read.drain(..line);
                    self.pass(size).await?;
                    self.pass("\r\n".len() as u64).await?;
                    sum += size;
                }
                Ok(Status::Partial) if self.read.len() <= MOST_HEADER => {
                    self.more(CUT_SHORT).await?;
                }
                _ => return Err(io::Error::other(NOT_HTTP)),
            }
        }
    }

    /// Passes over everything up to the end of the connection.
    async fn rest(&mut self) -> io::Result<u64> {
        let mut sum = 0;
        loop {
            sum += self.read.len() as u64;
            self.read.clear();
            match self.more(CUT_SHORT).await {
                Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Ok(sum),
                other => other?,
            }
        }
    }
}

impl Header {
    fn of(response: &Response<'_, '_>) -> io::Result<Self> {
        let not_http = || io::Error::other(NOT_HTTP);
        let values = |name: &'static str| {
            let is_it =
                move |header: &&httparse::Header<'_>| header.name.eq_ignore_ascii_case(name);
            let headers = response.headers.iter().filter(is_it);
            headers.map(|header| std::str::from_utf8(header.value).unwrap_or("?").trim())
        };
        let mut length = None;
        for value in values("Content-Length") {
            let number = value.parse().map_err(|_| not_http())?;
            if length.replace(number).is_some_and(|before| before != number) {
                return Err(not_http());
            }
        }
        let is_chunked = values("Transfer-Encoding").next().is_some();
        let is_known = values("Transfer-Encoding").all(|it| it.eq_ignore_ascii_case("chunked"));
        // HTTP/1.0 has no chunks.
        if is_chunked && !(is_known && response.version == Some(1)) {
            return Err(not_http());
        }
        Ok(Self {
            status: response.code.unwrap_or_default(),
            reason: response.reason.unwrap_or_default().into(),
            length,
            is_chunked,
            is_packed: values("Content-Encoding").any(|it| !it.eq_ignore_ascii_case("identity")),
        })
    }
}

/// Returns an error of the system in the words of the other lessons; others have their words.
pub(crate) fn in_words(error: io::Error) -> io::Error {
    let words = match error.kind() {
        _ if error.get_ref().is_some() => return error,
        ErrorKind::ConnectionRefused => "the connection was refused",
        ErrorKind::ConnectionReset => "the connection was reset",
        ErrorKind::ConnectionAborted => "the connection was aborted",
        ErrorKind::BrokenPipe | ErrorKind::NotConnected => CLOSED,
        ErrorKind::TimedOut => "the page took longer than --timeout allows",
        _ => return error,
    };
    io::Error::new(error.kind(), words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_a_host_and_a_path() {
        for (url, host, path) in [
            ("http://127.0.0.1:8000/dice", "127.0.0.1:8000", "/dice"),
            ("HTTP://h", "h", "/"),
            ("http://h?a=/b", "h", "/?a=/b"),
            ("http://user:word@h:80/a?b#c", "h:80", "/a?b"),
            ("http://[::1]:8000/#top", "[::1]:8000", "/"),
        ] {
            let parts = host_and_path(url).expect("a URL");
            assert_eq!((parts.0.as_str(), parts.1.as_str()), (host, path), "{url}");
        }
        assert!(host_and_path("https://h/").is_err());
    }

    #[test]
    fn a_host_without_a_port_is_asked_at_port_80() {
        for (host, full) in [
            ("h", "h:80"),
            ("h:", "h:80"),
            ("h:8000", "h:8000"),
            ("[::1]", "[::1]:80"),
            ("[::1]:8000", "[::1]:8000"),
        ] {
            assert_eq!(with_port(host), full);
        }
    }
}
