//! Wrong on purpose: a lock is held while a line is written, so one client that does not read stops all others.
//!
//! Run:     `cargo run -p chat_server --example under_a_lock`
//! Watch:   it hangs, and says so after a while. With `--asleep 0` it does not: every client reads.

use std::pin::pin;
use std::process::ExitCode;
use std::{io, net, thread, time::Duration};

use futures_util::future::{Either::Left, Either::Right, select};
use room::{FAREWELL, FULL, Room};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Mutex, broadcast::error::RecvError::Lagged};
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
/// One writes at a time.
static TURN: Mutex<()> = Mutex::const_new(());

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
        // Wrong on purpose: while its client does not read, this task waits here with the lock.
        let turn = TURN.lock().await;
        socket.write_all(told.as_bytes()).await?;
        drop(turn);
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
