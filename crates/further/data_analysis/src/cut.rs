//! Where a file can be cut.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Seek, SeekFrom};
use std::ops::Range;

// ANCHOR: cut
/// Cuts a file, from the byte `start` on, into chunks of `size` bytes and more: each ends where a line ends.
pub(crate) fn cut(file: &File, start: u64, size: u64) -> io::Result<Vec<Range<u64>>> {
    let (mut file, length) = (BufReader::new(file), file.metadata()?.len());
    let (mut chunks, mut from) = (Vec::new(), start);
    while from < length || chunks.is_empty() {
        let mut to = length.min(from + size);
        if to < length {
            file.seek(SeekFrom::Start(to - 1))?; // this byte may end a line itself
            to += file.skip_until(b'\n')? as u64 - 1;
        }
        chunks.push(from..to);
        from = to;
    }
    Ok(chunks)
}
// ANCHOR_END: cut
