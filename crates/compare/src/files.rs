//! The files that `--out` writes.

use std::fs::{self, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use harness::Beside;
use harness::report::facts_to_json;
use serde_json::{Value, json};

use crate::evidence::Evidence;
use crate::python::Python;
use crate::results::{Results, Row, Spread};
use crate::whole::Foreign;
use crate::{html, tables};

const NAMES: [&str; 4] = ["report.html", "results.json", "results.csv", "results.md"];

/// A folder for the files.
#[derive(Debug)]
pub(crate) struct Folder<'a> {
    path: &'a Path,
    /// Whether this program made it: then it is removed if nothing is written.
    is_new: bool,
}

impl<'a> Folder<'a> {
    /// Makes the folder if it does not exist, and checks that files can be written in it.
    pub(crate) fn make(path: &'a Path) -> Result<Self, String> {
        let is_new = !path.exists();
        let sentence =
            |error: io::Error| format!("the folder {} cannot be used: {error}", path.display());
        fs::create_dir_all(path).map_err(sentence)?;
        let folder = Self { path, is_new };
        if let Some(name) = NAMES.iter().find(|name| path.join(name).is_dir()) {
            return Err(sentence(io::Error::other(format!("{name} in it is a folder itself"))));
        }
        Beside::write(&path.join(NAMES[0]), "").map(drop).map_err(sentence)?;
        Ok(folder)
    }

    /// Writes all four files, replacing earlier ones: all from one comparison, or none.
    pub(crate) fn write(mut self, results: &Results) -> Result<(), String> {
        let texts = [
            html::html(results),
            format!("{:#}\n", json(results)),
            csv(results).map_err(|error| format!("no results.csv: {error}"))?,
            tables::markdown(results),
        ];
        let path = |name: &str| self.path.join(name);
        let not_written = |name: &str, error: io::Error| {
            format!("{} was not written: {error}", path(name).display())
        };
        let written = NAMES.iter().zip(texts).map(|(name, text)| {
            Beside::write(&path(name), text).map_err(|error| not_written(name, error))
        });
        let written: Vec<Beside> = written.collect::<Result<_, String>>()?;
        let _alone = Alone::in_folder(self.path);
        for (name, file) in NAMES.iter().zip(written) {
            file.place().map_err(|error| not_written(name, error))?;
        }
        self.is_new = false;
        Ok(())
    }
}

impl Drop for Folder<'_> {
    fn drop(&mut self) {
        if self.is_new {
            let _ = fs::remove_dir(self.path); // only if it is empty
        }
    }
}

/// A lock on the folder, so that all its files come from one comparison.
struct Alone(PathBuf);

impl Alone {
    fn in_folder(folder: &Path) -> Self {
        let lock = folder.join(".placing");
        let start = Instant::now();
        // Placing the files takes milliseconds; an older lock was left behind.
        while OpenOptions::new().write(true).create_new(true).open(&lock).is_err()
            && start.elapsed() < Duration::from_secs(2)
        {
            thread::sleep(Duration::from_millis(2));
        }
        Self(lock)
    }
}

impl Drop for Alone {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
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
                "evidence": evidence(&sample.evidence),
            })
        });
        json!({
            "lesson": row.lesson.name(),
            "python": row.python.map(python_json),
            "part": row.section,
            "model": row.lesson.model().name(),
            "who_switches": row.lesson.model().who_switches(),
            "seconds": spread(row.seconds()),
            "verdict": results.verdict(row),
            "article": results.article(row),
            "original": results.python(row),
            "trouble": row.trouble,
            "runs": runs.collect::<Vec<_>>(),
        })
    };
    let command = |command: &Foreign| {
        json!({
            "command": command.words,
            "trouble": command.trouble,
            "runs": command.runs.iter().map(evidence).collect::<Vec<_>>(),
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
        "commands": results.commands.iter().map(command).collect::<Vec<_>>(),
        "sweep": sweep.collect::<Vec<_>>(),
        "checks": checks
            .map(|check| json!({ "passed": check.passed, "sentence": check.sentence }))
            .collect::<Vec<_>>(),
        "warnings": results.warnings,
    })
}

/// A run, seen from outside: times in seconds, sizes in bytes.
fn evidence(Evidence { usage, seen }: &Evidence) -> Value {
    let seen = seen.map(|seen| {
        json!({
            "requests": seen.requests,
            "connections": seen.connections,
            "peak_in_flight": seen.peak_in_flight,
            "bytes": seen.bytes,
            "seconds": seen.took.as_secs_f64(),
        })
    });
    json!({ "wall": usage.wall, "cpu": usage.cpu, "memory": usage.memory, "site": seen })
}

fn python_json(python: &Python) -> Value {
    json!({ "version": python.version, "gil": python.has_gil })
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
        "ready",
        "cores_busy",
        "python",
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
                &format!("{:.4}", sample.facts.ready),
                &format!("{:.4}", sample.facts.cores_busy),
                &row.python.map(ToString::to_string).unwrap_or_default(),
            ])?;
        }
    }
    Ok(String::from_utf8(table.into_inner()?)?)
}
