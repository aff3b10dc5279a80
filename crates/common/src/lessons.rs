//! The one list of lessons, from which arguments and lines are made and docs and tests are checked.

/// What a lesson is, apart from its code.
#[derive(Debug)]
pub struct Lesson {
    /// Its crate and program.
    pub name: &'static str,
    /// Its one idea: the first line of its header and of its `--help`.
    pub idea: &'static str,
    /// The Python original.
    pub mirrors: &'static str,
    /// The model of concurrency.
    pub model: Model,
    /// The kind of work.
    pub work: Work,
    /// How many items may be in progress at once.
    pub workers: Workers,
    /// What its article measured for the Python original, in seconds; the race was not timed.
    pub article_seconds: Option<f64>,
}

/// A model of concurrency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Model {
    /// None: one thing after another.
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

impl Model {
    /// As `--json` names it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sync => "sync",
            Self::Threads => "threads",
            Self::Async => "async",
            Self::Processes => "processes",
            Self::Rayon => "rayon",
        }
    }

    /// Who decides when another train of thought has its turn.
    pub fn who_switches(self) -> &'static str {
        match self {
            Self::Sync => "nobody",
            Self::Threads | Self::Processes => "the system, any time",
            Self::Async => "the task, at await",
            Self::Rayon => "the system; work stealing",
        }
    }

    /// What one of its workers is.
    pub fn worker(self) -> &'static str {
        if self == Self::Processes { "process" } else { "thread" }
    }
}

/// The kind of work of a lesson.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Work {
    /// Pages of web sites: I/O-bound.
    Downloads,
    /// Calls of `fib`: CPU-bound.
    Calls,
    /// Rounds of counting, each in another way.
    Rounds,
}

/// How many items a lesson has in progress at once, unless `--workers` says otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Workers {
    /// One, always: there is no `--workers`.
    One,
    /// This many, as in the article.
    Fixed(usize),
    /// One for each core that this process may use.
    PerCore,
    /// All of them.
    All,
}

/// All lessons, in the order of the course. The seconds are those of "Speed Up Your Python Program With
/// Concurrency" (Real Python), in its later version for the CPU lessons: four cores, `fib(35)` 20 times.
pub const LESSONS: &[Lesson] = &[
    Lesson {
        name: "sync_downloader",
        idea: "One page after another: a single train of thought, and all its waiting in a row.",
        mirrors: "one `requests.Session` and a `for` loop",
        model: Model::Sync,
        work: Work::Downloads,
        workers: Workers::One,
        article_seconds: Some(14.3),
    },
    Lesson {
        name: "threaded_downloader",
        idea: "Five threads share one queue of pages: while one waits, the others go on.",
        mirrors: "`ThreadPoolExecutor(max_workers=5)`, a session in `threading.local()`",
        model: Model::Threads,
        work: Work::Downloads,
        workers: Workers::Fixed(5),
        article_seconds: Some(3.7),
    },
    Lesson {
        name: "async_downloader",
        idea: "A task for each page, all on one thread: each gives way wherever it awaits.",
        mirrors: "`asyncio.gather` and one `aiohttp.ClientSession`",
        model: Model::Async,
        work: Work::Downloads,
        workers: Workers::All,
        article_seconds: Some(2.6),
    },
    Lesson {
        name: "process_downloader",
        idea: "Worker processes download the pages: the heavy tool does not pay for waiting.",
        mirrors: "`ProcessPoolExecutor(initializer=...)`, a session for each process",
        model: Model::Processes,
        work: Work::Downloads,
        workers: Workers::PerCore,
        article_seconds: Some(5.7),
    },
    Lesson {
        name: "sync_cpu",
        idea: "One call after another: one core computes, the others have nothing to do.",
        mirrors: "a `for` loop over `fib(35)`",
        model: Model::Sync,
        work: Work::Calls,
        workers: Workers::One,
        article_seconds: Some(35.0),
    },
    Lesson {
        name: "threaded_cpu",
        idea: "Threads share the calls and use every core: Rust has no GIL.",
        mirrors: "`ThreadPoolExecutor`, which made Python slower than its `for` loop",
        model: Model::Threads,
        work: Work::Calls,
        workers: Workers::PerCore,
        article_seconds: Some(40.0),
    },
    Lesson {
        name: "async_cpu",
        idea: "Async gives nothing to work that never waits: one core still, and every await costs.",
        mirrors: "`async def fib`, every call awaited",
        model: Model::Async,
        work: Work::Calls,
        workers: Workers::One,
        article_seconds: Some(86.0),
    },
    Lesson {
        name: "parallel_cpu",
        idea: "The loop becomes a parallel iterator, and the rest stays.",
        mirrors: "`ProcessPoolExecutor`, Python's way around the GIL",
        model: Model::Rayon,
        work: Work::Calls,
        workers: Workers::PerCore,
        article_seconds: Some(10.0),
    },
    Lesson {
        name: "race_counter",
        idea: "An update lost between a read and a write, and three ways to keep it.",
        mirrors: "5,000 workers that add 1 a hundred times to one unprotected global",
        model: Model::Threads,
        work: Work::Rounds,
        workers: Workers::One,
        article_seconds: None,
    },
];

impl Lesson {
    /// The lesson of that name; a name that is not in [`LESSONS`] is a mistake in the program.
    pub(crate) fn named(name: &str) -> &'static Lesson {
        LESSONS
            .iter()
            .find(|lesson| lesson.name == name)
            .unwrap_or_else(|| panic!("'{name}' is missing from the list of lessons"))
    }

    /// What one of its items is.
    pub fn item(&self) -> &'static str {
        match self.work {
            Work::Downloads => "page",
            Work::Calls => "call",
            Work::Rounds => "round",
        }
    }

    /// Whether its lines name the worker, as the article's process pool does.
    pub(crate) fn lines_name_the_worker(&self) -> bool {
        self.model == Model::Processes
    }
}
