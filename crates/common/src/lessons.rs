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
    /// The kind of work; where it does several, that which the others are for.
    pub work: Work,
    /// The parts of its run, one after another, which it compares with each other; none where the run is
    /// one.
    pub parts: &'static [Part],
    /// How many items may be in progress at once.
    pub workers: Workers,
    /// Options that no other lesson has.
    pub options: &'static [Extra],
    /// Its own defaults for options that others have too: name and value.
    pub defaults: &'static [(&'static str, &'static str)],
    /// What its article measured for the Python original, in seconds; of the race and the further lessons
    /// nothing is known that could be compared.
    pub article_seconds: Option<f64>,
    /// Whether it goes beyond the nine.
    pub is_further: bool,
}

/// A part of a lesson's run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// What is different in it.
    pub name: &'static str,
    /// What it does, each once as often as the arguments say.
    pub works: &'static [Work],
}

impl Part {
    /// What one of its items is: `item` where there are several kinds.
    pub fn item(&self) -> &'static str {
        if let [work] = self.works { work.item() } else { "item" }
    }
}

/// An option of one lesson alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extra {
    /// `--name`
    pub name: &'static str,
    /// What stands behind it.
    pub takes: Takes,
    /// What it does, in the words of `--help`.
    pub help: &'static str,
}

/// What stands behind an option.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Takes {
    /// Nothing: it is a switch.
    Nothing,
    /// A whole number, from `least` to `most`.
    Number {
        /// What it is, in capitals: `MS`, `BYTES`.
        value: &'static str,
        /// Where it is not given.
        default: &'static str,
        /// The smallest that is taken,
        least: u64,
        /// and the largest.
        most: u64,
    },
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
    /// Pictures to be resized: CPU-bound, with files.
    Pictures,
}

impl Work {
    /// What one of its items is.
    pub fn item(self) -> &'static str {
        match self {
            Self::Downloads => "page",
            Self::Calls => "call",
            Self::Rounds => "round",
            Self::Pictures => "picture",
        }
    }
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
    /// All of them, always, each on a worker of its own: there is no `--workers`.
    OneEach,
}

/// What most lessons have in common.
const PLAIN: Lesson = Lesson {
    name: "",
    idea: "",
    mirrors: "",
    model: Model::Sync,
    work: Work::Downloads,
    parts: &[],
    workers: Workers::One,
    options: &[],
    defaults: &[],
    article_seconds: None,
    is_further: false,
};

/// What most of the further ones have in common.
const FURTHER: Lesson = Lesson { is_further: true, ..PLAIN };

/// All lessons, in the order of the course: the nine, and those that go further. The seconds are those of "Speed Up Your Python Program With
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
        ..PLAIN
    },
    Lesson {
        name: "threaded_downloader",
        idea: "Five threads share one queue of pages: while one waits, the others go on.",
        mirrors: "`ThreadPoolExecutor(max_workers=5)`, a session in `threading.local()`",
        model: Model::Threads,
        work: Work::Downloads,
        workers: Workers::Fixed(5),
        article_seconds: Some(3.7),
        ..PLAIN
    },
    Lesson {
        name: "async_downloader",
        idea: "A task for each page, all on one thread: each gives way wherever it awaits.",
        mirrors: "`asyncio.gather` and one `aiohttp.ClientSession`",
        model: Model::Async,
        work: Work::Downloads,
        workers: Workers::All,
        article_seconds: Some(2.6),
        ..PLAIN
    },
    Lesson {
        name: "process_downloader",
        idea: "Worker processes download the pages: the heavy tool does not pay for waiting.",
        mirrors: "`ProcessPoolExecutor(initializer=...)`, a session for each process",
        model: Model::Processes,
        work: Work::Downloads,
        workers: Workers::PerCore,
        article_seconds: Some(5.7),
        ..PLAIN
    },
    Lesson {
        name: "sync_cpu",
        idea: "One call after another: one core computes, the others have nothing to do.",
        mirrors: "a `for` loop over `fib(35)`",
        model: Model::Sync,
        work: Work::Calls,
        workers: Workers::One,
        article_seconds: Some(35.0),
        ..PLAIN
    },
    Lesson {
        name: "threaded_cpu",
        idea: "Threads share the calls and use every core: Rust has no GIL.",
        mirrors: "`ThreadPoolExecutor`, which made Python slower than its `for` loop",
        model: Model::Threads,
        work: Work::Calls,
        workers: Workers::PerCore,
        article_seconds: Some(40.0),
        ..PLAIN
    },
    Lesson {
        name: "async_cpu",
        idea: "Async gives nothing to work that never waits: one core still, and every await costs.",
        mirrors: "`async def fib`, every call awaited",
        model: Model::Async,
        work: Work::Calls,
        workers: Workers::One,
        article_seconds: Some(86.0),
        ..PLAIN
    },
    Lesson {
        name: "parallel_cpu",
        idea: "The loop becomes a parallel iterator, and the rest stays.",
        mirrors: "`ProcessPoolExecutor`, Python's way around the GIL",
        model: Model::Rayon,
        work: Work::Calls,
        workers: Workers::PerCore,
        article_seconds: Some(10.0),
        ..PLAIN
    },
    Lesson {
        name: "race_counter",
        idea: "An update lost between a read and a write, and three ways to keep it.",
        mirrors: "5,000 workers that add 1 a hundred times to one unprotected global",
        model: Model::Threads,
        work: Work::Rounds,
        workers: Workers::One,
        ..PLAIN
    },
    Lesson {
        name: "thread_per_page",
        idea: "A thread for every page, joined by hand: no pool, no queue, and no limit.",
        mirrors: "a `threading.Thread` started for every URL, and `join()` on each",
        model: Model::Threads,
        workers: Workers::OneEach,
        options: &[Extra {
            name: "panic",
            takes: Takes::Number { value: "N", default: "0", least: 0, most: 10_000 },
            help: "Has the thread of the Nth page panic",
        }],
        ..FURTHER
    },
    Lesson {
        name: "work_queue",
        idea: "A queue with room for two pages: who fills it waits for those who empty it.",
        mirrors: "`queue.Queue`, a lock, four workers, and a sentinel that ends them",
        model: Model::Threads,
        workers: Workers::Fixed(4),
        options: &[Extra {
            name: "hold-the-lock",
            takes: Takes::Nothing,
            help: "Wrong on purpose: a worker keeps the queue locked while it downloads",
        }],
        defaults: &[("repeat", "10")],
        ..FURTHER
    },
    Lesson {
        name: "sequential_await",
        idea: "Async alone makes nothing concurrent: pages awaited one by one, then joined.",
        mirrors: "two awaits in a row against one `asyncio.gather`",
        model: Model::Async,
        parts: &[
            Part { name: "one by one", works: &[Work::Downloads] },
            Part { name: "joined", works: &[Work::Downloads] },
        ],
        defaults: &[("repeat", "5")],
        ..FURTHER
    },
    Lesson {
        name: "blocking_async",
        idea: "One call that blocks stops all tasks: the event loop cannot take the thread away.",
        mirrors: "`time.sleep` in a coroutine, mended with `loop.run_in_executor`",
        model: Model::Async,
        parts: &[
            Part { name: "one task blocks", works: &[Work::Downloads] },
            Part { name: "every task blocks", works: &[Work::Downloads] },
            Part { name: "spawn_blocking", works: &[Work::Downloads] },
        ],
        options: &[
            Extra {
                name: "block",
                takes: Takes::Number { value: "MS", default: "100", least: 1, most: 10_000 },
                help: "How long a task blocks, in milliseconds",
            },
            Extra {
                name: "compute",
                takes: Takes::Nothing,
                help: "Block by computing instead of sleeping",
            },
        ],
        defaults: &[("repeat", "2")],
        ..FURTHER
    },
    Lesson {
        name: "process_cpu",
        idea: "Worker processes compute: as fast as threads, but dear to start and to talk to.",
        mirrors: "`ProcessPoolExecutor`, as it was meant to be used",
        model: Model::Processes,
        work: Work::Calls,
        workers: Workers::PerCore,
        options: &[
            Extra {
                name: "payload",
                takes: Takes::Number { value: "BYTES", default: "0", least: 0, most: 100_000_000 },
                help: "Send so many bytes to the worker with each call",
            },
            Extra {
                name: "pin",
                takes: Takes::Nothing,
                help: "Bind each worker to a core of its own",
            },
        ],
        ..FURTHER
    },
    Lesson {
        name: "gil_cpu",
        idea: "Why threads slow Python down: a global lock, acted out.",
        mirrors: "CPython's GIL, handed on after 5 ms to a thread that asks for it",
        model: Model::Threads,
        work: Work::Calls,
        parts: &[
            Part { name: "one thread", works: &[Work::Calls] },
            Part { name: "threads with a GIL", works: &[Work::Calls] },
            Part { name: "threads without", works: &[Work::Calls] },
        ],
        workers: Workers::Fixed(20),
        options: &[Extra {
            name: "interval",
            takes: Takes::Number {
                value: "MICROSECONDS",
                default: "5000",
                least: 10,
                most: 1_000_000,
            },
            help: "How long a thread waits for the GIL before it asks for it",
        }],
        ..FURTHER
    },
    Lesson {
        name: "image_resizer",
        idea: "Real work for all cores: pictures are decoded, resized, and written.",
        mirrors: "a process pool over Pillow",
        model: Model::Rayon,
        work: Work::Pictures,
        parts: &[
            Part { name: "a for loop", works: &[Work::Pictures] },
            Part { name: "a parallel iterator", works: &[Work::Pictures] },
        ],
        workers: Workers::PerCore,
        ..FURTHER
    },
    Lesson {
        name: "mixed_pipeline",
        idea: "Pages are computed with while others are on their way: async waits, rayon works.",
        mirrors: "an event loop that hands work to a `ProcessPoolExecutor`",
        model: Model::Async,
        parts: &[
            Part { name: "stage after stage", works: &[Work::Downloads, Work::Calls] },
            Part { name: "pipeline", works: &[Work::Downloads, Work::Calls] },
        ],
        workers: Workers::Fixed(5),
        defaults: &[("repeat", "20")],
        ..FURTHER
    },
    Lesson {
        name: "measure_first",
        idea: "Before concurrency: a better algorithm and a reused connection beat more workers.",
        mirrors: "`functools.lru_cache`, and one `requests.Session` for all pages",
        parts: &[
            Part { name: "naive, one core", works: &[Work::Calls] },
            Part { name: "naive, all cores", works: &[Work::Calls] },
            Part { name: "memoised, one core", works: &[Work::Calls] },
            Part { name: "iterative, one core", works: &[Work::Calls] },
            Part { name: "a connection each", works: &[Work::Downloads] },
            Part { name: "one session", works: &[Work::Downloads] },
        ],
        defaults: &[("repeat", "5"), ("connecting", "100")],
        ..FURTHER
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

    /// Whether it does this kind of work, in any of its parts.
    pub fn does(&self, work: Work) -> bool {
        self.times(work) > 0
    }

    /// Whether its items compute and can wait for nothing but a core: not for a process that starts or a lock.
    pub fn only_computes(&self) -> bool {
        self.work == Work::Calls && self.model != Model::Processes && self.parts.is_empty()
    }

    /// How often it does all the work of this kind: once, or in each of some parts.
    pub fn times(&self, work: Work) -> usize {
        if self.parts.is_empty() {
            usize::from(self.work == work)
        } else {
            self.parts.iter().filter(|part| part.works.contains(&work)).count()
        }
    }

    /// Whether each of its pages is computed with: then there are as many calls as pages.
    pub fn calls_for_each_page(&self) -> bool {
        let both =
            |part: &Part| [Work::Downloads, Work::Calls].iter().all(|it| part.works.contains(it));
        self.parts.iter().any(both)
    }

    /// What one of its items is: `item` where there are several kinds.
    pub fn item(&self) -> &'static str {
        let does_more =
            self.parts.iter().flat_map(|part| part.works).any(|work| *work != self.work);
        if does_more { "item" } else { self.work.item() }
    }

    /// What it knows of its part of that name; a name that is not in the list is a mistake in the program.
    pub(crate) fn part(&self, name: &str) -> &'static Part {
        let part = self.parts.iter().find(|part| part.name == name);
        part.unwrap_or_else(|| panic!("'{name}' is missing from the parts of {}", self.name))
    }

    /// Whether its lines name the worker, as the article's process pool does.
    pub(crate) fn lines_name_the_worker(&self) -> bool {
        self.model == Model::Processes
    }
}
