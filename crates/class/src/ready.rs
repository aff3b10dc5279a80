//! Before class: is everything there?

use std::env;
use std::io::{self, Write};
use std::net::{IpAddr, Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use console::style;
use course::inner_cargo;

use crate::serve::addresses;

/// The port of the class's site, if `--port` says nothing else.
const PORT: u16 = 8000;

/// The result of a step: what it found, or what is missing and how to get it.
type Step = Result<String, String>;

/// Builds and tries everything that a class needs; says "ready", or what is missing.
pub(crate) fn ready() -> Result<(), String> {
    let root = course::root()?;
    let steps: [(&str, &dyn Fn() -> Step); 7] = [
        ("the lessons", &|| build(&root, &["--workspace", "--bins"])),
        ("their examples", &|| build(&root, &["--workspace", "--examples"])),
        ("the nine, without a network", &|| runs(&root)),
        ("the nine, for a debugger", &|| stepping(&root)),
        ("the book", &|| book(&root)),
        ("the port", &port),
        ("an address for the students", &address),
    ];
    let mut missing = Vec::new();
    for (what, step) in steps {
        let done = step();
        let (mark, said) = match &done {
            Ok(said) => (style("ok     ").green(), said),
            Err(said) => (style("missing").red(), said),
        };
        // It goes on, even if nobody reads it.
        let _ = writeln!(io::stdout(), "{mark}  {what}: {said}");
        missing.extend(done.err().map(|_| what));
    }
    if missing.is_empty() {
        let _ = writeln!(io::stdout(), "{}", style("Ready.").bold().green());
        return Ok(());
    }
    Err(format!("not ready: {}", missing.join(", ")))
}

fn cargo(root: &Path) -> Command {
    let mut cargo = inner_cargo(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    // What is tried here is no run of a student's.
    cargo.current_dir(root).env(classroom::VARIABLE, "").stdin(Stdio::null());
    cargo
}

fn build(root: &Path, what: &[&str]) -> Step {
    let status = cargo(root).args(["build", "--locked"]).args(what).status();
    match status.map_err(|error| format!("cargo does not start: {error}"))? {
        status if status.success() => Ok("built".into()),
        _ => Err("cargo could not build them; its words are above".into()),
    }
}

/// Runs each of the nine for a moment, with cargo's network off.
fn runs(root: &Path) -> Step {
    let programs = env::current_exe().map_err(|error| error.to_string())?;
    let programs = programs.parent().unwrap_or(root);
    let nine = course::find(root)?.into_iter().filter(|lesson| !lesson.is_further);
    let mut runs = 0;
    for lesson in nine {
        let lesson = lesson.describe(programs)?;
        let mut run = cargo(root);
        run.args(["run", "--quiet", "--offline", "--locked", "-p", lesson.name(), "--", "--quiet"]);
        for (option, value) in [("repeat", "1"), ("number", "20")] {
            if lesson.described.takes(option) {
                run.args([&format!("--{option}"), value]);
            }
        }
        let output = run.output().map_err(|error| format!("cargo does not start: {error}"))?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            let said = said.lines().last().unwrap_or_default();
            return Err(format!("{} does not run ({}): {said}", lesson.name(), output.status));
        }
        runs += 1;
    }
    Ok(format!("{runs} ran"))
}

/// Builds the nine as a debugger needs them, and puts the optimised programs back.
fn stepping(root: &Path) -> Step {
    let nine = course::find(root)?.into_iter().filter(|lesson| !lesson.is_further);
    let lessons: Vec<String> = nine.flat_map(|lesson| ["-p".into(), lesson.name]).collect();
    for subcommand in ["step", "build"] {
        let status = cargo(root).args([subcommand, "--locked"]).args(&lessons).status();
        if !status.map_err(|error| format!("cargo does not start: {error}"))?.success() {
            return Err(format!("`cargo {subcommand}` failed; its words are above"));
        }
    }
    Ok("`cargo step -p LESSON` builds one in seconds".into())
}

/// Builds the book, with the mdBook of this machine.
fn book(root: &Path) -> Step {
    let own = root.join("target/tools/bin/mdbook").with_extension(env::consts::EXE_EXTENSION);
    let mdbook = if own.exists() { own } else { PathBuf::from("mdbook") };
    let output = Command::new(mdbook).args(["build", "tutorial"]).current_dir(root).output();
    let output = output.map_err(|_| {
        String::from("`cargo install mdbook` brings the program that makes it; without it, read tutorial/src as Markdown")
    })?;
    if output.status.success() {
        return Ok("tutorial/book/index.html".into());
    }
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    Err(format!("mdbook failed: {}", said.lines().last().unwrap_or_default()))
}

fn port() -> Step {
    TcpListener::bind((Ipv4Addr::LOCALHOST, PORT))
        .and_then(|_| TcpListener::bind((Ipv4Addr::UNSPECIFIED, PORT)))
        .map(|_| format!("{PORT} is free"))
        .map_err(|error| {
            format!("{PORT} is not free ({error}): end the program that has it, or start the class with --port")
        })
}

fn address() -> Step {
    let addresses = addresses(IpAddr::from(Ipv4Addr::UNSPECIFIED));
    let first = addresses.first().ok_or(
        "this machine is in no network. Students can join without one: cargo run -p class -- join",
    )?;
    Ok(format!("cargo run -p class -- join {first}:{PORT}"))
}
