//! Commands that know nothing of the course, compared as whole processes. The lessons stand beside them, measured in the
//! same way and in the same rounds.

use common::PRACTICE_PAGES;

use crate::evidence::Evidence;
use crate::kinds::{self, CALLS, PAGES};
use crate::results::{Check, Doubt, Results, Row, Spread, Verdict, many};
use crate::tables::spread;

/// The placeholder for the practice site's address in a command,
const SITE: &str = "{site}";
/// and, as a word of its own, for the addresses of all pages.
const PAGES_OF_THE_SITE: &str = "{pages}";
/// Longer names are cut in the table.
const LONGEST_NAME: usize = 60;

/// The columns of the table.
pub(crate) const COLUMNS: [&str; 8] = [
    "program",
    "seconds (range)",
    "vs sync",
    "CPU s",
    "peak MB",
    "requests",
    "connections",
    "in flight",
];

/// A command, and its runs.
#[derive(Debug)]
pub(crate) struct Foreign {
    pub(crate) words: Vec<String>,
    pub(crate) runs: Vec<Evidence>,
    /// Why it was not run to the end.
    pub(crate) trouble: Option<String>,
}

impl Foreign {
    /// A command that has not run yet.
    pub(crate) fn new(words: Vec<String>) -> Self {
        Self { words, runs: Vec::new(), trouble: None }
    }

    /// The command as it was typed, cut if it is long.
    pub(crate) fn name(&self) -> String {
        let words = self.words.iter().map(|word| match word.contains(' ') {
            true => format!("'{word}'"),
            false => word.clone(),
        });
        let name: String = words.collect::<Vec<_>>().join(" ");
        match name.char_indices().nth(LONGEST_NAME) {
            Some((end, _)) => format!("{}...", name[..end].trim_end()),
            None => name,
        }
    }

    /// The kind of work that it is compared by: pages if its words contain the site, else calls.
    fn kind(&self) -> &'static str {
        let names_the_site = |word: &String| word.contains(SITE) || word == PAGES_OF_THE_SITE;
        if self.words.iter().any(names_the_site) { PAGES } else { CALLS }
    }

    /// The words to run, with the site's address and its pages filled in.
    pub(crate) fn words_for(&self, site: &str, pages: usize) -> Vec<String> {
        let addresses = PRACTICE_PAGES.iter().cycle().take(pages);
        let addresses: Vec<String> = addresses.map(|page| format!("{site}{page}")).collect();
        let filled = |word: &String| match word.as_str() {
            PAGES_OF_THE_SITE => addresses.clone(),
            word => vec![word.replace(SITE, site)],
        };
        self.words.iter().flat_map(filled).collect()
    }

    /// Why its times cannot be compared with the lessons': in a run it did not get from the site what they got.
    fn other_work(&self, results: &Results) -> Option<String> {
        if self.kind() != PAGES {
            return None;
        }
        let pages = results.sizes.pages as u64;
        // All lessons got the same; a run in which pages failed is no measure.
        let lessons = results.rows_of(PAGES).flat_map(|row| &row.samples);
        let mut sound = lessons.filter(|sample| sample.failed == 0);
        let bytes = sound.find_map(|sample| Some(sample.evidence.seen?.bytes));
        let seen = self.runs.iter().filter_map(|run| run.seen);
        let but = |its: String, theirs: String| {
            format!(
                "{} got {its} from the site, and the lessons {theirs}: their times cannot be compared.",
                self.name()
            )
        };
        seen.into_iter().find_map(|seen| match bytes {
            _ if seen.requests != pages => {
                Some(but(many(seen.requests as usize, "page"), pages.to_string()))
            }
            Some(bytes) if seen.bytes != bytes => {
                Some(but(many(seen.bytes as usize, "byte"), bytes.to_string()))
            }
            _ => None,
        })
    }
}

/// Returns the table's title and its rows: for each kind of work that a command does, the lessons and then the commands.
/// `None` without commands.
pub(crate) fn table(results: &Results) -> Option<(String, Vec<[String; COLUMNS.len()]>)> {
    let mut rows = Vec::new();
    let mut work = Vec::new();
    for kind in [PAGES, CALLS] {
        let commands: Vec<&Foreign> =
            results.commands.iter().filter(|it| it.kind() == kind).collect();
        if commands.is_empty() {
            continue;
        }
        work.push(kinds::words(kind, results.sizes).short);
        let lessons: Vec<&Row> =
            results.rows_of(kind).filter(|row| !row.samples.is_empty()).collect();
        let base = lessons.iter().find(|row| is_base(results, row)).map(|row| evidence(row));
        let base = base.as_deref().and_then(seconds);
        let verdict = |runs: &[Evidence], is_sound: bool| match seconds(runs).zip(base) {
            Some((seconds, base)) if is_sound => {
                let verdict = seconds.verdict(base);
                let is_firm = matches!(verdict, Verdict::Ratio(_));
                let one_run = (runs.len() == 1).then_some(Doubt::OneRun);
                let doubts: Vec<Doubt> =
                    one_run.into_iter().chain(results.doubts.iter().copied()).collect();
                verdict.words() + &Doubt::behind(if is_firm { &doubts } else { &[] })
            }
            _ => Verdict::None.words(),
        };
        for row in lessons {
            let runs = evidence(row);
            let words = match is_base(results, row) {
                true => Verdict::Base.words(),
                false => verdict(&runs, row.is_sound()),
            };
            rows.push(cells(row.program(), &runs, words));
        }
        for command in commands {
            let is_sound = command.trouble.is_none() && command.other_work(results).is_none();
            rows.push(cells(command.name(), &command.runs, verdict(&command.runs, is_sound)));
        }
    }
    let title = format!("Whole programs, from start to end: {}", work.join("; "));
    (!rows.is_empty()).then_some((title, rows))
}

/// Returns a failed check for each command that did not do the lessons' work.
pub(crate) fn checks(results: &Results) -> Vec<Check> {
    let sentences = results.commands.iter().filter_map(|command| command.other_work(results));
    sentences.map(|sentence| Check { passed: false, sentence }).collect()
}

/// Explains the table's columns.
pub(crate) fn legend(results: &Results) -> Option<String> {
    let computes = results.commands.iter().any(|command| command.kind() == CALLS);
    let computes =
        if computes { " What a command without a site computed, nobody checked." } else { "" };
    (!results.commands.is_empty()).then(|| {
        format!(
            "Seconds and processor time are those of the whole process, with its start, by the system's account and \
             with the processes that it waited for; the memory is that of the largest of them. Requests, connections \
             and pages in flight are what the practice site saw.{computes}"
        )
    })
}

fn is_base(results: &Results, row: &Row) -> bool {
    row.python.is_none() && results.base(row).is_some_and(|base| base.name() == row.name())
}

fn evidence(row: &Row) -> Vec<Evidence> {
    row.samples.iter().map(|sample| sample.evidence).collect()
}

fn seconds(runs: &[Evidence]) -> Option<Spread> {
    Spread::of(runs.iter().map(|run| run.usage.wall))
}

fn cells(name: String, runs: &[Evidence], verdict: String) -> [String; COLUMNS.len()] {
    let median = |value: &dyn Fn(&Evidence) -> Option<f64>| {
        Spread::of(runs.iter().filter_map(value)).map(|spread| spread.median)
    };
    let or_dash = |words: Option<String>| words.unwrap_or_else(|| "-".into());
    // A program that requested nothing has no use for the site.
    let seen = |value: &dyn Fn(&practice_site::Seen) -> u64| {
        let value =
            |run: &Evidence| Some(value(&run.seen.filter(|seen| seen.requests > 0)?) as f64);
        or_dash(median(&value).map(|median| format!("{median:.0}")))
    };
    let megabytes =
        |run: &Evidence| (run.usage.memory > 0).then_some(run.usage.memory as f64 / 1e6);
    [
        name,
        or_dash(seconds(runs).map(spread)),
        verdict,
        or_dash(median(&|run| Some(run.usage.cpu)).map(|cpu| format!("{cpu:.2}"))),
        or_dash(median(&megabytes).map(|memory| format!("{memory:.0}"))),
        seen(&|seen| seen.requests),
        seen(&|seen| seen.connections),
        seen(&|seen| seen.peak_in_flight),
    ]
}
