//! The diagram for a terminal: a row for each lane, one character for each moment.

use std::time::Duration;

use console::{Alignment, Color, Style, measure_text_width, pad_str};

use crate::facts::plural;
use crate::lanes::{Doing, Kind, Lane, lanes, share};
use crate::{Clock, Timeline, scale};

/// All rows: lanes, axis and legend.
const MOST_ROWS: usize = 12;
/// With fewer columns than this a diagram shows nothing.
const LEAST_COLUMNS: usize = 8;
/// With at least this many columns for each item, the diagram marks where the next one begins.
const COLUMNS_TO_TELL_ITEMS: usize = 4;
/// ` 100%`
const PERCENT: usize = 5;

/// Blue, green and vermilion of Okabe and Ito's palette, which colour-blind people can distinguish, or the closest
/// of a terminal's 256 colours. (<https://jfly.uni-koeln.de/color/>)
const WORKING: Color = Color::Color256(32);
const READY: Color = Color::Color256(36);
const WAITING: Color = Color::Color256(166);

/// What the terminal can show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    /// Columns.
    pub width: usize,
    /// Whether it shows more than ASCII.
    pub unicode: bool,
    /// Whether it shows colours.
    pub colour: bool,
}

/// The characters of a diagram.
#[derive(Clone, Copy, Debug)]
struct Signs {
    working: char,
    /// Two empty rails.
    ready: char,
    blocking: char,
    waiting: char,
    open: char,
    next: char,
    failed: char,
    more: &'static str,
}

const UNICODE: Signs = Signs {
    working: '█',
    ready: '═',
    blocking: '▒',
    waiting: '░',
    open: '┄',
    next: '│',
    failed: '×',
    more: "…",
};
const ASCII: Signs = Signs {
    working: '#',
    ready: '=',
    blocking: '%',
    waiting: '.',
    open: '~',
    next: '|',
    failed: 'x',
    more: "...",
};

impl Signs {
    fn of(self, doing: Doing) -> char {
        match doing {
            Doing::Working => self.working,
            Doing::Ready => self.ready,
            Doing::Blocking => self.blocking,
            Doing::Waiting => self.waiting,
            Doing::Open => self.open,
        }
    }

    /// All characters with their meaning; the legend always has the first two.
    fn meanings(self, clock: Clock) -> [(char, &'static str); 7] {
        let blocking = if clock.tells_ready { "blocking" } else { "blocking, or without a core" };
        [
            (self.working, "working"),
            (self.waiting, "waiting"),
            (self.ready, "ready"),
            (self.blocking, blocking),
            (self.open, "not ended"),
            (self.next, "next"),
            (self.failed, "failed"),
        ]
    }
}

impl Look {
    fn signs(self) -> Signs {
        if self.unicode { UNICODE } else { ASCII }
    }

    /// Returns the text in a style, if there are colours.
    pub fn paint(self, text: &str, style: Style) -> String {
        style.force_styling(self.colour).apply_to(text).to_string()
    }

    /// Returns the text in lines that fit, broken between words.
    pub fn wrap(self, text: &str) -> String {
        let mut lines = vec![String::new()];
        for word in text.split(' ') {
            let line = lines.last_mut().expect("there is a line from the start");
            if line.is_empty() {
                line.push_str(word);
            } else if measure_text_width(line) + 1 + measure_text_width(word) <= self.width {
                line.push(' ');
                line.push_str(word);
            } else {
                lines.push(word.into());
            }
        }
        lines.join("\n")
    }
}

impl Timeline {
    /// Returns the diagram in at most twelve rows, each with a line end. Lanes without a row are summed up in the last
    /// one. The text is empty if there is nothing to draw, or no room for it.
    pub fn terminal(&self, look: Look) -> String {
        // The rows show which characters are used, and so how many lines the legend takes.
        let mut legend_rows = 1;
        loop {
            let (text, has) = self.with_legend(look, legend_rows);
            if has <= legend_rows {
                return text;
            }
            legend_rows = has;
        }
    }

    /// Returns the diagram with room for a legend of this many lines, and how many lines its legend has.
    fn with_legend(&self, look: Look, legend_rows: usize) -> (String, usize) {
        let lanes = lanes(&self.spans);
        let signs = look.signs();
        let meanings = signs.meanings(self.clock);
        let rows = MOST_ROWS - 1 - legend_rows - usize::from(!self.sections.is_empty());
        let shown = if lanes.len() > rows { rows - 1 } else { lanes.len() };
        let shown_names = lanes[..shown].iter().map(|lane| lane.name.as_str()).chain([signs.more]);
        let longest = shown_names.map(measure_text_width).max().unwrap_or(0);
        let names = longest.min(look.width / 4);
        let columns = look.width.saturating_sub(names + 1 + PERCENT);
        if lanes.is_empty() || columns < LEAST_COLUMNS {
            return (String::new(), 0);
        }
        let end = self.end();
        let axis = axis(end, columns, look.unicode);
        let name = |name: &str| pad_str(name, names, Alignment::Left, Some("")).into_owned();
        let percent = |working, covered| format!("{:>4.0}%", 100.0 * share(working, covered));

        let mut text = String::new();
        if !self.sections.is_empty() {
            let parts = self.part_names(end, columns, signs);
            if parts.is_empty() {
                return self.without_sections().with_legend(look, legend_rows);
            }
            text += &format!("{} {}\n", name(""), look.paint(&parts, Style::new().bold()));
        }
        text += &format!("{} {axis} work\n", name(""));
        let mut used = String::new();
        for lane in &lanes[..shown] {
            let row = row(lane, end, columns, signs, self.clock);
            let percent = percent(lane.working(), lane.covered());
            text += &format!("{} {}{percent}\n", name(&lane.name), coloured(&row, look));
            used += &row;
        }
        let hidden = &lanes[shown..];
        if !hidden.is_empty() {
            let what = format!("{} more {} like these", hidden.len(), self.what_they_are(hidden));
            let row = pad_str(&what, columns, Alignment::Left, Some("")).into_owned();
            let working = hidden.iter().map(Lane::working).sum();
            let covered = hidden.iter().map(Lane::covered).sum();
            let percent = percent(working, covered);
            text += &format!("{} {row}{percent}\n", name(signs.more));
        }
        let legend = legend(&used, &meanings, look);
        text += &format!("{legend}\n");
        (text, legend.lines().count())
    }

    fn without_sections(&self) -> Self {
        Self { sections: Vec::new(), ..self.clone() }
    }

    /// The names of the sections, each above its beginning; names without room are left out.
    fn part_names(&self, end: Duration, columns: usize, signs: Signs) -> String {
        let at = |time: Duration| columns as f64 * time.as_secs_f64() / end.as_secs_f64().max(1e-9);
        let mut names = String::new();
        for section in &self.sections {
            let (from, to) = (at(section.start) as usize, (at(section.end) as usize).min(columns));
            let name = format!("{}{}", signs.next, section.name);
            let here = measure_text_width(&names);
            if here <= from && from + measure_text_width(&name) <= to {
                names += &" ".repeat(from - here);
                names += &name;
            }
        }
        names
    }

    fn what_they_are(&self, lanes: &[Lane<'_>]) -> String {
        let workers = lanes.iter().filter(|lane| lane.kind == Kind::Worker).count();
        match workers {
            0 => plural("task", lanes.len()),
            all if all == lanes.len() => plural(&self.worker, all),
            _ => plural("lane", lanes.len()),
        }
    }
}

/// Round moments, each above its column.
fn axis(end: Duration, columns: usize, unicode: bool) -> String {
    let ticks = scale::ticks(end, columns / 8);
    let place = |(tick, label): (&Duration, String)| {
        let label = if unicode { label } else { label.replace('µ', "u") };
        let column = columns as f64 * tick.as_secs_f64() / end.as_secs_f64().max(1e-9);
        // The last label may have to move to the left.
        let most = columns.saturating_sub(measure_text_width(&label));
        ((column.round() as usize).min(most), label)
    };
    let mut places: Vec<(usize, String)> =
        ticks.iter().zip(scale::labels(&ticks)).map(place).collect();
    // The last label has the unit, so labels that would overlap it are left out.
    if let Some((last, label)) = places.pop() {
        places.retain(|(column, label)| column + measure_text_width(label) < last);
        places.push((last, label));
    }
    let mut axis = String::new();
    for (column, label) in places {
        let here = measure_text_width(&axis);
        if here == 0 || here < column {
            axis += &" ".repeat(column - here);
            axis += &label;
        }
    }
    pad_str(&axis, columns, Alignment::Left, Some("")).into_owned()
}

/// All states of a lane.
const ALL: [Doing; 5] =
    [Doing::Working, Doing::Ready, Doing::Blocking, Doing::Waiting, Doing::Open];

fn row(lane: &Lane<'_>, end: Duration, columns: usize, signs: Signs, clock: Clock) -> String {
    let column = end.as_secs_f64().max(1e-9) / columns as f64;
    let at = |moment: Duration| ((moment.as_secs_f64() / column) as usize).min(columns - 1);
    // For each column, how long the lane is in each state.
    let mut cells = vec![[0.0; ALL.len()]; columns];
    for piece in &lane.pieces {
        for (start, end, doing) in piece.stretches(lane.kind, clock) {
            let (first, last) = (at(start), at(end));
            let (start, end) = (start.as_secs_f64(), end.as_secs_f64());
            for (number, cell) in cells[..=last].iter_mut().enumerate().skip(first) {
                let (left, right) = (number as f64 * column, (number + 1) as f64 * column);
                let here = ALL.iter().position(|it| *it == doing).expect("it is one of all");
                cell[here] += (end.min(right) - start.max(left)).max(0.0);
            }
        }
    }
    let items: Vec<_> = lane.pieces.iter().filter_map(|piece| piece.span).collect();
    let used = cells.iter().filter(|cell| is_busy(&cell[..], column)).count();
    let is_told = |span: &crate::Span| lane.kind == Kind::Task || span.turns.is_empty();
    let mut marks = vec![None; columns];
    if used >= COLUMNS_TO_TELL_ITEMS * items.len() {
        for span in items.iter().skip(1).filter(|span| is_told(span)) {
            marks[at(span.start)] = Some(signs.next);
        }
    }
    for span in items.iter().filter(|span| span.failed.is_some() && is_told(span)) {
        marks[at(span.end)] = Some(signs.failed);
    }
    // A column has one character, and the rest carries over to the next columns (error diffusion): so in a whole lane
    // each state has its true share, even if it has the majority in no column.
    let mut due = [0.0; ALL.len()];
    let mut sign = |(cell, mark): (&[f64; ALL.len()], Option<char>)| {
        if !is_busy(cell, column) {
            return mark.unwrap_or(' ');
        }
        let busy: f64 = cell.iter().sum();
        due.iter_mut().zip(cell).for_each(|(due, time)| *due += time / busy);
        if let Some(mark) = mark {
            return mark;
        }
        let may_be_here = |index: &usize| cell[*index] > 0.0 || due[*index] >= 1.0;
        let most = (0..ALL.len()).filter(may_be_here).max_by(|a, b| due[*a].total_cmp(&due[*b]));
        let most = most.expect("a busy column has something to do");
        due[most] -= 1.0;
        signs.of(ALL[most])
    };
    cells.iter().zip(marks).map(&mut sign).collect()
}

/// Whether the lane does anything in this column.
fn is_busy(cell: &[f64], column: f64) -> bool {
    cell.iter().sum::<f64>() > column * 1e-6
}

/// The row with its colours; neighbours of one colour together.
fn coloured(row: &str, look: Look) -> String {
    let signs = look.signs();
    let mut text = String::new();
    let mut rest = row;
    while let Some(sign) = rest.chars().next() {
        let end = rest.find(|other| other != sign).unwrap_or(rest.len());
        text += &look.paint(&rest[..end], style(sign, signs));
        rest = &rest[end..];
    }
    text
}

fn style(sign: char, signs: Signs) -> Style {
    match sign {
        sign if sign == signs.working => Style::new().fg(WORKING),
        sign if sign == signs.ready => Style::new().fg(READY),
        sign if sign == signs.waiting || sign == signs.blocking => Style::new().fg(WAITING),
        sign if sign == signs.failed => Style::new().bold(),
        _ => Style::new(),
    }
}

/// The characters with their meaning, in as few lines as possible.
fn legend(used: &str, meanings: &[(char, &str)], look: Look) -> String {
    let (always, rare) = meanings.split_at(2);
    let rare = rare.iter().filter(|(sign, _)| used.contains(*sign));
    let (mut text, mut width) = (String::new(), 0);
    for (sign, words) in always.iter().chain(rare) {
        let more = 2 + words.len();
        if width > 0 && width + 2 + more <= look.width {
            text += "  ";
            width += 2 + more;
        } else {
            text += if width > 0 { "\n" } else { "" };
            width = more;
        }
        let painted = look.paint(&sign.to_string(), style(*sign, look.signs()));
        text += &format!("{painted} {words}");
    }
    text
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::lanes::tests::{span, with_turns};
    use common::Span;

    use crate::Section;

    const PLAIN: Look = Look { width: 60, unicode: false, colour: false };

    fn timeline(took: u64, spans: Vec<Span>) -> Timeline {
        Timeline {
            title: "a lesson".into(),
            item: "page".into(),
            worker: "thread".into(),
            only_computes: false,
            clock: Clock::default(),
            took: Duration::from_millis(took),
            cores: 2,
            spans,
            sections: Vec::new(),
        }
    }

    #[test]
    fn working_waiting_and_nothing_to_do() {
        let spans = vec![
            span("worker-1", 0, 20, 20),
            span("worker-1", 20, 40, 20),
            span("worker-2", 0, 30, 2),
        ];
        let run = timeline(46, spans);
        assert_eq!(
            run.terminal(PLAIN),
            "         0         10        20        30        40 ms  work\n\
             worker-1 ####################|###################       100%\n\
             worker-2 ##............................                   7%\n\
             # working  . waiting  | next\n"
        );
    }

    #[test]
    fn what_does_not_fit_is_summed_up() {
        let spans = (0..160).map(|_| with_turns(span("main", 0, 50, 0), &[[0, 1, 1, 0]])).collect();
        let text = timeline(50, spans).terminal(Look { unicode: true, ..PLAIN });
        let rows: Vec<&str> = text.lines().collect();
        assert_eq!(rows.len(), MOST_ROWS, "{text}");
        assert!(rows[1].starts_with("main "), "{text}");
        assert!(rows[9].starts_with("task 8 "), "{text}");
        assert!(rows[10].starts_with("…      152 more tasks like these "), "{text}");
        assert_eq!(rows[11], "█ working  ░ waiting");
    }

    /// How many times each character is in the lane of this name.
    fn read(text: &str, lane: &str) -> BTreeMap<char, usize> {
        let row = text.lines().find_map(|line| line.strip_prefix(lane)).expect("its lane");
        let (row, _) = row.rsplit_once(' ').expect("a percentage");
        let mut signs = BTreeMap::new();
        row.trim().chars().for_each(|sign| *signs.entry(sign).or_default() += 1);
        signs
    }

    /// With four threads on two cores each item is half work, whether it takes many columns or a part of one; and so is
    /// its lane in the diagram.
    #[test]
    fn a_lane_that_is_half_busy_looks_half_busy() {
        for (items, length) in [(1, 400), (5, 80), (40, 10), (400, 1)] {
            for (part, sign) in [(1, '#'), (2, '=')] {
                let spans = (0..items).map(|item| {
                    let (start, half) = (item * length * 100, length * 50);
                    let it = span("worker-1", start, start + 2 * half, half);
                    if part == 1 { it } else { Span { ready: it.working, ..it } }
                });
                let mut run = timeline(items * length * 100, spans.collect());
                run.clock.tells_ready = true;
                let text = run.terminal(PLAIN);
                let signs = read(&text, "worker-1 ");
                let all: usize = signs.values().sum();
                let share = signs[&sign] as f64 / all as f64;
                assert!((0.4..=0.6).contains(&share), "{items} items, {sign}: {share}\n{text}");
                assert!(part == 1 || !signs.contains_key(&'.'), "{text}");
            }
        }
    }

    /// Twenty threads take turns with one lock: each works a twentieth of its time, and together they keep a core busy.
    #[test]
    fn lanes_that_work_a_little_add_up_to_what_they_work() {
        let spans = |worker: u64| {
            let name = format!("worker-{worker}");
            let item = move |item: u64| span(&name, item * 1_000, (item + 1) * 1_000, 50);
            (0..20).map(item)
        };
        let text = timeline(20_000, (1..=8).flat_map(spans).collect()).terminal(PLAIN);
        let rows: Vec<_> =
            (1..=8).map(|worker| read(&text, &format!("worker-{worker} "))).collect();
        let all: usize = rows.iter().flat_map(BTreeMap::values).sum();
        let working: usize = rows.iter().filter_map(|row| row.get(&'#')).sum();
        let share = working as f64 / all as f64;
        assert!((0.03..=0.07).contains(&share), "{share}\n{text}");
    }

    /// A task that was woken waits for its thread, as a thread waits for a core.
    #[test]
    fn a_task_is_ready_from_when_it_is_woken() {
        let mut second = with_turns(span("main", 0, 46, 0), &[[1, 2, 1, 0], [40, 46, 6, 0]]);
        second.turns[1].woken = Duration::from_millis(10);
        let mut first = with_turns(span("main", 0, 46, 0), &[[0, 1, 1, 0], [2, 40, 28, 0]]);
        first.turns[1].ready = Duration::from_millis(10);
        let mut run = timeline(46, vec![first, second]);
        run.clock.tells_ready = true;
        assert_eq!(
            run.terminal(PLAIN),
            "       0         10         20        30         40 ms  work\n\
             main   ###############################==========#######  78%\n\
             task 1 #.#############################===========......  63%\n\
             task 2 .#........================================######  15%\n\
             # working  . waiting  = ready\n"
        );
    }

    /// A task holds the thread and waits, and all other tasks have to wait for it.
    #[test]
    fn a_turn_that_blocks_is_seen_where_it_is() {
        let spans = vec![
            with_turns(span("main", 0, 46, 0), &[[0, 1, 1, 0], [20, 40, 0, 1]]),
            with_turns(span("main", 0, 46, 0), &[[1, 2, 1, 0], [40, 41, 1, 0]]),
        ];
        assert_eq!(
            timeline(46, spans).terminal(PLAIN),
            "       0         10         20        30         40 ms  work\n\
             main   ###..................%%%%%%%%%%%%%%%%%%%%%#.....   9%\n\
             task 1 #....................%%%%%%%%%%%%%%%%%%%%%......   2%\n\
             task 2 .#........................................#.....   4%\n\
             # working  . waiting  % blocking, or without a core\n"
        );
    }

    #[test]
    fn parts_are_named_where_they_begin_and_have_room() {
        let section = |name: &str, start, end| Section {
            name: name.into(),
            item: "page".into(),
            only_computes: false,
            start: Duration::from_millis(start),
            end: Duration::from_millis(end),
        };
        let mut run = timeline(46, vec![span("main", 0, 20, 20), span("main", 24, 46, 0)]);
        run.sections =
            vec![section("one by one", 0, 20), section("short", 20, 23), section("joined", 23, 46)];
        assert_eq!(
            run.terminal(PLAIN),
            "     |one by one              |joined\n\
             \x20    0          10         20         30        40 ms   work\n\
             main ######################    |.......................  48%\n\
             # working  . waiting  | next\n"
        );
    }

    #[test]
    fn a_failed_item_is_marked() {
        let mut failed = span("main", 0, 50, 0);
        failed.failed = Some("404 Not Found".into());
        let text = timeline(100, vec![failed, span("main", 50, 100, 0)]).terminal(PLAIN);
        assert!(text.contains('x') && text.ends_with("x failed\n"), "{text}");
    }

    #[test]
    fn it_fits_in_any_width_and_is_there_from_18_columns_on() {
        let mut spans: Vec<Span> =
            (1..=20).map(|n| span(&format!("worker-{n}"), n, n + 500, 250)).collect();
        let mut failed = span("worker-1", 501, 1_001, 500);
        failed.failed = Some("the page was cut short".into());
        spans.push(failed);
        let run = timeline(1_100, spans);
        for width in 0..200 {
            for unicode in [false, true] {
                let text = run.terminal(Look { width, unicode, colour: false });
                assert_eq!(text.is_empty(), width < 18, "{width}");
                assert!(text.lines().count() <= MOST_ROWS, "{width}");
                assert!(text.is_empty() || text.contains("failed"), "{width}\n{text}");
                let widest = text.lines().map(measure_text_width).max().unwrap_or(0);
                assert!(widest <= width, "{width}: {widest}\n{text}");
                assert!(unicode || text.is_ascii(), "{text}");
                assert!(!text.contains('\u{1b}'), "{text}");
            }
        }
    }

    /// Even if the last label, which has the unit, is moved to the left.
    #[test]
    fn the_axis_begins_with_0_and_ends_with_its_unit() {
        for columns in LEAST_COLUMNS..120 {
            for millis in (1..300).chain((300..200_000).step_by(997)) {
                for end in [Duration::from_millis(millis), Duration::from_micros(millis)] {
                    let axis = axis(end, columns, true);
                    let has_unit = axis.trim_end().ends_with('s') && axis.starts_with("0 ");
                    assert!(has_unit, "{end:?} in {columns}: {axis}");
                    assert_eq!(measure_text_width(&axis), columns, "{end:?}: {axis}");
                }
            }
        }
    }

    #[test]
    fn colours_come_only_where_they_are_wanted() {
        let run = timeline(50, vec![span("main", 0, 50, 50)]);
        assert!(run.terminal(Look { colour: true, ..PLAIN }).contains("\u{1b}[38;5;32m#"));
    }

    #[test]
    fn words_are_not_broken() {
        let look = Look { width: 10, ..PLAIN };
        assert_eq!(look.wrap("one two three four"), "one two\nthree four");
        assert_eq!(look.wrap("incomprehensibility is"), "incomprehensibility\nis");
    }
}
