//! Solution: a client that neither says nor hears anything for a while is shown out.
//!
//! Run:     `cargo run -p chat_server --example idle_guests -- --serve --idle 5`
//! Watch:   come in from another terminal, and say nothing.

use std::pin::pin;
use std::process::ExitCode;
use std::{io, net, thread, time::Duration};

use futures_util::future::{Either::Left, Either::Right, select};
use room::{FAREWELL, FULL, Room};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::{
    runtime::Builder, sync::broadcast::error::RecvError::Lagged, time::sleep, time::timeout,
};

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
const IDLE_TOO_LONG: &[u8] = b"* You were idle. Good-bye.\n";
const IDLE: harness::Number =
    harness::Number::new("idle", "SECONDS", "600", 1..=86_400, "How long a client may be idle");

fn main() -> ExitCode {
    let lesson = harness::lesson!(Async).workers(10).sections(&["tasks", "threads"]);
    let (run, (crowd, idle)) = lesson.start((crowd::Crowd, IDLE));
    let event_loop = Builder::new_current_thread().enable_all().build();
    let event_loop = event_loop.expect("the system gives an event loop");
    if let Some((listener, room)) = crowd.comes(run, "tasks", usize::MAX) {
        let server = event_loop.spawn(serve(listener, room, Duration::from_secs(*idle)));
        event_loop.block_on(crowd.chats(run, room));
        server.abort();
    }
    if let Some((listener, room)) = crowd.comes(run, "threads", threads::most()) {
        thread::spawn(|| threads::serve(listener, room));
        event_loop.block_on(crowd.chats(run, room));
    }
    crowd.status(run.finish())
}

async fn serve(listener: net::TcpListener, room: &'static Room, idle: Duration) -> io::Result<()> {
    let listener = TcpListener::from_std(listener)?;
    loop {
        match listener.accept().await {
            Ok((socket, _)) => drop(tokio::spawn(converse(socket, room, idle))),
            Err(_) => sleep(PAUSE).await, // no descriptor is left until somebody leaves
        }
    }
}

async fn converse(mut socket: TcpStream, room: &'static Room, idle: Duration) -> io::Result<()> {
    let Some((mut guest, mut messages)) = room.enter() else { return socket.write_all(FULL).await };
    let (mut bytes, mut told) = ([0; 256], guest.greeting());
    loop {
        // While its client does not read, this task waits here, and nobody else does.
        timeout(idle, socket.write_all(told.as_bytes())).await??;
        guest.stays()?;
        // When the time is up, both are dropped, and so no longer waited for.
        let first =
            match timeout(idle, select(pin!(socket.read(&mut bytes)), pin!(messages.recv()))).await
            {
                Ok(Left((read, _))) => Left(read?),
                Ok(Right((message, _))) => Right(message),
                Err(_idle) => return socket.write_all(IDLE_TOO_LONG).await,
            };
        told = match first {
            Left(read) => guest.says(&bytes[..read])?,
            Right(Ok(message)) => room.delivers(message, &mut messages),
            Right(Err(Lagged(missed))) => room.missed(missed),
            Right(Err(_closed)) => return socket.write_all(FAREWELL).await,
        };
    }
}
