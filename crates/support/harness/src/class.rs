//! The class's board, for a student who joined one: what a run tells it.

use std::env;
use std::io::{self, Write};
use std::path::PathBuf;
use std::time::Duration;

use classroom::{LONGEST, Membership, Message, Outcome};

use crate::figures::seconds;
use crate::observe::Plan;
use crate::report::Report;
use crate::{Beside, cores};

/// A lesson waits this long for the board, before its clock starts and again after its last line.
const PATIENCE: Duration = Duration::from_millis(500);

/// What a run tells the board. It is told before the clock starts and after the last line: never in between.
pub(crate) struct Class {
    file: PathBuf,
    membership: Membership,
    message: Message,
}

impl Class {
    /// The class that this student joined, if any.
    pub(crate) fn joined(message: impl FnOnce() -> Message) -> Option<Self> {
        let file = classroom::file()?;
        let membership = Membership::load(&file)?;
        Some(Self { file, membership, message: message() })
    }

    /// Tells the board that the run begins. A board that does not answer is mentioned at the end.
    pub(crate) fn begins(&mut self) {
        let _ = self.send();
    }

    /// Tells the board how the run ended, and its student what was sent, the first time.
    pub(crate) fn ended(mut self, report: &Report) {
        self.message.outcome = Some(Outcome {
            seconds: seconds(report.took).max(0.001),
            done: report.done as u64,
            interrupted: report.interrupted,
        });
        // The student may have left meanwhile.
        let place = Membership::load(&self.file).map(|membership| membership.place);
        if place.as_ref() != Some(&self.membership.place) {
            return;
        }
        let said = match self.send() {
            Err(sentence) => {
                format!("The class: {sentence}. To leave it: cargo run -p class -- leave")
            }
            Ok(()) if self.membership.shown => return,
            Ok(()) => {
                let (nickname, sent) = (self.membership.nickname.clone(), self.message.to_json());
                self.membership.shown = true;
                self.remember();
                format!("Sent to the class, as {nickname}: {sent}")
            }
        };
        let _ = writeln!(io::stderr(), "{said}");
    }

    fn send(&mut self) -> Result<(), String> {
        let before = self.membership.clone();
        let sent = self.membership.send(&self.message, PATIENCE);
        if self.membership != before {
            self.remember();
        }
        sent
    }

    fn remember(&self) {
        // If it cannot be written, the next run asks the board for a nickname again.
        let text = self.membership.to_text();
        let _ = text.and_then(|text| Beside::write(&self.file, text)?.place());
    }
}

/// Options as the board shows them: `--workers 10 --live`. Numbers alone are shown: another value may be an address or a
/// path. Options for which there is no room are left out.
pub(crate) fn options(given: impl Iterator<Item = (String, Option<String>)>) -> String {
    let mut options = String::new();
    for (name, value) in given {
        let number = value.filter(|value| value.parse::<u64>().is_ok());
        let number = number.map_or_else(String::new, |number| format!(" {number}"));
        let gap = if options.is_empty() { "" } else { " " };
        let option = format!("{gap}{name}{number}");
        if options.len() + option.len() <= LONGEST / 5 {
            options += &option;
        }
    }
    options
}

/// A noun as a board accepts it.
fn plain(noun: &str) -> String {
    noun.chars().filter(|sign| sign.is_ascii_alphanumeric() || *sign == ' ').take(20).collect()
}

/// What a class's board gets to know of a run.
pub(crate) fn message(plan: &Plan, options: String, guess: Option<Duration>) -> Message {
    let program = env::current_exe().ok();
    let program = program.and_then(|it| Some(it.file_stem()?.to_str()?.to_owned()));
    Message {
        // An example is not its lesson.
        program: program.unwrap_or_else(|| plan.lesson.name.into()),
        model: plan.lesson.model.name().into(),
        kind: plain(plan.item()),
        computes: plan.kinds.iter().all(|(kind, _)| kind.only_computes),
        items: plan.items() as u64,
        sections: plan.lesson.sections.len() as u64,
        workers: plan.workers as u64,
        cores: cores() as u64,
        options,
        guess: guess.map(|guess| guess.as_secs_f64()),
        outcome: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_show_numbers_and_nothing_else() {
        let given = [
            ("--workers", Some("10")),
            ("--site", Some("http://192.168.1.5:8000")),
            ("--live", None),
            ("URL", Some("https://example.org")),
        ];
        let given = given.map(|(name, value)| (name.to_owned(), value.map(String::from)));
        let shown = options(given.into_iter());
        assert_eq!(shown, "--workers 10 --site --live URL");
        let many = (0..50).map(|_| ("--calls".into(), Some("12345".into())));
        assert!((80..=100).contains(&options(many).len()));
    }
}
