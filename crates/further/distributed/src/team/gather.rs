//! The first process awaits the others: who they are, whether they fit, and what their clocks show.

use std::io::{self, Write};
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream};
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::mpsc::{self, Sender};
use std::thread;
use std::time::{Duration, Instant};

use common::is_cancelled;
use harness::{INTERRUPTED, give_up, warn};
use serde_json::{Value, json};

use super::link::{Gone, Incoming, Link, Mesh, SOON, halves};
use super::options::{listen_at, reachable};
use super::records::{Clock, nanos};
use super::{Seat, Team, Work, locked, member, text};

/// The first words of each connection.
pub(super) const MAGIC: &str = "rust-concurrency-course/distributed";
/// The version of what the processes say to each other.
pub(super) const VERSION: u64 = 1;
/// What the others say after Ctrl-C.
pub(super) const ENDED: &str = "the first process was ended by Ctrl-C";
/// How often a clock is read.
const READINGS: usize = 16;
/// No more strangers are listened to at once.
const MOST_STRANGERS: usize = 64;

/// Whom the first process awaits.
pub(super) struct Awaited {
    pub(super) listener: TcpListener,
    /// Their addresses, if there is a file of them.
    pub(super) hosts: Option<Vec<SocketAddr>>,
    /// Whether they are started here.
    pub(super) are_children: bool,
    pub(super) wait: Duration,
}

/// What is said of a connection.
enum Came {
    /// A process has its seat.
    Seated,
    /// The run is impossible.
    Impossible(String),
    /// Something else connected.
    Stranger(String),
}

impl Team {
    /// Waits until all have come; ends the process if that takes too long, or one does not fit.
    pub(super) fn gather(self: &Arc<Self>, awaited: Awaited) {
        let Awaited { listener, hosts, are_children, wait } = awaited;
        let processes = locked(&self.seats).len();
        let run = fastrand::u64(..);
        let own = listener.local_addr().unwrap_or_else(|error| give_up(&error.to_string()));
        let data = listen_at((own.ip(), 0).into()).unwrap_or_else(|why| give_up(&why));
        if are_children {
            self.start_children(own, run);
        } else {
            greet(own, hosts.is_some(), processes);
        }
        thread::spawn({
            let team = self.clone();
            move || team.keep_alive()
        });
        let until = Instant::now() + wait;
        let (sender, came) = mpsc::channel();
        let strangers = Arc::new(AtomicUsize::new(0));
        let token = are_children.then_some(run);
        let _ = listener.set_nonblocking(true);
        let present = || locked(&self.seats).iter().flatten().count() + 1;
        while present() < processes {
            match listener.accept() {
                Ok((stream, _)) if strangers.load(SeqCst) < MOST_STRANGERS => {
                    self.clone().meet(stream, token, sender.clone(), strangers.clone());
                }
                _ => thread::sleep(Duration::from_millis(2)),
            }
            match came.try_recv() {
                Ok(Came::Impossible(why)) => self.lost(&why),
                Ok(Came::Stranger(why)) => warn(&why),
                Ok(Came::Seated) | Err(_) => {}
            }
            self.check_children();
            if is_cancelled() {
                self.interrupted();
            }
            if Instant::now() > until && present() < processes {
                self.lost(&self.missing(hosts.as_deref(), wait));
            }
        }
        let port = data.local_addr().map_or(0, |address| address.port());
        let seats = locked(&self.seats).clone();
        let addresses = seats.iter().map(|seat| match seat {
            Some(seat) => SocketAddr::new(seat.address, seat.port),
            None => SocketAddr::new(own.ip(), port),
        });
        let addresses: Vec<SocketAddr> = addresses.collect();
        let Work { number, calls, books } = self.work;
        let all: Vec<String> = addresses.iter().map(SocketAddr::to_string).collect();
        self.broadcast(
            &json!({ "welcome": { "run": run, "addresses": all, "work": [number, calls, books] } }),
        );
        let _ = self.mesh.set(Mesh { own: 0, addresses, listener: data, run });
        if !are_children {
            let team = self.clone();
            thread::spawn(move || team.refuse(&listener));
        }
    }

    fn start_children(&self, first: SocketAddr, token: u64) {
        for _ in 1..locked(&self.seats).len() {
            let child = processes::this_program_again(member::ROLE, &format!("{first} {token}"));
            let child = child.and_then(|mut command| command.stdout(Stdio::null()).spawn());
            match child {
                Ok(child) => locked(&self.children).push(child),
                Err(error) => self.lost(&format!("no other process can be started: {error}")),
            }
        }
    }

    /// A child that ends before the run does is lost.
    fn check_children(&self) {
        for child in locked(&self.children).iter_mut() {
            if let Ok(Some(status)) = child.try_wait() {
                self.lost(&format!("another process ended before it had come ({status})"));
            }
        }
    }

    fn interrupted(&self) -> ! {
        self.is_over.store(true, SeqCst);
        self.tell_all(ENDED);
        std::process::exit(INTERRUPTED.into())
    }

    fn missing(&self, hosts: Option<&[SocketAddr]>, wait: Duration) -> String {
        let seats = locked(&self.seats);
        let (came, all) = (seats.iter().flatten().count() + 1, seats.len());
        let missing = (1..all).filter(|place| seats[*place].is_none());
        let missing = missing.map(|place| match hosts {
            Some(hosts) => format!("process {} ({})", place + 1, hosts[place].ip()),
            None => format!("process {}", place + 1),
        });
        let missing = missing.collect::<Vec<_>>().join(", ");
        format!(
            "only {came} of {all} processes came within {} s; missing: {missing}",
            wait.as_secs_f64()
        )
    }

    /// Gets to know a connection on a thread of its own: a stranger may say nothing for a while.
    fn meet(
        self: Arc<Self>,
        stream: TcpStream,
        token: Option<u64>,
        came: Sender<Came>,
        strangers: Arc<AtomicUsize>,
    ) {
        strangers.fetch_add(1, SeqCst);
        thread::spawn(move || {
            let from = stream.peer_addr().map_or_else(|_| "somewhere".into(), |it| it.to_string());
            let told = match halves(stream).map(|(link, incoming)| self.seat(link, incoming, token))
            {
                Ok(came) => came,
                Err(error) => Came::Stranger(error.to_string()),
            };
            let _ = came.send(match told {
                Came::Stranger(why) => {
                    Came::Stranger(format!("passed over a connection from {from}: {why}"))
                }
                told => told,
            });
            strangers.fetch_sub(1, SeqCst);
        });
    }

    fn seat(self: Arc<Self>, link: Link, mut incoming: Incoming, token: Option<u64>) -> Came {
        let link = Arc::new(link);
        locked(&self.links).push(Arc::downgrade(&link));
        let hello = match incoming.next(Some(Instant::now() + SOON)) {
            Ok(hello) if hello["magic"] == MAGIC => hello,
            Ok(_) | Err(Gone::Nonsense) => {
                return Came::Stranger("it does not speak as this lesson".into());
            }
            Err(gone) => {
                return Came::Stranger(format!("{}, and it has not said who it is", gone.words()));
            }
        };
        let Ok(address) = incoming.peer() else {
            return Came::Stranger("it has no address".into());
        };
        if token.is_some_and(|token| hello["token"] != token) {
            return Came::Stranger("it was not started by this process".into());
        }
        let place = match self.place_for(&hello, address) {
            Ok(place) => place,
            Err(why) => {
                link.send(&json!({ "lost": why }));
                return Came::Impossible(why);
            }
        };
        link.send(&json!({ "seat": place, "of": locked(&self.seats).len() }));
        let answer = |incoming: &mut Incoming, name: &str| {
            let mut answer = incoming.next(Some(Instant::now() + SOON));
            let lost = |why: String| {
                Came::Impossible(format!("process {} at {address} is lost: {why}", place + 1))
            };
            match &mut answer {
                Ok(answer) => match (answer["failed"].as_str(), answer[name].as_u64()) {
                    (Some(why), _) => Err(Came::Impossible(why.into())),
                    (_, Some(number)) => Ok(number),
                    _ => Err(lost(Gone::Nonsense.words().into())),
                },
                Err(gone) => Err(lost(gone.words().into())),
            }
        };
        let port = match answer(&mut incoming, "port") {
            Ok(port) => u16::try_from(port).unwrap_or_default(),
            Err(came) => return came,
        };
        let mut clock = None::<Clock>;
        for _ in 0..READINGS {
            let asked = self.desk.started.elapsed();
            link.send(&json!("time"));
            let shown = match answer(&mut incoming, "time") {
                Ok(shown) => Duration::from_nanos(shown.min(nanos(Duration::from_secs(1 << 32)))),
                Err(came) => return came,
            };
            let reading = Clock::of(asked, self.desk.started.elapsed(), shown);
            clock = clock.filter(|clock| clock.within <= reading.within).or(Some(reading));
        }
        incoming.counts_silence = true;
        let seat = Seat { link, address, port, clock: clock.unwrap_or_default() };
        locked(&self.seats)[place] = Some(seat);
        thread::spawn(move || self.listen(place, incoming));
        Came::Seated
    }

    /// The place of a process that introduces itself; an error is why the run is impossible.
    fn place_for(&self, hello: &Value, address: IpAddr) -> Result<usize, String> {
        let version = &hello["version"];
        if *version != VERSION {
            return Err(format!(
                "a process at {address} speaks version {version} of this lesson's protocol, and this one version \
                 {VERSION}: all machines need the same course"
            ));
        }
        if hello["text"] != text::digest() {
            return Err(format!(
                "a process at {address} has another book: all machines need the same course"
            ));
        }
        let mut taken = locked(&self.taken);
        let Some(me) = hello["me"].as_u64().and_then(|me| usize::try_from(me).ok()) else {
            let free = (1..taken.len())
                .find(|place| !taken[*place])
                .ok_or("more processes came than were awaited")?;
            taken[free] = true;
            return Ok(free);
        };
        let Work { number, calls, books } = self.work;
        if hello["work"] != json!([taken.len(), number, calls, books]) {
            return Err(format!(
                "process {me} at {address} was started with other options: all need the same"
            ));
        }
        match taken.get_mut(me.saturating_sub(1)) {
            Some(is_taken) if !*is_taken && me > 1 => *is_taken = true,
            _ => {
                return Err(format!(
                    "process {me} came twice, the second time from {address}: each needs its own --me"
                ));
            }
        }
        Ok(me - 1)
    }

    /// Says to those that come too late that they do.
    fn refuse(&self, listener: &TcpListener) {
        while !self.is_over.load(SeqCst) {
            match listener.accept() {
                Ok((stream, _)) => {
                    let why =
                        format!("all {} processes have come already", locked(&self.seats).len());
                    if let Ok((link, _)) = halves(stream) {
                        link.send(&json!({ "lost": why }));
                    }
                }
                Err(_) => thread::sleep(Duration::from_millis(50)),
            }
        }
    }
}

/// Says what to type on the other machines.
fn greet(own: SocketAddr, has_file: bool, processes: usize) {
    if !own.ip().is_loopback() {
        warn(
            "trusted networks only: nothing here is encrypted, and everybody who reaches this port can join",
        );
    }
    let ip = if own.ip().is_unspecified() { reachable() } else { own.ip() };
    let others = processes - 1;
    let line = if has_file {
        format!("Waits for {others} more at {own}: the same command with --me 2 and so on.")
    } else {
        let port = own.port();
        format!(
            "Waits for {others} more. On each, type:\n\n    cargo run -p distributed -- --join {ip}:{port}\n"
        )
    };
    let _ = writeln!(io::stderr(), "{line}");
}
