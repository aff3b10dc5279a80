//! The server: hyper on one thread.

use std::collections::HashMap;
use std::convert::Infallible;
use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;
use std::time::Duration;

use http_body_util::channel::Channel;
use http_body_util::{BodyExt, Either, Full, Limited};
use hyper::body::{Body as _, Bytes, Incoming};
use hyper::header::{ALLOW, CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::{Notify, Semaphore};
use tokio::time::{Instant, sleep, sleep_until, timeout_at};

use processes::reserve_descriptors;

use crate::services::Runs;
use crate::{pages, world};

/// The listen backlog: how many connections may wait to be accepted. With the standard library's 128, some of a burst
/// of 160 took over a second to connect. A system's own limit may be lower: Linux has 4096 (`net.core.somaxconn`),
/// macOS 128, Windows about 200.
const BACKLOG: u32 = 4096;

/// The buffer for the request head of a connection, small enough for 10,000 connections.
const BUFFER: usize = 16 * 1024;

/// The paths of the site's own pages.
const OWN: [&str; 4] = ["/", "/jython", "/dice", "/record"];

/// The largest request body that is read, in bytes.
const MOST_BODY: usize = 1024;

/// The body of an answer: whole, or a stream that does not end by itself.
pub type Body = Either<Full<Bytes>, Channel<Bytes>>;

/// Answers a request for a path that the site itself does not have; `None` if there is no such page. The client's
/// `SocketAddr` is among the request's extensions.
pub type Pages = dyn Fn(&Request<Bytes>) -> Option<Response<Body>> + Send + Sync;

/// A stream may last this long. Then its reader has to ask again.
pub const LONGEST_STREAM: Duration = Duration::from_secs(600);

/// The times of a practice site.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SiteTimes {
    /// For an answer.
    pub latency: Duration,
    /// Extra time for the first answer on each connection: over a network, the time to connect and to agree on the
    /// encryption.
    pub connecting: Duration,
}

/// A connection costs nothing.
impl From<Duration> for SiteTimes {
    fn from(latency: Duration) -> Self {
        Self { latency, ..Self::default() }
    }
}

/// A connection that was silent this long has to go if others wait for its place.
const PATIENCE: Duration = Duration::from_secs(2);

/// Limits that keep one client from blocking the site for the others.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The most connections at once. Further ones wait until one of these ends, or has been silent for two seconds.
    pub connections: usize,
    /// The longest time without a complete request, counted from the connection's beginning or from when its last page
    /// was due. Then the connection is closed, whether its client is silent, sends a request byte by byte, or does not
    /// read its answers.
    pub silence: Duration,
}

impl Default for Limits {
    /// 20,000 connections, and a minute. With a request on each of them, the site takes about 320 MB.
    fn default() -> Self {
        Self { connections: 20_000, silence: Duration::from_secs(60) }
    }
}

/// A site's counts: only requests for its two pages, its services, its world and `/robots.txt` count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// Connections with a request for a page.
    pub connections: u64,
    /// Requests for a page.
    pub requests: u64,
    /// The most requests that waited for their answer at once.
    pub peak_in_flight: u64,
    /// The bytes of all pages that it sent.
    pub bytes: u64,
    /// From the first request to the last answer.
    pub took: Duration,
    /// Requests that their client gave up before they were answered: it closed their connection.
    pub given_up: u64,
}

/// A site's counts while it runs.
#[derive(Debug, Default)]
pub struct SiteRecord(Mutex<Counts>);

#[derive(Debug, Default)]
struct Counts {
    seen: Seen,
    in_flight: u64,
    first: Option<Instant>,
}

impl SiteRecord {
    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Connections with a request for a page.
    pub fn connections(&self) -> u64 {
        self.counts().seen.connections
    }

    /// Requests for a page.
    pub fn requests(&self) -> u64 {
        self.counts().seen.requests
    }

    /// Requests that are waiting for their answer.
    pub fn in_flight(&self) -> u64 {
        self.counts().in_flight
    }

    /// Requests that their client gave up before they were answered: it closed their connection.
    pub fn given_up(&self) -> u64 {
        self.counts().seen.given_up
    }

    /// The most requests that have waited at once.
    pub fn peak_in_flight(&self) -> u64 {
        self.counts().seen.peak_in_flight
    }

    /// All that it saw, and starts counting again from zero.
    pub fn take(&self) -> Seen {
        let counts = &mut *self.counts();
        let seen = counts.seen;
        let peak_in_flight = counts.in_flight;
        (counts.seen, counts.first) = (Seen { peak_in_flight, ..Seen::default() }, None);
        seen
    }

    fn json(&self) -> Bytes {
        let Counts { seen, in_flight, .. } = *self.counts();
        serde_json::json!({
            "connections": seen.connections,
            "requests": seen.requests,
            "in_flight": in_flight,
            "peak_in_flight": seen.peak_in_flight,
            "given_up": seen.given_up,
        })
        .to_string()
        .into()
    }
}

/// A request in flight, and whether it is answered. If its client gives up, `drop` removes it as well.
struct InFlight(Arc<SiteRecord>, bool);

impl InFlight {
    fn new(record: &Arc<SiteRecord>, came: Instant, is_first_page: bool) -> Self {
        let counts = &mut *record.counts();
        counts.first.get_or_insert(came);
        counts.in_flight += 1;
        let seen = &mut counts.seen;
        seen.connections += u64::from(is_first_page);
        seen.requests += 1;
        seen.peak_in_flight = seen.peak_in_flight.max(counts.in_flight);
        Self(record.clone(), false)
    }

    /// It is answered with a page of that size.
    fn answered(&mut self, bytes: usize) {
        self.1 = true;
        let counts = &mut *self.0.counts();
        counts.seen.bytes += bytes as u64;
        counts.seen.took = counts.first.map_or(Duration::ZERO, |first| first.elapsed());
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        let counts = &mut *self.0.counts();
        counts.in_flight -= 1;
        counts.seen.given_up += u64::from(!self.1);
    }
}

/// A practice site that listens already, and answers once [`run`](Server::run) is called.
pub struct Server {
    runtime: Runtime,
    listener: TcpListener,
    limits: Limits,
    pages: SitePages,
}

/// What all connections share.
#[derive(Clone)]
struct SitePages {
    times: SiteTimes,
    record: Arc<SiteRecord>,
    services: Arc<Runs>,
    /// Further pages, if there are any.
    others: Option<Arc<Pages>>,
}

impl Server {
    /// Listens on `address` (port 0 picks a free one), with this latency or these [`SiteTimes`].
    ///
    /// # Errors
    /// When the address is in use, is not this machine's, or is not allowed.
    pub fn bind(address: SocketAddr, times: impl Into<SiteTimes>) -> io::Result<Self> {
        reserve_descriptors(1024);
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let listener = runtime.block_on(async {
            let socket = match address {
                SocketAddr::V4(_) => TcpSocket::new_v4()?,
                SocketAddr::V6(_) => TcpSocket::new_v6()?,
            };
            // On Windows this option would let two programs share a port.
            #[cfg(not(windows))]
            socket.set_reuseaddr(true)?;
            socket.bind(address)?;
            socket.listen(BACKLOG)
        })?;
        let (times, record, services) = (times.into(), Arc::default(), Arc::default());
        let pages = SitePages { times, record, services, others: None };
        Ok(Self { runtime, listener, limits: Limits::default(), pages })
    }

    /// The same with further pages. They are called on the site's one thread, inside its runtime.
    #[must_use]
    pub fn with_pages(
        mut self,
        pages: impl Fn(&Request<Bytes>) -> Option<Response<Body>> + Send + Sync + 'static,
    ) -> Self {
        self.pages.others = Some(Arc::new(pages));
        self
    }

    /// The same with other limits.
    #[must_use]
    pub fn with_limits(self, limits: Limits) -> Self {
        Self { limits, ..self }
    }

    /// Returns the address on which it listens.
    ///
    /// # Errors
    /// When the system does not tell.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Returns its counts, which change while it runs.
    pub fn record(&self) -> Arc<SiteRecord> {
        self.pages.record.clone()
    }

    /// Answers forever, on this thread.
    pub fn run(self) -> ! {
        let Self { runtime, listener, limits, pages } = self;
        let places = Arc::new(Semaphore::new(limits.connections));
        let crowd = Arc::new(Crowd::default());
        runtime.block_on(async {
            loop {
                let Ok(place) = places.clone().try_acquire_owned() else {
                    crowd.make_room().await;
                    continue;
                };
                match listener.accept().await {
                    Ok((stream, peer)) => {
                        let (pages, crowd) = (pages.clone(), crowd.clone());
                        tokio::spawn(async move {
                            let (number, connection) = crowd.enter();
                            serve((stream, peer), limits, pages, connection).await;
                            crowd.leave(number);
                            drop(place);
                        });
                    }
                    // A connection failed, or no descriptor is left.
                    Err(_) => crowd.make_room().await,
                }
            }
        })
    }
}

/// All connections by number.
#[derive(Default)]
struct Crowd(Mutex<(u64, HashMap<u64, Arc<Connection>>)>);

impl Crowd {
    fn enter(&self) -> (u64, Arc<Connection>) {
        let (next, connections) = &mut *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *next += 1;
        let connection = Arc::new(Connection::new());
        connections.insert(*next, connection.clone());
        (*next, connection)
    }

    fn leave(&self, number: u64) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).1.remove(&number);
    }

    /// If no place is left, closes the connection that has been silent for the longest time, so that no client keeps the
    /// others out. It must have been silent for a while: others may end by themselves.
    async fn make_room(&self) {
        {
            let (_, connections) = &*self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let quiet_from = |connection: &&Arc<Connection>| connection.ends(Duration::ZERO);
            let silent = connections.values().min_by_key(quiet_from);
            let has_been = |it: &&Arc<Connection>| it.ends(PATIENCE) < Instant::now();
            if let Some(connection) = silent.filter(has_been) {
                connection.is_quiet_from(Instant::now()); // so that next time another is the longest silent
                connection.is_to_end.notify_one();
            }
        }
        sleep(Duration::from_millis(1)).await;
    }
}

/// The part of a connection that its requests share.
struct Connection {
    is_first_page: AtomicBool,
    /// The time since which its client could have sent the next request.
    quiet_from: Mutex<Instant>,
    is_to_end: Notify,
}

impl Connection {
    fn new() -> Self {
        Self {
            is_first_page: AtomicBool::new(true),
            quiet_from: Mutex::new(Instant::now()),
            is_to_end: Notify::new(),
        }
    }

    fn is_quiet_from(&self, instant: Instant) {
        *self.quiet_from.lock().unwrap_or_else(PoisonError::into_inner) = instant;
    }

    /// Returns when it will have been silent for this long, if no request comes.
    fn ends(&self, silence: Duration) -> Instant {
        *self.quiet_from.lock().unwrap_or_else(PoisonError::into_inner) + silence
    }
}

async fn serve(
    (stream, peer): (TcpStream, SocketAddr),
    limits: Limits,
    pages: SitePages,
    connection: Arc<Connection>,
) {
    // Otherwise a page of two packets may wait 40 ms for the acknowledgement of the first.
    let _ = stream.set_nodelay(true);
    let service = service_fn(|mut request: Request<Incoming>| {
        // For further pages that treat clients alike.
        request.extensions_mut().insert(peer);
        let (came, connection, pages) = (Instant::now(), connection.clone(), pages.clone());
        connection.is_quiet_from(came);
        async move { Ok::<_, Infallible>(answer(request, came, &connection, &pages).await) }
    });
    let mut serving = pin!(async {
        // A silent connection gets no buffers. (A new connection counts as readable until the first try.)
        let _ = stream.peek(&mut [0]).await;
        let stream = TokioIo::new(stream);
        let serving = http1::Builder::new().max_buf_size(BUFFER).serve_connection(stream, service);
        // A broken connection is its client's problem; the others continue.
        let _ = serving.await;
    });
    // hyper's own limit is only for the head: it would keep clients that never read their answer.
    let mut is_to_end = pin!(connection.is_to_end.notified());
    let mut end = poll_fn(|context| match is_to_end.as_mut().poll(context) {
        Poll::Pending => serving.as_mut().poll(context),
        ready => ready,
    });
    let mut ends = connection.ends(limits.silence);
    while timeout_at(ends, &mut end).await.is_err() {
        let later = connection.ends(limits.silence);
        // No request has come since then.
        if later == ends {
            return;
        }
        ends = later;
    }
}

async fn answer(
    request: Request<Incoming>,
    came: Instant,
    connection: &Connection,
    pages: &SitePages,
) -> Response<Body> {
    let SitePages { times, record, services, others } = pages;
    let method = request.method().clone();
    if let Some((answer, latencies)) = services.ask(&request) {
        let times = SiteTimes { latency: times.latency * latencies, ..*times };
        let (status, content_type, body) = answer;
        let answer = || response(status, content_type, body);
        return when_due(answer, &method, came, times, connection, record).await;
    }
    let mut answered = None;
    let path = request.uri().path();
    let is_own = OWN.contains(&path) || world::is_asked_for(path);
    if let Some(others) = others.as_deref().filter(|_| !is_own) {
        answered = other_page(request, others).await;
    } else if [Method::GET, Method::HEAD].contains(&method) {
        answered = match path {
            "/" => Some(pages::home(&request, *times, others.is_some())),
            "/record" => Some(response(StatusCode::OK, "application/json", record.json())),
            "/jython" => {
                let jython = || html(pages::jython());
                return when_due(jython, &method, came, *times, connection, record).await;
            }
            "/dice" => {
                let dice = || html(pages::dice());
                return when_due(dice, &method, came, *times, connection, record).await;
            }
            path if world::is_asked_for(path) => {
                let latency = times.latency * world::slowness(path);
                let times = SiteTimes { latency, ..*times };
                let place = || world::answer(request.uri(), pages::host(&request));
                return when_due(place, &method, came, times, connection, record).await;
            }
            _ => None,
        };
    }
    if let Some(Either::Right(_)) = answered.as_ref().map(Response::body) {
        connection.is_quiet_from(came + LONGEST_STREAM);
    }
    answered.unwrap_or_else(|| nothing_there(&method))
}

fn html(page: Bytes) -> Response<Body> {
    response(StatusCode::OK, pages::HTML, page)
}

/// An answer that counts as a page, when it is due.
async fn when_due(
    answer: impl FnOnce() -> Response<Body>,
    method: &Method,
    came: Instant,
    times: SiteTimes,
    connection: &Connection,
    record: &Arc<SiteRecord>,
) -> Response<Body> {
    let mut takes = times.latency;
    let is_first_page = connection.is_first_page.swap(false, Relaxed);
    if is_first_page {
        takes += times.connecting;
    }
    connection.is_quiet_from(came + takes);
    let mut in_flight = InFlight::new(record, came, is_first_page);
    sleep_until(came + takes).await;
    let answer = answer();
    // The answer to HEAD has no page.
    let is_sent = method != Method::HEAD;
    let bytes = answer.body().size_hint().lower() as usize;
    in_flight.answered(if is_sent { bytes } else { 0 });
    answer
}

fn nothing_there(method: &Method) -> Response<Body> {
    const TEXT: &str = "text/plain; charset=utf-8";
    if [Method::GET, Method::HEAD].contains(method) {
        let pages = "There are /, /jython, /dice and /record here.\n";
        return response(StatusCode::NOT_FOUND, TEXT, pages);
    }
    let mut refusal = response(StatusCode::METHOD_NOT_ALLOWED, TEXT, "Only GET and HEAD.\n");
    refusal.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
    refusal
}

/// The answer of the further pages, which get the whole request.
async fn other_page(request: Request<Incoming>, pages: &Pages) -> Option<Response<Body>> {
    let (head, body) = request.into_parts();
    match Limited::new(body, MOST_BODY).collect().await {
        Ok(body) => pages(&Request::from_parts(head, body.to_bytes())),
        Err(_) => {
            let sentence = "The body is too long, or did not arrive.\n";
            Some(response(StatusCode::PAYLOAD_TOO_LARGE, "text/plain; charset=utf-8", sentence))
        }
    }
}

/// Makes an answer of one piece.
pub fn response(
    status: StatusCode,
    content_type: &'static str,
    body: impl Into<Bytes>,
) -> Response<Body> {
    let mut response = Response::new(Either::Left(Full::new(body.into())));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}
