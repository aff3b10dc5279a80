//! The board's pages: what the practice site answers below `/class`.

use std::collections::HashMap;
use std::fs::File;
use std::io::Write;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, Mutex, MutexGuard, Once};
use std::time::{Duration, Instant};

use classroom::{JOIN, Message, RUNS, TOKEN, line_of};
use harness::lock;
use http_body_util::Either;
use http_body_util::channel::Channel;
use hyper::body::Bytes;
use hyper::header::{CACHE_CONTROL, CONTENT_TYPE, HOST, HeaderMap, HeaderValue, ORIGIN};
use hyper::{Method, Request, Response, StatusCode};
use practice_site::{Body, LONGEST_STREAM, response, scripted};
use serde_json::{Value, json};
use tokio::sync::{Notify, watch};
use tokio::time::{sleep, timeout};

use crate::board::{Board, Refused};

/// The board's page, also for a file.
pub(crate) const PAGE: &str = include_str!("class.html");

/// The header with the instructor's key.
const KEY: &str = "x-class-key";
/// The most browsers that show the board at once,
const MOST_VIEWERS: usize = 200;
/// and the most of one address.
const MOST_OF_AN_ADDRESS: usize = 6;
/// Lights go out no later than this after their time.
const LIGHTS: Duration = Duration::from_secs(1);
/// Browsers are told of changes at most this often.
const PACE: Duration = Duration::from_millis(300);
/// Without a change, a browser is told this often that the board is still there; lights may have gone out.
const PULSE: Duration = Duration::from_secs(5);

/// The board, and everybody who looks at it.
pub(crate) struct Routes {
    board: Mutex<Board>,
    /// The instructor's key.
    key: String,
    /// The addresses that students type.
    join: Vec<String>,
    /// The file to which all messages are appended.
    save: Option<Mutex<File>>,
    changed: Notify,
    changes: AtomicU64,
    /// The last state: of which change, and when it was made.
    made: Mutex<Option<(u64, Instant, Bytes)>>,
    shown: watch::Sender<Bytes>,
    publishes: Once,
    /// How many browsers of each address show the board.
    viewers: Mutex<HashMap<IpAddr, usize>>,
}

impl Routes {
    pub(crate) fn new(
        board: Board,
        key: String,
        join: Vec<String>,
        save: Option<File>,
    ) -> Arc<Self> {
        Arc::new(Self {
            board: Mutex::new(board),
            key,
            join,
            save: save.map(Mutex::new),
            changed: Notify::new(),
            changes: AtomicU64::new(0),
            made: Mutex::new(None),
            shown: watch::Sender::new(Bytes::new()),
            publishes: Once::new(),
            viewers: Mutex::default(),
        })
    }

    /// Answers a request, on the site's thread.
    pub(crate) fn answer(self: &Arc<Self>, request: &Request<Bytes>) -> Option<Response<Body>> {
        let reads = [Method::GET, Method::HEAD].contains(request.method());
        match request.uri().path() {
            "/class" | "/class/" if reads => Some(scripted(PAGE, &[("state", "null")])),
            "/class/state" if reads => {
                Some(no_store(response(StatusCode::OK, "application/json", self.state())))
            }
            "/class/events" if *request.method() == Method::GET => {
                Some(self.events(address(request)))
            }
            JOIN if *request.method() == Method::POST => Some(self.join(request)),
            RUNS if *request.method() == Method::POST => Some(self.run(request)),
            "/class/control" if *request.method() == Method::POST => Some(self.control(request)),
            _ => None,
        }
    }

    fn board(&self) -> MutexGuard<'_, Board> {
        lock(&self.board)
    }

    /// The board's state; made anew only if something changed, or a second has passed: lights go out without a message.
    fn state(&self) -> Bytes {
        let mut made = lock(&self.made);
        let changes = self.changes.load(SeqCst);
        match &*made {
            Some((of, at, state)) if *of == changes && at.elapsed() < LIGHTS => state.clone(),
            _ => {
                let state = self.board().state(&self.join, Instant::now()).to_string();
                made.insert((changes, Instant::now(), state.into())).2.clone()
            }
        }
    }

    fn has_changed(&self) {
        self.changes.fetch_add(1, SeqCst);
        self.changed.notify_one();
    }

    fn join(&self, request: &Request<Bytes>) -> Response<Body> {
        if is_from_a_browser(request.headers()) {
            return refused(StatusCode::FORBIDDEN);
        }
        let joined = self.board().join(header(request, TOKEN), address(request), Instant::now());
        match joined {
            Ok((nickname, token)) => {
                self.has_changed();
                let student = json!({ "nickname": nickname, "token": token });
                no_store(response(StatusCode::OK, "application/json", student.to_string()))
            }
            Err(refusal) => refused(refusal.status()),
        }
    }

    fn run(&self, request: &Request<Bytes>) -> Response<Body> {
        if is_from_a_browser(request.headers()) {
            return refused(StatusCode::FORBIDDEN);
        }
        let Ok(message) = Message::read(request.body()) else {
            return refused(StatusCode::BAD_REQUEST);
        };
        let mut board = self.board();
        match board.take(header(request, TOKEN), message.clone(), Instant::now()) {
            Ok(nickname) => {
                if let Some(file) = &self.save {
                    // The board goes on, even if the disk is full.
                    let _ = lock(file).write_all(line_of(nickname, &message).as_bytes());
                }
                self.has_changed();
                refused(StatusCode::NO_CONTENT)
            }
            Err(refusal) => refused(refusal.status()),
        }
    }

    /// What the instructor's buttons do. Another site's page cannot press them: it does not know the key, and a browser
    /// does not let it send a header of that name.
    fn control(&self, request: &Request<Bytes>) -> Response<Body> {
        if header(request, KEY) != self.key || is_cross_site(request.headers()) {
            return refused(StatusCode::FORBIDDEN);
        }
        let asked: Value = serde_json::from_slice(request.body()).unwrap_or_default();
        let mut board = self.board();
        match (asked["do"].as_str(), asked["lesson"].as_str(), asked["hide"].as_bool()) {
            (Some("lesson"), Some(lesson), _) if board.programs().iter().any(|it| it == lesson) => {
                board.choose(lesson.into(), Instant::now());
            }
            (Some("hide"), _, Some(hides)) => board.hide(hides, Instant::now()),
            (Some("reset"), ..) => board.reset(Instant::now()),
            _ => return refused(StatusCode::BAD_REQUEST),
        }
        self.has_changed();
        refused(StatusCode::NO_CONTENT)
    }

    /// The board as a stream of server-sent events, each the whole state.
    fn events(self: &Arc<Self>, address: IpAddr) -> Response<Body> {
        if !self.enters(address) {
            return refused(StatusCode::SERVICE_UNAVAILABLE);
        }
        let routes = self.clone();
        self.publishes.call_once(|| {
            tokio::spawn(async move { routes.publish().await });
        });
        let (routes, mut shown) = (self.clone(), self.shown.subscribe());
        // A browser that does not read holds up only this one stream, and gets the newest state afterwards.
        let (mut sender, events) = Channel::<Bytes>::new(1);
        let ends = Instant::now() + LONGEST_STREAM - PULSE;
        tokio::spawn(async move {
            let state = routes.state();
            let mut event = format!("retry: 1000\ndata: {}\n\n", String::from_utf8_lossy(&state));
            shown.mark_unchanged();
            while Instant::now() < ends && sender.send_data(event.into()).await.is_ok() {
                event = match timeout(PULSE, shown.changed()).await {
                    Ok(_) => {
                        format!("data: {}\n\n", String::from_utf8_lossy(&shown.borrow_and_update()))
                    }
                    Err(_) => ":\n\n".into(),
                };
            }
            routes.leaves(address);
        });
        let mut answer = no_store(Response::new(Either::Right(events)));
        answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
        answer
    }

    /// Whether there is a place for one more browser of this address. There always is for the instructor's.
    fn enters(&self, address: IpAddr) -> bool {
        let mut viewers = lock(&self.viewers);
        let (all, its) = (viewers.values().sum::<usize>(), viewers.get(&address).copied());
        let is_room = all < MOST_VIEWERS && its.is_none_or(|its| its < MOST_OF_AN_ADDRESS);
        let enters = address.is_loopback() || is_room;
        if enters {
            *viewers.entry(address).or_default() += 1;
        }
        enters
    }

    fn leaves(&self, address: IpAddr) {
        let mut viewers = lock(&self.viewers);
        if let Some(its) = viewers.get_mut(&address) {
            *its -= 1;
        }
        viewers.retain(|_, its| *its > 0);
    }

    /// Makes the state for all browsers, when something changed.
    async fn publish(&self) {
        loop {
            let state = self.state();
            self.shown.send_if_modified(|shown| {
                let is_new = *shown != state;
                *shown = state;
                is_new
            });
            // Lights go out without a message.
            let _ = timeout(PULSE, self.changed.notified()).await;
            sleep(PACE).await;
        }
    }
}

impl Refused {
    fn status(self) -> StatusCode {
        match self {
            Self::Unknown => StatusCode::UNAUTHORIZED,
            Self::TooMuch => StatusCode::TOO_MANY_REQUESTS,
            Self::Full => StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}

/// An answer without a body.
fn refused(status: StatusCode) -> Response<Body> {
    response(status, "text/plain; charset=utf-8", "")
}

fn no_store(mut answer: Response<Body>) -> Response<Body> {
    answer.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    answer
}

/// The address of the client; it is in no answer and in no file.
fn address(request: &Request<Bytes>) -> IpAddr {
    let peer = request.extensions().get::<SocketAddr>();
    peer.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.ip().to_canonical())
}

fn header<'a>(request: &'a Request<Bytes>, name: &str) -> &'a str {
    request.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

/// Whether a page in a browser sent a request: lessons send neither of these headers, and a browser always one of them.
fn is_from_a_browser(headers: &HeaderMap) -> bool {
    headers.contains_key(ORIGIN) || headers.contains_key("sec-fetch-site")
}

/// Whether a page of another site sent a request.
fn is_cross_site(headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let own = text(HOST.as_str()).map(|host| format!("http://{host}"));
    let is_other = text(ORIGIN.as_str()).is_some_and(|origin| Some(origin) != own.as_deref());
    is_other || text("sec-fetch-site").is_some_and(|site| site != "same-origin")
}
