//! Checks the structure of the workspace: each lesson has all its parts, is named nowhere else, and builds no more
//! than it needs.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use course::Lesson;
use harness::Model;
use serde_json::Value;
use testing::{first, lessons, only_does};

/// The folders of lessons.
const GROUPS: [&str; 2] = ["crates/lessons", "crates/further"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn read(path: &str) -> String {
    let text = fs::read_to_string(root().join(path));
    text.unwrap_or_else(|error| panic!("{path}: {error}")).replace('\r', "")
}

/// The entries of a folder, by their paths from the root, in the order of names.
fn entries(folder: &str) -> Vec<String> {
    let entries =
        fs::read_dir(root().join(folder)).unwrap_or_else(|error| panic!("{folder}: {error}"));
    let names = entries.map(|entry| entry.expect("an entry").file_name().into_string());
    let mut paths: Vec<String> =
        names.map(|name| format!("{folder}/{}", name.expect("a name of letters"))).collect();
    paths.sort_unstable();
    paths
}

/// The Rust files in a folder and below it.
fn sources(folder: &str) -> Vec<String> {
    let below = entries(folder).into_iter().flat_map(|path| {
        let is_built = path.ends_with("/target") || path.ends_with("/node_modules");
        if root().join(&path).is_dir() && !is_built { sources(&path) } else { vec![path] }
    });
    below.filter(|path| path.ends_with(".rs")).collect()
}

/// The packages in these folders: each folder that has a manifest.
fn packages_in(folders: &[&str]) -> BTreeSet<String> {
    let folders = folders.iter().flat_map(|folder| entries(folder));
    folders.filter(|path| root().join(path).join("Cargo.toml").exists()).collect()
}

/// Cargo's metadata of the packages.
fn metadata() -> Vec<Value> {
    let output = course::inner_cargo(env!("CARGO"))
        .args(["metadata", "--no-deps", "--format-version", "1"])
        .current_dir(root())
        .output()
        .expect("cargo runs");
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    metadata["packages"].as_array().expect("packages").clone()
}

/// Whether a text contains this name as a word.
fn names(text: &str, name: &str) -> bool {
    let is_of_word = |sign: char| sign.is_alphanumeric() || sign == '_';
    text.match_indices(name).any(|(at, _)| {
        !text[..at].ends_with(is_of_word) && !text[at + name.len()..].starts_with(is_of_word)
    })
}

// Each lesson

#[test]
fn every_package_among_the_lessons_is_one_and_has_its_place_in_the_course() {
    let folders = lessons().iter().map(|lesson| lesson.found.folder.clone());
    assert_eq!(packages_in(&GROUPS), folders.collect());
    for is_further in [false, true] {
        let group = lessons().iter().filter(|lesson| lesson.found.is_further == is_further);
        let numbers: Vec<u64> = group.map(|lesson| lesson.found.number).collect();
        assert!(
            !numbers.is_empty() && (1..).zip(&numbers).all(|(one, it)| one == *it),
            "{numbers:?}"
        );
    }
    for package in metadata() {
        let Some(declared) = package["metadata"]["lesson"].as_object() else { continue };
        let name = package["name"].as_str().expect("a name");
        let lesson = first(name, |lesson| lesson.name() == name);
        assert!(lesson.found.folder.ends_with(&format!("/{name}")), "{}", lesson.found.folder);
        // Another key is a mistake: nothing reads it.
        let is_known =
            |key: &String| ["number", "article", "short", "long"].contains(&key.as_str());
        assert!(declared.keys().all(is_known), "{name}: {declared:?}");
    }
}

#[test]
fn every_lesson_has_its_header_and_skeleton_and_is_short() {
    for lesson in lessons() {
        let name = lesson.name();
        let source = read(&format!("{}/src/main.rs", lesson.found.folder));
        let header: Vec<&str> = source.lines().take_while(|line| line.starts_with("//!")).collect();
        assert!(lesson.found.idea.len() > 20 && lesson.found.idea.ends_with('.'), "{name}");
        assert_eq!(header[0], format!("//! {}", lesson.found.idea), "{name}");
        assert_eq!(header[1], "//!", "{name}");
        assert_eq!(header[2], format!("//! Mirrors: {}.", lesson.found.mirrors), "{name}");
        assert!(!lesson.found.mirrors.is_empty(), "{name}");
        assert_eq!(header[3], format!("//! Run:     `cargo run -p {name}`"), "{name}");
        assert!(header[4].starts_with("//! Watch:   "), "{name}");
        let mut rest = header[5..].iter();
        assert!(rest.any(|line| line.starts_with("//! Try:     ")), "{name}");

        let skeletons: [(&str, &[&str]); 3] = [
            ("page", &["fn download_all_sites(", "fn download_site("]),
            ("call", &["fn fib(n: u64)"]),
            ("picture", &["fn resize_all("]),
        ];
        let functions = skeletons.iter().filter(|(kind, _)| lesson.does(kind));
        for function in
            functions.flat_map(|(_, functions)| *functions).chain(&["fn main() -> ExitCode"])
        {
            assert_eq!(source.matches(function).count(), 1, "{name}: {function}");
        }

        // A lesson of several sections is more than one program, and one of rounds is several.
        let most = match lesson {
            lesson if lesson.does("round") => 90,
            lesson if lesson.has_sections() => 80,
            _ => 60,
        };
        // The tutorial's listings are between marks (`// ANCHOR: name`), which do not count as lines of the program.
        let lines = source.lines().filter(|line| !line.starts_with("// ANCHOR")).count();
        assert!((20..=most).contains(&lines), "{name} has {lines} lines");
    }
}

/// The sources of a lesson's own tests.
fn own_tests(lesson: &Lesson) -> String {
    let folder = format!("{}/tests", lesson.found.folder);
    assert!(root().join(&folder).is_dir(), "{folder} is missing");
    sources(&folder).iter().map(|path| read(path)).collect()
}

#[test]
fn every_lesson_is_in_the_readme_and_the_tutorial_and_has_tests_of_its_own() {
    let readme = read("README.md");
    let contents = read("tutorial/src/SUMMARY.md");
    for lesson in lessons() {
        let name = lesson.name();
        let row = format!("| [`{name}`]({}/src/main.rs) |", lesson.found.folder);
        assert_eq!(readme.matches(&row).count(), 1, "the README's row of {name}");
        // The package `book` checks the contents of a page.
        assert!(contents.contains(&format!("({name}.md)")), "the tutorial's page of {name}");
        assert!(root().join(format!("tutorial/src/{name}.md")).exists(), "the page of {name}");
        // This cannot see whether the tests are good ones.
        assert!(own_tests(lesson).contains("#[test]\n"), "{name} has no tests of its own");
    }
}

/// Each example has a test that runs it as a student does and checks the tutorial's claim about it.
#[test]
fn every_example_is_run_by_its_lessons_own_tests() {
    let mut all = BTreeSet::new();
    for lesson in lessons() {
        let folder = format!("{}/examples", lesson.found.folder);
        if !root().join(&folder).exists() {
            continue;
        }
        let tests = own_tests(lesson);
        for path in entries(&folder) {
            let name = Path::new(&path).file_stem().and_then(|name| name.to_str());
            let name = name.expect("a name of letters");
            if name.starts_with("mine") {
                continue; // a student's own
            }
            // All examples are in one folder of `target`.
            assert!(all.insert(name.to_owned()), "two examples are called {name}");
            // This cannot see whether that test is a good one.
            assert!(tests.contains(&format!("\"{name}\"")), "a test of the example {path}");
        }
    }
    assert!(!all.is_empty());
}

// Code that names lessons, and code that must not

/// A lesson is declared only in its folder. So to add one is to add a folder, and removing the folder leaves nothing.
#[test]
fn no_lesson_is_named_in_code_outside_of_its_folder() {
    // This output is for people: a command to try.
    const SAID_TO_PEOPLE: [&str; 1] = ["crates/support/practice_site/src/main.rs"];
    // These are usual names of variables, too: they name the lesson only in a text.
    const VARIABLES: [&str; 1] = ["event_loop"];
    let mut checked = 0;
    for path in ["crates", "scripts", "tests"].iter().flat_map(|folder| sources(folder)) {
        // Tests of claims about several lessons may name them.
        if path.starts_with("tests/tests/") || SAID_TO_PEOPLE.contains(&path.as_str()) {
            continue;
        }
        checked += 1;
        let text = read(&path);
        let is_of = |lesson: &&Lesson| path.starts_with(&format!("{}/", lesson.found.folder));
        let own = lessons().iter().find(is_of);
        // A lesson's comments may compare it with another. Elsewhere such comments would become stale.
        let code = |line: &&str| own.is_none() || !line.trim_start().starts_with("//");
        for (number, line) in (1..).zip(text.lines()).filter(|(_, line)| code(line)) {
            let others =
                lessons().iter().filter(|it| own.is_none_or(|own| own.name() != it.name()));
            for other in others {
                let texts = || line.split('"').skip(1).step_by(2);
                let is_named = match other.name() {
                    name if VARIABLES.contains(&name) => texts().any(|text| names(text, name)),
                    name => names(line, name),
                };
                assert!(!is_named, "{path}:{number} names {}: {line}", other.name());
            }
        }
    }
    assert!(checked > 60, "{checked} files");
    // The check must be able to fail: the lessons' own sources do name them.
    let main = read(&format!("{}/src/main.rs", lessons()[0].found.folder));
    assert!(main.lines().any(|line| names(line, lessons()[0].name())));
}

/// A class that opens it can read all of it; and other programs can use it alone.
#[test]
fn common_is_tiny_and_depends_on_nothing_but_the_clock() {
    let lines: usize = sources("crates/common").iter().map(|path| read(path).lines().count()).sum();
    assert!((1..=350).contains(&lines), "crates/common has {lines} lines");
    let built = packages(&["-p", "common"]);
    let built: BTreeSet<&str> = built.keys().map(|package| name(package)).collect();
    // The CPU clock, and its dependencies on all systems.
    let allowed = ["common", "cpu-time", "libc", "thread_clock"];
    let is_known = |package: &&str| allowed.contains(package) || package.contains("winapi");
    assert!(built.iter().all(is_known), "{built:?}");
}

#[test]
fn every_program_is_a_lesson_or_one_of_four_others() {
    let packages = packages_in(&["crates", "crates/support", GROUPS[0], GROUPS[1]]);
    let programs = packages.iter().filter(|path| root().join(path).join("src/main.rs").exists());
    let programs: BTreeSet<&str> =
        programs.map(|path| path.rsplit('/').next().expect("a name")).collect();
    let others = ["class", "compare", "practice_site", "scheduler"];
    let listed = lessons().iter().map(Lesson::name).chain(others);
    assert_eq!(programs, listed.collect());
}

// Documents

#[test]
fn the_documents_name_only_packages_and_files_that_exist() {
    let folders = [".", "crates/common", "scripts", "tests", "tests/browser", "tutorial"];
    let documents = folders.iter().flat_map(|folder| entries(folder));
    let documents: Vec<String> = documents.filter(|path| path.ends_with(".md")).collect();
    assert!(documents.len() > 4, "{documents:?}");
    let known: BTreeSet<String> = metadata()
        .iter()
        .map(|package| package["name"].as_str().expect("a name").to_owned())
        // LESSON, NAME and `...` stand for any of them.
        .chain(["", "LESSON", "NAME"].map(String::from))
        .collect();
    for document in documents {
        let text = read(&document);
        for command in ["cargo run -p ", "cargo build -p ", "cargo test -p "] {
            for rest in text.split(command).skip(1) {
                let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_');
                let package = &rest[..end.unwrap_or(rest.len())];
                assert!(known.contains(package), "{document}: {command}{package}");
            }
        }
        let directory = Path::new(&document).parent().expect("a folder");
        for rest in text.split("](").skip(1) {
            let link = rest.split([')', '#']).next().expect("an end");
            if !link.is_empty() && !link.contains("://") {
                assert!(root().join(directory).join(link).exists(), "{document}: {link}");
            }
        }
    }
}

// What is built

/// The packages that cargo builds for these arguments of `cargo tree`, and the features of each.
fn packages(arguments: &[&str]) -> BTreeMap<String, BTreeSet<String>> {
    let output = Command::new(env!("CARGO"))
        .args(["tree", "--edges", "normal,build", "--prefix", "none", "--format", "{p}|{f}"])
        .args(arguments)
        .current_dir(root())
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let mut packages = BTreeMap::<String, BTreeSet<String>>::new();
    for line in String::from_utf8(output.stdout).expect("text").lines() {
        if let Some((package, features)) = line.trim_end_matches(" (*)").split_once('|') {
            let package = package.split(" (").next().expect("a name and a version");
            let features = features.split(',').filter(|feature| !feature.is_empty());
            packages.entry(package.into()).or_default().extend(features.map(String::from));
        }
    }
    packages
}

fn name(package: &str) -> &str {
    package.split(' ').next().expect("a name")
}

#[test]
fn a_cpu_lesson_builds_no_http_tls_or_async_crate() {
    const FOREIGN: [&str; 15] = [
        "async-std",
        "downloads",
        "futures-core",
        "http",
        "http_clients",
        "httparse",
        "hyper",
        "mio",
        "practice_site",
        "reqwest",
        "ring",
        "rustls",
        "socket2",
        "tokio",
        "ureq",
    ];
    let built = |lesson: &Lesson| {
        let packages = packages(&["-p", lesson.name()]);
        FOREIGN.iter().filter(|foreign| packages.keys().any(|p| name(p) == **foreign)).count()
    };
    // The check must be able to fail: the downloaders do build some of them.
    assert!(built(first("pages", |lesson| only_does(lesson, "page"))) > 8);
    // A server needs them, too.
    let uses_http = |it: &Lesson| ["page", "request"].iter().any(|kind| it.does(kind));
    let computes = |it: &&Lesson| !uses_http(it) && it.model() != Model::Async;
    assert!(lessons().iter().filter(computes).count() >= 4);
    for lesson in lessons().iter().filter(computes) {
        assert_eq!(built(lesson), 0, "{}", lesson.name());
    }
}

/// `cargo run -p LESSON` after a build of all must not compile the same crates again.
#[test]
fn a_lesson_alone_gets_its_crates_with_the_features_that_the_workspace_gives_them() {
    // hyper's client is built only for reqwest: the other downloaders do not wait for it. And each lesson needs only
    // a small part of windows-sys.
    // An engine of one lesson wants more of four small crates: the others would have to build serde's macros for that.
    const MAY_DIFFER: [&str; 8] = [
        "bytemuck",
        "either",
        "http_clients",
        "hyper",
        "hyper-util",
        "smallvec",
        "syn",
        "windows-sys",
    ];
    let all = packages(&["--workspace"]);
    for lesson in lessons() {
        for (package, features) in packages(&["-p", lesson.name()]) {
            if !MAY_DIFFER.contains(&name(&package)) {
                assert_eq!(features, all[&package], "{package} for {}", lesson.name());
            }
        }
    }
}
