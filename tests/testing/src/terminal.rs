//! Programs on their own terminal, made by `script` (of util-linux).

use std::io::{Read, Write};
use std::process::{Child, Command, Stdio};

use crate::NO_CLASS;
use crate::{Ended, children};

/// A shell command that runs on a terminal.
pub struct Terminal {
    script: Child,
    /// What was read of its output so far.
    shown: Vec<u8>,
}

impl Terminal {
    /// Starts it on a terminal with this width, with colours and UTF-8, and with these variables.
    ///
    /// # Panics
    /// When there is no `script`.
    pub fn start(columns: usize, environment: &[(&str, &str)], command: &str) -> Self {
        let command = format!("stty rows 24 cols {columns}; {command}");
        // A job in the background of a shell ignores Ctrl-C, and so would all that it starts.
        let mut script = Command::new("env");
        script.args(["--default-signal=INT", "script", "-qec", &command, "/dev/null"]);
        for variable in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE"] {
            script.env_remove(variable);
        }
        script.envs([("SHELL", "/bin/sh"), ("LC_ALL", "C.UTF-8"), ("TERM", "xterm-256color")]);
        script.env(NO_CLASS.0, NO_CLASS.1);
        script.envs(environment.iter().copied());
        script.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        Self { script: script.spawn().expect("script runs"), shown: Vec::new() }
    }

    /// Presses Ctrl-C: it reaches all processes in the foreground. A terminal that is gone ignores it.
    ///
    /// # Panics
    /// Never.
    pub fn press_ctrl_c(&mut self) {
        self.press("\u{3}");
    }

    /// Presses these keys. A terminal that is gone ignores them.
    ///
    /// # Panics
    /// Never.
    pub fn press(&mut self, keys: &str) {
        let keyboard = self.script.stdin.as_mut().expect("it is piped");
        let _ = keyboard.write_all(keys.as_bytes()).and_then(|()| keyboard.flush());
    }

    /// Waits until it has shown this text, after those that were waited for before.
    ///
    /// # Panics
    /// When it ends before that.
    pub fn wait_for(&mut self, text: &str) {
        let (screen, from) = (self.script.stdout.as_mut().expect("it is piped"), self.shown.len());
        let mut byte = [0];
        while !self.shown[from..].ends_with(text.as_bytes()) {
            let many = screen.read(&mut byte).expect("it can be read");
            let shown = || String::from_utf8_lossy(&self.shown).into_owned();
            assert!(many > 0, "it ended without '{text}': {}", shown());
            self.shown.extend(byte);
        }
    }

    /// Sends the signal of Ctrl-C to the program alone, unless it has ended.
    ///
    /// # Panics
    /// When `ps` or `kill` does not run.
    pub fn interrupt_program(&mut self) {
        for program in children(self.script.id()) {
            let kill = Command::new("kill").args(["-INT", &program.to_string()]).output();
            kill.expect("kill is part of every Unix");
        }
    }

    /// Makes it as wide as this.
    ///
    /// # Panics
    /// When it is gone, or `stty` does not run.
    pub fn resize(&self, columns: usize) {
        for program in children(self.script.id()) {
            let terminal = format!("/proc/{program}/fd/0");
            let stty =
                Command::new("stty").args(["-F", &terminal, "cols", &columns.to_string()]).status();
            assert!(stty.expect("stty runs").success(), "{terminal}");
        }
    }

    /// Waits for its end; returns everything that was sent to the terminal as its stdout. At Ctrl-C a terminal discards
    /// output that it has not shown yet, even in the middle of a character.
    ///
    /// # Panics
    /// When it cannot be waited for.
    pub fn wait(self) -> Ended {
        let output = self.script.wait_with_output().expect("it can be waited for");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).replace('\r', "");
        let shown = [self.shown, output.stdout].concat();
        Ended { status: output.status, stdout: text(&shown), stderr: text(&output.stderr) }
    }
}

/// A text without the sequences that set a colour.
///
/// # Panics
/// When there are sequences that do something else.
pub fn without_colours(text: &str) -> String {
    let mut parts = text.split('\u{1b}');
    let mut plain = String::from(parts.next().unwrap_or_default());
    plain.extend(parts.map(|part| part.split_once('m').expect("a colour").1));
    plain
}
