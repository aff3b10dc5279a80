//! A class: the board, and the students who tell it of their runs.

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use course::Lesson;
use harness::Model;
use serde_json::{Value, json};
use testing::{Ended, Folder, all_at_once, first, only_does, program, wait_until};

/// An instructor's program, until this is dropped.
struct Class {
    child: Child,
    /// Its address and port.
    address: String,
    /// The instructor's key.
    key: String,
    _stdout: BufReader<ChildStdout>,
}

impl Class {
    /// Starts it on loopback, on this port (0: a free one), with these arguments.
    fn start(port: &str, arguments: &[&str]) -> Self {
        let mut command = Command::new(program("class").path());
        command.args(["--bind", "127.0.0.1", "--port", port, "--latency", "20"]).args(arguments);
        let mut child = command.stdout(Stdio::piped()).spawn().expect("it starts");
        let mut stdout = BufReader::new(child.stdout.take().expect("it is piped"));
        let mut said = String::new();
        while !said.contains("Ctrl-C ends it.") {
            assert!(stdout.read_line(&mut said).expect("lines") > 0, "it said: {said}");
        }
        let (_, rest) = said.split_once("http://").expect("the board's address");
        let (url, _) = rest.split_once('\n').expect("a line");
        let (address, key) = url.split_once("/class#key=").expect("the key");
        let (address, key) = (address.to_owned(), key.to_owned());
        assert!(said.contains(&format!("cargo run -p class -- join {address}")), "{said}");
        Self { child, address, key, _stdout: stdout }
    }

    /// Sends a request with these lines of its head; returns the status and the body.
    fn ask(&self, request: &str, head: &[&str], body: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(&self.address).expect("it listens");
        let head: String = head.iter().map(|line| format!("{line}\r\n")).collect();
        let (address, length) = (&self.address, body.len());
        let request = format!(
            "{request} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nContent-Length: {length}\r\n{head}\r\n{body}"
        );
        stream.write_all(request.as_bytes()).expect("it reads");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("it answers");
        let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
        (head[9..12].parse().expect("a status"), body.into())
    }

    fn state(&self) -> Value {
        serde_json::from_str(&self.ask("GET /class/state", &[], "").1).expect("JSON")
    }

    /// Presses one of the instructor's buttons.
    fn control(&self, body: &Value) -> u16 {
        let key = format!("X-Class-Key: {}", self.key);
        self.ask("POST /class/control", &[&key], &body.to_string()).0
    }
}

impl Drop for Class {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A student's machine: a file that remembers the class.
struct Student {
    file: String,
}

impl Student {
    fn new(folder: &Folder, name: &str) -> Self {
        Self { file: folder.file(name) }
    }

    fn run<S: AsRef<str>>(&self, name: &str, arguments: &[S]) -> Ended {
        program(name).run_with(arguments, &[(classroom::VARIABLE, &self.file)])
    }

    fn join(&self, address: &str) -> Ended {
        self.run("class", &["join", address])
    }

    fn nickname(&self) -> String {
        let file = fs::read_to_string(&self.file).expect("the student is in a class");
        let file: Value = serde_json::from_str(&file).expect("JSON");
        file["nickname"].as_str().expect("a nickname").into()
    }
}

fn downloader(model: Model) -> &'static Lesson {
    first("a downloader", |it| only_does(it, "page") && it.model() == model && !it.found.is_further)
}

fn sentence(ended: &Ended) -> &str {
    assert_eq!(ended.code(), 1, "{ended:?}");
    assert_eq!(ended.stderr.lines().count(), 1, "{ended:?}");
    ended.stderr.trim_end()
}

#[test]
fn a_class_of_thirty_with_one_that_hangs_and_one_that_is_hostile() {
    const STUDENTS: usize = 30;
    let folder = Folder::new("class-thirty");
    let saved = folder.file("saved");
    let class = Class::start("0", &["--save", &saved]);
    let threads = downloader(Model::Threads).name();
    let sync = downloader(Model::Sync).name();
    assert_eq!(class.control(&json!({ "do": "hide", "hide": true })), 204);
    assert_eq!(class.control(&json!({ "do": "lesson", "lesson": threads })), 204);
    let students: Vec<Student> =
        (0..STUDENTS).map(|number| Student::new(&folder, &format!("student{number}"))).collect();
    all_at_once(&students, |student| {
        let joined = student.join(&class.address);
        assert_eq!(joined.code(), 0, "{joined:?}");
        // What will be sent is shown.
        assert!(joined.stdout.contains("\"seconds\":1.69"), "{joined:?}");
        // Once more: the same student.
        let nickname = student.nickname();
        student.join(&class.address);
        assert_eq!(student.nickname(), nickname);
    });
    let names: BTreeSet<String> = students.iter().map(Student::nickname).collect();
    assert_eq!(names.len(), STUDENTS);

    thread::scope(|scope| {
        let hostile = scope.spawn(|| be_hostile(&class, &students[0].nickname()));
        let site = format!("http://{}", class.address);
        let numbered: Vec<(usize, &Student)> = students.iter().enumerate().skip(1).collect();
        all_at_once(&numbered, |(number, student)| {
            let mut arguments = vec!["--repeat", "5", "--site", &site];
            if number % 2 == 0 {
                arguments.extend(["--guess", "0.25"]);
            }
            student.run(sync, &["--repeat", "5", "--site", &site]);
            let ended = student.run(threads, &arguments);
            assert_eq!(ended.code(), 0, "{ended:?}");
            let guessed = ended
                .stdout
                .lines()
                .last()
                .is_some_and(|it| it.starts_with("You guessed 0.25 s; it took "));
            assert_eq!(guessed, number % 2 == 0, "{ended:?}");
        });
        // The first student's run hangs.
        let environment = [(classroom::VARIABLE, students[0].file.as_str())];
        let hanging =
            program("mistakes").start_with(&["--deadlock", "--repeat", "5"], &environment);
        let nickname = students[0].nickname();
        wait_until("the first student's light", || {
            let state = class.state();
            let mut listed = state["students"].as_array().expect("students").iter();
            listed.any(|it| it["name"] == nickname.as_str() && it["light"] == "running")
        });
        hostile.join().expect("it was refused");
        hanging.kill();
    });

    // The one that hangs and the hostile one, who is a student as well, have not guessed; those who have a result cannot
    // guess any more. The board tells no result, even to those who look behind the page.
    let state = class.state();
    assert_eq!((&state["hidden"], &state["rows"]), (&json!(true), &json!([])));
    assert_eq!((&state["guessed"], &state["present"]), (&json!(14), &json!(16)));
    assert_eq!(class.control(&json!({ "do": "hide", "hide": false })), 204);
    let state = class.state();
    let listed = state["students"].as_array().expect("students");
    let shown: BTreeSet<String> =
        listed.iter().map(|it| it["name"].as_str().expect("a name").into()).collect();
    assert!(shown.len() == STUDENTS + 1 && shown.is_superset(&names), "{shown:?}");
    let done = |student: &&Value| {
        student["light"] == "done" && names.contains(student["name"].as_str().unwrap_or_default())
    };
    assert_eq!(listed.iter().filter(done).count(), STUDENTS - 1);
    let [row] = state["rows"].as_array().expect("rows").as_slice() else {
        panic!("one set of options: {state}");
    };
    assert_eq!(row["options"], json!("--repeat 5 --site"));
    let runs = row["runs"].as_array().expect("runs");
    assert_eq!((runs.len(), row["guesses"].as_array().expect("guesses").len()), (STUDENTS - 1, 14));
    // Each is compared with its own sync run, of the same options.
    assert!(runs.iter().all(|run| run["times"].as_f64().is_some()), "{runs:?}");

    // The site counts pages, and nothing of the board's.
    let record: Value = serde_json::from_str(&class.ask("GET /record", &[], "").1).expect("JSON");
    assert_eq!(record["requests"], json!(2 * 10 * (STUDENTS - 1)));
    // What was sent, byte for byte.
    let saved = fs::read_to_string(&saved).expect("saved");
    let lines: Vec<&str> = saved.lines().filter(|line| !line.contains(HOSTILE)).collect();
    assert_eq!(lines.len(), 4 * (STUDENTS - 1) + 1);
    let allowed = BTreeSet::from([
        "computes",
        "cores",
        "done",
        "guess",
        "interrupted",
        "items",
        "kind",
        "model",
        "nickname",
        "options",
        "program",
        "seconds",
        "sections",
        "workers",
    ]);
    for line in &lines {
        assert!(
            line.len() < 500 && !line.contains("127.0.0.1") && !line.contains("http"),
            "{line}"
        );
        let object: Value = serde_json::from_str(line).expect("JSON");
        let keys = object.as_object().expect("an object").keys().map(String::as_str);
        assert!(BTreeSet::from_iter(keys).is_subset(&allowed), "{line}");
    }

    // The same page from the file.
    let (page, own) = (folder.file("page.html"), folder.file("files"));
    fs::create_dir(&own).expect("a folder");
    let text = format!("{}\n</script><script>alert(1)</script>\n", lines.join("\n"));
    fs::write(folder.file("files/room.jsonl"), text).expect("a file");
    let made = program("class").run(&["page", &own, "--out", &page]);
    let said = format!(
        "{} runs of {STUDENTS} students, from 1 files; 1 lines are not a lesson's",
        2 * (STUDENTS - 1)
    );
    assert!(made.stdout.contains(&said), "{made:?}");
    let html = fs::read_to_string(&page).expect("a page");
    assert!(html.contains(threads) && !html.contains("alert(1)") && !html.contains("{{"));

    // Reset: the students stay, their runs go.
    assert_eq!(class.control(&json!({ "do": "reset" })), 204);
    let state = class.state();
    assert_eq!(state["students"].as_array().map(Vec::len), Some(STUDENTS + 1));
    assert_eq!((&state["rows"], &state["lesson"]), (&json!([]), &Value::Null));
}

/// The program that the hostile student says to run.
const HOSTILE: &str = "no_lesson";

/// Tries everything that a student must not be able to do.
fn be_hostile(class: &Class, nickname: &str) {
    let message = json!({
        "program": HOSTILE, "model": "sync", "kind": "page", "computes": false, "items": 1, "sections": 0,
        "workers": 1, "cores": 1, "options": "", "seconds": 0.001, "done": 1, "interrupted": false,
    });
    let body = message.to_string();
    let origin = format!("Origin: http://{}", class.address);
    let token = |value: &str| format!("X-Class-Student: {value}");
    for (what, request, head, body, status) in [
        ("another's name as a token", "POST /class/runs", token(nickname), body.as_str(), 401),
        ("no token", "POST /class/runs", String::from("X-A: b"), body.as_str(), 401),
        ("a page in a browser runs", "POST /class/runs", origin.clone(), body.as_str(), 403),
        ("a page in a browser joins", "POST /class/join", origin, "", 403),
        ("a button without the key", "POST /class/control", token("x"), r#"{"do":"reset"}"#, 403),
        (
            "a wrong key",
            "POST /class/control",
            "X-Class-Key: 0123456789abcdef".into(),
            r#"{"do":"reset"}"#,
            403,
        ),
        ("no message", "POST /class/runs", token("x"), "<script>", 400),
        ("a long message", "POST /class/runs", token("x"), &"x".repeat(1000), 400),
        ("a very long message", "POST /class/runs", token("x"), &"x".repeat(100_000), 413),
        ("a method", "DELETE /class", token("x"), "", 405),
        ("a path", "GET /class/../etc", token("x"), "", 404),
    ] {
        assert_eq!(class.ask(request, &[&head], body).0, status, "{what}");
    }
    // The instructor's own key, but from a page of another site.
    let key = format!("X-Class-Key: {}", class.key);
    for head in ["Origin: http://evil.example", "Origin: null", "Sec-Fetch-Site: cross-site"] {
        assert_eq!(
            class.ask("POST /class/control", &[&key, head], r#"{"do":"reset"}"#).0,
            403,
            "{head}"
        );
    }
    // It joins, and floods the board with runs; its own place is the only one that suffers. Connections that say
    // nothing hold up nobody.
    let silent: Vec<TcpStream> =
        (0..50).map(|_| TcpStream::connect(&class.address).expect("it listens")).collect();
    let joined: Value =
        serde_json::from_str(&class.ask("POST /class/join", &[], "").1).expect("JSON");
    let own = token(joined["token"].as_str().expect("a token"));
    let statuses: Vec<u16> =
        (0..200).map(|_| class.ask("POST /class/runs", &[&own], &body).0).collect();
    assert!(
        statuses.contains(&429) && statuses.iter().all(|it| [204, 429].contains(it)),
        "{statuses:?}"
    );
    drop(silent);
}

#[test]
fn a_board_that_is_out_of_reach_is_explained_within_seconds() {
    let folder = Folder::new("class-reach");
    let student = Student::new(&folder, "student");
    // Nothing listens there any more.
    let closed = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .expect("a port")
        .local_addr()
        .expect("an address");
    let silent = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    let silent = silent.local_addr().map(|address| (address, silent)).expect("an address");
    let site = test_sites::Site::start(1);
    student.run("class", &["--help"]); // builds it, before the clocks
    for (address, words) in [
        (closed.to_string(), "nothing listens there. Does the instructor's program still run?"),
        (
            silent.0.to_string(),
            "no answer in time. If the address is right, something drops the request on its way: a firewall",
        ),
        (site.url.clone(), "there is a site at"),
        (
            String::from("no-such-machine.invalid:8000"),
            "no machine has that address in your network",
        ),
        (String::from("https://127.0.0.1"), "the class's site has no https"),
        (String::from("one two"), "is not an address such as http://192.168.1.5:8000"),
    ] {
        let start = Instant::now();
        let joined = student.join(&address);
        assert!(sentence(&joined).contains(words), "{joined:?}");
        assert!(start.elapsed() < Duration::from_secs(30), "{address}");
        assert!(fs::metadata(&student.file).is_err(), "it is in a class at {address}");
    }
}

#[test]
fn sending_takes_no_time_from_a_run_and_a_dead_board_costs_a_second() {
    let folder = Folder::new("class-dead");
    let student = Student::new(&folder, "student");
    let lesson = downloader(Model::Sync).name();
    // A board that accepts connections and never answers.
    let silent = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    let address = silent.local_addr().expect("an address");
    let member = json!({ "board": format!("http://{address}"), "token": "x", "nickname": "red fox", "shown": true });
    fs::write(&student.file, member.to_string()).expect("a file");
    let start = Instant::now();
    let ended = student.run(lesson, &["--repeat", "2"]);
    let wall = start.elapsed().as_secs_f64();
    assert_eq!(ended.code(), 0, "{ended:?}");
    let (_, summary) = ended.lines_and_summary();
    let took: f64 = summary
        .split(' ')
        .find_map(|word| word.parse().ok().filter(|it: &f64| it.fract() > 0.0))
        .expect("seconds");
    // It waited for half a second before the clock, and for half a second after it.
    assert!(wall - took > 0.9, "{wall} {summary}");
    assert!(
        ended.stderr.contains(
            "did not answer: no answer came in time. To leave it: cargo run -p class -- leave"
        ),
        "{ended:?}"
    );
    // What a program reads is no student's run: it does not wait for the board.
    let start = Instant::now();
    let read = student.run(lesson, &["--repeat", "2", "--json"]);
    assert_eq!((read.code(), read.stderr.as_str()), (0, ""));
    let record: Value = serde_json::from_str(&read.stdout).expect("JSON");
    let elsewhere = start.elapsed().as_secs_f64() - record["seconds"].as_f64().expect("seconds");
    assert!(elsewhere < 0.9, "it waited for {elsewhere} s");
    // After leaving, nothing is sent.
    let left = student.run("class", &["leave"]);
    assert!(left.stdout.contains("nothing is sent any more"), "{left:?}");
    silent.set_nonblocking(true).expect("it can");
    while silent.accept().is_ok() {}
    let ended = student.run(lesson, &["--repeat", "2", "--quiet"]);
    assert_eq!((ended.code(), ended.stderr.as_str()), (0, ""));
    assert!(silent.accept().is_err(), "a program without a class connected to the board");
    let left = student.run("class", &["leave"]);
    assert!(left.code() == 0 && left.stdout.contains("You are in no class"), "{left:?}");
}

#[test]
fn a_board_that_was_started_again_gives_a_new_nickname_by_itself() {
    let folder = Folder::new("class-again");
    let student = Student::new(&folder, "student");
    let lesson = downloader(Model::Sync).name();
    let class = Class::start("0", &[]);
    let address = class.address.clone();
    student.join(&address);
    let first = student.run(lesson, &["--repeat", "1", "--quiet"]);
    assert!(
        first.stderr.starts_with(&format!("Sent to the class, as {}: {{", student.nickname())),
        "{first:?}"
    );
    assert_eq!(student.run(lesson, &["--repeat", "1", "--quiet"]).stderr, "");
    drop(class);
    let port = address.rsplit_once(':').expect("a port").1;
    let class = Class::start(port, &[]);
    let ended = student.run(lesson, &["--repeat", "1", "--quiet"]);
    assert!(ended.stderr.starts_with("Sent to the class, as "), "{ended:?}");
    let state = class.state();
    let listed = state["students"].as_array().expect("students");
    assert_eq!((listed.len(), &listed[0]["name"]), (1, &json!(student.nickname())));
    assert_eq!(listed[0]["light"], json!("done"));
    // A run that fails, and one that is not whole, show in the light and not as a time.
    let gone = student.run(lesson, &["http://127.0.0.1:1/"]);
    assert_eq!(gone.code(), 1);
    let state = class.state();
    assert_eq!(state["students"][0]["light"], json!("failed"));
    let options = |row: &Value| row["options"].as_str().map(String::from);
    let rows = state["rows"].as_array().expect("rows");
    let failed = rows.iter().find(|row| options(row).as_deref() == Some("URL")).expect("a row");
    assert_eq!((&failed["runs"], &failed["median"]), (&json!([]), &Value::Null));
}

#[test]
fn without_a_network_the_same_lines_go_to_a_file() {
    let folder = Folder::new("class-files");
    let student = Student::new(&folder, "student");
    let lesson =
        first("one that computes", |it| it.model() == Model::Threads && only_does(it, "call"));
    let joined = student.run("class", &["join"]);
    assert_eq!(joined.code(), 0, "{joined:?}");
    let nickname = student.nickname();
    let file = folder.file(&format!("class-{}.jsonl", nickname.replace(' ', "-")));
    assert!(joined.stdout.contains(&file), "{joined:?}");
    // Joining once more changes nothing.
    student.run("class", &["join"]);
    assert_eq!(student.nickname(), nickname);
    for guess in ["1", "2"] {
        let ended = student.run(lesson.name(), &["--number", "20", "--guess", guess, "--quiet"]);
        assert_eq!(ended.code(), 0, "{ended:?}");
    }
    let lines = fs::read_to_string(&file).expect("lines");
    let lines: Vec<Value> =
        lines.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(lines.len(), 4);
    assert!(
        lines
            .iter()
            .all(|line| line["nickname"] == nickname.as_str() && line["options"] == "--number 20")
    );
    assert!(lines[0]["seconds"].is_null() && lines[1]["seconds"].is_f64());
    let page = folder.file("class.html");
    let made = student.run("class", &["page", &folder.file(""), "--out", &page]);
    assert!(made.stdout.contains("2 runs of 1 students, from 1 files\n"), "{made:?}");
    let html = fs::read_to_string(&page).expect("a page");
    // The first guess counts.
    assert!(
        html.contains(&format!("\"{}\":{{", lesson.name()))
            && html.contains("\"guesses\":[{\"seconds\":1.0"),
        "{html}"
    );
    let empty = folder.file("empty");
    fs::create_dir(&empty).expect("a folder");
    let made = student.run("class", &["page", &empty]);
    assert!(sentence(&made).contains("there is no file class-NICKNAME.jsonl"), "{made:?}");
}

#[test]
fn a_browser_gets_each_change_as_an_event() {
    let folder = Folder::new("class-events");
    let student = Student::new(&folder, "student");
    let class = Class::start("0", &[]);
    let mut stream = TcpStream::connect(&class.address).expect("it listens");
    let request = format!("GET /class/events HTTP/1.1\r\nHost: {}\r\n\r\n", class.address);
    stream.write_all(request.as_bytes()).expect("it reads");
    stream.set_read_timeout(Some(Duration::from_secs(60))).expect("a time");
    let events = BufReader::new(stream).lines().map(|line| line.expect("it is not cut"));
    let mut states = events.filter_map(|line| {
        line.strip_prefix("data: ").map(|state| serde_json::from_str::<Value>(state).expect("JSON"))
    });
    let mut next = |what: &dyn Fn(&Value) -> bool| {
        states.find(|state| what(state)).expect("the stream goes on");
    };
    next(&|state| state["students"] == json!([]));
    student.join(&class.address);
    next(&|state| state["students"][0]["light"] == "joined");
    student.run(downloader(Model::Sync).name(), &["--repeat", "1"]);
    next(&|state| state["rows"][0]["runs"][0]["student"] == 0);
}
