//! What a download needs of an event loop, so that the same download runs on two of them.

use std::future::poll_fn;
use std::io::{self, ErrorKind};
use std::net::{SocketAddr, ToSocketAddrs};
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex};
use std::task::{Poll, Waker};
use std::thread;
use std::time::Duration;

use futures_util::future::join_all;
use harness::lock;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::runtime::Builder;

use crate::trace;

/// A future that the loop polls.
pub(crate) type Task<'run> = Pin<Box<dyn Future<Output = ()> + 'run>>;

/// All tasks of a run.
pub(crate) type Tasks<'run> = Vec<Task<'run>>;

/// Connections and times that a task can wait for.
pub(crate) trait Net {
    /// A connection.
    type Stream<'network>: Stream
    where
        Self: 'network;

    /// Connects to this address.
    async fn connect(&self, address: SocketAddr) -> io::Result<Self::Stream<'_>>;

    /// Ends after this time.
    async fn sleep(&self, time: Duration);
}

/// A connection that a task can wait for.
pub(crate) trait Stream {
    /// Reads some bytes; 0 means the end.
    async fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize>;

    /// Writes all of these bytes.
    async fn write_all(&mut self, bytes: &[u8]) -> io::Result<()>;
}

/// tokio's network.
pub(crate) struct Tokio;

impl Net for Tokio {
    type Stream<'network> = TcpStream;

    async fn connect(&self, address: SocketAddr) -> io::Result<TcpStream> {
        TcpStream::connect(address).await
    }

    async fn sleep(&self, time: Duration) {
        tokio::time::sleep(time).await;
    }
}

impl Stream for TcpStream {
    async fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        AsyncReadExt::read(self, buffer).await
    }

    async fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        AsyncWriteExt::write_all(self, bytes).await
    }
}

/// Runs all tasks on tokio's loop, on this thread.
pub(crate) fn run_all_on_tokio(tasks: Tasks<'_>) {
    let event_loop = Builder::new_current_thread().enable_all().build();
    event_loop.expect("the system gives an event loop").block_on(join_all(tasks));
}

// ANCHOR: in_time
/// Returns the page, or an error if the time has come first. The page is dropped then, with its connection.
pub(crate) async fn in_time<T>(
    page: impl Future<Output = io::Result<T>>,
    time: impl Future<Output = ()>,
) -> io::Result<T> {
    let (mut page, mut time) = (pin!(page), pin!(time));
    poll_fn(|context| match page.as_mut().poll(context) {
        Poll::Pending => time.as_mut().poll(context).map(|()| Err(ErrorKind::TimedOut.into())),
        arrived => arrived,
    })
    .await
}
// ANCHOR_END: in_time

/// Lets the other tasks have their turns: the task is woken at once, and so is the last on the ready list.
pub(crate) async fn yield_now() {
    let mut was_last = false;
    poll_fn(|context| {
        if was_last {
            return Poll::Ready(());
        }
        was_last = true;
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// Looks up the addresses of a host with its port. The system's call blocks, so a name has a thread of its own,
/// which wakes the task.
pub(crate) async fn look_up(host: String) -> io::Result<Vec<SocketAddr>> {
    if let Ok(address) = host.parse() {
        return Ok(vec![address]);
    }
    let shared = Arc::new(Mutex::new((None, None::<Waker>)));
    let of_thread = shared.clone();
    thread::Builder::new().spawn(move || {
        let found = host.to_socket_addrs().map(Iterator::collect);
        let mut shared = lock(&of_thread);
        shared.0 = Some(found);
        shared.1.take().inspect(Waker::wake_by_ref);
    })?;
    poll_fn(|context| {
        let mut shared = lock(&shared);
        if let Some(found) = shared.0.take() {
            return Poll::Ready(found);
        }
        trace::waits_for("another thread");
        shared.1 = Some(context.waker().clone());
        Poll::Pending
    })
    .await
}
