//! What a lesson tells the class's board, if its student joined one.
//!
//! Nothing is ever sent by a program whose folder has no file `.class`. `cargo run -p class -- join` writes that file, and
//! `cargo run -p class -- leave` removes it.
//!
//! There is no HTTP client here, since a lesson that computes must not build one: a [`post`] is one request on one
//! connection of the standard library.

mod membership;
mod message;
mod post;

pub use membership::{Membership, Place, VARIABLE, file, line_of, read_line, root, student};
pub use message::{LONGEST, Message, Outcome};
pub use post::{Answer, Site, Unreachable, post};

/// The path on the board's site to which a lesson sends its messages.
pub const RUNS: &str = "/class/runs";
/// The path on the board's site that makes a student of its caller.
pub const JOIN: &str = "/class/join";
/// The header with the student's token.
pub const TOKEN: &str = "x-class-student";
