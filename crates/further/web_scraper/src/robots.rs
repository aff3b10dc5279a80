//! `robots.txt`: what a site asks crawlers to leave alone (RFC 9309).

use common::{Run, plain_words};
use harness::warn;
use http_clients::encoded;
use reqwest::{Client, Url};

use crate::page::{AGENT, ask as get, body};

/// So much of a `robots.txt` is read, in bytes: what RFC 9309 (2.5) demands at least. Each link is held against all rules.
const MOST_BYTES: usize = 500 * 1024;

/// The rules for this crawler.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Rules(Vec<Rule>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Rule {
    allows: bool,
    pattern: String,
}

/// Asks a site for its rules. Without a `robots.txt` (4xx) everything is allowed. If nobody knows whether there is one,
/// nothing is, and a warning says why.
pub(crate) async fn ask(run: &Run, client: &Client, start: &Url) -> Rules {
    let mut rules = Rules::forbidding_all();
    if let Some(asking) = run.annotate("asks for robots.txt") {
        asking
            .end_after(async {
                match answered(client, start).await {
                    Ok(known) => rules = known,
                    Err(why) => warn(&format!("robots.txt: {why}: so nothing is visited")),
                }
                0
            })
            .await;
    }
    rules
}

async fn answered(client: &Client, start: &Url) -> Result<Rules, String> {
    let words = |error: reqwest::Error| plain_words(&error);
    let url = start.join("/robots.txt").map_err(|error| error.to_string())?;
    let answer = get(client, &url).await.map_err(words)?;
    match answer.status() {
        status if status.is_client_error() => Ok(Rules::default()),
        status if status.is_success() => {
            let text = body(answer).await.map_err(words)?;
            Ok(Rules::read(&String::from_utf8_lossy(first_lines(&text)), AGENT))
        }
        status => Err(status.to_string()),
    }
}

/// As many whole lines as are read: half a rule would forbid something else.
fn first_lines(text: &[u8]) -> &[u8] {
    let Some(first) = text.get(..MOST_BYTES) else { return text };
    let end = first.iter().rposition(|byte| *byte == b'\n');
    &first[..end.unwrap_or(0)]
}

impl Rules {
    fn forbidding_all() -> Self {
        Self(vec![Rule { allows: false, pattern: "/".into() }])
    }

    /// Reads the rules for a crawler with this `User-Agent`: those of its own groups, or else of the groups for `*`.
    fn read(text: &str, agent: &str) -> Self {
        let me = agent.split('/').next().unwrap_or_default();
        let (mut own, mut of_all) = (None::<Vec<Rule>>, Vec::new());
        let (mut is_own, mut is_of_all, mut names_agents) = (false, false, false);
        for line in text.trim_start_matches('\u{feff}').lines() {
            let line = line.split('#').next().unwrap_or_default();
            let Some((key, value)) = line.split_once(':') else { continue };
            let (key, value) = (key.trim().to_ascii_lowercase(), value.trim());
            if key == "user-agent" {
                // The first one after a rule begins another group.
                if !names_agents {
                    (is_own, is_of_all, names_agents) = (false, false, true);
                }
                is_own |= value.eq_ignore_ascii_case(me);
                is_of_all |= value == "*";
                if is_own {
                    own.get_or_insert_default();
                }
            } else if key == "allow" || key == "disallow" {
                names_agents = false;
                let rule = Rule { allows: key == "allow", pattern: encoded(value).into() };
                // An empty rule forbids nothing.
                if !value.is_empty() && is_own {
                    own.get_or_insert_default().push(rule);
                } else if !value.is_empty() && is_of_all {
                    of_all.push(rule);
                }
            }
        }
        Self(own.unwrap_or(of_all))
    }

    /// Whether the crawler may request this. The longest rule that fits decides; of two that are as long, the one that
    /// allows.
    pub(crate) fn allow(&self, url: &Url) -> bool {
        let query = url.query().map_or_else(String::new, |query| format!("?{query}"));
        let path = format!("{}{query}", url.path());
        let fitting = self.0.iter().filter(|rule| fits(&rule.pattern, &path));
        fitting.max_by_key(|rule| (rule.pattern.len(), rule.allows)).is_none_or(|rule| rule.allows)
    }
}

/// Whether a path begins as a pattern says: `*` stands for anything, and `$` for the end.
fn fits(pattern: &str, path: &str) -> bool {
    let (pattern, to_the_end) =
        pattern.strip_suffix('$').map_or((pattern, false), |pattern| (pattern, true));
    let mut parts = pattern.split('*');
    let Some(mut rest) = path.strip_prefix(parts.next().unwrap_or_default()) else { return false };
    let mut parts = parts.peekable();
    while let Some(part) = parts.next() {
        if to_the_end && parts.peek().is_none() {
            return rest.ends_with(part);
        }
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    !to_the_end || rest.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allows(robots: &str, path: &str) -> bool {
        let url = Url::parse("http://h").and_then(|host| host.join(path)).expect("a URL");
        Rules::read(robots, "me/1.0 (a comment)").allow(&url)
    }

    #[test]
    fn a_crawler_follows_its_own_group_or_else_that_of_all() {
        let of_all = "User-agent: *\nDisallow: /a\n";
        let own = "user-agent: other\nUSER-AGENT: Me # a comment\ndisallow: /b\n\nDisallow: /c\n";
        for (robots, allowed, forbidden) in [
            (of_all.to_string(), &["/", "/b", "/A"][..], &["/a", "/a/b", "/ab", "/a?x"][..]),
            (format!("{of_all}{own}"), &["/a"], &["/b", "/c"]),
            (format!("\u{feff}{own}{of_all}"), &["/a"], &["/b", "/c"]),
            (format!("{of_all}User-agent: me\n"), &["/a"], &[]),
            (format!("{of_all}User-agent: mean\nDisallow: /\n"), &["/b"], &["/a"]),
            (format!("{own}User-agent: me\nDisallow: /d\n"), &["/a"], &["/b", "/d"]),
            ("User-agent: *\nDisallow:\n".into(), &["/"], &[]),
            ("Disallow: /\nnonsense\n: :\n".into(), &["/"], &[]),
            (String::new(), &["/"], &[]),
        ] {
            for path in allowed {
                assert!(allows(&robots, path), "{robots}{path}");
            }
            for path in forbidden {
                assert!(!allows(&robots, path), "{robots}{path}");
            }
        }
    }

    #[test]
    fn the_longest_rule_that_fits_decides() {
        let robots = "User-agent: *\nDisallow: /a\nAllow: /a/b\nDisallow: /a/b/c\nAllow: /a/b/c\n";
        for (path, allowed) in [("/a/x", false), ("/a/b", true), ("/a/b/c", true), ("/x", true)] {
            assert_eq!(allows(robots, path), allowed, "{path}");
        }
    }

    #[test]
    fn patterns() {
        for (pattern, path, is_fitting) in [
            ("/*.gif$", "/a/b.gif", true),
            ("/*.gif$", "/a/b.gif?x", false),
            ("/*.gif$", "/a.gif.gif", true),
            ("/a*b*c", "/axxbyc/more", true),
            ("/a*b*c", "/axxcyb", false),
            ("/a$", "/a", true),
            ("/a$", "/ab", false),
            ("*", "/", true),
            ("/*?page=", "/list?page=2", true),
            ("", "/", true),
        ] {
            assert_eq!(fits(pattern, path), is_fitting, "{pattern} {path}");
        }
        assert!(!allows("User-agent: *\nDisallow: /\u{e4}\n", "/%C3%A4"));
    }

    #[test]
    fn of_a_long_file_the_first_rules_count_and_none_is_cut_in_two() {
        let line = "Disallow: /private\n";
        let text = format!("User-agent: *\n{}", line.repeat(MOST_BYTES / 10));
        let first = first_lines(text.as_bytes());
        assert!((MOST_BYTES - line.len()..MOST_BYTES).contains(&first.len()), "{}", first.len());
        let rules = Rules::read(&String::from_utf8_lossy(first), "me");
        assert!(rules.0.len() > MOST_BYTES / 20);
        assert!(rules.0.iter().all(|rule| rule.pattern == "/private"));
        assert_eq!(first_lines(b"User-agent: *\nDisallow: /a"), b"User-agent: *\nDisallow: /a");
        assert_eq!(first_lines(&vec![b'x'; MOST_BYTES]), b"", "a line without an end");
    }

    #[test]
    fn an_unknown_answer_forbids_all() {
        assert!(!Rules::forbidding_all().allow(&Url::parse("http://h/").expect("a URL")));
    }
}
