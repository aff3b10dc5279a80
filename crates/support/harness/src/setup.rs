//! From the arguments to a run. Wrong arguments are reported on stderr, with status 2, before anything starts.

use std::any::Any;
use std::env;
use std::ffi::OsString;
use std::io::{self, Write};
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::process;
use std::sync::Arc;
use std::time::Duration;

use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, Command};
use common::Run;
use console::style;
use serde_json::Value;
use timeline::Timeline;

use crate::help::with_help_that_fits;
use crate::observe::ENDS_WITH_INPUT;
use crate::options::{MOST_ITEMS, MOST_WORKERS, in_seconds, new_file, numeric};
use crate::{Described, Drawing, Kind, Lesson, Limit, cores, interrupt, observe};

/// The work of a lesson: its options and its items.
pub trait Work {
    /// The type that the lesson receives.
    type Items: Send + Sync + 'static;

    /// Called before anything else. A process that this program started in another role takes that role here, and
    /// never returns.
    fn enter(&self) {}

    /// The kinds of its items, by their nouns; the first is the lesson's main one.
    fn kinds(&self) -> Vec<&'static str> {
        Vec::new()
    }

    /// The words for what `--workers` limits; "at once" follows them.
    fn limited(&self) -> &'static str {
        "items may be in progress"
    }

    /// Its options.
    fn options(&self, lesson: &Lesson) -> Vec<Arg>;

    /// Prepares the items, and declares their kind and number ([`Setup::add`]).
    fn prepare(self, setup: &mut Setup) -> Self::Items;
}

/// A parsed command line, and the run that is prepared from it.
pub struct Setup {
    /// The lesson.
    pub lesson: Lesson,
    command: Command,
    matches: ArgMatches,
    pub(crate) prepared: Prepared,
}

/// What a work prepares for its run.
#[derive(Default)]
pub(crate) struct Prepared {
    /// Each kind of work and its number of items; every section that does the kind does them all again.
    pub(crate) kinds: Vec<(Kind, usize)>,
    /// The most items in progress at once, even if `--workers` is larger; `None` for all items.
    most_at_once: Option<usize>,
    /// How long an item that does not compute may take.
    pub(crate) longest: Option<Duration>,
    pub(crate) drawing: Option<Arc<dyn Drawing>>,
    pub(crate) draws_itself: bool,
    catches_ctrl_c: bool,
    /// Values to drop at the end of the run: a practice site, a folder.
    pub(crate) kept: Vec<Box<dyn Any + Send>>,
    /// Remarks about the finished run.
    pub(crate) remarks: Vec<Remark>,
    /// Tables of the finished run, each with its name in the report.
    pub(crate) tables: Vec<(&'static str, MakeTable)>,
    /// Writes files after the last line; an error is a sentence.
    pub(crate) files: Vec<Box<dyn FnOnce() -> Result<(), String> + Send>>,
}

/// Returns a sentence or nothing.
type Remark = Box<dyn FnOnce(&Timeline) -> Option<String> + Send>;

/// Returns a work's own table: its value in the report, and its rows of cells for people.
type MakeTable = Box<dyn FnOnce() -> (Value, Vec<Vec<String>>) + Send>;

impl Lesson {
    /// Reads the arguments, prepares the work, and starts the clock; returns the run and the items.
    ///
    /// If the arguments are wrong (status 2) or the work cannot be prepared (status 1), prints a sentence and ends the
    /// process.
    pub fn start<W: Work>(self, work: W) -> (&'static Run, &'static W::Items) {
        work.enter();
        observe::catch_panics();
        let declared = Declared::by(&self, &work);
        let mut setup = Setup::of_this_process(self, declared);
        let items = Box::leak(Box::new(work.prepare(&mut setup)));
        (observe::start(setup), items)
    }
}

/// A work's part of the command line. The code from here on is not generic, so it is compiled once and not again in
/// each lesson.
struct Declared {
    kinds: Vec<&'static str>,
    limited: &'static str,
    options: Vec<Arg>,
}

impl Declared {
    fn by(lesson: &Lesson, work: &impl Work) -> Self {
        Self { kinds: work.kinds(), limited: work.limited(), options: work.options(lesson) }
    }
}

/// The hidden option that makes a lesson describe itself, for programs that look for lessons.
const DESCRIBE: &str = "describe";

fn command(lesson: &Lesson, declared: Declared) -> Command {
    let mut command = Command::new(lesson.name)
        .about(format!("{}\n\nMirrors {}.", lesson.idea, lesson.mirrors))
        .args([
            Arg::new("quiet")
                .long("quiet")
                .action(ArgAction::SetTrue)
                .help("Print only the summary"),
            Arg::new("json")
                .long("json")
                .action(ArgAction::SetTrue)
                .help("Print one JSON object and nothing else on stdout"),
            Arg::new("timeline")
                .long("timeline")
                .value_name("FILE")
                .value_parser(new_file(&["svg", "json"]))
                .help("Write the timing diagram: FILE.svg is a picture, FILE.json a trace for Perfetto"),
            in_seconds("guess").help("Your guess: how long it takes. The last line compares"),
        ])
        .args(
            [DESCRIBE, ENDS_WITH_INPUT]
                .map(|name| Arg::new(name).long(name).action(ArgAction::SetTrue).hide(true)),
        )
        .args(declared.options);
    for &(name, default) in &lesson.defaults {
        command = command.mut_arg(name, |arg| arg.default_value(default));
    }
    if lesson.takes_workers() {
        let most = if lesson.limit == Limit::All { MOST_ITEMS } else { MOST_WORKERS };
        let help = format!("How many {} at once [default: {}]", declared.limited, lesson.limit);
        command = command.arg(numeric("workers", "N", 1..=most).help(help));
    }
    with_help_that_fits(command)
}

impl Setup {
    /// Reads arguments; the first is the name of the program.
    ///
    /// # Errors
    /// If they are wrong or ask for help, the text to print.
    pub fn read(
        lesson: Lesson,
        work: &impl Work,
        arguments: impl IntoIterator<Item = impl Into<OsString>>,
    ) -> Result<Self, clap::Error> {
        let declared = Declared::by(&lesson, work);
        let arguments = arguments.into_iter().map(Into::into).collect();
        Self::read_declared(lesson, declared, arguments)
    }

    /// Reads the arguments of this process. Ends it if they are wrong, or ask for help or for a description.
    fn of_this_process(lesson: Lesson, declared: Declared) -> Self {
        let kinds = declared.kinds.clone();
        let setup = Self::read_declared(lesson, declared, env::args_os().collect());
        let setup = setup.unwrap_or_else(|error| error.exit());
        if setup.flag(DESCRIBE) {
            let _ = writeln!(
                io::stdout(),
                "{}",
                Described::write(&setup.lesson, &kinds, &setup.command)
            );
            process::exit(0);
        }
        setup
    }

    fn read_declared(
        lesson: Lesson,
        declared: Declared,
        arguments: Vec<OsString>,
    ) -> Result<Self, clap::Error> {
        let mut command = command(&lesson, declared);
        let matches = command.try_get_matches_from_mut(arguments)?;
        Ok(Self { lesson, command, matches, prepared: Prepared::default() })
    }

    /// Whether a switch was given.
    pub fn flag(&self, name: &str) -> bool {
        self.matches.get_flag(name)
    }

    /// Returns the value of an option that has a default.
    ///
    /// # Panics
    /// When the option has no default, or a value of another type.
    pub fn value<T: Clone + Send + Sync + 'static>(&self, name: &str) -> T {
        self.optional(name).expect("the option has a default")
    }

    /// Returns the value of an option, if there is one.
    pub fn optional<T: Clone + Send + Sync + 'static>(&self, name: &str) -> Option<T> {
        self.matches.get_one(name).cloned()
    }

    /// Returns the values of an option that takes several, if it was given.
    pub fn all<T: Clone + Send + Sync + 'static>(&self, name: &str) -> Option<Vec<T>> {
        self.matches.get_many(name).map(|values| values.cloned().collect())
    }

    /// Prints a sentence about arguments that do not fit together, and ends the process with status 2.
    pub fn refuse(&mut self, sentence: String) -> ! {
        self.command.error(ErrorKind::ValueValidation, sentence).exit()
    }

    /// Adds this many items of this kind to the run.
    pub fn add(&mut self, kind: Kind, items: usize) {
        self.prepared.kinds.push((kind, items));
    }

    /// Returns how many items of a kind have been added so far.
    pub fn items_of(&self, noun: &str) -> Option<usize> {
        self.prepared.kinds.iter().find(|(kind, _)| kind.noun == noun).map(|(_, items)| *items)
    }

    /// Makes Ctrl-C cancel the run from now on: for work whose preparation takes a while or leaves something behind.
    /// Otherwise this begins with the run, so that there is only one thread until then.
    pub fn catch_ctrl_c(&mut self) {
        if !std::mem::replace(&mut self.prepared.catches_ctrl_c, true) {
            interrupt::listen()
                .unwrap_or_else(|error| give_up(&format!("no handler for Ctrl-C: {error}")));
        }
    }

    /// Keeps a value until the end of the run, and drops it then.
    pub fn keep(&mut self, thing: impl Any + Send) {
        self.prepared.kept.push(Box::new(thing));
    }

    /// Calls this when the run is over, and prints the sentence that it may return.
    pub fn remark(&mut self, remark: impl FnOnce(&Timeline) -> Option<String> + Send + 'static) {
        self.prepared.remarks.push(Box::new(remark));
    }

    /// Calls this when the run is over: puts the value into the report, under this name, and prints the rows as a table. The
    /// first row is its head; columns that do not fit the terminal are left out.
    pub fn table(
        &mut self,
        name: &'static str,
        make: impl FnOnce() -> (Value, Vec<Vec<String>>) + Send + 'static,
    ) {
        self.prepared.tables.push((name, Box::new(make)));
    }

    /// Sets the longest time of an item that does not compute.
    pub fn takes_at_most(&mut self, time: Duration) {
        self.prepared.longest = Some(time);
    }

    /// Leaves the terminal to the lesson until the end of the run: there are no lines for items, sections and notes, and no
    /// bar. The summary comes as usual.
    pub fn draws_itself(&mut self) {
        self.prepared.draws_itself = true;
    }

    /// Sets a drawing to show below the lines of items, or in place of the timing diagram.
    pub fn draw(&mut self, drawing: Arc<dyn Drawing>) {
        self.prepared.drawing = Some(drawing);
    }

    /// Calls this after the last line, to write a file. Its error is printed, and the status is then 1.
    pub fn write(&mut self, write: impl FnOnce() -> Result<(), String> + Send + 'static) {
        self.prepared.files.push(Box::new(write));
    }

    /// Returns how many of this many items may be in progress at once.
    pub fn workers(&self, items: usize) -> usize {
        let asked = if self.lesson.takes_workers() { self.optional("workers") } else { None };
        let workers = asked.unwrap_or_else(|| match self.lesson.limit {
            Limit::One => 1,
            Limit::Fixed(workers) => workers,
            Limit::PerCore => cores(),
            Limit::All | Limit::OneEach => items,
        });
        workers.min(self.prepared.most_at_once.unwrap_or(items))
    }

    /// Limits how many items are in progress at once. This limit replaces the number of items: workers that do one item
    /// together may be more. Returns `false` if the lesson cannot run with fewer.
    pub fn limit_workers(&mut self, most: usize) -> bool {
        self.prepared.most_at_once = Some(most);
        most > 0 && self.lesson.takes_workers()
    }

    /// The options of the work that the command line has, each with its first value: those that change how long a run takes.
    pub(crate) fn given(&self) -> impl Iterator<Item = (String, Option<String>)> {
        let is_work = |arg: &&Arg| {
            !["quiet", "json", "timeline", "guess", "timeout", ENDS_WITH_INPUT]
                .contains(&arg.get_id().as_str())
        };
        let is_given = |arg: &&Arg| {
            self.matches.value_source(arg.get_id().as_str()) == Some(ValueSource::CommandLine)
        };
        self.command.get_arguments().filter(is_work).filter(is_given).map(|arg| {
            let value =
                self.matches.get_raw(arg.get_id().as_str()).and_then(|mut values| values.next());
            let takes_one = arg.get_action().takes_values();
            let value =
                value.filter(|_| takes_one).map(|value| value.to_string_lossy().into_owned());
            let name =
                arg.get_long().map_or_else(|| arg.get_id().to_string(), |it| format!("--{it}"));
            (name, value)
        })
    }

    /// The file for the timing diagram.
    pub(crate) fn timeline(&self) -> Option<PathBuf> {
        self.optional("timeline")
    }
}

/// A lesson's own switch; the lesson receives whether it was given.
#[derive(Clone, Copy, Debug)]
pub struct Switch {
    name: &'static str,
    help: &'static str,
}

impl Switch {
    /// `--name`, with its line in `--help`.
    pub const fn new(name: &'static str, help: &'static str) -> Self {
        Self { name, help }
    }
}

impl Work for Switch {
    type Items = bool;

    fn options(&self, _: &Lesson) -> Vec<Arg> {
        vec![Arg::new(self.name).long(self.name).action(ArgAction::SetTrue).help(self.help)]
    }

    fn prepare(self, setup: &mut Setup) -> bool {
        setup.flag(self.name)
    }
}

/// A lesson's own option for a whole number; the lesson receives the number.
#[derive(Clone, Debug)]
pub struct Number {
    name: &'static str,
    value: &'static str,
    default: &'static str,
    allowed: RangeInclusive<u64>,
    help: &'static str,
}

impl Number {
    /// `--name VALUE`, with its default, the accepted numbers, and its line in `--help`.
    pub const fn new(
        name: &'static str,
        value: &'static str,
        default: &'static str,
        allowed: RangeInclusive<u64>,
        help: &'static str,
    ) -> Self {
        Self { name, value, default, allowed, help }
    }
}

impl Work for Number {
    type Items = u64;

    fn options(&self, _: &Lesson) -> Vec<Arg> {
        let arg = numeric(self.name, self.value, self.allowed.clone());
        vec![arg.default_value(self.default).help(self.help)]
    }

    fn prepare(self, setup: &mut Setup) -> u64 {
        setup.value(self.name)
    }
}

impl<A: Work, B: Work> Work for (A, B) {
    type Items = (A::Items, B::Items);

    fn enter(&self) {
        self.0.enter();
        self.1.enter();
    }

    fn kinds(&self) -> Vec<&'static str> {
        [self.0.kinds(), self.1.kinds()].concat()
    }

    fn limited(&self) -> &'static str {
        self.0.limited()
    }

    fn options(&self, lesson: &Lesson) -> Vec<Arg> {
        [self.0.options(lesson), self.1.options(lesson)].concat()
    }

    fn prepare(self, setup: &mut Setup) -> Self::Items {
        (self.0.prepare(setup), self.1.prepare(setup))
    }
}

impl<A: Work, B: Work, C: Work> Work for (A, B, C) {
    type Items = (A::Items, B::Items, C::Items);

    fn enter(&self) {
        self.0.enter();
        self.1.enter();
        self.2.enter();
    }

    fn kinds(&self) -> Vec<&'static str> {
        [self.0.kinds(), self.1.kinds(), self.2.kinds()].concat()
    }

    fn limited(&self) -> &'static str {
        self.0.limited()
    }

    fn options(&self, lesson: &Lesson) -> Vec<Arg> {
        [self.0.options(lesson), self.1.options(lesson), self.2.options(lesson)].concat()
    }

    fn prepare(self, setup: &mut Setup) -> Self::Items {
        (self.0.prepare(setup), self.1.prepare(setup), self.2.prepare(setup))
    }
}

/// Prints a warning on stderr.
pub fn warn(sentence: &str) {
    let warning = style("warning:").yellow().bold().for_stderr();
    let _ = writeln!(io::stderr(), "{warning} {sentence}");
}

/// Prints an error on stderr, and ends the process with status 1.
pub fn give_up(sentence: &str) -> ! {
    let _ = writeln!(io::stderr(), "{} {sentence}", style("error:").red().bold().for_stderr());
    interrupt::exit(1)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use common::{Done, Span};
    use proptest::prelude::*;

    use super::*;
    use crate::options::in_seconds;
    use crate::{Model, Total, Unit};

    /// A kind of work for these tests.
    const ERRAND: Kind = Kind {
        noun: "errand",
        verb: "ran",
        counted: "errands",
        counts_alone: true,
        unit: Unit::Result,
        label: str::to_owned,
        line: |span: &Span, done: &Done| format!("{}: {}", span.label, done.value),
        total: Total::None,
        only_computes: false,
        expected: None,
    };

    struct Errands;

    impl Work for Errands {
        type Items = usize;

        fn kinds(&self) -> Vec<&'static str> {
            vec![ERRAND.noun]
        }

        fn limited(&self) -> &'static str {
            "errands may be under way"
        }

        fn options(&self, _: &Lesson) -> Vec<Arg> {
            vec![
                numeric("errands", "N", 1..=MOST_ITEMS).default_value("20").help("How many"),
                in_seconds("patience").default_value("10").help("How long one may take"),
            ]
        }

        fn prepare(self, setup: &mut Setup) -> usize {
            let errands = setup.value("errands");
            setup.add(ERRAND, errands);
            errands
        }
    }

    const HURRY: Switch = Switch::new("hurry", "Run");
    const WEIGHT: Number = Number::new("weight", "KG", "3", 1..=25, "What there is to carry");

    fn lesson() -> Lesson {
        let source = "//! Errands take time.\n//!\n//! Mirrors: a list of errands.\n";
        Lesson::new("a_lesson", source, Model::Threads)
    }

    /// One of each limit.
    fn lessons() -> [Lesson; 5] {
        [
            lesson(),
            lesson().workers(5).default("errands", "7"),
            lesson().worker_per_core().sections(&["one by one", "together"]),
            lesson().all_at_once().sections_of("errand", &["slowly", "quickly"]),
            lesson().worker_per_item(),
        ]
    }

    fn read(lesson: Lesson, arguments: &[&str]) -> Result<Setup, clap::Error> {
        Setup::read(lesson, &(Errands, HURRY, WEIGHT), [&["a_lesson"], arguments].concat())
    }

    fn accepted(lesson: Lesson, arguments: &[&str]) -> Setup {
        read(lesson, arguments).unwrap_or_else(|error| panic!("{arguments:?}: {error}"))
    }

    #[test]
    fn every_command_is_sound_and_its_help_begins_with_what_the_lesson_teaches() {
        for lesson in lessons() {
            let help = read(lesson.clone(), &["--help"]).err().expect("help").to_string();
            // The line breaks depend on the terminal.
            let help = help.split_whitespace().collect::<Vec<_>>().join(" ");
            assert!(help.starts_with(&lesson.idea), "{help}");
            assert!(help.contains("Mirrors a list of errands."), "{help}");
            let limit =
                format!("How many errands may be under way at once [default: {}]", lesson.limit);
            assert_eq!(help.contains(&limit), lesson.takes_workers(), "{help}");
            assert!(!help.contains(DESCRIBE), "that is for programs: {help}");
        }
    }

    #[test]
    fn the_limit_is_the_lessons_unless_it_is_given() {
        let workers = lessons().map(|lesson| accepted(lesson, &[]).workers(160));
        assert_eq!(workers, [1, 5, cores().min(160), 160, 160]);
        for lesson in lessons() {
            let given = read(lesson.clone(), &["--workers", "12"]);
            match given {
                Ok(setup) => assert_eq!(setup.workers(160), 12),
                Err(error) => assert_eq!(error.kind(), ErrorKind::UnknownArgument),
            }
            let given = read(lesson.clone(), &["--workers", "12"]).is_ok();
            assert_eq!(given, lesson.takes_workers());
        }
    }

    #[test]
    fn never_more_workers_than_items_or_than_there_can_be() {
        let mut setup = accepted(lesson().workers(5), &["--workers", "10"]);
        assert_eq!(setup.workers(160), 10);
        assert_eq!(setup.workers(2), 2);
        // They may do one item together, and then the next one.
        assert!(setup.limit_workers(7));
        assert_eq!((setup.workers(160), setup.workers(2)), (7, 7));
        assert!(!setup.limit_workers(0), "it cannot do with none");
        assert!(
            !accepted(lesson().worker_per_item(), &[]).limit_workers(4),
            "all at once it must be"
        );
    }

    #[test]
    fn a_lesson_has_defaults_of_its_own() {
        let errands = |lesson| accepted(lesson, &[]).value::<usize>("errands");
        assert_eq!(lessons().map(errands), [20, 7, 20, 20, 20]);
        let lesson = lesson().default("weight", "9");
        assert_eq!(accepted(lesson, &[]).value::<u64>("weight"), 9);
    }

    #[test]
    fn what_is_described_is_what_is_taken() {
        for lesson in lessons() {
            let setup = accepted(lesson.clone(), &[]);
            let written = Described::write(&setup.lesson, &["errand"], &setup.command).to_string();
            let described = Described::read(&written).expect("a description");
            assert_eq!((described.model, described.limit), (lesson.model, lesson.limit));
            assert_eq!(described.kinds, ["errand"]);
            let sections =
                described.sections.iter().map(|(name, kind)| (name.as_str(), kind.as_deref()));
            assert!(sections.eq(lesson.sections.iter().map(|it| (it.name, it.kind))));
            assert_eq!(described.takes("workers"), lesson.takes_workers());
            for (option, default) in &described.options {
                let given = match default.as_deref() {
                    None => continue,
                    Some("false") => format!("--{option}"),
                    Some(default) => format!("--{option}={default}"),
                };
                accepted(lesson.clone(), &[&given]);
            }
            for option in ["quiet", "json", "timeline", "errands", "patience", "hurry", "weight"] {
                assert!(described.takes(option), "{option}");
            }
        }
        assert!(Described::read("{}").is_err() && Described::read("").is_err());
    }

    /// An argument: one that a lesson knows, a value of it, or anything.
    fn argument() -> impl Strategy<Value = OsString> {
        let lessons = lessons();
        let commands = lessons
            .iter()
            .map(|lesson| command(lesson, Declared::by(lesson, &(Errands, HURRY, WEIGHT))));
        let mut names: Vec<String> = commands
            .flat_map(|command| {
                let longs = command.get_arguments().filter_map(|arg| arg.get_long());
                longs.map(|long| format!("--{long}")).collect::<Vec<_>>()
            })
            .collect();
        names.extend(["--help", "-h", "--", "-", "", "=", "--no"].map(String::from));
        let value = prop_oneof![
            any::<i64>().prop_map(|number| number.to_string()),
            (0..200u32).prop_map(|number| number.to_string()),
            any::<f64>().prop_map(|number| number.to_string()),
            "https?://[a-z0-9.:/?#-]{0,12}",
            r"[a-z./]{0,4}\.(svg|json|SVG|txt)",
            any::<String>(),
        ];
        let name = prop::sample::select(names);
        prop_oneof![
            4 => name.clone().prop_map(OsString::from),
            3 => value.clone().prop_map(OsString::from),
            2 => (name, value).prop_map(|(name, value)| format!("{name}={value}").into()),
            1 => any::<Vec<u8>>().prop_map(no_text),
        ]
    }

    /// An argument that is not UTF-8, on a system that accepts one.
    fn no_text(bytes: Vec<u8>) -> OsString {
        #[cfg(unix)]
        return std::os::unix::ffi::OsStringExt::from_vec(bytes);
        #[cfg(not(unix))]
        return String::from_utf8_lossy(&bytes).into_owned().into();
    }

    proptest! {
        #[test]
        fn any_arguments_are_taken_or_told_with_status_2(
            lesson in 0..5usize,
            arguments in prop::collection::vec(argument(), 0..6),
        ) {
            let lesson = lessons()[lesson].clone();
            let all = [OsString::from(lesson.name)].into_iter().chain(arguments);
            match Setup::read(lesson, &(Errands, HURRY, WEIGHT), all) {
                Err(error) => {
                    prop_assert_eq!(error.exit_code(), if error.use_stderr() { 2 } else { 0 });
                    prop_assert!(!error.to_string().is_empty());
                }
                Ok(mut setup) => {
                    // Everything that a lesson reads is there.
                    let errands = Errands.prepare(&mut setup);
                    prop_assert!((1..=MOST_ITEMS).contains(&errands));
                    prop_assert_eq!(setup.items_of("errand"), Some(errands));
                    prop_assert!((1..=25).contains(&WEIGHT.prepare(&mut setup)));
                    prop_assert_eq!(HURRY.prepare(&mut setup), setup.flag("hurry"));
                    prop_assert!(!setup.value::<Duration>("patience").is_zero());
                    prop_assert!((1..=160).contains(&setup.workers(160)));
                    if let Some(file) = setup.timeline() {
                        prop_assert!(!file.is_dir());
                    }
                }
            }
        }

        #[test]
        fn valid_values_are_kept(
            workers in 1..=MOST_WORKERS, errands in 1..=MOST_ITEMS, weight in 1..=25u64,
            patience in 0.001..=86_400.0f64, hurry: bool,
        ) {
            let given = [
                format!("--workers={workers}"),
                format!("--errands={errands}"),
                format!("--weight={weight}"),
                format!("--patience={patience}"),
            ];
            let mut given: Vec<&str> = given.iter().map(String::as_str).collect();
            given.extend(hurry.then_some("--hurry"));
            let setup = read(lesson().workers(5), &given);
            let setup = setup.map_err(|error| TestCaseError::fail(error.to_string()))?;
            prop_assert_eq!(setup.workers(MOST_ITEMS), workers);
            prop_assert_eq!(setup.value::<usize>("errands"), errands);
            prop_assert_eq!(setup.value::<u64>("weight"), weight);
            prop_assert_eq!(setup.value::<Duration>("patience"), Duration::from_secs_f64(patience));
            prop_assert_eq!(setup.flag("hurry"), hurry);
        }
    }
}
