//! Makes a log to practise on: the same number of megabytes is always the same log.

use std::env;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use common::is_cancelled;
use fastrand::Rng;
use harness::Scratch;

/// The columns of a log, in the order in which they are made.
pub(crate) const COLUMNS: [&str; 5] = ["time", "path", "status", "bytes", "milliseconds"];

/// A path, how often it is asked for, its usual size in bytes, and its usual time in milliseconds.
const PATHS: [(&str, u32, u64, f64); 12] = [
    ("/", 20, 9_800, 4.0),
    ("/login", 8, 2_100, 45.0),
    ("/logout", 3, 300, 8.0),
    ("/search", 14, 18_000, 90.0),
    ("/products", 16, 24_000, 30.0),
    ("/products/details", 12, 12_500, 22.0),
    ("/cart", 9, 4_200, 18.0),
    ("/checkout", 4, 5_300, 160.0),
    ("/orders", 4, 7_700, 60.0),
    ("/images/logo.png", 6, 31_000, 2.0),
    ("/help", 2, 15_000, 6.0),
    ("/reports/monthly", 1, 120_000, 700.0),
];
/// The hours that it covers, and the one in which much goes wrong.
const HOURS: [u64; 2] = [6, 12];
const BAD_HOUR: u64 = 9;
/// One line of so many is bad.
const GOOD_LINES: u32 = 20_000;
const BAD_LINES: [&str; 4] = ["-- the log was rotated --", ",,,,", "2026-03-02T0", "\"/\",200"];

/// Makes a folder for logs among the system's temporary files. Where nobody has chosen the place, it is on the disk, if it
/// can be: on some systems, the usual place is in memory.
///
/// # Errors
/// A sentence, when it cannot be made.
pub(crate) fn scratch() -> io::Result<Scratch> {
    const NAME: &str = "logs";
    if cfg!(unix) && env::var_os("TMPDIR").is_none() {
        if let Ok(on_disk) = Scratch::new(Path::new("/var/tmp"), NAME) {
            return Ok(on_disk);
        }
    }
    Scratch::new(&env::temp_dir(), NAME)
}

/// Writes a log of at least so many bytes into a folder; after Ctrl-C, a shorter one.
///
/// # Errors
/// A sentence, when it cannot be written.
pub(crate) fn make(folder: &Path, bytes: u64) -> io::Result<()> {
    let path = folder.join("requests.csv");
    let file = File::create_new(&path).and_then(|file| write(file, bytes));
    file.map_err(|error| io::Error::other(format!("{} cannot be written: {error}", path.display())))
}

fn write(file: File, bytes: u64) -> io::Result<()> {
    let mut file = BufWriter::with_capacity(1 << 16, file);
    let mut rng = Rng::with_seed(16);
    let choices: Vec<usize> =
        (0..PATHS.len()).flat_map(|path| vec![path; PATHS[path].1 as usize]).collect();
    let mut line = COLUMNS.join(",").into_bytes();
    line.push(b'\n');
    let mut written = 0;
    while written < bytes && !is_cancelled() {
        file.write_all(&line)?;
        written += line.len() as u64;
        line.clear();
        // The log covers its hours, however long it is.
        let [from, to] = HOURS.map(|hour| hour * 3_600_000);
        let now =
            from + ((to - from) as f64 * (written as f64 / bytes as f64).min(0.999_999)) as u64;
        let (hour, minute) = (now / 3_600_000, now / 60_000 % 60);
        let (second, millisecond) = (now / 1_000 % 60, now % 1_000);
        if rng.u32(0..GOOD_LINES) == 0 {
            writeln!(line, "{}", BAD_LINES[rng.usize(0..BAD_LINES.len())])?;
            continue;
        }
        let (path, _, size, time) = PATHS[choices[rng.usize(0..choices.len())]];
        let fails = if hour == BAD_HOUR { 0.06 } else { 0.004 };
        let chance = rng.f64();
        let status = match chance {
            _ if chance < fails => 503,
            _ if chance < fails + 0.02 => 404,
            _ => 200,
        };
        let size = size / 2 + rng.u64(0..=size);
        // Many are quick, and a few take long.
        let took = time * (0.5 - (1.0 - rng.f64()).ln());
        writeln!(
            line,
            "2026-03-02T{hour:02}:{minute:02}:{second:02}.{millisecond:03}Z,{path},{status},{size},{took:.0}"
        )?;
    }
    file.flush()
}
