//! The lessons to compare: builds them, and asks each to describe itself.

use std::collections::BTreeSet;
use std::env;
use std::path::{Path, PathBuf};
use std::time::Duration;

use course::{Extra, Found, Lesson};
use harness::{Described, Model};

use crate::args::{Arguments, refuse};
use crate::process::{self, Program, Stop};
use crate::python::{self, Python};
use crate::results::Check;
use crate::sweep;

/// Where the lessons' programs are, and how they were built.
#[derive(Debug)]
pub(crate) struct Programs {
    folder: PathBuf,
    /// Cargo's name of the profile.
    pub(crate) profile: String,
}

/// The programs to compare, and their bases.
#[derive(Debug)]
pub(crate) struct Compared {
    pub(crate) programs: Programs,
    /// The lessons to run, in the order of the course.
    pub(crate) lessons: Vec<&'static Lesson>,
    /// Their originals, each with a Python.
    pub(crate) originals: Vec<(&'static Lesson, &'static Python)>,
    /// The base lesson for each kind of work. It need not be run.
    pub(crate) bases: Vec<&'static Lesson>,
    /// A failed check for each lesson that does not describe itself.
    pub(crate) silent: Vec<Check>,
}

/// Builds the lessons that the arguments ask for. If they cannot be compared, prints a sentence and ends the process
/// with status 2.
///
/// # Errors
/// When the lessons cannot be built, or Ctrl-C was pressed.
pub(crate) fn select(args: &Arguments, found: &'static [Found]) -> Result<Compared, String> {
    let programs = Programs::beside_this_program()?;
    let is_wanted = |lesson: &&Found| match args.only.as_slice() {
        [] => args.further || !lesson.is_further,
        only => only.contains(&lesson.name),
    };
    let (wanted, others): (Vec<&Found>, Vec<&Found>) = found.iter().partition(is_wanted);
    let mut silent = Vec::new();
    let mut lessons = programs.describe(&wanted, args.limit, &mut silent)?;
    let root = course::root()?;
    let extras = args.with.iter().map(|which| course::extra(&root, which));
    let extras = extras.collect::<Result<Vec<Extra>, _>>().unwrap_or_else(|why| refuse(why));
    if let Some(extra) =
        extras.iter().find(|it| found.iter().any(|lesson| lesson.name == it.found.name))
    {
        refuse(format!("{} is a lesson: --only names lessons", extra.found.name));
    }
    lessons.extend(programs.describe_extras(&extras, args.limit, &mut silent)?);
    let mut bases = bases(lessons.iter().copied());
    let mut silent_others = Vec::new();
    if lessons.iter().any(|lesson| is_alone(lesson, &bases)) {
        // The base of a lesson can only be one of the nine.
        let nine: Vec<&Found> = others.into_iter().filter(|lesson| !lesson.is_further).collect();
        bases.extend(programs.describe(&nine, args.limit, &mut silent_others)?);
        bases = self::bases(bases.into_iter());
    }
    let (alone, lessons): (Vec<&Lesson>, Vec<&Lesson>) =
        lessons.into_iter().partition(|lesson| is_alone(lesson, &bases));
    if let Some(lesson) = alone.first().filter(|_| !args.only.is_empty()) {
        // A lesson that does not describe itself may be the base.
        if let Some(check) = silent.iter().chain(&silent_others).next() {
            return Err(check.sentence.clone());
        }
        refuse(format!(
            "{} cannot be compared: it has no sections, and no sync lesson does {}",
            lesson.name(),
            timeline::plural(lesson.kind(), 2)
        ));
    }
    let can_sweep = lessons.iter().any(|lesson| sweep::can_sweep(lesson));
    if !args.sweep.is_empty() && !args.only.is_empty() && !can_sweep {
        refuse(
            "--sweep runs those of the nine's downloaders that have a limit, and --only names none of them"
                .into(),
        );
    }
    let found: Vec<&Found> = lessons.iter().map(|lesson| &lesson.found).collect();
    let originals = python::originals(&args.python, &found, args.limit, &mut silent);
    let originals = originals.map_err(|stop| match stop {
        Stop::Trouble(why) => why,
        Stop::Interrupted => interrupted(),
    })?;
    Ok(Compared { programs, lessons, originals, bases, silent })
}

/// Whether there is nothing to compare a lesson with.
fn is_alone(lesson: &Lesson, bases: &[&Lesson]) -> bool {
    !lesson.has_sections() && bases.iter().all(|base| base.kind() != lesson.kind())
}

/// The lesson of the nine that does each kind of work without concurrency.
fn bases(lessons: impl Iterator<Item = &'static Lesson>) -> Vec<&'static Lesson> {
    let is_base =
        |it: &&Lesson| it.model() == Model::Sync && !it.found.is_further && !it.has_sections();
    let mut bases: Vec<&Lesson> = lessons.filter(is_base).collect();
    bases.sort_by_key(|lesson| lesson.found.number);
    let mut kinds = BTreeSet::new();
    bases.retain(|lesson| kinds.insert(lesson.kind()));
    bases
}

impl Programs {
    /// Builds one program of the workspace, as `--with` names it, and asks it to describe itself.
    ///
    /// # Errors
    /// A sentence about the program.
    pub(crate) fn one(&self, extra: &Extra, limit: Duration) -> Result<&'static Lesson, String> {
        let mut silent = Vec::new();
        let lesson = self.describe_extras(std::slice::from_ref(extra), limit, &mut silent)?.pop();
        lesson.ok_or_else(|| silent.pop().map_or_else(String::new, |check| check.sentence))
    }

    /// The programs of lessons lie beside this one.
    pub(crate) fn beside_this_program() -> Result<Self, String> {
        let this = env::current_exe()
            .map_err(|error| format!("the folder of this program is not found: {error}"))?;
        let folder = this.parent().map(Path::to_path_buf).unwrap_or_default();
        let profile = match folder.file_name().and_then(|name| name.to_str()) {
            Some("debug") | None => "dev",
            Some(name) => name,
        };
        Ok(Self { profile: profile.into(), folder })
    }

    fn path(&self, lesson: &str) -> PathBuf {
        course::program(&self.folder, lesson)
    }

    /// The program and arguments for a lesson, or for its original with this Python.
    pub(crate) fn of(&self, lesson: &Lesson, python: Option<&Python>) -> Program {
        match (python, &lesson.found.original) {
            (Some(python), Some(script)) => python::program(python, script),
            _ => self.of_name(lesson.name()),
        }
    }

    fn of_name(&self, lesson: &str) -> Program {
        Program { path: self.path(lesson), first: Vec::new() }
    }

    /// Builds lessons, and asks them to describe themselves. A lesson that does not is left out, and the reason
    /// becomes a failed check.
    fn describe(
        &self,
        lessons: &[&Found],
        limit: Duration,
        silent: &mut Vec<Check>,
    ) -> Result<Vec<&'static Lesson>, String> {
        let packages = lessons.iter().flat_map(|it| ["--package", &it.name]);
        self.build(packages, lessons)?;
        self.describe_built(lessons, limit, silent)
    }

    /// Does the same for programs that are not lessons. Each is built by itself: where an example is named, cargo builds no
    /// other package's program.
    fn describe_extras(
        &self,
        extras: &[Extra],
        limit: Duration,
        silent: &mut Vec<Check>,
    ) -> Result<Vec<&'static Lesson>, String> {
        for extra in extras {
            self.build(extra.build.iter().map(String::as_str), &[&extra.found])?;
        }
        self.describe_built(
            &extras.iter().map(|extra| &extra.found).collect::<Vec<_>>(),
            limit,
            silent,
        )
    }

    fn describe_built(
        &self,
        lessons: &[&Found],
        limit: Duration,
        silent: &mut Vec<Check>,
    ) -> Result<Vec<&'static Lesson>, String> {
        let mut described: Vec<&Lesson> = Vec::new();
        for &found in lessons {
            let output = process::output(&self.of_name(&found.name), &["--describe"], limit);
            let lesson = output.and_then(|output| {
                let nonsense = |why| {
                    format!("its answer to --describe makes no sense: {why}; does it start as the lessons do?")
                };
                Ok(Described::read(&output.stdout).map_err(nonsense)?)
            });
            match lesson {
                // They live as long as the program.
                Ok(lesson) => described
                    .push(Box::leak(Box::new(Lesson { found: found.clone(), described: lesson }))),
                Err(Stop::Trouble(why)) => silent.push(Check {
                    passed: false,
                    sentence: format!("{} does not say what it is: {why}.", found.name),
                }),
                Err(Stop::Interrupted) => return Err(interrupted()),
            }
        }
        Ok(described)
    }

    /// Builds these with the profile of this program, if cargo started it.
    fn build<'a>(
        &self,
        which: impl Iterator<Item = &'a str>,
        lessons: &[&Found],
    ) -> Result<(), String> {
        // Cargo sets this variable for the programs that it starts.
        if let Some(cargo) = env::var_os("CARGO").filter(|_| !lessons.is_empty()) {
            let mut build = course::inner_cargo(cargo);
            build.args(["build", "--profile", &self.profile]).arg("--manifest-path");
            build.arg(course::root()?.join("Cargo.toml"));
            // In the target directory of this program, which may be anywhere.
            if let Some(target) = self.folder.parent() {
                build.arg("--target-dir").arg(target);
            }
            let status = build
                .args(which)
                .status()
                .map_err(|error| format!("cargo does not start: {error}"))?;
            if harness::interrupted() {
                return Err(interrupted());
            }
            if !status.success() {
                return Err("the lessons could not be built".into());
            }
        }
        match lessons.iter().find(|lesson| !self.path(&lesson.name).exists()) {
            Some(lesson) => Err(format!(
                "there is no {} beside this program: start it with `cargo run -p compare`, without --target",
                lesson.name
            )),
            None => Ok(()),
        }
    }
}

fn interrupted() -> String {
    "Ctrl-C was pressed while the lessons were built".into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{lesson, with_sections};

    #[test]
    fn the_base_of_a_kind_is_the_first_sync_lesson_of_the_nine() {
        let mut further = lesson("further", Model::Sync, "round").clone();
        further.found.is_further = true;
        let lessons = [
            with_sections(),
            lesson("threads", Model::Threads, "page"),
            lesson("first", Model::Sync, "page"),
            lesson("second", Model::Sync, "page"),
            Box::leak(Box::new(further)),
            lesson("other", Model::Sync, "call"),
        ];
        let names: Vec<&str> = bases(lessons.into_iter()).iter().map(|it| it.name()).collect();
        assert_eq!(names, ["first", "other"]);
    }
}
