//! The terminal: the progress bar, and the look of diagrams.

use std::env;
use std::io;
use std::time::Duration;

use console::Term;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle, TermLike};
use supports_unicode::supports_unicode;
use timeline::Look;

/// Room for the `^C` that a terminal echoes behind the bar. In the last columns it would continue on the next line,
/// which would then be cleared instead of the bar's.
const ROOM_FOR_CTRL_C: u16 = 2;

/// A Windows console may move to the next line as soon as the last column is written: the line's end would then add an
/// empty line below each row of a diagram.
const ROOM_FOR_LINE_END: u16 = if cfg!(windows) { 1 } else { 0 };

/// The largest width of a lesson's bar. If a terminal is made narrower, it breaks a line that no longer fits in two, and
/// only one of them is cleared: a bar that always fits leaves nothing behind.
pub(crate) const NARROW: u16 = 40;

/// The bar is redrawn at most this many times per second.
const HERTZ: u8 = 20;

/// The terminal of stderr, for the bar.
#[derive(Debug)]
struct Stderr {
    term: Term,
    /// The last column to use.
    most: u16,
}

/// Returns a bar with this many steps on the terminal of stderr, with room for a message, and no wider than this. It is
/// hidden if stderr is not a terminal, or one that can only print.
///
/// # Panics
/// Never: its template is well-formed.
pub fn progress_bar(steps: u64, most: u16) -> ProgressBar {
    let terminal = Term::buffered_stderr();
    if !terminal.is_term() || env::var_os("TERM").is_some_and(|term| term == "dumb") {
        return ProgressBar::hidden();
    }
    let target =
        ProgressDrawTarget::term_like_with_hz(Box::new(Stderr { term: terminal, most }), HERTZ);
    let bar = ProgressBar::with_draw_target(Some(steps), target);
    let look = ProgressStyle::with_template("{wide_bar:.cyan/blue} {pos}/{len} {elapsed} {msg}")
        .expect("the template is well-formed");
    let look = if supports_unicode() { look } else { look.progress_chars("#>-") };
    bar.set_style(look);
    bar.enable_steady_tick(Duration::from_millis(100)); // so that the elapsed time advances during a long call
    bar
}

/// How many cores this process may use.
pub fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// Whether a terminal obeys this character in place of showing it, or shows nothing: control characters, and those that
/// end a line, reverse it, or make one text look like another.
pub fn is_order(sign: char) -> bool {
    sign.is_control()
        || matches!(
            sign,
            '\u{ad}'
                | '\u{61c}'
                | '\u{180e}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e007f}'
        )
}

/// What stdout can show. If it is not a terminal, its output may still reach that of stderr (`| tail`); if that is not
/// one either, it gets this many columns.
pub fn look(columns_elsewhere: usize) -> Look {
    let size = Term::stdout().size_checked().or_else(|| Term::stderr().size_checked());
    Look {
        width: size.map_or(columns_elsewhere, |(_, columns)| {
            columns.saturating_sub(ROOM_FOR_LINE_END).into()
        }),
        unicode: supports_unicode(),
        colour: console::colors_enabled(),
    }
}

impl TermLike for Stderr {
    fn width(&self) -> u16 {
        TermLike::width(&self.term).min(self.most).saturating_sub(ROOM_FOR_CTRL_C).max(1)
    }
    fn height(&self) -> u16 {
        TermLike::height(&self.term)
    }
    fn move_cursor_up(&self, n: usize) -> io::Result<()> {
        self.term.move_cursor_up(n)
    }
    fn move_cursor_down(&self, n: usize) -> io::Result<()> {
        self.term.move_cursor_down(n)
    }
    fn move_cursor_right(&self, n: usize) -> io::Result<()> {
        self.term.move_cursor_right(n)
    }
    fn move_cursor_left(&self, n: usize) -> io::Result<()> {
        self.term.move_cursor_left(n)
    }
    fn write_line(&self, line: &str) -> io::Result<()> {
        self.term.write_line(line)
    }
    fn write_str(&self, text: &str) -> io::Result<()> {
        self.term.write_str(text)
    }
    fn clear_line(&self) -> io::Result<()> {
        self.term.clear_line()
    }
    fn flush(&self) -> io::Result<()> {
        self.term.flush()
    }
}
