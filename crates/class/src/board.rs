//! The board: the students of a class, and what their runs told.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::time::{Duration, Instant};

use classroom::Message;
use serde_json::{Value, json};

use crate::nicknames;

/// The most students at once. If one more joins, a student who never ran anything loses the place.
const MOST_STUDENTS: usize = 200;
/// The most students of one address: a whole class may be behind one, but nobody takes the places of all others.
const MOST_OF_AN_ADDRESS: usize = 60;
/// The most runs of one student that are kept: one for each program with its options.
const MOST_RUNS: usize = 40;
/// The most programs to choose from that are not lessons.
const MOST_OTHERS: usize = 20;
/// The most rows of one lesson that are shown.
const MOST_ROWS: usize = 4;
/// After this time without a message, a student is silent.
const SILENT: Duration = Duration::from_secs(180);
/// After this time without a message, a student has left.
const LEFT: Duration = Duration::from_secs(3600);

/// A class: its students, the lesson at hand, and whether results are hidden until all have guessed.
#[derive(Debug)]
pub(crate) struct Board {
    /// The lessons, in the order of the course.
    order: Vec<String>,
    /// The lesson that the instructor chose; `None`: the one that most students run.
    chosen: Option<String>,
    hides: bool,
    /// When the instructor last chose a lesson, or whether results are hidden.
    round: Instant,
    /// The lesson for which all have guessed: its results stay, whoever comes later.
    revealed: Option<String>,
    students: Vec<Student>,
    /// How often each address joins, and how many students it has. This is not a part of what the board shows or saves.
    addresses: HashMap<IpAddr, (Budget, usize)>,
}

#[derive(Debug)]
struct Student {
    token: String,
    nickname: String,
    last: Instant,
    light: Light,
    cores: u64,
    /// The latest last.
    runs: Vec<Run>,
    messages: Budget,
}

/// What a student did last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Light {
    Joined,
    Running,
    Done,
    Failed,
}

/// The runs of one student of one program with the same options.
#[derive(Debug)]
struct Run {
    /// The last that it told.
    message: Message,
    /// The first guess: later ones know the answer.
    guess: Option<f64>,
    /// The time of the last run that did all its work, in seconds.
    took: Option<f64>,
}

/// So many at once, and then so many in a second.
#[derive(Debug)]
struct Budget {
    left: f64,
    most: f64,
    a_second: f64,
    since: Instant,
}

/// Why a board refused something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// No student has that token.
    Unknown,
    /// It was too much in a short time.
    TooMuch,
    /// There is no place for another student.
    Full,
}

impl Board {
    /// An empty board, with these lessons to choose from.
    pub(crate) fn new(order: Vec<String>, now: Instant) -> Self {
        let (chosen, hides, revealed, students, addresses) = Default::default();
        Self { order, chosen, hides, round: now, revealed, students, addresses }
    }

    /// Makes a new student of the caller, unless its token is one of the board's already; returns nickname and token.
    pub(crate) fn join(
        &mut self,
        token: &str,
        address: IpAddr,
        now: Instant,
    ) -> Result<(String, String), Refused> {
        if let Some(student) = self.students.iter_mut().find(|it| it.token == token) {
            student.last = now;
            return Ok((student.nickname.clone(), student.token.clone()));
        }
        let joins = Budget { left: 40.0, most: 40.0, a_second: 0.2, since: now };
        let (joins, students) = self.addresses.entry(address).or_insert((joins, 0));
        if *students == MOST_OF_AN_ADDRESS {
            return Err(Refused::Full);
        }
        if !joins.takes_one(now) {
            return Err(Refused::TooMuch);
        }
        *students += 1;
        if self.students.len() == MOST_STUDENTS {
            let idle = self.students.iter().position(|student| student.runs.is_empty());
            self.students.remove(idle.ok_or(Refused::Full)?);
        }
        let nickname =
            nicknames::one_not_in(|name| self.students.iter().any(|it| it.nickname == name));
        let token = nicknames::unguessable();
        self.students.push(Student::new(&token, &nickname, now));
        Ok((nickname, token))
    }

    /// Takes a message of the student with that token; returns the nickname.
    pub(crate) fn take(
        &mut self,
        token: &str,
        message: Message,
        now: Instant,
    ) -> Result<&str, Refused> {
        let student = self.students.iter_mut().find(|it| it.token == token);
        let student = student.ok_or(Refused::Unknown)?;
        if !student.messages.takes_one(now) {
            return Err(Refused::TooMuch);
        }
        student.take(message, now);
        self.reveal(now);
        let student = self.students.iter().find(|it| it.token == token);
        Ok(student.map_or("", |student| &student.nickname))
    }

    /// Notes if the last guess for the lesson at hand is in.
    fn reveal(&mut self, now: Instant) {
        let lesson = self.at_hand(now).map(String::from);
        let (guessed, present) = self.guesses(lesson.as_deref(), now);
        if guessed > 0 && guessed == present {
            self.revealed = lesson;
        }
    }

    /// How many have guessed for a lesson, of how many that still can: who has its result cannot guess any more.
    fn guesses(&self, lesson: Option<&str>, now: Instant) -> (usize, usize) {
        let guessed = self.students.iter().filter(|it| it.has_guessed(lesson)).count();
        let waits = |student: &&Student| {
            // After a long talk all are silent, and still there.
            let last = student.last.max(self.round);
            now.saturating_duration_since(last) < SILENT
                && !student.has_guessed(lesson)
                && !student.runs_of(lesson).any(|run| run.took.is_some())
        };
        (guessed, guessed + self.students.iter().filter(waits).count())
    }

    /// Takes a message from a file, of a student with this name there.
    pub(crate) fn take_from_file(
        &mut self,
        file: &str,
        nickname: &str,
        message: Message,
        now: Instant,
    ) {
        let token = format!("{file} {nickname}");
        let known = self.students.iter().position(|it| it.token == token);
        let index = known.unwrap_or_else(|| {
            // Two students may have drawn the same nickname.
            let same = self.students.iter().filter(|it| it.nickname.starts_with(nickname)).count();
            let nickname =
                if same == 0 { nickname.into() } else { format!("{nickname} {}", same + 1) };
            self.students.push(Student::new(&token, &nickname, now));
            self.students.len() - 1
        });
        self.students[index].take(message, now);
    }

    /// How many students there are.
    pub(crate) fn students(&self) -> usize {
        self.students.len()
    }

    /// Chooses the lesson at hand.
    pub(crate) fn choose(&mut self, lesson: String, now: Instant) {
        (self.chosen, self.revealed, self.round) = (Some(lesson), None, now);
    }

    /// Hides results until all have guessed, or shows them.
    pub(crate) fn hide(&mut self, hides: bool, now: Instant) {
        (self.hides, self.revealed, self.round) = (hides, None, now);
    }

    /// Forgets all runs, the lesson at hand, and the students who have said nothing for long.
    pub(crate) fn reset(&mut self, now: Instant) {
        self.students.retain(|student| now.saturating_duration_since(student.last) < LEFT);
        for student in &mut self.students {
            (student.runs, student.light) = (Vec::new(), Light::Joined);
        }
        (self.chosen, self.hides, self.revealed, self.round) = (None, false, None, now);
    }

    /// The programs to choose from: the lessons, then the others that students ran.
    pub(crate) fn programs(&self) -> Vec<String> {
        let mut others: BTreeMap<&str, usize> = BTreeMap::new();
        for run in self.students.iter().flat_map(|student| &student.runs) {
            if !self.order.contains(&run.message.program) {
                *others.entry(&run.message.program).or_default() += 1;
            }
        }
        let mut others: Vec<(&str, usize)> = others.into_iter().collect();
        others.sort_by_key(|(_, runs)| std::cmp::Reverse(*runs));
        let others = others.iter().take(MOST_OTHERS).map(|(name, _)| (*name).to_owned());
        self.order.iter().cloned().chain(others).collect()
    }

    /// The lesson at hand: the one that was chosen, or the one that most students who are not silent ran last.
    fn at_hand(&self, now: Instant) -> Option<&str> {
        if let Some(chosen) = &self.chosen {
            return Some(chosen);
        }
        let mut runners: BTreeMap<&str, usize> = BTreeMap::new();
        for student in self.students.iter().filter(|student| !student.is_silent(now)) {
            if let Some(run) = student.runs.last() {
                *runners.entry(&run.message.program).or_default() += 1;
            }
        }
        let most = runners.into_iter().max_by_key(|(_, students)| *students);
        most.map(|(program, _)| program)
    }

    /// Returns what the page shows now.
    pub(crate) fn state(&self, join: &[String], now: Instant) -> Value {
        let lesson = self.at_hand(now);
        let is_revealed = lesson.is_some() && self.revealed.as_deref() == lesson;
        let mut state = self.page(lesson, now, self.hides && !is_revealed);
        state["hides"] = json!(self.hides);
        state["join"] = json!(join);
        state["lessons"] = json!(self.programs());
        state
    }

    /// Returns what the page shows of a lesson. If it `hides`, the results are not in it until all have guessed.
    pub(crate) fn page(&self, lesson: Option<&str>, now: Instant, hides: bool) -> Value {
        let of_lesson = |run: &&Run| Some(run.message.program.as_str()) == lesson;
        let (guessed, present) = self.guesses(lesson, now);
        let hidden = hides && (guessed == 0 || guessed < present);
        let mut rows: BTreeMap<&str, Row> = BTreeMap::new();
        let mut speedups = Vec::new();
        let mut kind = None;
        for (index, student) in self.students.iter().enumerate() {
            for run in student.runs.iter().filter(|run| !(hidden && of_lesson(run))) {
                let times = student.times_own_sync(run, &self.order);
                if of_lesson(&run) {
                    kind = Some(run.message.kind.as_str());
                    rows.entry(&run.message.options).or_default().add(index, run, times);
                }
                let is_lesson = self.order.contains(&run.message.program);
                let is_one = is_lesson && run.message.computes && run.message.model != SYNC;
                if let Some(times) = times.filter(|_| is_one) {
                    speedups.push(json!({
                        "student": index,
                        "program": run.message.program,
                        "cores": run.message.cores,
                        "times": times,
                    }));
                }
            }
        }
        let mut rows: Vec<(&str, Row)> = rows.into_iter().collect();
        rows.sort_by_key(|(_, row)| std::cmp::Reverse(row.runs.len() + row.guesses.len()));
        let more = rows.len().saturating_sub(MOST_ROWS);
        rows.truncate(MOST_ROWS);
        let student = |student: &Student| {
            json!({
                "name": student.nickname,
                "light": if student.is_silent(now) { "silent" } else { student.light.name() },
                "cores": student.cores,
                "guessed": student.has_guessed(lesson),
            })
        };
        json!({
            "lesson": lesson,
            "kind": kind,
            "hidden": hidden,
            "guessed": guessed,
            "present": present,
            "students": self.students.iter().map(student).collect::<Vec<_>>(),
            "rows": rows.into_iter().map(|(options, row)| row.shown(options)).collect::<Vec<_>>(),
            "more_rows": more,
            "speedups": speedups,
        })
    }
}

/// The model of a lesson that the others are compared with.
const SYNC: &str = "sync";

/// The runs of a lesson with the same options.
#[derive(Default)]
struct Row {
    guesses: Vec<Value>,
    runs: Vec<Value>,
    seconds: Vec<f64>,
}

impl Row {
    fn add(&mut self, student: usize, run: &Run, times: Option<f64>) {
        if let Some(guess) = run.guess {
            self.guesses.push(json!({ "student": student, "seconds": guess }));
        }
        if let Some(took) = run.took {
            self.runs.push(json!({ "student": student, "seconds": took, "times": times }));
            self.seconds.push(took);
        }
    }

    fn shown(mut self, options: &str) -> Value {
        self.seconds.sort_by(f64::total_cmp);
        let middle = self.seconds.len() / 2;
        let median = match self.seconds.as_slice() {
            [] => None,
            seconds if seconds.len() % 2 == 1 => Some(seconds[middle]),
            seconds => Some(f64::midpoint(seconds[middle - 1], seconds[middle])),
        };
        json!({ "options": options, "guesses": self.guesses, "runs": self.runs, "median": median })
    }
}

impl Student {
    fn new(token: &str, nickname: &str, now: Instant) -> Self {
        let messages = Budget { left: 20.0, most: 20.0, a_second: 1.0, since: now };
        Self {
            token: token.into(),
            nickname: nickname.into(),
            last: now,
            light: Light::Joined,
            cores: 0,
            runs: Vec::new(),
            messages,
        }
    }

    fn runs_of<'a>(&'a self, lesson: Option<&'a str>) -> impl Iterator<Item = &'a Run> {
        self.runs.iter().filter(move |run| Some(run.message.program.as_str()) == lesson)
    }

    fn has_guessed(&self, lesson: Option<&str>) -> bool {
        self.runs_of(lesson).any(|run| run.guess.is_some())
    }

    fn is_silent(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.last) >= SILENT
    }

    fn take(&mut self, message: Message, now: Instant) {
        (self.last, self.cores) = (now, message.cores);
        self.light = match message.outcome {
            None => Light::Running,
            Some(_) if message.is_whole() => Light::Done,
            Some(end) if end.interrupted => Light::Joined,
            Some(_) => Light::Failed,
        };
        let is_same = |run: &Run| {
            (&run.message.program, &run.message.options) == (&message.program, &message.options)
        };
        let same = self.runs.iter().position(is_same).map(|index| self.runs.remove(index));
        let guess = same.as_ref().map_or(message.guess, |run| match run.took {
            None => run.guess.or(message.guess),
            Some(_) => run.guess,
        });
        let ended = message.outcome.filter(|_| message.is_whole()).map(|end| end.seconds);
        let took = ended.or(same.and_then(|run| run.took));
        if self.runs.len() == MOST_RUNS {
            self.runs.remove(0);
        }
        self.runs.push(Run { message, guess, took });
    }

    /// How many times as fast a run was as the same work in the student's own sync lesson; `None` if that is not known.
    fn times_own_sync(&self, run: &Run, lessons: &[String]) -> Option<f64> {
        let work = |run: &Run| {
            let message = &run.message;
            (message.kind.clone(), message.items, message.options_without("--workers"))
        };
        let is_base = |other: &&Run| {
            // An example may be wrong on purpose.
            lessons.contains(&other.message.program)
                && other.message.model == SYNC
                && other.message.sections == 0
                && other.took.is_some()
                && work(other) == work(run)
        };
        let base = self.runs.iter().rev().find(is_base).filter(|_| run.message.sections == 0)?;
        Some(base.took? / run.took?)
    }
}

impl Light {
    fn name(self) -> &'static str {
        match self {
            Self::Joined => "joined",
            Self::Running => "running",
            Self::Done => "done",
            Self::Failed => "failed",
        }
    }
}

impl Budget {
    fn takes_one(&mut self, now: Instant) -> bool {
        let passed = now.saturating_duration_since(self.since).as_secs_f64();
        self.left = (self.left + passed * self.a_second).min(self.most);
        self.since = now;
        let is_left = self.left >= 1.0;
        if is_left {
            self.left -= 1.0;
        }
        is_left
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    /// A run of this program; it took so long, or has just begun.
    fn message(
        program: &str,
        model: &str,
        options: &str,
        guess: Option<f64>,
        took: Option<f64>,
    ) -> Message {
        let mut text = json!({
            "program": program, "model": model, "kind": "call", "computes": true, "items": 20, "sections": 0,
            "workers": 1, "cores": 4, "options": options, "guess": guess,
        });
        if let Some(seconds) = took {
            text["seconds"] = json!(seconds);
            text["done"] = json!(20);
            text["interrupted"] = json!(false);
        }
        Message::from_json(&text).expect("a message")
    }

    /// A board with this many students, and their tokens.
    fn class(students: usize, now: Instant) -> (Board, Vec<String>) {
        let mut board = Board::new(vec!["one".into(), "two".into()], now);
        let join = |board: &mut Board| board.join("", HERE, now).expect("a place").1;
        let tokens = (0..students).map(|_| join(&mut board)).collect();
        (board, tokens)
    }

    #[test]
    fn hidden_results_are_not_sent_until_all_have_guessed() {
        let now = Instant::now();
        let (mut board, tokens) = class(2, now);
        board.hide(true, now);
        board.choose("two".into(), now);
        for (number, token) in tokens.iter().enumerate() {
            let state = board.state(&[], now);
            assert_eq!((&state["hidden"], &state["rows"]), (&json!(true), &json!([])));
            assert_eq!((&state["guessed"], &state["present"]), (&json!(number), &json!(2)));
            assert!(!state.to_string().contains("7.25"));
            board.take(token, message("two", "threads", "", Some(7.25), None), now).expect("taken");
            board
                .take(token, message("two", "threads", "", Some(7.25), Some(2.0)), now)
                .expect("taken");
        }
        let state = board.state(&[], now);
        assert_eq!((&state["hidden"], &state["rows"][0]["median"]), (&json!(false), &json!(2.0)));
        assert_eq!(state["rows"][0]["guesses"][1]["seconds"], json!(7.25));
        // The next lesson begins with all results hidden again.
        board.choose("one".into(), now);
        assert_eq!(board.state(&[], now)["hidden"], json!(true));
    }

    #[test]
    fn a_guess_after_the_result_is_none() {
        let now = Instant::now();
        let (mut board, tokens) = class(1, now);
        for (guess, took) in [(None, Some(2.0)), (Some(2.0), None), (Some(2.0), Some(2.1))] {
            board.take(&tokens[0], message("one", "sync", "", guess, took), now).expect("taken");
        }
        let state = board.state(&[], now);
        assert_eq!((&state["guessed"], &state["rows"][0]["guesses"]), (&json!(0), &json!([])));
        assert_eq!(state["rows"][0]["runs"][0]["seconds"], json!(2.1));
    }

    #[test]
    fn times_own_sync_compares_the_same_work_of_the_same_student() {
        let now = Instant::now();
        let (mut board, tokens) = class(2, now);
        let mut take = |student: usize, message| {
            board.take(&tokens[student], message, now).expect("taken");
        };
        take(0, message("one", "sync", "", None, Some(8.0)));
        take(1, message("one", "sync", "--number 30", None, Some(1.0)));
        take(0, message("two", "threads", "--workers 4", None, Some(2.0)));
        take(1, message("two", "threads", "--workers 4", None, Some(2.0)));
        let state = board.state(&[], now);
        let runs = state["rows"][0]["runs"].as_array().expect("runs");
        assert_eq!((&runs[0]["times"], &runs[1]["times"]), (&json!(4.0), &Value::Null));
        let speedup = json!([{ "student": 0, "program": "two", "cores": 4, "times": 4.0 }]);
        assert_eq!(state["speedups"], speedup);
    }

    #[test]
    fn a_run_that_did_not_do_all_its_work_is_no_dot() {
        let now = Instant::now();
        let (mut board, tokens) = class(1, now);
        let failed = Message { items: 21, ..message("one", "sync", "", None, Some(1.0)) };
        board.take(&tokens[0], failed, now).expect("taken");
        let state = board.state(&[], now);
        assert_eq!(state["students"][0]["light"], json!("failed"));
        assert_eq!(
            (&state["rows"][0]["runs"], &state["rows"][0]["median"]),
            (&json!([]), &Value::Null)
        );
    }

    #[test]
    fn lights_go_out_after_three_minutes() {
        let now = Instant::now();
        let (mut board, tokens) = class(1, now);
        board.take(&tokens[0], message("one", "sync", "", None, None), now).expect("taken");
        let light = |after| {
            board.state(&[], now + Duration::from_secs(after))["students"][0]["light"].clone()
        };
        assert_eq!((light(179), light(180)), (json!("running"), json!("silent")));
    }

    #[test]
    fn nobody_floods_the_board() {
        let now = Instant::now();
        let (mut board, tokens) = class(2, now);
        let run = |number: usize| message(&format!("p{number}"), "sync", "", None, Some(1.0));
        let taken =
            (0..1_000).filter(|number| board.take(&tokens[0], run(*number), now).is_ok()).count();
        assert_eq!(taken, 20);
        let later = now + Duration::from_secs(10_000);
        for second in 0..100 {
            let then = later + Duration::from_secs(second);
            board.take(&tokens[0], run(second as usize), then).expect("taken");
        }
        assert_eq!(board.students[0].runs.len(), MOST_RUNS);
        assert_eq!(board.programs().len(), 2 + MOST_OTHERS);
        // The other student is not affected.
        board.take(&tokens[1], run(0), now).expect("taken");
        assert_eq!(board.take("another", run(0), now), Err(Refused::Unknown));
        // Many new students of one address, at once and later: they take a part of the places.
        let joins = |board: &mut Board, from: u8, now| {
            let address = IpAddr::from([10, 0, 0, from]);
            (0..1_000).filter(|_| board.join("", address, now).is_ok()).count()
        };
        assert_eq!(joins(&mut board, 1, now), 40);
        assert_eq!(joins(&mut board, 1, later), MOST_OF_AN_ADDRESS - 40);
        assert_eq!(board.join("", [10, 0, 0, 1].into(), later), Err(Refused::Full));
        // Of many addresses: only those who never ran anything lose their places.
        for from in 2..100 {
            joins(&mut board, from, later);
        }
        assert_eq!(board.students(), MOST_STUDENTS);
        for token in &tokens {
            assert_eq!(board.join(token, HERE, later).map(|(_, token)| token), Ok(token.clone()));
        }
    }

    #[test]
    fn results_stay_hidden_after_a_long_talk_and_stay_shown_when_others_come() {
        let now = Instant::now();
        let (mut board, tokens) = class(3, now);
        // All have been silent for four minutes when the instructor presses the button.
        let now = now + Duration::from_secs(240);
        board.choose("two".into(), now);
        board.hide(true, now);
        let run = |guess, took| message("two", "threads", "", guess, took);
        board.take(&tokens[0], run(Some(1.0), Some(2.0)), now).expect("taken");
        let state = board.state(&[], now);
        assert_eq!((&state["hidden"], &state["present"]), (&json!(true), &json!(3)));
        // Who ran it without a guess cannot guess any more, and holds up nobody.
        board.take(&tokens[1], run(None, Some(2.0)), now).expect("taken");
        let state = board.state(&[], now);
        assert_eq!((&state["guessed"], &state["present"]), (&json!(1), &json!(2)));
        board.take(&tokens[2], run(Some(3.0), None), now).expect("taken");
        assert_eq!(board.state(&[], now)["hidden"], json!(false));
        // A latecomer does not take the picture away.
        board.join("", HERE, now).expect("a place");
        assert_eq!(board.state(&[], now)["hidden"], json!(false));
        board.choose("one".into(), now);
        assert_eq!(board.state(&[], now)["hidden"], json!(true));
    }

    #[test]
    fn an_example_is_no_base() {
        let now = Instant::now();
        let (mut board, tokens) = class(1, now);
        for (program, model) in [("hoisted", "sync"), ("two", "threads")] {
            board
                .take(&tokens[0], message(program, model, "", None, Some(1.0)), now)
                .expect("taken");
        }
        assert_eq!(board.state(&[], now)["rows"][0]["runs"][0]["times"], Value::Null);
    }
}
