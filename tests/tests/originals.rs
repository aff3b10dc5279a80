//! The Python originals beside the lessons: the record of a site proves their concurrency, and their `--json` output is
//! read like a lesson's.
//!
//! They need Python 3.11 or newer with requests and aiohttp: that in `target/python`, which `.ci/run` makes, or else
//! `python3`. If there is neither, these tests say so and pass.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;
use std::thread;

use harness::Model;
use harness::report::Report;
use test_sites::Site;
use testing::is_summary;

/// A Python original, beside its lesson.
struct Original {
    name: String,
    file: PathBuf,
    source: String,
    /// The source of the lesson.
    rust: String,
    is_further: bool,
}

fn read(path: &Path) -> String {
    let text = fs::read_to_string(path);
    text.unwrap_or_else(|error| panic!("{}: {error}", path.display())).replace('\r', "")
}

fn root() -> PathBuf {
    course::root().expect("the workspace")
}

/// All originals: a lesson has one if there is a Python file of its name in its folder.
fn originals() -> Vec<Original> {
    let found = course::find(&root()).expect("the lessons are found");
    let originals = found.into_iter().filter_map(|lesson| {
        let file = lesson.original?;
        Some(Original {
            source: read(&file),
            rust: read(&root().join(&lesson.folder).join("src/main.rs")),
            name: lesson.name,
            is_further: lesson.is_further,
            file,
        })
    });
    originals.collect()
}

/// The Python that can run them.
fn python() -> Option<&'static Path> {
    static PYTHON: OnceLock<Option<PathBuf>> = OnceLock::new();
    let python = PYTHON.get_or_init(|| course::python(&root()));
    if python.is_none() {
        let why = "there is no Python 3.11 or newer with requests and aiohttp";
        let _ = writeln!(std::io::stderr(), "skipped: {why} (CONTRIBUTING.md)");
    }
    python.as_deref()
}

impl Original {
    fn command(&self, python: &Path, arguments: &[&str]) -> Command {
        let mut command = Command::new(python);
        // It runs from any folder.
        command.arg(&self.file).args(arguments).current_dir(std::env::temp_dir());
        command
    }

    fn run(&self, python: &Path, arguments: &[&str]) -> Ended {
        Ended::from(self.command(python, arguments).output().expect("Python runs"))
    }

    /// Runs it successfully; returns its report.
    fn report(&self, python: &Path, arguments: &[&str]) -> (Report, serde_json::Value) {
        let ended = self.run(python, &[&["--json"], arguments].concat());
        assert_eq!((ended.code, ended.stderr.as_str()), (0, ""), "{}: {}", self.name, ended.stdout);
        let report = Report::from_json(&ended.stdout);
        let report = report.unwrap_or_else(|error| panic!("{}: {error}: {ended:?}", self.name));
        assert_eq!(report.lesson, self.name);
        assert_eq!((report.failed, report.interrupted), (0, false), "{}", self.name);
        assert_eq!(report.done, report.items.len(), "{}", self.name);
        let end = report.items.iter().map(|item| item.span.end).max();
        assert!(end <= Some(report.took), "{}", self.name);
        (report, serde_json::from_str(&ended.stdout).expect("it was read as JSON"))
    }

    fn takes(&self, option: &str) -> bool {
        self.source.contains(&format!("{option}="))
            || self.source.contains(&format!("\"{option}\": "))
    }

    fn has_sections(&self) -> bool {
        self.source.contains("run.section(")
    }

    /// The functions of a source, in their order.
    fn functions<'text>(source: &'text str, word: &str) -> Vec<&'text str> {
        let lines = source.lines().map(|line| line.trim_start().trim_start_matches("async "));
        let named = lines.filter_map(|line| line.strip_prefix(word)?.split(['(', '<']).next());
        named.collect()
    }
}

/// The originals that only do pages, once each.
fn downloaders() -> impl Iterator<Item = Original> {
    let is_one = |it: &Original| it.takes("repeat") && !it.takes("number") && !it.has_sections();
    originals().into_iter().filter(is_one)
}

/// The originals that only do calls, once each.
fn computers() -> impl Iterator<Item = Original> {
    originals().into_iter().filter(|it| it.takes("calls") && !it.has_sections())
}

/// The original of that name.
fn original(name: &str) -> Original {
    let found = originals().into_iter().find(|it| it.name == name);
    found.unwrap_or_else(|| panic!("no original: {name}"))
}

#[derive(Debug)]
struct Ended {
    code: i32,
    stdout: String,
    stderr: String,
}

impl From<Output> for Ended {
    fn from(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).expect("text").replace('\r', "");
        Self {
            code: output.status.code().unwrap_or(-1),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        }
    }
}

// Their shape

#[test]
fn each_of_the_nine_has_an_original_that_is_short_and_has_the_lessons_functions_in_its_order() {
    assert_eq!(originals().iter().filter(|it| !it.is_further).count(), 9);
    for original in originals() {
        let name = &original.name;
        // mdBook's marks do not count.
        let is_mark = |line: &&str| line.starts_with("# ANCHOR");
        let lines = original.source.lines().filter(|line| !is_mark(line)).count();
        // As with the lessons, several sections or rounds are more than one program.
        let most = match &original {
            it if it.takes("increments") => 80,
            it if it.is_further => 72, // with a kind of item of its own
            _ => 45,
        };
        assert!((15..=most).contains(&lines), "{name}.py has {lines} lines");
        let is_code = |line: &&str| !line.starts_with("Run:"); // a command stays in one line
        let lines = original.source.lines().filter(is_code);
        let width = lines.map(|line| line.chars().count()).max();
        assert!(width <= Some(100), "{name}.py has a line of {width:?}");

        let rust = Original::functions(&original.rust, "fn ");
        let python = Original::functions(&original.source, "def ");
        let shared = |some: &[&str], others: &[&str]| -> Vec<String> {
            some.iter().filter(|name| others.contains(name)).map(|name| (*name).into()).collect()
        };
        assert_eq!(shared(&rust, &python), shared(&python, &rust), "{name}.py, in this order");
        for function in ["main", "download_all_sites", "download_site", "resize_all"] {
            let (here, there) = (python.contains(&function), rust.contains(&function));
            assert_eq!(here, there, "{name}.py: {function}");
        }
        assert_eq!(python.contains(&"fib"), original.takes("number"), "{name}.py: fib");

        // The header: the idea in a sentence, how to run it, what to watch.
        let header: Vec<&str> = original.source.lines().take(4).collect();
        assert!(header[0].starts_with("\"\"\"") && header[0].ends_with('.'), "{name}.py");
        let group = if original.is_further { "further" } else { "lessons" };
        let run = format!("Run:   python3 crates/{group}/{name}/{name}.py");
        assert!(header[2].starts_with(&run), "{name}.py: {}", header[2]);
        assert!(header[3].starts_with("Watch: "), "{name}.py: {}", header[3]);
    }
}

#[test]
fn what_they_share_is_tiny() {
    let lines = |file: &str| read(&root().join("crates/common").join(file)).lines().count();
    for (file, most) in
        [("common.py", 120), ("arguments.py", 115), ("kinds.py", 20), ("report.py", 100)]
    {
        assert!((1..=most).contains(&lines(file)), "{file} has {} lines", lines(file));
    }
}

// Pages

#[test]
fn the_record_of_the_site_proves_the_concurrency() {
    let Some(python) = python() else { return };
    assert!(downloaders().count() >= 4);
    for original in downloaders() {
        let (name, site) = (&original.name, Site::start(200));
        let mut arguments = vec!["--site", &site.url, "--repeat", "10"];
        if name.contains("process") {
            arguments.extend(["--workers", "3"]); // by itself, one for each core
        }
        let (report, json) = original.report(python, &arguments);
        let expected = match report.model {
            Model::Sync => 1,
            Model::Async => 20,
            Model::Processes => 3,
            _ if original.takes("workers") => report.workers,
            _ => 20,
        };
        assert!(report.model == Model::Sync || expected > 1, "{name}");
        assert_eq!((report.workers, report.done), (expected, 20), "{name}");
        // A session keeps its connections: there are no more than pages at once.
        let at_once = expected as u64;
        assert_eq!(site.seen(), (at_once, at_once, 20), "{name}");
        let peak = report.timeline().facts().map(|facts| facts.peak_in_flight);
        assert_eq!(peak, Some(expected), "{name}");
        assert!(json["python"]["gil"].is_boolean(), "{name}");
        // The tasks of the pages share one thread, a turn at a time.
        for item in &report.items {
            let is_of_task = report.model == Model::Async;
            assert_eq!(!item.span.turns.is_empty(), is_of_task, "{name}: {item:?}");
            assert!(!is_of_task || item.span.worker == "main", "{name}: {item:?}");
        }
    }
}

#[test]
fn a_line_for_each_page_and_the_summary_at_the_end() {
    let Some(python) = python() else { return };
    let site = Site::start(5);
    for original in downloaders() {
        let name = &original.name;
        let ended = original.run(python, &["--site", &site.url, "--repeat", "3"]);
        assert_eq!((ended.code, ended.stderr.as_str()), (0, ""), "{name}");
        let lines: Vec<&str> = ended.stdout.lines().collect();
        let of = |page| {
            let is_of = |line: &&&str| line.contains("Read ") && line.ends_with(page);
            lines.iter().filter(is_of).count()
        };
        assert_eq!((of("/jython"), of("/dice"), lines.len()), (3, 3, 7), "{name}: {ended:?}");
        assert!(is_summary(lines[6]) && lines[6].starts_with("Downloaded 6 sites in "), "{name}");
    }
}

/// A site that has one of the two pages.
fn half_a_site() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let answer = |mut stream: TcpStream| {
        let mut request = String::new();
        let mut lines = BufReader::new(&stream);
        while !request.ends_with("\r\n\r\n") && lines.read_line(&mut request)? > 0 {}
        let found = request.starts_with("GET /jython ");
        let status = if found { "200 OK" } else { "404 Not Found" };
        let head = "Content-Length: 4\r\nConnection: close\r\n\r\n";
        write!(stream, "HTTP/1.1 {status}\r\n{head}page")
    };
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            thread::spawn(move || answer(stream).unwrap_or_default());
        }
    });
    url
}

#[test]
fn a_page_that_fails_is_named_and_not_counted_and_the_others_go_on() {
    let Some(python) = python() else { return };
    let site = half_a_site();
    for original in originals().into_iter().filter(|it| it.takes("repeat")) {
        let name = &original.name;
        let ended = original.run(python, &["--site", &site, "--repeat", "3"]);
        assert_eq!(ended.code, 1, "{name}: {ended:?}");
        let (all, failures) = (ended.stdout.matches("Read 4 bytes").count(), ended.stderr.lines());
        let is_named =
            |line: &str| line.starts_with(&format!("Failed {site}/dice: ")) && line.contains("404");
        assert!(failures.clone().all(is_named), "{name}: {ended:?}");
        assert_eq!((all % 3, all > 0, failures.count()), (0, true, all), "{name}: {ended:?}");
        let summary = ended.stdout.lines().last().expect("a summary");
        let counted = format!("Downloaded {all} of {} sites", 2 * all);
        assert!(summary.starts_with(&counted), "{name}: {summary}");
        assert!(summary.ends_with(&format!(" seconds ({all} failed)")), "{name}: {summary}");
    }
}

#[test]
fn pages_awaited_one_by_one_and_pages_gathered() {
    let Some(python) = python() else { return };
    let site = Site::start(50);
    let original = original("sequential_await");
    let (report, _) = original.report(python, &["--site", &site.url, "--repeat", "3"]);
    let timeline = report.timeline();
    let peaks = report.sections.iter().map(|section| {
        let facts = timeline.section(section).facts().expect("it has items");
        (section.name.as_str(), facts.peak_in_flight)
    });
    assert_eq!(peaks.collect::<Vec<_>>(), [("one by one", 1), ("joined", 6)]);
}

/// The originals with sections: each section does all of its pages or calls.
#[test]
fn each_section_does_the_whole_work() {
    let Some(python) = python() else { return };
    let has_pillow = Command::new(python).args(["-c", "import PIL"]).status();
    let has_pillow = has_pillow.is_ok_and(|status| status.success());
    let with_sections = || originals().into_iter().filter(Original::has_sections);
    assert!(with_sections().count() >= 4);
    for original in with_sections().filter(|it| has_pillow || !it.takes("pictures")) {
        let (name, site) = (&original.name, Site::start(5));
        let all = [
            ["--repeat", "2"],
            ["--number", "18"],
            ["--calls", "4"],
            ["--pictures", "4"],
            ["--steps", "400"], // four times a hundred
            ["--megabytes", "4"],
        ];
        let its = all.into_iter().filter(|[option, _]| original.takes(&option[2..]));
        let mut arguments: Vec<&str> = its.flatten().collect();
        if original.takes("repeat") || original.takes("visits") {
            arguments.extend(["--site", &site.url]);
        }
        let (report, _) = original.report(python, &arguments);
        assert!(report.sections.len() > 1, "{name}");
        let items = match &original {
            it if it.takes("visits") => practice_site::world::PAGES,
            it if it.takes("repeat") && it.takes("number") => 8,
            _ => 4,
        };
        for section in &report.sections {
            let its = report.items.iter().filter(|it| it.section.as_ref() == Some(&section.name));
            assert_eq!(its.count(), items, "{name}: {}", section.name);
        }
    }
}

// Calls

#[test]
fn the_results_are_printed_and_right() {
    let Some(python) = python() else { return };
    assert!(computers().count() >= 4);
    for original in computers() {
        let name = &original.name;
        let ended = original.run(python, &["--number", "20", "--calls", "7"]);
        assert_eq!((ended.code, ended.stderr.as_str()), (0, ""), "{name}");
        let lines: Vec<&str> = ended.stdout.lines().collect();
        assert_eq!(lines[..7], ["fib(20) = 6765"; 7], "{name}");
        assert!(is_summary(lines[7]) && lines[7].starts_with("Computed in "), "{name}: {ended:?}");
        for (number, result) in [("0", 0), ("1", 1), ("2", 1)] {
            let (report, _) = original.report(python, &["--number", number, "--calls", "1"]);
            assert_eq!(report.items[0].value.map(|(_, value)| value), Some(result), "{name}");
        }
    }
}

#[test]
fn as_many_calls_at_once_as_workers() {
    let Some(python) = python() else { return };
    for original in computers() {
        let name = &original.name;
        // Long calls: an executor starts no thread while one is idle, and needs the GIL to hand out the next call.
        let mut arguments = vec!["--number", "31", "--calls", "6"];
        if original.takes("workers") {
            arguments.extend(["--workers", "3"]);
        }
        let (report, _) = original.report(python, &arguments);
        let expected = if original.takes("workers") { 3 } else { 1 };
        let peak = report.timeline().facts().map(|facts| facts.peak_in_flight);
        assert_eq!((report.workers, peak), (expected, Some(expected)), "{name}");
    }
}

#[test]
fn the_race_is_hidden_by_the_gil_and_seen_where_a_call_is_in_the_line() {
    let Some(python) = python() else { return };
    let (_, json) = original("race_counter").report(python, &[]);
    let lost = |way: &str| {
        let rounds = json["items"].as_array().expect("items").iter();
        let mut of_way = rounds.filter(|round| round["label"] == way);
        of_way.next().and_then(|round| round["lost"].as_u64()).unwrap_or_else(|| panic!("{way}"))
    };
    assert!(lost("unprotected, wide window") > 0, "{json}");
    assert_eq!((lost("mutex"), lost("sum per thread, joined")), (0, 0), "{json}");
    if json["python"]["gil"] == true {
        assert_eq!(lost("unprotected"), 0, "{json}");
    }
}

// What is missing, and what ends early

#[test]
fn what_is_missing_is_said_in_a_sentence() {
    let Some(python) = python() else { return };
    let needs_a_site = |it: &Original| it.takes("repeat") || it.takes("visits");
    for original in originals().into_iter().filter(needs_a_site) {
        let name = &original.name;
        let ended = original.run(python, &[]);
        assert_eq!((ended.code, ended.stdout.as_str()), (2, ""), "{name}: {ended:?}");
        assert!(ended.stderr.contains("cargo run -p practice_site"), "{name}: {ended:?}");
        // Without its packages (`-S`), if it needs any.
        if !["aiohttp", "requests"]
            .iter()
            .any(|it| original.source.contains(&format!("import {it}")))
        {
            continue;
        }
        let mut bare = Command::new(python);
        let ended = Ended::from(bare.arg("-S").arg(&original.file).output().expect("Python runs"));
        assert_eq!((ended.code, ended.stderr.lines().count()), (2, 1), "{name}: {ended:?}");
        assert!(ended.stderr.contains(" is missing: python3 -m pip install "), "{ended:?}");
    }
}

/// As `head -1` does.
#[cfg(unix)]
#[test]
fn nobody_has_to_read_its_lines() {
    let Some(python) = python() else { return };
    for original in computers() {
        let mut command = original.command(python, &["--number", "15", "--calls", "50"]);
        let command = command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut running = command.spawn().expect("Python runs");
        drop(running.stdout.take());
        let ended = Ended::from(running.wait_with_output().expect("it ends"));
        assert_eq!((ended.code, ended.stderr.as_str()), (0, ""), "{}", original.name);
    }
}

/// Also where tasks, servers and clients of its own are at work: nothing is left, and nobody reads a traceback.
#[cfg(unix)]
#[test]
fn ctrl_c_ends_an_original_with_a_kind_of_its_own() {
    let Some(python) = python() else { return };
    let site = Site::start(50);
    let others = |it: &Original| it.source.contains("common.Kind(");
    assert!(originals().iter().filter(|it| others(it)).count() > 4);
    for original in originals().into_iter().filter(others) {
        let name = &original.name;
        let site = ["--site", site.url.as_str()];
        let needs_a_site = original.source.contains("site=None");
        let mut command = original.command(python, if needs_a_site { &site } else { &[] });
        let command = command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut running = command.spawn().expect("Python runs");
        let mut stdout = BufReader::new(running.stdout.take().expect("it is piped"));
        let mut lines = String::new();
        stdout.read_line(&mut lines).expect("a line");
        testing::signal("-INT", running.id());
        stdout.read_to_string(&mut lines).expect("text");
        let ended = Ended::from(running.wait_with_output().expect("it ends"));
        assert_eq!((ended.code, ended.stderr.as_str()), (130, ""), "{name}: {lines}");
        let summary = lines.lines().last().expect("a summary");
        assert!(summary.starts_with("Interrupted: "), "{name}: {summary}");
    }
}

#[cfg(unix)]
#[test]
fn ctrl_c_ends_it_with_what_was_done() {
    let Some(python) = python() else { return };
    let site = Site::start(50);
    // If all pages arrive at once, there is no time for it.
    let has_time = |it: &Original| it.takes("workers") || !it.rust.contains("worker_per_item");
    for original in downloaders().chain(computers()).filter(has_time) {
        let name = &original.name;
        let pages = ["--site", site.url.as_str(), "--repeat", "400"];
        let calls = ["--number", "22", "--calls", "3000"];
        let mut arguments = if original.takes("repeat") { pages } else { calls }.to_vec();
        if original.takes("workers") {
            arguments.extend(["--workers", "5"]);
        }
        let mut command = original.command(python, &arguments);
        let command = command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut running = command.spawn().expect("Python runs");
        let mut stdout = BufReader::new(running.stdout.take().expect("it is piped"));
        let mut lines = String::new();
        // Only when all workers are there: an executor does not wait for a thread that it has not registered yet.
        for _ in 0..20 {
            stdout.read_line(&mut lines).expect("a line");
        }
        testing::signal("-INT", running.id());
        stdout.read_to_string(&mut lines).expect("text");
        let ended = Ended::from(running.wait_with_output().expect("it ends"));
        assert_eq!((ended.code, ended.stderr.as_str()), (130, ""), "{name}: {lines}");
        let lines: Vec<&str> = lines.lines().collect();
        let (summary, lines) = lines.split_last().expect("a summary");
        assert!(summary.starts_with("Interrupted: "), "{name}: {summary}");
        let done = summary.split(' ').nth(2).and_then(|word| word.parse().ok());
        // Ctrl-C may come between the record of an item and its line.
        let lines = lines.len()..=lines.len() + 1;
        assert!(done.is_some_and(|done: usize| lines.contains(&done)), "{name}: {summary}");
    }
}
