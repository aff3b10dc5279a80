//! The keys: a person's on the terminal, or played from a text where there is none. In both cases a thread notes when a key
//! comes, and puts it into a queue, as the window system does for a program with windows. It is the stopwatch of this
//! lesson: it answers nothing.

use std::io;
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use harness::{give_up, lock};

/// The time from one played key to the next.
const EVERY: Duration = Duration::from_millis(200);

/// A key that was pressed.
#[derive(Clone, Debug)]
pub(crate) struct Key {
    /// The letter, or the name on the key.
    pub(crate) name: String,
    /// When the thread of the keyboard received it.
    pub(crate) pressed: Instant,
}

/// Where the keys come from.
#[derive(Debug)]
pub(crate) enum Keyboard {
    /// A person's keyboard, and the part of the lesson that receives its keys.
    Terminal(Arc<Mutex<Option<Sender<Key>>>>),
    /// The letters of a text, over and over.
    Played(String),
}

impl Key {
    /// Whether it asks for an end of the computation.
    pub(crate) fn cancels(&self) -> bool {
        ["c", "Esc"].contains(&self.name.as_str())
    }
}

impl Keyboard {
    /// Reads the keys of the terminal from now on, on a thread that lives as long as the program. The terminal is as before
    /// when the second value is dropped.
    ///
    /// # Errors
    /// When the terminal does not hand over single keys.
    pub(crate) fn of_the_terminal() -> io::Result<(Self, Quiet)> {
        let settings = Settings::begin()?;
        let quiet = Quiet(settings.clone());
        let at_exit = Quiet(settings.clone());
        harness::before_exit(move || drop(at_exit));
        let receiver = Arc::<Mutex<Option<Sender<Key>>>>::default();
        let current = receiver.clone();
        start("keyboard", move || {
            // If the terminal is gone, there are no more keys: the lesson goes on without.
            let _ = settings.read_keys(|name| {
                let key = Key { name, pressed: Instant::now() };
                if let Some(receiver) = &*lock(&current) {
                    let _ = receiver.send(key);
                }
            });
        });
        Ok((Self::Terminal(receiver), quiet))
    }

    /// The keys that come from now on. Earlier receivers get no more.
    pub(crate) fn keys(&self) -> Receiver<Key> {
        let (sender, keys) = mpsc::channel();
        match self {
            Self::Terminal(receiver) => *lock(receiver) = Some(sender),
            // After Ctrl-C no part begins.
            Self::Played(_) if common::is_cancelled() => {}
            Self::Played(text) => {
                let (text, begun) = (text.clone(), Instant::now());
                start("player", move || {
                    for (letter, number) in text.chars().cycle().zip(0..) {
                        thread::sleep((EVERY * number).saturating_sub(begun.elapsed()));
                        let key = Key { name: name(letter), pressed: Instant::now() };
                        if sender.send(key).is_err() {
                            return; // its part of the lesson has ended
                        }
                    }
                });
            }
        }
        keys
    }
}

fn start(thread: &str, work: impl FnOnce() + Send + 'static) {
    if let Err(error) = thread::Builder::new().name(thread.into()).spawn(work) {
        give_up(&format!("the system does not let this process start a thread: {error}"));
    }
}

/// The name of a key that sends this character.
fn name(letter: char) -> String {
    match letter {
        ' ' => "space".into(),
        '\n' | '\r' => "Enter".into(),
        '\t' => "Tab".into(),
        '\u{1b}' => "Esc".into(),
        '\u{8}' | '\u{7f}' => "Backspace".into(),
        '\0'..='\u{1f}' => format!("Ctrl-{}", (letter as u8 + b'@') as char),
        letter => letter.to_string(),
    }
}

/// A key that sends no character.
const SPECIAL: &str = "special";

/// Whether a person sits at the terminal.
pub(crate) fn is_there() -> bool {
    use io::IsTerminal;
    let is_dumb = std::env::var_os("TERM").is_some_and(|name| name == "dumb");
    let are_terminals =
        io::stdin().is_terminal() && io::stdout().is_terminal() && io::stderr().is_terminal();
    are_terminals && !is_dumb && terminal::is_ours()
}

/// Keeps the terminal in the settings of the lesson, and then puts back those from before.
pub(crate) struct Quiet(Settings);

impl Drop for Quiet {
    fn drop(&mut self) {
        self.0.put_back();
    }
}

use terminal::Settings;

/// On Unix a terminal collects a line, echoes it, and hands it over at its end, unless it is told otherwise.
#[cfg(unix)]
mod terminal {
    use std::io::{self, ErrorKind, Read};
    use std::thread;
    use std::time::Duration;

    use nix::sys::signal::{Signal, kill};
    use nix::sys::termios::SpecialCharacterIndices::{VMIN, VQUIT, VSUSP, VTIME};
    use nix::sys::termios::{_POSIX_VDISABLE, LocalFlags, SetArg, Termios, tcgetattr, tcsetattr};
    use nix::unistd::{Pid, getpgrp, tcgetpgrp};

    const CTRL_Z: u8 = 0x1a;
    const CTRL_BACKSLASH: u8 = 0x1c;

    /// The settings of the terminal from before.
    #[derive(Clone)]
    pub(super) struct Settings(Termios);

    impl Settings {
        /// From now on the terminal hands over each key at once, and echoes none. Ctrl-C remains what it is.
        ///
        /// # Errors
        /// When the terminal does not accept it.
        pub(super) fn begin() -> io::Result<Self> {
            let before = tcgetattr(io::stdin())?;
            be_quiet()?;
            Ok(Self(before))
        }

        /// Sets the terminal as it was. One that is gone needs nothing.
        pub(super) fn put_back(&self) {
            let _ = tcsetattr(io::stdin(), SetArg::TCSANOW, &self.0);
        }

        /// Calls this with the name of each key, until the terminal is gone.
        ///
        /// # Errors
        /// When it cannot be read.
        pub(super) fn read_keys(&self, mut press: impl FnMut(String)) -> io::Result<()> {
            let mut bytes = [0; 64];
            loop {
                let keys = match io::stdin().read(&mut bytes) {
                    Ok(0) => return Ok(()),
                    Ok(many) => &bytes[..many],
                    Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                    Err(error) => return Err(error),
                };
                // Several keys may have come since the last look.
                for keys in keys.chunk_by(|one, next| ![*one, *next].iter().any(leaves)) {
                    match keys {
                        [CTRL_Z] => self.leave(Signal::SIGTSTP)?,
                        [CTRL_BACKSLASH] => self.leave(Signal::SIGQUIT)?,
                        keys => names(keys).into_iter().for_each(&mut press),
                    }
                }
            }
        }

        /// Stops or ends all processes in the foreground, as the terminal would, but gives it back as it was. Returns when
        /// this one goes on.
        fn leave(&self, signal: Signal) -> nix::Result<()> {
            self.put_back();
            kill(Pid::from_raw(0), signal)?;
            // The signal may be delivered to another thread, and stop this one a moment later.
            thread::sleep(Duration::from_millis(100));
            be_quiet()
        }
    }

    fn leaves(key: &u8) -> bool {
        [CTRL_Z, CTRL_BACKSLASH].contains(key)
    }

    fn be_quiet() -> nix::Result<()> {
        let mut settings = tcgetattr(io::stdin())?;
        settings.local_flags &= !(LocalFlags::ICANON | LocalFlags::ECHO | LocalFlags::IEXTEN);
        for (index, value) in [
            (VMIN, 1),
            (VTIME, 0),
            // They would stop or end this process with these settings: `read_keys` does it in good order.
            (VSUSP, _POSIX_VDISABLE),
            (VQUIT, _POSIX_VDISABLE),
        ] {
            settings.control_chars[index as usize] = value;
        }
        tcsetattr(io::stdin(), SetArg::TCSANOW, &settings)
    }

    /// Whether this process is in the terminal's foreground. Another one would be stopped if it read keys.
    pub(super) fn is_ours() -> bool {
        tcgetpgrp(io::stdin()).is_ok_and(|foreground| foreground == getpgrp())
    }

    /// The names of the keys that sent these bytes, which came together.
    fn names(bytes: &[u8]) -> Vec<String> {
        let text = String::from_utf8_lossy(bytes);
        match text.strip_prefix('\u{1b}') {
            Some(rest) if !rest.is_empty() => vec![super::SPECIAL.into()],
            _ => text.chars().map(super::name).collect(),
        }
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn keys_have_names() {
            let named = |bytes: &[u8]| names(bytes).join(",");
            assert_eq!(named(b"a c\r\n\t\x7f\x01"), "a,space,c,Enter,Enter,Tab,Backspace,Ctrl-A");
            assert_eq!(named("é漢".as_bytes()), "é,漢");
            assert_eq!(named(b"\x1b"), "Esc");
            // An arrow, F5, Alt-c: none of them is Esc or `c`.
            for special in [&b"\x1b[A"[..], b"\x1bOA", b"\x1b[15~", b"\x1bc"] {
                assert_eq!(named(special), super::super::SPECIAL);
            }
            assert_eq!(names(b"\xff\xfe").len(), 2);
        }
    }
}

/// Windows tells each key as it is, and sets nothing in the console.
#[cfg(not(unix))]
mod terminal {
    use std::io;

    use console::{Key, Term};

    #[derive(Clone)]
    pub(super) struct Settings;

    impl Settings {
        pub(super) fn begin() -> io::Result<Self> {
            Ok(Self)
        }

        pub(super) fn put_back(&self) {}

        pub(super) fn read_keys(&self, mut press: impl FnMut(String)) -> io::Result<()> {
            loop {
                press(match Term::stdout().read_key()? {
                    Key::Char(letter) => super::name(letter),
                    Key::Enter => super::name('\n'),
                    Key::Escape => super::name('\u{1b}'),
                    Key::Backspace => super::name('\u{8}'),
                    Key::Tab => super::name('\t'),
                    _ => super::SPECIAL.into(),
                });
            }
        }
    }

    pub(super) fn is_ours() -> bool {
        true
    }
}
