//! The programs that a reader copies from the book, tried as a reader would: from the pages' own text.

use std::fs;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
#[cfg(unix)]
use std::process::Child;
use std::process::{Command, Output, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use book::{Is, Own};
use test_sites::{RefusingPort, Site};
use testing::{Folder, compile_program};
#[cfg(unix)]
use testing::{signal, wait_until};

/// The site of the pages' commands: here each test has its own.
const SITE: &str = "http://127.0.0.1:8000";
/// No program of a page, and no pause between two requests, takes as long.
const LIMIT: Duration = Duration::from_secs(60);
/// Nor does a build, on a slow and busy machine.
const LIMIT_OF_A_BUILD: Duration = Duration::from_secs(30 * 60);

/// What a command prints until it ends. One that does not is ended.
fn output_within(limit: Duration, mut command: Command) -> Output {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut running = command.spawn().expect("it starts");
    fn read(from: impl Read + Send + 'static) -> thread::JoinHandle<Vec<u8>> {
        let mut from = from;
        thread::spawn(move || {
            let mut text = Vec::new();
            from.read_to_end(&mut text).expect("it can be read");
            text
        })
    }
    let stdout = read(running.stdout.take().expect("a pipe"));
    let stderr = read(running.stderr.take().expect("a pipe"));
    let start = Instant::now();
    let status = loop {
        if let Some(status) = running.try_wait().expect("a status") {
            break status;
        }
        if start.elapsed() > limit {
            running.kill().expect("it runs");
            running.wait().expect("it ends");
            panic!("{command:?} has not ended after {limit:?}");
        }
        thread::sleep(Duration::from_millis(10));
    };
    let [stdout, stderr] = [stdout, stderr].map(|text| text.join().expect("it was read"));
    Output { status, stdout, stderr }
}

fn own_programs() -> Vec<(String, Own)> {
    let mut all = Vec::new();
    for page in book::pages().expect("the book can be read") {
        let own = page.own_programs().expect("its marks can be read");
        all.extend(own.into_iter().map(|own| (format!("{}.md:{}", page.name, own.line), own)));
    }
    all
}

#[test]
fn programs_for_the_standard_library_do_what_the_page_says() {
    let folder = Folder::new("standard");
    let built = folder.path().join("program");
    let (mut work, mut fail) = (0, 0);
    for (place, own) in own_programs() {
        match own.is {
            Is::Package { .. } => {}
            Is::Working(printed) => {
                work += 1;
                let said = compile_program(&own.code, Some(&built));
                assert_eq!(said, "", "{place}");
                let output = output_within(LIMIT, Command::new(&built));
                assert!(output.status.success(), "{place}: {output:?}");
                let stdout = String::from_utf8_lossy(&output.stdout).replace('\r', "");
                assert!(printed.is_none_or(|printed| printed == stdout), "{place}: {stdout}");
            }
            Is::Failing(code, words) => {
                fail += 1;
                let said = compile_program(&own.code, None);
                let is_error =
                    |line: &&str| line.starts_with("error") && !line.starts_with("error: aborting");
                let errors: Vec<&str> = said.lines().filter(is_error).collect();
                let begins = match code.as_str() {
                    "error" => "error: ".into(),
                    code => format!("error[{code}]: "),
                };
                assert!(errors.len() == 1 && errors[0].starts_with(&begins), "{place}: {said}");
                for line in words.iter().flat_map(|words| words.lines()) {
                    assert!(said.lines().any(|it| it.trim() == line.trim()), "{place}: {said}");
                }
            }
        }
    }
    assert!(work >= 4 && fail >= 4, "{work} work, {fail} do not compile");
}

/// What the reader types, typed in an empty folder.
struct Typed(Folder);

impl Typed {
    fn folder(&self, name: &str) -> std::path::PathBuf {
        self.0.path().join(name)
    }

    /// A command in a package's folder, of the reader's own: no proxy, and one folder for all that is built.
    fn command(&self, name: &str, words: &[&str]) -> Command {
        let mut command = Command::new(words[0]);
        command.args(&words[1..]).current_dir(self.folder(name));
        for (name, _) in std::env::vars_os() {
            if name.to_str().is_some_and(|name| name.starts_with("CARGO_PKG_")) {
                command.env_remove(name);
            }
        }
        command.env("CARGO_TARGET_DIR", book::root().join("target/own-programs"));
        command.env("NO_PROXY", "127.0.0.1").env_remove("RUSTFLAGS");
        command
    }

    fn output(&self, name: &str, words: &[&str]) -> Output {
        let output = output_within(LIMIT_OF_A_BUILD, self.command(name, words));
        assert_ne!(output.status.code(), Some(101), "{words:?}: {output:?}");
        output
    }

    /// Makes a package from the page: its commands, its program. Nothing in it is worth a warning.
    fn make(&self, name: &str) {
        let Package { made, code, .. } = package(name);
        fs::create_dir_all(self.0.path()).expect("a folder");
        let mut folder = String::new();
        for line in &made {
            let words: Vec<&str> = line.split_whitespace().collect();
            if let ["cd", into] = words[..] {
                folder = into.into();
                continue;
            }
            let output = self.output(&folder, &words);
            assert!(output.status.success(), "{line}: {output:?}");
        }
        assert_eq!(folder, name, "{made:?}");
        fs::write(self.folder(name).join("src/main.rs"), code).expect("it is written");
        let built = self.output(name, &["cargo", "build", "--quiet"]);
        assert!(built.status.success() && built.stderr.is_empty(), "{name}: {built:?}");
    }

    /// `cargo run -- ARGUMENTS`: status, stdout, stderr.
    fn run(&self, name: &str, arguments: &[&str]) -> (i32, String, String) {
        self.run_line(name, &[&["cargo", "run", "--"], arguments].concat())
    }

    /// A line that begins with `cargo run`, without cargo's own messages. What it runs is built first.
    fn run_line(&self, name: &str, words: &[&str]) -> (i32, String, String) {
        let ["cargo", "run", rest @ ..] = words else { panic!("{words:?} runs nothing") };
        let options = rest.split(|word| *word == "--").next().unwrap_or_default();
        let built = self.output(name, &[&["cargo", "build", "--quiet"], options].concat());
        assert!(built.status.success() && built.stderr.is_empty(), "{words:?}: {built:?}");
        let command = self.command(name, &[&["cargo", "run", "--quiet"], rest].concat());
        let output = output_within(LIMIT, command);
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (output.status.code().expect("a status"), text(&output.stdout), text(&output.stderr))
    }

    /// Each line of the page that runs this program, with this site in place of the page's: its arguments, and what came of it.
    fn run_lines(&self, name: &str, site: &str) -> Vec<(Vec<String>, i32, String, String)> {
        let lines = package(name).run;
        assert!(!lines.is_empty(), "no line of the page runs {name}");
        let run = |line: String| {
            let line = line.replace(SITE, site);
            let words: Vec<&str> = line.split_whitespace().collect();
            let (status, stdout, stderr) = self.run_line(name, &words);
            let arguments = words.iter().skip_while(|word| **word != "--").skip(1);
            let arguments: Vec<String> = arguments.map(|word| (*word).into()).collect();
            assert!(!arguments.is_empty(), "{line}: it is asked for nothing");
            (arguments, status, stdout, stderr)
        };
        lines.into_iter().map(run).collect()
    }
}

struct Package {
    made: Vec<String>,
    code: String,
    /// All lines of its page that run it. A question is about the page's first program.
    run: Vec<String>,
}

fn package(wanted: &str) -> Package {
    let is_own = |line: &String| !line.contains(" -p ");
    for page in book::pages().expect("the book can be read") {
        let (mut found, mut all_asked, mut is_first) = (None, Vec::new(), true);
        for own in page.own_programs().expect("its marks can be read") {
            let Is::Package { name, made, run, asked } = own.is else { continue };
            all_asked.extend(asked);
            if name == wanted {
                found = Some((Package { made, code: own.code, run }, is_first));
            }
            is_first = false;
        }
        if let Some((mut package, is_first)) = found {
            package.run.extend(all_asked.into_iter().filter(|_| is_first));
            package.run.retain(is_own);
            return package;
        }
    }
    panic!("no page has the program {wanted}")
}

/// A site that answers nobody until this number of requests are there, and a moment longer: so one too many is seen.
struct Holding {
    url: String,
    seen: Arc<(Mutex<Seen>, Condvar)>,
}

#[derive(Clone, Copy, Default)]
struct Seen {
    in_flight: u64,
    peak: u64,
    requests: u64,
}

impl Holding {
    fn start(limit: u64) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let site = Self { url, seen: Arc::default() };
        let seen = Arc::clone(&site.seen);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (stream, seen) = (stream.expect("a client comes"), Arc::clone(&seen));
                thread::spawn(move || _ = serve(stream, limit, &seen));
            }
        });
        site
    }

    fn seen(&self) -> Seen {
        *self.seen.0.lock().expect("no thread panics here")
    }
}

fn serve(mut stream: TcpStream, limit: u64, seen: &(Mutex<Seen>, Condvar)) -> io::Result<()> {
    if stream.read(&mut [0; 4096])? == 0 {
        return Ok(()); // no request: a client that ends
    }
    let (seen, changes) = seen;
    let mut now = seen.lock().expect("no thread panics here");
    now.requests += 1;
    now.in_flight += 1;
    now.peak = now.peak.max(now.in_flight);
    changes.notify_all();
    // A client with a time-out of its own asks for less: then its answer comes before that.
    let held = changes.wait_timeout_while(now, LIMIT / 12, |now| now.peak < limit);
    drop(held.expect("no thread panics here"));
    thread::sleep(Duration::from_millis(300));
    seen.lock().expect("no thread panics here").in_flight -= 1;
    answer(&mut stream, "200 OK")
}

fn answer(stream: &mut TcpStream, status: &str) -> io::Result<()> {
    let head = format!("HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok");
    stream.write_all(head.as_bytes())
}

fn downloads(name: &str, limit: u64) {
    let typed = Typed(Folder::new(name));
    typed.make(name);
    let site = Holding::start(limit);
    let urls: Vec<String> = (0..2 * limit).map(|page| format!("{}/{page}", site.url)).collect();
    let all: Vec<&str> = urls.iter().map(String::as_str).collect();
    let (status, stdout, stderr) = typed.run(name, &all);
    assert_eq!((status, stderr.as_str()), (0, ""), "{name}: {stdout}");
    assert!(stdout.ends_with(&format!("{0} of {0} pages arrived\n", all.len())), "{stdout}");
    assert_eq!(stdout.matches(" bytes").count(), all.len(), "{stdout}");
    let Seen { peak, requests, .. } = site.seen();
    assert_eq!((peak, requests), (limit, all.len() as u64));

    // What the page has the reader type: only the page `gone` does not arrive.
    let site = Site::start(20);
    let page = |path: &str| format!("{}/{path}", site.url);
    let is_gone = |url: &String| *url == page("gone");
    for (urls, status, stdout, stderr) in typed.run_lines(name, &site.url) {
        let (gone, there): (Vec<String>, Vec<String>) = urls.into_iter().partition(is_gone);
        assert_eq!(status, i32::from(!gone.is_empty()), "{stdout}{stderr}");
        let all = gone.len() + there.len();
        assert!(stdout.ends_with(&format!("{} of {all} pages arrived\n", there.len())), "{stdout}");
        let says = |text: &str, url: &str, what: &str| {
            text.lines().any(|line| line.starts_with(&format!("{url}: ")) && line.contains(what))
        };
        assert!(there.iter().all(|url| says(&stdout, url, " bytes")), "{stdout}{stderr}");
        assert!(gone.iter().all(|url| says(&stderr, url, "404")), "{stdout}{stderr}");
    }

    // One that is not there, and one where nobody listens: named, and not counted.
    let (missing, refused) = (page("gone"), RefusingPort::take());
    let (status, stdout, stderr) =
        typed.run(name, &[&page("dice"), &missing, &refused.url, &page("jython")]);
    assert_eq!(status, 1, "{name}: {stdout}{stderr}");
    assert!(stdout.ends_with("2 of 4 pages arrived\n"), "{stdout}");
    let failed: Vec<&str> = stderr.lines().filter(|line| line.starts_with("http")).collect();
    assert_eq!(failed.len(), 2, "{stderr}");
    let of = |url: &str| failed.iter().find(|line| line.starts_with(url)).copied();
    assert!(of(&missing).is_some_and(|line| line.contains("404")), "{stderr}");
    assert!(of(&refused.url).is_some_and(|line| line.contains("refused")), "{stderr}");
}

#[test]
#[ignore = "it takes the newest crates from the registry, and builds them: over a minute"]
fn the_threads_are_as_the_page_says() {
    downloads("threads", 5);
}

#[test]
#[ignore = "it takes the newest crates from the registry, and builds them: over a minute"]
fn the_tasks_are_as_the_page_says() {
    downloads("tasks", 20);
}

#[test]
#[ignore = "it takes the newest crates from the registry, and builds them: over a minute"]
fn the_parallel_loop_is_as_the_page_says() {
    let typed = Typed(Folder::new("cores"));
    typed.make("cores");
    let (status, stdout, stderr) = typed.run("cores", &["30", "10", "20"]);
    assert_eq!((status, stderr.as_str()), (0, ""));
    // In their order, whichever ended first.
    assert!(
        stdout.starts_with("fib(30) = 832040\nfib(10) = 55\nfib(20) = 6765\n3 calls in "),
        "{stdout}"
    );
    for (numbers, status, stdout, stderr) in typed.run_lines("cores", SITE) {
        assert_eq!((status, stderr.as_str()), (0, ""));
        let results = stdout.lines().filter_map(|line| line.split_once(") = "));
        let results: Vec<&str> =
            results.filter_map(|(call, _)| call.strip_prefix("fib(")).collect();
        assert_eq!(results, numbers, "{stdout}");
    }
    let (status, stdout, stderr) = typed.run("cores", &["10", "ten"]);
    assert_eq!((status, stdout.as_str()), (1, ""));
    assert!(stderr.contains("invalid digit") || stderr.contains("InvalidDigit"), "{stderr}");
}

#[test]
#[ignore = "it takes the newest crates from the registry, and builds them: over a minute"]
fn tasks_time_out_and_stop() {
    let typed = Typed(Folder::new("patient"));
    typed.make("patient");
    let start = Instant::now();
    let (status, stdout, _) = typed.run("patient", &["100", "30000"]);
    assert_eq!((status, stdout.as_str()), (0, "100ms: done\n30s: timed out\n"));
    assert!(start.elapsed() < Duration::from_secs(25));
    for (times, status, stdout, stderr) in typed.run_lines("patient", SITE) {
        assert_eq!((status, stderr.as_str()), (0, ""), "{times:?}");
        let (ended, last) = stdout.trim_end().rsplit_once('\n').expect("lines");
        assert!(ended.lines().all(|line| line.ends_with(": done")), "{stdout}");
        assert!(last.ends_with(": timed out"), "{stdout}");
        assert_eq!(stdout.lines().count(), times.len(), "{stdout}");
    }
    #[cfg(unix)]
    {
        // On a busy machine, two seconds may be over before the signal comes.
        let source = typed.folder("patient").join("src/main.rs");
        let code = fs::read_to_string(&source).expect("it was made");
        let longer = code.replace("from_secs(2)", "from_secs(600)");
        assert_ne!(longer, code);
        fs::write(&source, longer).expect("it is written");
        assert!(typed.output("patient", &["cargo", "build", "--quiet"]).status.success());
        let program = book::root().join("target/own-programs/debug/patient");
        let program = program.to_str().expect("text");
        let mut command = typed.command("patient", &[program, "1", "500000"]);
        let mut running = Ended(command.stdout(Stdio::piped()).spawn().expect("it starts"));
        let mut stdout = running.0.stdout.take().expect("a pipe");
        let mut first = [0; "1ms: done\n".len()];
        stdout.read_exact(&mut first).expect("the short one ends first");
        listens_for_ctrl_c(running.0.id());
        signal("-INT", running.0.id());
        let start = Instant::now();
        while running.0.try_wait().expect("a status").is_none() {
            assert!(start.elapsed() < LIMIT, "it goes on");
            thread::sleep(Duration::from_millis(10));
        }
        let mut rest = String::new();
        stdout.read_to_string(&mut rest).expect("text");
        assert_eq!(rest, "500s: stopped\n");
        assert!(running.0.wait().expect("it has ended").success());
    }
}

/// A process that does not outlive its test.
#[cfg(unix)]
struct Ended(Child);

#[cfg(unix)]
impl Drop for Ended {
    fn drop(&mut self) {
        // In vain where it has ended.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Waits until a program has a handler for SIGINT, the second signal. Where the system does not tell, a second is enough.
#[cfg(unix)]
fn listens_for_ctrl_c(id: u32) {
    if !cfg!(target_os = "linux") {
        return thread::sleep(Duration::from_secs(1));
    }
    wait_until("a handler of Ctrl-C", || {
        let status = fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
        let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:"));
        let caught = caught.and_then(|bits| u64::from_str_radix(bits.trim(), 16).ok());
        caught.is_some_and(|bits| bits & 0b10 != 0)
    });
}

/// A site that answers with these statuses, one after another; returns when each request came.
fn answers(statuses: &[&'static str]) -> (String, thread::JoinHandle<Vec<Instant>>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.set_nonblocking(true).expect("the system can");
    let url = format!("http://{}/page", listener.local_addr().expect("an address"));
    let statuses = statuses.to_vec();
    let site = thread::spawn(move || {
        let mut came = Vec::new();
        for status in statuses {
            let start = Instant::now();
            let mut stream = loop {
                match listener.accept() {
                    Ok((stream, _)) => break stream,
                    Err(why) => assert_eq!(why.kind(), ErrorKind::WouldBlock, "{why}"),
                }
                assert!(start.elapsed() < LIMIT, "nobody asks for what is {status}: {came:?}");
                thread::sleep(Duration::from_millis(1));
            };
            came.push(Instant::now());
            stream.set_nonblocking(false).expect("the system can");
            stream.set_read_timeout(Some(LIMIT)).expect("the system can");
            _ = stream.read(&mut [0; 4096]).expect("a request");
            answer(&mut stream, status).expect("it is read");
        }
        came
    });
    (url, site)
}

#[test]
#[ignore = "it takes the newest crates from the registry, and builds them: over a minute"]
fn only_what_may_pass_is_asked_for_again() {
    const BUSY: &str = "503 Service Unavailable";
    let typed = Typed(Folder::new("retry"));
    typed.make("retry");
    let (url, site) = answers(&[BUSY, BUSY, BUSY, "200 OK"]);
    let (status, stdout, stderr) = typed.run("retry", &[&url]);
    assert_eq!((status, stdout), (0, format!("{url}: 2 bytes\n")), "{stderr}");
    assert_eq!(stderr.matches("once more").count(), 3, "{stderr}");
    let came = site.join().expect("it answers");
    let pauses: Vec<_> = came.windows(2).map(|two| two[1] - two[0]).collect();
    let least = [100, 200, 400].map(Duration::from_millis);
    assert!(pauses.iter().zip(least).all(|(pause, least)| *pause >= least), "{pauses:?}");

    // At the port of the page nobody listens.
    for (urls, status, stdout, stderr) in typed.run_lines("retry", SITE) {
        assert_eq!((status, stdout.as_str(), urls.len()), (1, "", 1), "{stderr}");
        assert_eq!(stderr.matches("once more").count(), 3, "{stderr}");
        let last = stderr.lines().last().expect("a line");
        assert!(last.starts_with(&format!("{}: ", urls[0])), "{stderr}");
    }

    // Where nobody listens after these any more, one more attempt would be told of a refusal.
    for (statuses, says) in [(&[BUSY; 4][..], "503"), (&["404 Not Found"][..], "404")] {
        let (url, site) = answers(statuses);
        let (status, _, stderr) = typed.run("retry", &[&url]);
        assert_eq!(status, 1);
        assert!(stderr.lines().last().is_some_and(|line| line.contains(says)), "{stderr}");
        assert_eq!(site.join().expect("it answers").len(), statuses.len());
    }
}
