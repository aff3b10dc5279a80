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
    use proptest::prelude::*;

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

    /// JSON of any shape, with the members of a span here and there.
    fn json() -> impl Strategy<Value = Value> {
        let key = prop::sample::select(vec![
            "label", "worker", "start", "end", "working", "turns", "error", "more",
        ]);
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            (0..3u8).prop_map(Value::from),
            any::<String>().prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 32, 8, move |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
                prop::collection::vec((key.clone(), inner), 0..8).prop_map(Value::from_iter),
            ]
        })
    }

    /// Of a span, each member whole or any JSON.
    fn nearly_a_span() -> impl Strategy<Value = Value> {
        let member = |whole: Value| prop_oneof![9 => Just(whole), 1 => json()];
        let turns = prop_oneof![
            Just(Value::Null),
            prop::collection::vec(prop::collection::vec(0..3u8, 3..5), 0..3)
                .prop_map(|turns| json!(turns)),
            json(),
        ];
        let times = [member(json!(1.5)), member(json!(2)), member(json!(0.25))];
        (member(json!("a call")), member(json!("main")), times, turns, json()).prop_map(
            |(label, worker, [start, end, working], turns, error)| {
                let mut span = json!({
                    "label": label, "worker": worker, "start": start, "end": end,
                    "working": working, "error": error,
                });
                if !turns.is_null() {
                    span["turns"] = turns;
                }
                span
            },
        )
    }

    /// Up to a day. In months, a number of seconds would have no room for all the nanoseconds.
    fn time() -> impl Strategy<Value = Duration> {
        (0..86_400_000_000_000u64).prop_map(Duration::from_nanos)
    }

    fn span() -> impl Strategy<Value = Span> {
        let turn = [time(), time(), time(), time()].prop_map(|[start, took, working, before]| {
            Turn { start, end: start + took, working, before }
        });
        let text = || prop::collection::vec(any::<char>(), 0..20).prop_map(String::from_iter);
        let turns = prop::collection::vec(turn, 0..4);
        (text(), text(), [time(), time(), time()], turns, prop::option::of(text())).prop_map(
            |(label, worker, [start, took, working], turns, failed)| {
                let end = start + took;
                Span { label, worker, start, end, working, turns, failed, is_aside: false }
            },
        )
    }

    proptest! {
        #[test]
        fn any_json_is_a_span_or_is_told_what_it_lacks(
            object in prop_oneof![json(), nearly_a_span()],
        ) {
            match Span::from_json(&object) {
                Ok(span) => {
                    prop_assert!(span.start <= span.end);
                    prop_assert_eq!(object["label"].as_str(), Some(span.label.as_str()));
                    // What can be read can be written, and read again.
                    prop_assert!(Span::from_json(&span.to_json()).is_ok());
                }
                Err(Malformed(key)) => prop_assert!(
                    ["label", "worker", "start", "end", "working", "turns"].contains(&key)
                ),
            }
        }

        #[test]
        fn any_span_there_and_back_again(span in span()) {
            let text = span.to_json().to_string();
            prop_assert_eq!(Span::from_json(&serde_json::from_str(&text)?), Ok(span));
        }
    }
}
