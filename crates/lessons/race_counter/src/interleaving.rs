//! The finest diagram: the single steps of threads at one variable.

use std::sync::Mutex;
use std::thread::{self, ThreadId};

use console::{Alignment, Style, measure_text_width, pad_str};
use harness::{Drawing, lock};
use timeline::{Look, document, plural, rectangle, text};

/// The steps of threads that read a counter, add to what they read, and write it back; in the order in
/// which they happened.
///
/// Each step is taken while no other is, which makes their order certain. It does not mend the race:
/// another thread may take its steps between one's read and one's write.
#[derive(Debug, Default)]
pub struct Interleaving(Mutex<Vec<Step>>);

/// One step of one thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Step {
    thread: ThreadId,
    took: Took,
}

/// What a thread did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Took {
    /// It read this from the counter.
    Read(u64),
    /// It added 1, and its own sum is this now; the counter knows nothing of it.
    Added(u64),
    /// It wrote its sum to the counter.
    Wrote {
        /// The sum.
        sum: u64,
        /// What the counter held until then.
        over: u64,
    },
}

/// What was lost: the steps of the thread that overwrote, and of one that it overwrote.
struct Lost {
    steps: Vec<(Side, Took)>,
    /// How many additions the last write undid.
    many: u64,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Left,
    Right,
}

/// A row of the drawing.
struct Row {
    left: String,
    counter: String,
    right: String,
    /// Whose step it is, and whether it goes to the counter (or comes from it).
    arrow: Option<(Side, bool)>,
}

impl Row {
    /// Whether the arrow on this side of the counter points to the right; `None` where there is none.
    fn points_right(&self, side: Side) -> Option<bool> {
        let (of, to_counter) = self.arrow?;
        (of == side).then_some((side == Side::Left) == to_counter)
    }
}

impl Interleaving {
    /// A thread reads the counter: `read` does it.
    pub fn read(&self, read: impl FnOnce() -> u64) -> u64 {
        self.step(|| {
            let value = read();
            (Took::Read(value), value)
        })
    }

    /// A thread adds to what it has read: `add` does it.
    pub fn add(&self, add: impl FnOnce() -> u64) -> u64 {
        self.step(|| {
            let sum = add();
            (Took::Added(sum), sum)
        })
    }

    /// A thread writes its sum: `write` does it, and gives what the counter held until then.
    pub fn write(&self, sum: u64, write: impl FnOnce() -> u64) {
        self.step(|| (Took::Wrote { sum, over: write() }, ()));
    }

    fn step<T>(&self, take: impl FnOnce() -> (Took, T)) -> T {
        let mut steps = lock(&self.0);
        let (took, result) = take();
        steps.push(Step { thread: thread::current().id(), took });
        result
    }

    /// The update that cost the most, with the two threads that met in it.
    fn lost(&self) -> Option<Lost> {
        let steps = lock(&self.0);
        let undone = |step: &Step| match step.took {
            // It had read `sum - 1`, and counts for 1 itself: what others added meanwhile is undone.
            Took::Wrote { sum, over } => (over + 1).saturating_sub(sum),
            Took::Read(_) | Took::Added(_) => 0,
        };
        let (last, write) = steps.iter().enumerate().max_by_key(|(_, step)| undone(step))?;
        let many = undone(write);
        let is_earlier =
            |step: &&Step| step.thread != write.thread && matches!(step.took, Took::Wrote { .. });
        let overwritten = steps[..last].iter().rev().find(is_earlier)?;
        let steps = steps[..=last].iter().filter_map(|step| match step.thread {
            thread if thread == overwritten.thread => Some((Side::Left, step.took)),
            thread if thread == write.thread => Some((Side::Right, step.took)),
            _ => None,
        });
        (many > 0).then(|| Lost { steps: steps.collect(), many })
    }
}

impl Drawing for Interleaving {
    /// The lost update for a terminal, each row with a line's end. Empty where none was caught: the timing diagram knows
    /// nothing of the threads of a round.
    fn terminal(&self, look: Look) -> Option<String> {
        let Some(lost) = self.lost() else { return Some(String::new()) };
        let (rows, sentence) = (lost.rows(), lost.sentence());
        let widest = |cell: fn(&Row) -> &String| {
            rows.iter().map(|row| measure_text_width(cell(row))).max().unwrap_or(0)
        };
        let (left, counter) = (widest(|row| &row.left), widest(|row| &row.counter));
        let arrows = if look.unicode { 1 } else { 2 };
        let mut text = String::new();
        for row in rows {
            let arrow = |side| match (row.points_right(side), look.unicode) {
                (None, _) => "",
                (Some(true), true) => "→",
                (Some(false), true) => "←",
                (Some(true), false) => "->",
                (Some(false), false) => "<-",
            };
            let line = format!(
                "{} {} {} {} {}",
                pad_str(&row.left, left, Alignment::Left, None),
                pad_str(arrow(Side::Left), arrows, Alignment::Left, None),
                pad_str(&row.counter, counter, Alignment::Right, None),
                pad_str(arrow(Side::Right), arrows, Alignment::Left, None),
                row.right
            );
            text += &format!("{}\n", line.trim_end());
        }
        let sentence = look.wrap(&sentence);
        text += &sentence
            .lines()
            .map(|line| look.paint(line, Style::new().bold()) + "\n")
            .collect::<String>();
        Some(text)
    }

    /// The lost update as one self-contained picture; `None` where none was caught.
    fn svg(&self, title: &str) -> Option<String> {
        let lost = self.lost()?;
        let rows = lost.rows();
        let (width, line, head) = (720, 26, 70);
        let height = head + line * rows.len() + 40;
        let mut document = document(title, width, height);
        for (number, row) in rows.iter().enumerate() {
            let y = head + line * number;
            let arrow = |side| match row.points_right(side) {
                None => "",
                Some(true) => "⟶",
                Some(false) => "⟵",
            };
            document = document
                .add(rectangle("grid", 12, y - 18, width - 24, 1))
                .add(text("", 20, y, &row.left))
                .add(text("middle", 270, y, arrow(Side::Left)))
                .add(text("middle", 360, y, &row.counter))
                .add(text("middle", 450, y, arrow(Side::Right)))
                .add(text("", 520, y, &row.right));
        }
        let bottom = head + line * rows.len();
        document = document.add(rectangle("waiting", 12, bottom - 12, 4, 22)).add(text(
            "",
            24,
            bottom + 4,
            &lost.sentence(),
        ));
        Some(document.to_string())
    }
}

impl Lost {
    /// A row for each step and the counter's value after it, as far as the two know of it; and one before
    /// a write that shows how far others have come.
    fn rows(&self) -> Vec<Row> {
        let row = |side: Side, words: String, counter: u64, arrow: Option<bool>| {
            let (left, right) =
                if side == Side::Left { (words, String::new()) } else { (String::new(), words) };
            let arrow = arrow.map(|to_counter| (side, to_counter));
            Row { left, counter: counter.to_string(), right, arrow }
        };
        let mut rows = vec![Row {
            left: "one thread".into(),
            counter: "counter".into(),
            right: "another".into(),
            arrow: None,
        }];
        let (mut counter, mut has_written) = (0, false);
        for (side, took) in &self.steps {
            let (words, to_counter) = match *took {
                Took::Read(value) => {
                    counter = value;
                    (format!("reads {value}"), Some(false))
                }
                Took::Added(sum) => (format!("{} + 1 = {sum}", sum.saturating_sub(1)), None),
                Took::Wrote { sum, over } => {
                    if counter != over {
                        // Before its own first write, the thread has no part in it.
                        let who = if has_written { "... and so on" } else { "... others" };
                        rows.push(row(Side::Left, who.into(), over, None));
                    }
                    has_written = true;
                    counter = sum;
                    (format!("writes {sum}"), Some(true))
                }
            };
            rows.push(row(*side, words, counter, to_counter));
        }
        rows
    }

    fn sentence(&self) -> String {
        let additions = plural("addition", self.many.try_into().unwrap_or(usize::MAX));
        format!("Lost here: {} {additions}, made after the last writer's read.", self.many)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Look = Look { width: 80, unicode: false, colour: false };

    fn threads<const MANY: usize>() -> [ThreadId; MANY] {
        [(); MANY].map(|()| thread::spawn(thread::current).join().expect("a thread").id())
    }

    /// Two threads, of which the first goes on to 7 before the second writes.
    fn caught() -> Interleaving {
        let [one, other] = threads();
        let steps = [
            (other, Took::Read(0)),
            (one, Took::Read(0)),
            (one, Took::Added(1)),
            (one, Took::Wrote { sum: 1, over: 0 }),
            (other, Took::Added(1)),
            (other, Took::Wrote { sum: 1, over: 7 }),
        ];
        Interleaving(Mutex::new(steps.map(|(thread, took)| Step { thread, took }).to_vec()))
    }

    #[test]
    fn the_steps_are_drawn_in_their_order_with_the_values() {
        assert_eq!(
            caught().terminal(PLAIN).expect("it was caught"),
            "one thread       counter    another\n\
             \u{20}                      0 -> reads 0\n\
             reads 0       <-       0\n\
             0 + 1 = 1              0\n\
             writes 1      ->       1\n\
             \u{20}                      1    0 + 1 = 1\n\
             ... and so on          7\n\
             \u{20}                      1 <- writes 1\n\
             Lost here: 7 additions, made after the last writer's read.\n"
        );
    }

    /// A third has come to 9 when the first of the two writes: the counter is not as that had read it.
    #[test]
    fn what_a_third_thread_did_is_seen_before_each_write() {
        let [one, other, third] = threads();
        let steps = [
            (other, Took::Read(0)),
            (one, Took::Read(0)),
            (third, Took::Wrote { sum: 1, over: 0 }),
            (one, Took::Added(1)),
            (one, Took::Wrote { sum: 1, over: 9 }),
            (other, Took::Added(1)),
            (other, Took::Wrote { sum: 1, over: 20 }),
        ];
        let steps = steps.map(|(thread, took)| Step { thread, took }).to_vec();
        let text = Interleaving(Mutex::new(steps)).terminal(PLAIN).expect("it was caught");
        let rows: Vec<&str> = text.lines().collect();
        assert_eq!(rows[4], "... others             9", "{text}");
        assert_eq!(rows[5], "writes 1      ->       1", "{text}");
        assert_eq!(rows[7], "... and so on         20", "{text}");
    }

    #[test]
    fn without_a_loss_nothing_is_drawn() {
        let alone = Interleaving::default();
        let read = alone.read(|| 0);
        let sum = alone.add(|| read + 1);
        alone.write(sum, || 0);
        assert_eq!(alone.terminal(PLAIN).as_deref(), Some(""));
        assert_eq!(alone.svg("nothing"), None);
        assert_eq!(Interleaving::default().terminal(PLAIN).as_deref(), Some(""));
    }
}
