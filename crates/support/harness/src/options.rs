//! Building blocks for options.

use std::fmt::Display;
use std::net::IpAddr;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf, is_separator};
use std::str::FromStr;
use std::time::Duration;

use clap::builder::TypedValueParser;
use clap::{Arg, value_parser};

/// More items than this are refused: the record of a run is kept in memory.
pub const MOST_ITEMS: usize = 100_000;
/// More threads or processes than this are refused: each costs memory, and systems have limits.
pub const MOST_WORKERS: usize = 1_000;

/// An option that takes a whole number.
pub fn numeric<T>(name: &'static str, value: &'static str, allowed: RangeInclusive<T>) -> Arg
where
    T: FromStr + PartialOrd + Display + Clone + Send + Sync + 'static,
{
    Arg::new(name)
        .long(name)
        .value_name(value)
        .allow_negative_numbers(true) // -1 is a wrong value, not an unknown option
        .value_parser(whole_number(allowed))
}

/// Parses a whole number within these limits.
pub fn whole_number<T>(allowed: RangeInclusive<T>) -> impl TypedValueParser<Value = T>
where
    T: FromStr + PartialOrd + Display + Clone + Send + Sync + 'static,
{
    move |text: &str| match text.parse::<T>() {
        Ok(number) if allowed.contains(&number) => Ok(number),
        _ => Err(format!("it takes a whole number from {} to {}", allowed.start(), allowed.end())),
    }
}

/// Parses the path of a file to write, which has one of these endings. Its folder is looked at now, not after the run.
pub fn new_file(endings: &'static [&'static str]) -> impl TypedValueParser<Value = PathBuf> {
    move |text: &str| {
        let path = PathBuf::from(text);
        let ending = path.extension().unwrap_or_default();
        let folder = path.parent().filter(|folder| *folder != Path::new(""));
        match folder {
            _ if !endings.iter().any(|it| ending.eq_ignore_ascii_case(it)) => {
                Err(format!("it takes a file that ends in .{}", endings.join(" or .")))
            }
            Some(folder) if !folder.is_dir() => {
                Err(format!("there is no folder '{}'", folder.display()))
            }
            _ if path.is_dir() || text.ends_with(is_separator) => Err("this is a folder".into()),
            _ => Ok(path),
        }
    }
}

/// `--bind`: the address to listen on.
pub fn bind(help: &'static str) -> Arg {
    Arg::new("bind")
        .long("bind")
        .value_name("ADDRESS")
        .value_parser(value_parser!(IpAddr))
        .help(help)
}

/// An option that takes a time in seconds.
pub fn in_seconds(name: &'static str) -> Arg {
    Arg::new(name)
        .long(name)
        .value_name("SECONDS")
        .allow_negative_numbers(true)
        .value_parser(seconds)
}

fn seconds(text: &str) -> Result<Duration, String> {
    match text.parse::<f64>() {
        Ok(seconds) if (0.001..=86_400.0).contains(&seconds) => {
            Ok(Duration::from_secs_f64(seconds))
        }
        _ => Err("it takes a number of seconds from 0.001 to 86400".into()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Numbers, and texts that are nearly numbers.
    fn nearly_a_number() -> impl Strategy<Value = String> {
        prop_oneof![
            "[+-]?[0-9]{0,6}(\\.[0-9]{0,4})?([eE][+-]?[0-9]{1,4})?",
            "[+-]?(nan|NaN|inf|infinity)",
            any::<f64>().prop_map(|number| number.to_string()),
            any::<String>(),
        ]
    }

    proptest! {
        #[test]
        fn a_number_of_seconds_is_kept_or_refused(text in nearly_a_number()) {
            let number = text.parse().unwrap_or(f64::NAN);
            match seconds(&text) {
                Ok(time) => {
                    prop_assert!((0.001..=86_400.0).contains(&number));
                    prop_assert!((time.as_secs_f64() - number).abs() < 1e-9);
                }
                Err(why) => {
                    prop_assert!(!(0.001..=86_400.0).contains(&number));
                    prop_assert!(why.contains("a number of seconds"));
                }
            }
        }

        #[test]
        fn a_whole_number_is_kept_or_refused(text in nearly_a_number(), least in 0..9u64, more in 0..99_999u64) {
            let allowed = least..=least + more;
            let command = clap::Command::new("test").arg(numeric("n", "N", allowed.clone()));
            let number = text.parse().ok().filter(|number| allowed.contains(number));
            match command.try_get_matches_from(["test".into(), format!("--n={text}")]) {
                Ok(matches) => prop_assert_eq!(matches.get_one::<u64>("n").copied(), number),
                Err(error) => {
                    prop_assert_eq!(number, None);
                    prop_assert_eq!(error.exit_code(), 2);
                }
            }
        }
    }
}
