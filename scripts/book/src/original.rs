//! The Python originals, which run if there is a Python for them.

use std::fs;
use std::io::{self, BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use course::Found;
use harness::Described;
use harness::report::Report;

use crate::command::{programs, shortened};
use crate::root;

/// The contents of a mark: a run of a lesson's original, and its diagram.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Original {
    /// The file of the diagram, relative to the page.
    pub file: String,
    /// The lesson.
    pub lesson: String,
    /// The original's arguments, without the site.
    pub arguments: Vec<String>,
}

/// A practice site that runs until this is dropped.
struct Site {
    child: Child,
    url: String,
}

impl Site {
    fn start() -> io::Result<Self> {
        let program = course::program(&programs()?, "practice_site");
        let mut child =
            Command::new(program).args(["--port", "0"]).stdout(Stdio::piped()).spawn()?;
        let mut line = String::new();
        if let Some(stdout) = child.stdout.take() {
            BufReader::new(stdout).read_line(&mut line)?;
        }
        let url = line.split_whitespace().find(|word| word.starts_with("http://"));
        let url = url.unwrap_or_default().into();
        Ok(Self { child, url })
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Original {
    /// Its lesson.
    pub(crate) fn found(&self) -> io::Result<Found> {
        let lessons = course::find(&root()).map_err(io::Error::other)?;
        let found = lessons.into_iter().find(|lesson| lesson.name == self.lesson);
        found.ok_or_else(|| io::Error::other(format!("there is no lesson {}", self.lesson)))
    }

    /// Runs it; returns its output, as a reader sees it. `None` if no Python runs the originals.
    ///
    /// # Errors
    /// When it cannot be run.
    pub fn output(&self) -> io::Result<Option<String>> {
        let Some(output) = self.run(&[])? else { return Ok(None) };
        Ok(Some(shortened(&output)))
    }

    /// Draws a run of it.
    ///
    /// # Errors
    /// When it cannot be run, or reports nothing.
    pub(crate) fn draw(&self, file: &Path) -> io::Result<()> {
        let Some(json) = self.run(&["--json"])? else { return Ok(()) };
        let report = Report::from_json(&json);
        let report =
            report.map_err(|why| io::Error::other(format!("{} in Python: {why}", self.lesson)))?;
        let mut timeline = report.timeline();
        timeline.title = format!("{}, in Python", self.lesson);
        fs::write(file, timeline.svg())
    }

    fn run(&self, more: &[&str]) -> io::Result<Option<String>> {
        let (Some(python), Some(script)) = (course::python(&root()), self.found()?.original) else {
            return Ok(None);
        };
        let described = Command::new(&python).arg(&script).arg("--describe").output()?;
        let described = Described::read(&String::from_utf8_lossy(&described.stdout));
        let takes_a_site = described.map_err(io::Error::other)?.takes("site");
        let site = takes_a_site.then(Site::start).transpose()?;
        let mut command = Command::new(python);
        command.arg(script).args(&self.arguments).args(more).env("PYTHONIOENCODING", "utf-8");
        command.args(site.iter().flat_map(|site| ["--site", &site.url]));
        let output = command.stdin(Stdio::null()).stderr(Stdio::inherit()).output()?;
        Ok(Some(String::from_utf8_lossy(&output.stdout).replace('\r', "")))
    }
}
