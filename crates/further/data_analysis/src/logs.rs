//! Logs as files: finds them, or makes one, and reads their lines with the `csv` crate.

use std::borrow::Cow;
use std::fmt;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Take};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::str;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use clap::{Arg, value_parser};
use common::{Done, Run, Span, is_cancelled};
use csv::{ByteRecord, ReaderBuilder, Terminator};
use harness::options::{MOST_ITEMS, numeric};
use harness::{Kind, Lesson, Setup, Total, Unit, Work, figures, give_up, lock, warn};
use peak_alloc::PeakAlloc;
use serde_json::{Value, json};

use crate::answer::{Answer, Bad, Line, Request, printable, shown};
use crate::made::{COLUMNS, make, scratch};

/// It counts the bytes that this program has allocated, now and at most.
#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// The longest header, in bytes.
const HEADER: u64 = 64 * 1024;
/// The longest line, in bytes: a chunk with it must fit into the memory.
const LONGEST: u64 = 16_000_000;
/// In front of all bytes: the csv crate takes a mark (BOM) away where it begins to read, which may be in the middle of a file.
const EMPTY_LINE: &[u8] = b"\n";
/// How much of a file is read at once, in bytes.
const BUFFER: usize = 64 * 1024;
/// The way that the speeds are compared with: it uses one core.
const ONE_CORE: usize = 1;
/// So many bytes are too many to be read into memory without a warning, and how many bytes of memory each of them takes.
const LARGE: u64 = 2_000_000_000;
const IN_MEMORY: f64 = 1.5;

/// A chunk by its file and its bytes; its value is the number of requests in it.
const CHUNK: Kind = Kind {
    noun: "chunk",
    verb: "parsed",
    counted: "chunks",
    counts_alone: true,
    unit: Unit::Result,
    label: str::to_owned,
    line,
    total: Total::None,
    only_computes: false,
    expected: None,
};

fn line(span: &Span, done: &Done) -> String {
    format!("{}: {} requests", span.label, done.value)
}

/// Cuts a file, from a byte on, into chunks of a size in bytes.
pub(crate) type Cut = fn(&File, u64, u64) -> io::Result<Vec<Range<u64>>>;

/// Reads the logs of a folder, or one that it makes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Requests {
    /// Where the files are cut.
    pub(crate) cut: Cut,
}

/// The logs, and what each way made of them.
#[derive(Debug)]
pub(crate) struct Logs {
    /// The files, in the order of their names.
    pub(crate) files: Vec<Log>,
    ways: Arc<Mutex<Vec<Way>>>,
}

/// A file of lines.
#[derive(Debug)]
pub(crate) struct Log {
    /// Counted from 0.
    number: usize,
    file: PathBuf,
    /// Where the columns are, in the order of [`COLUMNS`], and how many there are with others.
    columns: [usize; COLUMNS.len()],
    width: usize,
    /// The chunks: bytes of the file, without its header.
    chunks: Vec<Range<u64>>,
    /// Only requests whose paths begin so are taken.
    wanted: Vec<u8>,
}

/// A part of a file.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Chunk<'log> {
    log: &'log Log,
    /// Its first byte in the file.
    pub(crate) start: u64,
    /// The byte behind its last one.
    pub(crate) end: u64,
}

/// Lines that are read one after another.
pub(crate) struct Lines<'log, R> {
    log: &'log Log,
    /// Where it began to read, in bytes.
    start: u64,
    csv: csv::Reader<io::Chain<&'static [u8], R>>,
    /// The last line: the next one takes its place.
    record: ByteRecord,
}

/// What one way took, and its answer.
#[derive(Clone, Debug)]
struct Way {
    name: &'static str,
    took: Duration,
    /// The most memory at any time, in bytes, above what there was before.
    memory: usize,
    answer: Answer,
}

impl Work for Requests {
    type Items = Logs;

    fn kinds(&self) -> Vec<&'static str> {
        vec![CHUNK.noun]
    }

    fn limited(&self) -> &'static str {
        "chunks may be parsed"
    }

    fn options(&self, _: &Lesson) -> Vec<Arg> {
        vec![
            Arg::new("folder")
                .long("folder")
                .value_name("DIR")
                .value_parser(value_parser!(PathBuf))
                .help("Read the logs (.csv) of this folder instead of a generated one"),
            numeric("megabytes", "MB", 1..=100_000u64)
                .default_value("200")
                .conflicts_with("folder")
                .help("How much log to generate"),
            numeric("chunk", "KB", 1..=1_000_000u64)
                .default_value("4000")
                .help("How much of a file is one chunk"),
            Arg::new("path")
                .long("path")
                .value_name("BEGINNING")
                .help("Take only requests whose paths begin like this"),
        ]
    }

    fn prepare(self, setup: &mut Setup) -> Logs {
        // Ctrl-C must remove the generated log, too.
        setup.catch_ctrl_c();
        let chunk = 1_000 * setup.value::<u64>("chunk");
        let folder: Option<PathBuf> = setup.optional("folder");
        let wanted: String = setup.optional("path").unwrap_or_default();
        let bytes = 1_000_000 * setup.value::<u64>("megabytes");
        let found = match &folder {
            Some(folder) => found(folder),
            None => {
                refuse_small_chunks(setup, bytes, chunk);
                warn_if_large(bytes);
                made(setup, bytes)
            }
        };
        let length = |file: &PathBuf| file.metadata().map_or(0, |it| it.len());
        let bytes = found.as_ref().map_or(0, |files| files.iter().map(length).sum());
        refuse_small_chunks(setup, bytes, chunk);
        if folder.is_some() {
            warn_if_large(bytes);
        }
        let files = found.and_then(|found| opened(found, self.cut, chunk, wanted.as_bytes()));
        let files = files.unwrap_or_else(|error| give_up(&format!("no requests to read: {error}")));
        let chunks: usize = files.iter().map(|log| log.chunks.len()).sum();
        setup.add(CHUNK, chunks);
        let bytes = files.iter().flat_map(|log| log.chunks()).map(|it| it.end - it.start).sum();
        let paths: Vec<PathBuf> = files.iter().map(|log| log.file.clone()).collect();
        let ways = Arc::<Mutex<Vec<Way>>>::default();
        let [speeds, sums, errors, bad, named] = [(); 5].map(|()| ways.clone());
        let named_paths = paths.clone();
        setup.table("ways", move || table(&lock(&speeds), bytes));
        setup.table("paths", move || of_the_first(&sums, Answer::paths));
        setup.table("errors", move || of_the_first(&errors, Answer::errors));
        setup.table("bad", move || (bad_lines(&bad, &paths).0, Vec::new()));
        setup.remark(move |_| bad_lines(&named, &named_paths).1);
        Logs { files, ways }
    }
}

impl Logs {
    /// All chunks.
    pub(crate) fn chunks(&self) -> Vec<Chunk<'_>> {
        self.files.iter().flat_map(Log::chunks).collect()
    }

    /// Lets one way read the logs, and keeps its answer beside its time and its memory.
    pub(crate) fn measure(&self, run: &Run, name: &'static str, way: fn(&Run, &Self) -> Answer) {
        run.section(name);
        MEMORY.reset_peak_usage();
        let (before, start) = (MEMORY.current_usage(), Instant::now());
        let answer = way(run, self);
        let (took, memory) = (start.elapsed(), MEMORY.peak_usage().saturating_sub(before));
        if !is_cancelled() {
            lock(&self.ways).push(Way { name, took, memory, answer });
        }
    }

    /// The status of the program, which ends with a sentence if the ways have different answers.
    pub(crate) fn status(&self, status: ExitCode) -> ExitCode {
        let disagreement = disagreement(&lock(&self.ways));
        disagreement.map_or(status, |sentence| give_up(&sentence))
    }
}

impl Log {
    /// Opens a file, finds its columns, and cuts it into chunks.
    fn open(number: usize, file: PathBuf, cut: Cut, chunk: u64, wanted: &[u8]) -> io::Result<Self> {
        let opened = File::open(&file)?;
        let mut header = Vec::new();
        BufReader::new((&opened).take(HEADER)).read_until(b'\n', &mut header)?;
        let is_empty = header.is_empty();
        let (columns, width) = if is_empty { Default::default() } else { columns(&header)? };
        let chunks = cut(&opened, header.len() as u64, chunk)?;
        if chunks.iter().any(|it| it.end - it.start > chunk + LONGEST) {
            let most = LONGEST / 1_000_000;
            return Err(io::Error::other(format!("it has a line of more than {most} MB")));
        }
        Ok(Self { number, file, columns, width, chunks, wanted: wanted.into() })
    }

    /// Its chunks.
    pub(crate) fn chunks(&self) -> impl Iterator<Item = Chunk<'_>> {
        self.chunks.iter().map(|bytes| Chunk { log: self, start: bytes.start, end: bytes.end })
    }

    /// All its lines: those that were there when it was cut, since a server may still be writing more.
    pub(crate) fn lines(&self) -> Lines<'_, Take<File>> {
        let (start, end) = (self.chunks[0].start, self.chunks[self.chunks.len() - 1].end);
        let lines = self.seek(start).map(|file| Lines::new(self, start, file.take(end - start)));
        // It was there when the lesson started.
        lines.unwrap_or_else(|error| give_up(&format!("{}: {error}", named(&self.file))))
    }

    fn seek(&self, start: u64) -> io::Result<File> {
        let mut file = File::open(&self.file)?;
        file.seek(SeekFrom::Start(start))?;
        Ok(file)
    }

    // ANCHOR: request
    /// Makes a request of a line; `None` if it is empty, or not wanted.
    fn request<'line>(
        &self,
        record: &'line ByteRecord,
    ) -> Option<Result<Request<'line>, &'static str>> {
        let field = |index: usize| record.get(index).unwrap_or_default().trim_ascii();
        if record.len() == 1 && field(0).is_empty() {
            return None;
        }
        let request = self.checked(record, |column| field(self.columns[column]));
        let is_wanted = request.as_ref().map_or(true, |it| it.path.starts_with(&self.wanted));
        is_wanted.then_some(request)
    }
    // ANCHOR_END: request

    fn checked<'line>(
        &self,
        record: &'line ByteRecord,
        field: impl Fn(usize) -> &'line [u8],
    ) -> Result<Request<'line>, &'static str> {
        if record.as_slice().contains(&b'"') {
            return Err("it has a quote");
        }
        if record.len() != self.width {
            return Err("it has more or fewer fields than the header");
        }
        let status = number(field(2)).filter(|status| (100..=599).contains(status));
        Ok(Request {
            hour: hour(field(0)).ok_or("its time is none")?,
            path: Cow::Borrowed(field(1)),
            status: status.ok_or("its status is no number from 100 to 599")? as u16,
            bytes: number(field(3)).ok_or("its bytes are no whole number")?,
            milliseconds: number(field(4)).ok_or("its milliseconds are no whole number")?,
        })
    }
}

impl<'log> Chunk<'log> {
    /// Reads its lines from the file, and hands each on; returns how many requests there were.
    pub(crate) fn read(&self, take: impl FnMut(Line)) -> io::Result<u64> {
        let file = self.log.seek(self.start)?;
        let bytes: Take<File> = file.take(self.end - self.start);
        Lines::new(self.log, self.start, bytes).read_until(self.end, take)
    }

    /// Its bytes.
    pub(crate) fn bytes(&self) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; (self.end - self.start) as usize];
        self.log.seek(self.start)?.read_exact(&mut bytes).map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => shorter(),
            _ => error,
        })?;
        Ok(bytes)
    }

    /// Hands on each of the lines in its bytes; returns how many requests there were.
    pub(crate) fn parse(
        &self,
        bytes: io::Result<Vec<u8>>,
        take: impl FnMut(Line),
    ) -> io::Result<u64> {
        Lines::new(self.log, self.start, &bytes?[..]).read_until(self.end, take)
    }
}

impl fmt::Display for Chunk<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.log.file.file_name().unwrap_or_default().to_string_lossy();
        write!(f, "{name}, bytes {} to {}", self.start, self.end)
    }
}

impl<'log, R: Read> Lines<'log, R> {
    fn new(log: &'log Log, start: u64, bytes: R) -> Self {
        // ANCHOR: reader
        let csv = ReaderBuilder::new()
            .has_headers(false) // a chunk has none
            .flexible(true) // a line with too few fields is a bad line, and not the end
            .quoting(false) // so a line end always ends a line, and a file can be cut there
            .terminator(Terminator::Any(b'\n'))
            .buffer_capacity(BUFFER)
            .from_reader(EMPTY_LINE.chain(bytes));
        // ANCHOR_END: reader
        Self { log, start, csv, record: ByteRecord::new() }
    }

    // ANCHOR: read_until
    /// Reads the lines up to a byte of the file, and hands each on; returns how many requests there were.
    pub(crate) fn read_until(&mut self, end: u64, mut take: impl FnMut(Line)) -> io::Result<u64> {
        let mut requests = 0;
        while self.position() < end {
            if !self.csv.read_byte_record(&mut self.record)? {
                break;
            }
            let Some(request) = self.log.request(&self.record) else { continue };
            requests += u64::from(request.is_ok());
            let (file, end) = (self.log.number, self.position());
            take(request.map_err(|why| Bad { file, end, why }));
        }
        if self.position() < end { Err(shorter()) } else { Ok(requests) }
    }
    // ANCHOR_END: read_until

    /// The byte of the file that it reads next.
    fn position(&self) -> u64 {
        (self.start + self.csv.position().byte()).saturating_sub(EMPTY_LINE.len() as u64)
    }
}

fn shorter() -> io::Error {
    io::Error::other("the file became shorter while it was read")
}

/// A whole number from 0 on.
fn number(field: &[u8]) -> Option<u64> {
    str::from_utf8(field).ok()?.parse().ok()
}

/// The hour of a time like `2026-03-02T06:15:00Z`, as it stands there: time zones are not converted.
fn hour(time: &[u8]) -> Option<[u8; 13]> {
    const SHAPE: &[u8; 13] = b"0000-00-00T00";
    let mut hour: [u8; 13] = time.get(..13)?.try_into().ok()?;
    let fits = |(sign, shape): (&u8, &u8)| match shape {
        b'0' => sign.is_ascii_digit(),
        b'T' => b"T ".contains(sign),
        _ => sign == shape,
    };
    let is_over = time.get(13).is_none_or(|next| !next.is_ascii_digit());
    let are_hours = [hour[11], hour[12]] < *b"24";
    let is_one = hour.iter().zip(SHAPE).all(fits) && is_over && are_hours;
    hour[10] = b'T'; // instead of a space
    is_one.then_some(hour)
}

/// Where the columns are in a header, and how many it has.
fn columns(header: &[u8]) -> io::Result<([usize; COLUMNS.len()], usize)> {
    if !header.ends_with(b"\n") && header.len() as u64 >= HEADER {
        return Err(io::Error::other("its first line is too long for a header"));
    }
    let mut csv = ReaderBuilder::new().has_headers(false).quoting(false).from_reader(header);
    let mut record = ByteRecord::new();
    csv.read_byte_record(&mut record)?;
    let names: Vec<String> =
        record.iter().map(|name| String::from_utf8_lossy(name.trim_ascii()).into_owned()).collect();
    let mut columns = [0; COLUMNS.len()];
    for (column, wanted) in columns.iter_mut().zip(COLUMNS) {
        *column = names.iter().position(|name| name == wanted).ok_or_else(|| {
            let all = COLUMNS.join(",");
            io::Error::other(format!(
                "its header lacks the column {wanted}: it needs {all}, without quotes"
            ))
        })?;
    }
    Ok((columns, names.len()))
}

/// The record of a run is kept in memory, with each chunk.
fn refuse_small_chunks(setup: &mut Setup, bytes: u64, chunk: u64) {
    let chunks = bytes.div_ceil(chunk);
    if chunks > MOST_ITEMS as u64 {
        setup.refuse(format!("{chunks} chunks are too many: let --chunk be larger"));
    }
}

/// The first way has all requests in memory at once.
fn warn_if_large(bytes: u64) {
    if bytes > LARGE {
        let [log, memory] = [1.0, IN_MEMORY].map(|times| times * bytes as f64 / 1e9);
        warn(&format!(
            "a log of {log:.0} GB needs about {memory:.0} GB of memory in the first way; without it, the system ends this program"
        ));
    }
}

/// Makes a log, which is removed at the end of the run.
fn made(setup: &mut Setup, bytes: u64) -> io::Result<Vec<PathBuf>> {
    let scratch = scratch()?;
    let made = make(scratch.path(), bytes).and_then(|()| found(scratch.path()));
    setup.keep(scratch);
    made
}

/// The CSV files of a folder by the endings of their names, sorted. Subfolders are not entered.
fn found(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let unreadable = |error| {
        io::Error::other(format!("the folder {} cannot be read: {error}", folder.display()))
    };
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        let is_csv = path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("csv"));
        let is_hidden =
            path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
        if is_csv && !is_hidden && path.is_file() {
            found.push(path);
        }
    }
    if found.is_empty() {
        return Err(io::Error::other(format!("there is no .csv in {}", folder.display())));
    }
    found.sort();
    Ok(found)
}

fn opened(found: Vec<PathBuf>, cut: Cut, chunk: u64, wanted: &[u8]) -> io::Result<Vec<Log>> {
    let opened = found.into_iter().enumerate().map(|(number, file)| {
        let name = named(&file);
        let opened = Log::open(number, file, cut, chunk, wanted);
        opened.map_err(|error| io::Error::other(format!("{name}: {error}")))
    });
    opened.collect()
}

/// One row for each way: its speed, also as a multiple of one core's, and its memory.
fn table(ways: &[Way], bytes: u64) -> (Value, Vec<Vec<String>>) {
    let megabytes = |bytes: f64| bytes / 1e6;
    let speed = |way: &Way| megabytes(bytes as f64) / way.took.as_secs_f64().max(1e-9);
    let one_core = ways.get(ONE_CORE).filter(|_| bytes > 0).map(speed);
    let all = ways.iter().map(|way| {
        json!({
            "way": way.name,
            "seconds": figures::seconds(way.took),
            "bytes": bytes,
            "memory": way.memory,
            "requests": way.answer.requests(),
            "bad": way.answer.bad().0,
        })
    });
    let rows = ways.iter().map(|way| {
        let times = one_core.map(|one_core| figures::two_digits(speed(way) / one_core));
        vec![
            way.name.into(),
            format!("{:.0}", speed(way)),
            times.unwrap_or_default(),
            format!("{:.1} MB", megabytes(way.memory as f64)),
            way.answer.requests().to_string(),
            way.answer.bad().0.to_string(),
        ]
    });
    let head = ["way", "MB/s", "x one core", "memory", "requests", "bad lines"].map(String::from);
    let rows = [head.to_vec()].into_iter().chain(rows);
    (all.collect(), if ways.is_empty() { Vec::new() } else { rows.collect() })
}

/// A table of the first way's answer; the others have the same one, or it is told.
fn of_the_first(
    ways: &Mutex<Vec<Way>>,
    table: fn(&Answer) -> (Value, Vec<Vec<String>>),
) -> (Value, Vec<Vec<String>>) {
    lock(ways).first().map(|way| table(&way.answer)).unwrap_or_default()
}

/// The bad lines of the first way: for the report, and in a sentence.
fn bad_lines(ways: &Mutex<Vec<Way>>, paths: &[PathBuf]) -> (Value, Option<String>) {
    let ways = lock(ways);
    let Some(way) = ways.first() else { return Default::default() };
    let (bad, first) = way.answer.bad();
    let mut values = Vec::new();
    let mut named = Vec::new();
    for it in first {
        let path = &paths[it.file];
        let line = line_number(path, it.end).ok();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let place = line.map_or(format!("before byte {}", it.end), |line| format!("line {line}"));
        named.push(format!("{}, {place}: {}", shown(name.as_bytes()), it.why));
        values.push(json!({ "file": name, "line": line, "why": it.why }));
    }
    let are = if bad == 1 { "1 bad line is".into() } else { format!("{bad} bad lines are") };
    let reasons = way.answer.reasons();
    let counted: Vec<String> =
        reasons.iter().map(|(why, lines)| format!("{why} ({lines})")).collect();
    let (counted, named) = (counted.join(", "), named.join("; "));
    let told = format!("{are} not counted as requests: {counted}. The first: {named}.");
    let values = json!({ "lines": bad, "reasons": reasons, "first": values });
    (values, (bad > 0).then_some(told))
}

/// The number of the line that ends at a byte of a file, counted from 1. It counts the lines before, which is
/// why it is only done for those that are named.
fn line_number(path: &Path, end: u64) -> io::Result<u64> {
    let mut file = BufReader::new(File::open(path)?.take(end.saturating_sub(1)));
    let mut line = 1;
    loop {
        let bytes = file.fill_buf()?;
        if bytes.is_empty() {
            return Ok(line);
        }
        line += bytes.iter().filter(|byte| **byte == b'\n').count() as u64;
        let read = bytes.len();
        file.consume(read);
    }
}

/// Says which way has another answer than the first one, if one has.
fn disagreement(ways: &[Way]) -> Option<String> {
    let (first, others) = ways.split_first()?;
    others.iter().find_map(|other| {
        let difference = first.answer.difference(&other.answer)?;
        Some(format!("'{}' and '{}' have different answers: {difference}", first.name, other.name))
    })
}

/// A file in a sentence for people.
fn named(file: &Path) -> String {
    printable(&file.to_string_lossy())
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use fastrand::Rng;
    use harness::Scratch;

    use super::*;
    use crate::cut::cut;

    fn log(scratch: &Scratch, text: &[u8], chunk: u64) -> Log {
        let file = scratch.path().join("log.csv");
        fs::write(&file, text).expect("it is written");
        Log::open(0, file, cut, chunk, b"").expect("it is a log")
    }

    /// The answers of one who reads it from its beginning to its end, and of those who read its chunks.
    fn answers(log: &Log) -> [Answer; 3] {
        let mut answers = [(); 3].map(|()| Answer::default());
        let end = log.chunks().last().expect("a chunk").end;
        let all = log.lines().read_until(end, |line| answers[0].add(line)).expect("it is read");
        let mut counted = [0; 2];
        for chunk in log.chunks() {
            let mut parts = [(); 2].map(|()| Answer::default());
            counted[0] += chunk.read(|line| parts[0].add(line)).expect("it is read");
            counted[1] += chunk.parse(chunk.bytes(), |line| parts[1].add(line)).expect("it is");
            for (index, part) in parts.into_iter().enumerate() {
                // In the other order.
                let so_far = std::mem::take(&mut answers[1 + index]);
                answers[1 + index] = part.merge(so_far);
            }
        }
        assert_eq!((counted, all), ([all; 2], answers[0].requests()));
        answers
    }

    /// A text of pieces that are hard to cut.
    fn hard_text(rng: &mut Rng) -> Vec<u8> {
        const PIECES: [&[u8]; 12] = [
            b"2026-03-02T06:00:00Z,/a,200,1,2",
            b"2026-03-02T07:59:59.9Z,/\xff,503,18446744073709551615,7\r",
            b"\n",
            b"\n",
            b"\r\n",
            b"\"",
            b"\"/a\nb\"",
            b",",
            b"\r",
            b"\xef\xbb\xbf",
            b"2026-03-02T06,/a,200,1,99999999999999999999",
            b"\0",
        ];
        let mut text = b"time,path,status,bytes,milliseconds\n".to_vec();
        for _ in 0..rng.usize(0..40) {
            text.extend(PIECES[rng.usize(0..PIECES.len())]);
            if rng.bool() {
                text.push(b'\n');
            }
        }
        text
    }

    #[test]
    fn wherever_it_is_cut_the_answer_is_the_same() {
        let scratch = scratch().expect("a folder");
        let mut rng = Rng::with_seed(3);
        let mut bad = 0;
        for _ in 0..150 {
            let text = hard_text(&mut rng);
            let whole = answers(&log(&scratch, &text, 1_000_000));
            bad += whole[0].bad().0;
            for chunk in [1, 2, 3, 7, 30, 64] {
                for answer in answers(&log(&scratch, &text, chunk)) {
                    assert_eq!(answer, whole[0], "{:?} in {chunk}", String::from_utf8_lossy(&text));
                }
            }
        }
        assert!(bad > 300, "{bad} bad lines: it is no hard text");
    }

    #[test]
    fn a_bad_line_is_named_by_its_number() {
        let scratch = scratch().expect("a folder");
        let mut rng = Rng::with_seed(4);
        for _ in 0..100 {
            let text = hard_text(&mut rng);
            let log = log(&scratch, &text, 5);
            let [answer, ..] = answers(&log);
            let lines: Vec<&[u8]> = text.split(|byte| *byte == b'\n').collect();
            let is_bad = |line: &[u8]| {
                let mut csv = ReaderBuilder::new();
                let csv = csv.has_headers(false).quoting(false).terminator(Terminator::Any(b'\n'));
                let mut record = ByteRecord::new();
                // The crate takes a mark at the beginning away.
                let line = [b"\n", line].concat();
                let is_there =
                    csv.from_reader(&line[..]).read_byte_record(&mut record).expect("it is");
                is_there && log.request(&record).is_some_and(|it| it.is_err())
            };
            let numbers = (1..).zip(&lines).skip(1).filter(|(_, line)| is_bad(line));
            let expected: Vec<u64> = numbers.map(|(number, _)| number).take(3).collect();
            let named =
                answer.bad().1.map(|bad| line_number(&log.file, bad.end).expect("it is there"));
            assert_eq!(named.collect::<Vec<_>>(), expected, "{:?}", String::from_utf8_lossy(&text));
        }
    }

    #[test]
    fn a_line_longer_than_many_chunks_stays_whole() {
        let scratch = scratch().expect("a folder");
        let mut text = b"time,path,status,bytes,milliseconds\n2026-03-02T06,/".to_vec();
        text.extend([b'x'; 100_000]);
        text.extend(b",200,1,2\n2026-03-02T06,/b,200,1,2");
        let log = log(&scratch, &text, 1_000);
        assert_eq!(log.chunks.len(), 2);
        let [answer, ..] = answers(&log);
        assert_eq!((answer.requests(), answer.bad().0), (2, 0));

        text.truncate(50);
        text.resize(text.len() + 2 * LONGEST as usize, b'x');
        let file = scratch.path().join("long.csv");
        fs::write(&file, &text).expect("it is written");
        let error = Log::open(0, file, cut, 1_000, b"").expect_err("it is too long");
        assert_eq!(error.to_string(), "it has a line of more than 16 MB");
    }

    #[test]
    fn a_file_that_becomes_shorter_is_a_failure_and_one_that_grows_is_read_as_it_was() {
        let scratch = scratch().expect("a folder");
        let line = "2026-03-02T06:00:00Z,/a,200,1,2\n";
        // It ends in the middle of a line, as the log of a server that is writing may.
        let (half, rest) = line.split_at(line.len() / 2);
        let text = format!("time,path,status,bytes,milliseconds\n{}{half}", line.repeat(100));
        let log = log(&scratch, text.as_bytes(), 1_000);
        let file = fs::OpenOptions::new().append(true).open(&log.file);
        let mut file = file.expect("it is there");
        file.write_all(format!("{rest}{line}").as_bytes()).expect("it is written");
        for answer in answers(&log) {
            assert_eq!((answer.requests(), answer.bad().0), (100, 1));
        }

        file.set_len(500).expect("it is made shorter");
        let chunk = log.chunks().next().expect("a chunk");
        let told = "the file became shorter while it was read";
        let all = log.lines().read_until(chunk.end, |_| {});
        for read in [all, chunk.read(|_| {}), chunk.parse(chunk.bytes(), |_| {})] {
            assert_eq!(read.expect_err("it is shorter").to_string(), told);
        }
    }

    #[test]
    fn times_and_numbers_are_checked() {
        for good in ["2026-03-02T06:00:00Z", "2026-03-02 06:00", "2026-03-02T06"] {
            assert_eq!(hour(good.as_bytes()).as_ref(), Some(b"2026-03-02T06"), "{good}");
        }
        for bad in [
            "",
            "2026-03-02",
            "2026-03-02T24:00",
            "2026-03-02T061",
            "02/03/2026 06:00",
            "2026-03-02X06",
        ] {
            assert_eq!(hour(bad.as_bytes()), None, "{bad}");
        }
        assert_eq!(number(b"12"), Some(12));
        for bad in ["", "-1", "1.5", "1e3", "18446744073709551616", "\u{661}"] {
            assert_eq!(number(bad.as_bytes()), None, "{bad}");
        }
    }
}
