//! The map of a site: each page below the page that first names it, and the links that lead nowhere.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};

use common::{Run, is_cancelled};
use reqwest::{StatusCode, Url};

use crate::page::{Page, is_dead};
use crate::robots::Rules;
use crate::site::Site;

/// A line has at most this many columns.
const WIDTH: usize = 78;
/// At most this many lines of the tree, dead links, and pages that have one.
const MOST: [usize; 3] = [30, 10, 3];

/// All pages that were visited.
#[derive(Debug)]
pub(crate) struct Map {
    start: Url,
    rules: Rules,
    pages: HashMap<Url, Page>,
}

impl Map {
    /// An empty map of a site that asks crawlers to obey these rules.
    pub(crate) fn of(site: &Site, rules: &Rules) -> Self {
        Self { start: site.start.clone(), rules: rules.clone(), pages: HashMap::new() }
    }

    pub(crate) fn add(&mut self, url: Url, page: Page) {
        self.pages.insert(url, page);
    }

    /// Prints it. After Ctrl-C it would have holes, and is not printed.
    pub(crate) fn print(&self, run: &Run) {
        if !is_cancelled() {
            self.lines().into_iter().for_each(|line| run.note(line));
        }
    }

    /// The map as text. It does not depend on the order in which the pages arrived.
    fn lines(&self) -> Vec<String> {
        let (children, depth) = self.tree();
        let mut tree = Vec::new();
        self.draw(&self.start, 0, &children, &mut tree);
        let mut lines = vec![format!("The map of {}, {depth} links deep:", self.start)];
        lines.extend(bounded(tree, MOST[0], "lines"));
        let dead: Vec<String> = self
            .dead()
            .into_iter()
            .map(|(url, on)| {
                let on: Vec<String> = on.iter().map(|url| self.name(url)).collect();
                let more = on.len().saturating_sub(MOST[2]);
                let more = if more > 0 { format!(" and {more} more") } else { String::new() };
                format!(
                    "Dead link: {}, on {}{more}",
                    self.name(url),
                    on[..on.len().min(MOST[2])].join(", ")
                )
            })
            .collect();
        lines.extend(bounded(dead, MOST[1], "dead links"));
        let links: BTreeSet<&Url> = self.pages.values().flat_map(|page| &page.links).collect();
        let left = links.into_iter().filter(|link| !self.pages.contains_key(*link));
        let [mut forbidden, mut elsewhere, mut left_out] = [0; 3];
        for link in left {
            match link {
                link if link.origin() != self.start.origin() => elsewhere += 1,
                link if !self.rules.allow(link) => forbidden += 1,
                _ => left_out += 1,
            }
        }
        let mut left =
            format!("Not visited: {forbidden} that robots.txt forbids, {elsewhere} elsewhere");
        if left_out > 0 {
            left += &format!(", {left_out} left out");
        }
        lines.push(left);
        lines
    }

    /// The pages below each page, and the number of links from the start to the farthest one.
    fn tree(&self) -> (HashMap<&Url, Vec<&Url>>, usize) {
        let (mut children, mut depth) = (HashMap::<&Url, Vec<&Url>>::new(), 0);
        let (mut placed, mut next) =
            (HashSet::from([&self.start]), VecDeque::from([(&self.start, 0)]));
        while let Some((url, its_depth)) = next.pop_front() {
            depth = its_depth;
            let links = self.pages.get(url).map_or(&[][..], |page| &page.links);
            for link in links.iter().filter(|link| self.pages.contains_key(*link)) {
                if placed.insert(link) {
                    children.entry(url).or_default().push(link);
                    next.push_back((link, its_depth + 1));
                }
            }
        }
        (children, depth)
    }

    /// A line for this page, if others are below it, and then a line for those of them that have none.
    fn draw(
        &self,
        url: &Url,
        depth: usize,
        children: &HashMap<&Url, Vec<&Url>>,
        lines: &mut Vec<String>,
    ) {
        let indent = "  ".repeat(depth + 1);
        lines.push(format!("{indent}{}", self.name(url)));
        let below = children.get(url).map_or(&[][..], Vec::as_slice);
        let (inner, mut leaves): (Vec<&Url>, Vec<&Url>) =
            below.iter().partition(|url| children.contains_key(*url));
        // The odd ones first, so that they are not among those left out.
        let is_as_usual = |url: &&Url| self.status(url) == Some(StatusCode::OK);
        leaves.sort_by_key(is_as_usual);
        for url in inner {
            self.draw(url, depth + 1, children, lines);
        }
        let mut line = format!("{indent} ");
        let (mut left, all) = (leaves.len(), leaves.len());
        for leaf in leaves {
            let word = format!(" {}", self.name(leaf));
            if line.len() + word.len() > WIDTH - " ... 100000 in all".len() {
                break;
            }
            line += &word;
            left -= 1;
        }
        if left > 0 {
            line += &format!(" ... {all} in all");
        }
        if all > 0 {
            lines.push(line);
        }
    }

    /// A page by its path, with its status where that is not 200.
    fn name(&self, url: &Url) -> String {
        let path = url.path().strip_prefix(self.start.path()).filter(|path| !path.is_empty());
        let query = url.query().map_or_else(String::new, |query| format!("?{query}"));
        let name = format!("{}{query}", path.unwrap_or(url.path()));
        match self.pages.get(url).map(|page| page.status) {
            None => format!("{name} (not visited)"),
            Some(None) => format!("{name} (failed)"),
            Some(Some(StatusCode::OK)) => name,
            Some(Some(status)) => format!("{name} ({})", status.as_u16()),
        }
    }

    fn status(&self, url: &Url) -> Option<StatusCode> {
        self.pages.get(url)?.status
    }

    /// The dead links, and the pages that have them.
    fn dead(&self) -> BTreeMap<&Url, BTreeSet<&Url>> {
        let is_dead = |link: &&Url| {
            let page = self.pages.get(*link);
            page.is_some_and(|it| it.status.is_some_and(|status| is_dead(status, it.links.len())))
        };
        let mut dead = BTreeMap::<&Url, BTreeSet<&Url>>::new();
        for (url, page) in &self.pages {
            for link in page.links.iter().filter(is_dead) {
                dead.entry(link).or_default().insert(url);
            }
        }
        dead
    }
}

fn bounded(mut lines: Vec<String>, most: usize, what: &str) -> Vec<String> {
    let more = lines.len().saturating_sub(most);
    lines.truncate(most);
    if more > 0 {
        lines.push(format!("  ... {more} more {what}"));
    }
    lines
}
