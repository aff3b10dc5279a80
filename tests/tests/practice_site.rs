//! The practice site, as its clients see it.
#![expect(clippy::print_stdout, reason = "with --nocapture the tests tell what they measured")]

#[path = "../site_program.rs"]
mod site_program;

use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpStream};
use std::process::Command;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use harness::Limit;
#[cfg(unix)]
use harness::Model;
use practice_site::{Limits, Server, SiteRecord};
use site_program::{SiteProgram, answer, as_many_connections_as, ask};
use test_sites::Site;
use testing::{first, only_does, program, wait_until};

/// A request that leaves its connection open.
const REQUEST: &[u8] = b"GET /dice HTTP/1.1\r\nHost: practice\r\n\r\n";

/// A site on a thread of this process, with stricter limits than usual.
fn strict_site(latency: u64, limits: Limits) -> (SocketAddr, Arc<SiteRecord>) {
    let any_port = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let server = Server::bind(any_port, Duration::from_millis(latency)).expect("a free port");
    let server = server.with_limits(limits);
    let (address, record) = (server.address().expect("an address"), server.record());
    thread::spawn(|| server.run());
    (address, record)
}

/// Limits with this much patience.
fn silence(milliseconds: u64) -> Limits {
    Limits { silence: Duration::from_millis(milliseconds), ..Limits::default() }
}

/// Everything that arrives until the connection ends, in good order or by a reset.
fn last_words(mut stream: &TcpStream) -> String {
    stream.set_read_timeout(Some(Duration::from_secs(60))).expect("a time");
    let mut words = Vec::new();
    match stream.read_to_end(&mut words) {
        Err(error) if error.kind() == ErrorKind::WouldBlock => {
            panic!("it was not ended in a minute")
        }
        _ => String::from_utf8_lossy(&words).into_owned(),
    }
}

/// The head and the page of the answer to [`REQUEST`], on a connection that stays open.
fn page(stream: &TcpStream) -> String {
    let mut reader = BufReader::new(stream);
    let mut answer = String::new();
    while !answer.ends_with("</html>\n") {
        assert!(reader.read_line(&mut answer).expect("it answers") > 0, "it ended with {answer:?}");
    }
    answer
}

fn address(site: &Site) -> &str {
    site.url.trim_start_matches("http://")
}

#[test]
fn it_has_the_two_pages_of_the_articles() {
    let site = Site::start(1);
    let jython = answer(ask(address(&site), "GET", "/jython"));
    assert!(jython.starts_with("HTTP/1.1 200 OK\r\n"), "{jython}");
    assert!(jython.contains("content-type: text/html") && jython.ends_with("</html>\n"));
    // The dice are rolled again for each request.
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
    assert!(answer(ask(address(&site), "GET", "/none")).starts_with("HTTP/1.1 404 Not Found\r\n"));
    // For a browser: what it is, and how to try it, with the address that the browser asked for.
    let home = answer(ask(address(&site), "GET", "/"));
    assert!(
        home.contains("content-security-policy: default-src 'none'")
            && home.contains("--site http://practice"),
        "{home}"
    );
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

/// A connection that does not fit into the listen backlog is tried again after a second. Here nothing accepts
/// connections from it until all are there. (Other systems have lower limits.)
#[cfg(target_os = "linux")]
#[test]
fn a_burst_of_connections_fits_into_the_backlog() {
    let any_port = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let server = Server::bind(any_port, Duration::from_millis(1));
    let server = server.expect("a free port");
    let (address, record) = (server.address().expect("an address"), server.record());
    let connect = |_| TcpStream::connect_timeout(&address, Duration::from_millis(900));
    let limit = std::fs::read_to_string("/proc/sys/net/core/somaxconn").expect("Linux has it");
    let many = 1_000.min(limit.trim().parse().expect("a number"));
    let burst: Vec<_> = (0..many).map(connect).collect::<Result<_, _>>().expect("all fit");
    thread::spawn(|| server.run());
    for mut stream in burst {
        let request = b"GET /dice HTTP/1.1\r\nHost: practice\r\nConnection: close\r\n\r\n";
        stream.write_all(request).expect("it reads");
        assert!(answer(stream).starts_with("HTTP/1.1 200 OK\r\n"));
    }
    assert_eq!(record.connections(), many);
}

#[test]
fn the_cost_of_connecting_is_paid_once_a_connection() {
    let mut command = Command::new(program("practice_site").path());
    command.args(["--latency", "5", "--connecting", "200"]);
    let site = SiteProgram::start_command(command);
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
        // A busy machine may delay one of them.
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
    assert_eq!(site.record.given_up(), 1);
}

#[test]
fn the_services_take_their_latencies_and_count_as_pages() {
    let site = Site::start(100);
    for (method, path, status, latencies) in [
        ("GET", "/services/price", "200 OK", 1),
        ("GET", "/services/points", "200 OK", 3),
        ("GET", "/services/rates", "503 Service Unavailable", 0),
        ("POST", "/services/order", "503 Service Unavailable", 1),
    ] {
        let asked = Instant::now();
        let answer = answer(ask(address(&site), method, path));
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}\r\n")), "{path}: {answer}");
        assert!(asked.elapsed() >= Duration::from_millis(100) * latencies, "{path}");
    }
    // They are not there with another method.
    for (method, path, status) in [
        ("GET", "/services/order", "404 Not Found"),
        ("POST", "/services/price", "405 Method Not Allowed"),
        ("GET", "/services/none", "404 Not Found"),
    ] {
        let answer = answer(ask(address(&site), method, path));
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}\r\n")), "{path}: {answer}");
    }
    assert_eq!(site.record.given_up(), 0);
    assert_eq!(site.seen(), (1, 4, 4));
}

#[test]
fn a_port_in_use_is_told() {
    let site = SiteProgram::start(1);
    let port = site.address.rsplit(':').next().expect("a port");
    let output = Command::new(program("practice_site").path()).args(["--port", port]).output();
    let output = output.expect("it runs");
    assert_eq!(output.status.code(), Some(1));
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(told.starts_with(&format!("error: no practice site at 127.0.0.1:{port}: ")), "{told}");
    assert_eq!(told.lines().count(), 1, "{told}");
}

#[test]
fn one_site_serves_lessons_that_are_told_where_it_is() {
    let site = SiteProgram::start(5);
    let url = format!("http://{}/", site.address);
    let lesson =
        first("threads that download", |it| only_does(it, "page") && it.limit() == Limit::Fixed(5));
    let ended = program(lesson.name()).run(&["--site", &url, "--repeat", "10"]);
    assert_eq!(ended.code(), 0, "{ended:?}");
    let seen = site.record();
    assert_eq!((&seen["requests"], &seen["connections"]), (&20.into(), &5.into()), "{seen}");
}

#[test]
fn what_is_no_request_is_refused_and_leaves_it_up() {
    let (address, record) = strict_site(1, silence(500));
    let of_a_megabyte = |start: &str, end: &str| format!("{start}{}{end}", "a".repeat(1 << 20));
    let many_headers: String = (0..10_000).map(|n| format!("X-{n}: 1\r\n")).collect();
    let nonsense: Vec<Vec<u8>> = vec![
        b"".into(),
        b"\r\n".into(),
        b"\r\n\r\n\r\n\r\n".into(),
        b"\0".into(),
        vec![0xff; 100_000],
        (0..=255).collect(),
        // A client that speaks TLS, and one that speaks HTTP/2.
        b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03".into(),
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".into(),
        b"GET /dice\r\n".into(),
        b"GET /dice HTTP/9.9\r\n\r\n".into(),
        b"GET  HTTP/1.1\r\n\r\n".into(),
        b"GET dice HTTP/1.1\r\n\r\n".into(),
        b"GET /di ce HTTP/1.1\r\n\r\n".into(),
        b"GET /dice HTTP/1.1\r\nno colon\r\n\r\n".into(),
        b"GET /dice HTTP/1.1\r\nsp ace: 1\r\n\r\n".into(),
        b"GET /dice HTTP/1.1\r\n: nameless\r\n\r\n".into(),
        b"GET /dice HTTP/1.1\r\nx: \0\r\n\r\n".into(),
        b"GET /dice HTTP/1.1\r\nContent-Length: -1\r\n\r\n".into(),
        b"GET /dice HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n".into(),
        b"GET /dice HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n".into(),
        b"GET /dice HTTP/1.1\r\nTransfer-Encoding: nonsense\r\n\r\n".into(),
        b"POST /dice HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nnonsense\r\n".into(),
        b"CONNECT elsewhere:443 HTTP/1.1\r\n\r\n".into(),
        b"GET /dice HTTP/1.1\r\nHost: practice\r\n".into(),
        format!("GET /dice HTTP/1.1\r\n{many_headers}\r\n").into(),
        of_a_megabyte("GET /", " HTTP/1.1\r\n\r\n").into(),
        of_a_megabyte("GET /dice HTTP/1.1\r\nx: ", "\r\n\r\n").into(),
        of_a_megabyte("", "").into(),
    ];
    for bytes in nonsense {
        let mut stream = TcpStream::connect(address).expect("it listens");
        // The site may close the connection before the end.
        let _ = stream.write_all(&bytes);
        let told = last_words(&stream);
        let start = String::from_utf8_lossy(&bytes[..bytes.len().min(60)]);
        assert!(told.is_empty() || told.starts_with("HTTP/1.1 4"), "{start:?}: {told:?}");
    }
    assert_eq!((record.requests(), record.connections()), (0, 0));
    let dice = answer(ask(&address.to_string(), "GET", "/dice"));
    assert!(dice.starts_with("HTTP/1.1 200 OK\r\n"), "{dice}");
}

#[test]
fn a_request_that_comes_byte_by_byte_is_given_up_but_not_one_that_is_done_in_time() {
    let (address, record) = strict_site(1, silence(2_000));
    let drip = |bytes: &[u8], pause: u64| {
        let mut stream = TcpStream::connect(address).expect("it listens");
        stream.set_nodelay(true).expect("it can be set");
        for byte in bytes {
            if stream.write_all(&[*byte]).is_err() {
                break;
            }
            thread::sleep(Duration::from_millis(pause));
        }
        stream
    };
    assert!(page(&drip(REQUEST, 1)).starts_with("HTTP/1.1 200 OK\r\n"));
    let endless = [REQUEST[..REQUEST.len() - 2].to_vec(), b"x: 1\r\n".repeat(10_000)].concat();
    assert_eq!(last_words(&drip(&endless, 20)), "");
    assert_eq!(record.requests(), 1);
}

#[test]
fn a_connection_that_brings_no_request_ends_and_one_that_does_lives_on() {
    const SILENCE: Duration = Duration::from_millis(2_000);
    let (address, record) = strict_site(1, silence(2_000));
    let start = Instant::now();
    let silent = TcpStream::connect(address).expect("it listens");
    let mut lively = TcpStream::connect(address).expect("it listens");
    while start.elapsed() < 2 * SILENCE {
        lively.write_all(REQUEST).expect("it is open");
        page(&lively);
    }
    assert_eq!((last_words(&silent), record.connections()), (String::new(), 1));
    // From now on it is as silent as the other.
    let since = Instant::now();
    assert_eq!(last_words(&lively), "");
    assert!(since.elapsed() > SILENCE / 2, "{:?}", since.elapsed());
}

#[test]
fn a_page_may_take_longer_than_silence_may_last() {
    let (address, _) = strict_site(3_000, silence(1_000));
    let mut stream = TcpStream::connect(address).expect("it listens");
    stream.write_all(REQUEST).expect("it reads");
    assert!(page(&stream).starts_with("HTTP/1.1 200 OK\r\n"));
}

#[test]
fn who_asks_for_more_and_more_and_reads_nothing_is_given_up() {
    let (address, record) = strict_site(0, silence(1_000));
    let mut greedy = TcpStream::connect(address).expect("it listens");
    greedy.set_write_timeout(Some(Duration::from_secs(60))).expect("a time");
    let requests = String::from_utf8_lossy(REQUEST).replace("dice", "jython").repeat(1_000);
    let refusal = loop {
        if let Err(error) = greedy.write_all(requests.as_bytes()) {
            break error.kind();
        }
    };
    let ends = [ErrorKind::ConnectionReset, ErrorKind::ConnectionAborted, ErrorKind::BrokenPipe];
    assert!(ends.contains(&refusal), "{refusal} after {} requests", record.requests());
    wait_until("the last of them to be dropped", || record.in_flight() == 0);
}

#[test]
fn a_body_that_never_comes_is_not_waited_for() {
    let (address, record) = strict_site(1, Limits::default());
    let cases = [("POST", "405"), ("PUT", "405"), ("GET", "200")];
    for (method, status) in cases {
        for head in ["Content-Length: 1000000", "Transfer-Encoding: chunked"] {
            for more in ["", "Expect: 100-continue\r\n"] {
                let mut stream = TcpStream::connect(address).expect("it listens");
                let request = format!("{method} /dice HTTP/1.1\r\n{head}\r\n{more}\r\n");
                stream.write_all(request.as_bytes()).expect("it reads");
                let told = last_words(&stream);
                assert!(told.starts_with(&format!("HTTP/1.1 {status}")), "{request}{told}");
            }
        }
    }
    assert_eq!(record.requests(), 4);
    wait_until("the end of all", || record.in_flight() == 0);
}

#[test]
fn requests_that_do_not_wait_for_answers_are_answered_in_their_order() {
    let site = Site::start(5);
    let mut stream = TcpStream::connect(address(&site)).expect("it listens");
    let pair = "GET /dice HTTP/1.1\r\n\r\nGET /jython HTTP/1.1\r\n\r\n";
    let last = "GET /last HTTP/1.1\r\nConnection: close\r\n\r\n";
    stream.write_all(format!("{}{last}", pair.repeat(25)).as_bytes()).expect("it reads");
    let answers = answer(stream);
    let titles: Vec<&str> =
        answers.split("<title>").skip(1).filter_map(|rest| rest.split('<').next()).collect();
    assert_eq!(titles, ["Dice", "The practice site"].repeat(25));
    assert!(answers.ends_with("There are /, /jython, /dice and /record here.\n"), "{answers}");
    let (record, peak) = (&site.record, site.record.peak_in_flight());
    assert_eq!((record.requests(), record.connections(), peak), (50, 1, 1));
}

/// A client that closes its sending side looks like one that has gone away.
#[test]
fn half_closed_connections_end() {
    let site = Site::start(60_000);
    for request in [b"".as_slice(), &REQUEST[..10], REQUEST] {
        let mut stream = TcpStream::connect(address(&site)).expect("it listens");
        stream.write_all(request).expect("it reads");
        stream.shutdown(Shutdown::Write).expect("it is open");
        assert_eq!(last_words(&stream), "");
    }
    wait_until("the end of all", || site.record.in_flight() == 0);
}

#[test]
fn connections_beyond_its_limit_wait_for_their_turn() {
    let (address, record) = strict_site(1, Limits { connections: 3, ..Limits::default() });
    let mut three: Vec<_> = (0..3)
        .map(|_| {
            let mut stream = TcpStream::connect(address).expect("it listens");
            stream.write_all(REQUEST).expect("it reads");
            page(&stream);
            stream
        })
        .collect();
    let mut fourth = TcpStream::connect(address).expect("it is in the system's list");
    fourth.write_all(REQUEST).expect("the system keeps it");
    thread::sleep(Duration::from_millis(300));
    assert_eq!(record.connections(), 3);
    three.pop();
    assert!(page(&fourth).starts_with("HTTP/1.1 200 OK\r\n"));
}

/// Each of them keeps the rules; but all together they would keep the others out for a minute.
#[test]
fn silent_connections_do_not_keep_others_out() {
    let (address, _) = strict_site(1, Limits { connections: 3, ..Limits::default() });
    let silent: Vec<_> =
        (0..9).map(|_| TcpStream::connect(address).expect("it is in the system's list")).collect();
    let start = Instant::now();
    let mut honest = TcpStream::connect(address).expect("it is in the system's list");
    honest.write_all(REQUEST).expect("the system keeps it");
    assert!(page(&honest).starts_with("HTTP/1.1 200 OK\r\n"));
    // Three at a time have to go, after they have been silent for a while.
    assert!(start.elapsed() < Duration::from_secs(30), "{:?}", start.elapsed());
    drop(silent);
}

/// Linux tells how many descriptors another process has, and `sh` can limit them.
#[cfg(target_os = "linux")]
#[test]
fn without_descriptors_left_it_serves_whom_it_has_and_goes_on_when_there_are_some() {
    let mut command = Command::new("sh");
    command.args(["-c", "ulimit -n 64; exec \"$@\"", "sh"]).arg(program("practice_site").path());
    command.args(["--latency", "1"]);
    let site = SiteProgram::start_command(command);
    let descriptors = site.descriptors();
    let mut early = TcpStream::connect(&site.address).expect("it listens");
    early.write_all(REQUEST).expect("it reads");
    page(&early);
    let crowd: Vec<_> = (0..200)
        .map(|_| TcpStream::connect(&site.address).expect("it is in the system's list"))
        .collect();
    wait_until("its last descriptor to be taken", || site.descriptors() >= 64);
    early.write_all(REQUEST).expect("it reads");
    assert!(page(&early).starts_with("HTTP/1.1 200 OK\r\n"));
    drop(crowd);
    assert_eq!(site.record()["requests"], 2);
    drop(early);
    wait_until("all but its own to be free", || site.descriptors() == descriptors);
}

/// Each connection takes a descriptor here and one in the site's process.
#[test]
#[ignore = "it takes long: 20,000 connections"]
fn ten_thousand_that_say_nothing_and_ten_thousand_that_wait_keep_no_other_from_its_pages() {
    let many = as_many_connections_as(10_000);
    let site = SiteProgram::start(50);
    #[cfg(target_os = "linux")]
    let descriptors = site.descriptors();
    // The median of some requests, each on its own connection.
    let page_takes = || {
        let mut took: Vec<_> = (0..15)
            .map(|_| {
                let asked = Instant::now();
                answer(ask(&site.address, "GET", "/jython"));
                asked.elapsed()
            })
            .collect();
        took.sort_unstable();
        took[took.len() / 2]
    };
    let alone = page_takes();

    let connect = |_| TcpStream::connect(&site.address).expect("it listens");
    let silent: Vec<_> = (0..many).map(connect).collect();
    let beside_silent = page_takes();
    println!("a page: alone {alone:.1?}, beside {many} that say nothing {beside_silent:.1?}");
    #[cfg(target_os = "linux")]
    println!("the site had {} kB at most", site.memory());
    // It is 1.0 on a quiet machine.
    assert!(beside_silent < 3 * alone, "{beside_silent:?} instead of {alone:?}");
    #[cfg(target_os = "linux")]
    // They have no buffers: 4 kB each, and 50 MB for the rest.
    assert!(site.memory() < 50_000 + 4 * many, "{} kB", site.memory());
    drop(silent);

    // Half a request is all that it takes to have buffers.
    let half = |_| {
        let mut stream = TcpStream::connect(&site.address).expect("it listens");
        stream.write_all(&REQUEST[..REQUEST.len() - 2]).expect("it reads");
        stream
    };
    let waiting: Vec<_> = (0..many).map(half).collect();
    let beside_half = page_takes();
    println!("beside {many} half requests {beside_half:.1?}");
    assert!(beside_half < 3 * alone, "{beside_half:?} instead of {alone:?}");
    #[cfg(target_os = "linux")]
    {
        println!("the site had {} kB at most", site.memory());
        // 20 kB for each connection, and 50 MB for the rest.
        assert!(site.memory() < 50_000 + 20 * many, "{} kB", site.memory());
    }
    drop(waiting);
    #[cfg(target_os = "linux")]
    wait_until("their descriptors to be free", || site.descriptors() == descriptors);
}

/// The most expensive clients: the longest request heads, and more requests than the site reads.
#[cfg(target_os = "linux")]
#[test]
#[ignore = "it takes long, and 500 connections that send a megabyte"]
fn its_memory_is_bounded_whatever_it_is_sent() {
    const MANY: u64 = 500;
    // If further requests come before its end, the site notices that a client has gone only when its page is due.
    let site = SiteProgram::start(3_000);
    let descriptors = site.descriptors();
    let long_head = [&REQUEST[..REQUEST.len() - 2], b"x: ", &[b'a'; 1 << 20]].concat();
    let crowd: Vec<_> = (0..MANY)
        .map(|n| {
            let mut stream = TcpStream::connect(&site.address).expect("it listens");
            // One that is too long, one that is just not, and requests that wait for each other.
            let bytes = match n % 3 {
                0 => long_head.clone(),
                1 => long_head[..16_000].to_vec(),
                _ => REQUEST.repeat(10_000),
            };
            stream.set_write_timeout(Some(Duration::from_millis(5))).expect("a time");
            let _ = stream.write_all(&bytes);
            stream
        })
        .collect();
    wait_until("their first requests", || site.record()["requests"].as_u64() >= Some(MANY / 3));
    println!("the site had {} kB at most", site.memory());
    // 60 kB for each connection, and 50 MB for the rest.
    assert!(site.memory() < 50_000 + 60 * MANY, "{} kB", site.memory());
    drop(crowd);
    wait_until("their descriptors to be free", || site.descriptors() == descriptors);
}

/// As in a debugger: the site closes the connections of a client that is stopped.
#[cfg(unix)]
#[test]
fn clients_that_are_stopped_for_longer_than_silence_may_last_lose_no_page() {
    let clients: [(Model, &[&str]); 4] = [
        (Model::Sync, &[]),
        (Model::Threads, &[]),
        (Model::Async, &["--workers", "1"]),
        (Model::Async, &["--workers", "3"]),
    ];
    let stopped_ones = clients.map(|(model, more)| {
        thread::spawn(move || {
            let lesson =
                first("it downloads", |it| only_does(it, "page") && it.model() == model).name();
            // On a busy machine a client that is not stopped may be silent for a while, too.
            let (address, record) = strict_site(100, silence(1_500));
            let url = format!("http://{address}");
            let arguments = [&["--site", &url, "--repeat", "15"], more].concat();
            let client = program(lesson).start(&arguments);
            for pages in [3, 10] {
                wait_until("pages", || record.requests() >= pages);
                let before = record.connections();
                testing::signal("-STOP", client.id());
                thread::sleep(Duration::from_millis(2_500));
                testing::signal("-CONT", client.id());
                // It had to connect again, which shows that its connections were closed.
                wait_until("a new connection", || record.connections() > before);
            }
            let ended = client.wait();
            assert_eq!((ended.code(), record.requests()), (0, 30), "{lesson}: {ended:?}");
        })
    });
    for stopped in stopped_ones {
        stopped.join().expect("it lost a page");
    }
}
