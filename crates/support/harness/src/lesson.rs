//! A lesson's declaration of itself.

use std::fmt;

use serde_json::{Value, json};

use crate::described::times;

/// A lesson, as declared by its own `main`. Its idea and its original come from its header.
#[derive(Clone, Debug)]
pub struct Lesson {
    /// Its package and program.
    pub name: &'static str,
    /// Its one idea: the first line of its header.
    pub idea: String,
    /// The Python original.
    pub mirrors: String,
    /// The model of concurrency.
    pub model: Model,
    /// How many items may be in progress at once.
    pub limit: Limit,
    /// The sections of its run, which are compared with each other; empty for a run without sections.
    pub sections: Vec<Section>,
    /// Its own defaults for options of its work: name and value.
    pub(crate) defaults: Vec<(&'static str, &'static str)>,
}

/// A section of a lesson's run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Section {
    /// The name: what differs from the other sections.
    pub name: &'static str,
    /// The kind of work whose items it does once each; `None`: all kinds of the lesson.
    pub kind: Option<&'static str>,
}

/// A model of concurrency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Model {
    /// None: one item after another.
    Sync,
    /// Threads of the operating system.
    Threads,
    /// Tasks on one thread.
    Async,
    /// Processes, each with one thread that works.
    Processes,
    /// A pool of threads that parallel iterators share.
    Rayon,
}

/// How many items a lesson has in progress at once, unless `--workers` says otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// Always one thread: there is no `--workers`.
    One,
    /// This many.
    Fixed(usize),
    /// One for each core that this process may use.
    PerCore,
    /// All of them.
    All,
    /// Always all of them, each on its own worker: there is no `--workers`.
    OneEach,
}

/// Declares the lesson of the package that contains the call: `lesson!(Threads)`, with its [`Model`].
#[macro_export]
macro_rules! lesson {
    ($model:ident) => {
        $crate::Lesson::new(
            env!("CARGO_PKG_NAME"),
            include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/main.rs")),
            $crate::Model::$model,
        )
    };
}

impl Lesson {
    /// A lesson with one item in progress at a time. See [`lesson!`].
    pub fn new(name: &'static str, source: &str, model: Model) -> Self {
        let (idea, mirrors) = header(source);
        let (sections, defaults) = Default::default();
        Self { name, idea, mirrors, model, limit: Limit::One, sections, defaults }
    }

    /// This many items in progress at once, unless `--workers` says otherwise.
    #[must_use]
    pub fn workers(self, many: usize) -> Self {
        Self { limit: Limit::Fixed(many), ..self }
    }

    /// One item in progress for each core, unless `--workers` says otherwise.
    #[must_use]
    pub fn worker_per_core(self) -> Self {
        Self { limit: Limit::PerCore, ..self }
    }

    /// All items in progress at once, unless `--workers` says otherwise.
    #[must_use]
    pub fn all_at_once(self) -> Self {
        Self { limit: Limit::All, ..self }
    }

    /// All items in progress at once, each on its own worker.
    #[must_use]
    pub fn worker_per_item(self) -> Self {
        Self { limit: Limit::OneEach, ..self }
    }

    /// Sections that each do all the work of the lesson.
    #[must_use]
    pub fn sections(mut self, names: &[&'static str]) -> Self {
        self.sections.extend(names.iter().map(|name| Section { name, kind: None }));
        self
    }

    /// Sections that each do the lesson's work of this kind.
    #[must_use]
    pub fn sections_of(mut self, kind: &'static str, names: &[&'static str]) -> Self {
        self.sections.extend(names.iter().map(|name| Section { name, kind: Some(kind) }));
        self
    }

    /// The lesson's own default for an option of its work.
    #[must_use]
    pub fn default(mut self, option: &'static str, value: &'static str) -> Self {
        self.defaults.push((option, value));
        self
    }

    /// Returns how many times the lesson does all its work of this kind.
    pub fn times(&self, kind: &str) -> usize {
        times(self.sections.iter().map(|section| section.kind), kind)
    }

    /// Whether the lesson has `--workers`.
    pub fn takes_workers(&self) -> bool {
        !matches!(self.limit, Limit::One | Limit::OneEach)
    }
}

/// The idea and the original of a lesson, from the header of its source.
pub fn header(source: &str) -> (String, String) {
    let lines = source.lines().map_while(|line| line.strip_prefix("//!"));
    let mut lines = lines.map(str::trim).fuse();
    let idea = lines.next().unwrap_or_default();
    let mirrors = lines.find_map(|line| line.strip_prefix("Mirrors: ")).unwrap_or_default();
    (idea.into(), mirrors.trim_end_matches('.').into())
}

impl Model {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::Sync, Self::Threads, Self::Async, Self::Processes, Self::Rayon];

    /// The name in `--json`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sync => "sync",
            Self::Threads => "threads",
            Self::Async => "async",
            Self::Processes => "processes",
            Self::Rayon => "rayon",
        }
    }

    /// The model of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|model| model.name() == name)
    }

    /// Who decides when to switch tasks.
    pub fn who_switches(self) -> &'static str {
        match self {
            Self::Sync => "nobody",
            Self::Threads | Self::Processes => "the system, any time",
            Self::Async => "the task, at await",
            Self::Rayon => "the system; work stealing",
        }
    }

    /// The noun for one of its workers.
    pub fn worker(self) -> &'static str {
        if self == Self::Processes { "process" } else { "thread" }
    }
}

impl Limit {
    /// The JSON in a lesson's description.
    pub fn to_json(self) -> Value {
        match self {
            Self::Fixed(workers) => json!(workers),
            other => json!(other.to_string()),
        }
    }

    /// Reads the output of [`to_json`](Self::to_json).
    pub fn from_json(value: &Value) -> Option<Self> {
        let fixed = value.as_u64().and_then(|workers| usize::try_from(workers).ok());
        let named = [Self::One, Self::PerCore, Self::All, Self::OneEach];
        let named = named.into_iter().find(|limit| value.as_str() == Some(&limit.to_string()));
        fixed.map(Self::Fixed).or(named)
    }
}

/// The words in `--help` after "default:".
impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::One => f.write_str("one"),
            Self::Fixed(workers) => write!(f, "{workers}"),
            Self::PerCore => f.write_str("one per core"),
            Self::All => f.write_str("all of them"),
            Self::OneEach => f.write_str("one each"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_says_what_a_lesson_is() {
        let source =
            "//! One idea.\n//!\n//! Mirrors: a `for` loop.\n//! Run: it\n\nfn main() {}\n";
        assert_eq!(header(source), ("One idea.".into(), "a `for` loop".into()));
        assert_eq!(header("fn main() {}\n//! Mirrors: no header.\n"), Default::default());
    }

    #[test]
    fn limits_there_and_back_again() {
        for limit in [Limit::One, Limit::Fixed(5), Limit::PerCore, Limit::All, Limit::OneEach] {
            assert_eq!(Limit::from_json(&limit.to_json()), Some(limit));
        }
        assert_eq!(Limit::from_json(&json!("many")), None);
    }
}
