//! The file that remembers the class.

use std::env;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Value, json};

use crate::{JOIN, Message, RUNS, Site, post};

/// The environment variable with the path of the file, in place of `.class` in the course's folder. Empty: no class.
pub const VARIABLE: &str = "CLASS";

/// A student's membership of a class.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Membership {
    /// The nickname on the board.
    pub nickname: String,
    /// Where messages go.
    pub place: Place,
    /// Whether the student has seen what is sent.
    pub shown: bool,
}

/// Where messages go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// To a board, with the secret token of this student.
    Board(Site, String),
    /// Without a network: to the end of this file, a line each.
    File(PathBuf),
}

/// Returns the folder of the workspace that contains this program, or the package that cargo runs, or the current
/// folder. The program contains no path of its build, so a copied folder works.
///
/// # Errors
/// When there is none.
pub fn root() -> Result<PathBuf, String> {
    let program = env::current_exe().ok();
    let package = env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
    let here = env::current_dir().ok();
    let places: Vec<PathBuf> = [program, package, here].into_iter().flatten().collect();
    let mut folders = places.iter().flat_map(|place| place.ancestors());
    let root = folders.find(|folder| folder.join("crates/common/Cargo.toml").is_file());
    root.map(Path::to_path_buf)
        .ok_or_else(|| "the folder of the course is not found: start this in it".into())
}

/// The path of the file that remembers the class; `None` if there can be none.
pub fn file() -> Option<PathBuf> {
    match env::var_os(VARIABLE) {
        Some(path) if path.is_empty() => None,
        Some(path) => Some(path.into()),
        None => root().ok().map(|root| root.join(".class")),
    }
}

impl Membership {
    /// Reads the file; `None` if there is none, or if it is not one that this course wrote.
    pub fn load(path: &Path) -> Option<Self> {
        let object: Value = serde_json::from_slice(&fs::read(path).ok()?).ok()?;
        let text = |name: &str| object[name].as_str();
        let place = match (text("board"), text("token"), text("file")) {
            (Some(site), Some(token), None) => Place::Board(Site::read(site).ok()?, token.into()),
            (None, None, Some(file)) => Place::File(file.into()),
            _ => return None,
        };
        let shown = object["shown"].as_bool().unwrap_or_default();
        Some(Self { nickname: text("nickname")?.into(), place, shown })
    }

    /// The file's text.
    ///
    /// # Errors
    /// When its place has no name in UTF-8.
    pub fn to_text(&self) -> io::Result<String> {
        let mut object = json!({ "nickname": self.nickname, "shown": self.shown });
        match &self.place {
            Place::Board(site, token) => {
                object["board"] = json!(site.to_string());
                object["token"] = json!(token);
            }
            Place::File(file) => {
                let text = file.to_str();
                object["file"] =
                    json!(text.ok_or_else(|| {
                        io::Error::other("the path of this folder is not UTF-8")
                    })?);
            }
        }
        Ok(format!("{object}\n"))
    }

    /// Sends a message, within about this time. A board that does not know this student (any more) makes a new one of
    /// it, with another nickname, once.
    ///
    /// # Errors
    /// A sentence.
    pub fn send(&mut self, message: &Message, patience: Duration) -> Result<(), String> {
        match &mut self.place {
            Place::File(file) => {
                let line = line_of(&self.nickname, message);
                let opened = OpenOptions::new().create(true).append(true).open(&*file);
                let written = opened.and_then(|mut file| file.write_all(line.as_bytes()));
                written.map_err(|error| format!("{} cannot be written: {error}", file.display()))
            }
            Place::Board(site, token) => {
                let body = message.to_json().to_string();
                let said = |error| format!("the board at {site} did not answer: {error}");
                let mut answer = post(site, RUNS, token, &body, patience).map_err(said)?;
                if answer.status == 401 {
                    let joined = post(site, JOIN, token, "", patience).map_err(said)?;
                    (self.nickname, *token) = student(&joined.body).ok_or_else(|| match joined
                        .status
                    {
                        429 => format!("the board at {site} is busy: try again in a moment"),
                        status => {
                            format!("the board at {site} takes no more students (status {status})")
                        }
                    })?;
                    self.shown = false;
                    answer = post(site, RUNS, token, &body, patience).map_err(said)?;
                }
                match answer.status {
                    200..=299 => Ok(()),
                    429 => Err("the board takes no more messages from you for a moment".into()),
                    status => Err(format!("the board at {site} refused it (status {status})")),
                }
            }
        }
    }
}

/// The nickname and the token in the answer to [`JOIN`]; `None` if the answer is anything else. Both are plain words, which
/// a terminal and a request can show.
pub fn student(answer: &str) -> Option<(String, String)> {
    let object: Value = serde_json::from_str(answer).ok()?;
    let word = |name: &str| {
        let word = object[name].as_str().filter(|word| is_nickname(word));
        word.map(String::from)
    };
    Some((word("nickname")?, word("token")?))
}

fn is_nickname(word: &str) -> bool {
    let is_plain = |sign: char| sign.is_ascii_alphanumeric() || sign == ' ';
    (1..=40).contains(&word.len()) && word.chars().all(is_plain)
}

/// A message as it is written into a file: with the nickname, which a board knows from the token.
pub fn line_of(nickname: &str, message: &Message) -> String {
    let mut object = message.to_json();
    object["nickname"] = json!(nickname);
    format!("{object}\n")
}

/// Reads a line of such a file: the nickname and the message; `None` for any other line.
pub fn read_line(line: &str) -> Option<(String, Message)> {
    let object: Value = serde_json::from_str(line).ok()?;
    let nickname = object["nickname"].as_str().filter(|word| is_nickname(word))?;
    Some((nickname.into(), Message::from_json(&object).ok()?))
}
