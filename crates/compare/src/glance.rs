//! The last screen: one line for each lesson, for a terminal that is too low for the tables.

use console::{Alignment, Style, pad_str};
use timeline::Look;

use crate::results::{Doubt, Results, Row, Verdict, digits};
use crate::tables::{self, IN_TROUBLE, INTERRUPTED, NOT_RUN};

/// A longer name is cut.
const LONGEST_NAME: usize = 26;
/// With less room than this a bar shows nothing,
const SHORTEST_BAR: usize = 6;
/// and it takes no more than this.
const LONGEST_BAR: usize = 60;
/// Between two columns.
const GAP: &str = "  ";

/// A title, and a line for each lesson below it.
struct Group {
    title: String,
    lines: Vec<Line>,
}

/// One lesson.
struct Line {
    name: String,
    bar: Bar,
    time: String,
    verdict: (Style, String),
}

/// What is drawn beside the name.
enum Bar {
    /// A time, on the scale of its group.
    Seconds(f64),
    /// The name of the part that the line is about.
    Part(&'static str),
    Nothing,
}

/// The lessons in groups, each line with its style; `None` if the terminal is too narrow for it.
pub(crate) fn lines(results: &Results, look: Look) -> Option<Vec<String>> {
    let of_kinds = tables::tables_of_kinds(results).map(|(title, rows)| Group {
        title,
        lines: rows.iter().map(|row| of_row(results, row)).collect(),
    });
    let mut groups = Vec::new();
    let sections: Vec<&Row> = results.rows_of_sections().collect();
    if !sections.is_empty() {
        let programs = sections.chunk_by(|one, next| one.is_of_same_program(next));
        let lines = programs.map(|rows| of_sections(results, rows)).collect();
        let title =
            "Further lessons: the part that gained most, beside the first with the same work"
                .into();
        groups.push(Group { title, lines });
    }
    // With many lessons the first lines leave the screen; the nine stay on it.
    groups.extend(of_kinds);
    let all = || groups.iter().flat_map(|group| &group.lines);
    let widest = |of: fn(&Line) -> &str| all().map(|line| of(line).chars().count()).max();
    let names = widest(|line| &line.name)?.min(LONGEST_NAME);
    let times = widest(|line| &line.time)?;
    let verdicts = widest(|line| &line.verdict.1)?;
    let bars = look.width.checked_sub(names + times + verdicts + 3 * GAP.len())?.min(LONGEST_BAR);
    if bars < SHORTEST_BAR {
        return None;
    }
    let more = if look.unicode { "…" } else { "..." };
    let styled =
        |style: Style, words: &str| style.force_styling(look.colour).apply_to(words).to_string();
    let fit = |words: &str, width| pad_str(words, width, Alignment::Left, Some(more)).into_owned();
    let mut lines = Vec::new();
    if results.interrupted {
        lines.push(styled(Style::new().yellow().bold(), INTERRUPTED));
    }
    for Group { title, lines: its } in &groups {
        lines.push(String::new());
        lines.push(styled(Style::new().bold(), fit(title, look.width).trim_end()));
        let seconds = its.iter().map(|line| if let Bar::Seconds(it) = line.bar { it } else { 0.0 });
        let longest = seconds.fold(f64::MIN_POSITIVE, f64::max);
        for Line { name, bar, time, verdict: (style, verdict) } in its {
            let bar = match bar {
                Bar::Seconds(seconds) => {
                    let length = (seconds / longest * bars as f64).round().max(1.0) as usize;
                    styled(
                        Style::new().cyan(),
                        &if look.unicode { "█" } else { "#" }.repeat(length),
                    )
                }
                Bar::Part(name) => (*name).to_owned(),
                Bar::Nothing => String::new(),
            };
            let (name, bar) = (fit(name, names), fit(&bar, bars));
            let verdict = styled(style.clone(), verdict);
            let line = format!("{name}{GAP}{bar}{GAP}{time:>times$}{GAP}{verdict}");
            lines.push(line.trim_end().to_owned());
        }
    }
    let doubts = Doubt::list(&results.doubts);
    let doubtful = format!("Doubtful, as the warnings above say: {doubts}.");
    let notes = [
        (!doubts.is_empty(), Style::new().yellow(), &*doubtful),
        (!results.commands.is_empty(), Style::new(), "Whole programs: see above."),
        (!results.sweep.is_empty(), Style::new(), "More and more workers: see above."),
    ];
    let mut notes = notes.into_iter().filter(|(is, ..)| *is).peekable();
    lines.extend(notes.peek().map(|_| String::new()));
    lines.extend(notes.map(|(_, style, words)| styled(style, words)));
    Some(lines)
}

fn of_row(results: &Results, row: &Row) -> Line {
    let seconds = row.seconds().map(|seconds| seconds.median).filter(|_| row.trouble.is_none());
    let (bar, time) = match seconds {
        Some(seconds) => (Bar::Seconds(seconds), format!("{} s", digits(seconds))),
        None if row.trouble.is_some() => (Bar::Nothing, IN_TROUBLE.into()),
        None => (Bar::Nothing, NOT_RUN.into()),
    };
    let failure = row.words_of_failure().filter(|words| *words != time);
    let verdict = if let Some(words) = failure {
        (Style::new().red(), words)
    } else if seconds.is_some() {
        let base = results.base(row);
        let (verdict, doubts) =
            base.map_or((Verdict::None, Vec::new()), |it| results.beside(row, it));
        // Those of all verdicts are said once.
        let of_its_own: Vec<Doubt> =
            doubts.into_iter().filter(|doubt| !results.doubts.contains(doubt)).collect();
        (verdict.style(), verdict.words() + &Doubt::behind(&of_its_own))
    } else {
        (Style::new(), String::new())
    };
    Line { name: row.title(), bar, time, verdict }
}

/// The section with the highest ratio stands for a lesson, unless one of them failed.
fn of_sections(results: &Results, rows: &[&Row]) -> Line {
    let ratio = |row: &&&Row| match results.base(row).map(|base| results.beside(row, base).0) {
        _ if !row.is_sound() => f64::INFINITY,
        Some(Verdict::Ratio(ratio) | Verdict::TooClose(ratio)) => ratio,
        _ => 0.0,
    };
    let row = rows.iter().max_by(|one, other| ratio(one).total_cmp(&ratio(other)));
    let row = row.expect("a program has rows");
    let line = of_row(results, row);
    match row.section {
        Some(part) if row.trouble.is_none() => Line { bar: Bar::Part(part), ..line },
        _ => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{NINE, empty, further, in_trouble, sample};

    const LOOK: Look = Look { width: 80, unicode: true, colour: false };

    /// What a terminal of 24 rows shows in the end, with room for the prompt.
    fn screen(results: &Results, look: Look) -> Vec<String> {
        let text = tables::text(results, look, Some(24));
        let lines: Vec<String> = text.lines().map(String::from).collect();
        assert!(lines.iter().all(|line| line.chars().count() <= look.width), "{text}");
        lines[lines.len() - 23..].to_vec()
    }

    fn line<'a>(screen: &'a [String], name: &str) -> &'a str {
        let lines: Vec<&String> =
            screen.iter().filter(|line| line.split(GAP).next() == Some(name)).collect();
        assert_eq!(lines.len(), 1, "{name}: {screen:#?}");
        lines[0]
    }

    #[test]
    fn each_lesson_has_a_line_on_one_scale_a_group() {
        let screen = screen(&sample(), LOOK);
        let bar = |name: &str| line(&screen, name).matches('█').count() as f64;
        let seconds = |name: &str| {
            let row = sample().rows.into_iter().find(|row| row.name() == name);
            row.and_then(|row| row.seconds()).expect("it ran").median
        };
        for (base, (name, ..)) in [0, 0, 0, 0, 6, 6, 6, 6].into_iter().zip(NINE) {
            let base = NINE[base].0; // the longest of its group
            let share = seconds(name) / seconds(base);
            assert!((bar(name) - bar(base) * share).abs() < 1.0, "{name}: {screen:#?}");
        }
        assert!(line(&screen, "with_threads").ends_with("  1.75 s  4.9x faster"), "{screen:#?}");
        assert!(line(&screen, "one_by_one").ends_with(" s  the base"), "{screen:#?}");
        assert!(
            screen.iter().any(|line| line == "All 4 computing lessons got the same 20 numbers.")
        );
    }

    #[test]
    fn ascii_and_no_colours_where_there_is_nothing_else() {
        let screen = screen(&sample(), Look { unicode: false, ..LOOK });
        assert!(screen.iter().all(|line| line.is_ascii()), "{screen:#?}");
        assert!(line(&screen, "one_by_one").contains("####"), "{screen:#?}");
        let coloured = tables::text(&sample(), Look { colour: true, ..LOOK }, Some(24));
        assert!(coloured.contains("\u{1b}[32m4.9x faster\u{1b}[0m"), "{coloured}");
    }

    #[test]
    fn doubts_and_troubles_are_on_the_screen() {
        let mut results = in_trouble("it hung");
        results.doubts = vec![Doubt::Busy];
        let screen = screen(&results, LOOK);
        for name in ["with_threads", "with_processes"] {
            assert!(line(&screen, name).contains(" in trouble"), "{screen:#?}");
            assert!(!line(&screen, name).contains('█'), "{screen:#?}");
        }
        for words in [INTERRUPTED, "Doubtful, as the warnings above say: busy machine."] {
            assert!(screen.iter().any(|line| line == words), "{words}: {screen:#?}");
        }
        results.rows[1].trouble = None;
        let screen = self::screen(&results, LOOK);
        assert!(line(&screen, "with_threads").ends_with("3 of 480 failed"), "{screen:#?}");
        // A doubt about one lesson is in its line.
        let mut results = sample();
        results.rows[1].samples.truncate(1);
        let screen = self::screen(&results, LOOK);
        assert!(line(&screen, "with_threads").ends_with("x faster (one run)"), "{screen:#?}");
    }

    #[test]
    fn many_lessons_fit_in_short() {
        let mut results = further();
        results.doubts = vec![Doubt::Busy];
        let last = |results: &Results, rows| {
            let text = tables::text(results, LOOK, Some(rows));
            text.lines().last().map(String::from)
        };
        let of_sections = line(&screen(&results, LOOK), "in_two_ways").to_owned();
        assert!(of_sections.starts_with("in_two_ways        joined "), "{of_sections}");
        assert!(of_sections.contains("x faster"), "{of_sections}");
        assert_eq!(last(&results, 19).as_deref(), Some("Passed: 2 checks."));
        results.checks[1].passed = false;
        let failed = "1 check failed: see above.";
        assert_eq!(last(&results, 19).as_deref(), Some(failed));
    }

    #[test]
    fn where_all_fits_or_nothing_does_it_is_not_there() {
        let title = "Downloads: 160 pages at 50 ms";
        let titles = |look, rows| tables::text(&sample(), look, rows).matches(title).count();
        assert_eq!(titles(LOOK, Some(24)), 2);
        assert_eq!(titles(LOOK, Some(200)), 1);
        assert_eq!(titles(LOOK, None), 1, "no terminal");
        assert_eq!(titles(Look { width: 40, ..LOOK }, Some(24)), 1, "too narrow");
        assert!(lines(&empty(), LOOK).is_none());
    }
}
