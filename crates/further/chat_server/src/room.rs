//! The rules of the chat, without a socket, a thread or a task: what a guest's bytes mean, and what the guest is told.
//!
//! Guests are strangers. Names and lines are bounded, no control character goes from one terminal to another, and a guest
//! who sends too fast is told so and then shown out.

use std::collections::HashSet;
use std::io;
use std::mem;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock};
use std::time::{Duration, Instant};

use harness::{is_order, lock};
use tokio::sync::broadcast::error::{RecvError, TryRecvError};
use tokio::sync::broadcast::{self, Receiver, Sender};
use tokio::time::timeout_at;

/// The channel keeps this many messages for readers that are behind.
pub(crate) const CAPACITY: usize = 64;
/// What a connection is told for which there is no room.
pub(crate) const FULL: &[u8] = b"* No room is left. Try again later.\n";
/// The last line that a guest is told.
pub(crate) const FAREWELL: &[u8] = b"* The server ends. Good-bye.\n";

/// The most bytes of a line, without its end; the rest is cut off.
const LONGEST_LINE: usize = 400;
/// A guest who sends more than this many bytes without a line's end is shown out.
const LONGEST_UNENDED: usize = 64 * 1024;
/// About how many bytes a guest is told in one write.
const MOST_AT_ONCE: usize = 4 * 1024;
/// The most characters of a name.
const LONGEST_NAME: usize = 16;
/// A guest may send this many lines at once,
const BURST: f64 = 10.0;
/// and this many a second for long.
const LINES_A_SECOND: f64 = 2.0;
/// A guest who sends this many lines in vain is shown out; a whole burst of patience makes up for them.
const MOST_IN_VAIN: u32 = 20;
/// How long a stranger may take to give a name. Nobody knows of a guest without one, but it takes a place.
pub(crate) const TIME_FOR_A_NAME: Duration = Duration::from_secs(30);
/// The last line for a guest who gave none.
const NAMELESS: &str = "* You gave no name. Good-bye.\n";

/// What is shared by all guests.
#[derive(Debug)]
pub(crate) struct Room {
    manners: Manners,
    /// `None` once the room is closed: then every receiver sees the end of the channel.
    messages: Mutex<Option<Sender<Arc<str>>>>,
    names: Mutex<HashSet<String>>,
    guests: AtomicUsize,
    /// Messages that guests sent.
    sent: AtomicU64,
    /// Messages that were taken out of the channel for a guest.
    delivered: AtomicU64,
    /// Messages that were gone before a guest could take them.
    missed: AtomicU64,
}

/// How guests treat each other.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Manners {
    /// The most guests at once.
    pub(crate) most_guests: usize,
    /// Whether all are told who comes and goes. Among C guests who come one by one these are C²/2 lines.
    pub(crate) announces: bool,
    /// Whether a guest may only send some lines a second.
    pub(crate) limits_rate: bool,
    /// How long a guest may take to give a name, if there is a limit.
    pub(crate) time_for_a_name: Option<Duration>,
}

/// A connection: at first without a name.
#[derive(Debug)]
pub(crate) struct Guest<'room> {
    room: &'room Room,
    /// Its messages wait for it, too.
    name: Arc<OnceLock<String>>,
    /// The line that has not ended yet, up to its longest length.
    line: Vec<u8>,
    /// How many bytes it really has.
    length: usize,
    /// How many lines it may send now, at the time of the last one.
    tokens: f64,
    last: Instant,
    in_vain: u32,
    /// Whether it was told that its lines are dropped, since the last one that was not.
    is_told: bool,
    has_to_go: bool,
    /// When it has to go if it has no name.
    until: Option<Instant>,
}

/// The end of the channel on which a guest receives.
#[derive(Debug)]
pub(crate) struct Messages {
    receiver: Receiver<Arc<str>>,
    /// The guest's name,
    name: Arc<OnceLock<String>>,
    /// and until when it may have none.
    until: Option<Instant>,
}

impl Room {
    /// An empty room.
    pub(crate) fn new(manners: Manners) -> Self {
        let messages = Mutex::new(Some(broadcast::channel(CAPACITY).0));
        let (names, guests, sent, delivered, missed) = Default::default();
        Self { manners, messages, names, guests, sent, delivered, missed }
    }

    /// A connection comes in; returns its guest, and the end of the channel on which it receives.
    /// `None` when the room is full or closed.
    pub(crate) fn enter(&self) -> Option<(Guest<'_>, Messages)> {
        // The guest leaves when it is dropped.
        let before = self.guests.fetch_add(1, Relaxed);
        let (line, now, name) = (Vec::new(), Instant::now(), Arc::<OnceLock<_>>::default());
        let (length, in_vain, is_told, has_to_go) = Default::default();
        let until = self.manners.time_for_a_name.map(|time| now + time);
        let guest = Guest {
            room: self,
            name: name.clone(),
            line,
            length,
            tokens: BURST,
            last: now,
            in_vain,
            is_told,
            has_to_go,
            until,
        };
        let receiver = self.listen().filter(|_| before < self.manners.most_guests)?;
        Some((guest, Messages { receiver, name, until }))
    }

    /// Everything that is said from now on; `None` when the room is closed.
    pub(crate) fn listen(&self) -> Option<Receiver<Arc<str>>> {
        self.messages().as_ref().map(Sender::subscribe)
    }

    /// A message goes to a guest, and with it those that follow in the channel: one write for all costs little more than one
    /// for each. Returns what that guest is told.
    pub(crate) fn delivers(&self, first: Arc<str>, more: &mut Messages) -> Arc<str> {
        let (mut told, mut many) = (String::new(), 1);
        while told.len() < MOST_AT_ONCE {
            match more.receiver.try_recv() {
                Ok(message) => {
                    told += &message;
                    many += 1;
                }
                Err(TryRecvError::Lagged(missed)) => told += &self.missed(missed),
                Err(_) => break,
            }
        }
        self.delivered.fetch_add(many, Relaxed);
        if told.is_empty() { first } else { (first.to_string() + &told).into() }
    }

    /// A guest was behind, and this many messages are gone: returns what that guest is told.
    pub(crate) fn missed(&self, many: u64) -> Arc<str> {
        self.missed.fetch_add(many, Relaxed);
        format!("* You missed {many} messages.\n").into()
    }

    /// How many connections there are.
    pub(crate) fn guests(&self) -> usize {
        self.guests.load(Relaxed)
    }

    /// What the server counted: messages sent, deliveries, and messages missed.
    pub(crate) fn counted(&self) -> [u64; 3] {
        [&self.sent, &self.delivered, &self.missed].map(|count| count.load(Relaxed))
    }

    /// Ends the chat: whoever has received all messages is told farewell.
    pub(crate) fn close(&self) {
        *self.messages() = None;
    }

    fn publish(&self, message: String) {
        if let Some(messages) = self.messages().as_ref() {
            // It fails if nobody is there to receive it.
            let _ = messages.send(message.into());
        }
    }

    fn messages(&self) -> MutexGuard<'_, Option<Sender<Arc<str>>>> {
        lock(&self.messages)
    }

    fn names(&self) -> MutexGuard<'_, HashSet<String>> {
        lock(&self.names)
    }
}

impl Messages {
    /// The next message, or after too long without a name the last one. It is as cancel-safe as the channel's own `recv`.
    pub(crate) async fn recv(&mut self) -> Result<Arc<str>, RecvError> {
        match self.until.filter(|_| self.name.get().is_none()) {
            None => self.receiver.recv().await,
            Some(until) => {
                let received = timeout_at(until.into(), self.receiver.recv()).await;
                received.unwrap_or_else(|_late| Ok(NAMELESS.into()))
            }
        }
    }

    /// The same for a thread. It knows no time limit: strangers are served by tasks only.
    pub(crate) fn blocking_recv(&mut self) -> Result<Arc<str>, RecvError> {
        self.receiver.blocking_recv()
    }
}

impl Guest<'_> {
    /// What a connection is told first.
    pub(crate) fn greeting(&self) -> Arc<str> {
        "* Welcome. Your name?\n".into()
    }

    /// The guest has sent these bytes, perhaps several lines, perhaps a part of one: returns what this guest alone is told
    /// (often nothing). What the others are told goes into the channel.
    ///
    /// # Errors
    /// No bytes are the end of the connection.
    pub(crate) fn says(&mut self, bytes: &[u8]) -> io::Result<Arc<str>> {
        if bytes.is_empty() {
            return Err(io::ErrorKind::ConnectionAborted.into());
        }
        let mut told = String::new();
        for &byte in bytes {
            if byte == b'\n' {
                if self.length > LONGEST_LINE {
                    told += &format!("* That line was cut: {LONGEST_LINE} bytes are the most.\n");
                }
                let line = printable(&self.line);
                (self.line, self.length) = (Vec::new(), 0);
                self.says_line(&line, &mut told);
            } else {
                self.length += 1;
                if self.length <= LONGEST_LINE {
                    self.line.push(byte);
                }
            }
        }
        if self.length > LONGEST_UNENDED {
            told += "* That line has no end. Good-bye.\n";
            self.has_to_go = true;
        }
        Ok(told.into())
    }

    /// The guest may stay.
    ///
    /// # Errors
    /// When it was told good-bye, or has been without a name for too long: its connection ends here, even if it never sends
    /// another byte.
    pub(crate) fn stays(&self) -> io::Result<()> {
        let is_late = |until| self.name.get().is_none() && until <= Instant::now();
        let has_to_go = self.has_to_go || self.until.is_some_and(is_late);
        if has_to_go { Err(io::ErrorKind::ConnectionAborted.into()) } else { Ok(()) }
    }

    fn says_line(&mut self, line: &str, told: &mut String) {
        if !self.may_send() {
            self.in_vain += 1;
            if self.in_vain == MOST_IN_VAIN {
                *told += "* Too fast. Good-bye.\n";
                self.has_to_go = true;
            } else if !mem::replace(&mut self.is_told, true) {
                *told += "* Too fast: your lines are dropped. Wait a little.\n";
            }
            return;
        }
        self.is_told = false;
        match self.name.get() {
            _ if line.is_empty() => {}
            Some(name) => {
                self.room.sent.fetch_add(1, Relaxed);
                self.room.publish(format!("{name}: {line}\n"));
            }
            None => match self.takes_name(line) {
                Ok(()) => {
                    *told += &format!("* You are {line}. Here: {}.\n", self.room.names().len())
                }
                Err(why) => *told += &format!("* {why} Another name?\n"),
            },
        }
    }

    fn takes_name(&mut self, name: &str) -> Result<(), &'static str> {
        let fits = |sign: char| sign.is_alphanumeric() || sign == '-' || sign == '_';
        if name.chars().count() > LONGEST_NAME || !name.chars().all(fits) {
            return Err("A name has up to 16 letters and digits.");
        }
        if !self.room.names().insert(name.to_lowercase()) {
            return Err("That name is taken.");
        }
        let _ = self.name.set(name.into()); // it has none yet
        if self.room.manners.announces {
            self.room.publish(format!("* {name} joined.\n"));
        }
        Ok(())
    }

    /// A bucket of tokens: each line takes one, and time brings new ones.
    fn may_send(&mut self) -> bool {
        if !self.room.manners.limits_rate {
            return true;
        }
        let since: Duration = self.last.elapsed();
        self.last += since;
        self.tokens = (self.tokens + since.as_secs_f64() * LINES_A_SECOND).min(BURST);
        if self.tokens >= BURST {
            self.in_vain = 0;
        }
        let may = self.tokens >= 1.0;
        self.tokens -= if may { 1.0 } else { 0.0 };
        may
    }
}

impl Drop for Guest<'_> {
    fn drop(&mut self) {
        self.room.guests.fetch_sub(1, Relaxed);
        if let Some(name) = self.name.get() {
            self.room.names().remove(&name.to_lowercase());
            if self.room.manners.announces {
                self.room.publish(format!("* {name} left.\n"));
            }
        }
    }
}

/// A line as text that no terminal obeys. What is no UTF-8 becomes `\u{fffd}`.
fn printable(line: &[u8]) -> String {
    String::from_utf8_lossy(line).replace(is_order, "").trim().into()
}

#[cfg(test)]
mod tests {
    use tokio::runtime::Builder;
    use tokio::time::timeout;

    use super::*;

    const STRICT: Manners = Manners {
        most_guests: 3,
        announces: true,
        limits_rate: true,
        time_for_a_name: Some(Duration::from_secs(60)),
    };

    #[test]
    fn no_terminal_gets_an_order() {
        assert_eq!(printable("\u{1b}[2J\u{7}a\tb\r\u{9b}31m\u{202e}c ".as_bytes()), "[2Jab31mc");
        assert_eq!(printable(b"caf\xc3\xa9 \xff\xfe"), "café \u{fffd}\u{fffd}");
    }

    fn received(messages: &mut Messages) -> Vec<String> {
        let text = || messages.receiver.try_recv().ok().map(|text| text.trim().into());
        std::iter::from_fn(text).collect()
    }

    #[test]
    fn a_name_is_free_and_short_and_free_again_when_its_guest_left() {
        let room = Room::new(STRICT);
        let (mut ann, mut heard) = room.enter().expect("there is room");
        let (mut other, _messages) = room.enter().expect("there is room");
        let says = |guest: &mut Guest<'_>, bytes: &[u8]| {
            guest.says(bytes).expect("it may stay").to_string()
        };
        assert_eq!(says(&mut ann, b"an"), "");
        assert_eq!(says(&mut ann, b"n\r\n"), "* You are ann. Here: 1.\n");
        assert_eq!(says(&mut other, b"ANN\n"), "* That name is taken. Another name?\n");
        for name in ["a b\n", "*ann\n", "12345678901234567\n", "ann:\n"] {
            assert!(says(&mut other, name.as_bytes()).starts_with("* A name has"), "{name}");
        }
        drop(ann);
        assert_eq!(says(&mut other, b"Ann\nhi\n"), "* You are Ann. Here: 1.\n");
        assert_eq!(
            received(&mut heard),
            ["* ann joined.", "* ann left.", "* Ann joined.", "Ann: hi"]
        );
    }

    #[test]
    fn a_line_is_bounded_whether_it_ends_or_not() {
        let room = Room::new(Manners { limits_rate: false, ..STRICT });
        let (mut ann, mut heard) = room.enter().expect("there is room");
        ann.says(b"ann\n").expect("a name");
        for length in [LONGEST_LINE, LONGEST_LINE + 1, LONGEST_UNENDED] {
            let told = ann.says(&vec![b'x'; length]).expect("it may stay");
            assert_eq!(&*told, "");
            let told = ann.says(b"\n").expect("it may stay");
            assert_eq!(told.contains("was cut"), length > LONGEST_LINE, "{told}");
        }
        let heard = received(&mut heard);
        assert_eq!(heard.len(), 4);
        assert!(heard[1..].iter().all(|line| line.len() == "ann: ".len() + LONGEST_LINE));
        let told = ann.says(&vec![b'x'; LONGEST_UNENDED + 1]).expect("it is told");
        assert_eq!(&*told, "* That line has no end. Good-bye.\n");
        ann.stays().expect_err("it has to go");
    }

    #[test]
    fn who_sends_too_fast_is_told_once_and_then_shown_out() {
        let room = Room::new(STRICT);
        let (mut ann, _messages) = room.enter().expect("there is room");
        let mut says = || ann.stays().and_then(|()| ann.says(b"ann\n"));
        let told: Vec<_> = (0..).map_while(|_| says().ok()).collect();
        let sent = room.sent.load(Relaxed);
        assert!((9..12).contains(&sent), "{sent}");
        assert_eq!(told.iter().filter(|told| told.contains("Wait a little")).count(), 1);
        assert!(told.len() < 32, "{}", told.len());
    }

    #[test]
    fn who_is_a_little_too_fast_for_long_is_shown_out_and_who_waits_is_forgiven() {
        let room = Room::new(STRICT);
        let (mut ann, _messages) = room.enter().expect("there is room");
        // Lines at ten a second: four of five are in vain, and those between them that are not excuse nothing.
        let mut says = |pause: u64| {
            ann.last = ann.last.checked_sub(Duration::from_millis(pause)).expect("a time");
            ann.says(b"ann\n").expect("it is open");
            (ann.in_vain, ann.has_to_go)
        };
        let lines = (0..1_000).position(|_| says(100).1).expect("it has to go");
        assert!((20..60).contains(&lines), "{lines}");

        let (mut bob, _messages) = room.enter().expect("there is room");
        let mut says = |pause: u64| {
            bob.last = bob.last.checked_sub(Duration::from_millis(pause)).expect("a time");
            bob.says(b"bob\n").expect("it is open");
            bob.in_vain
        };
        assert!((0..20).map(|_| says(0)).last() > Some(5));
        assert_eq!(says(5_000), 0, "a full bucket");

        // Whose lines are dropped again, after some that were not, is told again.
        let (mut eve, _messages) = room.enter().expect("there is room");
        let told: String = (0..12)
            .map(|_| eve.says(b"eve\n").expect("it is open"))
            .map(|it| it.to_string())
            .collect();
        eve.last = eve.last.checked_sub(Duration::from_secs(2)).expect("a time");
        let again: String = (0..6)
            .map(|_| eve.says(b"eve\n").expect("it is open"))
            .map(|it| it.to_string())
            .collect();
        assert_eq!([told, again].map(|told| told.matches("dropped").count()), [1, 1]);
    }

    #[test]
    fn who_gives_no_name_in_time_has_to_go_and_who_gives_one_may_be_silent() {
        let time = Duration::from_millis(50);
        let room = Room::new(Manners { time_for_a_name: Some(time), ..STRICT });
        let (silent, mut last) = room.enter().expect("there is room");
        let (mut ann, mut heard) = room.enter().expect("there is room");
        ann.says(b"ann\n").expect("a name");
        let event_loop = Builder::new_current_thread().enable_all().build().expect("a loop");
        event_loop.block_on(async {
            assert_eq!(last.recv().await.as_deref(), Ok("* ann joined.\n"));
            assert_eq!(last.recv().await.as_deref(), Ok(NAMELESS));
            silent.stays().expect_err("it is late");
            drop(silent);
            assert_eq!(room.guests(), 1);
            assert_eq!(heard.recv().await.as_deref(), Ok("* ann joined.\n"));
            timeout(4 * time, heard.recv()).await.expect_err("nobody speaks");
            ann.stays().expect("it has a name");
        });
    }

    #[test]
    fn a_full_room_and_a_closed_one_let_nobody_in() {
        let room = Room::new(STRICT);
        let guests: Vec<_> = (0..3).map(|_| room.enter().expect("there is room")).collect();
        assert!(room.enter().is_none(), "it is full");
        assert_eq!(room.guests(), 3);
        drop(guests);
        room.enter().expect("there is room again");
        room.close();
        assert!(room.enter().is_none(), "it is closed");
    }
}
