//! The comparison: all lessons on one site, the same work for every model, and no lesson that can spoil
//! the others' rows.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use common::{LESSONS, Work};
use serde_json::Value;
use tests::{Ended, Folder, Lesson};

/// Small enough for a test, large enough to have several pages and calls at once.
const SMALL: [&str; 8] = ["--repeat", "10", "--latency", "20", "--number", "22", "--calls", "8"];

fn compare(arguments: &[&str]) -> Ended {
    Lesson::run("compare", &[&SMALL, arguments].concat())
}

/// The lessons that are compared unless others are asked for.
fn names() -> impl Iterator<Item = &'static str> {
    let nine = LESSONS.iter().filter(|lesson| !lesson.is_further);
    nine.filter(|lesson| lesson.work != Work::Rounds).map(|lesson| lesson.name)
}

/// All that go further.
fn further() -> impl Iterator<Item = &'static common::Lesson> {
    LESSONS.iter().filter(|lesson| lesson.is_further)
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// What `compare --out` says in results.json.
fn results(folder: &Folder) -> Value {
    serde_json::from_str(&read(&folder.path().join("results.json"))).expect("JSON")
}

/// The row of a part of a lesson.
fn part<'a>(results: &'a Value, name: &str, part: &str) -> &'a Value {
    let lessons = results["lessons"].as_array().expect("lessons");
    let mut rows = lessons.iter().filter(|row| row["lesson"] == name && row["part"] == part);
    rows.next().unwrap_or_else(|| panic!("no {name}: {part}"))
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
    for lesson in further() {
        assert!(!ended.stdout.contains(lesson.name), "{}: {}", lesson.name, ended.stdout);
    }
    for sentence in [
        "Downloads: 20 pages at 20 ms each\n",
        "Computing: fib(22), 8 times\n",
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
    // The limits that were asked for are those that were kept.
    let peak = |name| lesson(&results, name)["runs"][0]["facts"]["peak_in_flight"].clone();
    assert_eq!(peak("sync_downloader"), 1);
    assert_eq!(peak("threaded_downloader"), 5);
    assert_eq!(peak("async_downloader"), 20);

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
    assert_eq!(columns, BTreeSet::from([11]), "{csv}");
    let (markdown, html) =
        (read(&folder.path().join("results.md")), read(&folder.path().join("report.html")));
    for name in names() {
        assert!(markdown.contains(&format!("| {name} ")), "{name}: {markdown}");
        assert!(html.contains(name), "{name}");
    }
}

/// The fair comparison: what each model really had in flight is what it was told to have.
#[test]
fn one_limit_for_every_model() {
    let folder = Folder::new("limit");
    let ended = compare(&["--runs", "2", "--workers", "3", "--out", &folder.file("")]);
    assert_eq!(ended.code(), 0, "{ended:?}");
    let results = results(&folder);
    for name in ["threaded_downloader", "async_downloader", "process_downloader"] {
        for run in lesson(&results, name)["runs"].as_array().expect("runs") {
            assert_eq!(run["workers"], 3, "{name}");
            assert_eq!(run["facts"]["peak_in_flight"], 3, "{name}");
        }
    }
    assert_eq!(lesson(&results, "threaded_cpu")["runs"][0]["workers"], 3);
    assert!(ended.stdout.contains("At the same limit of 3, threads and async "), "{ended:?}");
}

#[test]
fn only_those_that_are_named() {
    let ended = compare(&["--runs", "1", "--only", "sync_cpu", "threaded_cpu"]);
    assert_eq!(ended.code(), 0, "{ended:?}");
    assert!(ended.stdout.contains("threaded_cpu") && !ended.stdout.contains("downloader"));
    assert!(ended.stdout.contains("One run has no range"), "{ended:?}");
}

/// Small sizes for lessons of which some wait, and some compute.
const SMALLEST: [&str; 8] = ["--repeat", "2", "--latency", "5", "--number", "20", "--calls", "4"];

/// A row for each of them, or for each of their parts; all that do the same work are in one check.
#[test]
fn further_lessons_and_their_parts_have_rows() {
    let folder = Folder::new("further");
    let arguments = ["--further", "--runs", "2", "--out", &folder.file("")];
    let ended = Lesson::run("compare", &[&SMALLEST[..], &arguments].concat());
    assert_eq!((ended.code(), ended.stderr.as_str()), (0, ""), "{ended:?}");

    let rows = |lesson: &common::Lesson| -> Vec<(String, Option<String>)> {
        let parts: Vec<Option<String>> = match lesson.parts {
            [] => vec![None],
            parts => parts.iter().map(|part| Some(part.name.into())).collect(),
        };
        parts.into_iter().map(|part| (lesson.name.into(), part)).collect()
    };
    let compared = LESSONS.iter().filter(|lesson| lesson.work != Work::Rounds);
    let expected: Vec<_> = compared.flat_map(rows).collect();
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
    for (lesson, part) in &expected {
        let Some(part) = part else {
            assert!(csv.contains(&format!("\n{lesson},,")), "{lesson}: {csv}");
            assert!(markdown.contains(&format!("| {lesson} ")), "{lesson}: {markdown}");
            continue;
        };
        let cell = if part.contains(',') { format!("\"{part}\"") } else { part.clone() };
        let lines = csv.lines().filter(|line| line.starts_with(&format!("{lesson},{cell},")));
        assert_eq!(lines.count(), 2, "{lesson}: {part}: {csv}");
        let is_row = |text: &str, separator| {
            let cells = |line: &str| -> Vec<String> {
                line.split(separator).map(|cell| cell.trim().to_string()).collect()
            };
            text.lines().any(|line| {
                cells(line).windows(2).any(|pair| pair == [lesson.as_str(), part.as_str()])
            })
        };
        assert!(is_row(&markdown, '|'), "{lesson}: {part}: {markdown}");
        assert!(html.contains(&format!("Timing diagram of {lesson}: {part}.")), "{lesson}: {part}");
    }

    let pages = further().filter(|it| it.parts.is_empty() && it.work == Work::Downloads).count();
    let calls = further().filter(|it| it.parts.is_empty() && it.work == Work::Calls).count();
    let with_parts = further().filter(|it| !it.parts.is_empty()).count();
    for sentence in [
        format!("All {} runs of {} lessons got the same 4 pages.\n", 2 * (4 + pages), 4 + pages),
        format!("All {} runs of {} lessons got the same 4 numbers.\n", 2 * (4 + calls), 4 + calls),
        format!(
            "Every part got the same as the first with the same work, in {} runs of {with_parts} further \
             lessons.\n",
            2 * with_parts
        ),
        "Further lessons: each part beside the first that does the same work\n".into(),
    ] {
        assert!(ended.stdout.contains(&sentence), "{sentence}{}", ended.stdout);
    }
}

/// Each kind of work has its own base, and a lesson without parts is beside the nine's.
#[test]
fn a_part_is_beside_the_first_with_the_same_work() {
    let folder = Folder::new("bases");
    let only = ["--only", "measure_first", "sync_downloader", "thread_per_page", "--runs", "2"];
    let sizes = ["--repeat", "5", "--latency", "20", "--number", "20", "--calls", "4"];
    let out = folder.file("");
    let ended = Lesson::run("compare", &[&only[..], &sizes, &["--out", &out]].concat());
    assert_eq!(ended.code(), 0, "{ended:?}");
    let results = results(&folder);
    let verdict = |part_name| part(&results, "measure_first", part_name)["verdict"].clone();
    assert_eq!(verdict("naive, one core"), "the base");
    assert_eq!(verdict("a connection each"), "the base");
    // Ten times what each connection costs.
    let session = verdict("one session");
    assert!(session.as_str().is_some_and(|words| words.ends_with("x faster")), "{session}");
    assert_eq!(lesson(&results, "sync_downloader")["verdict"], "the base");
    let threads = lesson(&results, "thread_per_page");
    assert!(threads["verdict"].as_str().is_some_and(|words| words.ends_with("x faster")));
    assert_eq!((&threads["article_verdict"], &threads["part"]), (&"-".into(), &Value::Null));
}

/// Sizes that are given are those of all; others are each lesson's own.
#[test]
fn lessons_with_parts_take_the_sizes_that_are_given() {
    let folder = Folder::new("sizes");
    let run = |sizes: &[&str]| {
        let only = ["--only", "sequential_await", "mixed_pipeline", "measure_first", "--runs", "1"];
        let out = folder.file("");
        let ended = Lesson::run("compare", &[&only[..], &["--out", &out], sizes].concat());
        assert_eq!(ended.code(), 0, "{ended:?}");
        assert!(!ended.stdout.contains("sync_"), "they stand alone: {ended:?}");
        results(&folder)
    };
    let ok = |results: &Value, name, part_name| {
        part(results, name, part_name)["runs"][0]["ok"].as_u64().expect("a number")
    };
    let results = run(&["--latency", "1", "--number", "20"]);
    assert_eq!(ok(&results, "sequential_await", "joined"), 10);
    assert_eq!(ok(&results, "measure_first", "naive, all cores"), 20);
    assert_eq!(ok(&results, "mixed_pipeline", "pipeline"), 80);
    let given = ["--repeat", "3", "--calls", "7", "--workers", "2"];
    let results = run(&[&["--latency", "1", "--number", "20"], &given[..]].concat());
    assert_eq!(ok(&results, "sequential_await", "joined"), 6);
    assert_eq!(ok(&results, "measure_first", "naive, all cores"), 7);
    assert_eq!(ok(&results, "mixed_pipeline", "pipeline"), 12);
    assert_eq!(part(&results, "mixed_pipeline", "pipeline")["runs"][0]["workers"], 2);
}

#[test]
fn where_a_part_fails_there_is_no_verdict() {
    let only = ["--only", "sequential_await", "--runs", "2", "--latency", "20", "--repeat", "2"];
    let folder = Folder::new("failing-part");
    let failing = ["--timeout", "0.005", "--out", &folder.file("")];
    let ended = Lesson::run("compare", &[&only[..], &failing].concat());
    assert_eq!(ended.code(), 1, "{ended:?}");
    assert_eq!(part(&results(&folder), "sequential_await", "joined")["verdict"], "-");
    for sentence in [
        "sequential_await: one by one did not get all of its pages.",
        "sequential_await: joined: 8 failed; the first of them: the page took longer than it may",
    ] {
        assert!(ended.stdout.contains(sentence), "{sentence}: {ended:?}");
    }
}

#[test]
fn wrong_arguments_are_told_before_anything_runs() {
    for (arguments, sentence) in [
        (&["--only", "race_counter"][..], "race_counter"),
        (&["--runs", "0"], "from 1 to 1000"),
        (&["--sweep", "1,zwei"], "from 1 to 1000"),
        (&["--sweep", "1,,2"], "from 1 to 1000"),
        (&["--sweep", "0"], "from 1 to 1000"),
        (&["--only", "sync_cpu", "--sweep", "1,2"], "--only names none of them"),
        (&["--only", "work_queue", "--sweep", "1,2"], "--only names none of them"),
        (&["--further", "--only", "race_counter"], "race_counter"),
        (&["--workers", "1001"], "from 1 to 1000"),
        (&["--repeat", "100000"], "200000 pages are too many"),
        (&["--number", "94"], "from 0 to 93"),
    ] {
        let ended = Lesson::run("compare", arguments);
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
    let only = ["--only", "sync_downloader", "threaded_downloader", "--runs", "2"];
    let ended = compare(&[&only[..], &["--timeout", "0.005", "--out", &folder.file("")]].concat());
    assert_eq!(ended.code(), 1, "{ended:?}");
    let out = &ended.stdout;
    for name in ["sync_downloader", "threaded_downloader"] {
        assert_eq!(lesson(&results(&folder), name)["verdict"], "-", "{name}");
    }
    assert!(out.contains("sync_downloader did not get all of its pages."), "{out}");
    let why = "40 failed; the first of them: the page took longer than it may (--timeout).";
    assert!(out.contains(&format!("threaded_downloader: {why}")), "{out}");
}

#[test]
fn one_run_gives_no_firm_verdict() {
    let folder = Folder::new("one-run");
    let out = folder.file("");
    compare(&["--runs", "1", "--only", "sync_cpu", "async_cpu", "--out", &out]);
    let verdict = lesson(&results(&folder), "async_cpu")["verdict"].as_str().map(String::from);
    assert!(verdict.as_ref().is_some_and(|words| words.ends_with("x slower?")), "{verdict:?}");
}

#[cfg(unix)]
mod unix {
    use std::os::unix::fs::{PermissionsExt, symlink};
    use std::process::Command;
    use std::time::Duration;

    use tests::{children, is_alive, program, signal, wait_until};

    use super::*;

    /// A folder with the comparison, the real lessons, and these as scripts instead.
    fn with_spoiled(name: &str, spoiled: &[(&str, &str)]) -> (Folder, PathBuf) {
        let folder = Folder::new(name);
        for lesson in LESSONS.iter().map(|lesson| lesson.name) {
            let path = folder.path().join(lesson);
            match spoiled.iter().find(|(name, _)| *name == lesson) {
                None => symlink(program(lesson), path).expect("a link"),
                Some((_, script)) => {
                    fs::write(&path, format!("#!/bin/sh\n{script}\n")).expect("a script");
                    fs::set_permissions(&path, PermissionsExt::from_mode(0o755))
                        .expect("it may run");
                }
            }
        }
        let compare = folder.path().join("compare");
        fs::copy(program("compare"), &compare).expect("a copy");
        (folder, compare)
    }

    fn processes_with(text: &str) -> usize {
        let output =
            Command::new("ps").args(["-A", "-ww", "-o", "stat=,args="]).output().expect("ps runs");
        let lines = String::from_utf8_lossy(&output.stdout).into_owned();
        lines.lines().filter(|line| line.contains(text) && !line.starts_with('Z')).count()
    }

    /// Each is a row that says so; the others are measured all the same.
    #[test]
    fn lessons_that_crash_hang_or_talk_nonsense() {
        let nonsense = r#"echo '{"lesson": "parallel_cpu", "seconds": "long"}'"#;
        let lie =
            r#"echo '{"lesson": "sync_cpu", "seconds": 1, "done": 8, "failed": 0, "items": []}'"#;
        let (folder, compare) = with_spoiled(
            "spoiled",
            &[
                ("threaded_downloader", "echo 'it went wrong' >&2; exit 101"),
                ("process_downloader", "kill -9 $$"),
                ("async_cpu", "exec sleep 61.25"),
                ("parallel_cpu", nonsense),
                ("sync_cpu", lie),
            ],
        );
        let arguments = [&SMALL[..], &["--runs", "2", "--limit", "3"]].concat();
        let ended = Lesson::start_program(&compare, &arguments, &[]).wait();
        assert_eq!((ended.code(), ended.stderr.as_str()), (1, ""), "{ended:?}");
        let out = &ended.stdout;
        for sentence in [
            "threaded_downloader is in trouble: it ended with exit status: 101: it went wrong.",
            "process_downloader is in trouble: it ended with signal: 9 (SIGKILL).",
            "async_cpu is in trouble: it took longer than 3 s (--limit).",
            "parallel_cpu is in trouble: its report makes no sense: no proper \"seconds\".",
            "sync_cpu is in trouble: its report makes no sense: ",
        ] {
            assert!(out.contains(sentence), "{sentence}\n{out}");
        }
        assert_eq!(out.matches("trouble").count(), 10, "in the tables, and why: {out}");
        assert!(out.contains("All 4 runs of 2 lessons got the same 20 pages."), "{out}");
        let row = out.lines().find(|line| line.contains("threaded_cpu")).expect("a row");
        assert!(row.contains(" 16 "), "two runs of eight calls: {row}");
        wait_until("the end of the one that hung", || processes_with("sleep 61.25") == 0);
        drop(folder);
    }

    #[test]
    fn a_model_that_gets_something_else_is_found_out() {
        let real = program("threaded_cpu");
        let liar = format!("'{}' \"$@\" | sed 's/17711/17712/g'", real.display());
        let (_folder, compare) = with_spoiled("liar", &[("threaded_cpu", &liar)]);
        let arguments =
            [&SMALL[..], &["--runs", "1", "--only", "sync_cpu", "threaded_cpu"]].concat();
        let ended = Lesson::start_program(&compare, &arguments, &[]).wait();
        assert_eq!(ended.code(), 1, "{ended:?}");
        let sentence = "sync_cpu and threaded_cpu did not get the same numbers.";
        assert!(ended.stdout.contains(sentence), "{ended:?}");
    }

    /// All rows of a lesson are in trouble with it, and why is told once.
    #[test]
    fn a_lesson_that_lies_about_its_parts() {
        let changed = |name: &str, change: &str| {
            format!("'{}' \"$@\" | sed '{change}'", program(name).display())
        };
        let renamed = changed("sequential_await", "s/\"name\":\"joined\"/\"name\":\"split\"/");
        let moved = changed(
            "blocking_async",
            "s/\"part\":\"spawn_blocking\"/\"part\":\"every task blocks\"/g",
        );
        let lost = changed("mixed_pipeline", "s/\"part\":\"pipeline\"/\"part\":\"pipelines\"/");
        let (_folder, compare) = with_spoiled(
            "parts",
            &[
                ("sequential_await", &renamed),
                ("blocking_async", &moved),
                ("mixed_pipeline", &lost),
                ("measure_first", "echo 'it went wrong' >&2; exit 101"),
            ],
        );
        let only =
            ["--only", "sequential_await,blocking_async,mixed_pipeline,measure_first,sync_cpu"];
        let arguments = [&SMALLEST[..], &only, &["--runs", "1"]].concat();
        let ended = Lesson::start_program(&compare, &arguments, &[]).wait();
        assert_eq!((ended.code(), ended.stderr.as_str()), (1, ""), "{ended:?}");
        let out = &ended.stdout;
        for (lesson, why) in [
            (
                "sequential_await",
                "its report makes no sense: its parts are [\"one by one\", \"split\"].",
            ),
            (
                "blocking_async",
                "its report makes no sense: an item outside of 'every task blocks'.",
            ),
            ("mixed_pipeline", "its report makes no sense: an item of the part \"pipelines\"."),
            ("measure_first", "it ended with exit status: 101: it went wrong."),
        ] {
            let sentence = format!("{lesson} is in trouble: {why}");
            assert!(out.contains(&sentence), "{sentence}\n{out}");
        }
        assert_eq!(out.matches("is in trouble: ").count(), 4, "{out}");
        // Each of their parts has a row; and once more why.
        let in_trouble =
            |lesson: &&common::Lesson| only[1].split(',').any(|name| name == lesson.name);
        let rows: usize = LESSONS.iter().filter(in_trouble).map(|lesson| lesson.parts.len()).sum();
        assert_eq!(out.matches("in trouble").count(), rows + 4, "{out}");
        let row = out.lines().find(|line| line.contains("sync_cpu")).expect("a row");
        assert!(row.contains("the base"), "{row}");
    }

    #[test]
    fn parts_that_got_different_things_are_found_out() {
        let real = program("sequential_await");
        // One page of the second part has a byte more.
        let change = r#"s/"bytes":9838\([^}]*"part":"joined"\)/"bytes":9839\1/"#;
        let liar = format!("'{}' \"$@\" | sed '{change}'", real.display());
        let (_folder, compare) = with_spoiled("different-parts", &[("sequential_await", &liar)]);
        let only = ["--only", "sequential_await", "blocking_async", "--runs", "1"];
        let arguments = [&SMALLEST[..], &only].concat();
        let ended = Lesson::start_program(&compare, &arguments, &[]).wait();
        assert_eq!(ended.code(), 1, "{ended:?}");
        let sentence = "sequential_await: 'one by one' and 'joined' did not get the same pages.";
        assert!(ended.stdout.contains(sentence), "{ended:?}");
    }

    #[test]
    fn a_lesson_that_is_not_there_is_told() {
        let folder = Folder::new("alone");
        let compare = folder.path().join("compare");
        fs::copy(program("compare"), &compare).expect("a copy");
        let ended = Lesson::start_program::<&str>(&compare, &[], &[]).wait();
        assert_eq!(ended.code(), 1, "{ended:?}");
        assert!(ended.stderr.contains("cargo run -p compare"), "{ended:?}");
    }

    /// What was done is shown, and nothing is left running.
    #[test]
    fn ctrl_c_prints_what_is_done() {
        let (_folder, compare) =
            with_spoiled("ctrl-c", &[("async_downloader", "exec sleep 62.75")]);
        // The warm-up of the one that sleeps is where it stands.
        let arguments = [&SMALL[..], &["--runs", "2"]].concat();
        let running = Lesson::start_program(&compare, &arguments, &[]);
        wait_until("the lesson that sleeps", || processes_with("sleep 62.75") > 0);
        std::thread::sleep(Duration::from_millis(100));
        signal("-INT", running.id());
        let ended = running.wait();
        assert_eq!((ended.code(), ended.stderr.as_str()), (130, ""), "{ended:?}");
        assert!(ended.stdout.starts_with("Interrupted: "), "{ended:?}");
        assert!(ended.stdout.contains("sync_downloader"), "{ended:?}");
        wait_until("its end", || processes_with("sleep 62.75") == 0);
        let compare = compare.to_str().expect("its name is text");
        wait_until("the site's end", || processes_with(compare) == 0);
    }

    /// However it ends, its lesson ends with it: that computes for minutes otherwise.
    #[test]
    fn no_lesson_is_left_running() {
        let only = ["--runs", "1", "--only", "sync_cpu", "--number", "45", "--calls", "3"];
        for signals in [&["-INT", "-INT"][..], &["-KILL"], &["-HUP"], &["-TERM"]] {
            let running = Lesson::start("compare", &only);
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
        let running = Lesson::start("compare", &[&SMALL[..], &["--runs", "1"]].concat());
        let ended = running.close_stdout_and_wait();
        assert_eq!((ended.code(), ended.stderr.as_str()), (141, ""), "{ended:?}");
    }
}
