//! What the interface shows, and how late it answers: options, a line that is drawn in place, and the table.

use std::sync::mpsc::Receiver;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use clap::Arg;
use clap::builder::NonEmptyStringValueParser;
use common::{Run, is_cancelled};
use console::{Term, style};
use harness::{Lesson, Setup, Work, figures, give_up, lock, look};
use serde_json::{Value, json};

use crate::keyboard::{self, Key, Keyboard};

/// What is typed where nobody is there.
const TEXT: &str = "are you there? ";
/// The widest line that is drawn.
const WIDEST: usize = 79;

/// An interface: a keyboard, and a line on the screen.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Interface;

/// The interface, before a part of the lesson has it.
#[derive(Debug)]
pub(crate) struct Desk {
    keyboard: Keyboard,
    calls: usize,
    parts: Arc<Mutex<Vec<Part>>>,
}

/// How late a part of the lesson answered its keys.
#[derive(Clone, Debug)]
struct Part {
    name: &'static str,
    late: Vec<Duration>,
}

/// The interface of one part of the lesson.
pub(crate) struct Screen<'run> {
    /// The keys that were pressed and are not answered yet.
    pub(crate) keys: Receiver<Key>,
    run: &'run Run,
    /// Where a person sits.
    terminal: Option<Term>,
    calls: usize,
    done: usize,
    part: Part,
    parts: &'run Mutex<Vec<Part>>,
}

impl Work for Interface {
    type Items = Desk;

    fn options(&self, _: &Lesson) -> Vec<Arg> {
        let help = "Play these keys, one every 200 ms, over and over, and read no keyboard";
        let keys = Arg::new("type").long("type").value_name("KEYS").help(help);
        vec![keys.value_parser(NonEmptyStringValueParser::new())]
    }

    fn prepare(self, setup: &mut Setup) -> Desk {
        let text: Option<String> = setup.optional("type");
        let is_silent =
            ["json", "quiet", harness::ENDS_WITH_INPUT].iter().any(|name| setup.flag(name));
        let keyboard = if text.is_none() && !is_silent && keyboard::is_there() {
            let (keyboard, quiet) = Keyboard::of_the_terminal().unwrap_or_else(|error| {
                give_up(&format!("the terminal does not hand over single keys: {error}"))
            });
            setup.keep(quiet);
            setup.draws_itself();
            keyboard
        } else {
            Keyboard::Played(text.unwrap_or_else(|| TEXT.into()))
        };
        let parts = Arc::<Mutex<Vec<Part>>>::default();
        let seen = parts.clone();
        setup.table("keys", move || table(&lock(&seen)));
        Desk { keyboard, calls: setup.items_of("call").unwrap_or_default(), parts }
    }
}

impl Desk {
    /// Begins a part of the lesson: keys that are pressed from now on are its own.
    pub(crate) fn open<'run>(&'run self, run: &'run Run, name: &'static str) -> Screen<'run> {
        run.section(name);
        let is_person = matches!(self.keyboard, Keyboard::Terminal(_));
        let terminal = is_person.then(Term::buffered_stderr);
        let part = Part { name, late: Vec::new() };
        let (keys, calls, parts) = (self.keyboard.keys(), self.calls, &*self.parts);
        let mut screen = Screen { keys, run, terminal, calls, done: 0, part, parts };
        screen.tell(format!(
            "{} {}: press keys; c or Esc cancels",
            style("--").dim(),
            style(name).bold()
        ));
        screen
    }
}

impl Screen<'_> {
    /// Shows how many calls are done.
    pub(crate) fn draw(&mut self, done: usize) {
        self.done = done;
        self.show("");
    }

    /// Answers a key: tells how late it is.
    pub(crate) fn answer(&mut self, key: &Key) {
        let late = key.pressed.elapsed();
        self.part.late.push(late);
        let told = format!("Answered after {}: {}", in_ms(late), key.name);
        match self.terminal {
            Some(_) => self.tell(told),
            None => self.run.note(told),
        }
    }

    /// A line on the terminal of a person.
    fn tell(&mut self, line: String) {
        self.show(&(line + "\n"));
    }

    /// Puts a line above the line that stays, which is drawn again. The cursor waits at its beginning: so a message from
    /// elsewhere does not stand behind it.
    fn show(&mut self, line: &str) {
        // It is drawn for nobody, too, so that drawing costs something there.
        let text = format!("{line}{}\r", self.line());
        let Some(terminal) = &self.terminal else { return };
        // A terminal that is gone shows nothing.
        let _ = terminal.clear_line().and_then(|()| {
            terminal.write_str(&text)?;
            terminal.flush()
        });
    }

    /// The line that stays, no wider than the terminal is now.
    fn line(&self) -> String {
        let (look, keys) = (look(80), self.part.late.len());
        let text = format!(" {} of {} calls, keys: {keys}", self.done, self.calls);
        let width = look.width.min(WIDEST).saturating_sub(1);
        let bar = width.saturating_sub(text.len());
        let full = bar * self.done / self.calls.max(1);
        let [done, open] = if look.unicode { ["█", "░"] } else { ["#", "."] };
        let line = done.repeat(full) + &open.repeat(bar - full) + &text;
        line.chars().take(width).collect()
    }
}

impl Drop for Screen<'_> {
    /// The end of this part: keys of its last moment are answered, too.
    fn drop(&mut self) {
        while let (false, Ok(key)) = (is_cancelled(), self.keys.try_recv()) {
            self.answer(&key);
        }
        lock(self.parts).push(self.part.clone());
        if let Some(terminal) = &self.terminal {
            let _ = terminal.clear_line().and_then(|()| terminal.flush());
        }
    }
}

/// One row for each part.
fn table(parts: &[Part]) -> (Value, Vec<Vec<String>>) {
    let head = ["part", "keys", "p50", "worst"].map(String::from).to_vec();
    let rows = parts.iter().map(|part| {
        let late = |share| part.late(share).map_or("-".into(), in_ms);
        vec![part.name.into(), part.late.len().to_string(), late(0.5), late(1.0)]
    });
    let rows = if parts.is_empty() { Vec::new() } else { [head].into_iter().chain(rows).collect() };
    (parts.iter().map(Part::to_json).collect(), rows)
}

impl Part {
    /// This share of the keys was answered within the time that it returns; `None` without keys.
    fn late(&self, share: f64) -> Option<Duration> {
        let mut late = self.late.clone();
        late.sort_unstable();
        let rank = (late.len() as f64 * share).ceil() as usize;
        late.get(rank.saturating_sub(1)).copied()
    }

    fn to_json(&self) -> Value {
        let [half, worst] = [0.5, 1.0].map(|share| self.late(share).map(figures::seconds));
        json!({ "part": self.name, "keys": self.late.len(), "p50": half, "worst": worst })
    }
}

fn in_ms(time: Duration) -> String {
    let ms = time.as_secs_f64() * 1e3;
    if ms < 10.0 { format!("{ms:.2} ms") } else { format!("{ms:.0} ms") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_and_all_of_the_keys() {
        let part = |late: &[u64]| Part {
            name: "it",
            late: late.iter().copied().map(Duration::from_millis).collect(),
        };
        let told = |late: &[u64]| [0.5, 1.0].map(|share| part(late).late(share).map(in_ms));
        assert_eq!(told(&[]), [None, None]);
        assert_eq!(told(&[7]), [Some("7.00 ms".into()), Some("7.00 ms".into())]);
        assert_eq!(told(&[9, 1, 5]), [Some("5.00 ms".into()), Some("9.00 ms".into())]);
        assert_eq!(told(&[4, 3, 2, 1]), [Some("2.00 ms".into()), Some("4.00 ms".into())]);
    }
}
