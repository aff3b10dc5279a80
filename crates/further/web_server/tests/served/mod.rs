//! A server that stays up (`--serve`), and clients that behave badly: it answers them as they deserve, nobody else
//! notices, and what they count is what it counted.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use harness::Model;
use testing::record::{number, section};
use testing::{Ended, Program, Running, is_alive, signal, wait_until};

use super::{LESSON, answered, said};

// A server that stays up, and its clients

struct Served {
    running: Option<Running>,
    address: SocketAddr,
}

/// A test that fails leaves no server behind.
impl Drop for Served {
    fn drop(&mut self) {
        if let Some(running) = &self.running {
            signal("-KILL", running.id());
        }
    }
}

impl Served {
    fn start(program: &Program, arguments: &[&str]) -> Self {
        let serve = ["--serve", "--port", "0"];
        Self::of(program.start(&[&serve[..], arguments].concat()))
    }

    /// The lesson, with so few descriptors.
    fn with_descriptors(many: &str, arguments: &[&str]) -> Self {
        let program = LESSON.program();
        let path = program.path().to_str().expect("text");
        let shell = format!("ulimit -n {many}; exec \"$0\" --serve --port 0 \"$@\"");
        Self::of(Program::at("sh").start(&[&["-c", &shell, path][..], arguments].concat()))
    }

    fn of(mut running: Running) -> Self {
        let line = running.line();
        let address = line.split("http://").nth(1).and_then(|rest| rest.split(": ").next());
        let address = address.and_then(|address| address.parse().ok());
        Self {
            running: Some(running),
            address: address.unwrap_or_else(|| panic!("no address: {line}")),
        }
    }

    fn connect(&self) -> Client {
        let stream = TcpStream::connect(self.address).expect("the server accepts");
        stream.set_read_timeout(Some(Duration::from_secs(60))).expect("a time limit");
        Client { stream, unread: Vec::new() }
    }

    /// A new client asks for a page; returns the status.
    fn ask(&self, path: &str) -> u16 {
        self.connect().ask(path).status
    }

    fn id(&self) -> u32 {
        self.running.as_ref().expect("it has not ended").id()
    }

    fn wait(mut self) -> Ended {
        self.running.take().expect("it has not ended").wait()
    }

    /// Presses Ctrl-C, and waits for the end.
    fn end(self) -> Ended {
        signal("-INT", self.id());
        let ended = self.wait();
        assert_eq!((ended.code(), ended.stderr.as_str()), (130, ""), "{ended:?}");
        ended
    }
}

struct Client {
    stream: TcpStream,
    unread: Vec<u8>,
}

#[derive(Debug)]
struct Answer {
    status: u16,
    head: String,
    body: Vec<u8>,
}

impl Answer {
    fn has(&self, header: &str) -> bool {
        self.head.lines().any(|line| line.eq_ignore_ascii_case(header))
    }
}

impl Client {
    fn send(&mut self, bytes: impl AsRef<[u8]>) {
        // The server may have refused before everything was sent.
        let _ = self.stream.write_all(bytes.as_ref());
    }

    fn ask(&mut self, path: &str) -> Answer {
        self.send(format!("GET {path} HTTP/1.1\r\nHost: h\r\n\r\n"));
        self.answer()
    }

    /// The next answer; `None` if the connection ends without one.
    fn try_answer(&mut self, has_body: bool) -> Option<Answer> {
        loop {
            let end = self.unread.windows(4).position(|four| four == b"\r\n\r\n");
            if let Some(end) = end {
                let head = String::from_utf8(self.unread[..end].to_vec()).expect("text");
                let length = head.lines().find_map(|line| line.strip_prefix("Content-Length: "));
                let length: usize = length.and_then(|it| it.parse().ok()).expect("a length");
                let whole = end + 4 + if has_body { length } else { 0 };
                if self.unread.len() >= whole {
                    let body = self.unread[end + 4..whole].to_vec();
                    self.unread.drain(..whole);
                    let status = head.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..3));
                    let status = status.and_then(|it| it.parse().ok()).expect("a status");
                    return Some(Answer { status, head, body });
                }
            }
            let mut chunk = [0; 4096];
            match self.stream.read(&mut chunk) {
                Ok(0) => return None,
                Ok(many) => self.unread.extend(&chunk[..many]),
                Err(error) if error.kind() == ErrorKind::ConnectionReset => return None,
                Err(error) => panic!("no answer: {error}"),
            }
        }
    }

    fn answer(&mut self) -> Answer {
        self.try_answer(true).expect("an answer")
    }

    /// Whether the server has closed the connection, without one more byte.
    fn is_closed(&mut self) -> bool {
        self.unread.is_empty() && self.try_answer(true).is_none()
    }

    /// Whether nothing arrives for so long.
    fn hears_nothing_for(&mut self, time: Duration) -> bool {
        self.stream.set_read_timeout(Some(time)).expect("a time limit");
        let read = self.stream.read(&mut [0]);
        let late = [ErrorKind::WouldBlock, ErrorKind::TimedOut];
        read.is_err_and(|error| late.contains(&error.kind()))
    }
}

// Clients of all kinds

#[test]
fn each_request_gets_the_answer_that_it_deserves() {
    let served = Served::start(&LESSON.program(), &["--latency", "1", "--workers", "2"]);
    let host = "Host: h\r\n";
    let long = "a".repeat(9_000);
    let headers: String = (0..70).map(|n| format!("X-{n}: 1\r\n")).collect();
    let get = |more: &str| format!("GET /dice HTTP/1.1\r\n{host}{more}\r\n");
    let cases: [(String, u16, bool); 23] = [
        (get(""), 200, true),
        (get("Connection: close\r\n"), 200, false),
        (get("Connection: Upgrade, CLOSE\r\n"), 200, false),
        (format!("GET /dice?eyes=6 HTTP/1.1\r\n{host}\r\n"), 200, true),
        (format!("GET http://h/dice HTTP/1.1\r\n{host}\r\n"), 200, true),
        ("GET /dice HTTP/1.0\r\n\r\n".into(), 200, false),
        ("GET /dice HTTP/1.0\r\nConnection: keep-alive\r\n\r\n".into(), 200, true),
        (format!("GET /fib/20 HTTP/1.1\r\n{host}\r\n"), 200, true),
        (format!("GET /fib/41 HTTP/1.1\r\n{host}\r\n"), 404, true),
        (format!("GET /fib/-1 HTTP/1.1\r\n{host}\r\n"), 404, true),
        (format!("GET /nowhere HTTP/1.1\r\n{host}\r\n"), 404, true),
        (format!("POST /dice HTTP/1.1\r\n{host}Content-Length: 4\r\n\r\nbody"), 405, true),
        (get("Content-Length: 4\r\n").replace("\r\n\r\n", "\r\n\r\nbody"), 200, true),
        (get("Content-Length: 65537\r\n"), 413, false),
        (get("Content-Length: 99999999999999999999999999\r\n"), 413, false),
        (get("Content-Length: 4\r\nContent-Length: 5\r\n"), 400, false),
        (get("Content-Length: +4\r\n"), 400, false),
        (get("Transfer-Encoding: chunked\r\n"), 411, false),
        ("GET /dice HTTP/1.1\r\n\r\n".into(), 400, false),
        (get(host), 400, false),
        (get(&format!("X-Long: {long}\r\n")), 431, false),
        (get(&headers), 431, false),
        (format!("GET /{long}"), 431, false),
    ];
    let mut refused = 0;
    for (request, status, keeps) in cases {
        let mut client = served.connect();
        client.send(&request);
        let answer = client.answer();
        let about = format!("{}: {answer:?}", request.chars().take(80).collect::<String>());
        assert_eq!(answer.status, status, "{about}");
        let connection = if keeps { "Connection: keep-alive" } else { "Connection: close" };
        assert!(answer.has(connection), "{about}");
        assert_eq!(answer.has("Allow: GET, HEAD"), status == 405, "{about}");
        if keeps {
            assert_eq!(client.ask("/dice").status, 200, "{about}");
        } else {
            assert!(client.is_closed(), "{about}");
        }
        refused += u64::from(![200, 404, 405].contains(&status));
    }
    let ended = served.end();
    let all = [400, 411, 413, 431].map(|status| said(&ended, &format!(" with {status}")));
    assert_eq!(all.iter().sum::<u64>(), refused, "{ended:?}");
}

#[test]
fn garbage_is_refused_and_nobody_else_notices() {
    let served = Served::start(&LESSON.program(), &["--latency", "1", "--workers", "1"]);
    let mut neighbour = served.connect();
    // The beginning of TLS, of HTTP/2, of SSH; and noise.
    let tls = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".to_vec();
    let known =
        [tls, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec(), b"SSH-2.0-OpenSSH_9.9\r\n".to_vec()];
    let mut seed = 17_u64;
    let mut noise = || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (seed >> 56) as u8
    };
    let noise = (0..200).map(|_| (0..300).map(|_| noise()).collect::<Vec<u8>>());
    for garbage in known.into_iter().chain(noise) {
        let mut client = served.connect();
        client.send(&garbage);
        assert_eq!(client.answer().status, 400, "{garbage:?}");
        assert!(client.is_closed());
        assert_eq!(neighbour.ask("/dice").status, 200);
    }
    let ended = served.end();
    assert_eq!((answered(&ended), said(&ended, " with 400")), (203, 203), "{ended:?}");
}

#[test]
fn a_page_as_a_browser_and_as_a_downloader_gets_it() {
    let served = Served::start(&LESSON.program(), &["--latency", "1"]);
    let mut client = served.connect();
    let home = client.ask("/");
    assert!(home.has("Content-Type: text/html; charset=utf-8"), "{home:?}");
    let text = String::from_utf8(home.body).expect("text");
    assert!(text.starts_with("<!DOCTYPE html>") && text.contains("href=\"/jython\""), "{text}");
    // The sizes of the practice site's.
    assert!((9_500..10_500).contains(&client.ask("/jython").body.len()));
    for _ in 0..20 {
        assert!((250..350).contains(&client.ask("/dice").body.len()));
    }
    // HEAD: the same head, and no body; the next answer begins right after it.
    let whole = client.ask("/jython");
    client.send("HEAD /jython HTTP/1.1\r\nHost: h\r\n\r\n");
    let head = client.try_answer(false).expect("an answer");
    assert_eq!((head.status, head.head), (200, whole.head));
    // Two requests in one piece are answered one after the other.
    let two = ["/jython", "/dice"].map(|path| format!("GET {path} HTTP/1.1\r\nHost: h\r\n\r\n"));
    client.send(two.concat());
    let sizes = [client.answer(), client.answer()].map(|answer| answer.body.len() > 5_000);
    assert_eq!(sizes, [true, false]);
    assert_eq!(answered(&served.end()), 26);
}

#[test]
fn half_closed_cut_and_in_pieces() {
    let served = Served::start(&LESSON.program(), &["--latency", "1", "--workers", "1"]);
    // Nothing more will come from it, but it listens.
    let mut half = served.connect();
    half.send("GET /dice HTTP/1.1\r\nHost: h\r\n\r\n");
    half.stream.shutdown(Shutdown::Write).expect("half of it is closed");
    assert_eq!(half.answer().status, 200);
    assert!(half.is_closed());
    // It has gone before its request was whole, or before its answer was.
    for request in ["GET /dice HT", "GET /dice HTTP/1.1\r\nHost: h\r\n\r\n"] {
        served.connect().send(request);
    }
    let mut pieces = served.connect();
    for piece in ["GET /di", "ce HTTP/1.1\r", "\nHost: h\r\nContent-Length: 4\r\n\r\nbo"] {
        pieces.send(piece);
        assert!(pieces.hears_nothing_for(Duration::from_millis(50)));
    }
    pieces.send("dy");
    pieces.stream.set_read_timeout(Some(Duration::from_secs(60))).expect("a time limit");
    assert_eq!(pieces.answer().status, 200);
    assert_eq!(served.ask("/dice"), 200);
    // Those whose clients had gone were answered, too, or failed, by name.
    signal("-INT", served.id());
    let ended = served.wait();
    assert_eq!(ended.code(), 130, "{ended:?}");
    assert!((3..=4).contains(&answered(&ended)), "{ended:?}");
}

/// Whether a server whose clients are all silent, but one, answers that one.
fn answers_beside_silent_ones(program: &Program, silent: usize) -> bool {
    let served = Served::start(program, &["--latency", "1", "--workers", "2"]);
    let silent: Vec<Client> = (0..silent).map(|_| served.connect()).collect();
    thread::sleep(Duration::from_millis(200));
    let mut client = served.connect();
    client.send("GET /dice HTTP/1.1\r\nHost: h\r\n\r\n");
    let is_answered = !client.hears_nothing_for(Duration::from_secs(3));
    drop(silent);
    // When they have gone, both programs answer.
    client.stream.set_read_timeout(Some(Duration::from_secs(60))).expect("a time limit");
    assert!(is_answered || client.answer().status == 200);
    end_now(served);
    is_answered
}

/// Ends a server that may not be able to end in good order.
fn end_now(served: Served) {
    let mut stop = served.connect();
    stop.send("GET /dice HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    signal("-INT", served.id());
    thread::sleep(Duration::from_millis(300));
    if is_alive(served.id()) {
        signal("-INT", served.id());
    }
    assert_eq!(served.wait().code(), 130);
}

#[test]
fn a_worker_that_keeps_its_client_serves_nobody_else() {
    let keeps = LESSON.example("keeps_its_client");
    // With two workers: one silent client leaves one of them.
    assert!(answers_beside_silent_ones(&keeps, 1));
    assert!(!answers_beside_silent_ones(&keeps, 2));
    assert!(answers_beside_silent_ones(&LESSON.program(), 2));
    assert!(answers_beside_silent_ones(&LESSON.program(), 200));
    // Where all clients behave well, nobody sees the difference.
    let seconds = |program: &Program| {
        let run = program.record(&["--slow", "0", "--latency", "100"]);
        number(section(&run, "the pool").1, "seconds")
    };
    let (kept, lesson) = (seconds(&keeps), seconds(&LESSON.program()));
    assert!(kept < 2.0 * lesson, "{kept} and {lesson}");
}

#[test]
fn more_idle_clients_than_workers_and_all_are_answered_again() {
    let served = Served::start(&LESSON.program(), &["--latency", "1", "--workers", "1"]);
    let mut clients: Vec<Client> = (0..100).map(|_| served.connect()).collect();
    for _ in 0..2 {
        for client in &mut clients {
            let answer = client.ask("/dice");
            assert!(answer.status == 200 && answer.has("Connection: keep-alive"), "{answer:?}");
        }
    }
    assert_eq!(answered(&served.end()), 200);
}

#[test]
fn byte_by_byte_is_refused_in_the_end_and_silence_is_closed() {
    let served =
        Served::start(&LESSON.program(), &["--timeout", "1", "--workers", "1", "--latency", "1"]);
    let (mut silent, mut slow) = (served.connect(), served.connect());
    let mut idle = served.connect();
    assert_eq!(idle.ask("/dice").status, 200);
    slow.send("GET / HTTP/1.1\r\nHost: ");
    slow.stream.set_read_timeout(Some(Duration::from_millis(20))).expect("a time limit");
    let start = Instant::now();
    // A byte every 20 ms: it is never silent for a second.
    while start.elapsed() < Duration::from_secs(60) && slow.stream.peek(&mut [0]).is_err() {
        slow.send("a");
    }
    slow.stream.set_read_timeout(Some(Duration::from_secs(60))).expect("a time limit");
    let answer = slow.answer();
    assert!(answer.status == 408 && answer.has("Connection: close"), "{answer:?}");
    assert!(silent.is_closed() && idle.is_closed());
    let ended = served.end();
    assert_eq!((answered(&ended), said(&ended, " with 408")), (1, 1), "{ended:?}");
}

/// Whether the server has closed this connection, for writing too.
fn is_given_up(mut stream: &TcpStream) -> bool {
    let gone = [ErrorKind::BrokenPipe, ErrorKind::ConnectionReset, ErrorKind::ConnectionAborted];
    stream.write(b"G").is_err_and(|error| gone.contains(&error.kind()))
}

#[test]
fn a_client_that_does_not_read_is_given_up() {
    let served = Served::start(&LESSON.program(), &["--latency", "0", "--workers", "1"]);
    let mut deaf = served.connect();
    deaf.stream.set_nonblocking(true).expect("it does not wait");
    // Answers of some 10 MB: more than the system keeps for it.
    for _ in 0..1_000 {
        deaf.send("GET /jython HTTP/1.1\r\nHost: h\r\n\r\n");
    }
    assert_eq!(served.ask("/dice"), 200);
    wait_until("it is given up", || is_given_up(&deaf.stream));
    // There is one worker, and it is free again.
    assert_eq!(served.ask("/dice"), 200);
    signal("-INT", served.id());
    let ended = served.wait();
    let failed = "Failed /jython: the client did not read\n";
    assert_eq!((ended.code(), ended.stderr.as_str()), (130, failed), "{ended:?}");
}

/// A little progress is no excuse: the worker waits for the whole answer.
#[test]
fn a_client_that_reads_a_few_bytes_at_a_time_is_given_up() {
    let served = Served::start(&LESSON.program(), &["--latency", "0", "--workers", "1"]);
    let slow = served.connect().stream;
    socket2::SockRef::from(&slow).set_recv_buffer_size(4 * 1024).expect("a small buffer");
    slow.set_nonblocking(true).expect("it does not wait");
    let asks = "GET /jython HTTP/1.1\r\nHost: h\r\n\r\n".repeat(1_000);
    (&slow).write_all(asks.as_bytes()).expect("it is sent");
    wait_until("it is given up", || {
        thread::sleep(Duration::from_millis(300));
        let _ = (&slow).read(&mut [0; 1024]);
        is_given_up(&slow)
    });
    // There is one worker, and it is free again.
    assert_eq!(served.ask("/dice"), 200);
    signal("-INT", served.id());
    let failed = "Failed /jython: the client did not read\n";
    assert_eq!(served.wait().stderr, failed);
}

#[test]
fn a_flood_of_clients_is_answered_or_refused_and_never_left_in_silence() {
    let served =
        Served::start(&LESSON.program(), &["--queue", "10", "--workers", "2", "--latency", "100"]);
    let clients = 300;
    let statuses: Vec<u16> = thread::scope(|scope| {
        let ask = || served.ask("/dice");
        let clients: Vec<_> = (0..clients).map(|_| scope.spawn(ask)).collect();
        clients.into_iter().map(|client| client.join().expect("an answer")).collect()
    });
    let count = |status| statuses.iter().filter(|it| **it == status).count() as u64;
    assert_eq!(count(200) + count(503), clients, "{statuses:?}");
    assert!(count(503) > 0 && count(200) >= 11, "{statuses:?}");
    // Afterwards there is room again.
    assert_eq!(served.ask("/dice"), 200);
    let ended = served.end();
    assert_eq!(
        (answered(&ended), said(&ended, " with 503")),
        (count(200) + 1, count(503)),
        "{ended:?}"
    );
}

#[test]
fn more_connections_than_there_is_room_for_are_refused_before_they_ask() {
    let served = Served::start(&LESSON.program(), &["--latency", "1"]);
    let silent: Vec<Client> = (0..500).map(|_| served.connect()).collect();
    // All of them are in the lobby once the last was answered, or refused.
    let mut late = served.connect();
    let answer = late.answer();
    assert!(answer.status == 503 && answer.has("Retry-After: 1"), "{answer:?}");
    drop(silent);
    wait_until("there is room again", || served.ask("/dice") == 200);
    served.end();
}

/// What it says to a person who has no more than 100 descriptors.
const FEW: &str =
    "warning: the system allows this process few open files (`ulimit -n`): more than ";

/// A hundred descriptors are too few for all of them, but there is one for saying no.
#[test]
fn with_few_descriptors_clients_are_refused_and_not_left_in_silence() {
    let served = Served::with_descriptors("100", &["--latency", "1"]);
    let silent: Vec<Client> = (0..150).map(|_| served.connect()).collect();
    assert_eq!(served.connect().answer().status, 503);
    drop(silent);
    wait_until("there is room again", || served.ask("/dice") == 200);
    signal("-INT", served.id());
    let ended = served.wait();
    assert_eq!(ended.code(), 130, "{ended:?}");
    assert!(ended.stderr.starts_with(FEW) && ended.stderr.lines().count() == 1, "{ended:?}");
}

#[test]
fn connections_that_wait_in_the_queue_count_too() {
    let arguments = ["--queue", "1000", "--workers", "1", "--latency", "20"];
    let served = Served::with_descriptors("100", &arguments);
    let statuses: Vec<u16> = thread::scope(|scope| {
        let ask = || served.ask("/dice");
        let clients: Vec<_> = (0..70).map(|_| scope.spawn(ask)).collect();
        clients.into_iter().map(|client| client.join().expect("an answer")).collect()
    });
    let count = |status| statuses.iter().filter(|it| **it == status).count();
    assert_eq!(count(200) + count(503), 70, "{statuses:?}");
    assert!(count(200) >= 20 && count(503) > 0, "{statuses:?}");
    signal("-INT", served.id());
    let ended = served.wait();
    assert!(ended.code() == 130 && ended.stderr.starts_with(FEW), "{ended:?}");
}

// Ctrl-C

#[test]
fn ctrl_c_answers_what_is_open_and_nothing_new() {
    let served = Served::start(&LESSON.program(), &["--workers", "2", "--latency", "1500"]);
    let mut asking: Vec<Client> = (0..5).map(|_| served.connect()).collect();
    let mut silent = served.connect();
    let mut begun = served.connect();
    begun.send("GET /di");
    for client in &mut asking {
        client.send("GET /dice HTTP/1.1\r\nHost: h\r\n\r\n");
    }
    // Two are with the workers now, and three wait for them.
    thread::sleep(Duration::from_millis(500));
    signal("-INT", served.id());
    wait_until("the door is closed", || TcpStream::connect(served.address).is_err());
    assert!(is_alive(served.id()), "the pages take longer than that");
    let answers: Vec<Answer> = asking.iter_mut().map(Client::answer).collect();
    let count = |status| answers.iter().filter(|it| it.status == status).count();
    assert_eq!((count(200), count(503)), (2, 3), "{answers:?}");
    assert!(answers.iter().all(|answer| answer.has("Connection: close")), "{answers:?}");
    assert!(silent.is_closed() && begun.is_closed());
    let ended = served.wait();
    assert_eq!((ended.code(), ended.stderr.as_str()), (130, ""), "{ended:?}");
    assert_eq!((answered(&ended), said(&ended, " with 503")), (2, 3), "{ended:?}");
}

#[test]
fn ctrl_c_twice_ends_it_at_once_and_before_the_first_client_once_is_enough() {
    let served = Served::start(&LESSON.program(), &["--latency", "60000"]);
    served.connect().send("GET /dice HTTP/1.1\r\nHost: h\r\n\r\n");
    thread::sleep(Duration::from_millis(200));
    let start = Instant::now();
    signal("-INT", served.id());
    thread::sleep(Duration::from_millis(100));
    signal("-INT", served.id());
    assert_eq!(served.wait().code(), 130);
    assert!(start.elapsed() < Duration::from_secs(50), "it waited for the page");

    let ended = Served::start(&LESSON.program(), &[]).end();
    assert_eq!(answered(&ended), 0, "{ended:?}");
}

// The arguments

#[test]
fn it_ends_by_itself_after_so_many_requests() {
    let served = Served::start(&LESSON.program(), &["--requests", "3", "--latency", "1"]);
    let mut client = served.connect();
    for _ in 0..3 {
        assert_eq!(client.ask("/dice").status, 200);
    }
    let ended = served.wait();
    assert_eq!((ended.code(), ended.stderr.as_str(), answered(&ended)), (0, "", 3), "{ended:?}");
}

/// Sixteen pages are in flight in the client each time, and at the server as many as it has workers.
#[test]
fn the_courses_own_downloader_is_answered_and_the_lanes_are_the_workers() {
    let tasks = testing::first("it downloads", |lesson| {
        testing::only_does(lesson, "page") && lesson.model() == Model::Async
    });
    let seconds = ["1", "4", "16"].map(|workers| {
        let arguments = ["--requests", "48", "--latency", "100", "--workers", workers];
        let served = Served::start(&LESSON.program(), &arguments);
        let url = format!("http://{}", served.address);
        let arguments = ["--site", &url, "--repeat", "24", "--workers", "16"];
        let run = testing::program(tasks.name()).record(&arguments);
        let ended = served.wait();
        assert_eq!(
            (&run["done"], answered(&ended), ended.code()),
            (&48.into(), 48, 0),
            "{ended:?}"
        );
        let text = ended.stdout.replace('\n', " ");
        let peak = text.split("At most ").nth(1).and_then(|rest| rest.split(' ').next());
        assert_eq!(peak, Some(workers), "{ended:?}");
        number(&run, "seconds")
    });
    let times = [seconds[0] / seconds[1], seconds[0] / seconds[2]];
    assert!(times[0] > 2.5 && times[1] > 7.0, "{times:?} times");
}

#[test]
fn a_port_that_is_taken_is_told() {
    let program = LESSON.program();
    let served = Served::start(&program, &[]);
    let taken = served.address.port().to_string();
    let ended = LESSON.run(&["--serve", "--port", &taken]);
    assert_eq!((ended.code(), ended.stdout.as_str()), (1, ""), "{ended:?}");
    assert!(ended.stderr.starts_with("error: no server at 127.0.0.1:"), "{ended:?}");
    end_now(served);
}
