//! One puzzle being played: the order so far, and what is shown of it.

use std::collections::BTreeSet;
use std::fmt::Write;

use console::{style, truncate_str};
use scheduler::{Graph, Next, Node, Puzzle};

pub(crate) const CTRL_C: char = '\x03';
const CTRL_D: char = '\x04';

/// Whether a character is meant for the program: other control characters and spaces do nothing.
pub(crate) fn is_key(letter: char) -> bool {
    matches!(letter, CTRL_C | CTRL_D) || !(letter.is_control() || letter.is_whitespace())
}

/// What a key has led to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Press {
    GoOn,
    Quit,
    Interrupted,
}

pub(crate) struct Play<'a> {
    puzzle: &'a Puzzle,
    graph: &'a Graph,
    width: usize,
    order: Vec<usize>,
    /// For each goal, the orders that have reached it.
    found: Vec<BTreeSet<Vec<usize>>>,
    /// What the last key has led to, in words.
    said: String,
}

impl<'a> Play<'a> {
    pub(crate) fn new(puzzle: &'a Puzzle, graph: &'a Graph, width: usize) -> Self {
        let found = vec![BTreeSet::new(); puzzle.goals.len()];
        Self { puzzle, graph, width, order: Vec::new(), found, said: String::new() }
    }

    pub(crate) fn has_begun(&self) -> bool {
        !self.order.is_empty() || !self.said.is_empty()
    }

    fn node(&self) -> &Node {
        self.graph.follow(&self.order).expect("only steps that can be taken were taken")
    }

    /// What is printed first.
    pub(crate) fn introduction(&self) -> String {
        let Puzzle { title, idea, count, .. } = self.puzzle;
        format!(
            "{}\n{idea}\nGuess first: how many orders are there, and how many of them {}?\n",
            style(title).bold(),
            count.words
        )
    }

    /// The steps of all, the values, and what may be pressed.
    pub(crate) fn board(&self) -> String {
        let (node, mut text) = (self.node(), String::new());
        let mut put = |line: String| _ = writeln!(text, "{}", truncate_str(&line, self.width, "~"));
        put(String::new());
        for (goal, found) in self.puzzle.goals.iter().zip(&self.found) {
            put(format!("[{}] {}", if found.is_empty() { ' ' } else { 'x' }, goal.words));
        }
        let words = self.puzzle.actors.iter().flat_map(|actor| &actor.steps);
        let column = words.map(|step| step.words.chars().count()).max().unwrap_or_default();
        for (index, actor) in self.puzzle.actors.iter().enumerate() {
            let own: Vec<String> = named(self.puzzle.own(&node.state, index));
            let state = match node.next[index] {
                Next::Node(_) => "",
                Next::Blocked => "has to wait",
                Next::Ended => "has ended",
            };
            put(String::new());
            let name = style(format!("{} {}", self.puzzle.who, actor.letter)).bold();
            put(format!("{name}   {}   {}", own.join(", "), style(state).yellow())
                .trim_end()
                .into());
            let taken = node.state.taken[index];
            let mut before = "";
            for (at, step) in actor.steps.iter().enumerate() {
                // A line that several steps stand for is shown once.
                let code = if step.code == before { "" } else { &step.code };
                before = &step.code;
                let mark = match (at == taken, node.next[index]) {
                    (true, Next::Blocked) => '-',
                    (true, _) => '>',
                    _ => ' ',
                };
                let line = format!("{mark} {:column$}  {}", step.words, code);
                let line = line.trim_end().to_owned();
                put(match mark {
                    '>' => style(line).bold().to_string(),
                    '-' => style(line).dim().to_string(),
                    _ if at < taken => style(line).dim().to_string(),
                    _ => line,
                });
            }
        }
        put(String::new());
        put(named(self.puzzle.shared(&node.state)).join(", "));
        put(format!("order: {}", self.puzzle.letters(&self.order)));
        if !self.said.is_empty() {
            text += &self.said;
        }
        let keys = self.puzzle.actors.iter().zip(&node.next);
        let keys = keys.filter(|(_, next)| matches!(next, Next::Node(_)));
        let mut keys: Vec<String> =
            keys.map(|(actor, _)| actor.letter.to_ascii_lowercase().to_string()).collect();
        keys.extend(["u undo", "r again", "q quit"].map(String::from));
        let _ = writeln!(text, "next: {}", keys.join(", "));
        text
    }

    /// Takes the step of a thread, or does what else a key stands for. `None`: there are no more keys.
    pub(crate) fn press(&mut self, key: Option<char>) -> Press {
        self.said.clear();
        let Some(key) = key else { return Press::Quit };
        match key.to_ascii_lowercase() {
            CTRL_C => return Press::Interrupted,
            'q' | CTRL_D => return Press::Quit,
            'u' => _ = self.order.pop(),
            'r' => self.order.clear(),
            key => {
                let letter = key.to_ascii_uppercase();
                let actor = self.puzzle.actors.iter().position(|actor| actor.letter == letter);
                match actor.map(|actor| (actor, self.node().next[actor])) {
                    None => self.said = format!("{key:?} is no key here.\n"),
                    Some((_, Next::Blocked)) => self.said = format!("{letter} has to wait.\n"),
                    Some((_, Next::Ended)) => self.said = format!("{letter} has ended.\n"),
                    Some((actor, Next::Node(_))) => {
                        self.order.push(actor);
                        self.said = self.ending();
                    }
                }
            }
        }
        Press::GoOn
    }

    /// What is said when an order has ended; nothing before.
    fn ending(&mut self) -> String {
        let Some(end) = self.node().end.clone() else { return String::new() };
        let mut said = String::from(if end.is_deadlock {
            "Deadlock: each waits for something that another one holds.\n"
        } else {
            "All have ended.\n"
        });
        for (at, _) in end.goals.iter().enumerate().filter(|(_, reached)| **reached) {
            let is_new = self.found[at].insert(self.order.clone());
            let (found, all) = (self.found[at].len(), self.graph.start().reach[at]);
            let known = if is_new { "" } else { " (found before)" };
            let words = &self.puzzle.goals[at].words;
            let _ = writeln!(said, "Found {found} of {all} orders{known}: {words}");
        }
        if let Some(replay) = self.puzzle.replays.get(&self.puzzle.seen(&self.order)) {
            let (calls, outcome) = (&self.puzzle.calls, &replay.outcome);
            let _ = writeln!(
                said,
                "This order on the real source, {}:\n  {calls} {outcome}.\n  Recorded: {}.",
                self.puzzle.source_file(),
                replay.log.join(", ")
            );
        }
        said
    }

    /// What is said last: the answer to the first question.
    pub(crate) fn conclusion(&self) -> String {
        format!("{}\n", scheduler::page::counts(self.puzzle, self.graph))
    }
}

fn named(values: Vec<(String, String)>) -> Vec<String> {
    values.into_iter().map(|(name, value)| format!("{name} {value}")).collect()
}
