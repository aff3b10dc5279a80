//! Programs, run as a student runs them.

use std::env;
use std::fmt::Debug;
use std::io::{self, BufRead, BufReader, ErrorKind, Read, Write};
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::OnceLock;
use std::thread;
use std::time::Duration;
use std::{fs, iter};

use harness::Described;
use serde_json::Value;

/// The variable that keeps a lesson from sending anything, even if the person who runs the tests joined a class.
pub const NO_CLASS: (&str, &str) = (classroom::VARIABLE, "");

/// A program that has been built.
#[derive(Clone, Debug)]
pub struct Program(PathBuf);

/// A program that is running.
pub struct Running {
    child: Child,
    stdout: BufReader<ChildStdout>,
}

/// A program that has ended.
#[derive(Debug)]
pub struct Ended {
    /// Its exit status.
    pub status: ExitStatus,
    /// Everything that it wrote to stdout and that was not read before.
    pub stdout: String,
    /// Everything that it wrote to stderr.
    pub stderr: String,
}

/// The lesson in whose folder a test lies. See [`own_lesson!`](crate::own_lesson).
#[derive(Clone, Copy, Debug)]
pub struct OwnLesson {
    name: &'static str,
    folder: &'static str,
    program: &'static str,
}

/// The lesson whose package this test is in. Cargo has built its program.
#[macro_export]
macro_rules! own_lesson {
    () => {
        $crate::OwnLesson::new(
            env!("CARGO_PKG_NAME"),
            env!("CARGO_MANIFEST_DIR"),
            env!(concat!("CARGO_BIN_EXE_", env!("CARGO_PKG_NAME"))),
        )
    };
}

/// The program of that name in the workspace, built together with all others.
///
/// # Panics
/// When they cannot be built.
pub fn program(name: &str) -> Program {
    Program(course::program(programs(), name))
}

/// The folder with all programs of the workspace, which it builds first.
pub(crate) fn programs() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| build(&["--workspace", "--bins"]))
}

/// Builds programs; returns the folder of this profile.
fn build(which: &[&str]) -> PathBuf {
    // This test is target/PROFILE/deps/NAME; `cargo test` does not build other packages' programs.
    let test = env::current_exe().expect("a test has a path");
    let directory = test.ancestors().nth(2).expect("it lies in target").to_path_buf();
    let mut build = course::inner_cargo(env!("CARGO"));
    build.args(["build", "--quiet", "--locked"]).args(which).arg("--profile");
    let profile = directory.file_name().and_then(|name| name.to_str()).expect("a profile");
    build.arg(if profile == "debug" { "dev" } else { profile });
    let status = build.status().expect("cargo runs");
    assert!(status.success(), "the programs could not be built");
    directory
}

impl OwnLesson {
    /// See [`own_lesson!`](crate::own_lesson).
    pub const fn new(name: &'static str, folder: &'static str, program: &'static str) -> Self {
        Self { name, folder, program }
    }

    /// Its program.
    pub fn program(&self) -> Program {
        Program(self.program.into())
    }

    /// Runs its program to its end.
    ///
    /// # Panics
    /// When it does not start.
    pub fn run<S: AsRef<str>>(&self, arguments: &[S]) -> Ended {
        self.program().run(arguments)
    }

    /// Runs its program successfully to its end; returns the record of its run.
    ///
    /// # Panics
    /// When something fails.
    pub fn record<S: AsRef<str>>(&self, arguments: &[S]) -> Value {
        self.program().record(arguments)
    }

    /// Its description of itself (`--describe`).
    ///
    /// # Panics
    /// When it describes nothing.
    pub fn described(&self) -> Described {
        let ended = self.run(&["--describe"]);
        Described::read(&ended.stdout).unwrap_or_else(|error| panic!("{error}: {ended:?}"))
    }

    /// The defaults of these options, in their order.
    ///
    /// # Panics
    /// When it has no such option, or one without a default.
    pub fn defaults<const N: usize>(&self, options: [&str; N]) -> [String; N] {
        let all = self.described().options;
        options.map(|option| {
            let found = all.iter().find(|(name, _)| name == option);
            let default = found.and_then(|(_, default)| default.clone());
            default.unwrap_or_else(|| panic!("no default of --{option}: {all:?}"))
        })
    }

    /// One of its examples, as the tutorial shows it: the lesson made wrong on purpose, or the solution of an exercise.
    ///
    /// # Panics
    /// When it cannot be built.
    pub fn example(&self, name: &str) -> Program {
        static BUILT: OnceLock<PathBuf> = OnceLock::new();
        let folder = BUILT.get_or_init(|| build(&["--package", self.name, "--examples"]));
        Program(course::program(&folder.join("examples"), name))
    }

    /// Runs its Python original to its end; `None` where there is no Python that can, which it says on stderr.
    ///
    /// # Panics
    /// When it does not start.
    pub fn original(&self, arguments: &[&str]) -> Option<Ended> {
        let Some(python) = course::python(&course::root().expect("the workspace")) else {
            let why = "there is no Python 3.11 or newer with requests and aiohttp";
            let _ = writeln!(io::stderr(), "skipped: {why} (CONTRIBUTING.md)");
            return None;
        };
        let file = format!("{}/{}.py", self.folder, self.name);
        Some(Program::at(python).run(&[&[file.as_str()], arguments].concat()))
    }

    /// The documentation of its library, without the comment marks.
    ///
    /// # Panics
    /// When it has none.
    pub fn documentation(&self) -> String {
        let text = fs::read_to_string(Path::new(self.folder).join("src/lib.rs"));
        let text = text.expect("a library");
        let lines = text.lines().map(|line| line.trim_start_matches("//!"));
        lines.map(|line| line.strip_prefix(' ').unwrap_or(line).to_owned() + "\n").collect()
    }
}

impl Program {
    /// A program at another path.
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    /// Its path.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Starts it.
    ///
    /// # Panics
    /// When it does not start.
    pub fn start<S: AsRef<str>>(&self, arguments: &[S]) -> Running {
        self.start_with(arguments, &[])
    }

    /// Starts it, with these variables in its environment.
    ///
    /// # Panics
    /// When it does not start.
    pub fn start_with<S: AsRef<str>>(
        &self,
        arguments: &[S],
        environment: &[(&str, &str)],
    ) -> Running {
        let mut command = Command::new(self.path());
        command
            .args(arguments.iter().map(AsRef::as_ref))
            .env(NO_CLASS.0, NO_CLASS.1)
            .envs(environment.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        if !environment.iter().any(|(name, _)| *name == "CARGO") {
            command.env_remove("CARGO"); // otherwise `compare` would build the lessons again
        }
        let mut started = command.spawn();
        // A program that was just copied may still be open for writing in a child of another test.
        while started.as_ref().is_err_and(|error| error.kind() == ErrorKind::ExecutableFileBusy) {
            thread::sleep(Duration::from_millis(10));
            started = command.spawn();
        }
        let mut child = started.unwrap_or_else(|error| panic!("{}: {error}", self.0.display()));
        let stdout = BufReader::new(child.stdout.take().expect("it is piped"));
        Running { child, stdout }
    }

    /// Runs it to its end.
    ///
    /// # Panics
    /// When it does not start.
    pub fn run<S: AsRef<str>>(&self, arguments: &[S]) -> Ended {
        self.start(arguments).wait()
    }

    /// Runs it to its end, with these variables in its environment.
    ///
    /// # Panics
    /// When it does not start.
    pub fn run_with<S: AsRef<str>>(&self, arguments: &[S], environment: &[(&str, &str)]) -> Ended {
        self.start_with(arguments, environment).wait()
    }

    /// Runs it successfully to its end; returns the record of its run.
    ///
    /// # Panics
    /// When something fails.
    pub fn record<S: AsRef<str>>(&self, arguments: &[S]) -> Value {
        let arguments = iter::once("--json").chain(arguments.iter().map(AsRef::as_ref));
        let ended = self.run(&arguments.collect::<Vec<_>>());
        let name = self.0.display();
        assert_eq!((ended.code(), ended.stderr.as_str()), (0, ""), "{name}: {ended:?}");
        ended.json()
    }

    /// Checks that it refuses these arguments with this sentence and status 2, and starts nothing.
    ///
    /// # Panics
    /// When it does not.
    pub fn refuses<S: AsRef<str> + Debug>(&self, arguments: &[S], sentence: &str) {
        let ended = self.run(arguments);
        let what = format!("{} {arguments:?}", self.0.display());
        assert_eq!((ended.code(), ended.stdout.as_str()), (2, ""), "{what}: {ended:?}");
        assert!(ended.stderr.starts_with("error: "), "{what}: {ended:?}");
        assert!(ended.stderr.contains(sentence), "{what}: {ended:?}");
    }

    /// Checks that an option accepts the whole numbers within these limits, and refuses everything else.
    ///
    /// # Panics
    /// When it does not.
    pub fn takes_only(&self, option: &str, allowed: RangeInclusive<u64>) {
        let (least, most) = (allowed.start(), allowed.end());
        let sentence = format!("a whole number from {least} to {most}");
        let [below, above] = [i128::from(*least) - 1, i128::from(*most) + 1];
        for value in [&below.to_string(), "-1", "many", "1.5", &above.to_string()] {
            self.refuses(&[option, value], &sentence);
        }
        for value in [least, most] {
            // Help is printed in place of a run, if nothing before it is wrong.
            assert_eq!(self.run(&[option, &value.to_string(), "--help"]).code(), 0, "{value}");
        }
    }

    /// Runs it successfully; returns the line of its output that has these words.
    ///
    /// # Panics
    /// When there is none.
    pub fn says<S: AsRef<str>>(&self, arguments: &[S], words: &str) -> String {
        let ended = self.run(arguments);
        assert_eq!((ended.code(), ended.stderr.as_str()), (0, ""), "{ended:?}");
        let line = ended.stdout.lines().find(|line| line.contains(words));
        line.unwrap_or_else(|| panic!("it says nothing of '{words}': {ended:?}")).into()
    }

    /// Runs it from a shell that does something first, such as to set limits.
    ///
    /// # Panics
    /// When there is no shell.
    #[cfg(unix)]
    pub fn run_after<S: AsRef<str>>(&self, preparation: &str, arguments: &[S]) -> Ended {
        let mut shell = Command::new("sh");
        shell.args(["-c", &format!("{preparation}; exec \"$0\" \"$@\"")]).arg(self.path());
        shell.env(NO_CLASS.0, NO_CLASS.1);
        let output = shell.args(arguments.iter().map(AsRef::as_ref)).output().expect("sh runs");
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("it writes text");
        Ended { status: output.status, stdout: text(output.stdout), stderr: text(output.stderr) }
    }

    /// A shell command that runs it with these arguments, which need no quotes.
    pub fn command<S: AsRef<str>>(&self, arguments: &[S]) -> String {
        let arguments: Vec<&str> = arguments.iter().map(AsRef::as_ref).collect();
        format!("'{}' {}", self.0.display(), arguments.join(" "))
    }
}

impl Running {
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

    /// The next line of its stdout that is an item's, not the name of a section.
    ///
    /// # Panics
    /// When there is none.
    pub fn item_line(&mut self) -> String {
        loop {
            let line = self.line();
            if !names_a_section(&line) {
                return line;
            }
        }
    }

    /// Ends it at once, and waits until it is gone: one that hangs would outlive the test.
    ///
    /// # Panics
    /// When the system refuses.
    pub fn kill(mut self) {
        self.child.kill().expect("it is this test's own");
        self.child.wait().expect("it has ended");
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

/// Whether a line is a summary: `Downloaded 160 sites in 1.234 seconds`, perhaps followed by the failures.
pub fn is_summary(line: &str) -> bool {
    let seconds = line.rsplit_once(" in ").and_then(|(_, rest)| rest.split_once(" seconds"));
    seconds.is_some_and(|(seconds, rest)| {
        seconds.parse::<f64>().is_ok() && (rest.is_empty() || rest.starts_with(" ("))
    })
}

fn names_a_section(line: &str) -> bool {
    line.starts_with("-- ")
}

impl Ended {
    /// Its exit status as a number; -1 for one that a signal ended.
    pub fn code(&self) -> i32 {
        self.status.code().unwrap_or(-1)
    }

    /// The lines of its stdout before the summary (without the names of sections), and the summary.
    ///
    /// # Panics
    /// When there is no summary.
    pub fn lines_and_summary(&self) -> (Vec<&str>, &str) {
        let lines: Vec<&str> = self.stdout.lines().collect();
        let summary = self.summary_at();
        let of_items = lines[..summary].iter().copied().filter(|line| !names_a_section(line));
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

    /// Checks that Ctrl-C ended it in good order; this many lines were read before.
    ///
    /// # Panics
    /// When it did not.
    pub fn assert_interrupted(&self, name: &str, lines_before: usize) {
        assert_eq!((self.code(), self.stderr.as_str()), (130, ""), "{name}: {self:?}");
        let (lines, summary) = self.lines_and_summary();
        assert!(summary.starts_with("Interrupted: "), "{name}: {summary}");
        let (done, all) = done_of(summary);
        assert_eq!(done, lines_before + lines.len(), "{name}: every line is counted: {summary}");
        assert!(done < all, "{name}: {summary}");
    }
}

/// `Interrupted: downloaded 3 of 20 sites and computed 2 of 7 calls in 1.234 seconds`: 5 and 27.
fn done_of(summary: &str) -> (usize, usize) {
    let words: Vec<&str> = summary.split(' ').collect();
    let pairs = words.windows(3).filter(|words| words[1] == "of");
    let number = |word: &str| -> usize { word.parse().unwrap_or_else(|_| panic!("{summary}")) };
    let sum = |at: usize| pairs.clone().map(|words| number(words[at])).sum();
    (sum(0), sum(2))
}
