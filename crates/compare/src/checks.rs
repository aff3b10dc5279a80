//! Checks that every model, and every section, got the same results.

use timeline::plural;

use crate::results::{Check, Results, Row, Sample, many};
use crate::{kinds, whole};

/// Compares the results of the lessons of each kind of work, and of the sections.
pub(crate) fn all(results: &Results) -> Vec<Check> {
    let of_kind = |kind| same(results.rows_of(kind), &kinds::words(kind, results.sizes).got);
    let of_kinds = results.kinds().filter_map(of_kind);
    of_kinds.chain(same_in_sections(&results.rows)).chain(whole::checks(results)).collect()
}

fn fails(sentence: String) -> Option<Check> {
    Some(Check { passed: false, sentence })
}

/// Whether all runs of lessons that do the same kind of work got the same results; `got` is the noun for one.
/// `None` if there are fewer than two runs.
fn same<'a>(rows: impl Iterator<Item = &'a Row>, got: &str) -> Option<Check> {
    let rows: Vec<&Row> = rows.filter(|row| !row.samples.is_empty()).collect();
    let runs: Vec<(&Row, &Sample)> =
        rows.iter().flat_map(|row| row.samples.iter().map(move |sample| (*row, sample))).collect();
    let [(first_row, first), _, ..] = runs.as_slice() else { return None };
    if let Some(row) = rows.iter().find(|row| row.done_and_failed().1 > 0) {
        return fails(format!("{} did not get all of its {}.", row.program(), plural(got, 2)));
    }
    if let Some((row, _)) = runs.iter().find(|(_, sample)| sample.got != first.got) {
        let (one, other) = (first_row.program(), row.program());
        let who =
            if one == other { format!("Two runs of {one}") } else { format!("{one} and {other}") };
        return fails(format!("{who} did not get the same {}.", plural(got, 2)));
    }
    let has_originals = rows.iter().any(|row| row.python.is_some());
    Some(Check {
        passed: true,
        sentence: format!(
            "All {} runs of {} got the same {}.",
            runs.len(),
            many(rows.len(), if has_originals { "program" } else { "lesson" }),
            many(first.got.len(), got)
        ),
    })
}

/// Whether in each run the sections with the same work got the same results; `None` if none were compared.
fn same_in_sections(rows: &[Row]) -> Option<Check> {
    let (mut runs, mut lessons) = (0, 0);
    for rows in rows.chunk_by(Row::is_of_same_program) {
        if rows[0].section.is_none() || rows[0].samples.is_empty() {
            continue;
        }
        if let Some(row) = rows.iter().find(|row| row.done_and_failed().1 > 0) {
            let items = plural(row.item, 2);
            return fails(format!("{} did not get all of its {items}.", row.name()));
        }
        for (at, row) in rows.iter().enumerate() {
            let Some(base) = rows[..at].iter().find(|base| base.item == row.item) else {
                continue;
            };
            let mut pairs = base.samples.iter().zip(&row.samples);
            if pairs.any(|(base, sample)| base.got != sample.got) {
                return fails(format!(
                    "{}: '{}' and '{}' did not get the same {}.",
                    row.program(),
                    base.section.unwrap_or_default(),
                    row.section.unwrap_or_default(),
                    plural(row.item, 2),
                ));
            }
        }
        runs += rows[0].samples.len();
        lessons += 1;
    }
    (lessons > 0).then(|| Check {
        passed: true,
        sentence: format!(
            "Every part got the same as the first part with the same work, in {} of {}.",
            many(runs, "run"),
            many(lessons, "further lesson"),
        ),
    })
}
