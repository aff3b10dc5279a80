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
use testing::{
    Folder, NO_CLASS, OwnLesson, Program, children, is_alive, own_lesson, signal, wait_until,
};

const LESSON: OwnLesson = own_lesson!();
/// It takes a while, so that there is a middle.
const LONG: [&str; 6] = ["--calls", "500", "--number", "30", "--books", "500"];
/// Little to do.
const SMALL: [&str; 6] = ["--calls", "3", "--number", "1", "--books", "3"];
/// A process whose connection is closed is lost at once, one that is silent after 5 s, and a line between two others
/// after 7 s. The rest is for this machine.
const AT_ONCE: Duration = Duration::from_secs(4);
const SILENT: Duration = Duration::from_secs(10);
const BROKEN: Duration = Duration::from_secs(12);
/// What the others say after Ctrl-C.
const ENDED: &str = "the first process was ended by Ctrl-C";

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
        let out = self.0.stdout.as_mut().expect("it is piped");
        let line = said_until(out, "\n");
        assert!(line.starts_with("Process "), "{line}");
        self
    }

    /// Waits until it works over the network, and reads on: otherwise it would wait for its reader.
    fn works(&mut self) {
        self.has_said("-- calls, network");
    }

    /// Waits for that line, and reads on.
    fn has_said(&mut self, words: &str) {
        let mut lines = BufReader::new(self.0.stdout.take().expect("it is piped")).lines();
        assert!(lines.any(|line| line.expect("text") == words));
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

/// The text until those words.
fn said_until(from: &mut impl Read, words: &str) -> String {
    let (mut byte, mut said) = ([0], String::new());
    while !said.ends_with(words) {
        assert_eq!(from.read(&mut byte).expect("text"), 1, "it ended: {said}");
        said.push(char::from(byte[0]));
    }
    said
}

/// A first process that awaits others, once it listens; and its port.
fn first(processes: &str, more: &[&str]) -> (Process, u16) {
    first_of(&LESSON.program(), processes, more)
}

fn first_of(program: &Program, processes: &str, more: &[&str]) -> (Process, u16) {
    let port = free_port();
    let text = port.to_string();
    let arguments = [&["--listen", processes, "--port", &text], more].concat();
    let mut first = Process::start_by(Command::new(program.path()), &arguments);
    // The first lines say what to type.
    let said = said_until(first.0.stderr.as_mut().expect("it is piped"), "--join ");
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
    three_at("-- calls, network", &LONG)
}

/// The processes of a run of three, once the first has printed that line, and the port of the first.
fn three_at(line: &str, arguments: &[&str]) -> (Vec<Process>, u16) {
    let (mut first, port) = first("3", arguments);
    let [second, third] = [(); 2].map(|()| join(port));
    first.has_said(line);
    (vec![first, second, third], port)
}

/// A file with these lines, ADDRESS:PORT each, in a folder that goes with the test.
fn file_of(name: &str, hosts: &[(&str, u16)]) -> (Folder, String) {
    let folder = Folder::new(name);
    let file = folder.file("hosts");
    let lines: Vec<String> = hosts.iter().map(|(host, port)| format!("{host}:{port}\n")).collect();
    fs::write(&file, lines.concat()).expect("a file");
    (folder, file)
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
    // On Linux, this machine has all addresses that begin with 127.
    let hosts = ["127.0.0.1", "127.0.0.2", "127.0.0.3"];
    for hosts in [["127.0.0.1"; 3], hosts].iter().take(1 + usize::from(cfg!(target_os = "linux"))) {
        let (_folder, file) = file_of("three_hosts", &hosts.map(|host| (host, free_port())));
        // In any order.
        let all = ["3", "2", "1"]
            .map(|me| Process::start(&[&["--hosts", &file, "--me", me], &SMALL[..]].concat()));
        for process in all {
            let (status, out, errors) = process.end();
            assert_eq!(status, 0, "{hosts:?}: {out} {errors}");
        }
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

/// When it goes on, it is told.
#[test]
fn one_that_was_stopped_ends_after_its_loss() {
    let (mut all, _) = three_at_work();
    let stopped = all.remove(1);
    signal("-STOP", stopped.id());
    all_say(all, &[" is lost: it has been silent for 5 s"], SILENT);
    signal("-CONT", stopped.id());
    all_say(vec![stopped], &[" is lost: "], AT_ONCE);
}

#[test]
fn a_child_that_dies_before_it_has_come_ends_the_run() {
    // While the first still starts some, it meets nobody.
    let first = Process::start(&["--workers", "64", "--calls", "64"]);
    wait_until("a child", || !children(first.id()).is_empty());
    signal("-STOP", first.id());
    children(first.id()).into_iter().for_each(|child| signal("-KILL", child));
    signal("-CONT", first.id());
    all_say(vec![first], &["ended before it had come", " is lost: "], SILENT);
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
}

/// On other machines it is a sentence.
#[test]
fn ctrl_c_on_the_first_ends_all_in_each_section() {
    let books = &["--calls", "3", "--number", "1", "--books", "200"][..];
    for (section, arguments) in [
        ("-- calls, threads", &LONG[..]),
        ("-- calls, pool", &LONG),
        ("-- calls, network", &LONG),
        ("-- words, threads", books),
        ("-- words, network", books),
        ("-- counts, network", books),
    ] {
        let (mut all, _) = three_at(section, arguments);
        let first = all.remove(0);
        signal("-INT", first.id());
        let (status, _, errors) = first.end();
        assert_eq!(status, 130, "{section}: {errors}");
        assert!(!errors.contains("error"), "{section}: {errors}");
        all_say(all, &[ENDED], AT_ONCE);
    }
}

/// Nobody says that the run is over, as if all were done.
#[test]
fn ctrl_c_near_the_end_is_told_to_all() {
    for left in [10, 8, 6, 4, 2] {
        let (mut first, port) = first("3", &["--calls", "3", "--number", "1", "--books", "60"]);
        let others = [(); 2].map(|()| join(port));
        let out = BufReader::new(first.0.stdout.take().expect("it is piped"));
        let mut lines = out.lines().map(|line| line.expect("text"));
        assert!(lines.any(|line| line == "-- counts, network"));
        lines.nth(60 - left);
        signal("-INT", first.id());
        thread::spawn(move || lines.for_each(drop));
        // If it comes too late, all is done.
        if first.end().0 == 130 {
            all_say(others.into(), &[ENDED], AT_ONCE);
        }
    }
}

#[test]
fn ctrl_c_while_others_are_awaited_ends_all() {
    let (first, port) = first("3", &[]);
    let second = join(port).has_a_place();
    signal("-INT", first.id());
    assert_eq!(first.end().0, 130);
    all_say(vec![second], &[ENDED], AT_ONCE);
}

#[test]
fn the_second_ctrl_c_on_the_first_ends_it_at_once() {
    // A call of a minute or so: the first Ctrl-C waits for it.
    let arguments = ["--calls", "6", "--number", "47", "--books", "1"];
    let (mut all, _) = three_at("-- calls, threads", &arguments);
    let first = all.remove(0);
    let start = Instant::now();
    signal("-INT", first.id());
    thread::sleep(Duration::from_millis(300)); // two at once may be one
    signal("-INT", first.id());
    assert_eq!(first.end().0, 130);
    assert!(start.elapsed() < AT_ONCE, "{:?}", start.elapsed());
    all_say(all, &[ENDED, "the first process at 127.0.0.1 is lost"], AT_ONCE);
}

#[test]
fn one_that_joined_and_is_ended_is_missed_by_all_others() {
    for name in ["-INT", "-TERM", "-HUP"] {
        let (mut all, _) = three_at_work();
        let ended = all.remove(1);
        signal(name, ended.id());
        assert_eq!(ended.end().0, -1, "{name}");
        all_say(all, &[" is lost: "], AT_ONCE);
    }
}

#[test]
fn a_host_that_is_missing_is_named_by_all_within_the_limit() {
    let hosts = [(); 3].map(|()| ("127.0.0.1", free_port()));
    let (_folder, file) = file_of("a_missing_host", &hosts);
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
        let ports = [(); 3].map(|()| free_port());
        let (_folder, file) = file_of("a_host_twice", &ports.map(|port| ("127.0.0.1", port)));
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
    // What one says that is right.
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    let _right = join(listener.local_addr().expect("its address").port());
    let (stream, _) = listener.accept().expect("it connects");
    let line = BufReader::new(stream).lines().next().expect("a line").expect("text");
    let right: Value = serde_json::from_str(&line).expect("JSON");
    assert_eq!((&right["magic"], &right["program"]), (&json!(MAGIC), &json!("distributed")));
    for name in ["protocol", "program", "source", "book"] {
        let (first, port) = first("3", &[]);
        let second = join(port).has_a_place();
        let mut hello = right.clone();
        hello[name] = json!(3);
        let answer = told(port, format!("{hello}\n").as_bytes());
        let words = format!("has another {name} (3, not {})", right[name]);
        assert!(answer.contains(&words.replace('"', "\\\"")), "{answer}");
        all_say(vec![first, second], &[&words], AT_ONCE);
    }
}

#[test]
fn the_lesson_does_not_take_part_in_an_example() {
    let (first, port) = first_of(&LESSON.example("hot_key"), "2", &[]);
    let words = r#" has another program ("distributed", not "hot_key")"#;
    all_say(vec![join(port), first], &[words], AT_ONCE);
}

/// They are passed over, and the run goes well.
#[test]
fn strangers_do_no_harm() {
    let (first, port) = first("3", &SMALL);
    // It waits for the last one, longer than a process may be silent.
    let second = join(port).has_a_place();
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
    let third = join(port);
    let (status, _, errors) = first.end();
    assert_eq!(status, 0, "{errors}");
    assert!(errors.contains("it does not speak as this lesson"), "{errors}");
    assert!(errors.contains("it has not said who it is"), "{errors}");
    for process in [second, third] {
        let (status, _, errors) = process.end();
        assert_eq!((status, errors.as_str()), (0, ""));
    }
    drop(silent);
}

/// More than are listened to at once.
#[test]
fn a_process_comes_after_many_strangers() {
    let (first, port) = first("2", &SMALL);
    let connect = |_| TcpStream::connect(("127.0.0.1", port)).expect("it listens");
    let silent: Vec<TcpStream> = (0..100).map(connect).collect();
    for process in [join(port), first] {
        let (status, out, errors) = process.end();
        assert_eq!(status, 0, "{out} {errors}");
    }
    drop(silent);
}

/// They reach a process before its own connections do.
#[test]
fn strangers_where_data_is_awaited_keep_nobody_waiting() {
    let ports = [(); 3].map(|()| free_port());
    let (_folder, file) = file_of("strangers", &ports.map(|port| ("127.0.0.1", port)));
    let start = |me| Process::start(&[&["--hosts", &file, "--me", me], &SMALL[..]].concat());
    let (first, second) = (start("1"), start("2").has_a_place());
    let connect = |_| TcpStream::connect(("127.0.0.1", ports[1])).expect("it listens");
    let strangers: Vec<TcpStream> = (0..50).map(connect).collect();
    let mut slow = strangers[0].try_clone().expect("a second handle");
    let slow = thread::spawn(move || {
        while slow.write_all(b"{").is_ok() {
            thread::sleep(Duration::from_millis(100));
        }
    });
    let begun = Instant::now();
    for process in [first, second, start("3")] {
        let (status, out, errors) = process.end();
        assert_eq!(status, 0, "{out} {errors}");
    }
    assert!(begun.elapsed() < SILENT, "{:?}", begun.elapsed());
    slow.join().expect("it was sent away");
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
    fn make(test: &str) -> Option<Self> {
        let hosts = Self(format!("ds{}{test}", std::process::id()));
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
        let all = lines.iter().all(|line| ip(line));
        if !all {
            let _ = writeln!(std::io::stderr(), "skipped: no network namespaces can be made here");
        }
        all.then_some(hosts)
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

/// A run of three hosts, and the processes.
fn three_hosts(hosts: &Hosts, more: &[&str]) -> (Process, [Process; 2]) {
    let first = hosts.on(1, &[&["--listen", "3"], more].concat());
    (first, [2, 3].map(|host| hosts.on(host, &["--join", "10.77.0.1:7000"])))
}

/// A host's own interface says how many bytes it sent: those that the lesson counts, and what TCP and IP add.
#[test]
fn three_hosts_with_addresses_of_their_own() {
    let Some(hosts) = Hosts::make("a") else { return };
    assert!(Path::new("/sys/class/net").exists());
    let before = [1, 2, 3].map(|host| hosts.sent(host));
    let (first, others) = three_hosts(&hosts, &["--json", "--calls", "6", "--number", "20"]);
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
    let (mut first, others) = three_hosts(&hosts, &LONG);
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

/// Both still reach the first.
#[test]
fn a_line_that_breaks_between_two_others_ends_all() {
    let Some(hosts) = Hosts::make("b") else { return };
    let name = &hosts.0;
    let reset = || {
        let between = ["src", "10.77.0.2", "dst", "10.77.0.3"];
        let all = |options: &str| {
            let ss = ["netns", "exec", &format!("{name}2"), "ss", options];
            let output = Command::new("ip").args(ss).args(between).output().expect("ip runs");
            String::from_utf8(output.stdout).expect("text").lines().count()
        };
        all("-tnHK") > 0 && all("-tnH") == 0
    };
    let isolate = || {
        // The switch passes nothing on between two of those.
        let isolated = |port| format!("-n {name}s link set {port} type bridge_slave isolated on");
        ip(&isolated("p2")) && ip(&isolated("p3"))
    };
    let ways: [(&dyn Fn() -> bool, Duration); 2] = [(&reset, SILENT), (&isolate, BROKEN)];
    for (breaks, limit) in ways {
        let (mut first, [second, third]) = three_hosts(&hosts, &LONG);
        first.works();
        if !breaks() {
            let _ = writeln!(std::io::stderr(), "skipped: this system does not break connections");
            continue;
        }
        let start = Instant::now();
        for process in [second, third] {
            let (status, _, errors) = process.end();
            assert_eq!(status, 1, "{errors}");
            let words = [" no longer hears process ", "the connection between process "];
            assert!(words.iter().any(|words| errors.contains(words)), "{errors}");
            assert!(!errors.contains("panicked"), "{errors}");
        }
        assert!(first.0.wait().is_ok_and(|status| status.code() == Some(1)));
        assert!(start.elapsed() < limit, "{:?}", start.elapsed());
    }
}
