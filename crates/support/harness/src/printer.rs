//! The lines and the progress bar, on a thread of their own: a slow terminal must not slow down what
//! is being timed.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::{self, Write};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread::{self, JoinHandle};

use console::style;
use indicatif::ProgressBar;

use common::{Record, cancel};

use crate::give_up;
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

/// So many failures of one cause are printed; the others are counted.
const MOST_ALIKE: usize = 100;

/// Starts the thread. It cancels the run when stdout takes no more lines.
pub(crate) fn start(plan: Arc<Plan>, style: Style) -> (Sender<Message>, JoinHandle<Printed>) {
    let (sender, receiver) = mpsc::channel();
    let printer = thread::Builder::new().name("printer".into());
    let printer = printer.spawn(move || print_all(&plan, style, &receiver));
    let printer = printer.unwrap_or_else(|error| {
        give_up(&format!("the system lets this process start no thread: {error}"))
    });
    (sender, printer)
}

fn print_all(plan: &Plan, style: Style, messages: &Receiver<Message>) -> Printed {
    let items = plan.items();
    let mut printed = Printed { records: Vec::with_capacity(items), error: None };
    let bar = match style {
        Style::Lines => terminal::progress_bar(items as u64, terminal::NARROW),
        Style::Quiet => ProgressBar::hidden(),
    };
    let (mut ended, mut items) = (false, 0);
    // How often each cause of a failure occurred.
    let mut failures = BTreeMap::<String, usize>::new();
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
                        let why = record.span.failed.as_ref();
                        let alike = why.map(|why| failures.entry(why.clone()).or_default());
                        let is_folded = alike.is_some_and(|alike| {
                            *alike += 1;
                            *alike > MOST_ALIKE
                        });
                        let written =
                            if is_folded { Ok(()) } else { print_record(plan, &record, style) };
                        printed.records.push(record);
                        written
                    }
                    Message::Note(text) if style == Style::Lines => {
                        writeln!(io::stdout(), "{}", printable(&text))
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
    for (why, many) in failures {
        if let Some(more) = many.checked_sub(MOST_ALIKE).filter(|more| *more > 0) {
            let _ = writeln!(io::stderr(), "... and {more} more: {}", printable(&why));
        }
    }
    printed
}

fn print_record(plan: &Plan, record: &Record, printing: Style) -> io::Result<()> {
    let span = &record.span;
    match (&span.failed, &record.done) {
        _ if span.is_annotation => Ok(()),
        (Some(why), _) => {
            // Where even stderr is closed, the summary and the status still say it.
            let failed = style("Failed").red().for_stderr();
            let _ =
                writeln!(io::stderr(), "{failed} {}", printable(&format!("{}: {why}", span.label)));
            Ok(())
        }
        (None, Some(done)) if printing == Style::Lines => {
            writeln!(io::stdout(), "{}", printable(&(plan.kind(record).line)(span, done)))
        }
        _ => Ok(()),
    }
}

/// A text for a terminal, which would take control characters for orders: they are written as `\u{1b}`. So is what
/// would end the line or turn it around, and make one line look like another.
pub(crate) fn printable(text: &str) -> Cow<'_, str> {
    let is_order = |sign: char| {
        sign.is_control()
            || matches!(sign, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    if !text.contains(is_order) {
        return text.into();
    }
    let mut printable = String::new();
    for sign in text.chars() {
        if is_order(sign) {
            printable.extend(sign.escape_default());
        } else {
            printable.push(sign);
        }
    }
    printable.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_gets_no_orders() {
        assert_eq!(printable("Read 5 bytes from http://h/ä"), "Read 5 bytes from http://h/ä");
        assert_eq!(
            printable("a\u{1b}[2Jb\nc\r\u{9b}\u{202e}"),
            "a\\u{1b}[2Jb\\nc\\r\\u{9b}\\u{202e}"
        );
    }
}
