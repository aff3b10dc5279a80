//! Connections whose ends are reported as they are.

use std::io::ErrorKind;

use ureq::Error;
use ureq::unversioned::transport::{Buffers, ConnectionDetails, Connector, NextTimeout, Transport};

/// To be chained after the connector that makes the connection.
///
/// While ureq reads a page, it takes a connection that is reset (or that ends without TLS saying so) for one
/// that was closed: a page that names no length would count as arrived, whatever came of it. An error of
/// another kind is handed on. So is a header that fills the buffer, which ureq takes for an end too.
#[derive(Debug)]
pub(crate) struct HonestEnds;

impl<In: Transport> Connector<In> for HonestEnds {
    type Out = Watched<In>;

    fn connect(
        &self,
        details: &ConnectionDetails<'_>,
        chained: Option<In>,
    ) -> Result<Option<Self::Out>, Error> {
        let room = details.config.input_buffer_size();
        Ok(chained.map(|transport| Watched { transport, room }))
    }
}

/// A connection with its ends.
#[derive(Debug)]
pub(crate) struct Watched<T> {
    transport: T,
    /// How many bytes its buffer holds: it never grows.
    room: usize,
}

impl<T: Transport> Transport for Watched<T> {
    fn buffers(&mut self) -> &mut dyn Buffers {
        self.transport.buffers()
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        self.transport.transmit_output(amount, timeout)
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        let held = self.transport.buffers().input().len();
        // Nothing more can be read then, and nothing read looks like an end.
        if held >= self.room {
            return Err(Error::LargeResponseHeader(held, self.room));
        }
        self.transport.await_input(timeout).map_err(|error| match error {
            Error::Io(error) if is_end(error.kind()) => Error::Other(error.into()),
            other => other,
        })
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
        ErrorKind::UnexpectedEof | ErrorKind::ConnectionAborted | ErrorKind::ConnectionReset
    )
}
