//! The plate: two grids of temperatures, the last step and the next one.

use std::collections::TryReserveError;
use std::mem::swap;
use std::sync::Mutex;

/// A row of cells: their temperatures in degrees.
pub(crate) type Row = Vec<f64>;

/// The temperature at which the upper edge is kept; the other edges are kept at 0.
pub(crate) const HOT: f64 = 100.0;

/// Hot and cold squares, with sides of this many cells.
const SQUARE: usize = 40;

/// Two grids of the same size, whose outermost cells never change.
#[derive(Debug)]
pub(crate) struct Plate {
    /// The temperatures after the last step.
    pub(crate) last: Vec<Row>,
    /// Where the next step is written: what is in it is two steps old.
    pub(crate) next: Vec<Row>,
}

// ANCHOR: spread
/// Computes the next temperatures of a row: each cell, except the first and the last, becomes the mean of its four
/// neighbours in the rows above, here and below.
pub(crate) fn spread<R: AsRef<[f64]>>(rows: &[R], next: &mut [f64]) {
    let [above, here, below] = [0, 1, 2].map(|row| &rows[row].as_ref()[..next.len()]);
    for column in 1..next.len() - 1 {
        let (left, right) = (here[column - 1], here[column + 1]);
        next[column] = (above[column] + below[column] + left + right) / 4.0;
    }
}
// ANCHOR_END: spread

/// The rows that change: all but the first and the last.
pub(crate) fn inner(grid: &mut [Row]) -> &mut [Row] {
    let end = grid.len() - 1;
    &mut grid[1..end]
}

impl Plate {
    /// A square plate with sides of this many cells, at its start.
    ///
    /// # Errors
    /// When there is not enough memory for it.
    pub(crate) fn new(size: usize) -> Result<Self, TryReserveError> {
        Ok(Self { last: chessboard(size)?, next: chessboard(size)? })
    }

    /// Sets it back to its start.
    pub(crate) fn reset(&mut self) {
        for grid in [&mut self.last, &mut self.next] {
            for (row, cells) in grid.iter_mut().enumerate() {
                fill(row, cells);
            }
        }
    }

    /// How many rows a band has, if they are cut for so many workers: there are fewer bands if the rows do not suffice.
    pub(crate) fn rows_of_a_band(&self, workers: usize) -> usize {
        (self.last.len() - 2).div_ceil(workers)
    }

    /// Room for the edges of all bands of so many rows, twice, and how many bands there are. Band `n` puts its first and
    /// last row into `2n + 1` and `2n + 2`, so its neighbours' are in `2n` and `2n + 3`. The plate's own edges are there
    /// already.
    pub(crate) fn edges(&self, rows: usize) -> ([Vec<Mutex<Row>>; 2], usize) {
        let bands = (self.last.len() - 2).div_ceil(rows);
        let (upper, lower) = (&self.last[0], &self.last[self.last.len() - 1]);
        let edge = |at| Mutex::new(if at <= bands { upper.clone() } else { lower.clone() });
        ([(); 2].map(|()| (0..2 * bands + 2).map(edge).collect()), bands)
    }

    /// Makes `last` the last one, after threads have swapped their parts of the grids this many times.
    pub(crate) fn swap_after(&mut self, steps: usize) {
        if steps % 2 == 1 {
            swap(&mut self.last, &mut self.next);
        }
    }

    /// A number that is almost certainly another one if a single bit of a cell is.
    pub(crate) fn checksum(&self) -> u32 {
        const ODD: u64 = 0x9E37_79B9_7F4A_7C15;
        let mut sums = [0_u64; 4];
        for row in &self.last {
            // Four sums, which the processor computes at once.
            for cells in row.chunks(4) {
                for (sum, cell) in sums.iter_mut().zip(cells) {
                    *sum = (sum.rotate_left(5) ^ cell.to_bits()).wrapping_mul(ODD);
                }
            }
        }
        // A multiplication carries a bit to higher ones only: so the high half is mixed into the low one.
        let mix = |all: u64, sum: u64| {
            let all = (all ^ sum ^ (sum >> 32)).wrapping_mul(ODD);
            all ^ (all >> 32)
        };
        sums.into_iter().fold(0, mix) as u32
    }
}

/// Hot and cold squares between one hot edge and three cold ones.
pub(crate) fn chessboard(size: usize) -> Result<Vec<Row>, TryReserveError> {
    let mut grid = Vec::new();
    grid.try_reserve_exact(size)?;
    for row in 0..size {
        let mut cells = Row::new();
        cells.try_reserve_exact(size)?;
        cells.resize(size, 0.0);
        fill(row, &mut cells);
        grid.push(cells);
    }
    Ok(grid)
}

/// Fills this row of a plate, which is a square.
fn fill(row: usize, cells: &mut [f64]) {
    let size = cells.len();
    for (column, cell) in cells.iter_mut().enumerate() {
        let is_edge = [row, column].iter().any(|at| [0, size - 1].contains(at));
        let is_hot = if is_edge { row == 0 } else { (row / SQUARE + column / SQUARE) % 2 == 1 };
        *cell = if is_hot { HOT } else { 0.0 };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(size: usize, steps: usize) -> Plate {
        let mut plate = Plate::new(size).expect("it is small");
        for _ in 0..steps {
            let Plate { last, next } = &mut plate;
            last.windows(3).zip(&mut next[1..]).for_each(|(rows, next)| spread(rows, next));
            plate.swap_after(1);
        }
        plate
    }

    #[test]
    fn a_cell_becomes_the_mean_of_its_four_neighbours() {
        let rows = [[0.0, 1.0, 0.0, 9.0], [2.0, 50.0, 4.0, 8.0], [9.0, 16.0, 3.0, 9.0]];
        let mut next = [-1.0; 4];
        spread(&rows, &mut next);
        let right = [-1.0, (1.0 + 16.0 + 2.0 + 4.0) / 4.0, (0.0 + 3.0 + 50.0 + 8.0) / 4.0, -1.0];
        assert_eq!(next, right);
    }

    /// Small plates whose temperatures in the end are known: each cell is the mean of its neighbours.
    #[test]
    fn heat_comes_to_rest_where_it_should() {
        let close = |one: f64, other: f64| (one - other).abs() < 1e-9;
        assert!(close(after(3, 1).last[1][1], 25.0));
        let plate = after(4, 200).last;
        assert!([1, 2].iter().all(|column| close(plate[1][*column], 37.5)), "{plate:?}");
        assert!([1, 2].iter().all(|column| close(plate[2][*column], 12.5)), "{plate:?}");
    }

    #[test]
    fn the_edges_keep_their_temperatures() {
        let (start, plate) = (after(90, 0), after(90, 101));
        for at in 0..90 {
            let edge = |plate: &Plate| {
                [(0, at), (89, at), (at, 0), (at, 89)].map(|(row, column)| plate.last[row][column])
            };
            assert_eq!(edge(&start), edge(&plate), "{at}");
        }
        assert_ne!(start.last, plate.last);
    }

    #[test]
    fn one_bit_of_a_cell_makes_another_checksum() {
        let mut plate = after(30, 7);
        let checksum = plate.checksum();
        for (row, column, bit) in [(0, 0, 0), (1, 2, 51), (15, 15, 1), (28, 3, 20), (29, 29, 63)] {
            let cell = plate.last[row][column];
            plate.last[row][column] = f64::from_bits(cell.to_bits() ^ (1 << bit));
            assert_ne!(plate.checksum(), checksum, "{row} {column} {bit}");
            plate.last[row][column] = cell;
        }
        assert_eq!(plate.checksum(), checksum);
        plate.reset();
        assert_eq!(plate.checksum(), after(30, 0).checksum());
    }

    /// The index of each edge, as its band and its neighbour compute it.
    #[test]
    fn each_band_finds_its_neighbours_edges() {
        for (size, workers) in [(3, 1), (3, 9), (12, 1), (12, 3), (12, 4), (12, 7), (12, 99)] {
            let mut plate = after(size, 0);
            let rows = plate.rows_of_a_band(workers);
            let (edges, bands) = plate.edges(rows);
            assert_eq!(bands, inner(&mut plate.last).chunks_mut(rows).count(), "{size} {workers}");
            assert!(bands <= workers);
            for edges in edges {
                assert_eq!(edges.len(), 2 * (bands - 1) + 3 + 1, "{size} {workers}");
                let edge = |at: usize| edges[at].lock().expect("nobody panics").clone();
                assert_eq!((edge(0), edge(2 * bands + 1)), {
                    (plate.last[0].clone(), plate.last[size - 1].clone())
                });
            }
        }
    }
}
