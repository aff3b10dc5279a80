//! Finds the lessons of the course: for the comparison, the tests and the book.
//!
//! Each lesson describes itself. Its package is marked as a lesson, with its place in the course
//! (`[package.metadata.lesson]`); its idea and its original stand in the header of its `main.rs`; and its
//! program, once built, describes its model, its limit, its sections and its options (`--describe`).

use std::env;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

pub use harness::root;
use harness::{Described, Limit, Model, header};
use serde_json::Value;

/// The folder of the lessons that go beyond the nine, below `crates`.
const FURTHER: &str = "further";

/// The part of a lesson that is known without its program.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Found {
    /// Its package and program.
    pub name: String,
    /// Its folder, relative to the workspace's, with `/` between the names.
    pub folder: String,
    /// Its place among the nine, or among the further ones.
    pub number: u64,
    /// Whether it goes beyond the nine.
    pub is_further: bool,
    /// Its one idea.
    pub idea: String,
    /// The Python original.
    pub mirrors: String,
    /// The Python original's file, if there is one: beside the lesson's `Cargo.toml`, with the lesson's name.
    pub original: Option<PathBuf>,
    /// The article's figure for the Python original, compared with its sync one: `4–5x`. Source: Real Python, "Speed Up Your Python
    /// Program With Concurrency", the newer edition (`fib(35)` twenty times), measured on its author's four cores.
    pub article: Option<String>,
    /// Arguments of its own for little work. Those of the house (`--latency`, `--repeat`, `--number`, `--calls`) are known.
    pub short: Vec<String>,
    /// Arguments of its own for work of a minute or more.
    pub long: Vec<String>,
}

/// A lesson.
#[derive(Clone, Debug, PartialEq)]
pub struct Lesson {
    /// The part that is known without its program.
    pub found: Found,
    /// The program's own description.
    pub described: Described,
}

/// Returns a command that starts cargo, for a program that cargo itself may have started.
///
/// It removes the outer cargo's variables about the program's package: ring's build script would take them for its
/// own, and run again.
pub fn inner_cargo(cargo: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(cargo);
    for (name, _) in env::vars_os() {
        let is_of_package = |name: &str| {
            name.starts_with("CARGO_PKG_")
                || name.starts_with("CARGO_MANIFEST_")
                || name == "OUT_DIR"
        };
        if name.to_str().is_some_and(is_of_package) {
            command.env_remove(name);
        }
    }
    command
}

/// Returns the lessons in the workspace at `root`, in the order of the course: the nine, then the further ones.
///
/// # Errors
/// When cargo does not list the packages, or a lesson's source cannot be read.
pub fn find(root: &Path) -> Result<Vec<Found>, String> {
    let packages = packages(root)?;
    let lessons = packages.iter().filter(|package| package["metadata"]["lesson"].is_object());
    let mut lessons =
        lessons.map(|package| found(root, package)).collect::<Result<Vec<Found>, String>>()?;
    lessons.sort_by(|one, other| {
        let key = |it: &Found| (it.is_further, it.number);
        key(one).cmp(&key(other)).then_with(|| one.name.cmp(&other.name))
    });
    Ok(lessons)
}

/// A program of the workspace that is not a lesson, or an example.
#[derive(Clone, Debug, PartialEq)]
pub struct Extra {
    /// The part that is known without running it. Its name is its path among the built programs: `mine`, `examples/mine`.
    pub found: Found,
    /// Cargo's arguments behind `build`.
    pub build: Vec<String>,
}

/// Finds the program of this workspace whose source or package is `which`: `crates/lessons/LESSON/examples/mine.rs`, `mine`.
///
/// # Errors
/// When there is none, or cargo does not say which there are.
pub fn extra(root: &Path, which: &str) -> Result<Extra, String> {
    let path =
        [Path::new(which), &root.join(which)].into_iter().find_map(|it| it.canonicalize().ok());
    for package in packages(root)? {
        let manifest = Path::new(package["manifest_path"].as_str().unwrap_or_default()).to_owned();
        let folder = manifest.parent().unwrap_or(&manifest);
        let is_package =
            package["name"] == which || folder.canonicalize().ok() == path && path.is_some();
        for target in package["targets"].as_array().into_iter().flatten() {
            let text = |key: &str| target[key].as_str().unwrap_or_default();
            let kind = target["kind"][0].as_str().unwrap_or_default();
            let source = Path::new(text("src_path")).canonicalize().ok();
            let is_it = source.is_some() && source == path || is_package && kind == "bin";
            if !is_it || !["bin", "example"].contains(&kind) {
                continue;
            }
            let name = package["name"].as_str().unwrap_or_default();
            let build = ["--package", name, &format!("--{kind}"), text("name")].map(String::from);
            let place = if kind == "example" { "examples/" } else { "" };
            let source =
                fs::read_to_string(text("src_path")).map_err(|why| format!("{which}: {why}"))?;
            let (idea, mirrors) = header(&source);
            let found = Found {
                name: format!("{place}{}", text("name")),
                folder: seen_from_crates(folder),
                number: u64::MAX,
                is_further: true,
                idea,
                mirrors,
                ..Found::default()
            };
            return Ok(Extra { found, build: build.into() });
        }
    }
    Err(format!(
        "{which} is no program of this workspace: name a file such as crates/lessons/LESSON/examples/mine.rs, or a package"
    ))
}

/// The path of a package's folder, relative to the workspace's.
fn seen_from_crates(folder: &Path) -> String {
    // Cargo resolves links in the path, and `root` need not.
    let names: Vec<_> = folder.iter().map(OsStr::to_string_lossy).collect();
    let crates = names.iter().rposition(|name| name == "crates").unwrap_or_default();
    names[crates..].join("/")
}

/// Cargo's description of the workspace's packages.
fn packages(root: &Path) -> Result<Vec<Value>, String> {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = inner_cargo(cargo)
        .args(["metadata", "--no-deps", "--format-version", "1"])
        .current_dir(root)
        .output()
        .map_err(|error| format!("cargo does not start: {error}"))?;
    if !output.status.success() {
        let words = String::from_utf8_lossy(&output.stderr);
        return Err(format!("cargo does not say which lessons there are: {}", words.trim()));
    }
    let mut metadata: Value = serde_json::from_slice(&output.stdout)
        .map_err(|error| format!("cargo does not say which lessons there are: {error}"))?;
    Ok(metadata["packages"].as_array_mut().map(std::mem::take).unwrap_or_default())
}

fn found(root: &Path, package: &Value) -> Result<Found, String> {
    let name = package["name"].as_str().unwrap_or_default();
    let manifest = Path::new(package["manifest_path"].as_str().unwrap_or_default());
    let folder = manifest.parent().unwrap_or(manifest);
    let declared = &package["metadata"]["lesson"];
    let main = folder.join("src/main.rs");
    let source =
        fs::read_to_string(&main).map_err(|error| format!("{}: {error}", main.display()))?;
    let (idea, mirrors) = header(&source);
    let folder = seen_from_crates(folder);
    let is_further = folder.split('/').nth(1) == Some(FURTHER);
    if !root.join(&folder).is_dir() {
        return Err(format!("the lesson {name} is not below {}/crates", root.display()));
    }
    let original = root.join(&folder).join(name).with_extension("py");
    Ok(Found {
        name: name.into(),
        original: original.exists().then_some(original),
        folder,
        number: declared["number"].as_u64().unwrap_or(u64::MAX),
        is_further,
        idea,
        mirrors,
        article: declared["article"].as_str().map(String::from),
        short: words(&declared["short"]),
        long: words(&declared["long"]),
    })
}

fn words(list: &Value) -> Vec<String> {
    list.as_array().into_iter().flatten().filter_map(|word| word.as_str().map(Into::into)).collect()
}

/// Returns the path of the program of that name, among programs built in this folder.
pub fn program(folder: &Path, name: &str) -> PathBuf {
    folder.join(name).with_extension(env::consts::EXE_EXTENSION)
}

/// Returns a Python that runs the lessons' originals: that of the virtual environment in `target/python`, or `python3`.
/// `None` if neither is 3.11 or newer and has the packages.
pub fn python(root: &Path) -> Option<PathBuf> {
    const CHECK: &str = "import sys, requests, aiohttp; sys.exit(sys.version_info < (3, 11))";
    let environment = root.join("target/python");
    let own = ["bin/python", "Scripts/python.exe"].map(|program| environment.join(program));
    let runs = |program: &PathBuf| {
        let output = Command::new(program).args(["-c", CHECK]).output();
        output.is_ok_and(|output| output.status.success())
    };
    own.into_iter().chain(["python3", "python"].map(PathBuf::from)).find(runs)
}

impl Found {
    /// Its package, whose name stands in its reports; also of an example.
    pub fn package(&self) -> &str {
        self.folder.rsplit('/').next().unwrap_or_default()
    }

    /// Makes the lesson's program, which was built in this folder, describe itself.
    ///
    /// # Errors
    /// When it does not start, or describes nothing.
    pub fn describe(self, programs: &Path) -> Result<Lesson, String> {
        let name = &self.name;
        let output = Command::new(program(programs, name))
            .arg("--describe")
            .output()
            .map_err(|error| format!("{name} does not start: {error}"))?;
        let described = Described::read(&String::from_utf8_lossy(&output.stdout));
        let described = described.map_err(|why| format!("{name} describes nothing: {why}"))?;
        Ok(Lesson { found: self, described })
    }
}

impl Lesson {
    /// Its package and program.
    pub fn name(&self) -> &str {
        &self.found.name
    }

    /// The model of concurrency.
    pub fn model(&self) -> Model {
        self.described.model
    }

    /// How many items may be in progress at once.
    pub fn limit(&self) -> Limit {
        self.described.limit
    }

    /// Its main kind of work.
    pub fn kind(&self) -> &str {
        self.described.kinds.first().map_or("item", String::as_str)
    }

    /// Whether it does work of this kind.
    pub fn does(&self, kind: &str) -> bool {
        self.described.kinds.iter().any(|its| its == kind)
    }

    /// How many times it does all its work of this kind.
    pub fn times(&self, kind: &str) -> usize {
        self.described.times(kind)
    }

    /// Whether it has the option of that name.
    pub fn takes(&self, option: &str) -> bool {
        self.described.takes(option)
    }

    /// The noun for its items: `item` if there are several kinds.
    pub fn item(&self) -> &str {
        self.described.item()
    }

    /// Whether its run has sections that are compared.
    pub fn has_sections(&self) -> bool {
        !self.described.sections.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lessons_are_found_in_the_order_of_the_course() {
        let lessons = find(&root().expect("the workspace")).expect("lessons");
        let nine = lessons.iter().take_while(|lesson| !lesson.is_further);
        let numbers: Vec<u64> = nine.map(|lesson| lesson.number).collect();
        assert_eq!(numbers, (1..=9).collect::<Vec<_>>());
        assert!(lessons[9..].iter().all(|lesson| lesson.is_further) && lessons.len() > 9);
        for lesson in lessons {
            assert!(!lesson.idea.is_empty() && !lesson.mirrors.is_empty(), "{}", lesson.name);
        }
    }
}
