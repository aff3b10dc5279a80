//! What a puzzle is, how its file is written, and what its steps do.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// Threads (or tasks) with their steps, what they share, and what there is to find.
///
/// ```text
/// number: 1                         its place among the puzzles
/// title: A lost update
/// idea: Two threads add 1 to one counter, once each.
/// source: src/main.rs               the lesson's source that the steps stand for
/// calls: unprotected(2, 1)          what the replay calls,
/// returns: counter                  and which shared number it returns; `ends: NAME` where it leaves that behind
/// shared: counter = 0               a number; also `lock: NAME`, `queue: NAME of ROOM` (empty at first),
///                                   `permits: NAME of MOST` (all of them free at first)
/// actors: thread A B                whose steps follow; there may be several such lines
/// load read | read = counter | reads the counter | let read = counter.load(Relaxed);
/// | sum = read + 1 | adds 1 to what it read | counter.store(read + 1, Relaxed);
/// store counter | counter = sum | writes the sum | counter.store(read + 1, Relaxed);
/// goal: counter = 1 | Find an order that loses an update.
/// count: counter < 2 | lose an update
/// ```
///
/// A step is what happens without a choice in between: an operation as the replay records it, with the number that is read or
/// written (empty where other threads cannot see the step), what it does, that in words, and the line of the source. It does one or several of these, with `;` between
/// them: `NAME = NAME + NUMBER`, `lock` and `unlock` a lock, `put` into and `take` from a queue, `acquire` and `release` a
/// permit. A name that is not shared is a variable of the thread's own.
///
/// A goal, and what is counted, is a condition: `deadlock`, `blocked A`, or a comparison (`=`, `<`, `>`) of a shared number.
/// It holds at the end of an order; with `ever` before it, anywhere in the order.
#[derive(Clone, Debug)]
pub struct Puzzle {
    /// The name of its file.
    pub name: String,
    /// The folder of its lesson, seen from the workspace's.
    pub folder: String,
    /// Its place among the puzzles.
    pub number: u64,
    /// Its title,
    pub title: String,
    /// and what it is about, in a sentence or two.
    pub idea: String,
    /// The source that the steps stand for, seen from the lesson's folder.
    pub source: String,
    /// The call of the lesson's code that is replayed.
    pub calls: String,
    /// The number that it returns or leaves behind,
    returns: usize,
    /// and that in words.
    ends: String,
    /// What the actors are: `thread` or `task`.
    pub who: String,
    /// Those who take steps.
    pub actors: Vec<Actor>,
    /// What there is to find.
    pub goals: Vec<Goal>,
    /// Orders that are asked for in number.
    pub count: Goal,
    /// What the lesson's code did, by the order of the steps that the replay records.
    pub replays: BTreeMap<String, Replay>,
    variables: Vec<Variable>,
}

/// A thread or a task.
#[derive(Clone, Debug)]
pub struct Actor {
    /// The key for it, in capitals.
    pub letter: char,
    /// What it does, from first to last.
    pub steps: Vec<Step>,
    /// Its own variables.
    own: Vec<usize>,
}

/// What an actor does without a choice in between.
#[derive(Clone, Debug)]
pub struct Step {
    /// The operation that the replay records; `None` where others cannot see the step.
    pub operation: Option<String>,
    /// The number that is recorded with it.
    recorded: Option<usize>,
    /// What it does, in words.
    pub words: String,
    /// The line of the lesson's source.
    pub code: String,
    does: Vec<Does>,
}

/// An order, or several, to be found.
#[derive(Clone, Debug)]
pub struct Goal {
    /// What is asked; for what is counted, a verb and its object.
    pub words: String,
    /// Whether it is enough that the condition holds somewhere on the way.
    pub(crate) is_ever: bool,
    condition: Condition,
}

/// What the lesson's own code did in an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replay {
    /// `returned 1`.
    pub outcome: String,
    /// `A load 0`, step by step.
    pub log: Vec<String>,
}

#[derive(Clone, Debug)]
struct Variable {
    name: String,
    kind: Kind,
    is_shared: bool,
    /// What it is at first. Variables of an actor's own are nothing.
    initial: Option<i64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Number,
    /// 0, or the actor that holds it, from 1.
    Lock,
    /// How many are in it, of so many.
    Queue(i64),
    /// How many are free, of so many.
    Permits(i64),
}

/// Of variables by their index.
#[derive(Clone, Copy, Debug)]
enum Does {
    Set(usize, Option<usize>, i64),
    Lock(usize),
    Unlock(usize),
    More(usize),
    Less(usize),
}

#[derive(Clone, Copy, Debug)]
enum Condition {
    Deadlock,
    Blocked(usize),
    Compared(usize, char, i64),
}

/// Where all are.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct State {
    /// How many steps each actor has taken,
    pub taken: Vec<usize>,
    /// and what the variables are: shared ones first.
    values: Vec<Option<i64>>,
}

/// What comes of it when an actor is to go next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Taken {
    /// It took its step.
    Step(State),
    /// It has to wait.
    Blocked,
    /// It has ended.
    Ended,
}

impl Puzzle {
    /// Reads one that lies in the folder of a lesson, and the replays beside it.
    ///
    /// # Errors
    /// With a sentence, when the file cannot be read or understood.
    pub fn read(root: &Path, folder: &str, file: &Path) -> Result<Self, String> {
        let at_file = |why: String| format!("{}: {why}", file.display());
        let text = fs::read_to_string(file).map_err(|why| at_file(why.to_string()))?;
        let name = file.file_stem().unwrap_or_default().to_string_lossy();
        let mut puzzle = Self::parse(&name, folder, &text.replace('\r', "")).map_err(at_file)?;
        if let Ok(text) = fs::read_to_string(root.join(puzzle.replays_file())) {
            puzzle.replays = Replay::all(&text.replace('\r', ""))?;
        }
        Ok(puzzle)
    }

    /// Where its replays are, seen from the workspace's folder.
    pub fn replays_file(&self) -> String {
        format!("{}/puzzles/{}.replays", self.folder, self.name)
    }

    /// Where its source is, seen from the workspace's folder.
    pub fn source_file(&self) -> String {
        format!("{}/{}", self.folder, self.source)
    }

    /// Reads one.
    ///
    /// # Errors
    /// With a sentence for the first line that is not understood.
    pub fn parse(name: &str, folder: &str, text: &str) -> Result<Self, String> {
        let mut fields = BTreeMap::<&str, &str>::new();
        let (mut variables, mut actors) = (Vec::<Variable>::new(), Vec::<Actor>::new());
        let (mut who, mut steps, mut conditions) = ("", Vec::new(), Vec::new());
        for line in text.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#')) {
            let misread = || format!("this is not understood: {line}");
            let pair = line.split_once(": ").filter(|(key, _)| !key.contains([' ', '|']));
            let Some((key, rest)) = pair else {
                let parts: Vec<&str> = line.splitn(4, '|').map(str::trim).collect();
                let [operation, does, words, code] = parts[..] else { return Err(misread()) };
                let (_, lines): &mut (Vec<char>, Vec<_>) = steps.last_mut().ok_or_else(misread)?;
                lines.push((operation, does, words, code));
                continue;
            };
            let number = |text: &str| text.parse::<i64>().map_err(|_| misread());
            let mut share = |name: &str, kind, initial| {
                let (name, initial) = (name.into(), Some(initial));
                variables.push(Variable { name, kind, is_shared: true, initial });
            };
            match key {
                "shared" => {
                    let (name, value) = rest.split_once(" = ").ok_or_else(misread)?;
                    share(name, Kind::Number, number(value)?);
                }
                "lock" => share(rest, Kind::Lock, 0),
                "queue" | "permits" => {
                    let (name, most) = rest.split_once(" of ").ok_or_else(misread)?;
                    let most = number(most)?;
                    match key {
                        "queue" => share(name, Kind::Queue(most), 0),
                        _ => share(name, Kind::Permits(most), most),
                    }
                }
                "actors" => {
                    let (what, letters) = rest.split_once(' ').ok_or_else(misread)?;
                    who = what;
                    let letters: Vec<char> =
                        letters.chars().filter(char::is_ascii_uppercase).collect();
                    steps.push((letters, Vec::new()));
                }
                "goal" | "count" => {
                    let (condition, words) = rest.split_once(" | ").ok_or_else(misread)?;
                    conditions.push((key, condition, words));
                }
                _ => _ = fields.insert(key, rest),
            }
        }
        for (letters, lines) in &steps {
            for &letter in letters {
                let mut actor = Actor { letter, steps: Vec::new(), own: Vec::new() };
                for &(operation, does, words, code) in lines {
                    let does = does.split(';').map(|one| {
                        does_what(one.trim(), &mut variables, &mut actor.own)
                            .ok_or_else(|| format!("this is not understood: {one}"))
                    });
                    let does = does.collect::<Result<_, _>>()?;
                    let (verb, number) = operation.split_once(' ').unwrap_or((operation, ""));
                    let recorded = find(&variables, &actor.own, number);
                    if recorded.is_none() && !number.is_empty() {
                        return Err(format!("there is no {number}"));
                    }
                    actor.steps.push(Step {
                        does,
                        recorded,
                        operation: (!verb.is_empty()).then(|| verb.into()),
                        words: words.into(),
                        code: code.into(),
                    });
                }
                actors.push(actor);
            }
        }
        actors.sort_by_key(|actor| actor.letter);
        let (mut goals, mut count) = (Vec::new(), None);
        for (key, condition, words) in conditions {
            let (is_ever, rest) =
                condition.strip_prefix("ever ").map_or((false, condition), |rest| (true, rest));
            let condition = read_condition(rest, &variables, &actors)
                .ok_or_else(|| format!("this is no condition: {rest}"))?;
            let goal = Goal { words: words.into(), is_ever, condition };
            if key == "goal" { goals.push(goal) } else { count = Some(goal) }
        }
        let mut field = |key: &str| {
            let found = fields.remove(key).map(String::from);
            found.ok_or_else(|| format!("there is no line that begins with `{key}: `"))
        };
        let (ends, returns) = match field("ends") {
            Ok(name) => (format!("ended with {name}"), name),
            Err(_) => ("returned".into(), field("returns")?),
        };
        let returns =
            find(&variables, &[], &returns).ok_or_else(|| format!("there is no {returns}"))?;
        let puzzle = Self {
            name: name.into(),
            folder: folder.into(),
            number: field("number")?.parse().map_err(|_| "its number is none")?,
            title: field("title")?,
            idea: field("idea")?,
            source: field("source")?,
            calls: field("calls")?,
            returns,
            ends,
            who: who.into(),
            actors,
            goals,
            count: count
                .ok_or("nothing is counted: there is no line that begins with `count: `")?,
            replays: BTreeMap::new(),
            variables,
        };
        match fields.keys().next() {
            Some(key) => Err(format!("nothing reads a line that begins with `{key}: `")),
            None if puzzle.goals.is_empty() || puzzle.actors.len() < 2 => {
                Err("it needs a goal and two actors".into())
            }
            None => Ok(puzzle),
        }
    }

    /// Where all orders begin.
    pub fn start(&self) -> State {
        State {
            taken: vec![0; self.actors.len()],
            values: self.variables.iter().map(|variable| variable.initial).collect(),
        }
    }

    /// What comes of it when the actor of that index goes next.
    pub fn after(&self, state: &State, actor: usize) -> Taken {
        let Some(step) = self.actors[actor].steps.get(state.taken[actor]) else {
            return Taken::Ended;
        };
        let mut state = state.clone();
        for &does in &step.does {
            let most = |at: usize| match self.variables[at].kind {
                Kind::Queue(most) | Kind::Permits(most) => most,
                Kind::Lock | Kind::Number => i64::MAX,
            };
            let values = &mut state.values;
            let value = |values: &[Option<i64>], at: usize| values[at].unwrap_or_default();
            match does {
                Does::Set(to, from, plus) => {
                    values[to] = Some(from.map_or(0, |from| value(values, from)) + plus);
                }
                Does::Lock(it) if values[it] == Some(0) => values[it] = Some(actor as i64 + 1),
                Does::Unlock(it) => values[it] = Some(0),
                Does::More(it) if value(values, it) < most(it) => {
                    values[it] = Some(value(values, it) + 1);
                }
                Does::Less(it) if value(values, it) > 0 => {
                    values[it] = Some(value(values, it) - 1);
                }
                Does::Lock(_) | Does::More(_) | Does::Less(_) => return Taken::Blocked,
            }
        }
        state.taken[actor] += 1;
        Taken::Step(state)
    }

    /// Whether a condition holds in a state.
    pub(crate) fn holds(&self, goal: &Goal, state: &State) -> bool {
        let mut taken = (0..self.actors.len()).map(|actor| self.after(state, actor));
        match goal.condition {
            Condition::Blocked(actor) => self.after(state, actor) == Taken::Blocked,
            Condition::Deadlock => {
                let all: Vec<Taken> = taken.collect();
                all.contains(&Taken::Blocked) && !all.iter().any(|it| matches!(it, Taken::Step(_)))
            }
            // Of a number that is changed and changed back within a step, the end of the step counts.
            Condition::Compared(it, sign, number) => {
                let value = state.values[it].unwrap_or_default();
                let is_end = !taken.any(|it| matches!(it, Taken::Step(_)));
                (goal.is_ever || is_end)
                    && match sign {
                        '<' => value < number,
                        '>' => value > number,
                        _ => value == number,
                    }
            }
        }
    }

    /// The shared variables in a state: their names and what they are.
    pub fn shared(&self, state: &State) -> Vec<(String, String)> {
        let shared = (0..self.variables.len()).filter(|&at| self.variables[at].is_shared);
        shared.map(|at| self.shown(state, at)).collect()
    }

    /// An actor's own variables in a state.
    pub fn own(&self, state: &State, actor: usize) -> Vec<(String, String)> {
        self.actors[actor].own.iter().map(|&at| self.shown(state, at)).collect()
    }

    fn shown(&self, state: &State, at: usize) -> (String, String) {
        let Variable { name, kind, .. } = &self.variables[at];
        let value = match (kind, state.values[at]) {
            (_, None) => "-".into(),
            (Kind::Lock, Some(0)) => "free".into(),
            (Kind::Lock, Some(holder)) => {
                format!("held by {}", self.actors[holder as usize - 1].letter)
            }
            (Kind::Queue(most), Some(number)) => format!("{number} of {most}"),
            (Kind::Permits(most), Some(number)) => format!("{number} of {most} free"),
            (Kind::Number, Some(number)) => number.to_string(),
        };
        (name.clone(), value)
    }

    /// What the replay of an order is to be: what is returned, and for each step that others can see the actor, the operation,
    /// and its number.
    pub fn expected(&self, order: &[usize]) -> Replay {
        let mut state = self.start();
        let mut log = Vec::new();
        for &actor in order {
            let Actor { letter, steps, .. } = &self.actors[actor];
            let step = &steps[state.taken[actor]];
            let Taken::Step(after) = self.after(&state, actor) else { break };
            state = after;
            if let Some(operation) = &step.operation {
                let number = step.recorded.and_then(|at| state.values[at]);
                let number = number.map(|number| format!(" {number}")).unwrap_or_default();
                log.push(format!("{letter} {operation}{number}"));
            }
        }
        let have_ended = (0..self.actors.len()).all(|it| self.after(&state, it) == Taken::Ended);
        let number = state.values[self.returns].unwrap_or_default();
        Replay { outcome: self.outcome(have_ended.then_some(number)), log }
    }

    /// In words, what the call did that came to this number; `None` where it waits for ever.
    pub fn outcome(&self, number: Option<i64>) -> String {
        number.map_or("never returned".into(), |number| format!("{} {number}", self.ends))
    }

    /// An order as its replay is filed: the letters of those steps that others can see.
    pub fn seen(&self, order: &[usize]) -> String {
        let mut taken = vec![0; self.actors.len()];
        let mut seen = String::new();
        for &actor in order {
            if self.actors[actor].steps[taken[actor]].operation.is_some() {
                seen.push(self.actors[actor].letter);
            }
            taken[actor] += 1;
        }
        seen
    }

    /// An order in letters.
    pub fn letters(&self, order: &[usize]) -> String {
        order.iter().map(|&actor| self.actors[actor].letter).collect()
    }
}

impl Replay {
    /// Reads the file of a puzzle's replays: `ABAB | returned 1 | A load 0, B load 0, ...`.
    fn all(text: &str) -> Result<BTreeMap<String, Self>, String> {
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        let replay = |line: &str| {
            let [order, outcome, log] = line.split(" | ").collect::<Vec<_>>()[..] else {
                return Err(format!("this is no replay: {line}"));
            };
            let log = log.split(", ").map(String::from).collect();
            Ok((order.to_owned(), Self { outcome: outcome.into(), log }))
        };
        lines.map(replay).collect()
    }

    /// The line for the file.
    pub fn line(&self, order: &str) -> String {
        format!("{order} | {} | {}\n", self.outcome, self.log.join(", "))
    }
}

/// A variable of an actor's own, or a shared one.
fn find(variables: &[Variable], own: &[usize], name: &str) -> Option<usize> {
    let of_own = own.iter().copied().find(|&at| variables[at].name == name);
    let is_it = |it: &Variable| it.is_shared && it.name == name;
    of_own.or_else(|| variables.iter().position(is_it))
}

/// Reads what a step does. A name that is not known is a variable of the actor's own.
fn does_what(text: &str, variables: &mut Vec<Variable>, own: &mut Vec<usize>) -> Option<Does> {
    if let Some((to, from)) = text.split_once(" = ") {
        let (from, plus) = match from.split_once(" + ").map(|(from, plus)| (from, 1, plus)) {
            Some((from, sign, plus)) => (from, sign * plus.parse::<i64>().ok()?),
            None => match from.split_once(" - ") {
                Some((from, minus)) => (from, -minus.parse::<i64>().ok()?),
                None => (from, 0),
            },
        };
        let (from, plus) = match from.parse::<i64>() {
            Ok(number) => (None, number + plus),
            Err(_) => (Some(find(variables, own, from)?), plus),
        };
        let to = find(variables, own, to).unwrap_or_else(|| {
            let (name, kind) = (to.into(), Kind::Number);
            variables.push(Variable { name, kind, is_shared: false, initial: None });
            own.push(variables.len() - 1);
            variables.len() - 1
        });
        return Some(Does::Set(to, from, plus));
    }
    let (verb, name) = text.split_once(' ')?;
    let it = find(variables, own, name)?;
    match (verb, variables[it].kind) {
        ("lock", Kind::Lock) => Some(Does::Lock(it)),
        ("unlock", Kind::Lock) => Some(Does::Unlock(it)),
        ("put", Kind::Queue(_)) | ("release", Kind::Permits(_)) => Some(Does::More(it)),
        ("take", Kind::Queue(_)) | ("acquire", Kind::Permits(_)) => Some(Does::Less(it)),
        _ => None,
    }
}

fn read_condition(text: &str, variables: &[Variable], actors: &[Actor]) -> Option<Condition> {
    match text.split(' ').collect::<Vec<_>>()[..] {
        ["deadlock"] => Some(Condition::Deadlock),
        ["blocked", letter] => {
            let is_it = |actor: &Actor| letter == actor.letter.to_string();
            actors.iter().position(is_it).map(Condition::Blocked)
        }
        [name, sign @ ("=" | "<" | ">"), number] => {
            let is_it = |it: &Variable| it.is_shared && it.name == name;
            let it = variables.iter().position(is_it)?;
            Some(Condition::Compared(it, sign.chars().next()?, number.parse().ok()?))
        }
        _ => None,
    }
}
