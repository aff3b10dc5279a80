//! One message: a run that begins or has ended.

use serde_json::{Value, json};

/// The longest message in bytes. A longer one is refused.
pub const LONGEST: usize = 500;

/// A run that begins or has ended. It holds no name of a person, a machine or a site.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    /// The program: a lesson or an example.
    pub program: String,
    /// Its model of concurrency, by its name in `--json`.
    pub model: String,
    /// The noun of its items.
    pub kind: String,
    /// Whether its items compute and nothing else.
    pub computes: bool,
    /// The number of items to do.
    pub items: u64,
    /// The number of its sections; 0 for a run without sections.
    pub sections: u64,
    /// How many items could be in progress at once.
    pub workers: u64,
    /// How many cores it could use.
    pub cores: u64,
    /// The options of its work that were given: `--workers 10`. Only numbers are shown; other values (an address) are not.
    pub options: String,
    /// The student's guess in seconds.
    pub guess: Option<f64>,
    /// How it ended; `None` when it begins.
    pub outcome: Option<Outcome>,
}

/// The end of a run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Outcome {
    /// How long it took, in seconds.
    pub seconds: f64,
    /// How many items were done.
    pub done: u64,
    /// Whether Ctrl-C ended it.
    pub interrupted: bool,
}

/// The longest time that a message may name, in seconds: a day.
const LONGEST_TIME: f64 = 86_400.0;
/// The largest number of items, workers or cores that a message may name.
const MOST: u64 = 1_000_000;

impl Message {
    /// Whether it did all of its work.
    pub fn is_whole(&self) -> bool {
        self.outcome.is_some_and(|end| end.done == self.items && !end.interrupted)
    }

    /// The options without this one: `--workers`.
    pub fn options_without(&self, option: &str) -> String {
        let mut others = Vec::new();
        let mut words = self.options.split(' ').peekable();
        while let Some(word) = words.next() {
            let value = words.next_if(|next| !next.starts_with("--"));
            if word != option {
                others.extend([Some(word), value].into_iter().flatten());
            }
        }
        others.join(" ")
    }

    /// The message as one line of JSON.
    pub fn to_json(&self) -> Value {
        let mut object = json!({
            "program": self.program,
            "model": self.model,
            "kind": self.kind,
            "computes": self.computes,
            "items": self.items,
            "sections": self.sections,
            "workers": self.workers,
            "cores": self.cores,
            "options": self.options,
        });
        if let Some(guess) = self.guess {
            object["guess"] = json!(guess);
        }
        if let Some(Outcome { seconds, done, interrupted }) = self.outcome {
            object["seconds"] = json!(seconds);
            object["done"] = json!(done);
            object["interrupted"] = json!(interrupted);
        }
        object
    }

    /// Reads what a student sent.
    ///
    /// # Errors
    /// The name of a member that is missing or wrong.
    pub fn read(text: &[u8]) -> Result<Self, String> {
        if text.len() > LONGEST {
            return Err(format!("longer than {LONGEST} bytes"));
        }
        let object = serde_json::from_slice(text).map_err(|error| error.to_string())?;
        Self::from_json(&object)
    }

    /// Reads the output of [`to_json`](Self::to_json), which may come from anybody: believes nothing.
    ///
    /// # Errors
    /// The name of a member that is missing or wrong.
    pub fn from_json(object: &Value) -> Result<Self, String> {
        let wrong = |name: &str| format!("no proper \"{name}\"");
        let text = |name: &str, longest: usize, allowed: &str| {
            let is_allowed = |sign: char| sign.is_ascii_alphanumeric() || allowed.contains(sign);
            let text = object[name].as_str().filter(|it| it.len() <= longest);
            text.filter(|it| it.chars().all(is_allowed))
                .map(String::from)
                .ok_or_else(|| wrong(name))
        };
        let number = |name: &str| {
            object[name].as_u64().filter(|number| *number <= MOST).ok_or_else(|| wrong(name))
        };
        let flag = |name: &str| object[name].as_bool().ok_or_else(|| wrong(name));
        let time = |name: &str| match &object[name] {
            Value::Null => Ok(None),
            time => match time.as_f64() {
                Some(seconds) if seconds > 0.0 && seconds <= LONGEST_TIME => Ok(Some(seconds)),
                _ => Err(wrong(name)),
            },
        };
        let outcome = match time("seconds")? {
            None => None,
            Some(seconds) => {
                Some(Outcome { seconds, done: number("done")?, interrupted: flag("interrupted")? })
            }
        };
        let message = Self {
            program: text("program", 40, "_-")?,
            model: text("model", 20, "")?,
            kind: text("kind", 20, " ")?,
            computes: flag("computes")?,
            items: number("items")?,
            sections: number("sections")?,
            workers: number("workers")?,
            cores: number("cores")?,
            options: text("options", 100, " -.")?,
            guess: time("guess")?,
            outcome,
        };
        let is_named = !message.program.is_empty();
        let ends_well = message.outcome.is_none_or(|end| end.done <= message.items);
        if is_named && ends_well { Ok(message) } else { Err(wrong("done")) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn message() -> impl Strategy<Value = Message> {
        let words =
            ("[a-z_]{1,40}", "[a-z]{1,20}", "[a-z]{1,20}", "(--[a-z]{1,9}( [0-9]{1,5})?){0,1}");
        let numbers = (0..=MOST, 0..=MOST, 0..=MOST, 0..=MOST, any::<bool>());
        // Quarters, which cross the border to the last bit.
        let time = || {
            proptest::option::of((1..=345_600u32).prop_map(|quarters| f64::from(quarters) / 4.0))
        };
        (words, numbers, time(), time(), any::<bool>()).prop_map(
            |(words, numbers, guess, took, interrupted)| {
                let (program, model, kind, options) = words;
                let (items, sections, workers, cores, computes) = numbers;
                let outcome = took.map(|seconds| Outcome { seconds, done: items / 2, interrupted });
                Message {
                    program,
                    model,
                    kind,
                    computes,
                    items,
                    sections,
                    workers,
                    cores,
                    options,
                    guess,
                    outcome,
                }
            },
        )
    }

    proptest! {
        #[test]
        fn a_message_crosses_the_border_and_is_short(message in message()) {
            let text = message.to_json().to_string();
            prop_assert!(text.len() < LONGEST, "{}", text.len());
            prop_assert_eq!(Message::read(text.as_bytes()), Ok(message));
        }

        #[test]
        fn any_bytes_are_a_message_within_its_limits_or_an_error(
            message in message(), at in 0..400usize, bytes in prop::collection::vec(any::<u8>(), 0..9),
        ) {
            let mut text = message.to_json().to_string().into_bytes();
            let at = at.min(text.len());
            text.splice(at..(at + bytes.len()).min(at.max(text.len())), bytes);
            if let Ok(message) = Message::read(&text) {
                let words = [&message.program, &message.model, &message.kind, &message.options];
                let is_harmless = |word: &&&String| !word.contains(['<', '&', '"', '\n', '\x1b']);
                prop_assert_eq!(words.iter().filter(is_harmless).count(), words.len());
                prop_assert!(message.outcome.is_none_or(|end| end.seconds.is_finite() && end.seconds > 0.0));
            }
        }
    }

    #[test]
    fn options_without_one() {
        let with = |options: &str| {
            let text = json!({
                "program": "p", "model": "m", "kind": "k", "computes": true, "items": 1, "sections": 0,
                "workers": 1, "cores": 1, "options": options,
            });
            Message::read(text.to_string().as_bytes()).expect("a message")
        };
        for (options, rest) in [
            ("", ""),
            ("--workers 10", ""),
            ("--repeat 5 --workers 10 --live", "--repeat 5 --live"),
            ("--hurry --repeat 5", "--hurry --repeat 5"),
        ] {
            assert_eq!(with(options).options_without("--workers"), rest);
        }
    }
}
