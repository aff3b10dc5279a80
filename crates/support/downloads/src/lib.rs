//! Pages as a kind of work: their options, the practice site that is started for them, and the file
//! descriptors that they need.

mod urls;

use std::collections::BTreeSet;
use std::time::Duration;

use clap::builder::ValueParser;
use clap::{Arg, ArgAction};
use common::{Done, LIVE_SITES, PRACTICE_PAGES, Sites, Span};
use harness::options::{MOST_ITEMS, in_seconds, numeric};
use harness::{Kind, Lesson, Limit, Model, Setup, Total, Unit, Work, give_up, warn};
use practice_site::{PracticeSite, SiteTimes};
use processes::{descriptor_limit, reserve_descriptors};
use timeline::Timeline;

/// The most pages in a lesson that starts a thread for each.
const MOST_THREADS: usize = 10_000;

/// A page by its URL; its value is the size of its body, after decompression.
pub const PAGE: Kind = Kind {
    noun: "page",
    verb: "downloaded",
    counted: "sites",
    counts_alone: true,
    unit: Unit::Bytes,
    label: str::to_owned,
    line,
    total: Total::Sum("bytes"),
    only_computes: false,
    expected: None,
};

fn line(span: &Span, done: &Done) -> String {
    format!("Read {} bytes from {}", done.value, span.label)
}

/// With the name of the worker, as the article's process pool prints it.
fn line_of_worker(span: &Span, done: &Done) -> String {
    format!("{}: {}", span.worker, line(span, done))
}

/// Downloads pages: the practice site's, unless the arguments name others. Its items are the [`Sites`].
#[derive(Clone, Copy, Debug)]
pub struct Pages;

/// Downloads the same pages from a practice site on which a connection costs time, too (`--connecting`).
#[derive(Clone, Copy, Debug)]
pub struct PagesWithConnecting;

impl Work for Pages {
    type Items = Sites;

    fn enter(&self) {
        practice_site::be_the_site_if_asked();
    }

    fn kinds(&self) -> Vec<&'static str> {
        vec![PAGE.noun]
    }

    fn limited(&self) -> &'static str {
        "pages may be in flight"
    }

    fn options(&self, _: &Lesson) -> Vec<Arg> {
        vec![
            Arg::new("URL")
                .num_args(1..)
                .conflicts_with_all(["site", "live", "latency"])
                .value_parser(ValueParser::from(urls::check))
                .help("Pages to download instead of the practice site's"),
            repeat(),
            latency().conflicts_with_all(["site", "live"]),
            site().conflicts_with("live"),
            Arg::new("live")
                .long("live")
                .action(ArgAction::SetTrue)
                .help("Download the articles' own sites, from the internet"),
            timeout(),
        ]
    }

    fn prepare(self, setup: &mut Setup) -> Sites {
        gather(setup, Duration::ZERO)
    }
}

impl Work for PagesWithConnecting {
    type Items = Sites;

    fn enter(&self) {
        Pages.enter();
    }

    fn kinds(&self) -> Vec<&'static str> {
        Pages.kinds()
    }

    fn limited(&self) -> &'static str {
        Pages.limited()
    }

    fn options(&self, lesson: &Lesson) -> Vec<Arg> {
        let mut options = Pages.options(lesson);
        options.push(
            numeric("connecting", "MS", 0..=60_000u64)
                .default_value("0")
                .help("Extra time of its first answer on each connection, in milliseconds")
                .conflicts_with_all(["URL", "site", "live"]),
        );
        options
    }

    fn prepare(self, setup: &mut Setup) -> Sites {
        let connecting = Duration::from_millis(setup.value("connecting"));
        gather(setup, connecting)
    }
}

/// `--repeat N`
pub fn repeat() -> Arg {
    numeric("repeat", "N", 1..=MOST_ITEMS)
        .default_value("80")
        .help("How many times to download the list of pages")
}

/// `--latency MS`
pub fn latency() -> Arg {
    numeric("latency", "MS", 0..=60_000u64)
        .default_value("50")
        .help("How long the practice site takes to answer, in milliseconds")
}

/// `--site URL`
pub fn site() -> Arg {
    Arg::new("site")
        .long("site")
        .value_name("URL")
        .value_parser(ValueParser::from(urls::check_site))
        .help("A practice site that is already running, such as http://127.0.0.1:8000")
}

/// `--timeout SECONDS`
pub fn timeout() -> Arg {
    in_seconds("timeout").default_value("10").help("Time limit for one page")
}

/// The pages of the practice site, as URLs below `base`.
fn practice_sites(base: &str) -> Vec<String> {
    let base = base.trim_end_matches('/');
    PRACTICE_PAGES.iter().map(|page| format!("{base}{page}")).collect()
}

/// Which pages are downloaded.
#[derive(Debug, PartialEq)]
enum Source {
    /// Those of a practice site that is started for this run, with these times.
    OwnSite(SiteTimes),
    /// Those of a practice site that is already running.
    RunningSite(String),
    /// The articles' sites.
    Live,
    /// Those named in the arguments.
    Listed(Vec<String>),
}

impl Source {
    fn read(setup: &Setup, connecting: Duration) -> Self {
        if let Some(urls) = setup.all("URL") {
            Self::Listed(urls)
        } else if let Some(site) = setup.optional("site") {
            Self::RunningSite(site)
        } else if setup.flag("live") {
            Self::Live
        } else {
            let latency = Duration::from_millis(setup.value("latency"));
            Self::OwnSite(SiteTimes { latency, connecting })
        }
    }

    /// How many pages are in the list.
    fn pages(&self) -> usize {
        match self {
            Self::OwnSite(_) | Self::RunningSite(_) => PRACTICE_PAGES.len(),
            Self::Live => LIVE_SITES.len(),
            Self::Listed(urls) => urls.len(),
        }
    }
}

/// Returns the pages, and starts a practice site for them unless the arguments name another source.
fn gather(setup: &mut Setup, connecting: Duration) -> Sites {
    let source = Source::read(setup, connecting);
    let repeat = repetitions(setup.lesson.limit, source.pages(), setup.value("repeat"));
    let repeat = repeat.unwrap_or_else(|error| setup.refuse(error));
    let proxy = matches!(source, Source::Listed(_) | Source::Live);
    let list = match source {
        Source::Listed(urls) => urls,
        Source::RunningSite(base) => practice_sites(&base),
        Source::Live => LIVE_SITES.map(String::from).to_vec(),
        Source::OwnSite(times) => {
            let (base, site) = own_site(times);
            setup.remark(|timeline| a_connection_for_each_page(timeline, site));
            practice_sites(&base)
        }
    };
    setup.takes_at_most(setup.value("timeout"));
    let urls = vec![list; repeat].concat();
    keep_to_descriptors(setup, urls.len());
    let by_process = setup.lesson.model == Model::Processes;
    setup.add(Kind { line: if by_process { line_of_worker } else { line }, ..PAGE }, urls.len());
    Sites { urls, timeout: setup.value("timeout"), proxy }
}

/// Starts a practice site with these times; returns its URL, and the site, which runs until it is dropped. If it does not
/// come up, prints a sentence and ends the process.
pub fn own_site(times: impl Into<SiteTimes>) -> (String, PracticeSite) {
    practice_site::start(times)
        .unwrap_or_else(|error| give_up(&format!("the practice site did not come up: {error}")))
}

/// A remark, from the site's counts, for a lesson whose pages do not share connections.
fn a_connection_for_each_page(timeline: &Timeline, mut site: PracticeSite) -> Option<String> {
    let connections = site.seen(Duration::from_secs(1))?.connections;
    let at_once = timeline.facts()?.peak_in_flight as u64;
    // Lessons with sections compare clients, and some have one in each. A page that fails may take its connection along.
    let has_failed = timeline.spans.iter().any(|span| span.failed.is_some());
    // A worker may keep a connection of its own while others use theirs.
    let workers: BTreeSet<&str> = timeline.spans.iter().map(|span| span.worker.as_str()).collect();
    let needed = at_once.max(workers.len() as u64);
    let is_a_client_each = timeline.sections.is_empty() && !has_failed && connections > 2 * needed;
    is_a_client_each.then(|| {
        format!(
            "The site saw {connections} connections, with at most {at_once} in use at once: does each page have a client \
             of its own?"
        )
    })
}

/// Returns `repeat`, or a sentence if a lesson with this limit cannot download so many pages.
fn repetitions(limit: Limit, pages: usize, repeat: usize) -> Result<usize, String> {
    let most = if limit == Limit::OneEach { MOST_THREADS } else { MOST_ITEMS };
    if pages.saturating_mul(repeat) > most {
        let sentence =
            format!("{pages} pages {repeat} times are too many: a run takes at most {most} pages");
        return Err(sentence);
    }
    Ok(repeat)
}

/// Limits the pages in flight to the file descriptors that the system allows: each page needs one. If the lesson
/// cannot run with fewer pages at once, prints a sentence and ends the process.
fn keep_to_descriptors(setup: &mut Setup, pages: usize) {
    /// For other open files, here and in the practice site, which has the same limit.
    const OTHERS: usize = 16;
    let in_flight = match (setup.lesson.limit, setup.lesson.model) {
        (Limit::One, Model::Async) => pages, // tasks have one thread, and no limit
        _ => setup.workers(pages),
    };
    let there = reserve_descriptors(in_flight + 4 * OTHERS);
    let most = there.saturating_sub(OTHERS);
    // Each process of a pool has its own connection, and the pool works with the processes that could be started.
    if most >= in_flight || setup.lesson.model == Model::Processes {
        return;
    }
    let limit = descriptor_limit().map_or_else(String::new, |limit| format!(" {limit}"));
    let sentence = format!("the system allows this process only{limit} open files (`ulimit -n`)");
    if setup.limit_workers(most) {
        warn(&format!("only {most} pages at once: {sentence}"));
    } else {
        give_up(&format!("{pages} pages at once are too many: {sentence}. Try a smaller --repeat"));
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;

    use proptest::prelude::*;

    use super::*;

    fn lesson() -> Lesson {
        Lesson::new("a_lesson", "//! An idea.\n//!\n//! Mirrors: it.\n", Model::Threads).workers(5)
    }

    fn read(arguments: &[&str]) -> Setup {
        let setup = Setup::read(lesson(), &Pages, [&["a_lesson"], arguments].concat());
        setup.unwrap_or_else(|error| panic!("{arguments:?}: {error}"))
    }

    fn source(arguments: &[&str]) -> Source {
        Source::read(&read(arguments), Duration::ZERO)
    }

    fn own_site(latency: u64, connecting: u64) -> Source {
        let (latency, connecting) =
            (Duration::from_millis(latency), Duration::from_millis(connecting));
        Source::OwnSite(SiteTimes { latency, connecting })
    }

    #[test]
    fn a_slash_at_the_end_of_the_site_is_not_doubled() {
        let sites = ["http://h:1/jython", "http://h:1/dice"];
        assert_eq!(practice_sites("http://h:1"), sites);
        assert_eq!(practice_sites("http://h:1/"), sites);
    }

    #[test]
    fn the_defaults_are_those_of_the_articles() {
        let setup = read(&[]);
        let source = Source::read(&setup, Duration::ZERO);
        assert_eq!(source, own_site(50, 0));
        let pages = source.pages();
        let repeat = repetitions(Limit::Fixed(5), pages, setup.value("repeat"));
        assert_eq!(repeat.map(|repeat| pages * repeat), Ok(160));
        assert_eq!(setup.value::<Duration>("timeout"), Duration::from_secs(10));
    }

    #[test]
    fn pages_come_from_where_the_arguments_say() {
        assert_eq!(source(&["--latency", "7"]), own_site(7, 0));
        assert_eq!(source(&["--live"]), Source::Live);
        let site = source(&["--site", "http://127.0.0.1:8000/"]);
        assert_eq!(site, Source::RunningSite("http://127.0.0.1:8000/".into()));
        let urls = ["http://a/", "https://b/c", "http://a/"];
        let listed = source(&urls);
        assert_eq!(listed, Source::Listed(urls.map(String::from).to_vec()));
        assert_eq!([own_site(7, 0), Source::Live, site, listed].map(|it| it.pages()), [2, 2, 2, 3]);
    }

    #[test]
    fn a_connection_costs_what_the_arguments_say() {
        let work = PagesWithConnecting;
        for (arguments, connecting) in
            [(&["a_lesson"][..], 0), (&["a_lesson", "--connecting", "9"], 9)]
        {
            let setup = Setup::read(lesson(), &work, arguments).expect("they are right");
            assert_eq!(setup.value::<u64>("connecting"), connecting);
        }
        let arguments = ["a_lesson", "--connecting", "9", "--live"];
        assert!(Setup::read(lesson(), &work, arguments).is_err());
        assert!(Setup::read(lesson(), &Pages, &arguments[..3]).is_err());
    }

    #[test]
    fn a_run_takes_so_many_pages_and_no_more() {
        let one_each = Limit::OneEach;
        assert_eq!(repetitions(Limit::All, 2, 50_000), Ok(50_000));
        assert_eq!(repetitions(one_each, 2, 5_000), Ok(5_000));
        for (limit, pages, repeat) in [
            (Limit::All, 2, 50_001),
            (one_each, 2, 5_001),
            (one_each, 10_001, 1),
            (Limit::One, 3, usize::MAX),
        ] {
            let error = repetitions(limit, pages, repeat).expect_err("they are too many");
            let most = if limit == one_each { "10000" } else { "100000" };
            assert!(error.ends_with(&format!(": a run takes at most {most} pages")), "{error}");
        }
    }

    /// An argument: an option, a value of it, or anything.
    fn argument() -> impl Strategy<Value = OsString> {
        let options = PagesWithConnecting.options(&lesson());
        let names = options.iter().filter_map(|option| option.get_long());
        let names: Vec<String> = names.map(|name| format!("--{name}")).collect();
        let value = prop_oneof![
            3 => (0..200u32).prop_map(|number| number.to_string()),
            1 => any::<i64>().prop_map(|number| number.to_string()),
            1 => any::<f64>().prop_map(|number| number.to_string()),
            3 => "https?://[a-z0-9.:/?#-]{0,12}",
            1 => any::<String>(),
        ];
        let name = prop::sample::select(names);
        prop_oneof![
            2 => name.clone(),
            2 => value.clone(),
            2 => (name, value).prop_map(|(name, value)| format!("{name}={value}")),
        ]
        .prop_map(OsString::from)
    }

    proptest! {
        #[test]
        fn any_arguments_name_pages_or_are_told_with_status_2(
            arguments in prop::collection::vec(argument(), 0..5),
        ) {
            let all = [OsString::from("a_lesson")].into_iter().chain(arguments);
            match Setup::read(lesson(), &PagesWithConnecting, all) {
                Err(error) => prop_assert_eq!(error.exit_code(), 2),
                Ok(setup) => {
                    prop_assert!(Source::read(&setup, Duration::ZERO).pages() > 0);
                    prop_assert!(!setup.value::<Duration>("timeout").is_zero());
                    prop_assert!((1..=MOST_ITEMS).contains(&setup.value::<usize>("repeat")));
                }
            }
        }

        #[test]
        fn valid_values_are_kept(
            repeat in 1..=MOST_ITEMS, latency in 0..=60_000u64, timeout in 0.001..=86_400.0f64,
        ) {
            let setup = read(&[
                &format!("--repeat={repeat}"),
                &format!("--latency={latency}"),
                &format!("--timeout={timeout}"),
            ]);
            prop_assert_eq!(setup.value::<usize>("repeat"), repeat);
            prop_assert_eq!(Source::read(&setup, Duration::ZERO), own_site(latency, 0));
            prop_assert_eq!(setup.value::<Duration>("timeout"), Duration::from_secs_f64(timeout));
        }
    }
}
