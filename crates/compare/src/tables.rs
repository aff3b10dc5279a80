//! The results as text, for the terminal and for Markdown.

use comfy_table::{CellAlignment, ColumnConstraint, ContentArrangement, Table, Width, presets};
use console::{Style, measure_text_width};
use harness::{Limit, Model};
use timeline::Look;

use crate::results::{Curve, Doubt, Results, Row, Spread, Verdict, digits, many, runs};
use crate::{glance, kinds, sweep, whole};

/// The width that a table with all columns needs.
const ROOM_FOR_ALL: usize = 118;
/// All columns.
const ALL: [usize; COLUMNS.len()] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];
/// The columns that are measured, beside the lesson's name. Where they have no room, each lesson is a paragraph.
const MEASURED: [usize; 6] = [0, 4, 5, 6, 7, 8];
/// What the shell prints below the output: its prompt; and if the status is not 0, cargo's words about that.
const PROMPT: usize = 1;
const WORDS_OF_CARGO: usize = 2;

/// The text in place of a time that is missing.
pub(crate) const NOT_RUN: &str = "not run";
pub(crate) const IN_TROUBLE: &str = "in trouble";

pub(crate) const INTERRUPTED: &str = "Interrupted: this is what was done until then.";

/// The columns, all but the first four with numbers or verdicts.
const COLUMNS: [&str; 10] = [
    "lesson",
    "model",
    "who switches",
    "limit",
    "seconds (range)",
    "vs sync",
    "cores busy",
    "ok",
    "failed",
    "Python",
];

/// The columns of the lessons that compare their sections,
const SECTION_COLUMNS: [&str; 7] =
    ["lesson", "part", "seconds (range)", "beside the first", "cores busy", "ok", "failed"];
/// and those for less room: a section with its lesson.
const MEASURED_SECTION_COLUMNS: [&str; 6] =
    ["lesson: part", "seconds (range)", "beside the first", "cores busy", "ok", "failed"];

/// The title of the lessons that compare their sections.
fn title_of_sections(results: &Results) -> String {
    let runs = runs(results.rows_of_sections());
    format!("Further lessons: each part beside the first that does the same work, in {runs}")
}

/// The title of the lessons that do one kind of work, with the amount of work. The columns `ok` and `failed` count
/// all runs, so it says how many runs there were.
fn title(results: &Results, kind: &str) -> String {
    let words = kinds::words(kind, results.sizes);
    format!("{}: {}, in {}", words.name, words.title, runs(results.rows_of(kind)))
}

/// The titles and rows of the tables of lessons that do the same work.
pub(crate) fn tables_of_kinds(results: &Results) -> impl Iterator<Item = (String, Vec<&Row>)> {
    let table = |kind| (title(results, kind), results.rows_of(kind).collect::<Vec<_>>());
    results.kinds().map(table).filter(|(_, rows)| !rows.is_empty())
}

/// The sweep's title, with the work of each point.
fn sweep_title(curves: &[Curve]) -> String {
    let pages = curves.iter().flat_map(|curve| &curve.points).map(|point| point.pages).next();
    let pages = pages.map_or(String::new(), |pages| format!(": {pages} pages"));
    format!("More and more workers{pages}")
}

/// The conditions of the measurement, in sentences.
pub(crate) fn conditions(results: &Results) -> Vec<String> {
    let machine = &results.machine;
    let runs = runs(&results.rows);
    let mut sentences = vec![
        format!("{} cores, {}. Profile {}.", machine.cores, machine.system, machine.profile),
        format!(
            "The practice site is a process of its own on this machine and answers after {} ms.",
            results.sizes.latency_ms
        ),
        format!(
            "Each lesson had {runs}, after a warm-up. A time is the median, measured by the lesson's own clock."
        ),
    ];
    if results.rows.iter().any(|row| row.section.is_none()) {
        sentences.push(match results.sizes.workers {
            Some(workers) => {
                format!("Every model that has a limit has the same one: {workers} at once.")
            }
            None => {
                "Every model has its article's limit; with --workers 10 all have the same.".into()
            }
        });
        sentences.push(about_the_originals(results));
    }
    if results.rows_of_sections().next().is_some() {
        sentences.push(
            "Further lessons with parts run at their own sizes, except for sizes given as options."
                .into(),
        );
    }
    sentences
}

/// Where the column `Python` comes from.
pub(crate) fn about_the_originals(results: &Results) -> String {
    let article = "what Real Python's article \"Speed Up Your Python Program With Concurrency\" says of the original beside \
                   its own sync program, on its author's four cores";
    let pythons: Vec<String> = results.pythons().iter().map(ToString::to_string).collect();
    match pythons.as_slice() {
        [] => format!("The column Python is {article}."),
        [first, ..] => format!(
            "The originals ran the same with {}; each is compared with the sync original. The column Python is that \
             of {first}; where it ran none, {article}.",
            pythons.join(" and ")
        ),
    }
}

/// A row's cells, as [`COLUMNS`] names them.
fn cells(results: &Results, row: &Row) -> [String; 10] {
    let model = row.lesson.model();
    let [seconds, verdict, cores, ok, failed] = measured(results, row);
    [
        row.title(),
        model.name().into(),
        model.who_switches().into(),
        limit(row).unwrap_or_else(|| "-".into()),
        seconds,
        verdict,
        cores,
        ok,
        failed,
        results.python(row),
    ]
}

/// A section's cells, as [`SECTION_COLUMNS`] names them.
fn section_cells(results: &Results, row: &Row) -> [String; 7] {
    let [seconds, verdict, cores, ok, failed] = measured(results, row);
    let section = row.section.unwrap_or_default();
    [row.title(), section.into(), seconds, verdict, cores, ok, failed]
}

/// The cells of every row: seconds, verdict, cores busy, ok and failed.
fn measured(results: &Results, row: &Row) -> [String; 5] {
    let (done, failed) = row.done_and_failed();
    let seconds = match (row.seconds(), &row.trouble) {
        (_, Some(_)) => IN_TROUBLE.into(),
        (Some(seconds), None) => spread(seconds),
        (None, None) => NOT_RUN.into(),
    };
    [
        seconds,
        results.verdict(row),
        row.cores_busy().map_or_else(|| "-".into(), |cores| format!("{cores:.2}")),
        done.to_string(),
        failed.to_string(),
    ]
}

/// A lesson's limit, with its noun.
fn limit(row: &Row) -> Option<String> {
    let workers = row.samples.first()?.workers;
    Some(match row.lesson.model() {
        Model::Async if row.lesson.limit() != Limit::One => format!("{workers} tasks, 1 thread"),
        model => many(workers, model.worker()),
    })
}

/// `4.18 (4.17-4.19)`, or `4.18` for a single run.
pub(crate) fn spread(seconds: Spread) -> String {
    let Spread { median, lowest, highest } = seconds;
    if lowest < highest {
        format!("{} ({}-{})", digits(median), digits(lowest), digits(highest))
    } else {
        digits(median)
    }
}

/// The troubles of rows and curves, in sentences.
pub(crate) fn troubles(results: &Results) -> Vec<String> {
    let of_rows = results.rows.iter().map(|row| (row.program(), row.shown_trouble()));
    let of_curves = results
        .sweep
        .iter()
        .map(|curve| (curve.lesson.name().to_owned(), curve.trouble.as_deref()));
    let of_commands = results.commands.iter().map(|it| (it.name(), it.trouble.as_deref()));
    let troubles = of_rows.chain(of_commands).chain(of_curves).filter_map(|(lesson, trouble)| {
        trouble.map(|why| format!("{lesson} is in trouble: {why}."))
    });
    let failures = results.rows.iter().filter_map(|row| {
        let (why, failed) = (row.first_failure()?, row.done_and_failed().1);
        Some(format!("{}: {failed} failed; the first of them: {why}.", row.name()))
    });
    troubles.chain(failures).collect()
}

/// A sentence about the same limit for all models; `None` if each model had its own.
pub(crate) fn at_the_same_limit(results: &Results) -> Option<String> {
    let workers = results.sizes.workers?;
    let of_model = |row: &&Row, model| row.lesson.model() == model && !row.lesson.found.is_further;
    let row = |model| results.rows_of(kinds::PAGES).find(|row| of_model(row, model));
    let (verdict, doubts) = results.beside(row(Model::Async)?, row(Model::Threads)?);
    let verdict = match verdict {
        Verdict::None => return None,
        Verdict::TooClose(ratio) => format!("tie: too close to call ({ratio:.2}x)"),
        Verdict::Ratio(ratio) if (0.9..=1.1).contains(&ratio) => {
            format!("are within a tenth of each other ({ratio:.2}x)")
        }
        other => format!("differ: async is {}", other.words()),
    };
    Some(format!(
        "At the same limit of {workers}, threads and async {verdict}{}. What async gains is that its limit \
         can be lifted: run this without --workers.",
        Doubt::behind(&doubts)
    ))
}

/// The whole output. Where it does not fit on a terminal with this many rows, it ends with a line for each lesson.
pub(crate) fn text(results: &Results, look: Look, rows: Option<usize>) -> String {
    let (tables, sentences) = (all_tables(results, look), last_sentences(results, look));
    let count = |text: &str| text.lines().count();
    let below = if results.is_fine() { PROMPT } else { PROMPT + WORDS_OF_CARGO };
    let room = rows.map_or(usize::MAX, |rows| rows.saturating_sub(below));
    if count(&tables) + 1 + count(&sentences) <= room {
        return format!("{tables}\n{sentences}");
    }
    let Some(mut lines) = glance::lines(results, look) else {
        return format!("{tables}\n{sentences}");
    };
    if lines.len() + 1 + count(&sentences) <= room {
        return format!("{tables}{}\n\n{sentences}", lines.join("\n"));
    }
    lines.extend(in_short(results, look));
    if lines.len() > room {
        let first = lines.iter().position(|line| !line.is_empty()).unwrap_or_default();
        lines = lines.into_iter().skip(first).filter(|line| !line.is_empty()).collect();
    }
    format!("{tables}\n{sentences}{}\n", lines.join("\n"))
}

/// The checks and the troubles in a line, if they are said further above.
fn in_short(results: &Results, look: Look) -> Option<String> {
    let failed = results.checks.iter().filter(|check| !check.passed).count();
    let bad = [(troubles(results).len(), "trouble", ""), (failed, "check", " failed")];
    let bad = bad.into_iter().filter(|(number, ..)| *number > 0);
    let bad: Vec<String> = bad.map(|(number, word, failed)| many(number, word) + failed).collect();
    let (style, words) = match results.checks.len() {
        _ if !bad.is_empty() => {
            (Style::new().red().bold(), format!("{}: see above.", bad.join(", ")))
        }
        0 => return None,
        checks => (Style::new().green(), format!("Passed: {}.", many(checks, "check"))),
    };
    Some(style.force_styling(look.colour).apply_to(words).to_string())
}

/// The conditions, the warnings, and all tables.
fn all_tables(results: &Results, look: Look) -> String {
    let mut page = Page { text: String::new(), look };
    let plain = Style::new;
    if results.interrupted {
        page.line(plain().yellow().bold(), INTERRUPTED);
    }
    for sentence in conditions(results) {
        page.line(plain(), &sentence);
    }
    for warning in &results.warnings {
        page.line(plain().yellow(), &format!("Warning: {warning}"));
    }
    for (title, rows) in tables_of_kinds(results) {
        page.heading(&title);
        page.table(results, &rows);
    }
    let sections: Vec<&Row> = results.rows_of_sections().collect();
    if !sections.is_empty() {
        page.heading(&title_of_sections(results));
        page.section_table(results, &sections);
    }
    if let Some((title, rows)) = whole::table(results) {
        page.heading(&title);
        page.whole_programs(&rows);
        page.line(plain(), &whole::legend(results).unwrap_or_default());
    }
    if !results.sweep.is_empty() {
        page.heading(&sweep_title(&results.sweep));
        page.sweep(&results.sweep, &results.doubts);
    }
    page.text
}

/// What is said below the tables.
fn last_sentences(results: &Results, look: Look) -> String {
    let mut page = Page { text: String::new(), look };
    let plain = Style::new;
    for trouble in troubles(results) {
        page.line(plain().red(), &trouble);
    }
    for check in &results.checks {
        let style = if check.passed { plain().green() } else { plain().red().bold() };
        page.line(style, &check.sentence);
    }
    if let Some(sentence) = at_the_same_limit(results) {
        page.line(plain(), &sentence);
    }
    page.text
}

/// The output so far.
struct Page {
    text: String,
    look: Look,
}

impl Page {
    fn line(&mut self, style: Style, sentence: &str) {
        let style = style.force_styling(self.look.colour);
        for line in self.look.wrap(sentence).lines() {
            self.text += &format!("{}\n", style.apply_to(line));
        }
        if sentence.is_empty() {
            self.text += "\n";
        }
    }

    fn heading(&mut self, title: &str) {
        self.line(Style::new(), "");
        self.line(Style::new().bold(), title);
    }

    fn table(&mut self, results: &Results, rows: &[&Row]) {
        if self.look.width >= ROOM_FOR_ALL && self.bordered(table(results, rows, &ALL)) {
            return;
        }
        if self.bordered(table(results, rows, &MEASURED)) {
            for row in rows {
                let [lesson, model, who, limit, .., article] = cells(results, row);
                let words = format!(
                    "{lesson}: {model}, {limit}; who switches: {who}; in Python: {article}"
                );
                self.line(Style::new(), &words);
            }
        } else {
            for row in rows {
                self.paragraph(row, &cells(results, row));
            }
        }
    }

    fn section_table(&mut self, results: &Results, rows: &[&Row]) {
        if self.look.width >= ROOM_FOR_ALL && self.bordered(section_table(results, rows)) {
            return;
        }
        let cells = rows.iter().map(|row| {
            let [_, _, measured @ ..] = section_cells(results, row);
            [vec![row.name()], measured.to_vec()].concat()
        });
        if self.bordered(table_of(&MEASURED_SECTION_COLUMNS, &cells.collect::<Vec<_>>())) {
            return;
        }
        for row in rows {
            let [_, _, seconds, verdict, cores, ok, failed] = section_cells(results, row);
            let rest =
                format!("{seconds} s: {verdict}. {cores} cores busy; {ok} ok, {failed} failed.");
            self.named(&row.name(), &seconds, &rest);
        }
    }

    fn whole_programs(&mut self, rows: &[[String; whole::COLUMNS.len()]]) {
        let cells: Vec<Vec<String>> = rows.iter().map(|row| row.to_vec()).collect();
        if self.bordered(table_of(&whole::COLUMNS, &cells)) {
            return;
        }
        for row in rows {
            let cells = row.iter().zip(whole::COLUMNS).skip(1);
            let rest: Vec<String> = cells.map(|(cell, name)| format!("{name} {cell}")).collect();
            self.named(&row[0], &row[1], &rest.join(", "));
        }
    }

    /// Prints the table if the terminal is wide enough for it, and returns whether it is.
    fn bordered(&mut self, mut table: Table) -> bool {
        let preset = if self.look.unicode {
            presets::UTF8_FULL_CONDENSED
        } else {
            presets::ASCII_FULL_CONDENSED
        };
        table.load_preset(preset).set_width(self.look.width.try_into().unwrap_or(u16::MAX));
        let text = table.to_string();
        if text.lines().any(|line| measure_text_width(line) > self.look.width) {
            return false;
        }
        // Colours are added last: they must not count in a cell's width.
        let green = |word| (word, Style::new().green());
        let red = |word| (word, Style::new().red());
        let yellow = |word| (word, Style::new().yellow());
        let words = [green("faster"), red("slower"), yellow("too close to call"), red(IN_TROUBLE)];
        let text = words.into_iter().fold(text, |text, (word, style)| {
            let style = style.force_styling(self.look.colour);
            text.replace(word, &style.apply_to(word).to_string())
        });
        self.text += &format!("{text}\n");
        true
    }

    /// A row as a paragraph, if there is no room for a table.
    fn paragraph(&mut self, row: &Row, cells: &[String; 10]) {
        let [_, model, who, limit, seconds, verdict, cores, ok, failed, article] = cells;
        let rest = format!(
            "{seconds} s: {verdict} (in Python: {article}). {model}, {limit}; who switches: {who}. \
             {cores} cores busy; {ok} ok, {failed} failed."
        );
        self.named(&row.name(), seconds, &rest);
    }

    /// A name, and below it the rest, or a sentence if there are no seconds.
    fn named(&mut self, name: &str, seconds: &str, rest: &str) {
        self.line(Style::new().bold(), name);
        let indented = Look { width: self.look.width.saturating_sub(2), ..self.look };
        let rest = if [NOT_RUN, IN_TROUBLE].contains(&seconds) { seconds } else { rest };
        for line in indented.wrap(rest).lines() {
            self.text += &format!("  {line}\n");
        }
    }

    /// Each curve as bars whose length is the speed-up, on one scale for all: they stop growing at the knee.
    fn sweep(&mut self, curves: &[Curve], doubts: &[Doubt]) {
        let bar = if self.look.unicode { "█" } else { "#" };
        let speed_up = |curve: &Curve, seconds: f64| curve.points[0].seconds.median / seconds;
        let speed_ups = curves.iter().flat_map(|curve| {
            curve.points.iter().map(move |point| speed_up(curve, point.seconds.median))
        });
        let most = speed_ups.fold(1.0, f64::max);
        let room = self.look.width.saturating_sub(34).clamp(4, 60) as f64;
        for curve in curves.iter().filter(|curve| !curve.points.is_empty()) {
            let knee = sweep::knee(&curve.points);
            self.line(Style::new().bold(), curve.lesson.name());
            for point in &curve.points {
                let times = speed_up(curve, point.seconds.median);
                let bar = bar.repeat((times / most * room).round().max(1.0) as usize);
                let mark = if knee == Some(point.workers) { " <- knee" } else { "" };
                let style = Style::new().cyan().force_styling(self.look.colour);
                self.text += &format!(
                    "{:>5}  {:>7.3} s  {} {times:.1}x{mark}\n",
                    point.workers,
                    point.seconds.median,
                    style.apply_to(bar)
                );
            }
            if let Some(sentence) = sweep::sentence(curve, doubts) {
                self.line(Style::new(), &sentence);
            }
        }
    }
}

/// The table of lessons with these columns, without borders yet.
fn table(results: &Results, rows: &[&Row], columns: &[usize]) -> Table {
    let header: Vec<&str> = columns.iter().map(|&column| COLUMNS[column]).collect();
    let cells = rows.iter().map(|row| {
        let cells = cells(results, row);
        columns.iter().map(|&column| cells[column].clone()).collect()
    });
    table_of(&header, &cells.collect::<Vec<_>>())
}

/// The table of sections, without borders yet.
fn section_table(results: &Results, rows: &[&Row]) -> Table {
    let cells = rows.iter().map(|row| section_cells(results, row).to_vec());
    table_of(&SECTION_COLUMNS, &cells.collect::<Vec<_>>())
}

fn table_of(header: &[&str], rows: &[Vec<String>]) -> Table {
    let mut table = Table::new();
    table.set_content_arrangement(ContentArrangement::Dynamic);
    table.set_header(header);
    table.add_rows(rows);
    for (number, (column, name)) in table.column_iter_mut().zip(header).enumerate() {
        // Words must not be broken: `(0.836-0.839)`, `processes`.
        let texts = rows.iter().map(|row| row[number].as_str()).chain([*name]);
        let longest = texts.filter_map(|text| text.split(' ').map(str::len).max()).max();
        let least = longest.unwrap_or_default() + 2;
        let least = Width::Fixed(least.try_into().unwrap_or(u16::MAX));
        column.set_constraint(ColumnConstraint::LowerBoundary(least));
        if ["cores busy", "ok", "failed"].contains(name) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table
}

/// The tables and all sentences, as Markdown.
pub(crate) fn markdown(results: &Results) -> String {
    let mut text = String::from("# The lessons compared\n\n");
    let mut list = |sentences: &[String]| {
        let items: String = sentences.iter().map(|sentence| format!("- {sentence}\n")).collect();
        text.push_str(&items);
    };
    if results.interrupted {
        list(&[INTERRUPTED.into()]);
    }
    list(&conditions(results));
    list(&results.warnings.iter().map(|warning| format!("Warning: {warning}")).collect::<Vec<_>>());
    let of_kinds = tables_of_kinds(results);
    let mut tables: Vec<(String, Table)> =
        of_kinds.map(|(title, rows)| (title, table(results, &rows, &ALL))).collect();
    let sections: Vec<&Row> = results.rows_of_sections().collect();
    if !sections.is_empty() {
        tables.push((title_of_sections(results), section_table(results, &sections)));
    }
    if let Some((title, rows)) = whole::table(results) {
        let rows: Vec<Vec<String>> = rows.iter().map(|row| row.to_vec()).collect();
        tables.push((title, table_of(&whole::COLUMNS, &rows)));
    }
    for (title, mut table) in tables {
        table.set_content_arrangement(ContentArrangement::Disabled);
        table.load_preset(presets::ASCII_MARKDOWN);
        text += &format!("\n## {title}\n\n{table}\n");
    }
    let sentences: Vec<String> =
        results.sweep.iter().filter_map(|curve| sweep::sentence(curve, &results.doubts)).collect();
    if !results.sweep.is_empty() {
        let mut table = Table::new();
        table
            .load_preset(presets::ASCII_MARKDOWN)
            .set_header(["lesson", "workers", "pages", "runs", "seconds"]);
        for curve in &results.sweep {
            for point in &curve.points {
                table.add_row([
                    curve.lesson.name().into(),
                    point.workers.to_string(),
                    point.pages.to_string(),
                    point.runs.to_string(),
                    spread(point.seconds),
                ]);
            }
        }
        text += &format!("\n## {}\n\n{table}\n", sweep_title(&results.sweep));
    }
    text.push('\n');
    let checks = results.checks.iter().map(|check| check.sentence.clone());
    let legend = whole::legend(results);
    let last = legend.into_iter().chain(troubles(results)).chain(sentences).chain(checks);
    for sentence in last.chain(at_the_same_limit(results)) {
        text += &format!("- {sentence}\n");
    }
    text
}
