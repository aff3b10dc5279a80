//! The lessons' examples, which the tutorial shows: lessons spoilt on purpose, and the solutions of its exercises.
//! Each is run as a student runs it, and must do what the tutorial says of it.

mod computing;
mod waiting;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// The names of the course's examples, without `.rs`.
fn examples() -> BTreeSet<String> {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates");
    let mut names = BTreeSet::new();
    for lesson in fs::read_dir(crates).expect("there are crates") {
        let Ok(files) = fs::read_dir(lesson.expect("an entry").path().join("examples")) else {
            continue;
        };
        for file in files {
            let name = file.expect("an entry").path().file_stem().expect("a name").to_owned();
            let name = name.into_string().expect("letters");
            if name.starts_with("mine") {
                continue; // a student's own
            }
            // They lie in one folder of `target`.
            assert!(names.insert(name.clone()), "two examples are called {name}");
        }
    }
    names
}

#[test]
fn every_example_is_run() {
    let tests = [include_str!("computing.rs"), include_str!("waiting.rs")].concat();
    let examples = examples();
    assert!(!examples.is_empty());
    for name in examples {
        // It cannot see whether that test is a good one.
        assert!(tests.contains(&format!("\"{name}\"")), "a test of the example {name}");
    }
}
