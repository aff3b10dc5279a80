//! That the workspace is what it says: each lesson has all its parts, and builds no more than it needs.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use common::{LESSONS, Work};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn read(path: &str) -> String {
    let text = fs::read_to_string(root().join(path));
    text.unwrap_or_else(|error| panic!("{path}: {error}")).replace('\r', "")
}

#[test]
fn every_lesson_has_its_header_and_skeleton_and_is_short() {
    for lesson in LESSONS {
        let name = lesson.name;
        let source = read(&format!("crates/{name}/src/main.rs"));
        let header: Vec<&str> = source.lines().take_while(|line| line.starts_with("//!")).collect();
        assert_eq!(header[0], format!("//! {}", lesson.idea), "{name}");
        assert_eq!(header[1], "//!", "{name}");
        assert_eq!(header[2], format!("//! Mirrors: {}.", lesson.mirrors), "{name}");
        assert_eq!(header[3], format!("//! Run:     `cargo run -p {name}`"), "{name}");
        assert!(header[4].starts_with("//! Watch:   "), "{name}");
        let mut rest = header[5..].iter();
        assert!(rest.any(|line| line.starts_with("//! Try:     ")), "{name}");

        let skeletons: [(Work, &[&str]); 3] = [
            (Work::Downloads, &["fn download_all_sites(", "fn download_site("]),
            (Work::Calls, &["fn fib(n: u64)"]),
            (Work::Pictures, &["fn resize_all("]),
        ];
        let functions = skeletons.iter().filter(|(work, _)| lesson.does(*work));
        for function in
            functions.flat_map(|(_, functions)| *functions).chain(&["fn main() -> ExitCode"])
        {
            assert_eq!(source.matches(function).count(), 1, "{name}: {function}");
        }

        // A lesson of several parts is more than one program.
        let most = match lesson {
            lesson if lesson.does(Work::Rounds) || name == "process_downloader" => 90,
            lesson if lesson.parts.is_empty() => 60,
            _ => 80,
        };
        // What the tutorial shows stands between marks (`// ANCHOR: name`), which are no lines of the program.
        let lines = source.lines().filter(|line| !line.starts_with("// ANCHOR")).count();
        assert!((20..=most).contains(&lines), "{name} has {lines} lines");
    }
}

#[test]
fn every_lesson_is_in_the_readme_the_tutorial_and_the_tests() {
    let readme = read("README.md");
    let contents = read("tutorial/src/SUMMARY.md");
    let tests: String = fs::read_dir(root().join("tests/tests"))
        .expect("there are tests")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.is_file())
        .map(|path| fs::read_to_string(path).expect("a test"))
        .collect();
    for lesson in LESSONS {
        let name = lesson.name;
        let row = format!("| [`{name}`](crates/{name}/src/main.rs) |");
        assert_eq!(readme.matches(&row).count(), 1, "the README's row of {name}");
        // What a page must have is checked by the package `book`.
        assert!(contents.contains(&format!("({name}.md)")), "the tutorial's page of {name}");
        // It cannot see whether that test is a good one.
        assert!(tests.contains(&format!("\"{name}\"")), "a test of {name}");
    }
}

#[test]
fn every_program_is_a_lesson_the_comparison_or_the_practice_site() {
    let crates = fs::read_dir(root().join("crates")).expect("there are crates");
    let programs: BTreeSet<String> = crates
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.join("src/main.rs").exists())
        .map(|path| path.file_name().expect("a name").to_string_lossy().into_owned())
        .collect();
    let listed = LESSONS.iter().map(|lesson| lesson.name).chain(["compare", "practice_site"]);
    assert_eq!(programs, listed.map(String::from).collect());
}

#[test]
fn the_documents_name_only_packages_and_files_that_exist() {
    for document in ["README.md", "CONTRIBUTING.md", "tutorial/README.md"] {
        let text = read(document);
        for command in ["cargo run -p ", "cargo build -p ", "cargo test -p "] {
            for rest in text.split(command).skip(1) {
                let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_');
                let package = &rest[..end.unwrap_or(rest.len())];
                // LESSON and `...` stand for any of them.
                let is_known = package.is_empty() || ["LESSON", "tests", "book"].contains(&package);
                let manifest = root().join("crates").join(package).join("Cargo.toml");
                assert!(is_known || manifest.exists(), "{document}: {command}{package}");
            }
        }
        let directory = Path::new(document).parent().expect("a folder");
        for rest in text.split("](").skip(1) {
            let link = rest.split([')', '#']).next().expect("an end");
            if !link.is_empty() && !link.contains("://") {
                assert!(root().join(directory).join(link).exists(), "{document}: {link}");
            }
        }
    }
}

#[test]
fn async_std_is_named_as_discontinued_where_it_stands() {
    for file in ["crates/async_cpu/src/main.rs", "README.md", "deny.toml"] {
        assert!(read(file).contains("RUSTSEC-2025-0052"), "{file}");
    }
}

/// The packages that are built for these arguments of `cargo tree`, and the features of each.
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
    const FOREIGN: [&str; 14] = [
        "async-std",
        "futures-core",
        "http",
        "httparse",
        "hyper",
        "mio",
        "practice_site",
        "reqwest",
        "ring",
        "rustls",
        "session",
        "socket2",
        "tokio",
        "ureq",
    ];
    // The check must be able to fail: the downloaders do build some of them.
    let built = |lesson: &str| {
        let packages = packages(&["-p", lesson]);
        FOREIGN.iter().filter(|foreign| packages.keys().any(|p| name(p) == **foreign)).count()
    };
    assert!(built("sync_downloader") > 8);
    for lesson in ["sync_cpu", "threaded_cpu", "parallel_cpu", "race_counter"] {
        assert_eq!(built(lesson), 0, "{lesson}");
    }
}

/// `cargo run -p LESSON` after a build of all must not compile the same crates again.
#[test]
fn a_lesson_alone_gets_its_crates_with_the_features_that_the_workspace_gives_them() {
    // hyper's client is built for reqwest alone: the other downloaders do not wait for it. Of what
    // windows-sys has, each lesson needs little.
    const MAY_DIFFER: [&str; 4] = ["hyper", "hyper-util", "session", "windows-sys"];
    let all = packages(&["--workspace"]);
    for lesson in LESSONS {
        for (package, features) in packages(&["-p", lesson.name]) {
            if !MAY_DIFFER.contains(&name(&package)) {
                assert_eq!(features, all[&package], "{package} for {}", lesson.name);
            }
        }
    }
}
