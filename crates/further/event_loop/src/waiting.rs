//! The list of waiting tasks, and what they can wait for: a socket, a time, another thread.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashMap};
use std::future::poll_fn;
use std::io::{self, ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use mio::{Events, Interest, Token, net::TcpStream};

use crate::network::{Net, Stream, yield_now};
use crate::trace;

/// The number of the bell, which ends the loop's sleep, among those of the sockets.
const BELL: Token = Token(0);

/// The waiting tasks, by their wakers: each beside the socket or the time that it waits for.
pub(crate) struct Waiting {
    /// Ends the sleep of the loop, from any thread.
    pub(crate) bell: Arc<mio::Waker>,
    system: RefCell<mio::Poll>,
    sockets: RefCell<HashMap<Token, Waker>>,
    timers: RefCell<BTreeMap<(Instant, usize), Waker>>,
    /// Sockets and timers so far, from which each has its number.
    numbers: Cell<usize>,
}

impl Waiting {
    /// An empty list, whose bell rings: the first sleep ends at once, since the first tasks are ready.
    pub(crate) fn new() -> Self {
        let system = mio::Poll::new().expect("the system can watch sockets");
        let bell = mio::Waker::new(system.registry(), BELL).expect("the system can watch a bell");
        bell.wake().expect("the bell rings");
        Self {
            bell: Arc::new(bell),
            system: RefCell::new(system),
            sockets: RefCell::default(),
            timers: RefCell::default(),
            numbers: Cell::new(BELL.0),
        }
    }

    fn next_number(&self) -> usize {
        self.numbers.set(self.numbers.get() + 1);
        self.numbers.get()
    }

    // ANCHOR: add
    /// Puts a task on the list, which waits until this socket can be read or written.
    fn add(
        &self,
        number: Token,
        stream: &mut TcpStream,
        interest: Interest,
        waker: &Waker,
    ) -> io::Result<()> {
        let what = if interest.is_readable() { "read" } else { "write" };
        trace::waits_for(format_args!("socket {} (to {what})", number.0));
        self.sockets.borrow_mut().insert(number, waker.clone());
        self.system.borrow().registry().reregister(stream, number, interest)
    }
    // ANCHOR_END: add

    // ANCHOR: wake_some
    /// Sleeps until a socket is ready, a time has come or the bell rings. Wakes the tasks that waited for that.
    pub(crate) fn wake_some(&self) {
        let first = self.timers.borrow().keys().next().map(|&(time, _)| time);
        let at_most = first.map(|time| time.saturating_duration_since(Instant::now()));
        let mut events = Events::with_capacity(128);
        trace::asks();
        match self.system.borrow_mut().poll(&mut events, at_most) {
            Err(error) if error.kind() != ErrorKind::Interrupted => panic!("no sleep: {error}"),
            _ => {} // a signal such as Ctrl-C may interrupt it
        }
        for socket in events.iter().map(|event| event.token()) {
            if let Some(waker) = self.sockets.borrow_mut().remove(&socket) {
                trace::by(format_args!("socket {}", socket.0), || waker.wake());
            }
        }
        let now = Instant::now();
        while let Some(((_, timer), waker)) = self.first_before(now) {
            trace::by(format_args!("timer {timer}"), || waker.wake());
        }
    }
    // ANCHOR_END: wake_some

    /// Takes the first timer out, if its time has come.
    fn first_before(&self, now: Instant) -> Option<((Instant, usize), Waker)> {
        let mut timers = self.timers.borrow_mut();
        let first = timers.first_entry().filter(|timer| timer.key().0 <= now);
        first.map(|timer| timer.remove_entry())
    }
}

impl Net for Waiting {
    type Stream<'waiting> = Socket<'waiting>;

    async fn connect(&self, address: SocketAddr) -> io::Result<Socket<'_>> {
        let (mut stream, number) = (TcpStream::connect(address)?, Token(self.next_number()));
        self.system.borrow().registry().register(&mut stream, number, Interest::WRITABLE)?;
        let mut socket = Socket { stream, number, waiting: self, read_without_rest: 0 };
        socket.attempt(Interest::WRITABLE, |stream| is_connected(stream)).await?;
        Ok(socket)
    }

    async fn sleep(&self, time: Duration) {
        let timer = (Instant::now() + time, self.next_number());
        Sleep { timer, waiting: self }.await;
    }
}

/// A connection to which the loop comes back when the system says that it is ready.
pub(crate) struct Socket<'waiting> {
    stream: TcpStream,
    number: Token,
    waiting: &'waiting Waiting,
    /// Bytes that were read since the task last had to wait.
    read_without_rest: usize,
}

impl Socket<'_> {
    // ANCHOR: attempt
    /// Tries, and tries again each time that the socket may be ready. Between the attempts the task waits.
    async fn attempt<T>(
        &mut self,
        interest: Interest,
        mut operation: impl FnMut(&mut TcpStream) -> io::Result<T>,
    ) -> io::Result<T> {
        poll_fn(|context| match operation(&mut self.stream) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                self.waiting.add(self.number, &mut self.stream, interest, context.waker())?;
                Poll::Pending
            }
            done => Poll::Ready(done),
        })
        .await
    }
    // ANCHOR_END: attempt
}

/// Fails with `WouldBlock` as long as it is neither connected nor refused.
fn is_connected(stream: &TcpStream) -> io::Result<()> {
    if let Some(error) = stream.take_error()? {
        return Err(error);
    }
    match stream.peer_addr() {
        Err(error) if error.kind() == ErrorKind::NotConnected => Err(ErrorKind::WouldBlock.into()),
        other => other.map(|_| ()),
    }
}

impl Stream for Socket<'_> {
    async fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        /// A site that always has more to send must not keep the thread for its task.
        const REST: usize = 1 << 20;
        if self.read_without_rest >= REST {
            self.read_without_rest = 0;
            yield_now().await;
        }
        let bytes = self.attempt(Interest::READABLE, |stream| stream.read(buffer)).await?;
        self.read_without_rest += bytes;
        Ok(bytes)
    }

    async fn write_all(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            let written = self.attempt(Interest::WRITABLE, |stream| stream.write(bytes)).await?;
            bytes = &bytes[written..];
        }
        Ok(())
    }
}

impl Drop for Socket<'_> {
    /// A task that gives up no longer waits.
    fn drop(&mut self) {
        trace::gives_up(format_args!("socket {}", self.number.0));
        self.waiting.sockets.borrow_mut().remove(&self.number);
        // A socket that is closed is watched no longer, even if this fails.
        let _ = self.waiting.system.borrow().registry().deregister(&mut self.stream);
    }
}

// ANCHOR: sleep
/// Ends when its time has come.
struct Sleep<'waiting> {
    timer: (Instant, usize),
    waiting: &'waiting Waiting,
}

impl Future for Sleep<'_> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if Instant::now() >= self.timer.0 {
            return Poll::Ready(());
        }
        trace::waits_for(format_args!("timer {}", self.timer.1));
        self.waiting.timers.borrow_mut().insert(self.timer, context.waker().clone());
        Poll::Pending
    }
}

impl Drop for Sleep<'_> {
    fn drop(&mut self) {
        trace::gives_up(format_args!("timer {}", self.timer.1));
        self.waiting.timers.borrow_mut().remove(&self.timer);
    }
}
// ANCHOR_END: sleep
