//! How the chat treats strangers: whoever comes, with whatever they send.
#![cfg(unix)]

use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use testing::{OwnLesson, Program, Running, own_lesson, signal};

const LESSON: OwnLesson = own_lesson!();

/// A chat that is open for whoever comes.
struct Open {
    running: Option<Running>,
    port: u16,
}

/// Somebody in the chat.
struct Guest {
    socket: TcpStream,
    lines: BufReader<TcpStream>,
}

fn open(program: &Program, arguments: &[&str]) -> Open {
    let arguments = [&["--serve", "--port", "0"], arguments].concat();
    let mut running = program.start(&arguments);
    let invitation = running.line();
    let port = invitation.split("nc 127.0.0.1 ").nth(1).and_then(|rest| rest.split(' ').next());
    let port = port.and_then(|port| port.parse().ok());
    Open { running: Some(running), port: port.unwrap_or_else(|| panic!("no port: {invitation}")) }
}

impl Open {
    fn guest(&self) -> Guest {
        let socket = TcpStream::connect(("127.0.0.1", self.port)).expect("it is open");
        // Only a hang takes so long.
        socket.set_read_timeout(Some(Duration::from_secs(60))).expect("a time limit");
        let lines = BufReader::new(socket.try_clone().expect("a second handle"));
        let mut guest = Guest { socket, lines };
        assert_eq!(guest.line(), "* Welcome. Your name?");
        guest
    }

    /// A guest who reads only if it has to, and for whom the system keeps little.
    fn sleeper(&self) -> Guest {
        let sleeper = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None);
        let sleeper = sleeper.expect("a socket");
        sleeper.set_recv_buffer_size(16 * 1024).expect("a small buffer");
        let address = std::net::SocketAddr::from(([127, 0, 0, 1], self.port));
        sleeper.connect(&address.into()).expect("it is open");
        let socket = TcpStream::from(sleeper);
        socket.set_read_timeout(Some(Duration::from_secs(60))).expect("a time limit");
        let lines = BufReader::new(socket.try_clone().expect("a second handle"));
        let mut sleeper = Guest { socket, lines };
        sleeper.says("sleeper");
        sleeper.hears("* sleeper joined.");
        sleeper
    }

    /// Sixty guests say nine lines each, and each reads the lines of all: more than the system keeps for a sleeper.
    fn sixty_chat(&self) -> Vec<Guest> {
        let guests = (0..60).map(|number| self.named(&format!("guest{number}")));
        let mut guests: Vec<Guest> = guests.collect();
        // In nine rounds, so that those who read are never far behind.
        let text = "z".repeat(390);
        let mut own = vec![0; guests.len()];
        for round in 1..=9 {
            for guest in &mut guests {
                guest.says(&format!("{text}{round}"));
            }
            for (guest, heard) in guests.iter_mut().zip(&mut own) {
                while *heard < round * 60 {
                    *heard += usize::from(guest.line().starts_with("guest"));
                }
            }
        }
        guests
    }

    fn named(&self, name: &str) -> Guest {
        let mut guest = self.guest();
        guest.says(name);
        guest.hears(&format!("* {name} joined."));
        guest
    }

    /// Ends it, as Ctrl-C does.
    fn ends(mut self) {
        let running = self.running.take().expect("it runs");
        signal("-INT", running.id());
        let ended = running.wait();
        assert_eq!((ended.code(), ended.stderr.as_str()), (130, ""), "{ended:?}");
        assert!(!ended.stdout.contains("panicked"), "{ended:?}");
    }
}

/// Even after a test that failed, nothing is left.
impl Drop for Open {
    fn drop(&mut self) {
        if let Some(running) = &self.running {
            signal("-KILL", running.id());
        }
    }
}

impl Guest {
    fn line(&mut self) -> String {
        let mut line = String::new();
        self.lines.read_line(&mut line).expect("a line");
        line.trim_end_matches('\n').into()
    }

    fn says(&mut self, line: &str) {
        self.says_bytes(format!("{line}\n").as_bytes());
    }

    fn says_bytes(&mut self, bytes: &[u8]) {
        self.socket.write_all(bytes).expect("it is written");
    }

    /// Reads up to this line; returns those before it.
    fn hears(&mut self, wanted: &str) -> Vec<String> {
        let mut before = Vec::new();
        loop {
            match self.line() {
                line if line == wanted => return before,
                line if line.is_empty() => panic!("'{wanted}' did not come: {before:?}"),
                line => before.push(line),
            }
        }
    }

    /// Whether the server has closed the connection, after whatever it said before.
    fn is_shown_out(&mut self) -> bool {
        let mut rest = Vec::new();
        match self.lines.read_to_end(&mut rest) {
            Ok(_) => true,
            // What the server did not read any more is answered in this way.
            Err(error) => error.kind() == ErrorKind::ConnectionReset,
        }
    }
}

#[test]
fn people_chat_under_names_of_their_own_and_are_told_farewell() {
    let open = open(&LESSON.program(), &[]);
    let mut ann = open.named("ann");
    let mut other = open.guest();
    other.says("Ann\r");
    assert_eq!(other.line(), "* That name is taken. Another name?");
    other.says("b:b");
    assert_eq!(other.line(), "* A name has up to 16 letters and digits. Another name?");
    other.says("bob");
    other.hears("* bob joined.");
    ann.hears("* bob joined.");
    ann.says("hello");
    assert_eq!(other.line(), "ann: hello");
    assert_eq!(ann.line(), "ann: hello");
    // In the middle of a line, bob is gone: what did not end was not said.
    other.says_bytes(b"half a li");
    drop(other);
    assert_eq!(ann.line(), "* bob left.");
    // The name is free again.
    let mut bob = open.named("bob");
    open.ends();
    ann.hears("* The server ends. Good-bye.");
    bob.hears("* The server ends. Good-bye.");
    assert!(ann.is_shown_out() && bob.is_shown_out());
}

#[test]
fn no_terminal_gets_an_order_and_no_line_is_too_long() {
    let open = open(&LESSON.program(), &[]);
    let mut ann = open.named("ann");
    let mut mallory = open.named("mallory");
    mallory.says_bytes(b"\x1b[2J\x1b]0;title\x07red\r\n\xff\xfe\x9b31m caf\xc3\xa9 \xe2\x80\xae\n");
    mallory.says(&"x".repeat(5_000));
    ann.hears("mallory: [2J]0;titlered");
    assert_eq!(ann.line(), "mallory: \u{fffd}\u{fffd}\u{fffd}31m café");
    assert_eq!(ann.line(), format!("mallory: {}", "x".repeat(400)));
    mallory.hears("* That line was cut: 400 bytes are the most.");
    // A line without an end: good-bye means now, and not at its next byte.
    let mut endless = open.named("endless");
    endless.says_bytes(&[b'y'; 64 * 1024 + 1]);
    endless.hears("* That line has no end. Good-bye.");
    assert!(endless.is_shown_out());
    // A line of a megabyte: it may be over before all is written.
    let _ = mallory.socket.write_all(&vec![b'y'; 1_000_000]);
    assert!(mallory.is_shown_out());
    let heard = ann.hears("* mallory left.");
    assert_eq!(heard, ["* endless joined.", "* endless left."]);
    open.ends();
}

#[test]
fn a_flood_is_cut_off_and_the_others_chat_on() {
    let open = open(&LESSON.program(), &[]);
    let mut ann = open.named("ann");
    let mut flood = open.named("flood");
    ann.hears("* flood joined.");
    let _ = flood.socket.write_all("again\n".repeat(100_000).as_bytes());
    assert!(flood.is_shown_out());
    let said = ann.hears("* flood left.");
    // Ten at once, of which the name was one; a slow machine has time for a few more.
    assert!((9..=30).contains(&said.len()), "{said:?}");
    ann.says("still here");
    ann.hears("ann: still here");
    open.ends();
}

#[test]
fn a_thousand_come_at_once_and_go_at_once() {
    let open = open(&LESSON.program(), &[]);
    let mut ann = open.named("ann");
    let connect = |_| TcpStream::connect(("127.0.0.1", open.port)).expect("it is open");
    let mut all: Vec<TcpStream> = (0..1_000).map(connect).collect();
    for socket in &mut all {
        socket.set_read_timeout(Some(Duration::from_secs(60))).expect("a time limit");
        let mut greeting = [0; 22];
        socket.read_exact(&mut greeting).expect("a greeting");
        assert_eq!(&greeting, b"* Welcome. Your name?\n");
    }
    drop(all);
    ann.says("alone again");
    ann.hears("ann: alone again");
    open.ends();
}

#[test]
fn a_guest_who_does_not_read_is_told_what_it_missed_and_holds_up_nobody() {
    let open = open(&LESSON.program(), &[]);
    let mut sleeper = open.sleeper();
    let _guests = open.sixty_chat();
    let (mut heard, mut missed, mut line) = (0, 0, String::new());
    sleeper.socket.set_read_timeout(Some(Duration::from_millis(200))).expect("a time limit");
    while heard + missed < 60 + 540 {
        match sleeper.lines.read_line(&mut line) {
            Ok(bytes) => {
                assert!(bytes > 0, "{heard} heard, {missed} missed");
                match line.strip_prefix("* You missed ").and_then(|rest| rest.split(' ').next()) {
                    Some(many) => missed += many.parse::<usize>().expect("a number"),
                    None => heard += usize::from(!line.contains("Too fast")),
                }
                line.clear();
            }
            // What it sends tells the server's system that there is room again.
            Err(_late) => sleeper.says_bytes(b" "),
        }
    }
    assert_eq!(heard + missed, 60 + 540);
    assert!(missed > 0, "{heard} heard");
    open.ends();
}

#[test]
fn a_full_room_lets_nobody_in_and_says_so() {
    let open = open(&LESSON.program(), &["--room", "1"]);
    let mut ann = open.named("ann");
    let mut late = String::new();
    let socket = TcpStream::connect(("127.0.0.1", open.port)).expect("it is open");
    BufReader::new(socket).read_to_string(&mut late).expect("it is closed in good order");
    assert_eq!(late, "* No room is left. Try again later.\n");
    ann.says("alone");
    ann.hears("ann: alone");
    open.ends();
}

/// One that has given a name may be silent; half a minute later it is still there.
#[test]
fn connections_that_give_no_name_do_not_keep_others_out() {
    let open = open(&LESSON.program(), &["--room", "3"]);
    let mut ann = open.named("ann");
    let (mut silent, mut slow) = (open.guest(), open.guest());
    let mut late = String::new();
    let socket = TcpStream::connect(("127.0.0.1", open.port)).expect("it is open");
    BufReader::new(socket).read_to_string(&mut late).expect("it is closed in good order");
    assert_eq!(late, "* No room is left. Try again later.\n");
    // A name that comes byte by byte and never ends is none.
    silent.socket.set_read_timeout(Some(Duration::from_millis(200))).expect("a time limit");
    let start = Instant::now();
    while silent.socket.peek(&mut [0]).is_err() && start.elapsed() < Duration::from_secs(60) {
        slow.says_bytes(b"a");
    }
    assert_eq!(silent.line(), "* You gave no name. Good-bye.");
    assert!(silent.is_shown_out() && slow.is_shown_out());
    let mut bob = open.named("bob");
    bob.says("there is room");
    assert_eq!(ann.hears("bob: there is room"), ["* bob joined."]);
    open.ends();
}

// The examples

#[test]
fn whoever_comes_in_later_is_told_the_last_ten_lines() {
    let open = open(&LESSON.example("history"), &[]);
    let mut ann = open.named("ann");
    for line in 1..=4 {
        ann.says(&format!("line {line}"));
    }
    ann.hears("ann: line 4");
    let mut late =
        TcpStream::connect(("127.0.0.1", open.port)).map(BufReader::new).expect("it is open");
    let mut told = String::new();
    while !told.ends_with("name?\n") {
        assert!(late.read_line(&mut told).expect("a line") > 0, "{told}");
    }
    assert!(told.starts_with("* ann joined.\nann: line 1\nann: line 2\n"), "{told}");
    open.ends();
    LESSON.example("history").record(&["--clients", "20", "--messages", "20"]);
}

#[test]
fn whoever_is_idle_is_shown_out() {
    let open = open(&LESSON.example("idle_guests"), &["--idle", "1"]);
    let mut silent = open.guest();
    assert_eq!(silent.line(), "* You were idle. Good-bye.");
    assert!(silent.is_shown_out());
    open.ends();

    // And so is who does not read, though the server has something to say to it.
    let open = self::open(&LESSON.example("idle_guests"), &["--idle", "4"]);
    let _sleeper = open.sleeper();
    let mut guests = open.sixty_chat();
    let ann = &mut guests[0];
    ann.socket.set_read_timeout(Some(Duration::from_millis(100))).expect("a time limit");
    let mut line = String::new();
    while line != "* sleeper left.\n" {
        match ann.lines.read_line(&mut line) {
            Ok(bytes) => {
                assert!(bytes > 0, "ann is shown out");
                if !line.starts_with("* sleeper") {
                    line.clear();
                }
            }
            // A byte is a sign of life.
            Err(_late) => ann.says_bytes(b" "),
        }
    }
    open.ends();
    LESSON.example("idle_guests").record(&["--clients", "20", "--messages", "20"]);
}
