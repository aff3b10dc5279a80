//! The lessons' programs, run as a student runs them.

use std::env;
use std::io::{BufRead, BufReader, ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::OnceLock;
use std::thread;
use std::time::Duration;

use serde_json::Value;

/// The program of that name, built.
///
/// # Panics
/// When it cannot be built.
pub fn program(name: &str) -> PathBuf {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    let directory = BUILT.get_or_init(|| build("--bins"));
    directory.join(name).with_extension(env::consts::EXE_EXTENSION)
}

/// An example of a lesson, built: a spoilt lesson, or the solution of an exercise, as the tutorial shows them.
///
/// # Panics
/// When it cannot be built.
pub fn example(name: &str) -> PathBuf {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    let directory = BUILT.get_or_init(|| build("--examples").join("examples"));
    directory.join(name).with_extension(env::consts::EXE_EXTENSION)
}

/// Builds programs of that kind for the whole workspace; gives the folder of this profile.
fn build(kind: &str) -> PathBuf {
    // This test is target/PROFILE/deps/NAME; `cargo test` does not build other packages' programs.
    let test = env::current_exe().expect("a test has a path");
    let directory = test.ancestors().nth(2).expect("it lies in target").to_path_buf();
    let mut build = common::inner_cargo(env!("CARGO"));
    build.args(["build", "--quiet", "--locked", "--workspace", kind, "--profile"]);
    let profile = directory.file_name().and_then(|name| name.to_str()).expect("a profile");
    build.arg(if profile == "debug" { "dev" } else { profile });
    let status = build.status().expect("cargo runs");
    assert!(status.success(), "the programs could not be built");
    directory
}

/// A lesson that runs.
pub struct Lesson {
    child: Child,
    stdout: BufReader<ChildStdout>,
}

/// A lesson that has ended.
#[derive(Debug)]
pub struct Ended {
    /// Its exit status.
    pub status: ExitStatus,
    /// All that it wrote to stdout, but for what was read of it before.
    pub stdout: String,
    /// All that it wrote to stderr.
    pub stderr: String,
}

impl Lesson {
    /// Starts it.
    ///
    /// # Panics
    /// When it does not start.
    pub fn start<S: AsRef<str>>(name: &str, arguments: &[S]) -> Self {
        Self::start_with(name, arguments, &[])
    }

    fn start_with<S: AsRef<str>>(
        name: &str,
        arguments: &[S],
        environment: &[(&str, &str)],
    ) -> Self {
        Self::start_program(&program(name), arguments, environment)
    }

    /// Starts a program that lies somewhere else.
    ///
    /// # Panics
    /// When it does not start.
    pub fn start_program<S: AsRef<str>>(
        program: &Path,
        arguments: &[S],
        environment: &[(&str, &str)],
    ) -> Self {
        let mut command = Command::new(program);
        command
            .args(arguments.iter().map(AsRef::as_ref))
            .envs(environment.iter().copied())
            .env_remove("CARGO") // `compare` would build what is built already
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut started = command.spawn();
        // A program that was just copied may still be open for writing in a child of another test.
        while started.as_ref().is_err_and(|error| error.kind() == ErrorKind::ExecutableFileBusy) {
            thread::sleep(Duration::from_millis(10));
            started = command.spawn();
        }
        let mut child = started.unwrap_or_else(|error| panic!("{}: {error}", program.display()));
        let stdout = BufReader::new(child.stdout.take().expect("it is piped"));
        Self { child, stdout }
    }

    /// Runs it to its end.
    pub fn run<S: AsRef<str>>(name: &str, arguments: &[S]) -> Ended {
        Self::start(name, arguments).wait()
    }

    /// Runs one of the lessons' examples to its end.
    pub fn run_example<S: AsRef<str>>(name: &str, arguments: &[S]) -> Ended {
        Self::start_program(&example(name), arguments, &[]).wait()
    }

    /// Runs it to its end, with these variables in its environment.
    pub fn run_with(name: &str, arguments: &[&str], environment: &[(&str, &str)]) -> Ended {
        Self::start_with(name, arguments, environment).wait()
    }

    /// The process's id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// The next line of its stdout.
    ///
    /// # Panics
    /// When there is none.
    pub fn line(&mut self) -> String {
        let mut line = String::new();
        self.stdout.read_line(&mut line).expect("stdout can be read");
        assert!(line.ends_with('\n'), "stdout ended with {line:?}");
        line.trim_end().into()
    }

    /// The next line of its stdout that is an item's: no name of a part.
    ///
    /// # Panics
    /// When there is none.
    pub fn item_line(&mut self) -> String {
        loop {
            let line = self.line();
            if !names_a_part(&line) {
                return line;
            }
        }
    }

    /// Waits for its end.
    ///
    /// # Panics
    /// When its output cannot be read.
    pub fn wait(self) -> Ended {
        let Self { child, mut stdout } = self;
        let stdout = thread::spawn(move || {
            let mut text = String::new();
            stdout.read_to_string(&mut text).expect("stdout is text");
            text
        });
        Self::end(child, || stdout.join().expect("stdout was read"))
    }

    /// Closes its stdout, as `head` does, and waits for its end.
    ///
    /// # Panics
    /// When its output cannot be read.
    pub fn close_stdout_and_wait(self) -> Ended {
        let Self { child, stdout } = self;
        drop(stdout);
        Self::end(child, String::new)
    }

    fn end(mut child: Child, stdout: impl FnOnce() -> String) -> Ended {
        let mut stderr = String::new();
        let errors = child.stderr.as_mut().expect("it is piped");
        errors.read_to_string(&mut stderr).expect("stderr is text");
        let status = child.wait().expect("it can be waited for");
        Ended { status, stdout: stdout(), stderr }
    }
}

fn names_a_part(line: &str) -> bool {
    line.starts_with("-- ")
}

impl Ended {
    /// Its exit status as a number; -1 for one that a signal ended.
    pub fn code(&self) -> i32 {
        self.status.code().unwrap_or(-1)
    }

    /// The lines of its stdout before the summary (without the names of parts), and the summary.
    ///
    /// # Panics
    /// When there is no summary.
    pub fn lines_and_summary(&self) -> (Vec<&str>, &str) {
        let lines: Vec<&str> = self.stdout.lines().collect();
        let summary = self.summary_at();
        let of_items = lines[..summary].iter().copied().filter(|line| !names_a_part(line));
        (of_items.collect(), lines[summary])
    }

    /// The lines of its stdout after the summary: working and waiting in a sentence and in a diagram.
    ///
    /// # Panics
    /// When there is no summary.
    pub fn explanation(&self) -> Vec<&str> {
        self.stdout.lines().skip(self.summary_at() + 1).collect()
    }

    fn summary_at(&self) -> usize {
        let words = ["Downloaded ", "Computed ", "Counted ", "Resized ", "Interrupted: "];
        let is_summary = |line: &str| words.iter().any(|word| line.starts_with(word));
        let summary = self.stdout.lines().position(is_summary);
        summary.unwrap_or_else(|| panic!("there is no summary: {self:?}"))
    }

    /// The JSON object that it printed with `--json`.
    ///
    /// # Panics
    /// When it printed something else.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}
