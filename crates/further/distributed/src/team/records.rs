//! Records of other processes, and their clocks.

use std::process::ExitCode;
use std::sync::{Arc, Weak};
use std::time::Duration;

use common::{Done, Observer, Record, Span};
use serde_json::{Value, json};

use super::Team;
use super::link::Link;

/// The clock of another process beside that of the first.
///
/// The first asks for the time, several times. In a round trip of `t` the answer was made somewhere in the middle: the
/// error is at most `t / 2`, whatever the two ways took. So the shortest round trip counts.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Clock {
    /// What its clock shows when the first's shows zero; and the other way round if it began later.
    shows: Duration,
    began_later_by: Duration,
    /// The largest error.
    pub(super) within: Duration,
}

impl Clock {
    /// From a round trip: asked and answered by the first's clock, and what the other's showed.
    pub(super) fn of(asked: Duration, answered: Duration, shown: Duration) -> Self {
        let middle = (asked + answered) / 2;
        Self {
            shows: shown.saturating_sub(middle),
            began_later_by: middle.saturating_sub(shown),
            within: answered.saturating_sub(asked) / 2,
        }
    }

    /// A time of the other on the first's clock.
    pub(super) fn to_first(self, time: Duration) -> Duration {
        (time + self.began_later_by).saturating_sub(self.shows)
    }
}

/// Takes the records of the first process's part.
pub(super) struct Own(pub(super) Weak<Team>);

impl Observer for Own {
    fn record(&self, record: Record) {
        if let Some(team) = self.0.upgrade() {
            team.record(0, record);
        }
    }

    fn note(&self, _: String) {}

    fn finish(&self, _: Duration) -> ExitCode {
        ExitCode::SUCCESS
    }
}

/// Sends the records of another process to the first.
pub(super) struct Sent(pub(super) Arc<Link>);

impl Observer for Sent {
    fn record(&self, Record { span, done, .. }: Record) {
        let times = [span.start, span.end, span.working, span.ready].map(nanos);
        let value = done.map(|done| done.value);
        self.0.send(
            &json!({ "record": (span.label, times, span.is_annotation, span.failed, value) }),
        );
    }

    fn note(&self, _: String) {}

    fn finish(&self, _: Duration) -> ExitCode {
        ExitCode::SUCCESS
    }
}

/// A time in a message: whole nanoseconds.
pub(super) fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

/// Reads what [`Sent`] sends; `None` if it is nonsense.
pub(super) fn read(message: Value) -> Option<Record> {
    type Sent = (String, [u64; 4], bool, Option<String>, Option<u64>);
    let (label, times, is_annotation, failed, value): Sent =
        serde_json::from_value(message).ok()?;
    // A century is enough, and its sums do not overflow.
    let [start, end, working, ready] =
        times.map(|time| Duration::from_nanos(time.min(u64::MAX / 6)));
    let span = Span {
        label,
        start,
        end: end.max(start),
        working,
        ready,
        failed,
        is_annotation,
        ..Span::default()
    };
    let done = value.map(|value| Done { value, details: Vec::new() });
    Some(Record { span, done, ..Record::default() })
}
