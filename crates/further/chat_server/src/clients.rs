//! The clients: the program itself, started again, as one process that holds all of them. So they share neither the
//! server's processor time nor its memory, and have descriptors of their own.
//!
//! The process that started them writes commands to its standard input: a number is a message to send, `end` asks for the
//! figures. It answers in lines: how many clients are in, the number of each message that all readers have received, and the
//! figures.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::process;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use futures_util::stream::{self, StreamExt};
use harness::lock;
use processes::{pass_over_ctrl_c, reserve_descriptors, role};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpSocket, TcpStream};
use tokio::runtime::Builder;
use tokio::sync::mpsc;
use tokio::time::timeout;

/// The environment variable that marks the clients' process: its value is port, readers, sleepers.
pub(crate) const ROLE: &str = "CHAT_CLIENTS";

/// The bytes of a message that a client sends, with its line's end.
const LENGTH: usize = 200;
/// How many clients come in at the same time: a system lets only so many wait at the door.
const AT_THE_DOOR: usize = 100;
/// The receive buffer of a client that does not read, in bytes. The larger it is, the later the server notices.
const SMALL_BUFFER: u32 = 16 * 1024;
/// How long a client that has woken up waits for a line before it sends one itself,
const NUDGE: Duration = Duration::from_millis(50);
/// and how long for all of them.
const PATIENCE: Duration = Duration::from_secs(10);
/// Delays are counted in steps of this many microseconds,
const STEP: u128 = 10;
/// up to ten seconds.
const STEPS: usize = 1_000_000;

type Lines = BufReader<OwnedReadHalf>;

/// What the clients have received.
struct Tally {
    readers: u64,
    /// The messages that not all readers have: when each was sent, and how many readers lack it.
    in_flight: BTreeMap<u64, (Instant, u64)>,
    /// How many deliveries took so many steps.
    delays: Vec<u32>,
    sent: u64,
    delivered: u64,
    missed: u64,
    is_over: bool,
}

/// In a process that was started as the clients: is them, and never returns. In any other: does nothing.
pub(crate) fn be_the_clients_if_asked() {
    let Some(value) = role(ROLE) else { return };
    let numbers: Vec<usize> = value.split(' ').filter_map(|it| it.parse().ok()).collect();
    let done = match numbers[..] {
        [port, readers, sleepers] => be_the_clients(port as u16, readers, sleepers),
        _ => Err(io::Error::other("no such clients")),
    };
    if let Err(error) = done {
        // Whoever started it may be gone already.
        let _ = writeln!(io::stdout(), "lost {error}");
    }
    process::exit(0)
}

fn be_the_clients(port: u16, readers: usize, sleepers: usize) -> io::Result<()> {
    pass_over_ctrl_c()?;
    reserve_descriptors(readers + sleepers);
    let (sender, commands) = mpsc::unbounded_channel();
    thread::Builder::new().spawn(move || {
        for line in io::stdin().lines().map_while(Result::ok) {
            let _ = sender.send(line);
        }
        process::exit(0) // whoever started it is gone, or has done with it
    })?;
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let event_loop = Builder::new_current_thread().enable_all().build()?;
    event_loop.block_on(chat(address, readers, sleepers, commands))
}

async fn chat(
    address: SocketAddr,
    readers: usize,
    sleepers: usize,
    mut commands: mpsc::UnboundedReceiver<String>,
) -> io::Result<()> {
    let come_in = |range: std::ops::Range<usize>, buffer| {
        let coming = stream::iter(range).map(move |number| comes_in(address, number, buffer));
        coming.buffer_unordered(AT_THE_DOOR).filter_map(async |client| client.ok()).collect()
    };
    let awake: Vec<(Lines, OwnedWriteHalf)> = come_in(0..readers, None).await;
    let asleep: Vec<(Lines, OwnedWriteHalf)> =
        come_in(readers..readers + sleepers, Some(SMALL_BUFFER)).await;
    let tally = Arc::new(Mutex::new(Tally::new(awake.len() as u64)));
    writeln!(io::stdout(), "in {} {}", awake.len(), asleep.len())?;
    let mut writers = Vec::new();
    for (lines, writer) in awake {
        writers.push(writer);
        tokio::spawn(reads(lines, tally.clone()));
    }
    while let Some(command) = commands.recv().await {
        match command.parse() {
            Ok(number) => {
                let many = writers.len().max(1);
                let Some(writer) = writers.get_mut(number as usize % many) else { continue };
                let text = format!("{:<1$}", format!("#{number} "), LENGTH - 2) + ".\n";
                lock(&tally).sends(number);
                writer.write_all(text.as_bytes()).await?;
            }
            Err(_) => break,
        }
    }
    let sent = lock(&tally).sent;
    for (lines, writer) in asleep {
        wakes_up(lines, writer, sent, &tally).await;
    }
    lock(&tally).says_its_figures()?;
    // The server closes the connections, and then the input ends.
    while commands.recv().await.is_some() {}
    Ok(())
}

/// Connects, and gives a name.
async fn comes_in(
    address: SocketAddr,
    number: usize,
    buffer: Option<u32>,
) -> io::Result<(Lines, OwnedWriteHalf)> {
    let socket = TcpSocket::new_v4()?;
    buffer.map_or(Ok(()), |size| socket.set_recv_buffer_size(size))?;
    let (reader, mut writer) = TcpStream::into_split(socket.connect(address).await?);
    let (mut lines, mut line) = (BufReader::with_capacity(2 * 1024, reader), String::new());
    writer.write_all(format!("client-{number}\n").as_bytes()).await?;
    while lines.read_line(&mut line).await? > 0 {
        if line.starts_with("* You are ") {
            return Ok((lines, writer));
        }
        line.clear();
    }
    Err(io::Error::other("refused"))
}

async fn reads(mut lines: Lines, tally: Arc<Mutex<Tally>>) {
    let mut line = String::new();
    while lines.read_line(&mut line).await.is_ok_and(|bytes| bytes > 0) {
        lock(&tally).hears(&line);
        line.clear();
    }
    if !lock(&tally).is_over {
        let _ = writeln!(io::stdout(), "lost a connection was closed");
        process::exit(0);
    }
}

/// A client that has not read for the whole chat, in which so many messages were sent, reads what is there.
async fn wakes_up(mut lines: Lines, mut writer: OwnedWriteHalf, sent: u64, tally: &Mutex<Tally>) {
    let (mut bytes, mut accounted, start) = (Vec::new(), 0, Instant::now());
    while accounted < sent && start.elapsed() < PATIENCE {
        // Half of a line stays in `bytes` when the time is up. `read_line` is not cancel-safe, and would lose it.
        match timeout(NUDGE, lines.read_until(b'\n', &mut bytes)).await {
            // The server's system asks ever more rarely whether there is room again. What this client sends tells it.
            Err(_late) => drop(writer.write_all(b"\n").await),
            Ok(Ok(many)) if many > 0 => {
                let line = String::from_utf8_lossy(&bytes);
                let (delivered, missed) = (u64::from(number(&line).is_some()), missed(&line));
                let mut tally = lock(tally);
                tally.delivered += delivered;
                tally.missed += missed;
                accounted += delivered + missed;
                bytes.clear();
            }
            Ok(_) => break,
        }
    }
}

impl Tally {
    fn new(readers: u64) -> Self {
        let (in_flight, delays) = (BTreeMap::new(), vec![0; STEPS]);
        Self { readers, in_flight, delays, sent: 0, delivered: 0, missed: 0, is_over: false }
    }

    fn sends(&mut self, number: u64) {
        self.sent += 1;
        self.in_flight.insert(number, (Instant::now(), self.readers));
    }

    /// A reader has received this line.
    fn hears(&mut self, line: &str) {
        if missed(line) > 0 {
            // There are fewer messages in flight than the server's channel holds.
            let _ =
                writeln!(io::stdout(), "lost a client that reads was told: {}", line.trim_end());
            process::exit(0);
        }
        let Some(number) = number(line) else { return };
        let Some((sent, lack)) = self.in_flight.get_mut(&number) else { return };
        let step = usize::try_from(sent.elapsed().as_micros() / STEP).unwrap_or(STEPS);
        self.delays[step.min(STEPS - 1)] += 1;
        self.delivered += 1;
        *lack -= 1;
        if *lack == 0 {
            self.in_flight.remove(&number);
            let _ = writeln!(io::stdout(), "{number}");
        }
    }

    /// Delivered, missed, and half and 99% of all delays in microseconds.
    fn says_its_figures(&mut self) -> io::Result<()> {
        self.is_over = true;
        let all: u64 = self.delays.iter().map(|many| u64::from(*many)).sum();
        let within = |part: f64| {
            let (mut seen, wanted) = (0, (all as f64 * part).ceil() as u64);
            let step = self.delays.iter().position(|many| {
                seen += u64::from(*many);
                seen >= wanted
            });
            (step.unwrap_or_default() as u128 + 1) * STEP
        };
        let (half, most) = (within(0.5), within(0.99));
        writeln!(io::stdout(), "end {} {} {half} {most}", self.delivered, self.missed)
    }
}

/// The number of the message that a line is: `client-3: #17 ...`.
fn number(line: &str) -> Option<u64> {
    line.split_once(": #")?.1.split(' ').next()?.parse().ok()
}

/// How many messages were missed, if a line says so.
fn missed(line: &str) -> u64 {
    let many = line.strip_prefix("* You missed ").and_then(|rest| rest.split(' ').next());
    many.and_then(|many| many.parse().ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncReadExt;
    use tokio::net::TcpListener;

    use super::*;

    /// The rest of a line comes only after the client has given up waiting for it once.
    #[test]
    fn a_line_that_comes_in_two_pieces_is_counted_as_one() {
        let chat = async {
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
            let client = TcpStream::connect(listener.local_addr()?).await?;
            let (mut server, _) = listener.accept().await?;
            let (reader, writer) = client.into_split();
            let tally = Arc::new(Mutex::new(Tally::new(0)));
            let its = tally.clone();
            let lines = BufReader::new(reader);
            let client = tokio::spawn(async move { wakes_up(lines, writer, 18, &its).await });
            for [piece, rest] in [["* You missed 1", "7 messages.\n"], ["ann: #", "18 .\n"]] {
                server.write_all(piece.as_bytes()).await?;
                assert_eq!(server.read_u8().await?, b'\n', "a nudge");
                server.write_all(rest.as_bytes()).await?;
            }
            client.await?;
            let tally = lock(&tally);
            assert_eq!((tally.missed, tally.delivered), (17, 1));
            io::Result::Ok(())
        };
        let event_loop = Builder::new_current_thread().enable_all().build();
        event_loop.expect("an event loop").block_on(chat).expect("a connection");
    }
}
