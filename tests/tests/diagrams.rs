//! Working and waiting: in the record, in the sentence and the diagram after the summary, and in files.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use common::{LESSONS, Work};
use roxmltree::{Document, Node};
use serde_json::Value;
#[cfg(target_os = "linux")]
use tests::Ended;
use tests::{FaultSite, Folder, Lesson, RefusingPort, Site, short};
#[cfg(unix)]
use tests::{signal, wait_until};

fn json(name: &str, arguments: &[&str]) -> Value {
    let ended = Lesson::run(name, &[&["--json"], arguments].concat());
    assert_eq!(ended.code(), 0, "{name}: {ended:?}");
    ended.json()
}

fn items(run: &Value) -> &[Value] {
    run["items"].as_array().expect("items")
}

fn number(object: &Value, key: &str) -> f64 {
    object[key].as_f64().unwrap_or_else(|| panic!("no {key}: {object}"))
}

/// The CPU time of all items, in seconds.
fn worked(run: &Value) -> f64 {
    items(run).iter().map(|item| number(item, "working")).sum()
}

fn workers(run: &Value) -> BTreeSet<&str> {
    items(run).iter().map(|item| item["worker"].as_str().expect("a name")).collect()
}

// The record

#[test]
fn downloaders_wait_on_as_many_lanes_as_they_have_workers() {
    for (name, arguments, lanes) in [
        ("sync_downloader", &["--latency", "100", "--repeat", "5"][..], 1),
        ("threaded_downloader", &["--latency", "100", "--repeat", "10"], 5),
        ("process_downloader", &["--latency", "100", "--repeat", "6", "--workers", "3"], 3),
    ] {
        let run = json(name, arguments);
        let facts = &run["facts"];
        assert_eq!(facts["peak_in_flight"], lanes, "{name}: {facts}");
        assert_eq!(facts["workers"], lanes, "{name}: {facts}");
        assert_eq!(workers(&run).len(), lanes, "{name}: {run}");
        assert_eq!(facts["bound"], "I/O-bound", "{name}: {facts}");
        assert!((0.0..0.05).contains(&number(facts, "working")), "{name}: {facts}");
        assert!(run["cores"].as_u64().is_some_and(|cores| cores > 0), "{name}");
        // The figures are those of the items.
        let cores_busy = worked(&run) / number(&run, "seconds");
        assert!((number(facts, "cores_busy") - cores_busy).abs() < 1e-3, "{name}: {facts}");
        assert!(items(&run).iter().all(|item| item["turns"].is_null()), "{name}: {run}");
    }
}

/// The longer a page takes, the longer is the gap that nobody would see between two of its turns; but
/// others may have theirs in it.
#[test]
fn async_has_all_pages_in_flight_on_one_thread_which_they_have_in_turns() {
    let run = json("async_downloader", &["--latency", "3000"]);
    let facts = &run["facts"];
    assert_eq!((&facts["peak_in_flight"], &facts["workers"]), (&160.into(), &1.into()));
    assert_eq!(facts["bound"], "I/O-bound", "{facts}");
    assert!((0.0..0.5).contains(&number(facts, "working")), "{facts}");
    let mut turns = Vec::new();
    for item in items(&run) {
        let own: Vec<Vec<f64>> = item["turns"]
            .as_array()
            .unwrap_or_else(|| panic!("no turns: {item}"))
            .iter()
            .map(|turn| serde_json::from_value(turn.clone()).expect("numbers"))
            .collect();
        assert!(own.iter().all(|turn| turn.len() == 4 && turn[0] <= turn[1]), "{item}");
        assert!(number(item, "start") <= own[0][0], "{item}");
        assert!(own[own.len() - 1][1] <= number(item, "end"), "{item}");
        // Each of the numbers is rounded to a microsecond.
        let worked: f64 = own.iter().map(|turn| turn[2] + 1e-6).sum();
        assert!(number(item, "working") <= worked + 1e-6, "{item}");
        turns.extend(own.into_iter().map(|turn| (turn[0], turn[1])));
    }
    turns.sort_by(|one, other| one.partial_cmp(other).expect("numbers"));
    for pair in turns.windows(2) {
        assert!(pair[0].1 <= pair[1].0, "two turns at once: {pair:?}");
    }
}

/// Runs a program with `--json`; gives that, and the CPU time of the program and of its children, as
/// the shell has counted it.
#[cfg(unix)]
fn with_cpu_time(name: &str, arguments: &[&str]) -> (Value, f64) {
    let mut shell = std::process::Command::new("sh");
    shell.args(["-c", r#""$0" --json "$@"; times"#]).arg(tests::program(name)).args(arguments);
    let output = shell.output().expect("sh runs");
    assert!(output.stderr.is_empty(), "{name}: {output:?}");
    let text = String::from_utf8(output.stdout).expect("text");
    let lines: Vec<&str> = text.lines().collect();
    let run = serde_json::from_str(lines[0]).unwrap_or_else(|error| panic!("{error}: {text}"));
    // `0m1.234s 0m0.056s`: user and system.
    let seconds = |time: &str| -> f64 {
        let (minutes, seconds) = time.trim_end_matches('s').split_once('m').expect("minutes");
        60.0 * minutes.parse::<f64>().expect("minutes")
            + seconds.replace(',', ".").parse::<f64>().expect("seconds")
    };
    (run, lines[lines.len() - 1].split(' ').map(seconds).sum())
}

/// On a busy machine a thread waits for a core, and then it does not work all the time; what it
/// worked is the same. So this is compared with what the system has counted for the whole process,
/// which does little else.
#[cfg(unix)]
#[test]
fn the_work_of_the_calls_is_what_the_system_counts() {
    for lesson in LESSONS.iter().filter(|lesson| lesson.work == Work::Calls) {
        let name = lesson.name;
        // An awaited call costs about 17 times as much.
        let number = if lesson.model == common::Model::Async { "29" } else { "35" };
        let (run, counted) = with_cpu_time(name, &["--number", number]);
        let worked = worked(&run);
        // The shell may count in steps of 10 ms.
        assert!(worked <= counted + 0.02, "{name}: {worked} of {counted} s");
        assert!(worked >= 0.8 * counted, "{name}: {worked} of {counted} s");
    }
}

/// That it has the core to itself for a few milliseconds must happen once in many runs, also on a busy
/// machine. (Windows counts CPU time in steps that are longer than that.)
#[cfg(not(windows))]
#[test]
fn calls_keep_as_many_lanes_at_work_as_there_are_workers() {
    let cores = std::thread::available_parallelism().expect("the cores are known").get();
    let two = cores.min(2);
    let number_of_workers = two.to_string();
    for (name, lanes, arguments) in [
        ("sync_cpu", 1, &["--number", "27", "--calls", "8"][..]),
        ("async_cpu", 1, &["--number", "21", "--calls", "8"]),
        ("threaded_cpu", two, &["--number", "27", "--calls", "8", "--workers", &number_of_workers]),
        ("parallel_cpu", two, &["--number", "27", "--calls", "8", "--workers", &number_of_workers]),
    ] {
        let mut seen = Vec::new();
        let is_at_work = (0..100).any(|_| {
            let run = json(name, arguments);
            let facts = &run["facts"];
            seen.push(facts.to_string());
            number(facts, "working") > 0.95
                && facts["bound"] == "CPU-bound"
                && facts["workers"] == lanes
                && workers(&run).len() == lanes
        });
        assert!(is_at_work, "{name}: {seen:?}");
    }
}

/// A page of 64 MB and one of 27 bytes are the same to the parent: a line goes, and a line comes. So
/// what the large one costs more is what the worker process did.
#[cfg(not(windows))]
#[test]
fn the_work_of_a_worker_process_is_counted() {
    let site = FaultSite::start();
    let (small, large) = (site.url("/ok"), site.url("/large"));
    let arguments = ["--repeat", "3", "--workers", "2", "--timeout", "60", &small, &large];
    let run = json("process_downloader", &arguments);
    let of = |url: &str| -> f64 {
        let of_it = items(&run).iter().filter(|item| item["label"] == url);
        of_it.map(|item| number(item, "working")).fold(f64::INFINITY, f64::min)
    };
    assert!(of(&large) > 5.0 * of(&small), "{} and {} s: {run}", of(&large), of(&small));
}

/// The bytes come in on the same thread, in a task of the client's own: what that does is the thread's
/// work, too. It is not lost in the gaps between a page's turns, which nobody sees in a long run.
#[cfg(unix)]
#[test]
fn what_the_event_loop_does_for_a_page_is_the_threads_work() {
    let site = FaultSite::start();
    let page = site.url("/large-and-late");
    for pages in ["1", "6"] {
        let arguments = ["--repeat", pages, "--timeout", "60", &page];
        let (run, counted) = with_cpu_time("async_downloader", &arguments);
        let worked = number(&run["facts"], "cores_busy") * number(&run, "seconds");
        assert!(worked <= counted + 0.02, "{worked} of {counted} s: {}", run["facts"]);
        // The rest is what it takes to start, and a little printing.
        assert!(worked >= 0.5 * (counted - 0.03), "{worked} of {counted} s: {}", run["facts"]);
    }
}

/// Who waits for a site that works does not work.
#[test]
fn the_work_of_the_site_is_not_counted() {
    let site = FaultSite::start();
    for lesson in LESSONS.iter().filter(|it| it.does(Work::Downloads) && !it.does(Work::Calls)) {
        let page = site.url("/busy"); // the site computes for 50 ms
        let run = json(lesson.name, &["--repeat", "6", "--timeout", "60", &page]);
        let pages = 6.0 * lesson.times(Work::Downloads) as f64;
        assert!(worked(&run) < 0.2 * pages * 0.050, "{}: {run}", lesson.name);
    }
}

// The sentence and the diagram

/// The sentence, in one line, and the rows of the diagram.
fn sentence_and_rows<'a>(explanation: &[&'a str]) -> (String, Vec<&'a str>) {
    let axis = explanation.iter().position(|line| line.ends_with(" work"));
    let axis = axis.unwrap_or_else(|| panic!("there is no diagram: {explanation:?}"));
    (explanation[..axis].join(" "), explanation[axis..].to_vec())
}

fn width(line: &str) -> usize {
    line.chars().count()
}

#[cfg(unix)]
const UTF_8: [(&str, &str); 2] = [("LC_ALL", "C.UTF-8"), ("TERM", "xterm-256color")];
#[cfg(unix)]
const ASCII: [(&str, &str); 2] = [("LC_ALL", "C"), ("TERM", "xterm-256color")];

#[cfg(unix)]
#[test]
fn a_sentence_and_a_diagram_come_after_the_summary() {
    for lesson in LESSONS.iter().filter(|lesson| lesson.work != Work::Rounds) {
        for (environment, ascii) in [(UTF_8, false), (ASCII, true)] {
            let ended = Lesson::run_with(lesson.name, &short(lesson), &environment);
            let lines = ended.explanation();
            let (sentence, rows) = sentence_and_rows(&lines);
            let ends = [
                ": I/O-bound.",
                ": CPU-bound.",
                ": between I/O-bound and CPU-bound.",
                ": CPU-bound, and waiting for a core.",
            ];
            if lesson.parts.is_empty() {
                assert!(sentence.starts_with("At most "), "{sentence}");
                assert!(ends.iter().any(|end| sentence.ends_with(end)), "{sentence}");
            } else {
                assert_parts_are_compared(lesson, &lines);
            }
            assert!(rows[0].contains(" 0 "), "the time axis: {rows:?}");
            let units = if ascii { [" us ", " ms ", " s "] } else { [" µs ", " ms ", " s "] };
            assert!(units.iter().any(|unit| rows[0].contains(unit)), "{rows:?}");
            assert!((3..=12).contains(&rows.len()), "{rows:?}");
            let legend = if ascii { "# working  . waiting" } else { "█ working  ░ waiting" };
            assert!(rows[rows.len() - 1].starts_with(legend), "{rows:?}");
            assert!(lines.iter().all(|line| width(line) <= 80), "{lines:?}");
            // A file or a pipe gets no colours.
            assert!(!ended.stdout.contains('\u{1b}'), "{ended:?}");
            assert!(!ascii || ended.stdout.is_ascii(), "{ended:?}");
        }
    }
}

/// A row for each part, in their order; the ratio stands where an earlier part did the same work.
#[cfg(unix)]
fn assert_parts_are_compared(lesson: &common::Lesson, lines: &[&str]) {
    assert!(lines[0].starts_with("part "), "{lines:?}");
    for (index, part) in lesson.parts.iter().enumerate() {
        let row = lines[1 + index].strip_prefix(part.name);
        let row = row.unwrap_or_else(|| panic!("no row of {}: {lines:?}", part.name));
        let seconds = row.split_whitespace().next().and_then(|number| number.parse::<f64>().ok());
        assert!(seconds.is_some_and(|seconds| seconds > 0.0), "{row}");
        let has_base = lesson.parts[..index].iter().any(|base| base.works == part.works);
        let compares = ["faster", "slower", "the same"].iter().any(|word| row.contains(word));
        assert_eq!(compares, has_base, "{row}");
    }
}

#[cfg(unix)]
#[test]
fn what_does_not_fit_is_summed_up() {
    let ended = Lesson::run_with("async_downloader", &["--latency", "1000"], &UTF_8);
    let lines = ended.explanation();
    let (sentence, rows) = sentence_and_rows(&lines);
    assert!(sentence.starts_with("At most 160 pages in flight; 1 thread worked "), "{sentence}");
    assert_eq!(rows.len(), 12, "{rows:?}");
    assert!(rows[1].starts_with("main   "), "{rows:?}");
    assert!(rows[2].starts_with("task 1 ") && rows[9].starts_with("task 8 "), "{rows:?}");
    assert!(rows[10].starts_with("…      152 more tasks like these "), "{rows:?}");

    let arguments = ["--latency", "1000", "--workers", "20", "--repeat", "10"];
    let ended = Lesson::run_with("threaded_downloader", &arguments, &ASCII);
    let lines = ended.explanation();
    let (sentence, rows) = sentence_and_rows(&lines);
    assert!(sentence.starts_with("At most 20 pages in flight; 20 threads worked "), "{sentence}");
    assert_eq!(rows.len(), 12, "{rows:?}");
    assert!(rows[10].starts_with("...      11 more threads like these "), "{rows:?}");
}

#[test]
fn quiet_and_json_say_no_more_than_before() {
    for lesson in LESSONS {
        let quiet = Lesson::run(lesson.name, &[&short(lesson)[..], &["--quiet"]].concat());
        assert_eq!(quiet.stdout.lines().count(), 1, "{}: {quiet:?}", lesson.name);
        let json = Lesson::run(lesson.name, &[&short(lesson)[..], &["--json"]].concat());
        assert_eq!(json.json()["lesson"], lesson.name);
        assert_eq!((quiet.stderr, json.stderr), (String::new(), String::new()), "{}", lesson.name);
    }
}

/// Runs a program whose stdout is a terminal of that width.
#[cfg(target_os = "linux")]
fn on_a_terminal(
    columns: usize,
    environment: &[(&str, &str)],
    name: &str,
    arguments: &[&str],
) -> Ended {
    // No bar: it goes to stderr.
    let command = format!("{} {} 2>/dev/null", tests::program(name).display(), arguments.join(" "));
    tests::Terminal::start(columns, environment, &command).wait()
}

/// It without the sequences that set a colour.
#[cfg(target_os = "linux")]
fn without_colours(ended: Ended) -> Ended {
    Ended { stdout: tests::without_colours(&ended.stdout), ..ended }
}

#[cfg(target_os = "linux")]
#[test]
fn on_a_terminal_it_keeps_to_the_width() {
    for lesson in LESSONS.iter().filter(|lesson| lesson.work != Work::Rounds) {
        for columns in [20, 40, 100] {
            for environment in [UTF_8, ASCII] {
                let ended = on_a_terminal(columns, &environment, lesson.name, &short(lesson));
                let ended = without_colours(ended);
                let lines = ended.explanation();
                assert!(lines.iter().all(|line| width(line) <= columns), "{columns}: {lines:?}");
                let (sentence, rows) = sentence_and_rows(&lines);
                let words = if lesson.parts.is_empty() { "-bound" } else { lesson.parts[0].name };
                assert!(sentence.contains(words), "{sentence}");
                assert!((3..=12).contains(&rows.len()), "{rows:?}");
                assert_eq!(width(rows[1]), columns, "it takes the room that it has: {rows:?}");
            }
        }
    }
    // Where there is no room for a diagram, there is the sentence.
    let ended = on_a_terminal(12, &[], "sync_cpu", &["--number", "20", "--calls", "7"]);
    let ended = without_colours(ended);
    let lines = ended.explanation();
    assert!(lines.join(" ").starts_with("At most 1 call in flight; "), "{lines:?}");
    assert!(lines.iter().all(|line| !line.ends_with(" work") && width(line) <= 12), "{lines:?}");
}

#[cfg(target_os = "linux")]
#[test]
fn lines_of_a_narrow_legend_are_broken_between_its_signs() {
    let site = FaultSite::start();
    // Together they take so long that each of them is told from the next.
    let pages = [site.url("/busy"), site.url("/silent")];
    let arguments = ["--repeat", "1", "--timeout", "0.1", &pages[0], &pages[1]];
    for columns in [20, 30, 40] {
        let ended = without_colours(on_a_terminal(columns, &[], "sync_downloader", &arguments));
        assert_eq!(ended.code(), 1, "{ended:?}");
        let lines = ended.explanation();
        assert!(lines.iter().all(|line| width(line) <= columns), "{columns}: {lines:?}");
        assert!(lines[lines.len() - 1].ends_with("× failed"), "{columns}: {lines:?}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn colours_come_on_a_terminal_that_has_them_unless_they_are_not_wanted() {
    let arguments = ["--latency", "20", "--repeat", "3"];
    let run = |environment: &[(&str, &str)]| {
        on_a_terminal(80, environment, "threaded_downloader", &arguments).stdout
    };
    // Vermilion waits.
    assert!(run(&[]).contains("\u{1b}[38;5;166m░"));
    assert!(!run(&[("NO_COLOR", "1")]).contains('\u{1b}'));
    assert!(!run(&[("TERM", "dumb")]).contains('\u{1b}'));
}

// Files

fn children<'a>(node: Node<'a, 'a>, name: &str) -> Vec<Node<'a, 'a>> {
    node.children().filter(|child| child.has_tag_name(name)).collect()
}

/// The hover titles of all bars, lane by lane.
fn bars(svg: &str) -> Vec<Vec<String>> {
    let document = Document::parse(svg).unwrap_or_else(|error| panic!("{error}: {svg}"));
    let root = document.root_element();
    assert_eq!(root.tag_name().namespace(), Some("http://www.w3.org/2000/svg"));
    let title = |bar: &Node<'_, '_>| {
        let title = bar.children().find(|child| child.has_tag_name("title")).expect("a title");
        title.text().expect("words").trim().to_owned()
    };
    // The plot holds one group, which holds one for each lane, and those one for each bar.
    let plot = children(root, "svg")[0];
    let lanes = children(children(plot, "g")[0], "g");
    lanes.iter().map(|lane| children(*lane, "g").iter().map(title).collect()).collect()
}

/// All words that it shows.
fn words(svg: &str) -> Vec<String> {
    let document = Document::parse(svg).unwrap_or_else(|error| panic!("{error}: {svg}"));
    let texts = document.descendants().filter(|node| node.has_tag_name("text"));
    texts.filter_map(|text| text.text().map(|words| words.trim().into())).collect()
}

fn read(file: &str) -> String {
    fs::read_to_string(file).unwrap_or_else(|error| panic!("{file}: {error}"))
}

#[test]
fn the_picture_has_a_bar_for_each_item_on_the_lane_of_its_worker() {
    let folder = Folder::new("picture");
    let file = folder.file("run.svg");
    // Longer than what is written over it.
    fs::write(&file, "nonsense ".repeat(100_000)).expect("a file");
    for (name, lanes, bars_of_all) in
        [("sync_downloader", 1, 20), ("threaded_downloader", 5, 20), ("process_downloader", 2, 20)]
    {
        let arguments = ["--latency", "50", "--repeat", "10", "--timeline", &file];
        let arguments = match name {
            "process_downloader" => [&arguments[..], &["--workers", "2"]].concat(),
            _ => arguments.to_vec(),
        };
        let ended = Lesson::run(name, &arguments);
        assert_eq!(ended.code(), 0, "{name}: {ended:?}");
        let svg = read(&file);
        let bars = bars(&svg);
        assert_eq!(bars.len(), lanes, "{name}");
        let titles: Vec<&String> = bars.iter().flatten().collect();
        assert_eq!(titles.len(), bars_of_all, "{name}: {titles:?}");
        for title in titles {
            let is_told = ["http://127.0.0.1:", ": from ", " ms, worked ", " of "]
                .iter()
                .all(|part| title.contains(part));
            assert!(is_told, "{name}: {title}");
        }
        let words = words(&svg);
        assert_eq!(words[0], name);
        assert!(words[1].starts_with("At most "), "{name}: {words:?}");
        let worker = if lanes == 1 { "main" } else { "worker-2" };
        assert!(words.iter().any(|word| word == worker), "{name}: {words:?}");
    }
}

#[test]
fn the_picture_of_async_has_the_thread_and_below_it_all_tasks() {
    let folder = Folder::new("tasks");
    let file = folder.file("run.SVG");
    let arguments = ["--latency", "1000", "--quiet", "--timeline", &file];
    let ended = Lesson::run("async_downloader", &arguments);
    assert_eq!((ended.code(), ended.stdout.lines().count()), (0, 1), "{ended:?}");
    let svg = read(&file);
    let bars = bars(&svg);
    assert_eq!(bars.len(), 161);
    assert!(bars[1..].iter().all(|task| task.len() == 1), "{bars:?}");
    let words = words(&svg);
    for word in ["main", "160 tasks"] {
        assert!(words.iter().any(|shown| shown == word), "{word}: {words:?}");
    }
}

#[test]
fn a_run_in_which_nothing_arrives_is_bound_by_nothing() {
    let port = RefusingPort::take();
    let ended = Lesson::run("sync_downloader", &["--repeat", "2", &port.url]);
    let sentence = ended.explanation().join(" ");
    assert!(sentence.starts_with("At most 1 page in flight"), "{ended:?}");
    assert!(!sentence.contains("bound"), "{sentence}");
}

#[test]
fn many_parts_do_not_stand_out_of_the_picture() {
    let folder = Folder::new("parts");
    let file = folder.file("run.svg");
    let arguments = ["--number", "20", "--latency", "1", "--connecting", "0", "--timeline", &file];
    let ended = Lesson::run("measure_first", &arguments);
    assert_eq!(ended.code(), 0, "{ended:?}");
    let words = words(&read(&file));
    let said: Vec<&String> = words.iter().filter(|line| line.contains(" s")).collect();
    for part in
        ["naive, one core: ", "iterative, one core: ", "a connection each: ", "one session: "]
    {
        assert_eq!(said.iter().filter(|line| line.contains(part)).count(), 1, "{part}{words:?}");
    }
    // In letters of 12 pixels, a line of 120 is about 800 pixels wide, of the picture's 960.
    assert!(said.iter().all(|line| line.chars().count() <= 120), "{said:?}");
}

#[test]
fn an_address_with_signs_that_mean_something_to_xml() {
    let folder = Folder::new("signs");
    let site = Site::start(20);
    let url = format!("{}/dice?a=1&b=2&lt;'", site.url);
    for (lesson, file) in [("sync_downloader", "a&b<c>.svg"), ("async_downloader", "run.svg")] {
        // Windows has no such names of files.
        let file = folder.file(if cfg!(windows) { "run.svg" } else { file });
        let ended = Lesson::run(lesson, &["--repeat", "2", "--timeline", &file, &url]);
        assert_eq!(ended.code(), 0, "{lesson}: {ended:?}");
        let bars = bars(&read(&file));
        let told = format!("{url}: from ");
        assert!(bars[bars.len() - 1][0].starts_with(&told), "{lesson}: {bars:?}");
    }
}

/// What "Trace Event Format" asks for, as far as such a trace uses it; gives the complete events and the
/// pairs, each with its beginning and its end in microseconds.
fn check_trace(text: &str) -> (Vec<Value>, Vec<[Value; 2]>) {
    let trace: Value = serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"));
    let events = trace["traceEvents"].as_array().expect("events");
    let mut names = BTreeMap::<(&str, u64), &str>::new();
    let (mut complete, mut open, mut pairs) = (Vec::new(), BTreeMap::new(), Vec::new());
    for event in events {
        let thread = event["tid"].as_u64().unwrap_or_else(|| panic!("no thread: {event}"));
        assert_eq!(event["pid"], 1, "all is in one process: {event}");
        let name = event["name"].as_str().unwrap_or_else(|| panic!("no name: {event}"));
        if event["ph"] == "M" {
            let given = event["args"]["name"].as_str().expect("a name");
            assert_eq!(names.insert((name, thread), given), None, "a second name: {event}");
            continue;
        }
        assert!(names.contains_key(&("thread_name", thread)), "a thread without a name: {event}");
        let category = event["cat"].as_str().expect("a category").to_owned();
        assert!(number(event, "ts") >= 0.0, "{event}");
        match event["ph"].as_str().expect("a phase") {
            "X" => {
                assert!(number(event, "dur") >= 0.0, "{event}");
                complete.push(event.clone());
            }
            "b" => {
                let earlier = open.insert((category, event["id"].to_string()), event.clone());
                assert_eq!(earlier, None, "two with one id");
            }
            "e" => {
                let begin = open.remove(&(category, event["id"].to_string()));
                let begin = begin.unwrap_or_else(|| panic!("it never began: {event}"));
                assert_eq!((&begin["name"], &begin["tid"]), (&event["name"], &event["tid"]));
                assert!(number(&begin, "ts") <= number(event, "ts"), "{begin} {event}");
                pairs.push([begin, event.clone()]);
            }
            other => panic!("an unknown phase {other}: {event}"),
        }
    }
    assert!(open.is_empty(), "they never end: {open:?}");
    assert!(names.keys().any(|(name, _)| *name == "process_name"), "{names:?}");
    let mut by_thread = BTreeMap::<u64, Vec<(u64, u64)>>::new();
    for event in &complete {
        // Those who open it count in nanoseconds.
        let nanos = |key| (number(event, key) * 1e3).round() as u64;
        let thread = event["tid"].as_u64().expect("a number");
        by_thread.entry(thread).or_default().push((nanos("ts"), nanos("ts") + nanos("dur")));
    }
    for (thread, mut events) in by_thread {
        events.sort_unstable();
        let overlap = events.windows(2).find(|pair| pair[1].0 < pair[0].1);
        assert_eq!(overlap, None, "thread {thread} does two things at once");
    }
    (complete, pairs)
}

#[test]
fn the_trace_is_a_chrome_trace() {
    let folder = Folder::new("trace");
    let file = folder.file("run.json");
    for lesson in LESSONS {
        let arguments = [&short(lesson)[..], &["--timeline", &file]].concat();
        let ended = Lesson::run(lesson.name, &arguments);
        assert_eq!((ended.code(), ended.stderr.as_str()), (0, ""), "{}", lesson.name);
        let (complete, pairs) = check_trace(&read(&file));
        let is_item = |event: &Value| !["part", "aside"].map(Value::from).contains(&event["cat"]);
        let complete: Vec<&Value> = complete.iter().filter(|event| is_item(event)).collect();
        let (pages, rounds, pictures) = (6, 5, 3);
        let calls = if lesson.calls_for_each_page() { pages } else { 7 };
        let many = [
            (Work::Downloads, pages),
            (Work::Calls, calls),
            (Work::Rounds, rounds),
            (Work::Pictures, pictures),
        ];
        let items: usize = many.iter().map(|(work, many)| lesson.times(*work) * many).sum();
        if lesson.model == common::Model::Async && lesson.does(Work::Downloads) {
            assert_eq!(pairs.len(), lesson.times(Work::Downloads) * pages, "{}", lesson.name);
            let overlap =
                pairs.windows(2).any(|two| number(&two[1][0], "ts") < number(&two[0][1], "ts"));
            assert!(overlap, "{pairs:?}");
        } else {
            assert_eq!((complete.len(), pairs.len()), (items, 0), "{}", lesson.name);
            for event in &complete {
                let times = |key: &str| number(&event["args"], key);
                assert!(times("working_ms") >= 0.0, "{event}");
                assert!((0.0..=100.0).contains(&times("working_percent")), "{event}");
            }
        }
    }
}

/// Turns of less than a microsecond, thousands of items, and times that no round number is.
#[test]
fn the_trace_of_a_long_run_is_one_too() {
    let folder = Folder::new("long-trace");
    let file = folder.file("run.json");
    let arguments = ["--number", "3", "--calls", "20000", "--quiet", "--timeline", &file];
    assert_eq!(Lesson::run("threaded_cpu", &arguments).code(), 0);
    assert_eq!(check_trace(&read(&file)).0.len(), 20_000);
    let arguments = ["--latency", "0", "--repeat", "500", "--quiet", "--timeline", &file];
    assert_eq!(Lesson::run("async_downloader", &arguments).code(), 0);
    assert_eq!(check_trace(&read(&file)).1.len(), 1_000);
}

#[test]
fn a_file_that_cannot_be_is_refused_before_anything_starts() {
    let folder = Folder::new("refused");
    let a_folder = folder.file("a-folder.svg");
    fs::create_dir(&a_folder).expect("a folder");
    let missing = Path::new("missing").join("run.svg");
    let missing = folder.file(missing.to_str().expect("text"));
    let ends_as_a_folder = format!("{}/", folder.file("new.svg"));
    let site = Site::start(1);
    for lesson in LESSONS {
        for (file, sentence) in [
            (folder.file("run.png"), "it takes a file that ends in .svg or .json"),
            (folder.file("run"), "it takes a file that ends in .svg or .json"),
            (String::new(), "it takes a file that ends in .svg or .json"),
            (missing.clone(), "there is no folder '"),
            (a_folder.clone(), "this is a folder"),
            (ends_as_a_folder.clone(), "this is a folder"),
        ] {
            let site: &[&str] =
                if lesson.does(Work::Downloads) { &["--site", &site.url] } else { &[] };
            let ended = Lesson::run(lesson.name, &[site, &["--timeline", &file]].concat());
            assert_eq!((ended.code(), ended.stdout.as_str()), (2, ""), "{file}: {ended:?}");
            assert!(ended.stderr.starts_with("error: "), "{file}: {ended:?}");
            assert!(ended.stderr.contains(sentence), "{file}: {ended:?}");
        }
    }
    assert_eq!((site.record.connections(), site.record.requests()), (0, 0));
}

/// What cannot be written after all costs the diagram, and nothing of the output.
#[cfg(unix)]
#[test]
fn a_file_that_cannot_be_written_is_told_and_the_output_is_whole() {
    let folder = Folder::new("unwritable");
    let mut targets = vec![("/nowhere/run.svg", "No such file")];
    if cfg!(target_os = "linux") {
        targets.push(("/dev/full", "No space left"));
    }
    for (number, (target, why)) in targets.into_iter().enumerate() {
        for ending in ["svg", "json"] {
            let file = folder.file(&format!("run-{number}.{ending}"));
            std::os::unix::fs::symlink(target, &file).expect("a link");
            for lesson in LESSONS {
                let arguments = [&short(lesson)[..], &["--timeline", &file]].concat();
                let told = format!("error: the timing diagram was not written to {file}: {why}");
                let ended = Lesson::run_with(lesson.name, &arguments, &ASCII);
                assert_eq!(ended.code(), 1, "{}: {ended:?}", lesson.name);
                assert!(ended.stderr.starts_with(&told), "{}: {ended:?}", lesson.name);
                assert_eq!(ended.stderr.lines().count(), 1, "{}: {ended:?}", lesson.name);
                let explanation = ended.explanation();
                let last =
                    explanation.last().unwrap_or_else(|| panic!("it says no more: {ended:?}"));
                let end = if lesson.work == Work::Rounds { "Lost here: " } else { "# working" };
                assert!(last.starts_with(end), "{}: {ended:?}", lesson.name);

                let ended = Lesson::run(lesson.name, &[&arguments[..], &["--json"]].concat());
                assert_eq!(ended.code(), 1, "{}: {ended:?}", lesson.name);
                assert_eq!(ended.json()["lesson"], lesson.name);
                assert!(ended.stderr.starts_with(&told), "{}: {ended:?}", lesson.name);
            }
        }
    }
}

// Endings

#[cfg(unix)]
#[test]
fn ctrl_c_leaves_the_diagram_of_what_was_done() {
    let folder = Folder::new("interrupted");
    for lesson in LESSONS.iter().filter(|it| it.work != Work::Rounds && !it.is_further) {
        let name = lesson.name;
        let file = folder.file(&format!("{name}.svg"));
        let arguments: &[&str] = match lesson.work {
            Work::Downloads => &["--latency", "400", "--repeat", "1000", "--timeline", &file],
            _ => &["--number", "30", "--calls", "100000", "--timeline", &file],
        };
        let arguments = match lesson.workers {
            common::Workers::One => arguments.to_vec(),
            _ => [arguments, &["--workers", "2"]].concat(),
        };
        let mut running = Lesson::start(name, &arguments);
        running.line();
        signal("-INT", running.id());
        let ended = running.wait();
        assert_eq!((ended.code(), ended.stderr.as_str()), (130, ""), "{name}: {ended:?}");
        assert!(ended.explanation()[0].starts_with("At most "), "{name}: {ended:?}");
        let done = 1 + ended.lines_and_summary().0.len();
        let bars = bars(&read(&file));
        let bars = if lesson.name == "async_downloader" { &bars[1..] } else { &bars[..] };
        let drawn = bars.iter().flatten().count();
        assert!((1..=done).contains(&drawn), "{name}: {drawn} of {done}");
        // Calls are so short that several may be one bar.
        assert!(drawn == done || lesson.work == Work::Calls, "{name}: {drawn} of {done}");
    }
}

/// Async drops what is in flight: then there is nothing to draw, and the file says so.
#[cfg(unix)]
#[test]
fn ctrl_c_before_anything_was_done() {
    let folder = Folder::new("nothing-done");
    for ending in ["svg", "json"] {
        let file = folder.file(&format!("run.{ending}"));
        let site = Site::start(60_000);
        let arguments = ["--site", &site.url, "--timeout", "100", "--timeline", &file];
        let running = Lesson::start("async_downloader", &arguments);
        wait_until("all pages in flight", || site.record.in_flight() == 160);
        signal("-INT", running.id());
        let ended = running.wait();
        assert_eq!((ended.code(), ended.stderr.as_str()), (130, ""), "{ended:?}");
        assert_eq!(ended.stdout.lines().count(), 1, "{ended:?}");
        assert!(ended.stdout.starts_with("Interrupted: downloaded 0 of 160 "), "{ended:?}");
        if ending == "svg" {
            assert_eq!(bars(&read(&file)), Vec::<Vec<String>>::new());
        } else {
            assert_eq!(check_trace(&read(&file)), (Vec::new(), Vec::new()));
        }
    }
}

#[cfg(unix)]
#[test]
fn a_closed_pipe_stays_silent() {
    let folder = Folder::new("closed-pipe");
    let file = folder.file("run.svg");
    let arguments = ["--latency", "100", "--repeat", "1000", "--timeline", &file];
    let mut running = Lesson::start("threaded_downloader", &arguments);
    running.line();
    let ended = running.close_stdout_and_wait();
    assert_eq!((ended.code(), ended.stderr.as_str()), (141, ""), "{ended:?}");
    assert!(bars(&read(&file)).iter().flatten().count() > 0);
}

/// Not one page arrives: that is what is drawn.
#[test]
fn failed_items_are_drawn_and_marked() {
    let folder = Folder::new("failed");
    let (svg, trace) = (folder.file("run.svg"), folder.file("run.json"));
    let refusing = RefusingPort::take();
    let site = FaultSite::start();
    let pages = [refusing.url.clone(), site.url("/500"), site.url("/silent")];
    for lesson in LESSONS.iter().filter(|it| it.work == Work::Downloads && !it.is_further) {
        let name = lesson.name;
        // Windows tries for two seconds before it takes a refusal for one.
        let timeout = if cfg!(windows) { "4" } else { "0.3" };
        let arguments = ["--repeat", "1", "--timeout", timeout, "--timeline"];
        let run = |file: &str, more: &[&str]| {
            let pages = [&pages[0], &pages[1], &pages[2]].map(String::as_str);
            Lesson::run(name, &[&arguments, &[file][..], more, &pages].concat())
        };
        let ended = run(&svg, &[]);
        assert_eq!(ended.code(), 1, "{name}: {ended:?}");
        let lines = ended.explanation();
        let (sentence, rows) = sentence_and_rows(&lines);
        assert!(sentence.ends_with(": I/O-bound."), "{name}: {sentence}");
        let mark = rows[rows.len() - 1].strip_suffix(" failed");
        let mark = mark.and_then(|rest| rest.chars().last());
        let mark = mark.unwrap_or_else(|| panic!("no legend for what failed: {rows:?}"));
        let lanes = &rows[1..rows.len() - 1];
        assert!(lanes.iter().any(|lane| lane.contains(mark)), "{name}: {rows:?}");
        let bars = bars(&read(&svg));
        for page in &pages {
            let told = format!("{page}: failed, ");
            let is_told = bars.iter().flatten().any(|bar| bar.starts_with(&told));
            // What is too short for a bar of its own has one with its neighbours.
            assert!(is_told || page != &pages[2], "{name}: {page}: {bars:?}");
        }
        assert!(read(&svg).contains("class=\"failed\""), "{name}");

        let ended = run(&trace, &["--json"]);
        assert_eq!((ended.code(), &ended.json()["failed"]), (1, &3.into()), "{name}");
        assert!(ended.json()["facts"]["workers"].as_u64() >= Some(1), "{name}: {ended:?}");
        let (complete, pairs) = check_trace(&read(&trace));
        let items: Vec<&Value> = if pairs.is_empty() {
            complete.iter().collect()
        } else {
            pairs.iter().map(|pair| &pair[0]).collect()
        };
        assert_eq!(items.len(), 3, "{name}");
        assert!(items.iter().all(|item| item["args"]["error"].is_string()), "{name}: {items:?}");
    }
}

// The race

/// Plays the steps that were drawn, and gives how many additions the last of them undid.
fn play(drawing: &[&str]) -> u64 {
    let (title, rows) = drawing.split_first().expect("a title");
    let title: Vec<&str> = title.split("  ").filter(|word| !word.is_empty()).collect();
    assert_eq!(
        title.iter().map(|word| word.trim()).collect::<Vec<_>>(),
        ["one thread", "counter", "another"]
    );
    // Where the column of the counter ends, in characters.
    let end = drawing[0].find("counter").expect("a column") + "counter".len();
    let value = |words: &str| -> u64 {
        let last = words.split(' ').next_back().expect("words");
        last.parse().unwrap_or_else(|error| panic!("{words}: {error}"))
    };
    let (last, rows) = rows.split_last().expect("the step that overwrites");
    let (mut counter, mut held, mut written, mut undone) = (0, [0_u64; 2], [false; 2], 0);
    for row in rows.iter().chain([last]) {
        let signs: Vec<char> = row.chars().collect();
        let (before, after) = signs.split_at(end.min(signs.len()));
        let (before, after) = (String::from_iter(before), String::from_iter(after));
        let (left, shown) = before.trim_end().rsplit_once(' ').expect("a value");
        let trim = |text: &str| text.trim_matches([' ', '→', '←', '-', '<', '>']).to_owned();
        let (left, right, shown) = (trim(left), trim(&after), value(shown));
        assert!(left.is_empty() != right.is_empty(), "one step at a time: {drawing:?}");
        let side = usize::from(left.is_empty());
        let step = if left.is_empty() { right } else { left };
        if step.starts_with("reads ") {
            held[side] = value(&step);
            assert_eq!(value(&step), counter, "{step}: {drawing:?}");
        } else if step.contains(" + 1 = ") {
            held[side] += 1;
            assert_eq!(value(&step), held[side], "{step}: {drawing:?}");
        } else if step.starts_with("writes ") {
            assert_eq!(value(&step), held[side], "{step}: {drawing:?}");
            undone = (counter + 1) - held[side];
            (counter, written[side]) = (held[side], true);
        } else {
            assert!(step.starts_with("... ") && shown > counter, "{step}: {drawing:?}");
            counter = shown;
        }
        assert_eq!(shown, counter, "{step}: {drawing:?}");
    }
    assert_eq!(written, [true, true], "{drawing:?}");
    undone
}

/// `Lost here: 7 additions, made after ...`: 7.
fn lost(sentence: &str) -> u64 {
    let rest = sentence.strip_prefix("Lost here: ").unwrap_or_else(|| panic!("{sentence}"));
    rest.split(' ').next().and_then(|number| number.parse().ok()).expect("a number")
}

#[test]
fn the_race_draws_the_lost_update_that_it_caught() {
    let (one_each, threads) = (["--threads", "2", "--increments", "1"], ["--threads", "2"]);
    for arguments in [&one_each[..], &threads, &[]] {
        for _ in 0..10 {
            let ended = Lesson::run("race_counter", arguments);
            assert_eq!((ended.code(), ended.stderr.as_str()), (0, ""), "{ended:?}");
            let (lines, _) = ended.lines_and_summary();
            let explanation = ended.explanation();
            let end = explanation.iter().position(|line| line.starts_with("Lost here: "));
            let (drawing, sentence) = explanation.split_at(end.expect("a sentence"));
            let many = lost(&sentence.join(" "));
            assert_eq!(play(drawing), many, "{explanation:?}");
            let window = lines.iter().find(|line| line.starts_with("unprotected, wide window "));
            let window = window.expect("the round that is drawn");
            if arguments == one_each {
                assert!(many == 1 && window.contains(", lost       1, "), "{window}");
            }
        }
    }
}

#[test]
fn a_thread_alone_has_no_lost_update_to_be_drawn() {
    let folder = Folder::new("alone");
    let file = folder.file("race.svg");
    let ended = Lesson::run("race_counter", &["--threads", "1", "--timeline", &file]);
    assert_eq!((ended.code(), ended.stderr.as_str()), (0, ""), "{ended:?}");
    assert_eq!(ended.explanation(), Vec::<&str>::new());
    // Its rounds are drawn instead.
    assert!(bars(&read(&file)).iter().flatten().any(|bar| bar.starts_with("mutex: from ")));
}

#[test]
fn the_picture_of_the_race_holds_the_lost_update() {
    let folder = Folder::new("race");
    let file = folder.file("race.svg");
    let ended = Lesson::run("race_counter", &["--timeline", &file]);
    assert_eq!((ended.code(), ended.stderr.as_str()), (0, ""), "{ended:?}");
    let words = words(&read(&file));
    assert_eq!(words[0], "race_counter");
    let explanation = ended.explanation().join("\n");
    for word in ["one thread", "another", "reads 0", "0 + 1 = 1", "writes 1"] {
        assert!(words.iter().any(|shown| shown == word), "{word}: {words:?}");
    }
    let sentence = words.iter().find(|word| word.starts_with("Lost here: ")).expect("a sentence");
    assert!(
        explanation.replace('\n', " ").contains(sentence.as_str()),
        "{sentence}: {explanation}"
    );
}

/// What the rounds of the race work, many threads do: the record of a round has one worker, so it
/// would be wrong to say how many were busy.
#[test]
fn the_race_states_no_facts_about_threads_that_it_did_not_record() {
    let run = json("race_counter", &[]);
    assert!(run["facts"].is_null(), "{}", run["facts"]);
}

#[cfg(target_os = "linux")]
#[test]
fn the_lost_update_fits_on_a_narrow_terminal() {
    for _ in 0..5 {
        let ended = without_colours(on_a_terminal(40, &[], "race_counter", &[]));
        let lines = ended.explanation();
        assert!(lines.len() > 7, "{ended:?}");
        assert!(lines.iter().all(|line| width(line) <= 40), "{lines:?}");
    }
}
