//! The programs that a reader copies from the book, tried as a reader would: from the pages' own text.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::process::{Command, Output};
use std::thread;
use std::time::{Duration, Instant};

use book::{Is, Own};
use test_sites::{RefusingPort, Site};
#[cfg(unix)]
use testing::signal;
use testing::{Folder, compile_program};

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
                let output = Command::new(&built).output().expect("it runs");
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
        let output = self.command(name, words).output().expect("it starts");
        assert_ne!(output.status.code(), Some(101), "{words:?}: {output:?}");
        output
    }

    /// Makes a package from the page: its commands, its program. Nothing in it is worth a warning.
    fn make(&self, name: &str) {
        let (made, code) = package(name);
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
        let output = self.output(name, &[&["cargo", "run", "--quiet", "--"], arguments].concat());
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (output.status.code().expect("a status"), text(&output.stdout), text(&output.stderr))
    }
}

fn package(wanted: &str) -> (Vec<String>, String) {
    let found = own_programs().into_iter().find_map(|(_, own)| match own.is {
        Is::Package { name, made, .. } if name == wanted => Some((made, own.code)),
        _ => None,
    });
    found.unwrap_or_else(|| panic!("no page has the program {wanted}"))
}

fn downloads(name: &str, limit: u64) {
    let typed = Typed(Folder::new(name));
    typed.make(name);
    let site = Site::start(200);
    let page = |path: &str| format!("{}/{path}", site.url);
    let urls: Vec<String> =
        (0..limit + 5).map(|number| page(["jython", "dice"][number as usize % 2])).collect();
    let all: Vec<&str> = urls.iter().map(String::as_str).collect();
    let (status, stdout, stderr) = typed.run(name, &all);
    assert_eq!((status, stderr.as_str()), (0, ""), "{name}: {stdout}");
    assert!(stdout.ends_with(&format!("{0} of {0} pages arrived\n", all.len())), "{stdout}");
    assert_eq!(stdout.matches(" bytes").count(), all.len(), "{stdout}");
    let (peak, _, requests) = site.seen();
    assert!(1 < peak && peak <= limit && requests == all.len() as u64, "{peak} {requests}");

    // One that is not there, and one where nobody listens: named, and not counted.
    let (missing, refused) = (page("gone"), RefusingPort::take());
    let (status, stdout, stderr) = typed.run(name, &[all[0], &missing, &refused.url, all[1]]);
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
    #[cfg(unix)]
    {
        let program = book::root().join("target/own-programs/debug/patient");
        let mut program = typed.command("patient", &[program.to_str().expect("text"), "1", "1900"]);
        let mut running = program.stdout(std::process::Stdio::piped()).spawn().expect("it starts");
        let mut stdout = running.stdout.take().expect("a pipe");
        let mut first = [0; "1ms: done\n".len()];
        stdout.read_exact(&mut first).expect("the short one ends first");
        signal("-INT", running.id());
        let mut rest = String::new();
        stdout.read_to_string(&mut rest).expect("text");
        assert_eq!(rest, "1.9s: stopped\n");
        assert!(running.wait().expect("it ends").success());
    }
}

/// A site that answers with these statuses, one after another; returns when each request came.
fn answers(statuses: &[&'static str]) -> (String, thread::JoinHandle<Vec<Instant>>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}/page", listener.local_addr().expect("an address"));
    let statuses = statuses.to_vec();
    let site = thread::spawn(move || {
        let mut came = Vec::new();
        for status in statuses {
            let (mut stream, _) = listener.accept().expect("a client comes");
            came.push(Instant::now());
            _ = stream.read(&mut [0; 4096]).expect("a request");
            let head =
                format!("HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok");
            stream.write_all(head.as_bytes()).expect("it is read");
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

    // Where nobody listens after these any more, one more attempt would be told of a refusal.
    for (statuses, says) in [(&[BUSY; 4][..], "503"), (&["404 Not Found"][..], "404")] {
        let (url, site) = answers(statuses);
        let (status, _, stderr) = typed.run("retry", &[&url]);
        assert_eq!(status, 1);
        assert!(stderr.lines().last().is_some_and(|line| line.contains(says)), "{stderr}");
        assert_eq!(site.join().expect("it answers").len(), statuses.len());
    }
}
