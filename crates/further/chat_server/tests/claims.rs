//! What the lesson claims, how it treats strangers, and what the tutorial says of its examples.

use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

use harness::Limit;
use serde_json::Value;
use testing::record::{items, number, section};
use testing::{OwnLesson, Program, Running, own_lesson};
#[cfg(unix)]
use testing::{children, is_alive, signal, wait_until};

const LESSON: OwnLesson = own_lesson!();
const WAYS: [&str; 2] = ["tasks", "threads"];

// The crowd

#[test]
fn a_thousand_clients_of_which_each_second_one_speaks() {
    assert_eq!(LESSON.described().limit, Limit::Fixed(10));
    assert_eq!(LESSON.defaults(["clients", "asleep", "messages"]), ["1000", "1", "500"]);
}

/// The figures of a way of serving.
fn chat<'run>(run: &'run Value, way: &str) -> &'run Value {
    let chats = run["chats"].as_array().unwrap_or_else(|| panic!("no chats: {run}"));
    let chat = chats.iter().find(|chat| chat["way"] == way);
    chat.unwrap_or_else(|| panic!("no {way}: {run}"))
}

fn count(object: &Value, key: &str) -> u64 {
    object[key].as_u64().unwrap_or_else(|| panic!("no {key}: {object}"))
}

/// Clients and server count independently, and nothing is lost without a word. The readers miss nothing, although some
/// clients do not read: so those hold up nobody.
#[test]
fn every_message_is_delivered_or_told_as_missed_and_who_does_not_read_holds_up_nobody() {
    let (readers, sleepers, messages) = (40, 5, 600);
    let sizes = [readers, sleepers, messages].map(|number: u64| number.to_string());
    let [clients, asleep, said] = &sizes;
    let run = LESSON.record(&["--clients", clients, "--asleep", asleep, "--messages", said]);
    for way in WAYS {
        let chat = chat(&run, way);
        let all = readers + sleepers;
        assert_eq!((count(chat, "clients"), count(chat, "refused")), (all, 0), "{chat}");
        assert_eq!(count(chat, "sent"), messages, "{chat}");
        let (delivered, missed) = (count(chat, "delivered"), count(chat, "missed"));
        assert_eq!(delivered + missed, all * messages, "{chat}");
        for key in ["sent", "delivered", "missed"] {
            assert_eq!(count(chat, key), count(&chat["server"], key), "{key}: {chat}");
        }
        // Each sleeper gets what the channel has kept and what was on its way, and misses the rest.
        assert!(missed > 0 && missed < sleepers * messages, "{chat}");
        assert!(delivered > readers * messages, "{chat}");
        assert!(number(chat, "half_within") <= number(chat, "most_within"), "{chat}");
        for item in section(&run, way).0 {
            assert_eq!(count(item, "result"), readers, "{item}");
        }
    }
    assert_eq!(items(&run).len() as u64, 2 * messages);
}

#[test]
fn the_last_message_is_delivered_as_the_first_even_if_only_one_reads() {
    for arguments in [["--clients", "1", "--asleep", "0"], ["--clients", "1", "--asleep", "9"]] {
        let run = LESSON.record(&[&arguments[..], &["--messages", "30"]].concat());
        assert_eq!(run["deliveries"], 60, "{run}");
    }
}

/// Two threads for each connection, and one for all.
#[cfg(target_os = "linux")]
#[test]
fn a_connection_is_cheaper_as_a_task_in_memory_and_in_work() {
    let run = LESSON.record(&["--messages", "60"]);
    let [tasks, threads] = WAYS.map(|way| chat(&run, way));
    assert!(count(tasks, "threads") < 10, "{tasks}");
    assert!(count(threads, "threads") > 2 * 1_001, "{threads}");
    let times = |key: &str| number(threads, key) / number(tasks, key);
    assert!(times("memory") > 4.0, "{} times the memory: {run}", times("memory"));
    assert!(times("working") > 2.0, "{} times the work: {run}", times("working"));
}

/// As far as threads go: those who are in chat all the same.
#[cfg(target_os = "linux")]
#[test]
fn connections_for_which_there_is_no_thread_are_counted() {
    let arguments = ["--clients", "600", "--messages", "20", "--json"];
    let ended = LESSON.program().run_after("ulimit -v 900000", &arguments);
    assert_eq!((ended.code(), ended.stderr.as_str()), (0, ""), "{ended:?}");
    let run = ended.json();
    let [tasks, threads] = WAYS.map(|way| chat(&run, way));
    assert_eq!(count(tasks, "refused"), 0, "{tasks}");
    assert!(count(threads, "refused") > 0, "{threads}");
    assert_eq!(count(threads, "refused") + count(threads, "clients"), 601, "{threads}");
    assert_eq!(count(threads, "sent"), 20);
}

#[test]
fn too_much_is_refused_before_anything_starts() {
    let program = LESSON.program();
    program.refuses(&["--clients", "0"], "a whole number from 1 to 20000");
    program.refuses(&["--messages", "0"], "a whole number from 1 to 100000");
    program.refuses(&["--clients", "20000", "--messages", "100000"], "2000100000 deliveries");
    program.refuses(&["--bind", "127.0.0.1"], "--serve");
    program.refuses(&["--port", "7000"], "--serve");
    program.refuses(&["--serve", "--port", "65536"], "a whole number from 0 to 65535");
    program.refuses(&["--serve", "--bind", "here"], "'here'");
    program.refuses(&["--serve", "--clients", "3"], "cannot be used with");
}

#[cfg(unix)]
#[test]
fn with_few_descriptors_it_says_how_many_clients_there_can_be() {
    let ended = LESSON.program().run_after("ulimit -n 200", &["--clients", "300"]);
    assert_eq!((ended.code(), ended.stdout.as_str()), (1, ""), "{ended:?}");
    let told = "error: 301 clients are too many: the system allows this process ";
    assert!(ended.stderr.starts_with(told), "{ended:?}");
}

#[test]
fn a_port_that_is_taken_is_told() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = taken.local_addr().expect("its address").port().to_string();
    let ended = LESSON.run(&["--serve", "--port", &port]);
    assert_eq!((ended.code(), ended.stdout.as_str()), (1, ""), "{ended:?}");
    assert!(
        ended.stderr.starts_with(&format!("error: no chat at 127.0.0.1:{port}: ")),
        "{ended:?}"
    );
}

#[cfg(unix)]
#[test]
fn clients_that_are_killed_fail_what_is_in_flight_and_all_that_follows() {
    let mut running = LESSON.program().start(&["--clients", "200", "--messages", "2000"]);
    running.item_line();
    let clients = children(running.id());
    assert_eq!(clients.len(), 1);
    signal("-KILL", clients[0]);
    let ended = running.wait();
    assert_eq!(ended.code(), 1, "{}", ended.stderr);
    assert!(ended.stderr.contains(": their process ended"), "{}", ended.stderr);
    let (_, summary) = ended.lines_and_summary();
    assert!(summary.contains(" of 4000 messages in ") && summary.contains(" failed)"), "{summary}");
}

#[cfg(unix)]
#[test]
fn ctrl_c_at_random_moments_leaves_nothing() {
    for _ in 0..6 {
        let running = LESSON.program().start(&["--clients", "100", "--messages", "100000"]);
        std::thread::sleep(Duration::from_millis(fastrand::u64(100..1_500)));
        let clients = children(running.id());
        signal("-INT", running.id());
        let ended = running.wait();
        assert_eq!((ended.code(), ended.stderr.as_str()), (130, ""), "{ended:?}");
        wait_until("the clients' end", || !clients.iter().any(|client| is_alive(*client)));
    }
}

// Strangers

/// A chat that is open for whoever comes.
struct Open {
    running: Running,
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
    Open { running, port: port.unwrap_or_else(|| panic!("no port: {invitation}")) }
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

    fn named(&self, name: &str) -> Guest {
        let mut guest = self.guest();
        guest.says(name);
        guest.hears(&format!("* {name} joined."));
        guest
    }

    /// Ends it, as Ctrl-C does.
    #[cfg(unix)]
    fn ends(self) {
        signal("-INT", self.running.id());
        let ended = self.running.wait();
        assert_eq!((ended.code(), ended.stderr.as_str()), (130, ""), "{ended:?}");
        assert!(!ended.stdout.contains("panicked"), "{ended:?}");
    }

    #[cfg(not(unix))]
    fn ends(self) {
        drop(self.running.close_stdout_and_wait());
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

#[cfg(unix)]
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
    // A line of a megabyte: it may be over before all is written.
    let _ = mallory.socket.write_all(&vec![b'y'; 1_000_000]);
    assert!(mallory.is_shown_out());
    assert_eq!(ann.hears("* mallory left."), [""; 0]);
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

/// Sixty guests say nine lines each, and one does not read them.
#[test]
fn a_guest_who_does_not_read_is_told_what_it_missed_and_holds_up_nobody() {
    let open = open(&LESSON.program(), &[]);
    let sleeper = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None);
    let sleeper = sleeper.expect("a socket");
    sleeper.set_recv_buffer_size(16 * 1024).expect("a small buffer");
    let address = std::net::SocketAddr::from(([127, 0, 0, 1], open.port));
    sleeper.connect(&address.into()).expect("it is open");
    let socket = TcpStream::from(sleeper);
    socket.set_read_timeout(Some(Duration::from_secs(60))).expect("a time limit");
    let lines = BufReader::new(socket.try_clone().expect("a second handle"));
    let mut sleeper = Guest { socket, lines };
    sleeper.says("sleeper");
    sleeper.hears("* sleeper joined.");

    let mut guests: Vec<Guest> =
        (0..60).map(|number| open.named(&format!("guest{number}"))).collect();
    // Nine rounds: each says a line, and then each reads the lines of all. So those who read are never far behind.
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
            Err(_late) => sleeper.says_bytes(b"\n"),
        }
    }
    assert_eq!(heard + missed, 60 + 540);
    assert!(missed > 0, "{heard} heard");
    open.ends();
}

// The examples

/// One client that does not read stops all others, unless every client reads.
#[cfg(unix)]
#[test]
fn a_lock_held_while_writing_lets_one_client_stop_all() {
    let broken = LESSON.example("under_a_lock");
    let all_read = broken.record(&["--clients", "20", "--asleep", "0"]);
    assert_eq!(all_read["deliveries"], 2 * 500 * 20, "{all_read}");
    let running = broken.start(&["--clients", "20", "--quiet"]);
    let id = running.id();
    std::thread::sleep(Duration::from_secs(18));
    signal("-INT", id);
    let ended = running.wait();
    assert_eq!(ended.code(), 130, "{ended:?}");
    assert!(
        ended.stderr.contains("Nothing has begun or ended for 15 s: 10 in flight"),
        "{ended:?}"
    );
    // With the same client, the lesson comes to its end.
    LESSON.record(&["--clients", "20"]);
}

/// The bytes that wait for a client that does not read are a part of all that was said: twice as much, twice as long.
#[test]
fn a_queue_without_a_bound_misses_nothing_and_grows() {
    let longest = |messages: &str| -> usize {
        let arguments = ["--clients", "20", "--messages", messages];
        let line = LESSON.example("unbounded_queues").says(&arguments, "The longest queue held ");
        line.split(' ').find_map(|word| word.parse().ok()).expect("a number")
    };
    let (some, more) = (longest("1000"), longest("3000"));
    assert!(more - some > 2_000 * 200 * 9 / 10, "{some}, then {more}");
    let run = LESSON.example("unbounded_queues").record(&["--clients", "20", "--messages", "1000"]);
    assert_eq!(count(chat(&run, "tasks"), "missed"), 0, "{run}");
    assert!(count(chat(&run, "threads"), "missed") > 0, "{run}");
}

#[cfg(unix)]
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

#[cfg(unix)]
#[test]
fn whoever_is_idle_is_shown_out() {
    let open = open(&LESSON.example("idle_guests"), &["--idle", "1"]);
    let mut silent = open.guest();
    assert_eq!(silent.line(), "* The server ends. Good-bye.");
    assert!(silent.is_shown_out());
    open.ends();
    LESSON.example("idle_guests").record(&["--clients", "20", "--messages", "20"]);
}
