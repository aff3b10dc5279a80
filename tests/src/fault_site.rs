//! A web site that does everything wrong, each fault at a path of its own.

use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use socket2::{Domain, SockRef, Socket, Type};

/// `Hello, hello, hello, hello!`: 27 bytes.
const HELLO_GZIPPED: &[u8] = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\xf3\x48\xcd\xc9\xc9\xd7\x51\xc8\xc0\xa4\x14\x01\xa1\x8e\xf4\x39\x1b\x00\x00\x00";

/// A site whose pages fail, but for `/ok`, `/gzip`, `/busy` and the large ones.
pub struct FaultSite {
    address: SocketAddr,
}

impl FaultSite {
    /// The bytes in the body of `/ok`, and of `/gzip` when it is unpacked.
    pub const BYTES: u64 = 27;

    /// The bytes of `/large` and of `/large-and-late`: to read them is work that can be measured.
    pub const MANY_BYTES: u64 = 64 << 20;

    /// Each page that fails, with the words that its cause may be told with.
    pub const FAULTS: [(&str, &[&str]); 10] = [
        ("/reset", &["the connection was reset"]),
        // Not every client tells a reset from an end.
        ("/reset-in-the-page", &["the connection was reset", "the page was cut short"]),
        ("/cut-short", &["the page was cut short"]),
        ("/silent", &["the page took longer than it may (--timeout)"]),
        ("/404", &["404 Not Found"]),
        ("/500", &["500 Internal Server Error"]),
        ("/503", &["503 Service Unavailable"]),
        // Statuses that are no errors, and no pages that arrived either.
        ("/304", &["304 Not Modified"]),
        ("/redirected-to-nowhere", &["302 Found", "missing a location header"]),
        ("/not-http", &["http parse fail: invalid HTTP version", "invalid HTTP version parsed"]),
    ];

    /// Brings it up. It ends with the test.
    ///
    /// # Panics
    /// When loopback has no free port.
    pub fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let address = listener.local_addr().expect("an address");
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                // A client that goes away is none of this site's faults.
                thread::spawn(move || serve(&stream).unwrap_or_default());
            }
        });
        Self { address }
    }

    /// The URL of one of its pages.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }
}

/// A port that is taken, and at which nothing listens.
pub struct RefusingPort {
    _socket: Socket,
    /// A page there.
    pub url: String,
}

impl RefusingPort {
    /// Takes it, until this is dropped.
    ///
    /// # Panics
    /// When loopback has no free port.
    pub fn take() -> Self {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
        let any_port = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        socket.bind(&any_port.into()).expect("a free port");
        let address = socket.local_addr().expect("an address").as_socket().expect("an IP address");
        Self { _socket: socket, url: format!("http://{address}/refused") }
    }
}

fn serve(stream: &TcpStream) -> std::io::Result<()> {
    let mut lines = BufReader::new(stream).lines();
    while let Some(request) = lines.next().transpose()? {
        while lines.next().transpose()?.is_some_and(|header| !header.is_empty()) {}
        let hello = b"Hello, hello, hello, hello!";
        match request.split(' ').nth(1).unwrap_or_default() {
            "/ok" => answer(stream, "200 OK", "", hello)?,
            "/gzip" => answer(stream, "200 OK", "Content-Encoding: gzip\r\n", HELLO_GZIPPED)?,
            "/large" => answer(stream, "200 OK", "", &large())?,
            "/large-and-late" => {
                thread::sleep(Duration::from_secs(2));
                answer(stream, "200 OK", "", &large())?;
            }
            "/busy" => {
                // Computes for its answer, instead of waiting like the practice site.
                let start = Instant::now();
                while start.elapsed() < Duration::from_millis(50) {}
                answer(stream, "200 OK", "", hello)?;
            }
            "/404" => answer(stream, "404 Not Found", "", b"no such page")?,
            "/500" => answer(stream, "500 Internal Server Error", "", b"it broke")?,
            "/503" => answer(stream, "503 Service Unavailable", "", b"come back later")?,
            "/304" => { stream }.write_all(b"HTTP/1.1 304 Not Modified\r\n\r\n")?,
            "/redirected-to-nowhere" => answer(stream, "302 Found", "", b"but where?")?,
            "/not-http" => return { stream }.write_all(b"What do you want?\r\n\r\n"),
            "/cut-short" => return begin_a_page(stream),
            "/reset-in-the-page" => {
                begin_a_page(stream)?;
                thread::sleep(Duration::from_millis(50)); // so that what was sent arrives first
                return reset(stream);
            }
            "/reset" => return reset(stream),
            "/silent" => thread::sleep(Duration::from_secs(60)),
            other => answer(stream, "404 Not Found", "", other.as_bytes())?,
        }
    }
    Ok(())
}

fn answer(mut stream: &TcpStream, status: &str, headers: &str, body: &[u8]) -> std::io::Result<()> {
    let length = body.len();
    let head = format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {length}\r\n\r\n");
    stream.write_all(&[head.as_bytes(), body].concat())
}

fn large() -> Vec<u8> {
    vec![b'-'; FaultSite::MANY_BYTES as usize]
}

/// Ten bytes of a hundred.
fn begin_a_page(mut stream: &TcpStream) -> std::io::Result<()> {
    stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n0123456789")
}

/// A connection that lingers for no time is reset as it closes.
fn reset(stream: &TcpStream) -> std::io::Result<()> {
    SockRef::from(stream).set_linger(Some(Duration::ZERO))
}
