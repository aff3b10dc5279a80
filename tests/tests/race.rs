//! The race: the loss is there on every run, the mended ways never lose, and what must not compile
//! does not, for the reason that is stated.

use std::fs;
use std::process::Command;

use serde_json::Value;
use tests::Lesson;

fn round<'a>(run: &'a Value, way: &str) -> &'a Value {
    let rounds = run["rounds"].as_array().expect("rounds");
    rounds.iter().find(|round| round["way"] == way).unwrap_or_else(|| panic!("no {way}: {run}"))
}

fn check(run: &Value, expected: u64) {
    assert_eq!(run["expected"], expected);
    let lost = round(run, "unprotected, wide window")["lost"].as_u64().expect("a count");
    assert!(lost > 0, "{run}");
    for way in ["mutex", "atomic add", "sum per thread, joined"] {
        assert_eq!(
            (&round(run, way)["counted"], &round(run, way)["lost"]),
            (&expected.into(), &0.into())
        );
    }
    for round in run["rounds"].as_array().expect("rounds") {
        let number = |key: &str| round[key].as_u64().unwrap_or_else(|| panic!("no {key}: {round}"));
        assert_eq!(number("counted") + number("lost"), number("expected"), "{round}");
        assert!(round["seconds"].as_f64().is_some_and(|seconds| seconds > 0.0), "{round}");
    }
}

#[test]
fn every_run_loses_updates_and_the_mended_ways_lose_none() {
    for _ in 0..10 {
        let ended = Lesson::run("race_counter", &["--json"]);
        assert_eq!(ended.code(), 0, "{ended:?}");
        let run = ended.json();
        assert_eq!((&run["threads"], &run["increments"]), (&4.into(), &1_000_000.into()));
        check(&run, 4_000_000);
        let article = round(&run, "unprotected");
        assert_eq!((&article["threads"], &article["increments"]), (&5_000.into(), &100.into()));
    }
}

#[test]
fn the_smallest_race_loses_one_of_two() {
    let run =
        Lesson::run("race_counter", &["--json", "--threads", "2", "--increments", "1"]).json();
    check(&run, 2);
    assert_eq!(round(&run, "unprotected, wide window")["lost"], 1);
}

#[test]
fn a_single_thread_loses_nothing() {
    let run = Lesson::run("race_counter", &["--json", "--threads", "1"]).json();
    assert_eq!(round(&run, "unprotected, wide window")["lost"], 0);
}

#[cfg(target_os = "linux")]
#[test]
fn one_core_loses_updates_too() {
    let status = fs::read_to_string("/proc/self/status").expect("Linux has it");
    let allowed = status.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:"));
    let first = allowed.and_then(|list| list.trim().split([',', '-']).next()).expect("a core");
    let output = Command::new("taskset") // of util-linux
        .args(["-c", first])
        .arg(tests::program("race_counter"))
        .arg("--json")
        .output()
        .expect("taskset runs");
    assert!(output.status.success(), "{output:?}");
    check(&serde_json::from_slice(&output.stdout).expect("JSON"), 4_000_000);
}

#[test]
fn the_output_says_how_the_window_was_widened_and_what_was_lost() {
    let ended = Lesson::run::<&str>("race_counter", &[]);
    let (lines, summary) = ended.lines_and_summary();
    assert!(lines[0].starts_with("Wide window: "), "{lines:?}");
    assert_eq!(lines.len(), 6, "{lines:?}");
    for line in &lines[1..] {
        assert!(line.contains("counted ") && line.contains(", lost "), "{line}");
    }
    assert!(summary.starts_with("Counted in "), "{summary}");
}

/// On a stable compiler a `compile_fail` doctest passes whatever the error is: here it is looked at.
#[test]
fn what_must_not_compile_does_not_for_the_reason_that_is_stated() {
    let text = tests::documentation("race_counter");
    let examples: Vec<&str> = text.split("```compile_fail,").skip(1).collect();
    assert_eq!(examples.len(), 3);
    for example in examples {
        let (code, rest) = example.split_once('\n').expect("a code");
        let (body, _) = rest.split_once("```").expect("an end");
        let errors = tests::compile(body);
        assert!(errors.contains(&format!("error[{code}]")), "{code}: {errors}");
        assert_eq!(errors.matches("error[").count(), 1, "{code}: {errors}");
    }
}
