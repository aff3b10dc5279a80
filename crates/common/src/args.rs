//! The arguments. What is wrong with them is said on stderr, with status 2, before anything starts.

use std::path::{Path, PathBuf, is_separator};
use std::time::Duration;

use clap::builder::ValueParser;
use clap::error::ErrorKind;
use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};

use crate::lessons::{Extra, Lesson, Model, Takes, Work, Workers};
use crate::options::{self, MOST_ITEMS, MOST_RACERS, MOST_THREADS, MOST_WORKERS, numeric};
use crate::report;
use crate::sites::{self, SiteTimes};

/// Which pages a downloader downloads.
#[derive(Debug, PartialEq)]
pub(crate) enum Source {
    /// Those of a practice site that the lesson brings up, which takes so long.
    OwnSite(SiteTimes),
    /// Those of a practice site that runs already.
    RunningSite(String),
    /// The articles' sites.
    Live,
    /// Those that were named.
    Listed(Vec<String>),
}

impl Source {
    /// How many pages are in the list.
    pub(crate) fn pages(&self) -> usize {
        match self {
            Self::OwnSite(_) | Self::RunningSite(_) => sites::PRACTICE_PAGES.len(),
            Self::Live => sites::LIVE_SITES.len(),
            Self::Listed(urls) => urls.len(),
        }
    }
}

/// A file for the timing diagram.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TimelineFile {
    pub(crate) path: PathBuf,
    pub(crate) format: Format,
}

/// What a timing diagram is written as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    Svg,
    ChromeTrace,
}

/// A lesson's command line, read.
#[derive(Debug)]
pub(crate) struct Arguments {
    pub(crate) lesson: &'static Lesson,
    command: Command,
    matches: ArgMatches,
    /// So many items may be in progress at once, whatever was asked for.
    most_at_once: usize,
}

impl Arguments {
    /// Reads the arguments of this process; ends it where they are wrong or ask for help.
    pub(crate) fn read(lesson: &'static Lesson) -> Self {
        let mut command = command(lesson);
        let matches = command.get_matches_mut();
        Self { lesson, command, matches, most_at_once: usize::MAX }
    }

    pub(crate) fn flag(&self, name: &str) -> bool {
        self.matches.get_flag(name)
    }

    pub(crate) fn value<T: Clone + Send + Sync + 'static>(&self, name: &str) -> T {
        self.optional(name).expect("the argument has a default")
    }

    pub(crate) fn optional<T: Clone + Send + Sync + 'static>(&self, name: &str) -> Option<T> {
        self.matches.get_one(name).cloned()
    }

    /// How many items may be in progress at once, out of `items`.
    pub(crate) fn workers(&self, items: usize) -> usize {
        let asked = match self.lesson.workers {
            Workers::One | Workers::OneEach => None,
            _ => self.optional("workers"),
        };
        let workers = asked.unwrap_or_else(|| match self.lesson.workers {
            Workers::One => 1,
            Workers::Fixed(workers) => workers,
            Workers::PerCore => report::cores(),
            Workers::All | Workers::OneEach => items,
        });
        workers.min(items).min(self.most_at_once)
    }

    /// How many of so many pages are in flight at once.
    pub(crate) fn pages_in_flight(&self, pages: usize) -> usize {
        match (self.lesson.workers, self.lesson.model) {
            (Workers::One, Model::Async) => pages, // tasks have one thread, and no limit
            _ => self.workers(pages),
        }
    }

    /// From now on fewer are in progress at once; `false` where the lesson cannot do with fewer.
    pub(crate) fn limit_workers(&mut self, most: usize) -> bool {
        self.most_at_once = most;
        most > 0 && ![Workers::One, Workers::OneEach].contains(&self.lesson.workers)
    }

    /// Where the timing diagram is to be written, and as what.
    pub(crate) fn timeline(&self) -> Option<TimelineFile> {
        self.matches.get_one("timeline").cloned()
    }

    pub(crate) fn source(&self) -> Source {
        if let Some(urls) = self.matches.get_many::<String>("URL") {
            Source::Listed(urls.cloned().collect())
        } else if let Some(site) = self.matches.get_one::<String>("site") {
            Source::RunningSite(site.clone())
        } else if self.flag("live") {
            Source::Live
        } else {
            let milliseconds = |name| Duration::from_millis(self.value(name));
            let connecting = takes_connecting(self.lesson).then(|| milliseconds("connecting"));
            Source::OwnSite(SiteTimes {
                latency: milliseconds("latency"),
                connecting: connecting.unwrap_or_default(),
            })
        }
    }

    /// How often a list of so many pages is repeated.
    pub(crate) fn repeat(&mut self, pages: usize) -> usize {
        let repeat: usize = self.value("repeat");
        let most = if self.lesson.workers == Workers::OneEach { MOST_THREADS } else { MOST_ITEMS };
        if pages.saturating_mul(repeat) > most {
            let error = format!(
                "{pages} pages {repeat} times are too many: a run takes at most {most} pages"
            );
            self.command.error(ErrorKind::ValueValidation, error).exit();
        }
        repeat
    }
}

fn command(lesson: &Lesson) -> Command {
    let command = Command::new(lesson.name)
        .about(format!("{}\n\nMirrors {}.", lesson.idea, lesson.mirrors))
        .max_term_width(100)
        .args([
            Arg::new("quiet")
                .long("quiet")
                .action(ArgAction::SetTrue)
                .help("Print the summary alone"),
            Arg::new("json")
                .long("json")
                .action(ArgAction::SetTrue)
                .help("Print one JSON object and nothing else on stdout"),
            Arg::new("timeline")
                .long("timeline")
                .value_name("FILE")
                .value_parser(ValueParser::from(timeline_file))
                .help("Draw the run into FILE.svg, or write it to FILE.json for Perfetto"),
        ]);
    let mut command = command;
    if lesson.does(Work::Downloads) {
        command = command.args(download_args());
    }
    if takes_connecting(lesson) {
        command = command.arg(options::connecting().conflicts_with_all(["URL", "site", "live"]));
    }
    if lesson.does(Work::Calls) {
        command = command.arg(options::number());
    }
    if lesson.does(Work::Calls) && !lesson.calls_for_each_page() {
        command = command.arg(options::calls());
    }
    if lesson.does(Work::Rounds) {
        command = command.args([
            numeric("threads", "N", 1..=MOST_RACERS)
                .default_value("4")
                .help("How many threads add"),
            numeric("increments", "N", 1..=1_000_000_000u64)
                .default_value("1000000")
                .help("How often each of them adds 1"),
        ]);
    }
    if lesson.does(Work::Pictures) {
        command = command.args(picture_args());
    }
    command = command.args(lesson.options.iter().map(extra));
    for &(name, default) in lesson.defaults {
        command = command.mut_arg(name, |arg| arg.default_value(default));
    }
    let (most, default) = match lesson.workers {
        Workers::One | Workers::OneEach => return command,
        Workers::Fixed(workers) => (MOST_WORKERS, workers.to_string()),
        Workers::PerCore => (MOST_WORKERS, "one per core".into()),
        Workers::All => (MOST_ITEMS, "all of them".into()),
    };
    let what = match lesson.work {
        Work::Downloads => "pages may be in flight",
        Work::Calls | Work::Rounds => "calls may run",
        Work::Pictures => "pictures may be in progress",
    };
    command.arg(
        numeric("workers", "N", 1..=most)
            .help(format!("How many {what} at once [default: {default}]")),
    )
}

/// Whether it says what a connection to its practice site costs.
fn takes_connecting(lesson: &Lesson) -> bool {
    lesson.defaults.iter().any(|(name, _)| *name == "connecting")
}

fn extra(option: &Extra) -> Arg {
    match option.takes {
        Takes::Nothing => Arg::new(option.name).long(option.name).action(ArgAction::SetTrue),
        Takes::Number { value, default, least, most } => {
            numeric(option.name, value, least..=most).default_value(default)
        }
    }
    .help(option.help)
}

fn download_args() -> [Arg; 6] {
    [
        Arg::new("URL")
            .num_args(1..)
            .conflicts_with_all(["site", "live", "latency"])
            .value_parser(ValueParser::from(sites::check))
            .help("Pages to download instead of the practice site's"),
        options::repeat(),
        options::latency().conflicts_with_all(["site", "live"]),
        Arg::new("site")
            .long("site")
            .value_name("URL")
            .conflicts_with("live")
            .value_parser(ValueParser::from(sites::check_site))
            .help("A practice site that runs already, such as http://127.0.0.1:8000"),
        Arg::new("live")
            .long("live")
            .action(ArgAction::SetTrue)
            .help("Download the articles' own sites, from the internet"),
        options::timeout(),
    ]
}

fn picture_args() -> [Arg; 4] {
    let folder =
        |name| Arg::new(name).long(name).value_name("DIR").value_parser(value_parser!(PathBuf));
    [
        folder("folder").help("Pictures to resize (.jpg, .png) instead of some that are made"),
        folder("out").help("A new folder in which the small pictures are kept"),
        numeric("pictures", "N", 1..=1_000usize)
            .default_value("24")
            .conflicts_with("folder")
            .help("How many are made"),
        numeric("width", "PIXELS", 1..=10_000u32)
            .default_value("400")
            .help("How wide the small pictures are"),
    ]
}

fn timeline_file(text: &str) -> Result<TimelineFile, String> {
    let path = PathBuf::from(text);
    let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
    let format = if ending.eq_ignore_ascii_case("svg") {
        Format::Svg
    } else if ending.eq_ignore_ascii_case("json") {
        Format::ChromeTrace
    } else {
        return Err("it takes a file that ends in .svg or .json".into());
    };
    // Better told now than after the run.
    let folder = path.parent().filter(|folder| *folder != Path::new(""));
    match folder {
        Some(folder) if !folder.is_dir() => {
            Err(format!("there is no folder '{}'", folder.display()))
        }
        _ if path.is_dir() || text.ends_with(is_separator) => Err("this is a folder".into()),
        _ => Ok(TimelineFile { path, format }),
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;

    use proptest::prelude::*;

    use super::*;
    use crate::lessons::LESSONS;

    fn read(name: &str, args: &[&str]) -> Result<Arguments, clap::Error> {
        let lesson = Lesson::named(name);
        let mut command = command(lesson);
        let matches = command.try_get_matches_from_mut([&[name], args].concat())?;
        Ok(Arguments { lesson, command, matches, most_at_once: usize::MAX })
    }

    #[test]
    fn every_command_is_sound_and_its_help_begins_with_what_the_lesson_teaches() {
        for lesson in LESSONS {
            command(lesson).debug_assert();
            let help = command(lesson).render_help().to_string();
            assert!(help.starts_with(lesson.idea), "{help}");
        }
    }

    #[test]
    fn the_defaults_are_those_of_the_articles() {
        let args = |name| read(name, &[]).unwrap_or_else(|error| error.exit());
        let mut threads = args("threaded_downloader");
        let latency = Duration::from_millis(50);
        assert_eq!(threads.source(), Source::OwnSite(latency.into()));
        let pages = threads.source().pages();
        assert_eq!(pages * threads.repeat(pages), 160);
        assert_eq!(threads.workers(160), 5);
        assert_eq!(args("async_downloader").workers(160), 160);
        assert_eq!(args("sync_downloader").workers(160), 1);
    }

    #[test]
    fn never_more_workers_than_items() {
        let args = read("threaded_downloader", &["--workers", "10"]);
        let args = args.unwrap_or_else(|error| error.exit());
        assert_eq!(args.workers(160), 10);
        assert_eq!(args.workers(2), 2);
    }

    /// An argument: one that a lesson knows, a value of it, or anything.
    fn argument() -> impl Strategy<Value = OsString> {
        let mut names: Vec<String> = LESSONS
            .iter()
            .flat_map(|lesson| {
                let command = command(lesson);
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

    /// What is no UTF-8, where the system takes that for an argument.
    fn no_text(bytes: Vec<u8>) -> OsString {
        #[cfg(unix)]
        return std::os::unix::ffi::OsStringExt::from_vec(bytes);
        #[cfg(not(unix))]
        return String::from_utf8_lossy(&bytes).into_owned().into();
    }

    proptest! {
        #[test]
        fn any_arguments_are_taken_or_told_with_status_2(
            lesson in 0..LESSONS.len(),
            arguments in prop::collection::vec(argument(), 0..6),
        ) {
            let lesson = &LESSONS[lesson];
            let mut command = command(lesson);
            let all = [OsString::from(lesson.name)].into_iter().chain(arguments);
            match command.try_get_matches_from_mut(all) {
                Err(error) => {
                    prop_assert_eq!(error.exit_code(), if error.use_stderr() { 2 } else { 0 });
                    prop_assert!(!error.to_string().is_empty());
                }
                Ok(matches) => {
                    let args = Arguments { lesson, command, matches, most_at_once: usize::MAX };
                    // All that a lesson asks for is there.
                    if lesson.does(Work::Downloads) {
                        prop_assert!(args.source().pages() > 0);
                        prop_assert!(!args.value::<Duration>("timeout").is_zero());
                        prop_assert!((1..=MOST_ITEMS).contains(&args.value::<usize>("repeat")));
                    }
                    prop_assert!((1..=160).contains(&args.workers(160)));
                    if let Some(TimelineFile { path, .. }) = args.timeline() {
                        prop_assert!(!path.is_dir());
                    }
                }
            }
        }

        #[test]
        fn valid_values_are_kept(
            workers in 1..=MOST_WORKERS, repeat in 1..=MOST_ITEMS, latency in 0..=60_000u64,
            timeout in 0.001..=86_400.0f64,
        ) {
            let (most, milliseconds) = (workers.to_string(), latency.to_string());
            let (times, seconds) = (repeat.to_string(), timeout.to_string());
            let args = read("threaded_downloader", &[
                "--workers", &most, "--repeat", &times, "--latency", &milliseconds, "--timeout", &seconds,
            ]);
            let args = args.map_err(|error| TestCaseError::fail(error.to_string()))?;
            prop_assert_eq!(args.workers(MOST_ITEMS), workers);
            prop_assert_eq!(args.value::<usize>("repeat"), repeat);
            prop_assert_eq!(args.source(), Source::OwnSite(Duration::from_millis(latency).into()));
            prop_assert_eq!(args.value::<Duration>("timeout"), Duration::from_secs_f64(timeout));
        }
    }
}
