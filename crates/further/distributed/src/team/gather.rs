//! The first process awaits the others: who they are, whether they fit, and what their clocks show.

use std::io::{self, Write};
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream};
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;
use std::thread;
use std::time::{Duration, Instant};

use common::is_cancelled;
use harness::{INTERRUPTED, give_up, lock, warn};
use serde_json::{Value, json};

use super::link::{Gone, Incoming, Mesh, SOON, TICK, WATCH, halves};
use super::options::{listen_at, reachable};
use super::records::{Clock, nanos};
use super::{Seat, Team, Work, member};

/// The first words of each connection.
pub(super) const MAGIC: &str = "rust-concurrency-course/distributed";
/// The version of what the processes say to each other.
pub(super) const VERSION: u64 = 2;
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

impl Team {
    /// Waits until all have come; ends the process if that takes too long, or one does not fit.
    pub(super) fn gather(self: &Arc<Self>, awaited: Awaited) {
        let Awaited { listener, hosts, are_children, wait } = awaited;
        let processes = lock(&self.seats).len();
        let run = fastrand::u64(..);
        let own = listener.local_addr().unwrap_or_else(|error| give_up(&error.to_string()));
        let data = listen_at((own.ip(), 0).into()).unwrap_or_else(|why| give_up(&why));
        if are_children {
            self.start_children(own, run);
        } else {
            greet(own, hosts.is_some(), processes);
        }
        let [keeper, host] = [self.clone(), self.clone()];
        thread::spawn(move || keeper.keep_alive());
        thread::spawn(move || host.meet_all(&listener, are_children.then_some(run)));
        let until = Instant::now() + wait;
        let present = || lock(&self.seats).iter().flatten().count() + 1;
        while present() < processes {
            thread::sleep(Duration::from_millis(2));
            self.check_children();
            if is_cancelled() {
                self.interrupted();
            }
            if Instant::now() > until && present() < processes {
                self.lost(&self.missing(hosts.as_deref(), wait));
            }
        }
        let port = data.local_addr().map_or(0, |address| address.port());
        let seats = lock(&self.seats).clone();
        let addresses = seats.iter().enumerate().map(|(place, seat)| match seat {
            Some(seat) => {
                // It may have come from another of its addresses.
                let host = hosts.as_ref().map(|hosts| hosts[place].ip());
                let host = host.filter(|host| !host.is_unspecified());
                SocketAddr::new(host.unwrap_or(seat.address), seat.port)
            }
            None => SocketAddr::new(own.ip(), port),
        });
        let addresses: Vec<SocketAddr> = addresses.collect();
        let Work { number, calls, books } = self.work;
        self.broadcast(&json!({ "welcome": (run, &addresses, [number, calls, books]) }));
        let mesh = self.mesh.get_or_init(|| Mesh { own: 0, addresses, listener: data, run });
        if !are_children {
            mesh.connect(WATCH).unwrap_or_else(|why| self.lost(&why));
            self.all_answer("watches");
        }
    }

    fn start_children(&self, first: SocketAddr, token: u64) {
        for _ in 1..lock(&self.seats).len() {
            let child = processes::this_program_again(member::ROLE, &format!("{first} {token}"));
            let child = child.and_then(|mut command| command.stdout(Stdio::null()).spawn());
            match child {
                Ok(child) => lock(&self.children).push(child),
                Err(error) => self.lost(&format!("no other process can be started: {error}")),
            }
        }
    }

    /// A child that ends before the run does is lost.
    fn check_children(&self) {
        let ended =
            lock(&self.children).iter_mut().find_map(|child| child.try_wait().ok().flatten());
        // The children are free again: the end of this process needs them.
        if let Some(status) = ended {
            self.lost(&format!("another process ended before it had come ({status})"));
        }
    }

    fn interrupted(&self) -> ! {
        self.is_over.store(true, SeqCst);
        self.tell_all(ENDED);
        std::process::exit(INTERRUPTED.into())
    }

    fn missing(&self, hosts: Option<&[SocketAddr]>, wait: Duration) -> String {
        let seats = lock(&self.seats);
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

    /// Gets to know each connection on a thread of its own: a stranger may say nothing for a while.
    fn meet_all(self: Arc<Self>, listener: &TcpListener, token: Option<u64>) {
        // Each of those threads has one more of it.
        let strangers = Arc::new(());
        loop {
            let is_full = Arc::strong_count(&strangers) > MOST_STRANGERS;
            // The others wait in the system's queue.
            let Some((stream, from)) = (!is_full).then(|| listener.accept().ok()).flatten() else {
                thread::sleep(Duration::from_millis(2));
                continue;
            };
            let (team, stranger) = (self.clone(), strangers.clone());
            thread::spawn(move || {
                let _stranger = stranger;
                let is_early = team.mesh.get().is_none();
                match team.meet(stream, token) {
                    Err(why) if is_early => {
                        warn(&format!("passed over a connection from {from}: {why}"));
                    }
                    _ => {}
                }
            });
        }
    }

    /// Gives a process its seat; an error is why the connection is passed over.
    fn meet(self: Arc<Self>, stream: TcpStream, token: Option<u64>) -> Result<(), String> {
        let met =
            halves(stream).and_then(|(link, incoming)| Ok((link, incoming.peer()?, incoming)));
        let (link, address, mut incoming) = met.map_err(|error| error.to_string())?;
        let link = Arc::new(link);
        lock(&self.links).push(Arc::downgrade(&link));
        let hello = match incoming.next(Some(Instant::now() + 4 * TICK)) {
            Ok(hello) if hello["magic"] == MAGIC => hello,
            Ok(_) | Err(Gone::Nonsense) => return Err("it does not speak as this lesson".into()),
            Err(_) => return Err("it has not said who it is".into()),
        };
        if token.is_some_and(|token| hello["token"] != token) {
            return Err("it was not started by this process".into());
        }
        let processes = lock(&self.seats).len();
        let place = self.place_for(&hello, address).unwrap_or_else(|why| self.lost(&why));
        let Some(place) = place else {
            let why = format!("all {processes} processes have come already");
            link.send(&json!({ "lost": why }));
            return Err(why);
        };
        let ask = |incoming: &mut Incoming, question: Value, name: &str| {
            link.send(&question);
            let answer = incoming.next(Some(Instant::now() + SOON));
            let answer = answer.unwrap_or_else(|gone| self.lost_process(place, address, gone));
            if let Some(why) = answer["failed"].as_str() {
                self.lost(why);
            }
            let number = answer[name].as_u64();
            number.unwrap_or_else(|| self.lost_process(place, address, Gone::Nonsense))
        };
        let port = ask(&mut incoming, json!({ "seat": place, "of": processes }), "port");
        let mut clock = None::<Clock>;
        for _ in 0..READINGS {
            let asked = self.desk.started.elapsed();
            let shown = ask(&mut incoming, json!("time"), "time");
            let shown = Duration::from_nanos(shown.min(nanos(Duration::from_secs(1 << 32))));
            let reading = Clock::of(asked, self.desk.started.elapsed(), shown);
            clock = clock.filter(|clock| clock.within <= reading.within).or(Some(reading));
        }
        incoming.counts_silence = true;
        let (port, clock) = (u16::try_from(port).unwrap_or_default(), clock.unwrap_or_default());
        lock(&self.seats)[place] = Some(Seat { link, address, port, clock });
        thread::spawn(move || self.listen(place, address, incoming));
        Ok(())
    }

    /// The place of a process that introduces itself, unless all have come; an error is why the run is impossible.
    fn place_for(&self, hello: &Value, address: IpAddr) -> Result<Option<usize>, String> {
        let mut taken = lock(&self.taken);
        let Some(free) = (1..taken.len()).find(|place| !taken[*place]) else { return Ok(None) };
        for (name, own) in self.start.identity() {
            let its = &hello[name];
            if *its != own {
                return Err(format!(
                    "a process at {address} has another {name} ({its}, not {own}): all machines need the same course"
                ));
            }
        }
        let me = hello["me"].as_u64().and_then(|me| usize::try_from(me).ok());
        let Work { number, calls, books } = self.work;
        if me.is_some() && hello["work"] != json!([taken.len(), number, calls, books]) {
            return Err(format!(
                "process {} at {address} was started with other options: all need the same",
                me.unwrap_or_default()
            ));
        }
        let place = me.map_or(free, |me| me.saturating_sub(1));
        match taken.get_mut(place) {
            Some(is_taken) if !*is_taken && place > 0 => *is_taken = true,
            _ => {
                return Err(format!(
                    "process {} came twice, the second time from {address}: each needs its own --me",
                    place + 1
                ));
            }
        }
        Ok(Some(place))
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
