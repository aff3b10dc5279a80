//! Solution: whoever comes in is told the last ten lines.
//!
//! Run:     `cargo run -p chat_server --example history -- --serve`
//! Watch:   say something, and come in again from another terminal.

use std::collections::VecDeque;
use std::pin::pin;
use std::process::ExitCode;
use std::sync::{Arc, Mutex};
use std::{io, net, thread, time::Duration};

use futures_util::future::{Either::Left, Either::Right, select};
use room::{FAREWELL, FULL, Room};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::{runtime::Builder, sync::broadcast::error::RecvError::Lagged, time::sleep};

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
/// The last ten lines.
static HISTORY: Mutex<VecDeque<Arc<str>>> = Mutex::new(VecDeque::new());

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
    tokio::spawn(remember(room));
    loop {
        match listener.accept().await {
            Ok((socket, _)) => drop(tokio::spawn(converse(socket, room))),
            Err(_) => sleep(PAUSE).await, // no descriptor is left until somebody leaves
        }
    }
}

/// It listens as all others do, but has no client.
async fn remember(room: &'static Room) {
    let Some(mut messages) = room.listen() else { return };
    loop {
        let message = match messages.recv().await {
            Ok(message) => message,
            Err(Lagged(_)) => continue, // what it missed is not in the history
            Err(_closed) => return,
        };
        let mut history = HISTORY.lock().expect("no task panics with it");
        history.push_back(message);
        if history.len() > 10 {
            history.pop_front();
        }
    }
}

async fn converse(mut socket: TcpStream, room: &'static Room) -> io::Result<()> {
    let Some((mut guest, mut messages)) = room.enter() else { return socket.write_all(FULL).await };
    let history: String =
        HISTORY.lock().expect("no task panics with it").iter().map(|it| &**it).collect();
    let (mut bytes, mut told) = ([0; 256], Arc::<str>::from(history + &guest.greeting()));
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
