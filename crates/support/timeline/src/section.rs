//! The sections of a run.

use std::time::Duration;

use common::{Span, Turn};

use crate::Timeline;

/// A section of a run, which is compared with the others. Its times are since the start of the run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section {
    /// The name: what differs from the other sections.
    pub name: String,
    /// The noun for an item, in the singular, as [`Timeline::item`].
    pub item: String,
    /// Whether its items compute and nothing else.
    pub only_computes: bool,
    /// When it began.
    pub start: Duration,
    /// When it ended.
    pub end: Duration,
}

impl Timeline {
    /// Returns one of its sections as a run of its own: the spans that began in it, with times since the section's start.
    pub fn section(&self, section: &Section) -> Self {
        let since = |time: Duration| time.saturating_sub(section.start);
        let turn = |turn: &Turn| Turn {
            start: since(turn.start),
            end: since(turn.end),
            woken: since(turn.woken),
            ..*turn
        };
        let span = |span: &Span| Span {
            start: since(span.start),
            end: since(span.end),
            turns: span.turns.iter().map(turn).collect(),
            ..span.clone()
        };
        let within = section.start..section.end;
        let spans = self.spans.iter().filter(|span| within.contains(&span.start));
        Self {
            title: section.name.clone(),
            item: section.item.clone(),
            worker: self.worker.clone(),
            only_computes: section.only_computes,
            clock: self.clock,
            took: since(section.end),
            cores: self.cores,
            spans: spans.map(span).collect(),
            sections: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Clock;
    use crate::lanes::tests::{span, with_turns};

    #[test]
    fn a_section_is_a_run_of_its_own() {
        let ms = Duration::from_millis;
        let second = with_turns(span("main", 60, 90, 0), &[[62, 65, 3, 1]]);
        let run = Timeline {
            title: "a lesson".into(),
            item: "item".into(),
            worker: "thread".into(),
            only_computes: false,
            clock: Clock::default(),
            took: ms(100),
            cores: 2,
            spans: vec![span("main", 0, 50, 50), second],
            sections: Vec::new(),
        };
        let part = run.section(&Section {
            name: "the second".into(),
            item: "call".into(),
            only_computes: true,
            start: ms(55),
            end: ms(100),
        });
        assert_eq!(
            (part.title.as_str(), part.item.as_str(), part.took),
            ("the second", "call", ms(45))
        );
        let [span] = part.spans.as_slice() else { panic!("one span: {part:?}") };
        assert_eq!((span.start, span.end, span.working), (ms(5), ms(35), ms(3)));
        assert_eq!((span.turns[0].start, span.turns[0].end), (ms(7), ms(10)));
    }
}
