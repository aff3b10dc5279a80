//! Compressions that ureq leaves packed or calls broken: gzip under its other name, in several layers or with more data
//! after it, and compressions that were not requested.

use std::io::{self, BufRead, BufReader, ErrorKind, Read};
use std::mem;

use flate2::bufread::{GzDecoder, ZlibDecoder};
use ureq::http::Response;
use ureq::http::header::{CONTENT_ENCODING, CONTENT_LENGTH};
use ureq::{Body, Error};

use crate::words::{broken_packing, unknown_packing};

type Source = BufReader<Box<dyn Read + Send + Sync>>;

/// Returns a response whose body is the page itself.
pub(crate) fn unpacked(answer: Response<Body>) -> Result<Response<Body>, Error> {
    let headers = answer.headers().get_all(CONTENT_ENCODING).iter();
    let names = headers.filter_map(|names| names.to_str().ok()).flat_map(|names| names.split(','));
    let names: Vec<String> = names.map(|name| name.trim().to_ascii_lowercase()).collect();
    if names.is_empty() {
        return Ok(answer);
    }
    let (mut parts, body) = answer.into_parts();
    let mut page: Box<dyn Read + Send + Sync> = Box::new(body.into_reader());
    // The last one named was applied last.
    for name in names.iter().rev() {
        page = match name.as_str() {
            "gzip" | "x-gzip" => Box::new(Packed::Gzip(GzDecoder::new(BufReader::new(page)))),
            "deflate" => Box::new(Packed::Deflate(ZlibDecoder::new(BufReader::new(page)))),
            "br" | "compress" | "x-compress" | "zstd" => return Err(unknown_packing(name)),
            // Sites also name things there that are no compression: "identity", "utf-8".
            _ => page,
        };
    }
    parts.headers.remove(CONTENT_ENCODING);
    parts.headers.remove(CONTENT_LENGTH);
    Ok(Response::from_parts(parts, Body::builder().reader(page)))
}

/// Unpacks while it is read. An empty page may come unpacked.
enum Packed {
    Gzip(GzDecoder<Source>),
    Deflate(ZlibDecoder<Source>),
    Ended,
}

impl Read for Packed {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let is_empty = match self {
                Self::Gzip(it) => it.header().is_none() && is_over(it.get_mut())?,
                Self::Deflate(it) => it.total_in() == 0 && is_over(it.get_mut())?,
                Self::Ended => true,
            };
            let read = match self {
                Self::Gzip(it) if !is_empty => it.read(buffer).map_err(or_broken)?,
                Self::Deflate(it) if !is_empty => it.read(buffer).map_err(or_broken)?,
                _ => 0,
            };
            if read > 0 || buffer.is_empty() {
                return Ok(read);
            }
            let (mut source, is_gzip) = match mem::replace(self, Self::Ended) {
                Self::Gzip(it) => (it.into_inner(), true),
                Self::Deflate(it) => (it.into_inner(), false),
                Self::Ended => return Ok(0),
            };
            // gzip may have several members. Other data after it is not part of the page, but must arrive.
            if is_gzip && source.fill_buf()?.first() == Some(&0x1f) {
                *self = Self::Gzip(GzDecoder::new(source));
            } else {
                io::copy(&mut source, &mut io::sink())?;
            }
        }
    }
}

fn is_over(source: &mut Source) -> io::Result<bool> {
    Ok(source.fill_buf()?.is_empty())
}

/// Translates the decoder's errors. Errors of the connection, and its end, stay as they are.
fn or_broken(error: io::Error) -> io::Error {
    if error.kind() == ErrorKind::InvalidInput { broken_packing().into_io() } else { error }
}
