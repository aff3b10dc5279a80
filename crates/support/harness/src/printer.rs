//! The lines and the progress bar, on a thread of their own: a slow terminal must not slow down what
//! is being timed.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread::{self, JoinHandle};

use console::style;
use indicatif::ProgressBar;

use common::{Record, cancel};

use crate::observe::Plan;
use crate::terminal;

/// What is printed while a lesson runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    /// A line for each item, and a bar where there is a terminal.
    Lines,
    /// Nothing but failures.
    Quiet,
}

/// A message to the thread.
#[derive(Debug)]
pub(crate) enum Message {
    Record(Record),
    Note(String),
    /// For stderr, in any style.
    Warning(&'static str),
    Section(&'static str),
    End,
}

/// What the thread returns in the end.
#[derive(Debug)]
pub(crate) struct Printed {
    /// All records, in the order in which the items ended.
    pub(crate) records: Vec<Record>,
    /// Why stdout could not be written to.
    pub(crate) error: Option<io::Error>,
}

/// Starts the thread. It cancels the run when stdout takes no more lines.
pub(crate) fn start(plan: Arc<Plan>, style: Style) -> (Sender<Message>, JoinHandle<Printed>) {
    let (sender, receiver) = mpsc::channel();
    let printer = thread::Builder::new().name("printer".into());
    let printer = printer.spawn(move || print_all(&plan, style, &receiver));
    (sender, printer.expect("a process can start one thread"))
}

fn print_all(plan: &Plan, style: Style, messages: &Receiver<Message>) -> Printed {
    let items = plan.items();
    let mut printed = Printed { records: Vec::with_capacity(items), error: None };
    let bar = match style {
        Style::Lines => terminal::progress_bar(items as u64),
        Style::Quiet => ProgressBar::hidden(),
    };
    let (mut ended, mut items) = (false, 0);
    while !ended {
        let Ok(first) = messages.recv() else { break };
        // All that has come since is printed with it: the bar is cleared and drawn again only once.
        bar.suspend(|| {
            for message in [first].into_iter().chain(messages.try_iter()) {
                let written = match message {
                    Message::Record(mut record) => {
                        if !record.span.is_annotation {
                            plan.kind(&record).complete(&mut record);
                            items += 1;
                        }
                        let written = print_record(plan, &record, style);
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
                    Message::Section(name) if style == Style::Lines => {
                        let (dashes, name) =
                            (console::style("--").dim(), console::style(name).bold());
                        writeln!(io::stdout(), "{dashes} {name}")
                    }
                    Message::Note(_) | Message::Section(_) => Ok(()),
                    Message::End => {
                        ended = true;
                        Ok(())
                    }
                };
                if let (Err(error), None) = (written, &printed.error) {
                    cancel();
                    printed.error = Some(error);
                }
            }
        });
        bar.set_position(items);
    }
    bar.finish_and_clear();
    printed
}

fn print_record(plan: &Plan, record: &Record, printing: Style) -> io::Result<()> {
    let span = &record.span;
    match (&span.failed, &record.done) {
        _ if span.is_annotation => Ok(()),
        (Some(why), _) => {
            // Where even stderr is closed, the summary and the status still say it.
            let failed = style("Failed").red().for_stderr();
            let _ = writeln!(io::stderr(), "{failed} {}: {why}", span.label);
            Ok(())
        }
        (None, Some(done)) if printing == Style::Lines => {
            writeln!(io::stdout(), "{}", (plan.kind(record).line)(span, done))
        }
        _ => Ok(()),
    }
}
