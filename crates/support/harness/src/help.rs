//! `--help` in lines that fit. clap breaks lines between words only with its feature `wrap_help`, which would make
//! every lesson build rustix and three more crates.

use clap::Command;
use timeline::Look;

/// The columns before the name of an option: room for `-h, `.
const BEFORE_NAME: usize = 6;
/// With fewer columns than this beside the names, the help of an option stands below its name,
const ROOM_BESIDE: usize = 30;
/// indented by this many columns.
const BELOW_NAME: usize = 10;
/// Longer lines are hard to read.
const MOST_COLUMNS: usize = 100;

/// Returns the command with its help in lines that fit the terminal, or 80 columns without one.
pub fn with_help_that_fits(command: Command) -> Command {
    fit(command, crate::look(80))
}

fn fit(mut command: Command, look: Look) -> Command {
    command.build(); // so that it knows the value names of its options
    let wrap = |text: &str, room: usize| {
        // A default is not broken into two lines.
        let text = text.replace("[default: ", "[default:\u{a0}");
        let lines = text.split('\n').map(|line| Look { width: room, ..look }.wrap(line));
        lines.collect::<Vec<_>>().join("\n").replace('\u{a0}', " ")
    };
    let width = look.width.min(MOST_COLUMNS);
    let shown = command.get_arguments().filter(|arg| !arg.is_hide_set());
    let longest = shown.map(|arg| arg.to_string().chars().count()).max().unwrap_or_default();
    let beside = width.saturating_sub(BEFORE_NAME + longest + 2);
    let is_below = beside < ROOM_BESIDE;
    let room = if is_below { width.saturating_sub(BELOW_NAME) } else { beside };
    let about = command.get_about().map(|text| wrap(&text.to_string(), width));
    let after = command.get_after_help().map(|text| wrap(&text.to_string(), width));
    let mut command = command.next_line_help(is_below).mut_args(|arg| {
        let Some(help) = arg.get_help() else { return arg };
        let mut help = help.to_string();
        // clap would append the default to the last line, whatever its length.
        let default = arg.get_default_values().first().filter(|_| arg.get_action().takes_values());
        if let Some(default) = default {
            help += &format!(" [default: {}]", default.to_string_lossy());
        }
        arg.help(wrap(&help, room)).hide_default_value(true)
    });
    if let Some(about) = about {
        command = command.about(about);
    }
    if let Some(after) = after {
        command = command.after_help(after);
    }
    command
}

#[cfg(test)]
mod tests {
    use clap::{Arg, ArgAction};

    use super::*;
    use crate::options::numeric;

    fn command() -> Command {
        Command::new("test")
            .about("One idea, which needs a line of more than eighty columns to be told in all its glory.\n\nMirrors one.")
            .after_help("And in the end there is something to add, which is not short either, but goes on.")
            .args([
                numeric("workers", "N", 1..=9u8).default_value("5").help(
                    "How many of them may be under way at once, and a few words more to fill up the line",
                ),
                Arg::new("quiet").long("quiet").action(ArgAction::SetTrue).help("Say nothing"),
                Arg::new("secret").long("a-very-long-secret-that-is-hidden").hide(true),
            ])
    }

    fn words(text: &str) -> Vec<&str> {
        text.split_whitespace().collect()
    }

    #[test]
    fn help_fits_and_loses_no_word() {
        let whole = command().render_help().to_string();
        for width in [30, 40, 60, 80, 100, 200] {
            let look = Look { width, unicode: true, colour: false };
            let help = fit(command(), look).render_help().to_string();
            assert_eq!(words(&help), words(&whole), "{help}");
            for line in help.lines() {
                assert!(line.chars().count() <= width.min(MOST_COLUMNS), "{width}: {line}");
                assert!(!line.ends_with("[default:"), "{line}");
            }
        }
    }

    #[test]
    fn what_an_option_does_stands_beside_it_where_there_is_room() {
        let help = |width| {
            let look = Look { width, unicode: true, colour: false };
            fit(command(), look).render_help().to_string()
        };
        assert!(help(60).contains("\n      --quiet        Say nothing\n"), "{}", help(60));
        assert!(help(40).contains("\n      --quiet\n          Say nothing\n"), "{}", help(40));
        let continued = "\n                     more to fill up";
        assert!(help(80).contains(continued), "{}", help(80));
    }
}
