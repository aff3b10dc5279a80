//! The report: one self-contained page, to be shown in class.
//!
//! Its text and diagrams are all in the HTML, for paper and for browsers without scripts; the script
//! adds slow motion and a description of each bar. The template escapes all values.
//!
//! The charts are drawn here and not by a charting library such as plotters: those use fixed colours and
//! sizes, but this page follows the reader's light or dark mode, fits a phone and can be printed.

use std::collections::BTreeSet;
use std::time::Duration;

use course::Lesson;
use harness::Model;
use minijinja::{Environment, UndefinedBehavior, Value, context};
use timeline::{Marks, Picture, scale};

use crate::results::{Curve, Point, Results, Row, Sample, Spread, digits, many, runs};
use crate::{kinds, sweep, tables, whole};

/// The name of the table of lessons that compare their sections.
const FURTHER: &str = "Further lessons";
/// The height of a sweep's curves, in pixels.
const SWEEP_HEIGHT: f64 = 340.0;
/// How wide a lane's name is, in rem: a letter, and all of them at the most. A longer name is cut.
const LETTER: f64 = 0.47;
const WIDEST_NAME: f64 = 12.0;
/// The smallest distance between the names of two curves, in pixels.
const NAMES_APART: f64 = 18.0;

/// The whole page.
pub(crate) fn html(results: &Results) -> String {
    let mut environment = Environment::new();
    // The tests find a mistyped name in the template.
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment
        .add_template("report.html", include_str!("html/report.html"))
        .and_then(|()| environment.get_template("report.html")?.render(page(results)))
        .expect("the template fits the results")
}

fn page(results: &Results) -> Value {
    let axes = axes(results);
    let (axis, mut marks) = (longest(results), Marks::new());
    let runs = list(results.rows_in_order().map(|row| run(row, axis, &mut marks)));
    let workers = middle_runs(results).flat_map(|run| &run.timeline.spans).map(|span| &span.worker);
    let letters = workers.map(|worker| worker.chars().count()).max().unwrap_or_default();
    let names = (LETTER * letters as f64 + 1.0).clamp(5.75, WIDEST_NAME);
    let charts = results.kinds().filter_map(|kind| {
        let name = kinds::words(kind, results.sizes).name;
        chart(results, &name, &results.rows_of(kind).collect::<Vec<_>>())
    });
    let further_rows: Vec<&Row> = results.rows_of_sections().collect();
    let charts = charts.chain(chart(results, FURTHER, &further_rows));
    let mut programs: Vec<String> = results.rows_in_order().map(Row::program).collect();
    programs.dedup();
    let checks = results
        .checks
        .iter()
        .map(|check| context! { passed => check.passed, sentence => check.sentence.clone() });
    context! {
        style => safe([timeline::STYLE, include_str!("html/report.css")].concat()),
        script => safe(include_str!("html/report.js").into()),
        interrupted => results.interrupted,
        facts => facts(results),
        warnings => results.warnings.clone(),
        tables => list(results.kinds().filter_map(|kind| table(results, kind))),
        further => further(results),
        whole => whole(results),
        charts => list(charts),
        checks => list(checks),
        sweeps => list(results.kinds().filter_map(|kind| curves(results, kind))),
        axes => axes,
        at_the_same_limit => tables::at_the_same_limit(results),
        about_the_originals => tables::about_the_originals(results),
        has_originals => !results.pythons().is_empty(),
        legend => legend(results, &marks),
        names => format!("{names:.2}rem"),
        programs => programs,
        runs => runs,
    }
}

/// Marks text that is HTML already.
fn safe(html: String) -> Value {
    Value::from_safe_string(html)
}

fn list(values: impl Iterator<Item = Value>) -> Vec<Value> {
    values.collect()
}

/// The machine and the work.
fn facts(results: &Results) -> Vec<Value> {
    let machine = &results.machine;
    let fact = |name: &str, words: String| context! { name => name, words => words };
    let mut facts = vec![
        fact("machine", format!("{}, {}", many(machine.cores, "core"), machine.system)),
        fact("built with", machine.profile.clone()),
    ];
    for kind in results.kinds().filter(|kind| results.rows_of(kind).next().is_some()) {
        let words = kinds::words(kind, results.sizes);
        facts.push(fact(&words.name.to_lowercase(), words.short));
    }
    let limit = results.sizes.workers;
    facts.extend(limit.map(|workers| fact("limit for every model", many(workers, "worker"))));
    facts
}

/// The table of one kind of work; `None` if it was not compared.
fn table(results: &Results, kind: &str) -> Option<Value> {
    let rows: Vec<&Row> = results.rows_of(kind).collect();
    if rows.is_empty() {
        return None;
    }
    let words = kinds::words(kind, results.sizes);
    let runs = runs(rows.iter().copied());
    let caption = format!("{runs}: {}. Times are in seconds.", words.caption);
    Some(context! {
        id => words.id,
        name => words.name,
        caption => caption,
        rows => list(rows.iter().map(|row| table_row(results, row))),
    })
}

/// The table of the lessons that compare their sections; `None` if there are none.
fn further(results: &Results) -> Option<Value> {
    let rows: Vec<&Row> = results.rows_of_sections().collect();
    if rows.is_empty() {
        return None;
    }
    let caption = format!(
        "{}: each part beside the first that does the same work. Times are in seconds.",
        runs(rows.iter().copied()),
    );
    Some(context! {
        name => FURTHER,
        caption => caption,
        rows => list(rows.iter().map(|row| table_row(results, row))),
    })
}

/// The table of whole programs; `None` without `--command`.
fn whole(results: &Results) -> Option<Value> {
    let (title, rows) = whole::table(results)?;
    let rows = rows.into_iter().map(|row| Value::from(row.to_vec()));
    Some(context! {
        title => title,
        columns => whole::COLUMNS.to_vec(),
        rows => list(rows),
        legend => whole::legend(results),
        troubles => results
            .commands
            .iter()
            .filter_map(|command| Some(format!("{}: {}", command.name(), command.trouble.as_ref()?)))
            .collect::<Vec<_>>(),
    })
}

/// The median times of some rows as bars; `None` without rows.
fn chart(results: &Results, name: &str, rows: &[&Row]) -> Option<Value> {
    let highest = rows.iter().filter_map(|row| row.seconds()).map(|seconds| seconds.highest);
    let axis = duration(highest.fold(0.0, f64::max));
    let bars = rows.iter().map(|row| {
        let seconds = row.seconds();
        let at = |seconds| share(duration(seconds), axis);
        context! {
            program => row.program(),
            name => row.name(),
            median => seconds.map(|seconds| digits(seconds.median)),
            range => seconds.map(range),
            failure => row.words_of_failure(),
            verdict => results.verdict(row),
            bar => seconds.map(|seconds| context! {
                median => percent(at(seconds.median)),
                lowest => percent(at(seconds.lowest)),
                width => percent(at(seconds.highest) - at(seconds.lowest)),
            }),
        }
    });
    let bars = list(bars);
    (!bars.is_empty()).then(|| context! { name => name, bars => bars, ticks => ticks(axis, 6) })
}

fn table_row(results: &Results, row: &Row) -> Value {
    let seconds = row.seconds();
    let (done, failed) = row.done_and_failed();
    let or_dash = |words: Option<String>| words.unwrap_or_else(|| "-".into());
    context! {
        program => row.program(),
        lesson => row.lesson.name(),
        title => row.title(),
        section => row.section,
        model => row.lesson.model().name(),
        who_switches => row.lesson.model().who_switches(),
        workers => or_dash(row.middle_run().map(|run| run.workers.to_string())),
        median => or_dash(seconds.map(|seconds| digits(seconds.median))),
        range => or_dash(seconds.map(range)),
        verdict => results.verdict(row),
        cores_busy => or_dash(row.cores_busy().map(|busy| format!("{busy:.2}"))),
        done => done.to_string(),
        failed => failed.to_string(),
        article => results.python(row),
        trouble => row.shown_trouble(),
    }
}

fn range(Spread { lowest, highest, .. }: Spread) -> String {
    if lowest < highest {
        format!("{} – {}", digits(lowest), digits(highest))
    } else {
        "one run".into()
    }
}

fn duration(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds).unwrap_or_default()
}

fn share(time: Duration, axis: Duration) -> f64 {
    time.as_secs_f64() / axis.as_secs_f64().max(1e-6)
}

fn percent(share: f64) -> String {
    format!("{:.3}%", share * 100.0)
}

/// The ticks of a time axis, each with its position.
fn ticks(axis: Duration, at_most: usize) -> Vec<Value> {
    let ticks = scale::ticks(axis, at_most);
    let labels = scale::labels(&ticks);
    let marks = ticks.into_iter().zip(labels);
    let mark = |(tick, label)| {
        // The last tick may be a little past the end of the axis.
        let at = share(tick, axis).min(1.0);
        context! { at => percent(at), is_last => at > 0.97, label => label }
    };
    marks.map(mark).collect()
}

/// The runs that are drawn.
fn middle_runs(results: &Results) -> impl Iterator<Item = &Sample> {
    results.rows.iter().filter_map(Row::middle_run)
}

/// The end of the run that took longest, of those that are drawn.
fn longest(results: &Results) -> Duration {
    ends(results).max().unwrap_or_default()
}

fn ends(results: &Results) -> impl Iterator<Item = Duration> {
    middle_runs(results).map(|run| run.timeline.end())
}

/// The axes that a reader can choose from: the whole time first.
fn axes(results: &Results) -> Vec<Value> {
    let Some(shortest) = ends(results).min() else { return Vec::new() };
    let axis = |length: Duration| {
        let whole = length == longest(results);
        let time = short(length);
        context! {
            micros => u64::try_from(length.as_micros()).unwrap_or(u64::MAX).max(1),
            name => if whole { format!("all, {time}") } else { format!("first {time}") },
            ticks => ticks(length, 6),
        }
    };
    stretches(longest(results), shortest).into_iter().map(axis).collect()
}

/// The whole time, and the powers of ten below it that show something: down to a tenth of the shortest run.
fn stretches(longest: Duration, shortest: Duration) -> Vec<Duration> {
    let tens = (3..=8).rev().map(|power| Duration::from_micros(10_u64.pow(power)));
    let useful = tens.filter(|ten| ten.mul_f64(1.2) < longest && *ten * 10 > shortest);
    [longest].into_iter().chain(useful).collect()
}

/// A time with its unit: `8.31 s`, `100 ms`.
fn short(time: Duration) -> String {
    let seconds = time.as_secs_f64();
    let (number, unit) = if seconds >= 1.0 { (seconds, "s") } else { (seconds * 1e3, "ms") };
    let number = if number >= 10.0 { number.round() } else { (number * 100.0).round() / 100.0 };
    format!("{number} {unit}")
}

/// A lesson's run, or a section of it, as a diagram, and folded if it has many lanes.
fn run(row: &Row, axis: Duration, marks: &mut Marks) -> Value {
    let drawn = row.middle_run();
    let whole = drawn.map(|run| run.timeline.picture());
    let folded = drawn.and_then(|run| run.timeline.folded());
    let pictures = [("folded", folded), ("whole", whole)].into_iter().filter_map(|(name, it)| {
        let it = it?;
        marks.extend(&it.marks);
        Some(picture(name, &it, axis))
    });
    let pictures = list(pictures);
    let sentence = drawn.and_then(|run| run.timeline.sentence());
    context! {
        lesson => row.program(),
        section => row.section,
        name => row.name(),
        took => drawn.map(|run| format!("{} s, {}", digits(run.seconds), row.words_of_middle_run())),
        sentence => sentence.unwrap_or_else(|| "Nothing was done.".into()),
        folds => pictures.len() > 1,
        pictures => pictures,
        trouble => row.shown_trouble(),
    }
}

fn picture(name: &str, picture: &Picture, axis: Duration) -> Value {
    let lanes = picture.lanes.iter().map(|lane| {
        context! {
            name => lane.name.clone(),
            top => lane.middle,
            percent => lane.percent.map(|percent| format!("{percent:.0}%")),
        }
    });
    context! {
        name => name,
        height => picture.height,
        lanes => list(lanes),
        plot => safe(picture.plot(axis, "100%")),
        more => picture.more.clone(),
    }
}

/// The classes that occur in the diagrams, with their meaning.
fn legend(results: &Results, marks: &Marks) -> Vec<Value> {
    let blocking = match middle_runs(results).all(|run| run.timeline.clock.tells_ready) {
        true => "thick: blocking (a task keeps its thread, and waits)",
        false => "thick: blocking (a task keeps its thread, and waits or has no core)",
    };
    let all = [
        ("working", "thick: working (of a thread its CPU time, drawn from the left)"),
        ("waiting", "thin: waiting"),
        ("ready", "two rails: ready, and without a core (a task: without its thread)"),
        ("blocking", blocking),
        ("open", "thin: not ended, its state is unknown"),
        ("other", "paler: every second bar, to tell it from the next"),
        ("failed", "outlined: failed"),
        (
            "band",
            "a band: many lanes, folded. From the bottom: those that work, are ready, block, and wait (paler)",
        ),
    ];
    let occurring = all.into_iter().filter(|(class, _)| marks.contains(class));
    list(occurring.map(|(class, words)| context! { class => class, words => words }))
}

/// A logarithmic axis, from 0 to 1.
#[derive(Clone, Copy, Debug)]
struct Logarithmic {
    from: f64,
    to: f64,
}

impl Logarithmic {
    /// An axis with these values on it and some room at both ends; `None` without values.
    fn of(values: impl Iterator<Item = f64>) -> Option<Self> {
        let all = Spread::of(values.map(logarithm))?;
        let room = (0.06 * (all.highest - all.lowest)).max(0.06);
        Some(Self { from: all.lowest - room, to: all.highest + room })
    }

    fn at(self, value: f64) -> f64 {
        (logarithm(value) - self.from) / (self.to - self.from)
    }

    /// The values 1, 2 and 5 of each power of ten on it; only the powers if the axis is long.
    fn round_values(self) -> impl Iterator<Item = f64> {
        let digits: &[f64] = if self.to - self.from > 2.5 { &[1.0] } else { &[1.0, 2.0, 5.0] };
        let powers = (self.from.floor() as i32)..=(self.to.ceil() as i32);
        let all =
            powers.flat_map(move |power| digits.iter().map(move |it| it * 10_f64.powi(power)));
        all.filter(move |value| (0.0..=1.0).contains(&self.at(*value)))
    }
}

/// The logarithm of a positive number; a run of less than a microsecond counts as one microsecond.
fn logarithm(value: f64) -> f64 {
    value.max(1e-6).log10()
}

/// The curves of one kind of work; `None` if there are none.
fn curves(results: &Results, kind: &str) -> Option<Value> {
    let curves: Vec<&Curve> = results.sweep.iter().filter(|it| it.lesson.kind() == kind).collect();
    let points = || curves.iter().flat_map(|curve| &curve.points);
    let workers: BTreeSet<usize> = points().map(|point| point.workers).collect();
    let (x, y) = (
        Logarithmic::of(workers.iter().map(|workers| *workers as f64))?,
        Logarithmic::of(points().flat_map(|point| [point.seconds.lowest, point.seconds.highest]))?,
    );
    let across = |workers: usize| x.at(workers as f64);
    let down = |seconds: f64| 1.0 - y.at(seconds);
    let seconds = y
        .round_values()
        .map(|seconds| context! { at => percent(down(seconds)), label => format!("{seconds} s") });
    let mut before = f64::NEG_INFINITY;
    let worker_ticks = workers.iter().map(|workers| {
        let at = across(*workers);
        // A number without room beside its neighbour loses its label, but keeps its line.
        let room = at - before;
        let label = if room > 0.05 { workers.to_string() } else { String::new() };
        before = if label.is_empty() { before } else { at };
        context! { at => percent(at), label => label, is_tight => room < 0.12 }
    });
    let worker_ticks = list(worker_ticks);
    let ends = curves.iter().filter_map(|curve| curve.points.last());
    let names = names_apart(ends.map(|point| SWEEP_HEIGHT * down(point.seconds.median)));
    let mut names = names.into_iter();
    let drawn = curves.iter().map(|curve| {
        let label = curve
            .points
            .last()
            .zip(names.next())
            .map(|(point, y)| context! { x => percent(across(point.workers)), y => percent(y / SWEEP_HEIGHT) });
        let lines = curve.points.windows(2).map(|pair| {
            context! {
                x1 => percent(across(pair[0].workers)), y1 => percent(down(pair[0].seconds.median)),
                x2 => percent(across(pair[1].workers)), y2 => percent(down(pair[1].seconds.median)),
            }
        });
        let points = curve.points.iter().map(|point| {
            context! {
                x => percent(across(point.workers)),
                y => percent(down(point.seconds.median)),
                lowest => percent(down(point.seconds.lowest)),
                highest => percent(down(point.seconds.highest)),
                words => words(curve.lesson, point),
            }
        });
        context! {
            lesson => curve.lesson.name(),
            model => curve.lesson.model().name(),
            marker => marker(curve.lesson.model()),
            lines => list(lines),
            points => list(points),
            label => label,
            trouble => curve.trouble.clone(),
        }
    });
    let drawn = list(drawn);
    let rows = workers.iter().map(|workers| {
        let cells = curves.iter().map(|curve| {
            let point = curve.points.iter().find(|point| point.workers == *workers);
            Value::from(point.map(|point| {
                context! { median => digits(point.seconds.median), range => range(point.seconds) }
            }))
        });
        context! { workers => *workers, cells => list(cells) }
    });
    Some(context! {
        name => kinds::words(kind, results.sizes).name,
        seconds => list(seconds),
        workers => worker_ticks,
        curves => drawn,
        sentences => curves.iter().filter_map(|curve| sweep::sentence(curve, &results.doubts)).collect::<Vec<_>>(),
        rows => list(rows),
    })
}

/// The text for a point under the pointer.
fn words(lesson: &Lesson, point: &Point) -> String {
    format!(
        "{}, {}: {} s, range {} s; {}, {}",
        lesson.name(),
        many(point.workers, "worker"),
        digits(point.seconds.median),
        range(point.seconds),
        many(point.pages, lesson.item()),
        many(point.runs, "run"),
    )
}

/// A model's marker, as a path around 0, 0: it distinguishes the curves without colours.
fn marker(model: Model) -> &'static str {
    match model {
        Model::Sync => "M-6 -2H-2V-6H2V-2H6V2H2V6H-2V2H-6Z",
        Model::Threads => "M-5 0A5 5 0 1 1 5 0A5 5 0 1 1 -5 0Z",
        Model::Async => "M-4.5 -4.5H4.5V4.5H-4.5Z",
        Model::Processes => "M0 -6L6 4.5H-6Z",
        Model::Rayon => "M0 -6.5L6.5 0L0 6.5L-6.5 0Z",
    }
}

/// Moves these heights down until no two of them are too close to each other.
fn names_apart(heights: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut heights: Vec<(usize, f64)> = heights.enumerate().collect();
    heights.sort_by(|one, other| one.1.total_cmp(&other.1));
    let mut least = f64::NEG_INFINITY;
    for (_, height) in &mut heights {
        *height = height.max(least);
        least = *height + NAMES_APART;
    }
    heights.sort_by_key(|(curve, _)| *curve);
    heights.into_iter().map(|(_, height)| height).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{NINE, empty, further, in_trouble, sample};

    #[test]
    fn all_that_was_measured_is_there() {
        let page = html(&sample());
        let count = |what: &str| page.matches(what).count();
        for (name, ..) in NINE {
            assert_eq!(count(&format!("data-lesson=\"{name}\">{name}<")), 1);
            assert_eq!(count(&format!("<span class=\"bar-name\">{name}<")), 1);
            assert_eq!(count(&format!("<h3>{name} ")), 1);
        }
        // One of them folded as well.
        assert_eq!(count("class=\"timing plot\""), 9);
        assert_eq!(count("class=\"bar\""), 8);
        assert_eq!(count("<g class=\"curve "), 3);
        for words in [
            "2 cores, linux x86_64",
            "160 pages, 50 ms each",
            "fib(32), 20 calls",
            "The machine was busy before the first run: 1.3 of 2 cores.",
            "<strong>8.59</strong>",
            "8.53 – 8.65",
            "the task, at await",
            "4.9x faster",
            "3.1x slower",
            ">over 30x</td>",
            "All 4 downloaders got the same 160 pages",
            "with_tasks, 160 workers: 0.070 s, range 0.068 – 0.074 s; 160 pages, 3 runs",
            "At most 5 pages in flight; 5 threads worked 2% of the time",
            ">160 tasks</span>",
            "<option value=\"100000\">first 100 ms</option>",
        ] {
            assert!(page.contains(words), "\"{words}\" is missing");
        }
        for words in ["In trouble:", "Interrupted", "Failed:", "limit for every model"] {
            assert!(!page.contains(words), "\"{words}\" is there");
        }
    }

    /// A lesson without sections is a row of the first table, the sections of another have one of their own; the
    /// diagrams are in the order of the tables.
    #[test]
    fn further_lessons_and_their_sections_are_there() {
        let page = html(&further());
        let after = |what: &str| page.split(what).nth(1).unwrap_or_else(|| panic!("no {what}"));
        let section =
            |id: &str| after(&format!("<section id=\"{id}\">")).split("</section>").next();
        let section = |id| section(id).expect("there is always a first");
        assert!(section("downloads").contains("data-lesson=\"thread_each\">thread_each<"));
        assert!(!section("computing").contains("in_two_ways"));
        let further = section("further");
        assert!(further.contains("<h2>Further lessons</h2>"));
        assert_eq!(further.matches("data-lesson=\"in_two_ways\">in_two_ways<").count(), 2);
        assert!(further.contains(">one by one</td>") && further.contains(">joined</td>"));
        assert!(further.contains(">the base</td>") && further.contains("x faster</td>"));
        let charts = section("times");
        assert!(charts.contains("Further lessons: seconds, less is better"));
        assert!(charts.contains("<span class=\"bar-name\">in_two_ways: joined<"));
        let diagrams: Vec<&str> = section("diagrams").split("Timing diagram of ").skip(1).collect();
        assert!(diagrams[4].starts_with("thread_each. "), "{}", diagrams[4]);
        assert!(diagrams[10].starts_with("in_two_ways: joined. At most 10 pages in flight"));
    }

    #[test]
    fn sections_are_in_trouble_together_and_it_is_shown_once() {
        let mut results = further();
        for row in results.rows.iter_mut().filter(|row| row.section.is_some()) {
            row.samples.clear();
            row.trouble = Some("it hung".into());
        }
        let page = html(&results);
        // In the table, and with the diagrams.
        assert_eq!(page.matches("<strong>In trouble:</strong> it hung").count(), 2);
        assert_eq!(page.matches("no time: it did not run to the end").count(), 2);
    }

    #[test]
    fn trouble_is_shown_in_words() {
        let page = html(&in_trouble("it hung"));
        assert_eq!(page.matches("<strong>In trouble:</strong> it hung").count(), 4);
        assert!(page.contains("no time: it did not run to the end"));
        assert!(page.contains("<span class=\"verdict trouble\">3 of 480 failed<"));
        assert!(page.contains("There is no run to draw."));
        assert!(page.contains("with_threads ends early:</strong> it hung"));
        assert!(page.contains("<strong>Failed:</strong> it hung"));
        assert!(page.contains("class=\"number trouble\">3</td>"));
        assert!(page.contains("<strong>Interrupted.</strong>"));
    }

    #[test]
    fn what_was_not_done_has_no_section() {
        let page = html(&empty());
        for id in
            ["downloads", "computing", "further", "checks", "times", "sweep", "diagrams", "player"]
        {
            assert!(!page.contains(&format!(" id=\"{id}\"")), "{id}");
        }
        let page = html(&Results { sweep: Vec::new(), ..sample() });
        assert!(page.contains("id=\"times\"") && !page.contains("id=\"sweep\""));
        assert!(!page.contains("id=\"further\""));
    }

    #[test]
    fn every_text_is_escaped() {
        let hostile = "</script></title></svg><img src=x onerror=\"alert('&amp;')\">";
        let page = html(&in_trouble(hostile));
        assert!(!page.contains("<img"));
        assert_eq!(page.matches("</script>").count(), 1);
        // Of the page, and of a bar, where the `svg` crate leaves quotes as they are.
        for escaped in ["&lt;img src=x onerror=&quot;alert", "&lt;img src=x onerror=\"alert"] {
            assert!(page.contains(escaped), "{escaped}");
        }
    }

    #[test]
    fn nothing_is_loaded_from_anywhere() {
        let page = html(&sample());
        for load in [" src=", "url(", "@import", "fetch(", "<iframe"] {
            assert!(!page.contains(load), "{load}");
        }
        let links = || page.split(" href=\"").skip(1).filter_map(|it| it.split('"').next());
        assert_eq!(links().filter(|to| !to.starts_with('#')).collect::<Vec<_>>(), ["data:,"]);
    }

    #[test]
    fn stretches_of_time_in_which_something_is_to_be_seen() {
        let millis = |lengths: &[u64]| -> Vec<Duration> {
            lengths.iter().map(|length| Duration::from_millis(*length)).collect()
        };
        let of = |longest, shortest| {
            stretches(Duration::from_millis(longest), Duration::from_millis(shortest))
        };
        assert_eq!(of(8300, 70), millis(&[8300, 1000, 100, 10]));
        assert_eq!(of(1100, 900), millis(&[1100, 100]));
        assert_eq!(of(0, 0), millis(&[0]));
        assert_eq!(short(Duration::from_millis(8312)), "8.31 s");
        assert_eq!(short(Duration::from_micros(123_456)), "123 ms");
    }

    #[test]
    fn a_logarithmic_axis_has_its_values_and_round_ones() {
        let axis = Logarithmic::of([0.07, 8.3].into_iter()).expect("there are values");
        assert!(axis.at(0.07) > 0.0 && axis.at(8.3) < 1.0);
        assert!((axis.at(0.7) - axis.at(0.07) - (axis.at(7.0) - axis.at(0.7))).abs() < 1e-9);
        let round: Vec<f64> = axis.round_values().collect();
        assert!((round[0] - 0.1).abs() < 1e-9 && (round[6] - 10.0).abs() < 1e-9, "{round:?}");
        assert_eq!(round.len(), 7);
        let one = Logarithmic::of([1.0].into_iter()).expect("there is a value");
        assert!((one.at(1.0) - 0.5).abs() < 1e-9);
        assert!(Logarithmic::of([].into_iter()).is_none());
    }

    #[test]
    fn names_of_curves_do_not_cover_each_other() {
        assert_eq!(names_apart([50.0, 10.0, 12.0].into_iter()), [50.0, 10.0, 28.0]);
    }

    /// The reports that the other tests read, to be looked at in a browser: written to the directory
    /// that the variable names, if it is set.
    #[test]
    fn samples_to_look_at() {
        let Some(directory) = std::env::var_os("REPORT_SAMPLES") else { return };
        let directory = std::path::PathBuf::from(directory);
        let write = |name: &str, results: &Results| {
            let written = std::fs::write(directory.join(name), html(results));
            written.expect("the directory can be written to");
        };
        write("sample.html", &sample());
        write("further.html", &further());
        write("trouble.html", &in_trouble("it hung & gave <no> answer for 60 s"));
        write("empty.html", &empty());
    }
}
