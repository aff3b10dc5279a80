//! Wrong on purpose: a queue without a bound for each client. Nobody misses anything, and memory grows.
//!
//! Run:     `cargo run -p chat_server --example unbounded_queues`
//! Watch:   the first row of the table misses nothing; the line above the summary says what that took.

use std::pin::pin;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::{io, net, thread, time::Duration};

use futures_util::future::{Either::Left, Either::Right, select};
use room::{FAREWELL, FULL, Room};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{broadcast::error::RecvError::Lagged, mpsc};
use tokio::{runtime::Builder, time::sleep};

#[path = "../src/clients.rs"]
mod clients;
#[path = "../src/crowd.rs"]
mod crowd;
#[path = "../src/room.rs"]
mod room;
#[path = "../src/threads.rs"]
mod threads;

/// After an accept that failed.
const PAUSE: Duration = Duration::from_millis(50);
/// The most bytes that waited for one client.
static LONGEST: AtomicUsize = AtomicUsize::new(0);

fn main() -> ExitCode {
    let lesson = harness::lesson!(Async).workers(10).sections(&["tasks", "threads"]);
    let (run, crowd) = lesson.start(crowd::Crowd);
    let event_loop = Builder::new_current_thread().enable_all().build();
    let event_loop = event_loop.expect("the system gives an event loop");
    if let Some((listener, room)) = crowd.comes(run, "tasks", usize::MAX) {
        let server = event_loop.spawn(serve(listener, room));
        event_loop.block_on(crowd.chats(run, room));
        server.abort();
        run.note(format!("The longest queue held {} bytes.", LONGEST.load(Relaxed)));
    }
    if let Some((listener, room)) = crowd.comes(run, "threads", threads::most()) {
        thread::spawn(|| threads::serve(listener, room));
        event_loop.block_on(crowd.chats(run, room));
    }
    crowd.status(run.finish())
}

async fn serve(listener: net::TcpListener, room: &'static Room) -> io::Result<()> {
    let listener = TcpListener::from_std(listener)?;
    loop {
        match listener.accept().await {
            Ok((socket, _)) => drop(tokio::spawn(converse(socket, room))),
            Err(_) => sleep(PAUSE).await, // no descriptor is left until somebody leaves
        }
    }
}

async fn converse(mut socket: TcpStream, room: &'static Room) -> io::Result<()> {
    let Some((mut guest, mut messages)) = room.enter() else { return socket.write_all(FULL).await };
    let (mut bytes, mut told) = ([0; 256], guest.greeting());
    let (mut socket, mut writer) = socket.into_split();
    let (queue, mut queued) = mpsc::unbounded_channel::<Arc<str>>();
    let waiting = Arc::new(AtomicUsize::new(0));
    let waits = waiting.clone();
    tokio::spawn(async move {
        while let Some(told) = queued.recv().await {
            writer.write_all(told.as_bytes()).await?;
            waits.fetch_sub(told.len(), Relaxed);
        }
        writer.write_all(FAREWELL).await
    });
    loop {
        // Wrong on purpose: this never waits, whether the client reads or not.
        let waits = waiting.fetch_add(told.len(), Relaxed) + told.len();
        LONGEST.fetch_max(waits, Relaxed);
        queue.send(told).map_err(io::Error::other)?;
        guest.stays()?;
        let first = match select(pin!(socket.read(&mut bytes)), pin!(messages.recv())).await {
            Left((read, _)) => Left(read?),
            Right((message, _)) => Right(message),
        };
        told = match first {
            Left(read) => guest.says(&bytes[..read])?,
            Right(Ok(message)) => room.delivers(message, &mut messages),
            Right(Err(Lagged(missed))) => room.missed(missed),
            Right(Err(_closed)) => return Ok(()),
        };
    }
}
