//! Connections: for control, a line of JSON a message; for data, the engine's own, of which the bytes are counted.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{IpAddr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};
use std::{mem, thread};

use harness::lock;
use serde_json::Value;
use timely::communication::allocator::zero_copy::stream::Stream;

/// Each process says this often that it lives.
pub(super) const TICK: Duration = Duration::from_millis(500);
/// One that was silent for this many ticks is lost. If this process itself was stopped for a while, that is one tick.
const TICKS: u32 = 10;
/// How long a new connection, or an answer in the handshake, may take.
pub(super) const SOON: Duration = Duration::from_secs(5);
/// The number of the connections by which processes watch each other, in place of a job's.
pub(super) const WATCH: u64 = u64::MAX;
/// No more connections of a job wait until they have greeted.
const MOST_COMERS: usize = 128;
/// No message is longer, so that a stranger cannot fill the memory.
const LONGEST: usize = 64 << 10;

/// The sending half of a control connection.
#[derive(Debug)]
pub(super) struct Link(Mutex<TcpStream>);

/// The receiving half.
#[derive(Debug)]
pub(super) struct Incoming {
    stream: TcpStream,
    bytes: Vec<u8>,
    /// Whether silence is a loss. A process of this machine is watched in another way.
    pub(super) counts_silence: bool,
}

/// Why no message comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Gone {
    Closed,
    Silent,
    Nonsense,
}

impl Gone {
    /// A sentence's end, about a process.
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Closed => "its connection is closed",
            Self::Silent => "it has been silent for 5 s",
            Self::Nonsense => "it sends nonsense",
        }
    }
}

/// Both halves of a connection.
pub(super) fn halves(stream: TcpStream) -> io::Result<(Link, Incoming)> {
    stream.set_nonblocking(false)?;
    stream.set_nodelay(true)?;
    stream.set_write_timeout(Some(SOON))?;
    stream.set_read_timeout(Some(TICK))?;
    let link = Link(Mutex::new(stream.try_clone()?));
    Ok((link, Incoming { stream, bytes: Vec::new(), counts_silence: true }))
}

impl Link {
    /// Sends a message. If it cannot be sent, the reader of this connection learns the reason.
    pub(super) fn send(&self, message: &Value) {
        let mut stream = lock(&self.0);
        if stream.write_all(format!("{message}\n").as_bytes()).is_err() {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

impl Incoming {
    /// The next message; without a limit of time, silence that is too long is one.
    pub(super) fn next(&mut self, limit: Option<Instant>) -> Result<Value, Gone> {
        let (mut silence, mut some) = (0, [0; 4096]);
        loop {
            if let Some(end) = self.bytes.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.bytes.drain(..=end).collect();
                let message = serde_json::from_slice(&line).map_err(|_| Gone::Nonsense)?;
                silence = 0;
                if message == Value::Null {
                    continue; // it lives
                }
                return Ok(message);
            }
            if self.bytes.len() > LONGEST {
                return Err(Gone::Nonsense);
            }
            match self.stream.read(&mut some) {
                Ok(0) => return Err(Gone::Closed),
                Ok(read) => self.bytes.extend(&some[..read]),
                Err(error) => match error.kind() {
                    ErrorKind::WouldBlock | ErrorKind::TimedOut => silence += 1,
                    ErrorKind::Interrupted => {}
                    _ => return Err(Gone::Closed),
                },
            }
            let is_over = limit.is_some_and(|limit| Instant::now() > limit);
            if is_over || self.counts_silence && silence >= TICKS {
                return Err(Gone::Silent);
            }
        }
    }

    /// The address of the other process.
    pub(super) fn peer(&self) -> io::Result<IpAddr> {
        self.stream.peer_addr().map(|address| address.ip().to_canonical())
    }

    /// The address by which the other process knows this one.
    pub(super) fn own(&self) -> io::Result<IpAddr> {
        self.stream.local_addr().map(|address| address.ip())
    }
}

/// The bytes that this process has sent to others over its data connections.
static SENT: AtomicU64 = AtomicU64::new(0);

/// The bytes sent so far.
pub(super) fn sent() -> u64 {
    SENT.load(Relaxed)
}

/// A data connection, which counts.
#[derive(Debug)]
pub(super) struct Counted(pub(super) TcpStream);

impl Read for Counted {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        self.0.read(bytes)
    }
}

impl Write for Counted {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.0.write(bytes)?;
        SENT.fetch_add(written as u64, Relaxed);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

impl Stream for Counted {
    fn try_clone(&self) -> io::Result<Self> {
        self.0.try_clone().map(Self)
    }

    fn set_nonblocking(&self, nonblocking: bool) -> io::Result<()> {
        self.0.set_nonblocking(nonblocking)
    }

    fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        self.0.shutdown(how)
    }
}

/// What all processes of a run know of each other.
#[derive(Debug)]
pub(super) struct Mesh {
    /// The place of this process, from 0.
    pub(super) own: usize,
    /// Where each process takes data connections.
    pub(super) addresses: Vec<SocketAddr>,
    pub(super) listener: TcpListener,
    /// A number by which a run's own connections are known: no secret, but a stranger's connection is passed over.
    pub(super) run: u64,
}

impl Mesh {
    /// Connects this process with each other one, for a job. All processes do that at the same time: each
    /// connects to those before it, and takes the connections of those behind it.
    ///
    /// # Errors
    /// A sentence.
    pub(super) fn connect(&self, job: u64) -> Result<Vec<Option<Counted>>, String> {
        let mut sockets: Vec<Option<Counted>> = self.addresses.iter().map(|_| None).collect();
        for (place, address) in self.addresses.iter().enumerate().take(self.own) {
            let greet = || {
                let mut stream = TcpStream::connect_timeout(address, SOON)?;
                stream.set_nodelay(true)?;
                let greeting = [self.run, job, self.own as u64].map(u64::to_be_bytes);
                stream.write_all(greeting.as_flattened())?;
                Ok(Counted(stream))
            };
            let failed = |error: io::Error| {
                let (own, place) = (self.own + 1, place + 1);
                format!("process {own} cannot connect to process {place} at {address}: {error}")
            };
            sockets[place] = Some(greet().map_err(failed)?);
        }
        let until = Instant::now() + 2 * SOON;
        self.listener.set_nonblocking(true).map_err(|error| error.to_string())?;
        let mut comers = Vec::new();
        while let Some(missing) = (self.own + 1..sockets.len()).find(|at| sockets[*at].is_none()) {
            if Instant::now() > until {
                let (own, missing) = (self.own + 1, missing + 1);
                return Err(format!("process {missing} has not connected to process {own}"));
            }
            match self.listener.accept() {
                Ok((stream, _)) => comers.push(stream),
                Err(_) => thread::sleep(Duration::from_micros(200)),
            }
            if comers.len() > MOST_COMERS {
                comers.remove(0);
            }
            // A stranger that says little or nothing keeps nobody waiting.
            for stream in mem::take(&mut comers) {
                match self.greeting(&stream, job) {
                    Ok(place) => sockets[place] = Some(Counted(stream)),
                    Err(error) if error.kind() == ErrorKind::WouldBlock => comers.push(stream),
                    Err(_) => {} // a stranger's connection is closed
                }
            }
        }
        Ok(sockets)
    }

    /// Who has connected, once the whole greeting is there.
    fn greeting(&self, mut stream: &TcpStream, job: u64) -> io::Result<usize> {
        stream.set_nonblocking(true)?;
        stream.set_nodelay(true)?;
        let mut numbers = [[0; 8]; 3];
        let greeting = numbers.as_flattened_mut();
        if (1..greeting.len()).contains(&stream.peek(greeting)?) {
            return Err(ErrorKind::WouldBlock.into());
        }
        stream.read_exact(greeting)?;
        let [run, its_job, place] = numbers.map(u64::from_be_bytes);
        let place = usize::try_from(place).unwrap_or(usize::MAX);
        let is_awaited = place > self.own && place < self.addresses.len();
        if run == self.run && its_job == job && is_awaited {
            Ok(place)
        } else {
            Err(ErrorKind::InvalidData.into())
        }
    }
}
