//! A conversation with gdb, as a page shows it.

use std::io;

use testing::debugger::{self, PROMPT};

use crate::command::Program;
use crate::root;

/// Types the commands that a page shows, and returns them with gdb's answers. `None` where there is no gdb.
///
/// # Errors
/// When the program cannot be built, or gdb does not answer.
pub fn session(program: &Program, shown: &str) -> io::Result<Option<String>> {
    if !debugger::has_gdb() {
        return Ok(None);
    }
    let (built, gdb) = (program.for_stepping()?, debugger::gdb(&root()));
    let answers = debugger::talk(gdb, &built, &program.arguments, commands(shown))?;
    let both = commands(shown).zip(&answers);
    Ok(Some(both.map(|(typed, answer)| format!("{PROMPT}{typed}\n{}", plain(answer))).collect()))
}

/// The commands of a conversation.
fn commands(shown: &str) -> impl Iterator<Item = &str> {
    shown.lines().filter_map(|line| line.strip_prefix(PROMPT))
}

/// An answer without empty lines, and without lines that say where things are on this machine.
fn plain(answer: &str) -> String {
    let is_of_machine = |line: &&str| {
        let beginnings = ["Starting program: ", "[Thread debugging using ", "Using host libthread"];
        line.trim().is_empty() || beginnings.iter().any(|it| line.starts_with(it))
    };
    let lines = answer.lines().filter(|line| !is_of_machine(line));
    lines.map(|line| line.trim_end().to_owned() + "\n").collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_kept_and_the_machine_is_left_out() {
        let shown = "```text\n(gdb) run\nThread 1 hit\n(gdb) print a\n$1 = 2\n```\n";
        assert_eq!(commands(shown).collect::<Vec<_>>(), ["run", "print a"]);
        assert_eq!(plain("Starting program: /x\n\nThread 1 hit \n"), "Thread 1 hit\n");
    }
}
