//! Processes that come and go: on loopback, and on three hosts where network namespaces can be made.
#![cfg(unix)]

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use testing::record::{number, section, shares};
use testing::{Folder, NO_CLASS, OwnLesson, children, is_alive, own_lesson, signal, wait_until};

const LESSON: OwnLesson = own_lesson!();
/// It takes a while, so that there is a middle.
const LONG: [&str; 6] = ["--calls", "500", "--number", "30", "--books", "500"];
/// A process whose connection is closed is lost at once, and one that is silent after 5 s. The rest is for this machine.
const AT_ONCE: Duration = Duration::from_secs(4);
const SILENT: Duration = Duration::from_secs(10);

/// A process, which is ended with the test.
struct Process(Child);

impl Process {
    fn start(arguments: &[&str]) -> Self {
        Self::start_by(Command::new(LESSON.program().path()), arguments)
    }

    fn start_by(mut command: Command, arguments: &[&str]) -> Self {
        command.args(arguments).env(NO_CLASS.0, NO_CLASS.1).stdin(Stdio::null());
        Self(command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts"))
    }

    fn id(&self) -> u32 {
        self.0.id()
    }

    /// Waits until the first has given it a place.
    fn has_a_place(mut self) -> Self {
        let mut lines = BufReader::new(self.0.stdout.take().expect("it is piped")).lines();
        let line = lines.next().expect("a line").expect("text");
        assert!(line.starts_with("Process "), "{line}");
        self
    }

    /// Waits until it works over the network, and reads on: otherwise it would wait for its reader.
    fn works(&mut self) {
        let mut lines = BufReader::new(self.0.stdout.take().expect("it is piped")).lines();
        assert!(lines.any(|line| line.expect("text") == "-- calls, network"));
        thread::spawn(move || lines.for_each(drop));
    }

    /// Waits for its end: status, stdout and stderr; -1 is for a signal.
    fn end(mut self) -> (i32, String, String) {
        // Another thread may have it.
        let out = self.0.stdout.take();
        let out = thread::spawn(move || {
            let mut text = String::new();
            out.map_or(Ok(0), |mut out| out.read_to_string(&mut text)).map(|_| text)
        });
        let mut errors = String::new();
        self.0.stderr.take().expect("it is piped").read_to_string(&mut errors).expect("text");
        let status = self.0.wait().expect("it ends").code().unwrap_or(-1);
        (status, out.join().expect("no panic").expect("text"), errors)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A port that was free a moment ago, and that no system gives to whoever asks for any: those lie above.
fn free_port() -> u16 {
    let mut ports = std::iter::repeat_with(|| fastrand::u16(10_000..30_000));
    let is_free = |port: &u16| TcpListener::bind(("127.0.0.1", *port)).is_ok();
    ports.find(is_free).expect("a free port")
}

/// A first process that awaits others, once it listens; and its port.
fn first(processes: &str, more: &[&str]) -> (Process, u16) {
    let port = free_port();
    let text = port.to_string();
    let arguments = [&["--listen", processes, "--port", &text], more].concat();
    let mut first = Process::start(&arguments);
    // The first lines say what to type.
    let errors = first.0.stderr.as_mut().expect("it is piped");
    let mut byte = [0];
    let mut said = String::new();
    while !said.contains("--join ") {
        assert_eq!(errors.read(&mut byte).expect("text"), 1, "it ended: {said}");
        said.push(char::from(byte[0]));
    }
    assert!(said.starts_with("warning: trusted networks only: "), "{said}");
    (first, port)
}

fn join(port: u16) -> Process {
    Process::start(&["--join", &format!("127.0.0.1:{port}")])
}

/// All must end within the limit, with status 1 and a sentence of these words; nothing else may be said.
fn all_say(processes: Vec<Process>, words: &[&str], limit: Duration) {
    let start = Instant::now();
    for process in processes {
        let (status, _, errors) = process.end();
        assert!(start.elapsed() < limit, "{:?}: {errors}", start.elapsed());
        assert_eq!(status, 1, "{errors}");
        let sentence = errors.lines().find(|line| line.starts_with("error: "));
        let sentence = sentence.unwrap_or_else(|| panic!("no sentence: {errors}"));
        assert!(words.iter().any(|words| sentence.contains(words)), "{sentence}");
        assert!(!errors.contains("panicked") && !errors.contains("timely"), "{errors}");
    }
}

/// The processes of a run of three, while it works, and the port of the first.
fn three_at_work() -> (Vec<Process>, u16) {
    let (mut first, port) = first("3", &LONG);
    let [second, third] = [(); 2].map(|()| join(port));
    first.works();
    (vec![first, second, third], port)
}

#[test]
fn three_that_join_do_the_work_together() {
    let (first, port) = first("3", &["--json", "--calls", "6", "--number", "20", "--books", "6"]);
    let others = [(); 2].map(|()| join(port));
    let (status, out, errors) = first.end();
    assert_eq!(status, 0, "{errors}");
    let run: Value = serde_json::from_str(&out).expect("JSON");
    for part in ["calls, network", "words, network", "counts, network"] {
        let (items, _) = section(&run, part);
        let shares = shares(&items);
        assert!(shares.len() == 3 && shares.values().all(|share| *share == 2), "{shares:?}");
    }
    let mut sent: Vec<f64> = run["processes"]
        .as_array()
        .expect("a table")
        .iter()
        .map(|row| number(row, "sent"))
        .collect();
    let own: f64 = sent.remove(0);
    assert!(own > 0.0);
    for process in others {
        let (status, out, errors) = process.end();
        assert_eq!((status, errors.as_str()), (0, ""), "{out}");
        let its = sent.iter().position(|sent| out.contains(&format!("has sent {sent} bytes")));
        sent.remove(its.unwrap_or_else(|| panic!("{out}: {sent:?}")));
    }
}

#[test]
fn a_file_of_hosts_does_the_same() {
    let folder = Folder::new("three_hosts");
    let file = folder.file("hosts");
    let lines: Vec<String> = (0..3).map(|_| format!("127.0.0.1:{}\n", free_port())).collect();
    fs::write(&file, lines.concat()).expect("a file");
    let me = |me: &'static str| {
        Process::start(&[
            "--hosts", &file, "--me", me, "--calls", "3", "--number", "1", "--books", "3",
        ])
    };
    // In any order.
    let all = ["3", "2", "1"].map(me);
    for process in all {
        let (status, out, errors) = process.end();
        assert_eq!(status, 0, "{out} {errors}");
    }
}

#[test]
fn any_that_is_killed_is_missed_by_all_others() {
    for (lost, sentence) in
        [(0, "the first process at 127.0.0.1 is lost"), (1, " is lost: "), (2, " is lost: ")]
    {
        let (mut all, _) = three_at_work();
        thread::sleep(Duration::from_millis(fastrand::u64(0..700)));
        drop(all.remove(lost)); // SIGKILL
        all_say(all, &[sentence], AT_ONCE);
    }
}

#[test]
fn one_that_is_silent_is_missed_by_all_others() {
    let (mut all, _) = three_at_work();
    let silent = all.remove(2);
    signal("-STOP", silent.id());
    all_say(all, &[" is lost: it has been silent for 5 s"], SILENT);
}

#[test]
fn a_child_that_is_killed_ends_the_run_and_nothing_stays() {
    for _ in 0..3 {
        let arguments = [&LONG[..], &["--workers", "3"]].concat();
        let first = Process::start(&arguments);
        wait_until("two children", || children(first.id()).len() >= 2);
        thread::sleep(Duration::from_millis(fastrand::u64(0..500)));
        let all = children(first.id());
        signal("-KILL", all[fastrand::usize(..2)]);
        let words = [" is lost: ", "ended before it had come", "its worker process ended"];
        all_say(vec![first], &words, AT_ONCE);
        wait_until("the others end", || !all.iter().any(|child| is_alive(*child)));
    }
}

#[test]
fn children_end_with_the_first() {
    let arguments = [&LONG[..], &["--workers", "3"]].concat();
    let first = Process::start(&arguments);
    wait_until("two children", || children(first.id()).len() >= 2);
    let all = children(first.id());
    drop(first); // SIGKILL
    wait_until("its children end", || !all.iter().any(|child| is_alive(*child)));
}

#[test]
fn ctrl_c_ends_all_at_any_moment() {
    for _ in 0..4 {
        let arguments = [&LONG[..], &["--workers", "3"]].concat();
        let running = LESSON.program().start(&arguments);
        thread::sleep(Duration::from_millis(fastrand::u64(50..1500)));
        let all = children(running.id());
        signal("-INT", running.id());
        let ended = running.wait();
        assert!([130, -1].contains(&ended.code()), "{ended:?}"); // before there is a handler, it is a signal
        assert_eq!(ended.stderr, "");
        wait_until("the others end", || !all.iter().any(|child| is_alive(*child)));
    }
    // On other machines it is a sentence.
    let (mut all, _) = three_at_work();
    signal("-INT", all[0].id());
    let (status, ..) = all.remove(0).end();
    assert_eq!(status, 130);
    all_say(all, &["the first process was ended by Ctrl-C"], AT_ONCE);
}

#[test]
fn a_host_that_is_missing_is_named_by_all_within_the_limit() {
    let folder = Folder::new("a_missing_host");
    let file = folder.file("hosts");
    let lines: Vec<String> = (0..3).map(|_| format!("127.0.0.1:{}\n", free_port())).collect();
    fs::write(&file, lines.concat()).expect("a file");
    let me = |me: &'static str| Process::start(&["--hosts", &file, "--me", me, "--wait", "2"]);
    all_say(vec![me("1"), me("3")], &["missing: process 2 (127.0.0.1)"], AT_ONCE);
    // Without the first, nobody knows the others.
    all_say(vec![me("2")], &["the first process at 127.0.0.1"], AT_ONCE);
    let (first, port) = first("3", &["--wait", "2"]);
    all_say(vec![first, join(port).has_a_place()], &["missing: process 3"], AT_ONCE);
}

#[test]
fn a_host_that_comes_twice_or_with_other_options_ends_all() {
    for (second, words) in [
        (&["--me", "2"], "process 2 came twice"),
        (&["--me", "1"], "process 1"),
        (&["--books", "9"], "process 3 at 127.0.0.1 was started with other options"),
    ] {
        let folder = Folder::new("a_host_twice");
        let file = folder.file("hosts");
        let ports = [(); 3].map(|()| free_port());
        let lines: Vec<String> = ports.iter().map(|port| format!("127.0.0.1:{port}\n")).collect();
        fs::write(&file, lines.concat()).expect("a file");
        let start = |arguments: &[&str]| Process::start(&[&["--hosts", &file], arguments].concat());
        let all = [start(&["--me", "1"]), start(&["--me", "2"])];
        wait_until("the second is there", || TcpStream::connect(("127.0.0.1", ports[1])).is_ok());
        if second == &["--me", "1"] {
            // Its port is in use, and the others wait on.
            all_say(vec![start(second)], &["this machine cannot listen at"], AT_ONCE);
            continue;
        }
        let second = if second[0] == "--me" {
            start(second)
        } else {
            start(&[&["--me", "3"], &second[..]].concat())
        };
        let all = all.into_iter().chain([second]).collect();
        all_say(all, &[words], AT_ONCE);
    }
}

/// A connection that says this, and what it is told.
fn told(port: u16, said: &[u8]) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("it listens");
    stream.write_all(said).expect("it can be written");
    let mut answer = String::new();
    let _ = stream.read_to_string(&mut answer);
    answer
}

const MAGIC: &str = "rust-concurrency-course/distributed";

#[test]
fn another_version_or_another_book_ends_all() {
    for (hello, words) in [
        (json!({ "magic": MAGIC, "version": 2 }), "speaks version 2 of this lesson's protocol"),
        (json!({ "magic": MAGIC }), "speaks version null of this lesson's protocol"),
        (json!({ "magic": MAGIC, "version": 1, "text": 3 }), "has another book"),
    ] {
        let (first, port) = first("3", &[]);
        let second = join(port).has_a_place();
        let answer = told(port, format!("{hello}\n").as_bytes());
        assert!(answer.contains(words), "{answer}");
        all_say(vec![first, second], &[words], AT_ONCE);
    }
}

/// They are passed over, and the run goes well.
#[test]
fn strangers_do_no_harm() {
    let (first, port) = first("2", &["--calls", "2", "--number", "1", "--books", "2"]);
    let connect = move || TcpStream::connect(("127.0.0.1", port)).expect("it listens");
    let silent: Vec<TcpStream> = (0..40).map(|_| connect()).collect();
    let slow = thread::spawn(move || {
        let mut stream = connect();
        while stream.write_all(b"{").is_ok() {
            thread::sleep(Duration::from_millis(100));
        }
    });
    for said in [
        &b"GET / HTTP/1.1\r\n\r\n"[..],
        b"null\n",
        b"[[[\n",
        &[0xff; 100_000],
        b"{\"magic\":\"x\"}\n",
    ] {
        let _ = connect().write_all(said);
    }
    thread::sleep(Duration::from_millis(6_000)); // the silent ones are given up
    slow.join().expect("it was sent away");
    let second = join(port);
    let (status, _, errors) = first.end();
    assert_eq!(status, 0, "{errors}");
    assert!(errors.contains("it does not speak as this lesson"), "{errors}");
    assert!(errors.contains("it has not said who it is"), "{errors}");
    let (status, _, errors) = second.end();
    assert_eq!((status, errors.as_str()), (0, ""));
    drop(silent);
}

#[test]
fn one_that_comes_too_late_is_told_so() {
    let (mut all, port) = three_at_work();
    all_say(vec![join(port)], &["all 3 processes have come already"], AT_ONCE);
    assert!(all.iter_mut().all(|process| process.0.try_wait().expect("a state").is_none()));
}

/// Three hosts, each with an address of its own, at one switch. They go with this value.
struct Hosts(String);

impl Hosts {
    /// `None` where this machine does not let a test make them.
    fn make() -> Option<Self> {
        let hosts = Self(format!("ds{}", std::process::id()));
        let Self(name) = &hosts;
        let mut lines =
            vec![format!("netns add {name}s"), format!("-n {name}s link add br0 type bridge")];
        lines.push(format!("-n {name}s link set br0 up"));
        for host in 1..=3 {
            let own = format!("-n {name}{host}");
            lines.push(format!("netns add {name}{host}"));
            lines.push(format!("{own} link add e0 type veth peer name p{host} netns {name}s"));
            lines.push(format!("-n {name}s link set p{host} master br0 up"));
            lines.push(format!("{own} addr add 10.77.0.{host}/24 dev e0"));
            lines.push(format!("{own} link set e0 up"));
            lines.push(format!("{own} link set lo up"));
        }
        lines.iter().all(|line| ip(line)).then_some(hosts)
    }

    fn on(&self, host: usize, arguments: &[&str]) -> Process {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &format!("{}{host}", self.0)]).arg(LESSON.program().path());
        Process::start_by(command, arguments)
    }

    /// The bytes that a host has sent, by its own interface.
    fn sent(&self, host: usize) -> f64 {
        let name = format!("{}{host}", self.0);
        let output = Command::new("ip")
            .args(["netns", "exec", &name, "cat", "/sys/class/net/e0/statistics/tx_bytes"])
            .output();
        let text = String::from_utf8(output.expect("ip runs").stdout).expect("text");
        text.trim().parse().unwrap_or_else(|_| panic!("no number: {text}"))
    }
}

impl Drop for Hosts {
    fn drop(&mut self) {
        for host in ["s", "1", "2", "3"] {
            ip(&format!("netns del {}{host}", self.0));
        }
    }
}

fn ip(line: &str) -> bool {
    let mut command = Command::new("ip");
    let quiet = command.args(line.split(' ')).stdout(Stdio::null()).stderr(Stdio::null());
    quiet.status().is_ok_and(|status| status.success())
}

/// A host's own interface says how many bytes it sent: those that the lesson counts, and what TCP and IP add.
#[test]
fn three_hosts_with_addresses_of_their_own() {
    let Some(hosts) = Hosts::make() else {
        let _ = writeln!(std::io::stderr(), "skipped: no network namespaces can be made here");
        return;
    };
    assert!(Path::new("/sys/class/net").exists());
    let all = |more: &[&str]| {
        let first = hosts.on(1, &[&["--listen", "3"], more].concat());
        let others = [2, 3].map(|host| hosts.on(host, &["--join", "10.77.0.1:7000"]));
        (first, others)
    };
    let before = [1, 2, 3].map(|host| hosts.sent(host));
    let (first, others) = all(&["--json", "--calls", "6", "--number", "20"]);
    let (status, out, errors) = first.end();
    assert_eq!(status, 0, "{errors}");
    assert!(errors.contains("--join 10.77.0.1:7000"), "{errors}");
    for process in others {
        assert_eq!(process.end().0, 0);
    }
    let run: Value = serde_json::from_str(&out).expect("JSON");
    let table = run["processes"].as_array().expect("a table");
    let mut addresses: Vec<&str> = table.iter().filter_map(|row| row["address"].as_str()).collect();
    addresses.sort_unstable();
    assert_eq!(addresses, ["10.77.0.2", "10.77.0.3", "this one"]);
    for row in table {
        let host = match row["address"].as_str() {
            Some("10.77.0.2") => 2,
            Some("10.77.0.3") => 3,
            _ => 1,
        };
        let (counted, seen) = (number(row, "sent"), hosts.sent(host) - before[host - 1]);
        assert!((1.0..1.2).contains(&(seen / counted)), "host {host}: {seen} and {counted} bytes");
    }
    // A cable is pulled: nobody says good-bye.
    let (mut first, others) = all(&LONG);
    first.works();
    assert!(ip(&format!("-n {}s link set p2 down", hosts.0)));
    let start = Instant::now();
    let [second, third] = others;
    for (process, words) in [
        (second, "the first process at 10.77.0.1 is lost"),
        (third, " at 10.77.0.2 is lost: it has been silent"),
    ] {
        let (status, _, errors) = process.end();
        assert_eq!(status, 1, "{errors}");
        assert!(errors.contains(words), "{errors}");
    }
    assert!(first.0.wait().is_ok_and(|status| status.code() == Some(1)));
    assert!(start.elapsed() < SILENT, "{:?}", start.elapsed());
}
