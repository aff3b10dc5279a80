//! A chat for thousands: a task for each connection, which waits for its client and for all others at once.
//!
//! Mirrors: `asyncio.start_server`, with an `asyncio.Queue(maxsize=64)` for each client.
//! Run:     `cargo run -p chat_server`
//! Watch:   the second table: what a connection costs as a task, and as threads.
//! Try:     `--serve`, and in two other terminals `nc 127.0.0.1 7000`: say something.

use std::pin::pin;
use std::process::ExitCode;
use std::{io, net, thread, time::Duration};

use futures_util::future::{Either::Left, Either::Right, select};
use room::{FAREWELL, FULL, Room};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::{runtime::Builder, sync::broadcast::error::RecvError::Lagged, time::sleep};

mod clients;
mod crowd;
mod room;
mod threads;

/// After an accept that failed.
const PAUSE: Duration = Duration::from_millis(50);

fn main() -> ExitCode {
    let lesson = harness::lesson!(Async).workers(10).sections(&["tasks", "threads"]);
    let (run, crowd) = lesson.start(crowd::Crowd);
    let event_loop = Builder::new_current_thread().enable_all().build();
    let event_loop = event_loop.expect("the system gives an event loop");
    if let Some((listener, room)) = crowd.comes(run, "tasks", usize::MAX) {
        let server = event_loop.spawn(serve(listener, room));
        event_loop.block_on(crowd.chats(run, room));
        server.abort();
    }
    if let Some((listener, room)) = crowd.comes(run, "threads", threads::most()) {
        thread::spawn(|| threads::serve(listener, room));
        event_loop.block_on(crowd.chats(run, room));
    }
    crowd.status(run.finish())
}

// ANCHOR: tasks
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
    loop {
        // While its client does not read, this task waits here, and nobody else does.
        socket.write_all(told.as_bytes()).await?;
        guest.stays()?;
        let first = match select(pin!(socket.read(&mut bytes)), pin!(messages.recv())).await {
            Left((read, _)) => Left(read?),
            Right((message, _)) => Right(message),
        };
        told = match first {
            Left(read) => guest.says(&bytes[..read])?,
            Right(Ok(message)) => room.delivers(message, &mut messages),
            Right(Err(Lagged(missed))) => room.missed(missed),
            Right(Err(_closed)) => return socket.write_all(FAREWELL).await,
        };
    }
}
// ANCHOR_END: tasks
