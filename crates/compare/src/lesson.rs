//! One run of one lesson, as a process of its own.

use std::io::{self, Read};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use common::{Lesson, Work};
use serde_json::Value;
use timeline::{Span, Timeline};

use crate::results::Sample;

/// More than this no lesson has to say: an item takes about 250 bytes, and there are 100,000 at the most.
const MOST_OUTPUT: u64 = 200 << 20;
/// How often it is looked at.
const LOOK: Duration = Duration::from_millis(5);

/// How a run ended.
#[derive(Debug)]
pub(crate) enum Ended {
    /// With a report.
    Well(Box<Sample>),
    /// Without one that makes sense, and why.
    InTrouble(String),
    /// With Ctrl-C.
    Interrupted,
}

/// Runs a lesson, and expects so many items of it, in less than `limit`.
pub(crate) fn run(
    lesson: &Lesson,
    program: &Path,
    arguments: &[String],
    items: usize,
    limit: Duration,
) -> Ended {
    if common::interrupted() {
        return Ended::Interrupted;
    }
    let mut child = match start(program, arguments) {
        Ok(child) => child,
        Err(error) => return Ended::InTrouble(format!("it did not start: {error}")),
    };
    let stdout = read_all(child.stdout.take());
    let stderr = read_all(child.stderr.take());
    let status = match wait(&mut child, limit) {
        // On Windows it gets the Ctrl-C itself, and may be first.
        Ok(_) if common::interrupted() => return Ended::Interrupted,
        Ok(Some(status)) => status,
        Ok(None) => {
            let seconds = limit.as_secs_f64();
            return Ended::InTrouble(format!("it took longer than {seconds} s (--limit)"));
        }
        Err(error) => return Ended::InTrouble(format!("it cannot be waited for: {error}")),
    };
    // Its own children may hold the pipe a moment longer.
    let text =
        |pipe: Receiver<String>| pipe.recv_timeout(Duration::from_secs(5)).unwrap_or_default();
    let (stdout, stderr) = (text(stdout), text(stderr));
    // Where items failed the status is 1, and the report says which.
    if !status.success() && status.code() != Some(1) || stdout.is_empty() {
        let last = stderr.lines().last().unwrap_or_default();
        // A terminal may take some signs for orders.
        let last: String = last.chars().filter(|sign| !sign.is_control()).take(200).collect();
        let last_words = if last.is_empty() { last } else { format!(": {last}") };
        return Ended::InTrouble(format!("it ended with {status}{last_words}"));
    }
    match read(lesson, &stdout, items) {
        Ok(sample) => Ended::Well(Box::new(sample)),
        Err(why) => Ended::InTrouble(format!("its report makes no sense: {why}")),
    }
}

fn start(program: &Path, arguments: &[String]) -> io::Result<Child> {
    let mut command = Command::new(program);
    // With this program its standard input ends, and then the lesson does.
    command.env(common::ENDS_WITH_INPUT, "1").stdin(Stdio::piped());
    command.args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped());
    common::own_group(&mut command);
    command.spawn()
}

/// Reads a pipe to its end, on a thread of its own: a full pipe would stop the lesson.
fn read_all(pipe: Option<impl Read + Send + 'static>) -> Receiver<String> {
    let (sender, text) = mpsc::channel();
    thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(pipe) = pipe {
            let _ = pipe.take(MOST_OUTPUT).read_to_end(&mut bytes);
        }
        let _ = sender.send(String::from_utf8_lossy(&bytes).into_owned());
    });
    text
}

/// Waits for its end; ends it (and gives `None`) with Ctrl-C, or when its time is up.
fn wait(child: &mut Child, limit: Duration) -> io::Result<Option<ExitStatus>> {
    let start = Instant::now();
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if common::interrupted() || start.elapsed() > limit {
            // Its own children end with their standard input.
            child.kill()?;
            child.wait()?;
            return Ok(None);
        }
        thread::sleep(LOOK);
    }
}

/// What a lesson says of its run with `--json`, if it makes sense.
fn read(lesson: &Lesson, json: &str, items: usize) -> Result<Sample, String> {
    let run: Value = serde_json::from_str(json).map_err(|error| error.to_string())?;
    let number = |key: &str| {
        let number = run[key].as_u64().and_then(|number| usize::try_from(number).ok());
        number.ok_or_else(|| format!("no proper \"{key}\""))
    };
    let seconds = run["seconds"].as_f64().filter(|seconds| *seconds > 0.0);
    let seconds = seconds.ok_or("no proper \"seconds\"")?;
    let took = Duration::try_from_secs_f64(seconds).map_err(|error| error.to_string())?;
    let listed = run["items"].as_array().ok_or("no \"items\"")?;
    let spans: Result<Vec<Span>, _> = listed.iter().map(Span::from_json).collect();
    let spans = spans.map_err(|error| error.to_string())?;
    let (done, failed) = (number("done")?, number("failed")?);
    if run["lesson"] != lesson.name {
        return Err(format!("it is {}'s", run["lesson"]));
    }
    if (spans.len(), done + failed) != (items, items) {
        let listed = spans.len();
        return Err(format!("{items} items, {done} done, {failed} failed, and {listed} listed"));
    }
    if spans.iter().any(|span| span.end > took) {
        return Err("an item ended after the end".into());
    }
    let result = match lesson.work {
        Work::Downloads => "bytes",
        Work::Calls | Work::Rounds | Work::Pictures => "result",
    };
    let got = listed.iter().zip(&spans).filter(|(_, span)| span.failed.is_none());
    let got = got.map(|(item, span)| {
        let got = item[result].as_u64().ok_or_else(|| format!("an item without \"{result}\""))?;
        Ok((span.label.clone(), got))
    });
    let mut got = got.collect::<Result<Vec<_>, String>>()?;
    if got.len() != done {
        return Err(format!("{done} done, and {} with a result", got.len()));
    }
    got.sort_unstable();
    let timeline = Timeline {
        title: lesson.name.into(),
        item: lesson.item().into(),
        worker: lesson.model.worker().into(),
        only_computes: lesson.work.only_computes(),
        took,
        cores: number("cores")?,
        spans,
        sections: Vec::new(),
    };
    let facts = timeline.facts().ok_or("nothing was done")?;
    Ok(Sample { seconds, workers: number("workers")?, done, failed, facts, timeline, got })
}
