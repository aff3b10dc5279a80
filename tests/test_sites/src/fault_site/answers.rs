//! The site's answer at each path.

use std::io::{BufRead, BufReader, Read, Result, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::OnceLock;
use std::thread;
use std::time::{Duration, Instant};

use flate2::write::{GzEncoder, ZlibEncoder};
use flate2::{Compress, Compression, FlushCompress};
use socket2::SockRef;

use super::FaultSite;

const HELLO: &[u8] = b"Hello, hello, hello, hello!";

/// A page of 10 GB; and the size of an unpacked gzip bomb, since a quick machine unpacks 10 GB in the two seconds of a page.
const TEN_GB: u64 = 10_000_000_000;
const HUNDRED_GB: u64 = 10 * TEN_GB;

/// The state of the connection after an answer.
#[derive(PartialEq)]
enum Then {
    /// It serves the next request.
    GoOn,
    /// It is closed.
    Close,
    /// It is reset.
    Reset,
}

/// Serves one connection. It reads and writes `stream`; `socket` is the socket below it.
pub(super) fn serve<S: Read + Write>(stream: S, socket: &TcpStream) -> Result<()> {
    // The small pieces of an answer should arrive one by one.
    socket.set_nodelay(true)?;
    let mut stream = BufReader::new(stream);
    loop {
        // A client that speaks TLS to this port gets an answer in HTTP, as from most servers.
        if stream.fill_buf()?.first() == Some(&22) {
            return stream.get_mut().write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
        }
        let mut request = String::new();
        stream.read_line(&mut request)?;
        let mut header = String::new();
        while stream.read_line(&mut header)? > 2 {
            header.clear();
        }
        let Some(path) = request.split(' ').nth(1) else { return Ok(()) };
        let this_site = socket.local_addr()?;
        match answer(path, this_site, stream.get_mut())? {
            Then::GoOn => {}
            Then::Close => return Ok(()),
            Then::Reset => {
                thread::sleep(Duration::from_millis(50)); // so that the data arrives first
                // A connection that lingers for no time is reset as it closes.
                return SockRef::from(socket).set_linger(Some(Duration::ZERO));
            }
        }
    }
}

fn answer(path: &str, this_site: SocketAddr, to: &mut impl Write) -> Result<Then> {
    match path {
        "/ok" => page(to, "200 OK", "", HELLO),
        "/gzip" => page(to, "200 OK", "Content-Encoding: gzip\r\n", &gzipped(HELLO)),
        "/empty-gzip" => page(to, "200 OK", "Content-Encoding: gzip\r\n", b""),
        "/deflate" => page(to, "200 OK", "Content-Encoding: deflate\r\n", &deflated(HELLO)),
        "/large" => page(to, "200 OK", "", &large()),
        "/large-and-late" => {
            thread::sleep(Duration::from_secs(2));
            page(to, "200 OK", "", &large())
        }
        "/busy" => {
            // Computes for its answer, instead of waiting like the practice site.
            let start = Instant::now();
            while start.elapsed() < Duration::from_millis(50) {}
            page(to, "200 OK", "", HELLO)
        }

        "/chunked" => chunked(to, "", &[b"Hello, hello,", b" hello, hello!"]),
        "/chunked-gzip" => {
            let packed = gzipped(HELLO);
            let (begin, end) = packed.split_at(10);
            chunked(to, "Content-Encoding: gzip\r\n", &[begin, end])
        }
        "/chunked-with-extensions" => {
            let head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1b ;a=\";\"\r\n";
            sent(to, &[head, HELLO, b"\r\n0;b\r\nX-Trailer: c\r\n\r\n"].concat(), Then::GoOn)
        }
        "/no-length" => {
            sent(to, b"HTTP/1.1 200 OK\r\n\r\nHello, hello, hello, hello!", Then::Close)
        }
        "/http-1.0" => sent(to, b"HTTP/1.0 200 OK\r\n\r\nHello, hello, hello, hello!", Then::Close),
        "/http-1.0-in-chunks" => {
            let head = b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
            sent(to, &[&head[..], b"5\r\nHello\r\n0\r\n\r\n"].concat(), Then::Close)
        }
        "/too-short-a-length" => {
            // The extra bytes come in the same packet.
            let all =
                [&b"HTTP/1.1 200 OK\r\nContent-Length: 27\r\n\r\n"[..], HELLO, HELLO].concat();
            sent(to, &all, Then::GoOn)
        }
        "/204" => sent(to, b"HTTP/1.1 204 No Content\r\n\r\n", Then::GoOn),
        "/early-hints" => {
            to.write_all(b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>\r\n\r\n")?;
            page(to, "200 OK", "", HELLO)
        }
        "/early-hints-and-100-kb" => {
            // All in one piece, so that more arrives at once than a client has room for.
            let hints = b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>\r\n\r\n";
            let head = b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n";
            sent(to, &[&hints[..], head, &[b'-'; 100_000]].concat(), Then::GoOn)
        }
        "/120-headers" => page(to, "200 OK", &one_header(10).repeat(120), HELLO),
        "/header-of-10-kb" => page(to, "200 OK", &one_header(10_000), HELLO),

        "/reset" => Ok(Then::Reset),
        "/closed" => Ok(Then::Close),
        "/closed-in-the-header" => sent(to, b"HTTP/1.1 200 OK\r\nContent-Le", Then::Close),
        "/reset-in-the-page" => sent(to, TEN_OF_A_HUNDRED, Then::Reset),
        "/reset-in-a-page-without-length" => {
            sent(to, b"HTTP/1.1 200 OK\r\n\r\n0123456789", Then::Reset)
        }
        "/cut-short" => sent(to, TEN_OF_A_HUNDRED, Then::Close),
        "/cut-short-in-the-chunks" => {
            let begun = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nHello\r\n";
            sent(to, begun, Then::Close)
        }
        "/cut-short-in-the-gzip" => {
            let packed = gzipped(HELLO);
            page(to, "200 OK", "Content-Encoding: gzip\r\n", &packed[..packed.len() - 12])
        }
        "/cut-short-in-the-deflate" => {
            let packed = deflated(HELLO);
            page(to, "200 OK", "Content-Encoding: deflate\r\n", &packed[..packed.len() - 6])
        }

        "/silent" => silent(),
        "/silent-in-the-page" => {
            to.write_all(TEN_OF_A_HUNDRED)?;
            silent()
        }
        "/a-byte-a-second" => {
            to.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 27\r\n\r\n")?;
            a_byte_a_second(to, HELLO)
        }
        "/a-chunk-a-second" => {
            to.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")?;
            for byte in HELLO {
                to.write_all(&[b"1\r\n", &[*byte][..], b"\r\n"].concat())?;
                thread::sleep(Duration::from_secs(1));
            }
            sent(to, b"0\r\n\r\n", Then::GoOn)
        }
        "/a-header-byte-a-second" => {
            a_byte_a_second(to, b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        }
        "/1xx-without-end" => loop {
            to.write_all(&b"HTTP/1.1 103 Early Hints\r\n\r\n".repeat(100))?;
            thread::sleep(Duration::from_millis(1));
        },
        "/10-gb" => {
            write!(to, "HTTP/1.1 200 OK\r\nContent-Length: {TEN_GB}\r\n\r\n")?;
            let piece = [b'-'; 100_000];
            for _ in 0..TEN_GB / piece.len() as u64 {
                to.write_all(&piece)?;
            }
            Ok(Then::GoOn)
        }
        "/chunks-without-end" => {
            to.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")?;
            let piece = [&b"10000\r\n"[..], &[b'-'; 0x10000], b"\r\n"].concat();
            loop {
                to.write_all(&piece)?;
            }
        }
        "/gzip-bomb" => gzip_bomb(to),

        "/not-http" => sent(to, b"What do you want?\r\n\r\n", Then::Close),
        "/http-0.9" => sent(to, b"<html>Hello, hello!</html>\n", Then::Close),
        "/http-9.9" => sent(to, b"HTTP/9.9 200 OK\r\nContent-Length: 0\r\n\r\n", Then::Close),
        "/ssh" => sent(to, b"SSH-2.0-OpenSSH_9.2p1\r\n", Then::Close),
        "/noise" => {
            let noise: Vec<u8> = (0..4096u32).map(|n| (n * n / 7 + 128) as u8).collect();
            sent(to, &noise, Then::Close)
        }
        "/no-status" => sent(to, b"HTTP/1.1 OK\r\nContent-Length: 0\r\n\r\n", Then::Close),
        "/broken-header" => sent(to, b"HTTP/1.1 200 OK\r\nno colon here\r\n\r\n", Then::Close),
        "/length-of-many" => {
            sent(to, b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n", Then::Close)
        }
        "/two-lengths" => {
            let head = b"HTTP/1.1 200 OK\r\nContent-Length: 27\r\nContent-Length: 28\r\n\r\n";
            sent(to, &[head, HELLO].concat(), Then::Close)
        }
        "/broken-chunks" => {
            let head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
            sent(to, &[&head[..], b"5\r\nHello\r\nnumber\r\nHello\r\n"].concat(), Then::Close)
        }
        "/status-line-of-1-mb" => {
            let status = format!("200 {}", "K".repeat(1_000_000));
            page(to, &status, "", HELLO)
        }
        "/header-of-1-mb" => page(to, "200 OK", &one_header(1_000_000), HELLO),
        "/1000-headers" => {
            let headers: String = (0..1000).map(|n| format!("X-{n}: {n}\r\n")).collect();
            page(to, "200 OK", &headers, HELLO)
        }
        "/header-without-end" => {
            to.write_all(b"HTTP/1.1 200 OK\r\n")?;
            loop {
                to.write_all(b"X-Header: and another one\r\n")?;
            }
        }
        "/header-line-without-end" => {
            to.write_all(b"HTTP/1.1 200 OK\r\nX-Header: ")?;
            loop {
                to.write_all(&[b'-'; 10_000])?;
            }
        }
        "/broken-gzip" => page(to, "200 OK", "Content-Encoding: gzip\r\n", HELLO),
        "/gzip-with-a-wrong-sum" => {
            let mut packed = gzipped(HELLO);
            let sum = packed.len() - 8;
            packed[sum] ^= 1;
            page(to, "200 OK", "Content-Encoding: gzip\r\n", &packed)
        }

        "/304" => sent(to, b"HTTP/1.1 304 Not Modified\r\n\r\n", Then::GoOn),
        "/101" => {
            let headers = b"Connection: upgrade\r\nUpgrade: other\r\n\r\n";
            sent(to, &[b"HTTP/1.1 101 Switching Protocols\r\n", &headers[..]].concat(), Then::Close)
        }
        "/404" => page(to, "404 Not Found", "", b"no such page"),
        "/500" => page(to, "500 Internal Server Error", "", b"it broke"),
        "/503" => page(to, "503 Service Unavailable", "", b"come back later"),
        "/status-999" => page(to, "999 Whatever", "", b"who knows"),

        "/redirect" => redirect(to, "/ok"),
        "/redirects" => redirect(to, "/redirects/5"),
        "/redirect-without-end" => redirect(to, "/redirect-without-end/1"),
        "/redirect-to-itself" => redirect(to, "/redirect-to-itself"),
        "/redirect-to-nowhere" => page(to, "302 Found", "", b"but where?"),
        "/redirect-to-no-url" => sent(
            to,
            b"HTTP/1.1 302 Found\r\nLocation: \xff\xfe\r\nContent-Length: 0\r\n\r\n",
            Then::GoOn,
        ),
        "/redirect-to-ftp" => redirect(to, "ftp://127.0.0.1/ok"),
        "/redirect-to-https" => redirect(to, &format!("https://{this_site}/ok")),
        "/redirect-to-404" => redirect(to, "/404"),
        "/redirect-to-an-unknown-host" => redirect(to, "http://no-such-host.invalid/"),
        "/slow-redirects" => {
            thread::sleep(Duration::from_millis(300));
            redirect(to, "/slow-redirects")
        }
        _ => match path.rsplit_once('/') {
            Some(("/redirects", "1")) => redirect(to, "/ok"),
            Some((path @ "/redirects", number)) => {
                let number: u32 = number.parse().unwrap_or(1);
                redirect(to, &format!("{path}/{}", number - 1))
            }
            Some((path @ "/redirect-without-end", number)) => {
                let number: u32 = number.parse().unwrap_or(1);
                redirect(to, &format!("{path}/{}", number + 1))
            }
            _ => page(to, "404 Not Found", "", path.as_bytes()),
        },
    }
}

const TEN_OF_A_HUNDRED: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n0123456789";

fn sent(to: &mut impl Write, bytes: &[u8], then: Then) -> Result<Then> {
    to.write_all(bytes)?;
    Ok(then)
}

fn page(to: &mut impl Write, status: &str, headers: &str, body: &[u8]) -> Result<Then> {
    let length = body.len();
    let head = format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {length}\r\n\r\n");
    sent(to, &[head.as_bytes(), body].concat(), Then::GoOn)
}

fn chunked(to: &mut impl Write, headers: &str, chunks: &[&[u8]]) -> Result<Then> {
    write!(to, "HTTP/1.1 200 OK\r\n{headers}Transfer-Encoding: chunked\r\n\r\n")?;
    for chunk in chunks {
        let length = format!("{:x}\r\n", chunk.len());
        to.write_all(&[length.as_bytes(), chunk, b"\r\n"].concat())?;
    }
    sent(to, b"0\r\n\r\n", Then::GoOn)
}

fn redirect(to: &mut impl Write, location: &str) -> Result<Then> {
    page(to, "302 Found", &format!("Location: {location}\r\n"), b"")
}

fn silent() -> Result<Then> {
    thread::sleep(Duration::from_secs(60));
    Ok(Then::Close)
}

fn a_byte_a_second(to: &mut impl Write, bytes: &[u8]) -> Result<Then> {
    for byte in bytes {
        to.write_all(&[*byte])?;
        thread::sleep(Duration::from_secs(1));
    }
    Ok(Then::GoOn)
}

fn one_header(length: usize) -> String {
    format!("X-Header: {}\r\n", "-".repeat(length))
}

fn large() -> Vec<u8> {
    vec![b'-'; FaultSite::MANY_BYTES as usize]
}

fn gzipped(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).and_then(|()| encoder.finish()).expect("memory can be written to")
}

fn deflated(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).and_then(|()| encoder.finish()).expect("memory can be written to")
}

/// Zeros, packed to a thousandth: the same block again and again.
fn gzip_bomb(to: &mut impl Write) -> Result<Then> {
    const UNPACKED: usize = 1_000_000;
    static BLOCK: OnceLock<Vec<u8>> = OnceLock::new();
    let block = BLOCK.get_or_init(|| {
        let mut block = Vec::with_capacity(UNPACKED);
        let mut packer = Compress::new(Compression::default(), false);
        // After a full flush nothing refers to what came before.
        let packed = packer.compress_vec(&[0; UNPACKED], &mut block, FlushCompress::Full);
        packed.expect("zeros can be packed");
        block
    });
    to.write_all(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n")?;
    to.write_all(b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff")?;
    for _ in 0..HUNDRED_GB / UNPACKED as u64 {
        to.write_all(block)?;
    }
    Ok(Then::Close)
}
