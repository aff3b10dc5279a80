//! The lines and the progress bar, on a thread of their own: a slow terminal must not slow down what
//! is being timed.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread::{self, JoinHandle};

use console::style;
use indicatif::ProgressBar;

use crate::lessons::{Lesson, Part};
use crate::record::{Outcome, Record};
use crate::{report, terminal};

/// What is printed while a lesson runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    /// A line for each item, and a bar where there is a terminal.
    Lines,
    /// Nothing but failures.
    Quiet,
}

/// What the thread is told.
#[derive(Debug)]
pub(crate) enum Message {
    Record(Record),
    Note(String),
    /// For stderr, in any style.
    Warning(&'static str),
    Part(&'static Part),
    End,
}

/// What it gives back at the end.
#[derive(Debug)]
pub(crate) struct Printed {
    /// All records, in the order in which the items ended.
    pub(crate) records: Vec<Record>,
    /// Why stdout could not be written to.
    pub(crate) error: Option<io::Error>,
}

/// Starts the thread. It raises `stop` when stdout takes no more lines.
pub(crate) fn start(
    lesson: &'static Lesson,
    items: usize,
    style: Style,
    stop: Arc<AtomicBool>,
) -> (Sender<Message>, JoinHandle<Printed>) {
    let (sender, receiver) = mpsc::channel();
    let printer = thread::Builder::new().name("printer".into());
    let printer = printer.spawn(move || print_all(lesson, items, style, &stop, &receiver));
    (sender, printer.expect("a process can start one thread"))
}

fn print_all(
    lesson: &Lesson,
    items: usize,
    style: Style,
    stop: &AtomicBool,
    messages: &Receiver<Message>,
) -> Printed {
    let mut printed = Printed { records: Vec::with_capacity(items), error: None };
    let bar = match style {
        Style::Lines => terminal::progress_bar(items as u64),
        Style::Quiet => ProgressBar::hidden(),
    };
    let (mut ended, mut items) = (false, 0);
    while !ended {
        let Ok(first) = messages.recv() else { break };
        // What came meanwhile is printed with it: the bar is taken away and drawn again only once.
        bar.suspend(|| {
            for message in [first].into_iter().chain(messages.try_iter()) {
                let written = match message {
                    Message::Record(record) => {
                        let written = print_record(lesson, &record, style);
                        items += u64::from(record.work.is_some());
                        printed.records.push(record);
                        written
                    }
                    Message::Note(text) if style == Style::Lines => {
                        writeln!(io::stdout(), "{text}")
                    }
                    Message::Warning(text) => {
                        let _ = writeln!(io::stderr(), "{text}");
                        Ok(())
                    }
                    Message::Part(part) if style == Style::Lines => {
                        writeln!(io::stdout(), "{}", report::part_line(part))
                    }
                    Message::Note(_) | Message::Part(_) => Ok(()),
                    Message::End => {
                        ended = true;
                        Ok(())
                    }
                };
                if let (Err(error), None) = (written, &printed.error) {
                    stop.store(true, Ordering::Relaxed);
                    printed.error = Some(error);
                }
            }
        });
        bar.set_position(items);
    }
    bar.finish_and_clear();
    printed
}

fn print_record(lesson: &Lesson, record: &Record, printing: Style) -> io::Result<()> {
    if let Outcome::Failed(why) = &record.outcome {
        // Where even stderr is closed, the summary and the status still tell.
        let failed = style("Failed").red().for_stderr();
        let _ = writeln!(io::stderr(), "{failed} {}: {why}", record.span.label);
        Ok(())
    } else if printing == Style::Lines && record.work.is_some() {
        writeln!(io::stdout(), "{}", report::line(lesson, record))
    } else {
        Ok(())
    }
}
