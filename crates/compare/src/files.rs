//! The files that `--out` writes.

use std::fs::{self, OpenOptions};
use std::path::Path;

use harness::report::facts_to_json;
use serde_json::{Value, json};

use crate::results::{Results, Row, Spread};
use crate::{html, tables};

const NAMES: [&str; 4] = ["report.html", "results.json", "results.csv", "results.md"];

/// Makes the folder, unless it is there, and sees that files can be written in it.
pub(crate) fn make_folder(folder: &Path) -> Result<(), String> {
    let can_write =
        |name: &&str| OpenOptions::new().create(true).append(true).open(folder.join(name));
    fs::create_dir_all(folder)
        .and_then(|()| NAMES.iter().try_for_each(|name| can_write(name).map(drop)))
        .map_err(|error| format!("the folder {} cannot be used: {error}", folder.display()))
}

/// Writes all four, over what was there.
pub(crate) fn write(folder: &Path, results: &Results) -> Result<(), String> {
    let texts = [
        html::html(results),
        format!("{:#}\n", json(results)),
        csv(results).map_err(|error| format!("no results.csv: {error}"))?,
        tables::markdown(results),
    ];
    for (name, text) in NAMES.iter().zip(texts) {
        let path = folder.join(name);
        fs::write(&path, text)
            .map_err(|error| format!("{} was not written: {error}", path.display()))?;
    }
    Ok(())
}

fn json(results: &Results) -> Value {
    let spread = |seconds: Option<Spread>| {
        seconds.map(|Spread { median, lowest, highest }| {
            json!({ "median": median, "lowest": lowest, "highest": highest })
        })
    };
    let row = |row: &Row| {
        let runs = row.samples.iter().map(|sample| {
            json!({
                "seconds": sample.seconds,
                "workers": sample.workers,
                "ok": sample.done,
                "failed": sample.failed,
                "facts": facts_to_json(sample.facts),
            })
        });
        json!({
            "lesson": row.lesson.name(),
            "part": row.section,
            "model": row.lesson.model().name(),
            "who_switches": row.lesson.model().who_switches(),
            "seconds": spread(row.seconds()),
            "verdict": results.verdict(row).words(),
            "article_seconds": row.lesson.found.article_seconds,
            "article_verdict": results.article_verdict(row).words(),
            "trouble": row.trouble,
            "runs": runs.collect::<Vec<_>>(),
        })
    };
    let sweep = results.sweep.iter().map(|curve| {
        let points = curve.points.iter().map(|point| {
            json!({
                "workers": point.workers,
                "pages": point.pages,
                "runs": point.runs,
                "seconds": spread(Some(point.seconds)),
            })
        });
        json!({
            "lesson": curve.lesson.name(),
            "trouble": curve.trouble,
            "points": points.collect::<Vec<_>>(),
        })
    });
    let checks = results.checks.iter();
    json!({
        "cores": results.machine.cores,
        "system": results.machine.system,
        "profile": results.machine.profile,
        "pages": results.sizes.pages,
        "latency_ms": results.sizes.latency_ms,
        "number": results.sizes.number,
        "calls": results.sizes.calls,
        "workers": results.sizes.workers,
        "interrupted": results.interrupted,
        "lessons": results.rows.iter().map(row).collect::<Vec<_>>(),
        "sweep": sweep.collect::<Vec<_>>(),
        "checks": checks
            .map(|check| json!({ "passed": check.passed, "sentence": check.sentence }))
            .collect::<Vec<_>>(),
        "warnings": results.warnings,
    })
}

/// A line for each run of the comparison.
fn csv(results: &Results) -> Result<String, Box<dyn std::error::Error>> {
    let mut table = csv::Writer::from_writer(Vec::new());
    table.write_record([
        "lesson",
        "part",
        "model",
        "run",
        "workers",
        "seconds",
        "ok",
        "failed",
        "peak_in_flight",
        "working",
        "cores_busy",
    ])?;
    for row in &results.rows {
        for (run, sample) in row.samples.iter().enumerate() {
            table.write_record([
                row.lesson.name(),
                row.section.unwrap_or_default(),
                row.lesson.model().name(),
                &(run + 1).to_string(),
                &sample.workers.to_string(),
                &format!("{:.6}", sample.seconds),
                &sample.done.to_string(),
                &sample.failed.to_string(),
                &sample.facts.peak_in_flight.to_string(),
                &format!("{:.4}", sample.facts.working),
                &format!("{:.4}", sample.facts.cores_busy),
            ])?;
        }
    }
    Ok(String::from_utf8(table.into_inner()?)?)
}
