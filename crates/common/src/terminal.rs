//! Where the progress bar is drawn.

use std::io;

use console::Term;
use indicatif::{ProgressDrawTarget, TermLike};

/// A Ctrl-C is echoed as `^C` behind the bar. On the last columns it would go on to the next line, which
/// would then be cleared instead of the bar's.
const ROOM_FOR_CTRL_C: u16 = 2;

/// How often the bar is drawn anew at the most, per second.
const HERTZ: u8 = 20;

/// The terminal of stderr, as far as a bar needs it.
#[derive(Debug)]
struct Stderr(Term);

/// The terminal of stderr, for a bar; `None` where stderr is none.
pub(crate) fn stderr() -> Option<ProgressDrawTarget> {
    let terminal = Term::buffered_stderr();
    let target =
        || ProgressDrawTarget::term_like_with_hz(Box::new(Stderr(terminal.clone())), HERTZ);
    terminal.is_term().then(target)
}

impl TermLike for Stderr {
    fn width(&self) -> u16 {
        TermLike::width(&self.0).saturating_sub(ROOM_FOR_CTRL_C).max(1)
    }
    fn height(&self) -> u16 {
        TermLike::height(&self.0)
    }
    fn move_cursor_up(&self, n: usize) -> io::Result<()> {
        self.0.move_cursor_up(n)
    }
    fn move_cursor_down(&self, n: usize) -> io::Result<()> {
        self.0.move_cursor_down(n)
    }
    fn move_cursor_right(&self, n: usize) -> io::Result<()> {
        self.0.move_cursor_right(n)
    }
    fn move_cursor_left(&self, n: usize) -> io::Result<()> {
        self.0.move_cursor_left(n)
    }
    fn write_line(&self, line: &str) -> io::Result<()> {
        self.0.write_line(line)
    }
    fn write_str(&self, text: &str) -> io::Result<()> {
        self.0.write_str(text)
    }
    fn clear_line(&self) -> io::Result<()> {
        self.0.clear_line()
    }
    fn flush(&self) -> io::Result<()> {
        self.0.flush()
    }
}
