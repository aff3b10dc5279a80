//! The course's assignments: for each, programs that pass and programs that fail, with the sentence that tells why.
//!
//! They stand beside the assignment, in NAME.tried: `passes PROGRAM`, or `fails PROGRAM: WORDS`. The first is the start that a
//! student gets.

use std::fs;
use std::path::{Path, PathBuf};

use testing::{Ended, Folder, all_at_once, has_no_second_core, lessons, program};

/// The assignments in the lessons' folders.
fn assignments() -> Vec<PathBuf> {
    let root = course::root().expect("the workspace");
    let folders =
        lessons().iter().map(|lesson| root.join(&lesson.found.folder).join("assignments"));
    let files = folders.filter_map(|folder| fs::read_dir(folder).ok()).flatten();
    let mut files: Vec<PathBuf> = files.map(|file| file.expect("a file").path()).collect();
    files.retain(|file| file.extension().is_some_and(|its| its == "toml"));
    files.sort();
    assert!(files.len() >= 5, "{files:?}");
    files
}

/// Checks a program as a student does: it is built first.
fn check(arguments: &[&str]) -> Ended {
    program("compare").run_with(arguments, &[("CARGO", env!("CARGO"))])
}

#[test]
fn each_program_passes_or_gets_the_sentence_for_its_mistake() {
    let is_waiting = |file: &PathBuf| text(file).contains("latency");
    let (waiting, computing): (Vec<PathBuf>, Vec<PathBuf>) =
        assignments().into_iter().partition(is_waiting);
    assert!(waiting.len() >= 3 && computing.len() >= 2);
    all_at_once(&waiting, |file| try_all(file, false));
    computing.iter().for_each(|file| try_all(file, true));
}

fn text(file: &Path) -> String {
    fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

fn try_all(file: &Path, computes: bool) {
    let tried = text(&file.with_extension("tried"));
    let first = tried.lines().next().and_then(|line| line.strip_prefix("fails "));
    let (start, _) = first.and_then(|line| line.trim().split_once(": ")).expect("the start fails");
    assert!(file.with_extension("rs").ends_with(start) && text(file).contains(start), "{start}");
    assert!(tried.matches("passes ").count() >= 2 && tried.matches("fails ").count() >= 3);
    for line in tried.lines() {
        let (verdict, rest) = line.split_once(' ').expect("a verdict and a program");
        let (which, words) = rest.trim().split_once(": ").unwrap_or((rest.trim(), ""));
        let had_no_core = computes && has_no_second_core();
        let path = file.to_str().expect("a path of letters");
        let ended = check(&["--check", path, "--with", which, "--json"]);
        let result = ended.json();
        let rules = result["rules"].as_array().expect("rules");
        let of = |passed: bool, key: &'static str| {
            let its = rules.iter().filter(move |rule| rule["passed"] == passed);
            its.map(move |rule| rule[key].as_str().expect("a text"))
        };
        let passes = verdict == "passes";
        let is_said = of(false, "sentence").any(|sentence| sentence.contains(words));
        let is_right = result["passed"] == passes && is_said != passes;
        let is_too_slow = of(false, "name").eq(["times_as_fast"]);
        // Nothing computes side by side where other programs use the cores.
        if !is_right && computes && is_too_slow && (had_no_core || has_no_second_core()) {
            continue;
        }
        assert!(is_right, "{path}, {which}: {verdict}, {words}: {ended:?}");
        assert_eq!(ended.code(), i32::from(!passes), "{path}, {which}: {ended:?}");
        assert_eq!(result["score"], of(true, "name").count(), "{ended:?}");
        // The student sees the same sentences.
        for sentence in of(true, "sentence").chain(of(false, "sentence")) {
            assert!(ended.stderr.contains(sentence), "{ended:?}");
        }
    }
}

#[test]
fn a_wrong_assignment_is_told_with_its_line_before_anything_runs() {
    let folder = Folder::new("assignment");
    let file = folder.path().join("wrong.toml");
    let path = file.to_str().expect("a path of letters");
    for (text, words) in [
        ("program = 'p'\n[rules]\nconections = 5", "line 3: \"conections\" is no key of [rules]"),
        ("program = 'p'\n[options]\nworkers = 'many'", "line 3: workers: it must be a number"),
        ("program = 'p'\nbase =\n", "line 2: "),
        ("program = 'none'\n[rules]\npages_once = true", "none is no program of this workspace"),
    ] {
        fs::write(&file, text).expect("it is written");
        program("compare").refuses(&["--check", path], words);
    }
    program("compare").refuses(&["--check", "no.toml"], "no.toml: ");
    program("compare").refuses(&["--check", path, "--runs", "2"], "cannot be used with");
    program("compare").refuses(&["--json"], "--check");
}

/// The result of a program that does not build is a result, too.
#[test]
#[cfg(unix)]
fn a_program_that_does_not_build_fails_every_rule() {
    use std::os::unix::fs::PermissionsExt;

    let folder = Folder::new("no-build");
    let cargo = folder.path().join("cargo");
    let script = format!(
        "#!/bin/sh\ncase \"$*\" in *' --example '*) exit 101;; esac\nexec '{}' \"$@\"\n",
        env!("CARGO")
    );
    fs::write(&cargo, script).expect("it is written");
    fs::set_permissions(&cargo, fs::Permissions::from_mode(0o755)).expect("it may be run");
    let file = assignments().swap_remove(0);
    let arguments = ["--check", file.to_str().expect("a path of letters"), "--json"];
    let cargo = [("CARGO", cargo.to_str().expect("a path of letters"))];
    let ended = program("compare").run_with(&arguments, &cargo);
    let result = ended.json();
    let rules = result["rules"].as_array().expect("rules");
    assert_eq!((ended.code(), &result["score"]), (1, &0.into()), "{ended:?}");
    assert_eq!(result["max"], rules.len(), "{ended:?}");
    assert!(rules.len() > 2 && rules.iter().all(|rule| rule["passed"] == false), "{ended:?}");
    assert!(ended.stdout.contains("It does not build or start"), "{ended:?}");
}
