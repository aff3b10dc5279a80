//! Connections that report truly how they ended.

use std::io::ErrorKind;
use std::time::Instant;

use ureq::Error;
use ureq::unversioned::transport::{Buffers, ConnectionDetails, Connector, NextTimeout, Transport};

/// Chain it after the connector that makes the connection.
///
/// While ureq reads a page, it treats a connection that is reset (or that ends without a notice from TLS) as closed:
/// a page that names no length would count as arrived, even if a part is missing. This returns an error of another
/// kind. It does the same for a header that fills the buffer, which ureq takes for an end too.
#[derive(Debug)]
pub(crate) struct HonestEnds {
    /// Whether it is a connection to a proxy, with whole URLs in its requests. ureq can only send paths: it gets
    /// `/http://host/path`, and the slash is left out.
    pub(crate) forwards: bool,
}

impl<In: Transport> Connector<In> for HonestEnds {
    type Out = Watched<In>;

    fn connect(
        &self,
        details: &ConnectionDetails<'_>,
        chained: Option<In>,
    ) -> Result<Option<Self::Out>, Error> {
        let room = details.config.input_buffer_size();
        Ok(chained.map(|transport| Watched {
            transport,
            room,
            forwards: self.forwards,
            is_kept: false,
            has_answered: false,
        }))
    }
}

/// A connection that reports its ends.
#[derive(Debug)]
pub(crate) struct Watched<T> {
    transport: T,
    /// The size of its buffer in bytes, which never grows.
    room: usize,
    forwards: bool,
    /// Whether a response came on it before the last request.
    is_kept: bool,
    /// Whether anything has come since then.
    has_answered: bool,
}

/// The error of a kept connection that ended before any part of a response came.
#[derive(Debug)]
pub(crate) struct Stale(pub(crate) Error);

impl std::fmt::Display for Stale {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for Stale {}

/// Whether a request was sent on a connection that the site had closed: it can be sent again.
pub(crate) fn is_stale(error: &Error) -> bool {
    matches!(error, Error::Other(error) if error.is::<Stale>())
}

impl<T> Watched<T> {
    /// An end as another kind of error, which ureq does not take for the end of a page.
    fn or_stale(&self, error: Error) -> Error {
        match error {
            Error::Io(error) if is_end(error.kind()) && self.is_kept && !self.has_answered => {
                Error::Other(Box::new(Stale(error.into())))
            }
            Error::Io(error) if is_end(error.kind()) => Error::Other(error.into()),
            other => other,
        }
    }
}

impl<T: Transport> Transport for Watched<T> {
    fn buffers(&mut self) -> &mut dyn Buffers {
        self.transport.buffers()
    }

    fn transmit_output(&mut self, mut amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        const REQUEST: &[u8] = b"GET /";
        let output = self.transport.buffers().output();
        if self.forwards && output[..amount].starts_with(REQUEST) {
            output.copy_within(REQUEST.len()..amount, REQUEST.len() - 1);
            amount -= 1;
        }
        if self.has_answered {
            (self.is_kept, self.has_answered) = (true, false);
        }
        self.transport.transmit_output(amount, timeout).map_err(|error| self.or_stale(error))
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        let held = self.transport.buffers().input().len();
        // With a full buffer, nothing more can be read, and that looks like an end.
        if held >= self.room {
            return Err(Error::LargeResponseHeader(held, self.room));
        }
        let start = Instant::now();
        let came = self.transport.await_input(timeout);
        match came {
            Ok(true) => self.has_answered = true,
            // If a page's time is up, ureq closes its connection, which then looks like an end.
            Ok(false) if start.elapsed() >= *timeout.after => {
                return Err(Error::Timeout(timeout.reason));
            }
            // The end as ureq expects it.
            Ok(false) if self.is_kept && !self.has_answered => {
                return Err(self.or_stale(Error::Io(ErrorKind::UnexpectedEof.into())));
            }
            Ok(false) => {}
            Err(error) => return Err(self.or_stale(error)),
        }
        came
    }

    fn is_open(&mut self) -> bool {
        self.transport.is_open()
    }

    fn is_tls(&self) -> bool {
        self.transport.is_tls()
    }
}

fn is_end(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::UnexpectedEof
            | ErrorKind::BrokenPipe
            | ErrorKind::ConnectionAborted
            | ErrorKind::ConnectionReset
    )
}
