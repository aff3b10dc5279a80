//! The comparison: all lessons on one site, the same work for every model, and no lesson can spoil the others'
//! rows.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use course::Lesson;
use harness::{Limit, Model};
use serde_json::Value;
use testing::{Ended, Folder, first, lessons, nine, only_does, program};
#[cfg(target_os = "linux")]
use testing::{Program, Terminal};

/// Small enough for a test, large enough to have several pages and calls at once.
const SMALL: [&str; 8] = ["--repeat", "10", "--latency", "20", "--number", "22", "--calls", "8"];

fn compare(arguments: &[&str]) -> Ended {
    program("compare").run(&[&SMALL, arguments].concat())
}

/// Rounds have no base: no lesson does them without concurrency.
fn can_be_compared(lesson: &&Lesson) -> bool {
    !lesson.does("round")
}

/// The lessons that are compared by default.
fn names() -> impl Iterator<Item = &'static str> {
    nine().filter(can_be_compared).map(Lesson::name)
}

/// All further lessons.
fn further() -> impl Iterator<Item = &'static Lesson> {
    lessons().iter().filter(|lesson| lesson.found.is_further)
}

/// The lesson of the nine that only does items of this kind, with this model.
fn of_the_nine(kind: &str, model: Model) -> &'static str {
    let is_it = |it: &Lesson| only_does(it, kind) && it.model() == model && !it.found.is_further;
    first("of the nine", is_it).name()
}

/// A further lesson that downloads, and has no sections.
fn further_downloader() -> &'static str {
    first("further", |it| only_does(it, "page") && it.found.is_further).name()
}

/// A lesson with two sections of pages.
fn two_sections() -> &'static Lesson {
    first("two sections", |it| it.kind() == "page" && it.item() == "page" && it.times("page") == 2)
}

/// A lesson in which each section does both kinds of work.
fn both_in_each_section() -> &'static Lesson {
    let is_it = |it: &Lesson| it.item() == "item" && kinds(it).iter().all(Option::is_none);
    first("both kinds in each section", is_it)
}

/// A lesson in which each section does one of two kinds of work.
fn kinds_of_their_own() -> &'static Lesson {
    let is_it = |it: &Lesson| it.item() == "item" && kinds(it).iter().all(Option::is_some);
    first("sections of several kinds", is_it)
}

/// The kind of work in each section.
fn kinds(lesson: &Lesson) -> Vec<Option<&str>> {
    lesson.described.sections.iter().map(|(_, kind)| kind.as_deref()).collect()
}

/// The name of a section.
fn name_of(lesson: &Lesson, section: usize) -> &str {
    &lesson.described.sections[section].0
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The results.json of `compare --out`.
fn results(folder: &Folder) -> Value {
    serde_json::from_str(&read(&folder.path().join("results.json"))).expect("JSON")
}

/// The row of a section of a lesson.
fn section<'a>(results: &'a Value, of: &Lesson, section: usize) -> &'a Value {
    let (name, section) = (of.name(), name_of(of, section));
    let lessons = results["lessons"].as_array().expect("lessons");
    let mut rows = lessons.iter().filter(|row| row["lesson"] == name && row["part"] == section);
    rows.next().unwrap_or_else(|| panic!("no {name}: {section}"))
}

fn lesson<'a>(results: &'a Value, name: &str) -> &'a Value {
    let lessons = results["lessons"].as_array().expect("lessons");
    lessons.iter().find(|lesson| lesson["lesson"] == name).unwrap_or_else(|| panic!("no {name}"))
}

#[test]
fn every_lesson_has_a_row_and_all_got_the_same() {
    let ended = compare(&["--runs", "2"]);
    assert_eq!((ended.code(), ended.stderr.as_str()), (0, ""), "{ended:?}");
    for name in names() {
        let is_row = |line: &&str| line.chars().skip(2).collect::<String>().starts_with(name);
        let rows = ended.stdout.lines().filter(is_row);
        assert_eq!(rows.count(), 1, "{name}: {}", ended.stdout);
    }
    for name in further().map(Lesson::name) {
        assert!(!ended.stdout.contains(name), "{name}: {}", ended.stdout);
    }
    for sentence in [
        "Downloads: 20 pages at 20 ms each, in 2 runs\n",
        "Computing: fib(22), 8 times, in 2 runs\n",
        "All 8 runs of 4 lessons got the same 20 pages.\n",
        "All 8 runs of 4 lessons got the same 8 numbers.\n",
    ] {
        assert!(ended.stdout.contains(sentence), "{sentence}{}", ended.stdout);
    }
    assert!(!ended.stdout.contains('\u{1b}'), "colours are for a terminal");
}

#[test]
fn the_files_hold_what_was_measured() {
    let folder = Folder::new("files");
    let ended = compare(&["--runs", "3", "--sweep", "4,2,8", "--out", &folder.file("")]);
    assert_eq!(ended.code(), 0, "{ended:?}");

    let results = results(&folder);
    assert_eq!((&results["pages"], &results["latency_ms"]), (&20.into(), &20.into()));
    for name in names() {
        let lesson = lesson(&results, name);
        let runs = lesson["runs"].as_array().expect("runs");
        assert_eq!(runs.len(), 3, "{name}");
        let mut seconds: Vec<f64> =
            runs.iter().map(|run| run["seconds"].as_f64().expect("a number")).collect();
        seconds.sort_by(f64::total_cmp);
        let spread = &lesson["seconds"];
        assert_eq!(spread["median"], seconds[1], "{name}");
        assert_eq!(
            (&spread["lowest"], &spread["highest"]),
            (&seconds[0].into(), &seconds[2].into())
        );
        assert!(runs.iter().all(|run| run["failed"] == 0 && run["facts"].is_object()), "{name}");
    }
    // The lessons kept the limits that were set.
    let peak = |model| {
        let row = lesson(&results, of_the_nine("page", model));
        row["runs"][0]["facts"]["peak_in_flight"].clone()
    };
    assert_eq!([Model::Sync, Model::Threads, Model::Async].map(peak), [1, 5, 20]);

    let curves = results["sweep"].as_array().expect("a sweep");
    assert_eq!(curves.len(), 3);
    for curve in curves {
        let points = curve["points"].as_array().expect("points");
        let workers: Vec<_> = points.iter().map(|point| point["workers"].as_u64()).collect();
        assert_eq!(workers, [Some(2), Some(4), Some(8)], "{curve}");
        let median = |point: &Value| point["seconds"]["median"].as_f64().expect("a median");
        // Ten latencies in a row against three.
        assert!(median(&points[0]) > 1.5 * median(&points[2]), "{curve}");
    }

    let csv = read(&folder.path().join("results.csv"));
    assert_eq!(csv.lines().count(), 1 + 3 * names().count(), "{csv}");
    let columns: BTreeSet<usize> = csv.lines().map(|line| line.split(',').count()).collect();
    assert_eq!(columns, BTreeSet::from([13]), "{csv}");
    let (markdown, html) =
        (read(&folder.path().join("results.md")), read(&folder.path().join("report.html")));
    for name in names() {
        assert!(markdown.contains(&format!("| {name} ")), "{name}: {markdown}");
        assert!(html.contains(name), "{name}");
    }
}

/// The fair comparison: each model really had as many pages in flight as it was set to.
#[test]
fn one_limit_for_every_model() {
    let folder = Folder::new("limit");
    let ended = compare(&["--runs", "2", "--workers", "3", "--out", &folder.file("")]);
    assert_eq!(ended.code(), 0, "{ended:?}");
    let results = results(&folder);
    for model in [Model::Threads, Model::Async, Model::Processes] {
        let name = of_the_nine("page", model);
        for run in lesson(&results, name)["runs"].as_array().expect("runs") {
            assert_eq!(run["workers"], 3, "{name}");
            assert_eq!(run["facts"]["peak_in_flight"], 3, "{name}");
        }
    }
    assert_eq!(lesson(&results, of_the_nine("call", Model::Threads))["runs"][0]["workers"], 3);
    assert!(ended.stdout.contains("At the same limit of 3, threads and async "), "{ended:?}");
}

#[test]
fn only_those_that_are_named() {
    let only = [Model::Sync, Model::Threads].map(|model| of_the_nine("call", model));
    let ended = compare(&["--runs", "1", "--only", only[0], only[1]]);
    assert_eq!(ended.code(), 0, "{ended:?}");
    for name in lessons().iter().map(Lesson::name) {
        let is_named = ended.stdout.split_whitespace().any(|word| word == name);
        assert_eq!(is_named, only.contains(&name), "{name}: {ended:?}");
    }
    assert!(ended.stdout.contains("One run has no range"), "{ended:?}");
}

/// Small sizes for lessons that wait and lessons that compute.
const SMALLEST: [&str; 8] = ["--repeat", "2", "--latency", "5", "--number", "20", "--calls", "4"];

/// A row for each lesson, or for each of its sections; all that do the same work are in one check.
#[test]
fn further_lessons_and_their_sections_have_rows() {
    let folder = Folder::new("further");
    let arguments = ["--further", "--runs", "2", "--out", &folder.file("")];
    let ended = program("compare").run(&[&SMALLEST[..], &arguments].concat());
    assert_eq!((ended.code(), ended.stderr.as_str()), (0, ""), "{ended:?}");

    let rows = |lesson: &Lesson| -> Vec<(String, Option<String>)> {
        let name = lesson.name().to_owned();
        if !lesson.has_sections() {
            return vec![(name, None)];
        }
        let sections = lesson.described.sections.iter();
        sections.map(|(section, _)| (name.clone(), Some(section.clone()))).collect()
    };
    let expected: Vec<_> = lessons().iter().filter(can_be_compared).flat_map(rows).collect();
    let results = results(&folder);
    let told = results["lessons"].as_array().expect("lessons").iter();
    let told: Vec<(String, Option<String>)> = told
        .map(|row| {
            let text = |key: &str| row[key].as_str().map(String::from);
            (text("lesson").expect("a name"), text("part"))
        })
        .collect();
    assert_eq!(told, expected);

    let csv = read(&folder.path().join("results.csv"));
    assert!(csv.starts_with("lesson,part,model,"), "{csv}");
    let markdown = read(&folder.path().join("results.md"));
    let html = read(&folder.path().join("report.html"));
    for (lesson, section) in &expected {
        let Some(section) = section else {
            assert!(csv.contains(&format!("\n{lesson},,")), "{lesson}: {csv}");
            assert!(markdown.contains(&format!("| {lesson} ")), "{lesson}: {markdown}");
            continue;
        };
        let cell = if section.contains(',') { format!("\"{section}\"") } else { section.clone() };
        let lines = csv.lines().filter(|line| line.starts_with(&format!("{lesson},{cell},")));
        assert_eq!(lines.count(), 2, "{lesson}: {section}: {csv}");
        let is_row = |text: &str, separator| {
            let cells = |line: &str| -> Vec<String> {
                line.split(separator).map(|cell| cell.trim().to_string()).collect()
            };
            text.lines().any(|line| {
                cells(line).windows(2).any(|pair| pair == [lesson.as_str(), section.as_str()])
            })
        };
        assert!(is_row(&markdown, '|'), "{lesson}: {section}: {markdown}");
        assert!(
            html.contains(&format!("Timing diagram of {lesson}: {section}.")),
            "{lesson}: {section}"
        );
    }

    let pages = further().filter(|it| only_does(it, "page")).count();
    let calls = further().filter(|it| only_does(it, "call")).count();
    let with_sections = further().filter(|it| it.has_sections()).count();
    for sentence in [
        format!("All {} runs of {} lessons got the same 4 pages.\n", 2 * (4 + pages), 4 + pages),
        format!("All {} runs of {} lessons got the same 4 numbers.\n", 2 * (4 + calls), 4 + calls),
        format!(
            "Every part got the same as the first part with the same work, in {} runs of {with_sections} further \
             lessons.\n",
            2 * with_sections
        ),
        "Further lessons: each part beside the first that does the same work, in 2 runs\n".into(),
    ] {
        assert!(ended.stdout.contains(&sentence), "{sentence}{}", ended.stdout);
    }
}

/// Each kind of work has its own base, and a lesson without sections is beside the nine's.
#[test]
fn a_section_is_beside_the_first_with_the_same_work() {
    let folder = Folder::new("bases");
    let (several, sync, further) =
        (kinds_of_their_own(), of_the_nine("page", Model::Sync), further_downloader());
    let only = ["--only", several.name(), sync, further, "--runs", "2"];
    let sizes = ["--repeat", "5", "--latency", "20", "--number", "20", "--calls", "4"];
    let out = folder.file("");
    let ended = program("compare").run(&[&only[..], &sizes, &["--out", &out]].concat());
    assert_eq!(ended.code(), 0, "{ended:?}");
    let results = results(&folder);
    let verdict = |at| section(&results, several, at)["verdict"].clone();
    let kinds = kinds(several);
    for kind in ["call", "page"].map(Some) {
        let bases = (0..kinds.len()).filter(|at| kinds[*at] == kind && verdict(*at) == "the base");
        assert!(bases.eq(kinds.iter().position(|its| *its == kind)), "{kind:?}: {results}");
    }
    // Ten times the cost of each connection.
    let session = verdict(kinds.len() - 1);
    assert!(session.as_str().is_some_and(|words| words.contains("x faster")), "{session}");
    assert_eq!(lesson(&results, sync)["verdict"], "the base");
    let threads = lesson(&results, further);
    assert!(threads["verdict"].as_str().is_some_and(|words| words.contains("x faster")));
    assert_eq!((&threads["article"], &threads["part"]), (&"-".into(), &Value::Null));
}

/// Sizes given as options hold for all; other sizes are each lesson's own.
#[test]
fn lessons_with_sections_take_the_sizes_that_are_given() {
    let folder = Folder::new("sizes");
    let (two, both, several) = (two_sections(), both_in_each_section(), kinds_of_their_own());
    let run = |sizes: &[&str]| {
        let only = ["--only", two.name(), both.name(), several.name(), "--runs", "1"];
        let out = folder.file("");
        let ended = program("compare").run(&[&only[..], &["--out", &out], sizes].concat());
        assert_eq!(ended.code(), 0, "{ended:?}");
        for name in names() {
            assert!(!ended.stdout.contains(name), "they stand alone: {ended:?}");
        }
        results(&folder)
    };
    let ok = |results: &Value| -> Vec<u64> {
        let second = |lesson| section(results, lesson, 1)["runs"][0]["ok"].as_u64();
        [two, several, both].map(|lesson| second(lesson).expect("a number")).into()
    };
    let sizes = ["--latency", "1", "--number", "20"];
    assert_eq!(ok(&run(&sizes)), [10, 20, 80]);
    let given = ["--repeat", "3", "--calls", "7", "--workers", "2"];
    let results = run(&[&sizes[..], &given].concat());
    assert_eq!(ok(&results), [6, 7, 12]);
    assert_eq!(section(&results, both, 1)["runs"][0]["workers"], 2);
}

#[test]
fn where_a_section_fails_there_is_no_verdict() {
    let two = two_sections();
    let only = ["--only", two.name(), "--runs", "2", "--latency", "20", "--repeat", "2"];
    let folder = Folder::new("failing-section");
    let failing = ["--timeout", "0.005", "--out", &folder.file("")];
    let ended = program("compare").run(&[&only[..], &failing].concat());
    assert_eq!(ended.code(), 1, "{ended:?}");
    assert_eq!(section(&results(&folder), two, 1)["verdict"], "-");
    let name = two.name();
    for sentence in [
        format!("{name}: {} did not get all of its pages.", name_of(two, 0)),
        format!(
            "{name}: {}: 8 failed; the first of them: the page took longer than --timeout allows",
            name_of(two, 1)
        ),
    ] {
        assert!(ended.stdout.contains(&sentence), "{sentence}: {ended:?}");
    }
}

/// One that says what the site and the system's account do not bear out.
#[test]
fn no_program_is_believed() {
    for (program, kind, why) in [
        ("downloads_nothing", "page", "and the site was asked for 0"),
        ("no_limit", "page", "its limit is 5 pages, and the site had 20 in flight at once"),
        ("computes_nothing", "call", "so it did not compute the same"),
    ] {
        let file = format!("tests/examples/{program}.rs");
        // Long enough to be told from nothing: the rest of the suite may run beside it.
        let sizes = ["--repeat", "10", "--latency", "300", "--number", "36", "--calls", "6"];
        let base = of_the_nine(kind, Model::Sync);
        let arguments = ["--runs", "1", "--only", base, "--with", &file];
        let ended = self::program("compare").run(&[&sizes[..], &arguments].concat());
        assert_eq!(ended.code(), 1, "{ended:?}");
        let stdout = ended.stdout.replace('\n', " ");
        assert!(stdout.contains(why) && stdout.contains(program), "{program}: {ended:?}");
        assert!(!stdout.contains("faster"), "{program}: {ended:?}");
    }
}

#[test]
fn a_program_of_ones_own_has_a_row_beside_the_lessons() {
    let base = of_the_nine("page", Model::Sync);
    let examples = course::root()
        .expect("the workspace")
        .join(
            &first("with examples", |it| it.name() == of_the_nine("page", Model::Threads))
                .found
                .folder,
        )
        .join("examples");
    let example = fs::read_dir(examples).expect("examples").next().expect("one").expect("a file");
    let name = example.path().file_stem().expect("a name").to_string_lossy().into_owned();
    let file = example.path().display().to_string();
    let ended = compare(&["--runs", "1", "--only", base, "--with", &file]);
    assert_eq!(ended.code(), 0, "{ended:?}");
    assert!(ended.stdout.contains(&format!("examples/{name}")), "{ended:?}");
    assert!(ended.stdout.contains("All 2 runs of 2 lessons got the same 20 pages."), "{ended:?}");
}

/// A program that knows nothing of the course: this one, asked for the pages of the site.
#[test]
fn any_command_is_compared_as_a_whole_program() {
    let (folder, base) = (Folder::new("command"), of_the_nine("page", Model::Sync));
    let threads = program("compare").path().with_file_name(of_the_nine("page", Model::Threads));
    let command =
        |repeat: &str| format!("'{}' --site {{site}} --repeat {repeat}", threads.display());
    let out = folder.path().display().to_string();
    let run = |repeat: &str| {
        compare(&["--runs", "2", "--only", base, "--out", &out, "--command", &command(repeat)])
    };
    let ended = run("10");
    assert_eq!(ended.code(), 0, "{ended:?}");
    assert!(ended.stdout.contains("Whole programs, from start to end: 20 pages"), "{ended:?}");
    let results = results(&folder);
    let runs = results["commands"][0]["runs"].as_array().expect("runs");
    assert_eq!(runs.len(), 2);
    for run in runs {
        let site = &run["site"];
        assert_eq!((&site["requests"], &site["peak_in_flight"]), (&20.into(), &5.into()), "{run}");
        assert!(run["wall"].as_f64() > site["seconds"].as_f64(), "{run}");
    }
    // Half of the work in less time is nothing to be praised.
    let ended = run("5");
    assert_eq!(ended.code(), 1, "{ended:?}");
    let stdout = ended.stdout.replace('\n', " ");
    assert!(stdout.contains("got 10 pages from the site, and the lessons 20"), "{ended:?}");
    assert!(!stdout.contains("faster"), "{ended:?}");
}

#[test]
fn a_command_that_fails_is_told() {
    let base = of_the_nine("page", Model::Sync);
    let failing = |command: &str, why: &str| {
        let ended = compare(&["--runs", "1", "--only", base, "--command", command]);
        assert_eq!(ended.code(), 1, "{ended:?}");
        assert!(ended.stdout.contains(&format!("{command} is in trouble: {why}")), "{ended:?}");
    };
    failing("no-such-program", "it did not start");
    failing("cargo no-such-command", "it ended with exit");
    let ended = compare(&["--command", "'"]);
    assert_eq!(ended.code(), 2, "{ended:?}");
    let ended = compare(&["--with", "crates/gone.rs"]);
    assert_eq!((ended.code(), ended.stdout.as_str()), (2, ""), "{ended:?}");
    assert!(ended.stderr.contains("crates/gone.rs is no program of this workspace"), "{ended:?}");
}

#[test]
fn wrong_arguments_are_told_before_anything_runs() {
    let further_pool = first("a further pool", |it| {
        it.found.is_further && only_does(it, "page") && matches!(it.limit(), Limit::Fixed(_))
    });
    let rounds = first("rounds", |lesson| lesson.does("round")).name();
    for (arguments, sentence) in [
        (&["--only", rounds][..], rounds),
        (&["--only", "no_such_lesson"], "no_such_lesson"),
        (&["--runs", "0"], "from 1 to 1000"),
        (&["--sweep", "1,zwei"], "from 1 to 1000"),
        (&["--sweep", "1,,2"], "from 1 to 1000"),
        (&["--sweep", "0"], "from 1 to 1000"),
        (
            &["--only", of_the_nine("call", Model::Sync), "--sweep", "1,2"],
            "--only names none of them",
        ),
        (&["--only", further_pool.name(), "--sweep", "1,2"], "--only names none of them"),
        (&["--further", "--only", rounds], rounds),
        (&["--workers", "1001"], "from 1 to 1000"),
        (&["--repeat", "100000"], "200000 pages are too many"),
        (&["--number", "94"], "from 0 to 93"),
    ] {
        let ended = program("compare").run(arguments);
        assert_eq!(ended.code(), 2, "{arguments:?}: {ended:?}");
        assert!(ended.stderr.contains(sentence), "{arguments:?}: {ended:?}");
        assert_eq!(ended.stdout, "", "{arguments:?}");
    }
}

#[test]
fn a_folder_that_cannot_be_used_is_told_before_anything_runs() {
    let folder = Folder::new("in-the-way");
    fs::write(folder.path().join("file"), "in the way").expect("a file");
    fs::create_dir_all(folder.path().join("there/results.md")).expect("a folder in a file's place");
    for out in ["file", "there"] {
        let ended = compare(&["--out", &folder.file(out)]);
        assert_eq!((ended.code(), ended.stdout.as_str()), (1, ""), "{ended:?}");
        assert!(ended.stderr.starts_with("error: the folder "), "{ended:?}");
        assert_eq!(ended.stderr.lines().count(), 1, "{ended:?}");
    }
}

/// Pages that fail may fail faster than others arrive: there is no verdict, and a reason.
#[test]
fn where_pages_fail_there_is_no_verdict() {
    let folder = Folder::new("failing");
    let [sync, threads] = [Model::Sync, Model::Threads].map(|it| of_the_nine("page", it));
    let only = ["--only", sync, threads, "--runs", "2"];
    let ended = compare(&[&only[..], &["--timeout", "0.005", "--out", &folder.file("")]].concat());
    assert_eq!(ended.code(), 1, "{ended:?}");
    let out = &ended.stdout;
    for name in [sync, threads] {
        assert_eq!(lesson(&results(&folder), name)["verdict"], "-", "{name}");
    }
    assert!(out.contains(&format!("{sync} did not get all of its pages.")), "{out}");
    let why = "40 failed; the first of them: the page took longer than --timeout allows.";
    assert!(out.contains(&format!("{threads}: {why}")), "{out}");
}

#[test]
fn one_run_gives_no_firm_verdict() {
    let folder = Folder::new("one-run");
    let out = folder.file("");
    let [sync, tasks] = [Model::Sync, Model::Async].map(|it| of_the_nine("call", it));
    compare(&["--runs", "1", "--only", sync, tasks, "--out", &out]);
    let verdict = lesson(&results(&folder), tasks)["verdict"].as_str().map(String::from);
    assert!(
        verdict.as_ref().is_some_and(|words| words.contains("x slower (one run")),
        "{verdict:?}"
    );
}

/// The end of a comparison on a terminal of 24 rows, beside its prompt, without colours.
#[cfg(target_os = "linux")]
fn last_screen(compare: &Program, environment: &[(&str, &str)], arguments: &[&str]) -> Vec<String> {
    let lines = shown(compare, environment, arguments);
    lines[lines.len() - 23..].to_vec()
}

/// Everything that it writes to a terminal of 24 lines.
#[cfg(target_os = "linux")]
fn shown(compare: &Program, environment: &[(&str, &str)], arguments: &[&str]) -> Vec<String> {
    // No bar: it goes to stderr. With CARGO it would build the lessons again.
    let program = compare.command(&[&SMALL, arguments].concat());
    let command = format!("env --unset=CARGO {program} 2>/dev/null");
    let ended = Terminal::start(80, environment, &command).wait();
    let shown = testing::without_colours(&ended.stdout);
    let lines: Vec<String> = shown.lines().map(String::from).collect();
    assert!(lines.len() > 24 && lines.iter().all(|line| line.chars().count() <= 80), "{shown}");
    lines
}

/// The line of a lesson on the last screen.
#[cfg(target_os = "linux")]
fn line_of<'a>(screen: &'a [String], name: &str) -> &'a str {
    let is_it = |line: &&String| line.starts_with(&format!("{name}  "));
    let lines: Vec<&String> = screen.iter().filter(is_it).collect();
    assert_eq!(lines.len(), 1, "{name}: {screen:#?}");
    lines[0]
}

#[cfg(target_os = "linux")]
#[test]
fn a_low_terminal_shows_each_lesson_in_a_line_at_the_end() {
    let compare = program("compare");
    for (environment, sign) in [(("LC_ALL", "C.UTF-8"), '█'), (("LC_ALL", "C"), '#')] {
        let screen = last_screen(&compare, &[environment], &["--runs", "2"]);
        for name in names() {
            let line = line_of(&screen, name);
            assert!(line.contains(sign) && line.contains(" s  "), "{line}");
        }
        let verdict = |model| line_of(&screen, of_the_nine("page", model));
        assert!(verdict(Model::Sync).ends_with("  the base"), "{screen:#?}");
        assert!(verdict(Model::Async).contains("x faster"), "{screen:#?}");
    }
    // With all further lessons there are more than 24. The nine are still on the screen, and above them each other
    // lesson has its line.
    let lines = shown(&compare, &[], &["--runs", "1", "--further"]);
    let screen = &lines[lines.len() - 23..];
    names().for_each(|name| _ = line_of(screen, name));
    let view =
        lines.iter().rposition(|line| line.starts_with("Further lessons: ")).expect("a view");
    for lesson in further().filter(can_be_compared) {
        line_of(&lines[view..], lesson.name());
    }
}

#[cfg(unix)]
mod unix {
    use std::os::unix::fs::{PermissionsExt, symlink};
    use std::process::Command;
    use std::time::{Duration, Instant};

    use testing::{Program, children, is_alive, signal, wait_until};

    use super::*;

    /// A lesson with three sections of pages.
    fn three_sections() -> &'static Lesson {
        first("three sections", |it| it.item() == "page" && it.times("page") == 3)
    }

    /// A folder with the comparison and the real lessons, some of them replaced by scripts. A script describes itself
    /// like the real lesson, and then does anything.
    fn with_spoiled(name: &str, spoiled: &[(&str, &str)]) -> (Folder, Program) {
        let with_description: Vec<(&str, String)> = spoiled
            .iter()
            .map(|(name, script)| {
                let real = program(name).path().display().to_string();
                let script =
                    format!("if [ \"$1\" = --describe ]; then exec '{real}' \"$1\"; fi\n{script}");
                (*name, script)
            })
            .collect();
        let spoiled = with_description.iter().map(|(name, script)| (*name, script.as_str()));
        with_scripts(name, &spoiled.collect::<Vec<_>>())
    }

    /// A folder with the comparison and the real lessons, some of them replaced by these scripts.
    fn with_scripts(name: &str, scripts: &[(&str, &str)]) -> (Folder, Program) {
        let folder = Folder::new(name);
        for lesson in lessons().iter().map(Lesson::name) {
            let path = folder.path().join(lesson);
            match scripts.iter().find(|(name, _)| *name == lesson) {
                None => symlink(program(lesson).path(), path).expect("a link"),
                Some((_, script)) => {
                    fs::write(&path, format!("#!/bin/sh\n{script}\n")).expect("a script");
                    fs::set_permissions(&path, PermissionsExt::from_mode(0o755))
                        .expect("it may run");
                }
            }
        }
        let compare = folder.path().join("compare");
        fs::copy(program("compare").path(), &compare).expect("a copy");
        (folder, Program::at(compare))
    }

    fn processes_with(text: &str) -> usize {
        let output =
            Command::new("ps").args(["-A", "-ww", "-o", "stat=,args="]).output().expect("ps runs");
        let lines = String::from_utf8_lossy(&output.stdout).into_owned();
        lines.lines().filter(|line| line.contains(text) && !line.starts_with('Z')).count()
    }

    /// Each has a row that says so; the others are measured anyway.
    #[test]
    fn lessons_that_crash_hang_or_talk_nonsense() {
        let [threads, processes] =
            [Model::Threads, Model::Processes].map(|model| of_the_nine("page", model));
        let [sync, threads_compute, tasks, rayon] =
            [Model::Sync, Model::Threads, Model::Async, Model::Rayon]
                .map(|model| of_the_nine("call", model));
        let nonsense = format!(r#"echo '{{"lesson": "{rayon}", "seconds": "long"}}'"#);
        let lie = format!(
            r#"echo '{{"lesson": "{sync}", "seconds": 1, "done": 8, "failed": 0, "items": []}}'"#
        );
        let (folder, compare) = with_spoiled(
            "spoiled",
            &[
                (threads, "echo 'it went wrong' >&2; exit 101"),
                (processes, "kill -9 $$"),
                (tasks, "exec sleep 61.25"),
                (rayon, &nonsense),
                (sync, &lie),
            ],
        );
        let arguments = [&SMALL[..], &["--runs", "2", "--limit", "3"]].concat();
        let ended = compare.run(&arguments);
        assert_eq!((ended.code(), ended.stderr.as_str()), (1, ""), "{ended:?}");
        let out = &ended.stdout;
        for (name, why) in [
            (threads, "it ended with exit status: 101: it went wrong."),
            (processes, "it ended with signal: 9 (SIGKILL)."),
            (tasks, "it took longer than 3 s (--limit)."),
            (rayon, "its report makes no sense: no proper \"seconds\"."),
            (sync, "its report makes no sense: "),
        ] {
            let sentence = format!("{name} is in trouble: {why}");
            assert!(out.contains(&sentence), "{sentence}\n{out}");
        }
        assert_eq!(out.matches("trouble").count(), 10, "in the tables, and why: {out}");
        assert!(out.contains("All 4 runs of 2 lessons got the same 20 pages."), "{out}");
        let row = out.lines().find(|line| line.contains(threads_compute)).expect("a row");
        assert!(row.contains(" 16 "), "two runs of eight calls: {row}");
        #[cfg(target_os = "linux")]
        {
            let screen = last_screen(&compare, &[], &["--runs", "2", "--limit", "3"]);
            for name in [threads, processes, tasks, rayon, sync] {
                assert!(line_of(&screen, name).ends_with("  in trouble"), "{screen:#?}");
            }
            assert!(line_of(&screen, threads_compute).contains(" s  "), "{screen:#?}");
        }
        wait_until("the end of the one that hung", || processes_with("sleep 61.25") == 0);
        drop(folder);
    }

    /// It has no row, and the others have theirs; the reason appears once.
    #[test]
    fn a_lesson_that_does_not_say_what_it_is() {
        let [sync, threads, tasks] =
            [Model::Sync, Model::Threads, Model::Async].map(|model| of_the_nine("call", model));
        let (_folder, compare) = with_scripts(
            "silent",
            &[(threads, "echo 'it went wrong' >&2; exit 101"), (tasks, "echo nonsense")],
        );
        let only = ["--only", sync, threads, tasks, "--runs", "1"];
        let ended = compare.run(&[&SMALL[..], &only].concat());
        assert_eq!((ended.code(), ended.stderr.as_str()), (1, ""), "{ended:?}");
        for (name, why) in [
            (threads, "it ended with exit status: 101: it went wrong."),
            (tasks, "its answer to --describe makes no sense: "),
        ] {
            let sentence = format!("{name} does not say what it is: {why}");
            assert!(ended.stdout.contains(&sentence), "{sentence}: {ended:?}");
            assert_eq!(ended.stdout.matches(name).count(), 1, "{name}: {ended:?}");
        }
        let row = ended.stdout.lines().find(|line| line.contains(sync)).expect("a row");
        assert!(row.contains("the base"), "{row}");
    }

    #[test]
    fn a_model_that_gets_something_else_is_found_out() {
        let [sync, threads] = [Model::Sync, Model::Threads].map(|it| of_the_nine("call", it));
        let liar =
            format!("'{}' \"$@\" | sed 's/17711/17712/g'", program(threads).path().display());
        let (_folder, compare) = with_spoiled("liar", &[(threads, &liar)]);
        let arguments = [&SMALL[..], &["--runs", "1", "--only", sync, threads]].concat();
        let ended = compare.run(&arguments);
        assert_eq!(ended.code(), 1, "{ended:?}");
        let sentence = format!("{sync} and {threads} did not get the same numbers.");
        assert!(ended.stdout.contains(&sentence), "{ended:?}");
    }

    /// All rows of a lesson share its trouble, and the reason appears once.
    #[test]
    fn a_lesson_that_lies_about_its_sections() {
        let changed = |lesson: &Lesson, change: &str| {
            format!("'{}' \"$@\" | sed '{change}'", program(lesson.name()).path().display())
        };
        let (two, three) = (two_sections(), three_sections());
        let (both, several) = (both_in_each_section(), kinds_of_their_own());
        let second = name_of(two, 1);
        let renamed = changed(two, &format!("s/\"name\":\"{second}\"/\"name\":\"split\"/"));
        let (middle, last) = (name_of(three, 1), name_of(three, 2));
        let moved = changed(three, &format!("s/\"part\":\"{last}\"/\"part\":\"{middle}\"/g"));
        let lost_one = name_of(both, 1);
        let lost = changed(both, &format!("s/\"part\":\"{lost_one}\"/\"part\":\"{lost_one}s\"/"));
        let (_folder, compare) = with_spoiled(
            "sections",
            &[
                (two.name(), &renamed),
                (three.name(), &moved),
                (both.name(), &lost),
                (several.name(), "echo 'it went wrong' >&2; exit 101"),
            ],
        );
        let sync = of_the_nine("call", Model::Sync);
        let in_trouble = [two, three, both, several];
        let only = [in_trouble.map(Lesson::name).join(","), sync.into()].join(",");
        let arguments = [&SMALLEST[..], &["--only", &only, "--runs", "1"]].concat();
        let ended = compare.run(&arguments);
        assert_eq!((ended.code(), ended.stderr.as_str()), (1, ""), "{ended:?}");
        let out = &ended.stdout;
        let first_of_two = name_of(two, 0);
        for (lesson, why) in [
            (
                two,
                format!(
                    "its report makes no sense: its parts are [\"{first_of_two}\", \"split\"]."
                ),
            ),
            (three, format!("its report makes no sense: an item outside of '{middle}'.")),
            (both, format!("its report makes no sense: an item of the part \"{lost_one}s\".")),
            (several, "it ended with exit status: 101: it went wrong.".into()),
        ] {
            let sentence = format!("{} is in trouble: {why}", lesson.name());
            assert!(out.contains(&sentence), "{sentence}\n{out}");
        }
        assert_eq!(out.matches("is in trouble: ").count(), 4, "{out}");
        // Each of their sections has a row; the reason appears once more.
        let rows: usize = in_trouble.iter().map(|lesson| lesson.described.sections.len()).sum();
        assert_eq!(out.matches("in trouble").count(), rows + 4, "{out}");
        let row = out.lines().find(|line| line.contains(sync)).expect("a row");
        assert!(row.contains("the base"), "{row}");
    }

    #[test]
    fn sections_that_got_different_things_are_found_out() {
        let (two, three) = (two_sections(), three_sections());
        let real = program(two.name());
        // One page of the second section has a byte more.
        let (first, second) = (name_of(two, 0), name_of(two, 1));
        let change = format!(r#"s/"bytes":9838\([^}}]*"part":"{second}"\)/"bytes":9839\1/"#);
        let liar = format!("'{}' \"$@\" | sed '{change}'", real.path().display());
        let (_folder, compare) = with_spoiled("different-sections", &[(two.name(), &liar)]);
        let only = ["--only", two.name(), three.name(), "--runs", "1"];
        let ended = compare.run(&[&SMALLEST[..], &only].concat());
        assert_eq!(ended.code(), 1, "{ended:?}");
        let name = two.name();
        let sentence = format!("{name}: '{first}' and '{second}' did not get the same pages.");
        assert!(ended.stdout.contains(&sentence), "{ended:?}");
    }

    #[test]
    fn a_lesson_that_is_not_there_is_told() {
        let folder = Folder::new("alone");
        let compare = folder.path().join("compare");
        fs::copy(program("compare").path(), &compare).expect("a copy");
        let out = folder.path().join("report");
        let ended = Program::at(compare).run(&["--out", &folder.file("report")]);
        assert_eq!(ended.code(), 1, "{ended:?}");
        assert!(ended.stderr.contains("cargo run -p compare"), "{ended:?}");
        assert!(!out.exists(), "an empty report was left");
    }

    /// A comparison without results must not replace a good report.
    #[test]
    fn ctrl_c_before_anything_is_measured_leaves_the_report_of_before() {
        let [sync, tasks] = [Model::Sync, Model::Async].map(|it| of_the_nine("page", it));
        let (folder, compare) = with_spoiled("before", &[(tasks, "exec sleep 63.25")]);
        let out = folder.file("report");
        let good =
            ["--runs", "1", "--repeat", "1", "--latency", "1", "--only", sync, "--out", &out];
        assert_eq!(compare.run(&good).code(), 0);
        let read = || {
            let files = fs::read_dir(&out).expect("a report");
            let mut files: Vec<_> = files.map(|file| file.expect("a file").path()).collect();
            files.sort();
            files
                .into_iter()
                .map(|file| (fs::read(&file).expect("it is there"), file))
                .collect::<Vec<_>>()
        };
        let before = read();
        assert_eq!(before.len(), 4);
        let running = compare.start(&["--only", tasks, "--out", &out]);
        wait_until("the lesson that sleeps", || processes_with("sleep 63.25") > 0);
        signal("-INT", running.id());
        assert_eq!(running.wait().code(), 130);
        assert!(read() == before, "the report was overwritten");
        wait_until("its end", || processes_with("sleep 63.25") == 0);
    }

    /// The finished work is shown, and nothing is left running.
    #[test]
    fn ctrl_c_prints_what_is_done() {
        let [sync, tasks] = [Model::Sync, Model::Async].map(|it| of_the_nine("page", it));
        let (_folder, compare) = with_spoiled("ctrl-c", &[(tasks, "exec sleep 62.75")]);
        // The comparison is in the warm-up of the lesson that sleeps.
        let arguments = [&SMALL[..], &["--runs", "2"]].concat();
        let running = compare.start(&arguments);
        wait_until("the lesson that sleeps", || processes_with("sleep 62.75") > 0);
        std::thread::sleep(Duration::from_millis(100));
        signal("-INT", running.id());
        let ended = running.wait();
        assert_eq!((ended.code(), ended.stderr.as_str()), (130, ""), "{ended:?}");
        assert!(ended.stdout.starts_with("Interrupted: "), "{ended:?}");
        assert!(ended.stdout.contains(sync), "{ended:?}");
        wait_until("its end", || processes_with("sleep 62.75") == 0);
        let compare = compare.path().to_str().expect("its name is text");
        wait_until("the site's end", || processes_with(compare) == 0);
    }

    /// Also one that ignores signals, at the second Ctrl-C; and what a command leaves behind. (The number is put together
    /// by the shell: `compare` itself is not to be taken for the process.)
    #[test]
    fn no_command_is_left_running() {
        let base = of_the_nine("page", Model::Sync);
        let compare = |command: &str| {
            let arguments = ["--runs", "1", "--only", base, "--command", command];
            program("compare").start(&[&SMALL[..], &arguments].concat())
        };
        let stubborn = compare("sh -c 'trap : INT TERM; n=60; while true; do sleep $n.25; done'");
        wait_until("the command", || processes_with("sleep 60.25") > 0);
        signal("-INT", stubborn.id());
        std::thread::sleep(Duration::from_millis(100));
        signal("-INT", stubborn.id());
        let ended = stubborn.wait();
        assert_eq!(ended.code(), 130, "{ended:?}");
        wait_until("its end", || processes_with("sleep 60.25") == 0);

        let start = Instant::now();
        let forking = compare("sh -c 'n=60; sleep $n.75 & exit 0'").wait();
        assert_eq!(forking.code(), 0, "{forking:?}");
        assert_eq!(processes_with("sleep 60.75"), 0);
        // What is left behind keeps the pipes open: nobody waits for it.
        assert!(start.elapsed() < Duration::from_secs(61), "it took {:?}", start.elapsed());
    }

    /// In any case its lesson ends together with it; otherwise the lesson would compute for minutes.
    #[test]
    fn no_lesson_is_left_running() {
        let sync = of_the_nine("call", Model::Sync);
        let only = ["--runs", "1", "--only", sync, "--number", "45", "--calls", "3"];
        for signals in [&["-INT", "-INT"][..], &["-KILL"], &["-HUP"], &["-TERM"]] {
            let running = program("compare").start(&only);
            let lesson = || children(running.id()).len() > 1; // the site, and the lesson
            wait_until("the lesson", lesson);
            std::thread::sleep(Duration::from_millis(300)); // the warm-up is over, too
            let started = children(running.id());
            for kind in signals {
                signal(kind, running.id());
            }
            running.wait();
            wait_until("the end of the lesson and the site", || {
                started.iter().all(|process| !is_alive(*process))
            });
        }
    }

    #[test]
    fn a_closed_pipe_is_no_error() {
        let running = program("compare").start(&[&SMALL[..], &["--runs", "1"]].concat());
        let ended = running.close_stdout_and_wait();
        assert_eq!((ended.code(), ended.stderr.as_str()), (141, ""), "{ended:?}");
    }
}

// The Python originals

/// A program that answers like a Python, and then behaves like its originals.
#[cfg(unix)]
fn pretended_python(folder: &Folder, answer: &str, then: &str) -> String {
    use std::os::unix::fs::PermissionsExt;
    let file = folder.file("python");
    fs::write(&file, format!("#!/bin/sh\n[ \"$1\" = -c ] && echo '{answer}' || {{ {then}; }}\n"))
        .expect("a new file");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).expect("it is ours");
    file
}

/// The lessons run anyway, and the status shows that the originals did not.
#[cfg(unix)]
#[test]
fn a_python_that_cannot_run_the_originals_is_told_with_what_mends_it() {
    let folder = Folder::new("pythons");
    let old = pretended_python(&folder, r#"["3.9.2", [3, 9], true]"#, "false");
    let other = Folder::new("pythons-without");
    let missing = "echo 'error: aiohttp is missing: python3 -m pip install aiohttp' >&2; exit 2";
    let without = pretended_python(&other, r#"["3.14.2", [3, 14], false]"#, missing);
    for (python, sentence) in [
        ("no-such-python", "no-such-python is not a Python that can be run (it did not start"),
        (&old, "is Python 3.9.2, and the originals need 3.11 or newer"),
        (
            &without,
            "does not run with Python 3.14.2 (no GIL): it ended with exit status: 2: aiohttp is missing: \
                    python3 -m pip install aiohttp.",
        ),
    ] {
        let name = of_the_nine("page", Model::Sync);
        let ended = compare(&["--runs", "1", "--only", name, "--python", python]);
        assert_eq!(ended.code(), 1, "{ended:?}");
        let text = ended.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(text.contains(sentence), "{sentence}: {text}");
        assert!(text.contains("20 pages at 20 ms each, in 1 run"), "{text}");
    }
}

/// On the same pages and with the same numbers; each is compared with its own sync original.
#[test]
fn the_originals_run_beside_the_lessons() {
    let Some(python) = course::python(&course::root().expect("the workspace")) else {
        return; // none here runs them
    };
    let folder = Folder::new("originals");
    let python = python.display().to_string();
    let arguments =
        ["--runs", "2", "--python", &python, "--out", folder.path().to_str().expect("text")];
    let ended = compare(&arguments);
    assert_eq!((ended.code(), ended.stderr.as_str()), (0, ""), "{ended:?}");
    let results = results(&folder);
    let lessons = results["lessons"].as_array().expect("lessons");
    for name in names() {
        let rows: Vec<&Value> = lessons.iter().filter(|row| row["lesson"] == name).collect();
        assert_eq!(rows.len(), 2, "{name}: {rows:?}");
        assert!(
            rows[0]["python"].is_null() && rows[1]["python"]["version"].is_string(),
            "{rows:?}"
        );
        assert_eq!(rows[0]["runs"][1]["ok"], rows[1]["runs"][1]["ok"], "{name}");
        // The column beside the lesson has the measured figure, not the article's.
        assert_eq!(rows[0]["original"], rows[1]["verdict"], "{name}");
    }
    let [sync, threads] = [Model::Sync, Model::Threads].map(|it| of_the_nine("page", it));
    let verdict = |name: &str| {
        let mut rows = lessons.iter().filter(|row| row["lesson"] == name);
        rows.nth(1).expect("its original")["verdict"].as_str().expect("words").to_owned()
    };
    assert_eq!(verdict(sync), "the base");
    assert!(verdict(threads).contains("x faster"), "{}", verdict(threads));
    let text = ended.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(text.contains("All 16 runs of 8 programs got the same 20 pages."), "{text}");
    assert!(text.contains("The originals ran the same with Python 3."), "{text}");
}
