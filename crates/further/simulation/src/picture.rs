//! The plate as a picture: a PNG file, and small pictures in a terminal while it runs.

use std::collections::VecDeque;
use std::io::{self, IsTerminal};
use std::path::Path;
use std::sync::Mutex;

use common::Record;
use console::style;
use harness::{Beside, Drawing, lock, look};
use png::{BitDepth, ColorType, Encoder, EncodingError};

use crate::plate::{HOT, Row};

/// Colours from cold to hot, as red, green and blue; between two of them they are mixed.
const COLOURS: [[f64; 3]; 5] = [
    [8.0, 8.0, 80.0],
    [0.0, 120.0, 220.0],
    [110.0, 220.0, 160.0],
    [255.0, 200.0, 40.0],
    [210.0, 20.0, 10.0],
];
/// Colours from cold to hot, as numbers that terminals with 256 colours have for them.
const OF_A_TERMINAL: [u8; 15] = [17, 18, 19, 20, 26, 32, 38, 79, 114, 149, 184, 220, 214, 208, 196];
/// How many pictures a section has,
const PICTURES: usize = 4;
/// how many points each of them is wide and high,
const POINTS: usize = 18;
/// and how many cells of the plate a point stands for: it shows the upper left corner.
const CELLS_OF_A_POINT: usize = 6;

/// A temperature as a part of the scale: 0 is cold, 1 is hot.
fn part(temperature: f64) -> f64 {
    (temperature / HOT).clamp(0.0, 1.0)
}

/// Writes a grid as a picture, a pixel for each cell; an error is a sentence.
pub(crate) fn write_png(file: &Path, grid: &[Row]) -> Result<(), String> {
    let written = png(grid).map_err(io::Error::from);
    let written = written.and_then(|bytes| Beside::write(file, bytes)).and_then(Beside::place);
    written.map_err(|error| format!("the plate was not written to {}: {error}", file.display()))
}

fn png(grid: &[Row]) -> Result<Vec<u8>, EncodingError> {
    let side = u32::try_from(grid.len()).expect("so many cells are refused");
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, side, side);
    encoder.set_color(ColorType::Indexed);
    encoder.set_depth(BitDepth::Eight);
    encoder
        .set_palette((0..=255).flat_map(|step| mixed(f64::from(step) / 255.0)).collect::<Vec<_>>());
    let pixel = |cell: &f64| (part(*cell) * 255.0).round() as u8;
    let pixels: Vec<u8> = grid.iter().flatten().map(pixel).collect();
    encoder.write_header()?.write_image_data(&pixels)?;
    Ok(bytes)
}

/// The colour of a part of the scale.
fn mixed(part: f64) -> [u8; 3] {
    let at = part * (COLOURS.len() - 1) as f64;
    let lower = (at as usize).min(COLOURS.len() - 2);
    let (cold, hot, more) = (COLOURS[lower], COLOURS[lower + 1], at - lower as f64);
    [0, 1, 2].map(|i| (cold[i] + (hot[i] - cold[i]) * more).round() as u8)
}

/// Small pictures for a terminal while it runs: how the heat spreads in a section.
#[derive(Debug)]
pub(crate) struct Film {
    /// After how many frames a picture is taken.
    frames: Vec<usize>,
    /// Pictures for the next strip: rows of indices of [`OF_A_TERMINAL`].
    taken: Mutex<Vec<Vec<Vec<usize>>>>,
    /// Strips that are not printed yet, each with the label of the frame below which it is printed.
    strips: Mutex<VecDeque<(String, String)>>,
}

impl Film {
    /// `None` if stdout is not a terminal that shows half blocks in colours.
    pub(crate) fn shown_here(frames: usize) -> Option<Self> {
        let look = look(80);
        let is_shown = io::stdout().is_terminal() && look.unicode && look.colour;
        let mut frames: Vec<_> =
            (0..PICTURES).map(|number| (number * frames).div_ceil(PICTURES - 1)).collect();
        frames.dedup();
        // The picture of the start is beside the next one.
        let has_room = look.width >= 2 * (POINTS + 1);
        let (taken, strips) = Default::default();
        (is_shown && has_room).then_some(Self { frames, taken, strips })
    }

    /// Takes a picture after so many frames, if there is to be one. It is printed below the line of the frame.
    pub(crate) fn take(&self, frames: usize, label: &str, grid: &[Row]) {
        let mut taken = lock(&self.taken);
        if frames == 0 {
            taken.clear();
        }
        if !self.frames.contains(&frames) {
            return;
        }
        let points = POINTS.min(grid.len());
        let cells = CELLS_OF_A_POINT.min(grid.len() / points);
        let colour = |cell: f64| (part(cell) * (OF_A_TERMINAL.len() - 1) as f64).round() as usize;
        let row = |row: usize| {
            (0..points).map(|column| colour(grid[row * cells][column * cells])).collect()
        };
        taken.push((0..points).map(row).collect());
        // No line is printed at the start: its picture waits for the next one.
        if frames > 0 {
            lock(&self.strips).push_back((label.into(), strip(&taken)));
            taken.clear();
        }
    }
}

impl Drawing for Film {
    /// The strip to print below the line of this frame.
    fn below(&self, frame: &Record) -> Option<String> {
        let mut strips = lock(&self.strips);
        let is_next = strips.front().is_some_and(|(label, _)| *label == frame.span.label);
        if is_next { strips.pop_front().map(|(_, strip)| strip) } else { None }
    }
}

/// Pictures side by side. An upper half block shows two points: the letter's colour is above, the ground's below.
fn strip(pictures: &[Vec<Vec<usize>>]) -> String {
    let (mut text, points) = (String::new(), pictures[0].len());
    for row in (0..points).step_by(2) {
        for picture in pictures {
            for column in 0..points {
                let point = |row: usize| picture.get(row).map(|row| OF_A_TERMINAL[row[column]]);
                let block = style("▀").force_styling(true).color256(point(row).unwrap_or_default());
                let block =
                    point(row + 1).map_or(block.clone(), |colour| block.on_color256(colour));
                text += &block.to_string();
            }
            text += " ";
        }
        text += "\n";
    }
    text
}
