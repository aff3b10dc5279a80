//! The answer: sums for each path and each hour, which can be merged in any order.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use harness::is_order;
use serde_json::{Value, json};

/// How many bad lines are named with their places; the others are counted, for each reason.
const NAMED: usize = 3;

/// A year, a month, a day, and an hour: `2026-03-02T06`.
pub(crate) type Hour = [u8; 13];

/// A line of a log: a request, or what is wrong with it.
pub(crate) type Line<'line> = Result<Request<'line>, Bad>;

/// A request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Request<'line> {
    /// When it came.
    pub(crate) hour: Hour,
    /// What was asked for.
    pub(crate) path: Cow<'line, [u8]>,
    /// The status of the response.
    pub(crate) status: u16,
    /// The size of the response, in bytes.
    pub(crate) bytes: u64,
    /// How long it took, in milliseconds.
    pub(crate) milliseconds: u64,
}

/// A line that is no request.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Bad {
    /// Its file, counted from 0.
    pub(crate) file: usize,
    /// Where it ends in the file, in bytes. A worker that begins in the middle knows no number of a line.
    pub(crate) end: u64,
    /// What is wrong.
    pub(crate) why: &'static str,
}

impl Request<'_> {
    /// The request without its line.
    pub(crate) fn into_owned(self) -> Request<'static> {
        Request { path: Cow::Owned(self.path.into_owned()), ..self }
    }
}

// ANCHOR: answer
/// The sums of some lines. Its size depends on the number of paths, times and hours, not on the number of lines.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Answer {
    paths: HashMap<Box<[u8]>, Sums>,
    /// Requests that the server failed to answer, by hour.
    errors: BTreeMap<Hour, u64>,
    /// Bad lines, by what is wrong with them.
    bad: BTreeMap<&'static str, u64>,
    first_bad: BTreeSet<Bad>,
}

/// The sums for one path.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Sums {
    requests: u64,
    bytes: u64,
    /// How many requests took so many milliseconds.
    times: HashMap<u64, u64>,
}

impl Answer {
    /// Adds a line.
    pub(crate) fn add(&mut self, line: Line) {
        match line {
            Err(bad) => self.add_bad([(bad.why, 1)], [bad]),
            Ok(request) => {
                if request.status >= 500 {
                    *self.errors.entry(request.hour).or_default() += 1;
                }
                match self.paths.get_mut(&*request.path) {
                    Some(sums) => sums.add(&request),
                    None => self.paths.entry((*request.path).into()).or_default().add(&request),
                }
            }
        }
    }

    /// Merges two answers: in whatever order that happens, the result is the same.
    pub(crate) fn merge(mut self, other: Self) -> Self {
        for (path, sums) in other.paths {
            self.paths.entry(path).or_default().merge(sums);
        }
        for (hour, errors) in other.errors {
            *self.errors.entry(hour).or_default() += errors;
        }
        self.add_bad(other.bad, other.first_bad);
        self
    }
    // ANCHOR_END: answer

    /// The answer with one more line.
    pub(crate) fn with(mut self, line: Line) -> Self {
        self.add(line);
        self
    }

    fn add_bad(
        &mut self,
        bad: impl IntoIterator<Item = (&'static str, u64)>,
        first: impl IntoIterator<Item = Bad>,
    ) {
        for (why, lines) in bad {
            *self.bad.entry(why).or_default() += lines;
        }
        self.first_bad.extend(first);
        while self.first_bad.len() > NAMED {
            self.first_bad.pop_last();
        }
    }

    /// How many requests there are.
    pub(crate) fn requests(&self) -> u64 {
        self.paths.values().map(|sums| sums.requests).sum()
    }

    /// How many lines are bad, and the first of them.
    pub(crate) fn bad(&self) -> (u64, impl Iterator<Item = &Bad>) {
        (self.bad.values().sum(), self.first_bad.iter())
    }

    /// How many lines are bad for each reason.
    pub(crate) fn reasons(&self) -> &BTreeMap<&'static str, u64> {
        &self.bad
    }

    /// The paths, those with the most requests first.
    fn sorted(&self) -> Vec<(&[u8], &Sums)> {
        let mut paths: Vec<_> = self.paths.iter().map(|(path, sums)| (&**path, sums)).collect();
        paths.sort_by(|(a, one), (b, other)| other.requests.cmp(&one.requests).then(a.cmp(b)));
        paths
    }

    /// All paths for the report, and the first of them as rows for people.
    pub(crate) fn paths(&self) -> (Value, Vec<Vec<String>>) {
        const ROWS: usize = 12;
        let sorted = self.sorted();
        let all = sorted.iter().map(|(path, sums)| {
            let [half, most] = sums.percentiles([50, 99]);
            json!({
                "path": String::from_utf8_lossy(path),
                "requests": sums.requests,
                "bytes": sums.bytes,
                "p50": half,
                "p99": most,
            })
        });
        let row = |(path, sums): &(&[u8], &Sums)| {
            let [half, most] = sums.percentiles([50, 99]).map(|time| format!("{time} ms"));
            vec![shown(path), sums.requests.to_string(), sums.bytes.to_string(), half, most]
        };
        let head = ["path", "requests", "bytes", "p50", "p99"].map(String::from).to_vec();
        let mut rows: Vec<_> =
            [head].into_iter().chain(sorted.iter().take(ROWS).map(row)).collect();
        if let [_, others @ ..] = sorted.get(ROWS - 1..).unwrap_or_default() {
            if !others.is_empty() {
                let requests: u64 = others.iter().map(|(_, sums)| sums.requests).sum();
                let more = format!("{} more paths", others.len());
                rows.push(vec![
                    more,
                    requests.to_string(),
                    String::new(),
                    String::new(),
                    String::new(),
                ]);
            }
        }
        (all.collect(), rows)
    }

    /// The errors of all hours for the report, and the hours with the most of them as rows for people.
    pub(crate) fn errors(&self) -> (Value, Vec<Vec<String>>) {
        const ROWS: usize = 5;
        let all: BTreeMap<String, u64> =
            self.errors.iter().map(|(hour, errors)| (shown(hour), *errors)).collect();
        let mut most: Vec<_> = all.iter().collect();
        most.sort_by_key(|(_, errors)| std::cmp::Reverse(**errors));
        most.truncate(ROWS);
        most.sort();
        let is_all = most.len() == all.len();
        let head = if is_all { "hour" } else { "worst hours" };
        let rows = most.iter().map(|(hour, errors)| vec![(*hour).clone(), errors.to_string()]);
        let head = [vec![head.into(), "errors".into()]];
        (json!(all), head.into_iter().chain(rows).collect())
    }

    /// Says how this answer differs from another one, if it does.
    pub(crate) fn difference(&self, other: &Self) -> Option<String> {
        if self == other {
            return None;
        }
        let [one, two] = [self, other].map(|it| (it.requests(), it.bad().0));
        if one != two {
            let words =
                |(requests, bad): (u64, u64)| format!("{requests} requests and {bad} bad lines");
            return Some(format!("{}, and {}", words(one), words(two)));
        }
        let paths = self.paths.keys().chain(other.paths.keys());
        let path = paths.filter(|path| self.paths.get(*path) != other.paths.get(*path)).min();
        Some(path.map_or("other errors or bad lines".into(), |path| {
            format!("as many requests, but other sums for {}", shown(path))
        }))
    }
}

impl Sums {
    fn add(&mut self, request: &Request) {
        self.requests += 1;
        self.bytes = self.bytes.saturating_add(request.bytes);
        *self.times.entry(request.milliseconds).or_default() += 1;
    }

    fn merge(&mut self, other: Self) {
        self.requests += other.requests;
        self.bytes = self.bytes.saturating_add(other.bytes);
        for (time, requests) in other.times {
            *self.times.entry(time).or_default() += requests;
        }
    }

    // ANCHOR: percentiles
    /// The times within which these parts of the requests, in per cent and ascending, were answered. They are exact: each is
    /// the shortest time that at least so many requests did not exceed (nearest rank).
    fn percentiles<const N: usize>(&self, parts: [u64; N]) -> [u64; N] {
        let mut times: Vec<(u64, u64)> =
            self.times.iter().map(|(time, many)| (*time, *many)).collect();
        times.sort_unstable();
        parts.map(|part| {
            let rank = (u128::from(self.requests) * u128::from(part)).div_ceil(100) as u64;
            let mut so_far = 0;
            let within = times.iter().find(|(_, many)| {
                so_far += many;
                so_far >= rank
            });
            within.map_or(0, |(time, _)| *time)
        })
    }
    // ANCHOR_END: percentiles
}

/// A text that no terminal obeys.
pub(crate) fn printable(text: &str) -> String {
    text.replace(is_order, "\u{fffd}")
}

/// The beginning of a text of a log, for a terminal.
pub(crate) fn shown(text: &[u8]) -> String {
    const MOST: usize = 40;
    let mut text = printable(&String::from_utf8_lossy(text));
    if text.chars().count() > MOST {
        text = text.chars().take(MOST - 1).chain(['…']).collect();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sums(times: &[u64]) -> Sums {
        let mut sums = Sums::default();
        for time in times {
            sums.requests += 1;
            *sums.times.entry(*time).or_default() += 1;
        }
        sums
    }

    #[test]
    fn percentiles_are_exact() {
        assert_eq!(sums(&[]).percentiles([50, 99]), [0, 0]);
        assert_eq!(sums(&[7]).percentiles([50, 99]), [7, 7]);
        assert_eq!(sums(&[3, 1]).percentiles([50, 51, 100]), [1, 3, 3]);
        let hundred: Vec<u64> = (1..=100).collect();
        assert_eq!(sums(&hundred).percentiles([50, 99, 100]), [50, 99, 100]);
        let hundred_and_one: Vec<u64> = (1..=101).collect();
        assert_eq!(sums(&hundred_and_one).percentiles([50, 99]), [51, 100]);
    }

    #[test]
    fn a_text_of_a_log_is_no_command_for_a_terminal() {
        assert_eq!(shown(b"/a\x1b[2J\xff\r"), "/a\u{fffd}[2J\u{fffd}\u{fffd}");
        assert_eq!(shown("/\u{202e}a\u{2028}\u{2069}".as_bytes()), "/\u{fffd}a\u{fffd}\u{fffd}");
        let text = shown("ä".repeat(50).as_bytes());
        assert_eq!((text.chars().count(), text.ends_with('…')), (40, true));
    }
}
