//! The Python originals of the lessons, each run with one or several Pythons.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use course::{Found, Lesson};
use harness::Described;

use crate::process::{self, Program, Stop};
use crate::results::Check;

/// The script that asks a Python for its version. `sys._is_gil_enabled` exists since 3.13 (<https://docs.python.org/3/library/sys.html>).
const QUESTION: &str = "import json, platform, sys; print(json.dumps([platform.python_version(), \
                        list(sys.version_info[:2]), getattr(sys, '_is_gil_enabled', lambda: True)()]))";
/// The oldest Python that runs the originals: the first in which asyncio has task groups.
const OLDEST: [u64; 2] = [3, 11];

/// A Python: its name, and its answers.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Python {
    /// The program: `python3`, or a path.
    pub(crate) program: PathBuf,
    /// `3.14.2`
    pub(crate) version: String,
    /// Whether the global interpreter lock is on, so that its threads take turns.
    pub(crate) has_gil: bool,
}

/// As tables name it: `Python 3.14.2 (GIL)`, `Python 3.14.2 (no GIL)`.
impl fmt::Display for Python {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let gil = if self.has_gil { "GIL" } else { "no GIL" };
        write!(f, "Python {} ({gil})", self.version)
    }
}

impl Python {
    /// Asks the Python of this name for its version.
    ///
    /// # Errors
    /// A sentence that says why it cannot run the originals and what helps; or Ctrl-C.
    fn ask(name: &str, limit: Duration) -> Result<Self, Stop> {
        let program = Program { path: name.into(), first: Vec::new() };
        let answer = process::output(&program, &["-c", QUESTION], limit);
        let answer = answer.map_err(|stop| match stop {
            Stop::Trouble(why) => Stop::Trouble(format!(
                "{name} is not a Python that can be run ({why}): install Python 3.11 or newer, or name another with \
                 --python PROGRAM"
            )),
            Stop::Interrupted => Stop::Interrupted,
        })?;
        Self::from_answer(name, &answer.stdout).map_err(Stop::Trouble)
    }

    fn from_answer(name: &str, answer: &str) -> Result<Self, String> {
        let nonsense = || format!("{name} is not a Python: it answered {:?}", answer.trim());
        let answer: (String, [u64; 2], bool) =
            serde_json::from_str(answer).map_err(|_| nonsense())?;
        let (version, release, has_gil) = answer;
        if release < OLDEST {
            return Err(format!(
                "{name} is Python {version}, and the originals need 3.11 or newer: name another with --python \
                 PROGRAM"
            ));
        }
        Ok(Self { program: name.into(), version, has_gil })
    }
}

/// The originals of these lessons with each of these Pythons, described by themselves. An original that does not
/// describe itself is left out, and the reason becomes a failed check.
///
/// # Errors
/// Ctrl-C.
pub(crate) fn originals(
    pythons: &[String],
    lessons: &[&Found],
    limit: Duration,
    silent: &mut Vec<Check>,
) -> Result<Vec<(&'static Lesson, &'static Python)>, Stop> {
    let mut fails = |sentence| silent.push(Check { passed: false, sentence });
    let mut originals = Vec::new();
    for name in pythons {
        let python = match Python::ask(name, limit) {
            // They live as long as the program.
            Ok(python) => &*Box::leak(Box::new(python)),
            Err(Stop::Trouble(why)) => {
                fails(format!("{why}."));
                continue;
            }
            Err(Stop::Interrupted) => return Err(Stop::Interrupted),
        };
        // Several originals may lack the same package: one sentence is enough.
        let mut said = Vec::new();
        for &found in lessons {
            let Some(script) = &found.original else { continue };
            let described = process::output(&program(python, script), &["--describe"], limit)
                .and_then(|it| Described::read(&it.stdout).map_err(Stop::Trouble));
            match described {
                Ok(described) => {
                    let lesson = Lesson { found: found.clone(), described };
                    originals.push((&*Box::leak(Box::new(lesson)), python));
                }
                Err(Stop::Trouble(why)) if said.contains(&why) => {}
                Err(Stop::Trouble(why)) => {
                    fails(format!(
                        "The original of {} does not run with {python}: {why}.",
                        found.name
                    ));
                    said.push(why);
                }
                Err(Stop::Interrupted) => return Err(Stop::Interrupted),
            }
        }
    }
    Ok(originals)
}

/// The program and arguments that run an original.
pub(crate) fn program(python: &Python, script: &Path) -> Program {
    Program { path: python.program.clone(), first: vec![script.display().to_string()] }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_python_says_what_it_is() {
        let python = |answer| Python::from_answer("python3", answer);
        let usual = python("[\"3.11.7\", [3, 11], true]\n").expect("it is one");
        assert_eq!(usual.to_string(), "Python 3.11.7 (GIL)");
        let free = python("[\"3.14.2\", [3, 14], false]").expect("it is one");
        assert_eq!(free.to_string(), "Python 3.14.2 (no GIL)");
        let why = python("[\"3.9.2\", [3, 9], true]").expect_err("it is too old");
        assert!(why.starts_with("python3 is Python 3.9.2, and the originals need 3.11"), "{why}");
        let why = python("hello").expect_err("it is none");
        assert_eq!(why, "python3 is not a Python: it answered \"hello\"");
    }
}
