//! The same chat with threads. The channel is the same, too: `blocking_recv` waits as `recv` does, but holds a thread.

use std::fs;
use std::io::{self, Read, Write};
use std::net::{Shutdown::Both, TcpListener, TcpStream};
use std::sync::Mutex;
use std::thread::{self, Builder};

use tokio::sync::broadcast::error::RecvError::Lagged;

use crate::PAUSE;
use crate::room::{FAREWELL, FULL, Room};

/// How many connections this system can carry. A thread takes four mappings of memory on Linux, which has a limit for them;
/// a thread that gets only some of its own ends the process.
pub(crate) fn most() -> usize {
    let mappings = fs::read_to_string("/proc/sys/vm/max_map_count").ok();
    mappings.and_then(|text| text.trim().parse::<usize>().ok()).map_or(usize::MAX, |most| most / 10)
}

// ANCHOR: threads
pub(crate) fn serve(listener: TcpListener, room: &'static Room) -> io::Result<()> {
    listener.set_nonblocking(false)?;
    for socket in listener.incoming() {
        let Ok(socket) = socket else {
            thread::sleep(PAUSE);
            continue;
        };
        // If the system has no thread left, the connection is closed.
        let _ = Builder::new().spawn(move || converse(&socket, room));
    }
    Ok(())
}

/// A thread can wait for one thing at a time, so a connection needs two.
fn converse(mut socket: &TcpStream, room: &Room) -> io::Result<()> {
    let Some((mut guest, mut messages)) = room.enter() else { return socket.write_all(FULL) };
    let (writer, mut bytes) = (Mutex::new(socket), [0; 256]);
    let tell = |told: &[u8]| writer.lock().expect("no thread panics with it").write_all(told);
    let listen = || loop {
        match messages.blocking_recv() {
            Ok(message) => tell(room.delivers(message, &mut messages).as_bytes())?,
            Err(Lagged(missed)) => tell(room.missed(missed).as_bytes())?,
            Err(_closed) => return tell(FAREWELL).and(socket.shutdown(Both)),
        }
    };
    thread::scope(|scope| {
        Builder::new().spawn_scoped(scope, listen)?;
        let mut speak = move || loop {
            let read = socket.read(&mut bytes)?;
            tell(guest.says(&bytes[..read])?.as_bytes())?;
            guest.stays()?;
        };
        let ended = speak();
        socket.shutdown(Both)?; // so that the other thread's next write fails
        ended
    })
}
// ANCHOR_END: threads
