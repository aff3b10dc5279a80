//! The server: hyper on one thread.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use common::{SiteTimes, reserve_descriptors};
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{ALLOW, CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpSocket};
use tokio::runtime::{Builder, Runtime};
use tokio::time::{Instant, sleep, sleep_until};

use crate::pages;

/// How many connections may wait to be accepted. With the standard library's 128, some of a burst of
/// 160 took over a second to connect. Systems take less where their own limit is lower: Linux has
/// 4096 (`net.core.somaxconn`), macOS 128, Windows about 200.
const BACKLOG: u32 = 4096;

/// What one connection's request head may take up, so that 10,000 connections stay in bounds.
const BUFFER: usize = 16 * 1024;

/// What the site saw, counted from its start: requests for its two pages, and for no other.
#[derive(Debug, Default)]
pub struct SiteRecord {
    connections: AtomicU64,
    requests: AtomicU64,
    in_flight: AtomicU64,
    peak_in_flight: AtomicU64,
}

impl SiteRecord {
    /// Connections on which one of the two pages was asked for.
    pub fn connections(&self) -> u64 {
        self.connections.load(Relaxed)
    }

    /// Requests for a page.
    pub fn requests(&self) -> u64 {
        self.requests.load(Relaxed)
    }

    /// Requests that wait for their answer now.
    pub fn in_flight(&self) -> u64 {
        self.in_flight.load(Relaxed)
    }

    /// The most requests that ever waited at once.
    pub fn peak_in_flight(&self) -> u64 {
        self.peak_in_flight.load(Relaxed)
    }

    fn json(&self) -> Bytes {
        let (connections, requests) = (self.connections(), self.requests());
        let (in_flight, peak) = (self.in_flight(), self.peak_in_flight());
        serde_json::json!({
            "connections": connections,
            "requests": requests,
            "in_flight": in_flight,
            "peak_in_flight": peak,
        })
        .to_string()
        .into()
    }
}

/// A request in flight: one that its client gave up leaves by `drop` as well.
struct InFlight(Arc<SiteRecord>);

impl InFlight {
    fn new(record: &Arc<SiteRecord>) -> Self {
        record.requests.fetch_add(1, Relaxed);
        let now = 1 + record.in_flight.fetch_add(1, Relaxed);
        record.peak_in_flight.fetch_max(now, Relaxed);
        Self(record.clone())
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Relaxed);
    }
}

/// A practice site that listens already, and answers once it is [run](Server::run).
#[derive(Debug)]
pub struct Server {
    runtime: Runtime,
    listener: TcpListener,
    times: SiteTimes,
    record: Arc<SiteRecord>,
}

impl Server {
    /// Listens at `address` (port 0 stands for any free one), to take so long: its latency, or
    /// [`SiteTimes`].
    ///
    /// # Errors
    /// When the address is in use, is not this machine's, or may not be listened at.
    pub fn bind(address: SocketAddr, times: impl Into<SiteTimes>) -> io::Result<Self> {
        reserve_descriptors(1024);
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let listener = runtime.block_on(async {
            let socket = match address {
                SocketAddr::V4(_) => TcpSocket::new_v4()?,
                SocketAddr::V6(_) => TcpSocket::new_v6()?,
            };
            // On Windows this would let two programs have the same port.
            #[cfg(not(windows))]
            socket.set_reuseaddr(true)?;
            socket.bind(address)?;
            socket.listen(BACKLOG)
        })?;
        Ok(Self { runtime, listener, times: times.into(), record: Arc::default() })
    }

    /// Where it listens.
    ///
    /// # Errors
    /// When the system does not say.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// What it sees, also while it runs.
    pub fn record(&self) -> Arc<SiteRecord> {
        self.record.clone()
    }

    /// Answers for ever, on this thread.
    pub fn run(self) -> ! {
        let Self { runtime, listener, times, record } = self;
        runtime.block_on(async {
            loop {
                match listener.accept().await {
                    Ok((stream, _)) => {
                        // Without it a page of two packets may wait 40 ms for the first one's receipt.
                        let _ = stream.set_nodelay(true);
                        tokio::spawn(serve(TokioIo::new(stream), times, record.clone()));
                    }
                    // One connection that failed, or no descriptor left: others will end and free theirs.
                    Err(_) => sleep(Duration::from_millis(10)).await,
                }
            }
        })
    }
}

async fn serve(stream: TokioIo<tokio::net::TcpStream>, times: SiteTimes, record: Arc<SiteRecord>) {
    let is_first = Arc::new(AtomicBool::new(true));
    let service = service_fn(move |request: Request<Incoming>| {
        let (came, is_first, record) = (Instant::now(), is_first.clone(), record.clone());
        async move { Ok::<_, Infallible>(answer(&request, came, times, &is_first, &record).await) }
    });
    // A connection that breaks is its client's affair; the others go on.
    let _ = http1::Builder::new().max_buf_size(BUFFER).serve_connection(stream, service).await;
}

async fn answer(
    request: &Request<Incoming>,
    came: Instant,
    times: SiteTimes,
    is_first: &AtomicBool,
    record: &Arc<SiteRecord>,
) -> Response<Full<Bytes>> {
    const HTML: &str = "text/html; charset=utf-8";
    const TEXT: &str = "text/plain; charset=utf-8";
    if ![Method::GET, Method::HEAD].contains(request.method()) {
        let mut refusal = response(StatusCode::METHOD_NOT_ALLOWED, TEXT, "Only GET and HEAD.\n");
        refusal.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
        return refusal;
    }
    let page: fn() -> Bytes = match request.uri().path() {
        "/jython" => pages::jython,
        "/dice" => pages::dice,
        "/record" => return response(StatusCode::OK, "application/json", record.json()),
        _ => {
            let pages = "There are /jython, /dice and /record here.\n";
            return response(StatusCode::NOT_FOUND, TEXT, pages);
        }
    };
    let mut takes = times.latency;
    if is_first.swap(false, Relaxed) {
        record.connections.fetch_add(1, Relaxed);
        takes += times.connecting;
    }
    let _in_flight = InFlight::new(record);
    sleep_until(came + takes).await;
    response(StatusCode::OK, HTML, page())
}

fn response(
    status: StatusCode,
    content_type: &'static str,
    body: impl Into<Bytes>,
) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(body.into()));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}
