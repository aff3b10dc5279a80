//! Stepping through a lesson: with gdb as `cargo gdb` starts it, and with the settings for VS Code.
#![cfg(target_os = "linux")] // the debugger elsewhere is another one

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};

use course::Lesson;
use harness::Model;
use serde_json::Value;
use testing::{Program, debugger, first, lessons, only_does, program, short, wait_until};

fn root() -> PathBuf {
    course::root().expect("the course's folder")
}

/// Only one test at a time has cargo put a program for stepping in the place of an optimised one.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether there is a gdb. Where there is none, these tests say so and pass; `.ci/run` installs one.
fn has_gdb() -> bool {
    let is_there = debugger::has_gdb();
    if !is_there {
        let _ = writeln!(io::stderr(), "NOT TESTED: there is no gdb here");
    }
    is_there
}

/// The folder with these lessons, built for stepping.
fn for_stepping(names: &[&str]) -> PathBuf {
    let folder = program(names[0]).path().parent().expect("a folder").to_owned();
    let build: Vec<&str> = names.iter().flat_map(|name| ["-p", name]).collect();
    let target = folder.parent().expect("target");
    debugger::for_stepping(&root(), target, &build, names).expect("cargo builds them")
}

/// The program of a lesson, built by plain `cargo build`.
fn built(program: &Program, lesson: &Lesson) -> Vec<u8> {
    let target = program.path().ancestors().nth(2).expect("target");
    let mut cargo = course::inner_cargo(env!("CARGO"));
    cargo.args(["build", "--quiet", "--locked", "-p", lesson.name(), "--target-dir"]).arg(target);
    assert!(cargo.current_dir(root()).status().expect("cargo runs").success());
    fs::read(program.path()).expect("it is there")
}

/// The source of a lesson, relative to the root, and its lines.
fn source(lesson: &Lesson) -> (String, Vec<String>) {
    let path = format!("{}/src/main.rs", lesson.found.folder);
    let text = fs::read_to_string(root().join(&path)).expect("a source");
    (path, text.lines().map(String::from).collect())
}

/// The number of the first line in the body of the function that begins at or after a line.
fn first_line(lines: &[String], from: usize) -> usize {
    let is_function = |line: &String| line.starts_with("fn ") || line.starts_with("async fn ");
    let function = from + lines[from..].iter().position(is_function).expect("a function");
    let brace = lines[function..].iter().position(|line| line.ends_with('{')).expect("a body");
    let body = function + brace + 1;
    let is_code = |line: &String| !line.trim_start().starts_with("//");
    body + lines[body..].iter().position(is_code).expect("code") + 1
}

/// Prints where the selected thread is.
const WHERE: &str = "python print('AT', gdb.selected_inferior().num, gdb.selected_thread().num, \
                     gdb.selected_frame().find_sal().symtab.filename, gdb.selected_frame().find_sal().line)";

/// What gdb says to these commands, which it runs at once.
fn said(program: &Path, arguments: &[&str], commands: &[&str]) -> String {
    let mut gdb = debugger::gdb(&root());
    gdb.arg("-batch").args(commands.iter().flat_map(|command| ["-ex", command]));
    gdb.args(["-ex", "kill", "--args"]).arg(program).args(arguments).stdin(Stdio::null());
    let output = gdb.output().expect("gdb runs");
    [output.stdout, output.stderr].map(|it| String::from_utf8_lossy(&it).into_owned()).concat()
}

/// The places that were printed: process, thread, file and line.
fn places(said: &str) -> Vec<[&str; 4]> {
    let lines = said.lines().filter_map(|line| line.strip_prefix("AT "));
    lines.map(|line| line.split(' ').collect::<Vec<_>>().try_into().expect("four words")).collect()
}

/// A lesson's central function: its first one that the book shows. A breakpoint there stops, `next` goes on from line to line
/// in the same thread, and variables have values.
fn can_be_stepped_through(lesson: &Lesson, folder: &Path) {
    let (path, lines) = source(lesson);
    let shown = lines.iter().position(|line| line.starts_with("// ANCHOR: ")).expect("a listing");
    let line = first_line(&lines, shown);
    let tbreak = format!("tbreak {path}:{line}");
    let mut commands = vec![&*tbreak, "run", "python select()", WHERE];
    // Behind its end a function's variables are gone, and the next line is its caller's.
    let length = lines[line..].iter().take_while(|line| *line != "}").count() + 1;
    let nexts = length.min(3);
    commands.extend(["next", WHERE].repeat(nexts - 1));
    commands.extend(["info args", "info locals", "print run", "next", WHERE]);
    let arguments = [short(lesson), vec!["--quiet"]].concat();
    let said = said(&course::program(folder, lesson.name()), &arguments, &commands);
    let places = places(&said);
    assert_eq!(places.len(), 1 + nexts, "{said}");
    let same = [places[0][0], places[0][1], &path];
    assert!(places.iter().all(|place| place[..3] == same), "{said}");
    assert_eq!(places[0][3], line.to_string(), "{said}");
    let seen: BTreeSet<_> = places.iter().map(|place| place[3]).collect();
    assert!(seen.len() > 1, "it goes from line to line: {said}");
    assert!(said.contains(" = ") && !said.contains("<optimized out>"), "{said}");
    // In one line, where it is an argument or was declared by then.
    let before = &lines[shown..line + nexts - 2];
    let has_run = before.iter().any(|line| {
        ["run: &", "(run, ", "let run = "].iter().any(|declared| line.contains(declared))
    });
    assert_eq!(said.contains("$1 = Run: workers: "), has_run, "{said}");
}

#[test]
fn a_lesson_can_be_stepped_through() {
    let _alone = alone();
    if has_gdb() {
        let lesson = first("threads that download", |lesson| {
            lesson.model() == Model::Threads && only_does(lesson, "page")
        });
        let optimised = program(lesson.name());
        let before = built(&optimised, lesson);
        let folder = for_stepping(&[lesson.name()]);
        let stepping = fs::read(course::program(&folder, lesson.name())).expect("it is kept");
        // What other tests run, and `compare`.
        assert!(fs::read(optimised.path()).expect("it is there") == before, "it is back");
        assert!(stepping != before, "it is another program");
        can_be_stepped_through(lesson, &folder);
        next_stays_among_many(lesson, &folder);
    }
}

/// While threads wait at a breakpoint, `next` in one of them moves that one alone, and each has the name of its lane.
fn next_stays_among_many(lesson: &Lesson, folder: &Path) {
    let (path, lines) = source(lesson);
    let download = lines.iter().position(|line| line.starts_with("fn download_site(")).expect("it");
    let line = first_line(&lines, download);
    let stop = format!("break {path}:{line}");
    let commands = [&*stop, "run", WHERE, "next", WHERE, "next", WHERE, "info threads"];
    let arguments = ["--workers", "3", "--repeat", "3", "--timeout", "3600", "--quiet"];
    let program = course::program(folder, lesson.name());
    let gdb = debugger::gdb(&root());
    let said = debugger::talk(gdb, &program, &arguments.map(String::from), commands).expect("gdb");
    let all = said.concat();
    let places = places(&all);
    assert_eq!(places.len(), 3, "{said:?}");
    assert!(places.iter().all(|place| place[..3] == places[0][..3]), "{said:?}");
    assert_ne!(places[0][3], places[2][3], "{said:?}");
    let threads = said.last().expect("a list").lines();
    let workers: Vec<&str> = threads.filter(|thread| thread.contains("\"worker-")).collect();
    let still = format!("main.rs:{line}");
    let stay = workers.iter().filter(|thread| thread.ends_with(&still)).count();
    assert_eq!((workers.len(), stay), (3, 2), "{said:?}");
}

#[test]
#[ignore = "it builds each lesson for stepping, and starts gdb for each: a minute"]
fn every_lesson_can_be_stepped_through() {
    let _alone = alone();
    if has_gdb() {
        let names: Vec<&str> = lessons().iter().map(Lesson::name).collect();
        let folder = for_stepping(&names);
        for lesson in lessons() {
            can_be_stepped_through(lesson, &folder);
        }
    }
}

#[test]
#[ignore = "it builds lessons for stepping"]
fn a_worker_process_is_followed() {
    let _alone = alone();
    if !has_gdb() {
        return;
    }
    // Where there are sections, the first may do without workers of their own process.
    let of_processes = || {
        let all = lessons().iter();
        all.filter(|lesson| lesson.model() == Model::Processes && !lesson.has_sections())
    };
    let names: Vec<&str> = of_processes().map(Lesson::name).collect();
    let folder = for_stepping(&names);
    for lesson in of_processes() {
        let (path, lines) = source(lesson);
        let does = if lesson.does("page") { "fn download_site(" } else { "fn fib(" };
        let function = lines.iter().position(|line| line.starts_with(does)).expect("its work");
        let line = first_line(&lines, function);
        let stop = format!("tbreak {path}:{line}");
        let commands = ["follow-workers", &stop, "run", "python select()", WHERE, "next", WHERE];
        let arguments = [short(lesson), vec!["--workers", "1"]].concat();
        let said = said(&course::program(&folder, lesson.name()), &arguments, &commands);
        let places = places(&said);
        assert_eq!(places.len(), 2, "{said}");
        assert_ne!(places[0][0], "1", "not in the first process: {said}");
        assert_eq!(places[0][..3], places[1][..3], "{said}");
    }
}

/// The threads of a lesson have the names that the diagram gives their lanes.
#[test]
fn threads_have_the_names_of_their_lanes() {
    let _alone = alone();
    let lesson = first("threads that download", |lesson| {
        lesson.model() == Model::Threads && only_does(lesson, "page")
    });
    let running = program(lesson.name()).start(&[
        "--workers",
        "3",
        "--latency",
        "300",
        "--repeat",
        "6",
        "--json",
    ]);
    let folder = format!("/proc/{}/task", running.id());
    let lanes: BTreeSet<String> = (1..=3).map(|number| format!("worker-{number}")).collect();
    wait_until("its threads have their names", || {
        let threads = fs::read_dir(&folder).into_iter().flatten().flatten();
        let names = threads.flat_map(|it| fs::read_to_string(it.path().join("comm")));
        lanes.is_subset(&names.map(|name| name.trim().to_owned()).collect())
    });
    let run = running.wait().json();
    let seen: BTreeSet<_> =
        testing::record::items(&run).iter().filter_map(|it| it["worker"].as_str()).collect();
    assert!(lanes.iter().eq(&seen), "{seen:?}");
}

/// A file of VS Code: JSON, and comments in lines of their own.
fn settings(name: &str) -> Value {
    let text = fs::read_to_string(root().join(".vscode").join(name)).expect("it can be read");
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().starts_with("//")).collect();
    serde_json::from_str(&lines.join("\n")).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// With the variables that VS Code fills in while this file is open.
fn filled(text: &str, file: &Path) -> String {
    let folder = file.parent().expect("a folder").display().to_string();
    let name = file.file_stem().expect("a name").to_string_lossy();
    let filled = text.replace("${workspaceFolder}", &root().display().to_string());
    filled.replace("${fileDirname}", &folder).replace("${fileBasenameNoExtension}", &name)
}

#[test]
fn the_settings_for_vs_code_name_what_exists() {
    let (launch, tasks) = (settings("launch.json"), settings("tasks.json"));
    let labels: BTreeSet<_> = tasks["tasks"]
        .as_array()
        .expect("tasks")
        .iter()
        .map(|task| &task["label"])
        .map(Value::to_string)
        .collect();
    let mut tasks_used = 0;
    for it in launch["configurations"].as_array().expect("configurations") {
        if let Some(task) = it.get("preLaunchTask") {
            assert!(labels.contains(&task.to_string()), "{task}");
            tasks_used += 1;
        }
        let commands = [&it["initCommands"], &it["setupCommands"]];
        let commands =
            commands.into_iter().flat_map(|commands| commands.as_array().into_iter().flatten());
        let texts = commands.filter_map(|command| command.as_str().or(command["text"].as_str()));
        for text in texts.filter(|text| text.contains("${workspaceFolder}/")) {
            let (_, path) = text.split_once("${workspaceFolder}/").expect("a path");
            assert!(root().join(path.trim_end_matches('\'')).exists(), "{text}");
        }
    }
    assert!(tasks_used > 0 && !settings("extensions.json")["recommendations"].is_null());
}

/// Does what VS Code does at F5, up to the debugger: builds the lesson or example of the open file, and finds its program.
#[test]
fn vs_code_builds_the_lesson_of_the_open_file() {
    let _alone = alone();
    let lesson = first("any", |_| true);
    let optimised = program(lesson.name());
    let before = built(&optimised, lesson);
    let folder = root().join(&lesson.found.folder);
    let target = optimised.path().ancestors().nth(2).expect("target");
    let cargo = |command: &mut Command| {
        let status = command.env("CARGO_TARGET_DIR", target).current_dir(root()).output();
        let output = status.expect("cargo runs");
        assert!(
            output.status.success(),
            "{command:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    let example = fs::read_dir(folder.join("examples")).expect("examples").flatten().next();
    let example = example.expect("an example").path();
    let launch = settings("launch.json");
    let mut builds = 0;
    for it in launch["configurations"].as_array().expect("configurations") {
        let Some(arguments) = it["cargo"]["args"].as_array() else { continue };
        let is_of_example = arguments.contains(&"--example".into());
        let file = if is_of_example { &example } else { &folder.join("src/main.rs") };
        let arguments = arguments.iter().map(|it| filled(it.as_str().expect("a word"), file));
        let mut command = course::inner_cargo(env!("CARGO"));
        let said = cargo(command.args(arguments).args(["--quiet", "--message-format=json"]));
        let messages = said.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let programs: Vec<String> =
            messages.filter_map(|it| it["executable"].as_str().map(String::from)).collect();
        let name = if is_of_example { example.file_stem() } else { optimised.path().file_stem() };
        assert_eq!(programs.len(), 1, "the extension needs exactly one program: {programs:?}");
        assert_eq!(Path::new(&programs[0]).file_stem(), name);
        builds += 1;
    }
    assert!(builds > 1);
    let stepping = fs::read(optimised.path()).expect("it is there");
    assert!(built(&optimised, lesson) == before, "the next build puts it back");
    assert!(stepping != before);
}
