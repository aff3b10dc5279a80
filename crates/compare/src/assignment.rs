//! An assignment: a file of a few lines that says which program is judged, and by which rules.
//!
//! ```toml
//! program = "crates/lessons/LESSON/examples/mine.rs"  # as --with takes it
//! base = "a_lesson"                                   # for the rules that compare
//! [options]                                           # both run with them; also runs and limit, as options of `compare`
//! repeat = 10
//! [rules]
//! times_as_fast = 3          # at least, beside the base
//! connections = 5            # at most, as the site saw them; so are in_flight, threads, and memory (in MB)
//! queued = 6                 # at most, by the program's own drawing of how it fills its queue (`run.annotate`)
//! pages_once = true          # each page was requested once
//! names_failures = true      # a page that the site does not have is named as failed, and not counted
//! ctrl_c_clean = 3           # Ctrl-C ends it within so many seconds, with a true count, and nothing stays
//! same_results = true        # as the base
//! results = { ROUND = 400 }  # the result of the item of that name, in each run
//! ```

use std::fs;
use std::path::Path;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::args::Arguments;

/// A program, and the rules by which it is judged.
#[derive(Debug)]
pub(crate) struct Assignment {
    pub(crate) program: String,
    pub(crate) base: Option<String>,
    /// The options of `compare` with which all programs run.
    pub(crate) args: Arguments,
    /// In the order of the file.
    pub(crate) rules: Vec<Rule>,
}

/// A rule: its key in the file, and its value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Rule {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    pub(crate) number: f64,
    pub(crate) results: Vec<(String, u64)>,
}

/// The rules. The comment above describes them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    TimesAsFast,
    Connections,
    InFlight,
    Threads,
    Memory,
    Queued,
    PagesOnce,
    NamesFailures,
    CtrlCClean,
    SameResults,
    Results,
}

const KEYS: [&str; 4] = ["program", "base", "options", "rules"];
const OPTIONS: [&str; 8] =
    ["runs", "limit", "repeat", "latency", "timeout", "number", "calls", "workers"];
const RULES: [(&str, Kind); 11] = [
    ("times_as_fast", Kind::TimesAsFast),
    ("connections", Kind::Connections),
    ("in_flight", Kind::InFlight),
    ("threads", Kind::Threads),
    ("memory", Kind::Memory),
    ("queued", Kind::Queued),
    ("pages_once", Kind::PagesOnce),
    ("names_failures", Kind::NamesFailures),
    ("ctrl_c_clean", Kind::CtrlCClean),
    ("same_results", Kind::SameResults),
    ("results", Kind::Results),
];

impl Rule {
    fn read(name: &'static str, value: &DeValue<'_>) -> Result<Self, String> {
        let kind =
            RULES.iter().find(|(its, _)| *its == name).map_or(Kind::Results, |(_, kind)| *kind);
        let (mut number, mut its_results) = (Some(1.0), Some(Vec::new()));
        let allowed = match kind {
            Kind::Results => {
                its_results = results(value);
                "a table of names and whole numbers"
            }
            Kind::PagesOnce | Kind::NamesFailures | Kind::SameResults => {
                number = number.filter(|_| matches!(value, DeValue::Boolean(true)));
                "true"
            }
            Kind::TimesAsFast | Kind::CtrlCClean => {
                number = self::number(value).filter(|&it| it > 0.0 && it <= 1e6);
                "a number above 0, and at most a million"
            }
            _ => {
                number = whole(value).filter(|&most| most > 0).map(|most| most as f64);
                "a whole number from 1 on"
            }
        };
        let rule = number.zip(its_results);
        let rule = rule.map(|(number, results)| Self { name, kind, number, results });
        rule.ok_or_else(|| format!("{name}: it must be {allowed}"))
    }
}

fn results(value: &DeValue<'_>) -> Option<Vec<(String, u64)>> {
    let DeValue::Table(table) = value else { return None };
    let results = table
        .iter()
        .map(|(name, result)| Some((name.get_ref().to_string(), whole(result.get_ref())?)));
    results.collect::<Option<Vec<_>>>().filter(|results| !results.is_empty())
}

fn whole(value: &DeValue<'_>) -> Option<u64> {
    let DeValue::Integer(number) = value else { return None };
    u64::from_str_radix(number.as_str(), number.radix()).ok()
}

fn number(value: &DeValue<'_>) -> Option<f64> {
    match value {
        DeValue::Float(number) => number.as_str().parse().ok(),
        _ => whole(value).map(|number| number as f64),
    }
}

/// Reads a file.
///
/// # Errors
/// A sentence with the file, the line and the key.
pub(crate) fn read(path: &Path) -> Result<Assignment, String> {
    let text = fs::read_to_string(path).map_err(|why| format!("{}: {why}", path.display()))?;
    parse(&text).map_err(|(at, why)| {
        let line = 1 + text[..at.min(text.len())].matches('\n').count();
        format!("{}, line {line}: {why}", path.display())
    })
}

/// An error is a place in the text, and a sentence.
fn parse(text: &str) -> Result<Assignment, (usize, String)> {
    let document = DeTable::parse(text)
        .map_err(|error| (error.span().map_or(0, |span| span.start), error.message().to_owned()))?;
    let (mut program, mut base, mut options, mut rules) = (None, None, Vec::new(), Vec::new());
    for (at, key, value) in entries(document.get_ref(), &KEYS, "an assignment")? {
        let wrong = |must: &str| (at, format!("{key}: it must be {must}"));
        match (key, value.get_ref()) {
            ("program", DeValue::String(name)) => program = Some(name.to_string()),
            ("base", DeValue::String(name)) => base = Some(name.to_string()),
            ("program" | "base", _) => return Err(wrong("the name of a program, in quotes")),
            ("options", DeValue::Table(table)) => {
                for (at, key, value) in entries(table, &OPTIONS, "[options]")? {
                    let number = number(value.get_ref());
                    let number = number.ok_or((at, format!("{key}: it must be a number")))?;
                    options.push((key, number.to_string()));
                    Arguments::of_options(&options[options.len() - 1..])
                        .map_err(|why| (at, format!("{key}: {why}")))?;
                }
            }
            ("rules", DeValue::Table(table)) => {
                let names = RULES.map(|(name, _)| name);
                for (at, key, value) in entries(table, &names, "[rules]")? {
                    rules.push((at, Rule::read(key, value.get_ref()).map_err(|why| (at, why))?));
                }
            }
            _ => return Err(wrong(&format!("a table: [{key}]"))),
        }
    }
    let missing = |what: &str| (0, format!("{what} is missing"));
    if rules.is_empty() {
        return Err(missing("a rule below [rules]"));
    }
    let needs_base = |rule: &Rule| [Kind::TimesAsFast, Kind::SameResults].contains(&rule.kind);
    if let Some((at, rule)) = rules.iter().find(|(_, it)| base.is_none() && needs_base(it)) {
        return Err((*at, format!("{}: it needs a base to compare with", rule.name)));
    }
    Ok(Assignment {
        program: program.ok_or_else(|| missing("program"))?,
        base,
        args: Arguments::of_options(&options).map_err(|why| (0, why))?,
        rules: rules.into_iter().map(|(_, rule)| rule).collect(),
    })
}

type Entry<'a> = (usize, &'static str, &'a Spanned<DeValue<'a>>);

/// The entries of a table in the order of the text, if all keys are known.
fn entries<'a>(
    table: &'a DeTable<'a>,
    known: &[&'static str],
    place: &str,
) -> Result<Vec<Entry<'a>>, (usize, String)> {
    let entry = |(key, value): (&'a Spanned<_>, &'a Spanned<DeValue<'a>>)| {
        let (at, name): (usize, &std::borrow::Cow<'_, str>) = (key.span().start, key.get_ref());
        let is_known = known.iter().find(|known| **known == *name);
        let unknown =
            || (at, format!("{name:?} is no key of {place}; these are: {}", known.join(", ")));
        Ok((at, *is_known.ok_or_else(unknown)?, value))
    };
    let mut entries = table.iter().map(entry).collect::<Result<Vec<Entry<'a>>, _>>()?;
    entries.sort_by_key(|(at, ..)| *at);
    Ok(entries)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(rules: &str) -> Result<Assignment, (usize, String)> {
        parse(&format!("program = 'mine'\nbase = 'its'\n[options]\nrepeat = 3\n[rules]\n{rules}"))
    }

    #[test]
    fn rules_are_read_in_their_order() {
        let assignment =
            of("in_flight = 5\ntimes_as_fast = 1.5\nresults = { a = 4_000 }").expect("it is right");
        let read = |rule: &Rule| (rule.name, rule.number, rule.results.len());
        let read: Vec<_> = assignment.rules.iter().map(read).collect();
        assert_eq!(read, [("in_flight", 5.0, 0), ("times_as_fast", 1.5, 0), ("results", 1.0, 1)]);
        assert_eq!(assignment.args.sizes.pages, 6);
    }

    #[test]
    fn a_wrong_key_or_value_is_named() {
        for (text, why) in [
            ("conections = 5", "\"conections\" is no key of [rules]"),
            ("connections = 'few'", "connections: it must be a whole number from 1 on"),
            ("times_as_fast = 0", "times_as_fast: it must be a number above 0"),
            ("pages_once = false", "pages_once: it must be true"),
            ("results = {}", "results: it must be a table of names"),
            ("", "a rule below [rules] is missing"),
        ] {
            let (_, said) = of(text).expect_err(text);
            assert!(said.starts_with(why), "{said}");
        }
        let said = |text: &str| parse(text).expect_err(text);
        assert_eq!(said("program = 'p'\n[rules]\nsame_results = true").0, 22);
        assert!(
            said("program = 'p'\n[options]\nworkers = 0")
                .1
                .starts_with("workers: invalid value '0'")
        );
        assert_eq!(said("rules = 5").1, "rules: it must be a table: [rules]");
    }
}
