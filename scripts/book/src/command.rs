//! Commands that the book tells its reader to type.

use std::env;
use std::fmt;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{self, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::thread;
use std::time::Duration;

use harness::report::Report;

use crate::hang::HANGS;
use crate::{code, root};

/// `cargo run` of one of the workspace's programs, or `cargo step`, `gdb` or `lldb` (`.cargo/config.toml`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    /// The word behind `cargo`.
    pub how: &'static str,
    /// `-p`
    pub package: String,
    /// `--example`
    pub example: Option<String>,
    /// Other arguments before the `--`: a part of the profile.
    pub cargo: Vec<String>,
    /// The arguments after it.
    pub arguments: Vec<String>,
}

/// The commands of cargo that run a program, or build it to be run.
const HOW: [&str; 4] = ["run", "step", "gdb", "lldb"];

impl Program {
    /// Reads a typed command; only `cargo run ... -p PACKAGE ... [-- ...]` and its like are accepted.
    pub fn parse(command: &str) -> Option<Self> {
        let (how, rest) = command.strip_prefix("cargo ")?.split_once(' ')?;
        let how = HOW.into_iter().find(|known| *known == how)?;
        let (before, after) = rest.split_once(" -- ").unwrap_or((rest, ""));
        let mut package = None;
        let mut example = None;
        let mut cargo = Vec::new();
        let mut words = before.split_whitespace();
        while let Some(word) = words.next() {
            match word {
                "-p" => package = words.next().map(String::from),
                "--example" => example = words.next().map(String::from),
                _ => cargo.push(word.into()),
            }
        }
        let arguments = shlex::split(after)?;
        Some(Self { how, package: package?, example, cargo, arguments })
    }

    /// The lesson or program of that name, without arguments.
    pub(crate) fn named(package: &str) -> Self {
        let package = package.to_owned();
        Self { how: "run", package, example: None, cargo: Vec::new(), arguments: Vec::new() }
    }

    /// The path of its source, relative to the workspace's folder.
    ///
    /// # Errors
    /// When the folders cannot be read.
    pub fn source(&self) -> io::Result<String> {
        let source = code::source(&self.package, self.example.as_deref())?;
        // A package may have several programs: `--bin NAME`.
        let mut cargo = self.cargo.iter().skip_while(|word| *word != "--bin").skip(1);
        Ok(cargo
            .next()
            .map_or(source.clone(), |name| source.replace("/main.rs", &format!("/bin/{name}.rs"))))
    }

    /// Runs it; returns its output, as a reader sees it, without cargo's messages.
    ///
    /// # Errors
    /// When it cannot be run.
    pub fn output(&self, timeline: Option<&Path>) -> io::Result<String> {
        static FILES: AtomicUsize = AtomicUsize::new(0);
        let number = FILES.fetch_add(1, Relaxed);
        let file = scratch()?.join(format!("{}-{number}.txt", process::id()));
        // Both streams go into one file, so the lines keep their order.
        let output = File::create(&file)?;
        let mut command = self.command();
        command.args(&self.arguments);
        if let Some(timeline) = timeline {
            command.arg("--timeline").arg(timeline);
        }
        command.stdin(Stdio::null()).stdout(output.try_clone()?).stderr(output);
        let mut running = command.spawn()?;
        while running.try_wait()?.is_none() {
            thread::sleep(Duration::from_millis(5));
            // A program that hangs says so, and would not end by itself.
            if lossy(&file)?.contains(HANGS) {
                thread::sleep(Duration::from_millis(500)); // its lanes are drawn
                running.kill()?; // on Unix, cargo has become the program
            }
        }
        let text = lossy(&file)?.replace('\r', "");
        fs::remove_file(&file)?;
        Ok(text)
    }

    /// Runs it with `--json`; returns its report.
    ///
    /// # Errors
    /// When it cannot be run, or reports nothing.
    pub(crate) fn report(&self) -> io::Result<Report> {
        let mut command = self.command();
        command.args(&self.arguments).arg("--json").stdin(Stdio::null()).stderr(Stdio::inherit());
        let output = command.output()?;
        let report = Report::from_json(&String::from_utf8_lossy(&output.stdout));
        report.map_err(|why| io::Error::other(format!("{self} reports nothing: {why}")))
    }

    /// The path of the program as `cargo step` builds it.
    ///
    /// # Errors
    /// When it cannot be built.
    pub(crate) fn for_stepping(&self) -> io::Result<PathBuf> {
        let example = self.example.iter().flat_map(|example| ["--example", example]);
        let build: Vec<&str> = ["-p", &self.package].into_iter().chain(example).collect();
        let name =
            self.example.as_ref().map_or(self.package.clone(), |it| format!("examples/{it}"));
        let programs = programs()?;
        let target = programs.parent().unwrap_or(&programs);
        let folder = testing::debugger::for_stepping(&root(), target, &build, &[&name])?;
        Ok(course::program(&folder, &name))
    }

    /// Returns its error about its arguments. It does not run: `--help` comes last, and the arguments are read first.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn objection(&self) -> io::Result<Option<String>> {
        if self.how != "run" {
            let aliases = fs::read_to_string(root().join(".cargo/config.toml"))?;
            if !aliases.contains(&format!("\n{} = [", self.how)) {
                return Ok(Some(format!("there is no alias {}", self.how)));
            }
        }
        // Cargo says itself if there is no `--bin` of that name.
        let others =
            Some(self.cargo.as_slice()).filter(|it| it.first().is_none_or(|it| it != "--bin"));
        if let Some([option, value]) = others {
            if option != "--config" || !value.starts_with("profile.dev.") {
                return Ok(Some(format!("nobody checks {option} {value}")));
            }
            // It has the same arguments in each profile, and the plain one is built.
            return Self { cargo: Vec::new(), ..self.clone() }.objection();
        }
        let output = self.command().args(&self.arguments).arg("--help").output()?;
        let objection = || String::from_utf8_lossy(&output.stderr).trim().replace('\n', " ");
        Ok((!output.status.success()).then(objection))
    }

    /// Its description of itself.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn help(&self) -> io::Result<String> {
        let output = self.command().arg("--help").output()?;
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// The command itself, without the program's arguments. If cargo would choose the program beside this one, starts that
    /// directly, which is quicker.
    fn command(&self) -> Command {
        let beside = self.cargo.is_empty().then(|| self.built()).flatten();
        let mut command = match beside {
            Some(program) => Command::new(program),
            None => {
                let mut cargo = course::inner_cargo(env!("CARGO"));
                cargo.args(["run", "--quiet", "--locked", "-p", &self.package]).args(&self.cargo);
                cargo.args(self.example.iter().flat_map(|example| ["--example", example]));
                cargo.arg("--");
                cargo
            }
        };
        // The same diagrams on each machine: 80 columns (since nothing here is a terminal), all characters, no colours.
        command.current_dir(root()).env("LC_ALL", "C.UTF-8").env("TERM", "xterm-256color");
        command.env(classroom::VARIABLE, "").env("NO_COLOR", "1").env_remove("CLICOLOR_FORCE");
        command
    }

    /// The path of the program, if it was built together with this one.
    fn built(&self) -> Option<PathBuf> {
        let folder = programs().ok()?;
        let program = match &self.example {
            None => course::program(&folder, &self.package),
            Some(example) => course::program(&folder.join("examples"), example),
        };
        program.exists().then_some(program)
    }
}

/// The folder in which this program was built, and the others beside it.
pub(crate) fn programs() -> io::Result<PathBuf> {
    let this = env::current_exe()?;
    // A test is one folder deeper.
    let folder = this.ancestors().skip(1).find(|folder| !folder.ends_with("deps"));
    Ok(folder.unwrap_or(&this).to_owned())
}

impl fmt::Display for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cargo {}", self.how)?;
        for word in &self.cargo {
            write!(f, " {word}")?;
        }
        write!(f, " -p {}", self.package)?;
        if let Some(example) = &self.example {
            write!(f, " --example {example}")?;
        }
        if !self.arguments.is_empty() {
            let arguments = shlex::try_join(self.arguments.iter().map(String::as_str));
            write!(f, " -- {}", arguments.map_err(|_| fmt::Error)?)?;
        }
        Ok(())
    }
}

/// What a program has written so far: its last character may be there in part.
pub(crate) fn lossy(file: &Path) -> io::Result<String> {
    Ok(String::from_utf8_lossy(&fs::read(file)?).into_owned())
}

/// A folder for temporary files.
pub(crate) fn scratch() -> io::Result<PathBuf> {
    let this = env::current_exe()?;
    let folder = this.parent().unwrap_or(Path::new(".")).join("book-scratch");
    fs::create_dir_all(&folder)?;
    Ok(folder)
}

/// Builds all programs that the book may name, with the profile of this program: so they are beside it.
///
/// # Errors
/// When cargo does not start or one does not compile.
pub(crate) fn build_programs() -> io::Result<()> {
    build(&["--bins"])
}

/// Builds the examples as well.
///
/// # Errors
/// When cargo does not start or one does not compile.
pub(crate) fn build_all() -> io::Result<()> {
    build(&["--bins", "--examples"])
}

fn build(what: &[&str]) -> io::Result<()> {
    let programs = programs()?;
    let folder = programs.file_name().unwrap_or_default();
    let profile = if folder == "debug" { "dev".as_ref() } else { folder };
    let mut cargo = course::inner_cargo(env!("CARGO"));
    cargo.args(["build", "--quiet", "--locked", "--workspace", "--profile"]).arg(profile);
    let is_built = cargo.args(what).current_dir(root()).status()?.success();
    if is_built { Ok(()) } else { Err(io::Error::other("the lessons could not be built")) }
}

/// Of many consecutive lines of items, this many from the beginning are shown, and the last one.
const FIRST: usize = 3;
/// This many lines are not shortened.
const MANY: usize = FIRST + 2;

/// Shortens an output: of many lines of items, the first ones and the last remain.
pub(crate) fn shortened(output: &str) -> String {
    let lines: Vec<&str> = output.lines().map(str::trim_end).collect();
    let are_items = |one: &&str, other: &&str| is_item(one, &lines) && is_item(other, &lines);
    let mut shown = String::new();
    for group in lines.chunk_by(are_items) {
        if group.len() > MANY {
            for line in &group[..FIRST] {
                shown += &format!("{line}\n");
            }
            shown += &format!("... {} more lines like these ...\n", group.len() - FIRST - 1);
            shown += &format!("{}\n", group[group.len() - 1]);
        } else {
            group.iter().for_each(|line| shown += &format!("{line}\n"));
        }
    }
    shown
}

/// Whether it is an item's line: it begins like many others, and is neither the name of a part nor a lane of a diagram.
fn is_item(line: &str, lines: &[&str]) -> bool {
    let first = first_word(line);
    let like_it = || lines.iter().filter(|other| first_word(other) == first).count();
    !first.is_empty() && first != "--" && !line.contains(DRAWN) && like_it() > MANY
}

/// The beginning of a line, without its numbers. A diagram's line begins with a space or a lane's name.
fn first_word(line: &str) -> String {
    masked(line.split([' ', '(']).next().unwrap_or_default())
}

/// The characters of diagrams.
const DRAWN: [char; 10] = ['█', '░', '▒', '═', '┄', '│', '←', '→', '▶', '┌'];

/// The text with `#` for each number.
fn masked(text: &str) -> String {
    let mut masked = String::new();
    let mut rest = text.chars().peekable();
    while let Some(sign) = rest.next() {
        let goes_on = sign == '.' && rest.peek().is_some_and(char::is_ascii_digit);
        if !(sign.is_ascii_digit() || goes_on) {
            masked.push(sign);
        } else if !masked.ends_with('#') {
            masked.push('#');
        }
    }
    masked
}

/// The first line that is only in the shown text or only in the printed one, apart from numbers. Not all kinds of items
/// need be shown, and the number of lanes in a diagram depends on the machine.
pub fn look_different(shown: &str, printed: &str) -> Option<String> {
    let lines: Vec<&str> = printed.lines().collect();
    let without_items: Vec<&str> =
        lines.iter().filter(|line| !is_item(line, &lines)).copied().collect();
    let missing = |these: Vec<String>, those: Vec<String>| {
        these.into_iter().find(|shape| !those.contains(shape))
    };
    missing(shapes(shown), shapes(printed))
        .or_else(|| missing(shapes(&without_items.join("\n")), shapes(shown)))
}

/// The first words of each line, without diagrams.
fn shapes(output: &str) -> Vec<String> {
    let mut shapes = Vec::new();
    let mut goes_on = false;
    for line in output.lines() {
        // The sentence of a run continues in the next line, at a word that depends on the length of its numbers.
        let is_continued = goes_on;
        goes_on = (is_continued || line.starts_with("At most ")) && !line.ends_with('.');
        if is_continued || line.contains(DRAWN) || line.starts_with("...") {
            continue;
        }
        // Only the name in a table's row: whether its part was faster or slower may differ.
        let (name, rest) = line.split_once("  ").unwrap_or((line, ""));
        let shape = name.split_whitespace().take(3).map(masked).collect::<Vec<_>>().join(" ");
        // Not an axis, and not the summary of the remaining lanes.
        let says_something = shape.contains(' ') || !rest.is_empty();
        if says_something && !shape.is_empty() && !shape.starts_with(['#', '…']) {
            shapes.push(shape);
        }
    }
    shapes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_read_and_written() {
        for command in [
            "cargo run -p a_lesson",
            "cargo run -p a_lesson -- --calls 40",
            "cargo run -p a_lesson --example channel -- --quiet",
            "cargo run --config profile.dev.opt-level=0 -p a_lesson -- --number 30",
            "cargo step -p a_lesson --example channel",
            "cargo gdb -p a_lesson -- --threads 2",
            "cargo run -p a_lesson -- --command './other {site}' --quiet",
        ] {
            assert_eq!(Program::parse(command).expect("it is one").to_string(), command);
        }
        for other in ["cargo test -p tests", "cargo run", "git diff --no-index a b"] {
            assert_eq!(Program::parse(other), None, "{other}");
        }
    }

    #[test]
    fn kinds_of_items_may_alternate() {
        let items: String = (0..8).map(|n| format!("Read {n} bytes\nfib({n}) = 1\n")).collect();
        let shown = shortened(&format!("-- one\n{items}-- other\nRead 1 bytes\nfib(1) = 1\n"));
        assert_eq!(
            shown,
            "-- one\nRead 0 bytes\nfib(0) = 1\nRead 1 bytes\n... 12 more lines like these ...\n\
             fib(7) = 1\n-- other\nRead 1 bytes\nfib(1) = 1\n"
        );
    }

    #[test]
    fn many_like_lines_are_left_out_and_lanes_are_not() {
        let items: String = (0..10).map(|n| format!("Read {n} bytes\n")).collect();
        let lanes: String = (0..8).map(|n| format!("worker-{n} ░░░\n")).collect();
        assert_eq!(
            shortened(&format!("{items}Downloaded 10\n{lanes}")),
            format!(
                "Read 0 bytes\nRead 1 bytes\nRead 2 bytes\n... 6 more lines like these ...\n\
                 Read 9 bytes\nDownloaded 10\n{lanes}"
            )
        );
    }

    #[test]
    fn numbers_and_diagrams_make_no_difference_and_words_do() {
        let one = "Read 9 bytes\n... 3 more\nDownloaded 10 sites in 2.1 seconds\nmain ░░ 1%\n";
        let other = "Read 12 bytes\nDownloaded 1 sites in 0.3 seconds\nmain ██ 9%\ntask ██ 9%\n";
        assert_eq!(look_different(one, other), None);
        let renamed = other.replace("Downloaded", "Fetched");
        assert_eq!(look_different(one, &renamed).as_deref(), Some("Downloaded # sites"));
        let more = format!("{other}At most 5 pages\n");
        assert_eq!(look_different(one, &more).as_deref(), Some("At most #"));
        assert_eq!(look_different(&more, other).as_deref(), Some("At most #"));
        let sentence = |rest: &str| format!("At most 5 pages in flight; {rest}: I/O-bound.\n");
        let (one_way, other_way) = (sentence("0.02\nof 2 cores"), sentence("0.1 of\n2 cores"));
        assert_eq!(look_different(&one_way, &other_way), None);
        let row = |name: &str, ratio: &str| format!("{name}   0.06  {ratio}   10  0.3\n");
        assert_eq!(look_different(&row("joined", "9.8x faster"), &row("joined", "the same")), None);
        assert!(
            look_different(&row("joined", "10x faster"), &row("apart", "10x faster")).is_some()
        );
        let items: String = (0..9).map(|n| format!("Read {n} pages\n")).collect();
        assert_eq!(look_different(one, &format!("{items}{one}")), None);
    }
}
