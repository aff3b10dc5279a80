//! What is drawn: items, with where, when and how much of it was work.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use serde_json::{Value, json};

/// One item, from its beginning to its end. All times are since the start of the run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Span {
    /// What it was: a URL, a call.
    pub label: String,
    /// The thread or process that did it.
    pub worker: String,
    /// When it began.
    pub start: Duration,
    /// When it ended.
    pub end: Duration,
    /// How long it kept a processor busy: CPU time, so not where in the span.
    pub working: Duration,
    /// The turns that it had on its thread, where it shared that with other tasks; otherwise none.
    pub turns: Vec<Turn>,
    /// Why it failed, if it did.
    pub failed: Option<String>,
    /// Whether it is no item: it is drawn, and not counted among those in flight. It is not in the JSON.
    pub is_aside: bool,
}

/// One poll of a task: it has the thread to itself until it gives way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Turn {
    /// When it began.
    pub start: Duration,
    /// When it ended.
    pub end: Duration,
    /// CPU time of the thread in it.
    pub working: Duration,
    /// CPU time of the thread since the turn before this one, whichever task had that: what the event
    /// loop itself did, and tasks that are nobody's item, such as a client's connections.
    pub before: Duration,
}

/// Less than this is not called blocking: clocks differ, and the system lets others run now and then.
const NOTICEABLE: Duration = Duration::from_millis(1);

impl Turn {
    /// How long it kept the thread and did not work: a call that blocks, or others had the core. Nothing
    /// where that is too short to be sure of.
    pub fn blocked(&self) -> Duration {
        let blocked = self.end.saturating_sub(self.start).saturating_sub(self.working);
        if blocked < NOTICEABLE { Duration::ZERO } else { blocked }
    }
}

impl Span {
    /// How long it took.
    pub fn took(&self) -> Duration {
        self.end.saturating_sub(self.start)
    }

    /// As one JSON object, times in seconds.
    pub fn to_json(&self) -> Value {
        let mut object = json!({
            "label": self.label,
            "worker": self.worker,
            "start": seconds(self.start),
            "end": seconds(self.end),
            "working": seconds(self.working),
        });
        if !self.turns.is_empty() {
            let times =
                |turn: &Turn| [turn.start, turn.end, turn.working, turn.before].map(seconds);
            object["turns"] = self.turns.iter().map(|turn| json!(times(turn))).collect();
        }
        if let Some(why) = &self.failed {
            object["error"] = json!(why);
        }
        object
    }

    /// From what [`to_json`](Self::to_json) made; other members of the object are passed over.
    ///
    /// # Errors
    /// What is missing, or is not what it should be.
    pub fn from_json(object: &Value) -> Result<Self, Malformed> {
        let text = |key: &'static str| object[key].as_str().map(String::from).ok_or(Malformed(key));
        let time = |key: &'static str| duration(&object[key]).ok_or(Malformed(key));
        let span = Self {
            label: text("label")?,
            worker: text("worker")?,
            start: time("start")?,
            end: time("end")?,
            working: time("working")?,
            turns: match object.get("turns") {
                None => Vec::new(),
                Some(turns) => turns_from_json(turns).ok_or(Malformed("turns"))?,
            },
            failed: object["error"].as_str().map(String::from),
            is_aside: false,
        };
        if span.start <= span.end { Ok(span) } else { Err(Malformed("end")) }
    }
}

fn turns_from_json(turns: &Value) -> Option<Vec<Turn>> {
    let turn = |turn: &Value| match turn.as_array()?.as_slice() {
        [start, end, working, before] => {
            let (start, end) = (duration(start)?, duration(end)?);
            let (working, before) = (duration(working)?, duration(before)?);
            (start <= end).then_some(Turn { start, end, working, before })
        }
        _ => None,
    };
    turns.as_array()?.iter().map(turn).collect()
}

/// A member of a span's JSON that is missing, or is not what it should be.
#[derive(Debug, PartialEq, Eq)]
pub struct Malformed(&'static str);

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an item without a proper \"{}\"", self.0)
    }
}

impl Error for Malformed {}

/// Seconds to the nanosecond: a call may take less than a microsecond.
pub(crate) fn seconds(time: Duration) -> f64 {
    (time.as_secs_f64() * 1e9).round() / 1e9
}

fn duration(seconds: &Value) -> Option<Duration> {
    Duration::try_from_secs_f64(seconds.as_f64()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_there_and_back_again() {
        let millis = Duration::from_millis;
        let turn = Turn { start: millis(4), end: millis(6), working: millis(1), before: millis(3) };
        let span = Span {
            label: "http://127.0.0.1/jython?\"<&".into(),
            worker: "main".into(),
            start: millis(3),
            end: millis(9),
            working: millis(1),
            turns: vec![turn],
            failed: Some("the page was cut short".into()),
            is_aside: false,
        };
        assert_eq!(Span::from_json(&span.to_json()), Ok(span));
    }

    #[test]
    fn nonsense_is_told_by_its_name() {
        let whole = json!({"label": "", "worker": "", "start": 1, "end": 2, "working": 0});
        assert!(Span::from_json(&whole).is_ok());
        for (key, value) in [
            ("label", json!(7)),
            ("start", json!("soon")),
            ("working", json!(-1)),
            ("end", json!(0.5)),
            ("turns", json!([[1, 2]])),
            ("turns", json!([[2, 1, 0, 0]])),
        ] {
            let mut object = whole.clone();
            object[key] = value;
            assert_eq!(Span::from_json(&object), Err(Malformed(key)), "{object}");
        }
    }
}
