//! The practice site, as its clients see it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use tests::{Site, program, wait_until};

/// The program, as an instructor starts it.
struct Program {
    child: Child,
    address: String,
}

impl Program {
    fn start(latency: u64, connecting: u64) -> Self {
        let (latency, connecting) = (latency.to_string(), connecting.to_string());
        let mut child = Command::new(program("practice_site"))
            .args(["--port", "0", "--latency", &latency, "--connecting", &connecting])
            .stdout(Stdio::piped())
            .spawn()
            .expect("it starts");
        let mut line = String::new();
        let stdout = child.stdout.as_mut().expect("it is piped");
        BufReader::new(stdout).read_line(&mut line).expect("a line");
        let address = line.split("http://").nth(1).and_then(|rest| rest.split(' ').next());
        let address = address.unwrap_or_else(|| panic!("no address: {line}")).to_owned();
        Self { child, address }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn ask(address: &str, method: &str, path: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).expect("it listens");
    let request =
        format!("{method} {path} HTTP/1.1\r\nHost: practice\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).expect("it reads");
    stream
}

fn answer(mut stream: TcpStream) -> String {
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("it answers");
    answer
}

fn address(site: &Site) -> &str {
    site.url.trim_start_matches("http://")
}

fn record(address: &str) -> Value {
    let answer = answer(ask(address, "GET", "/record"));
    serde_json::from_str(answer.split("\r\n\r\n").nth(1).expect("a body")).expect("JSON")
}

#[test]
fn it_has_the_two_pages_of_the_articles() {
    let site = Site::start(1);
    let jython = answer(ask(address(&site), "GET", "/jython"));
    assert!(jython.starts_with("HTTP/1.1 200 OK\r\n"), "{jython}");
    assert!(jython.contains("content-type: text/html") && jython.ends_with("</html>\n"));
    // The dice are thrown anew for each request.
    let throws: Vec<String> = (0..60)
        .map(|_| answer(ask(address(&site), "GET", "/dice")))
        .map(|page| page.split("<strong>").nth(1).expect("eyes")[..1].to_owned())
        .collect();
    assert!(throws.iter().all(|eyes| "123456".contains(eyes)));
    assert!(throws.iter().any(|eyes| *eyes != throws[0]), "60 times {}", throws[0]);
}

#[test]
fn other_paths_and_methods_are_told_at_once_and_leave_it_up() {
    let site = Site::start(60_000);
    assert!(answer(ask(address(&site), "GET", "/")).starts_with("HTTP/1.1 404 Not Found\r\n"));
    let refusal = answer(ask(address(&site), "POST", "/dice"));
    assert!(refusal.starts_with("HTTP/1.1 405 Method Not Allowed\r\n"), "{refusal}");
    assert!(refusal.contains("allow: GET, HEAD\r\n"), "{refusal}");
    let mut nonsense = TcpStream::connect(address(&site)).expect("it listens");
    nonsense.write_all(b"\x00\xff nonsense\r\n\r\n").expect("it reads");
    assert!(answer(nonsense).starts_with("HTTP/1.1 400 Bad Request\r\n"));
    assert_eq!((site.record.requests(), site.record.connections()), (0, 0));
}

#[test]
fn no_answer_comes_before_its_latency_and_none_waits_for_another() {
    const LATENCY: Duration = Duration::from_millis(500);
    let site = Site::start(500);
    let asked: Vec<_> =
        (0..160).map(|_| (Instant::now(), ask(address(&site), "GET", "/dice"))).collect();
    let all_asked = Instant::now();
    for (asked, stream) in asked {
        assert!(answer(stream).starts_with("HTTP/1.1 200 OK\r\n"));
        assert!(asked.elapsed() >= LATENCY);
    }
    // One after another they would take 160 latencies.
    assert!(all_asked.elapsed() < 20 * LATENCY, "{:?}", all_asked.elapsed());
}

/// A connection that does not fit into the listener's backlog is tried again after a second. Here
/// nobody takes the connections out of it until all are there. (Other systems have lower limits.)
#[cfg(target_os = "linux")]
#[test]
fn a_burst_of_connections_fits_into_the_backlog() {
    let server = practice_site::Server::bind(
        std::net::SocketAddr::from(([127, 0, 0, 1], 0)),
        Duration::from_millis(1),
    );
    let server = server.expect("a free port");
    let (address, record) = (server.address().expect("an address"), server.record());
    let connect = |_| TcpStream::connect_timeout(&address, Duration::from_millis(900));
    let limit = std::fs::read_to_string("/proc/sys/net/core/somaxconn").expect("Linux has it");
    let many = 1_000.min(limit.trim().parse().expect("a number"));
    let burst: Vec<_> = (0..many).map(connect).collect::<Result<_, _>>().expect("all fit");
    std::thread::spawn(|| server.run());
    for mut stream in burst {
        let request = b"GET /dice HTTP/1.1\r\nHost: practice\r\nConnection: close\r\n\r\n";
        stream.write_all(request).expect("it reads");
        assert!(answer(stream).starts_with("HTTP/1.1 200 OK\r\n"));
    }
    assert_eq!(record.connections(), many);
}

#[test]
fn the_cost_of_connecting_is_paid_once_a_connection() {
    let site = Program::start(5, 200);
    let page = |stream: &mut TcpStream| {
        let asked = Instant::now();
        stream.write_all(b"HEAD /dice HTTP/1.1\r\nHost: practice\r\n\r\n").expect("it reads");
        let mut lines = BufReader::new(stream).lines().map(|line| line.expect("a line"));
        assert_eq!(lines.next().as_deref(), Some("HTTP/1.1 200 OK"));
        assert!(lines.any(|line| line.is_empty()));
        asked.elapsed()
    };
    let paid = Duration::from_millis(205);
    for _ in 0..2 {
        let mut stream = TcpStream::connect(&site.address).expect("it listens");
        assert!(page(&mut stream) >= paid);
        // A busy machine may hold one of them up.
        assert!((0..20).any(|_| page(&mut stream) < paid / 2));
    }
}

#[test]
fn a_client_that_goes_away_is_not_in_flight_any_more() {
    let site = Site::start(60_000);
    let stream = ask(address(&site), "GET", "/dice");
    wait_until("the request", || site.record.in_flight() == 1);
    drop(stream);
    wait_until("its end", || site.record.in_flight() == 0);
}

/// Each connection takes a descriptor here and one in the site's process.
#[test]
fn ten_thousand_requests_in_flight_at_once() {
    let limit = rlimit::increase_nofile_limit(u64::MAX).expect("a limit");
    let many = 10_000.min(limit.saturating_sub(200));
    let site = Program::start(60_000, 0);
    let streams: Vec<_> = (0..many).map(|_| ask(&site.address, "GET", "/jython")).collect();
    wait_until("all requests", || record(&site.address)["in_flight"] == many);
    #[cfg(target_os = "linux")]
    {
        let status = std::fs::read_to_string(format!("/proc/{}/status", site.child.id()));
        let status = status.expect("the site runs");
        let line = status.lines().find(|line| line.starts_with("VmHWM:")).expect("its memory");
        let kilobytes: u64 = line.split_whitespace().nth(1).expect("kB").parse().expect("kB");
        // 20 kB for each connection, and 50 MB for the rest.
        assert!(kilobytes < 50_000 + 20 * many, "{line} for {many} connections");
    }
    drop(streams);
    wait_until("the end of all", || record(&site.address)["in_flight"] == 0);
    assert_eq!(record(&site.address)["peak_in_flight"], many);
}

#[test]
fn a_port_in_use_is_told() {
    let site = Program::start(1, 0);
    let port = site.address.rsplit(':').next().expect("a port");
    let output = Command::new(program("practice_site")).args(["--port", port]).output();
    let output = output.expect("it runs");
    assert_eq!(output.status.code(), Some(1));
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(told.starts_with(&format!("error: no practice site at 127.0.0.1:{port}: ")), "{told}");
    assert_eq!(told.lines().count(), 1, "{told}");
}

#[test]
fn one_site_serves_lessons_that_are_told_where_it_is() {
    let site = Program::start(5, 0);
    let url = format!("http://{}/", site.address);
    let ended = tests::Lesson::run("threaded_downloader", &["--site", &url, "--repeat", "10"]);
    assert_eq!(ended.code(), 0, "{ended:?}");
    let seen = record(&site.address);
    assert_eq!((&seen["requests"], &seen["connections"]), (&20.into(), &5.into()), "{seen}");
}
