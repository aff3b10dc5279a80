//! The board's pages: what the practice site answers below `/class`.

use std::fs::File;
use std::io::Write;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex, MutexGuard, Once, PoisonError};
use std::time::{Duration, Instant};

use classroom::{JOIN, Message, RUNS, TOKEN, line_of};
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
/// The most browsers that show the board at once.
const MOST_VIEWERS: usize = 60;
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
    shown: watch::Sender<Bytes>,
    publishes: Once,
    viewers: AtomicUsize,
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
            shown: watch::Sender::new(Bytes::new()),
            publishes: Once::new(),
            viewers: AtomicUsize::new(0),
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
            "/class/events" if *request.method() == Method::GET => Some(self.events()),
            JOIN if *request.method() == Method::POST => Some(self.join(request)),
            RUNS if *request.method() == Method::POST => Some(self.run(request)),
            "/class/control" if *request.method() == Method::POST => Some(self.control(request)),
            _ => None,
        }
    }

    fn board(&self) -> MutexGuard<'_, Board> {
        self.board.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn state(&self) -> String {
        self.board().state(&self.join, Instant::now()).to_string()
    }

    fn join(&self, request: &Request<Bytes>) -> Response<Body> {
        if is_from_a_browser(request.headers()) {
            return refused(StatusCode::FORBIDDEN);
        }
        let joined = self.board().join(header(request, TOKEN), Instant::now());
        match joined {
            Ok((nickname, token)) => {
                self.changed.notify_one();
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
                    let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
                    // The board goes on, even if the disk is full.
                    let _ = file.write_all(line_of(nickname, &message).as_bytes());
                }
                self.changed.notify_one();
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
                board.choose(lesson.into());
            }
            (Some("hide"), _, Some(hides)) => board.hide(hides),
            (Some("reset"), ..) => board.reset(Instant::now()),
            _ => return refused(StatusCode::BAD_REQUEST),
        }
        self.changed.notify_one();
        refused(StatusCode::NO_CONTENT)
    }

    /// The board as a stream of server-sent events, each the whole state.
    fn events(self: &Arc<Self>) -> Response<Body> {
        if self.viewers.fetch_add(1, SeqCst) >= MOST_VIEWERS {
            self.viewers.fetch_sub(1, SeqCst);
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
            let mut event = format!("retry: 1000\ndata: {}\n\n", routes.state());
            shown.mark_unchanged();
            while Instant::now() < ends && sender.send_data(event.into()).await.is_ok() {
                event = match timeout(PULSE, shown.changed()).await {
                    Ok(_) => {
                        format!("data: {}\n\n", String::from_utf8_lossy(&shown.borrow_and_update()))
                    }
                    Err(_) => ":\n\n".into(),
                };
            }
            routes.viewers.fetch_sub(1, SeqCst);
        });
        let mut answer = no_store(Response::new(Either::Right(events)));
        answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
        answer
    }

    /// Makes the state for all browsers, when something changed.
    async fn publish(&self) {
        loop {
            let state = Bytes::from(self.state());
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
