//! One page: what the site answers, and the links in it.

use common::{Done, Outcome, plain_words};
use html5gum::{DefaultEmitter, Token, Tokenizer};
use reqwest::header::{CONTENT_TYPE, LOCATION, USER_AGENT};
use reqwest::{Client, Response, StatusCode, Url};
use std::collections::HashSet;

/// At most this many bytes of a page are read. The rest is left, and its links are not found.
const MOST_BYTES: usize = 1 << 20;

/// Longer links are left: a site can make up new ones forever.
const LONGEST_LINK: usize = 2_000;
/// Of a page with more links, the rest is not read: nothing interrupts the reading of one page.
const MOST_LINKS: usize = 1_000;

/// Who asks. A site's owner sees it in the logs, and can name it in `robots.txt`.
pub(crate) const AGENT: &str =
    concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION"), " (a lesson's crawler)");

/// What is known of a page; without a status, it did not arrive.
#[derive(Debug, Default)]
pub(crate) struct Page {
    pub(crate) status: Option<StatusCode>,
    /// Where its links lead, each named once, without the part after `#`. A redirect is a link.
    pub(crate) links: Vec<Url>,
}

/// Whether the site has answered, but has no page there.
pub(crate) fn is_dead(status: StatusCode, links: usize) -> bool {
    !(status.is_success() || status.is_redirection() && links > 0)
}

impl Page {
    /// Downloads it. Any whole answer is a result, a 404 as well: it says that a link is dead. Without one, the visit
    /// failed.
    pub(crate) async fn download(&mut self, client: &Client, url: &Url) -> Outcome {
        Outcome(self.read(client, url).await.map_err(|error| plain_words(&error)))
    }

    async fn read(&mut self, client: &Client, url: &Url) -> reqwest::Result<Done> {
        let answer = ask(client, url).await?;
        let (status, headers) = (answer.status(), answer.headers().clone());
        let text =
            |name| headers.get(name).and_then(|value| std::str::from_utf8(value.as_bytes()).ok());
        let is_html = text(CONTENT_TYPE).is_some_and(|it| it.trim_start().starts_with("text/html"));
        let body = body(answer).await?;
        self.links = match text(LOCATION) {
            Some(location) if status.is_redirection() => resolved(url, [location]),
            _ if status.is_success() && is_html => links(url, &body),
            _ => Vec::new(),
        };
        self.status = Some(status);
        let (status, links) = (status.as_u16().into(), self.links.len() as u64);
        let details = vec![("status", vec![status]), ("links", vec![links])];
        Ok(Done { value: body.len() as u64, details })
    }
}

/// Sends the request with the crawler's name.
pub(crate) async fn ask(client: &Client, url: &Url) -> reqwest::Result<Response> {
    client.get(url.clone()).header(USER_AGENT, AGENT).send().await
}

/// The body, or its first part if it is huge. Then the connection is closed, since the rest would come on it.
pub(crate) async fn body(mut answer: Response) -> reqwest::Result<Vec<u8>> {
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await? {
        let room = MOST_BYTES - body.len();
        body.extend_from_slice(&chunk[..chunk.len().min(room)]);
        if body.len() == MOST_BYTES {
            break;
        }
    }
    Ok(body)
}

/// The links of an HTML page: `href` of its `<a>`. What looks like a link in a comment or a script is none.
fn links(url: &Url, html: &[u8]) -> Vec<Url> {
    let mut emitter = DefaultEmitter::default();
    emitter.naively_switch_states(true); // for scripts
    let (mut base, mut found) = (url.clone(), Vec::new());
    for Ok(token) in Tokenizer::new_with_emitter(html, emitter) {
        let Token::StartTag(tag) = token else { continue };
        let Some(href) = tag.attributes.get(&b"href"[..]) else { continue };
        let href = String::from_utf8_lossy(href).into_owned();
        match &tag.name[..] {
            b"a" => found.push(href),
            b"base" => base = url.join(&href).unwrap_or(base),
            _ => {}
        }
    }
    resolved(&base, found.iter().map(String::as_str))
}

/// Links as whole URLs. Those to other things than pages are left out: `mailto:`, `javascript:`.
fn resolved<'text>(base: &Url, links: impl IntoIterator<Item = &'text str>) -> Vec<Url> {
    let (mut found, mut seen) = (Vec::new(), HashSet::new());
    for link in links {
        let Ok(mut url) = base.join(link) else { continue };
        url.set_fragment(None); // a place on the same page
        let is_page = ["http", "https"].contains(&url.scheme()) && url.username().is_empty();
        if is_page && url.as_str().len() <= LONGEST_LINK && seen.insert(url.clone()) {
            found.push(url);
        }
        if found.len() == MOST_LINKS {
            break;
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(html: &str) -> Vec<String> {
        let url = Url::parse("http://h/a/b/c").expect("a URL");
        links(&url, html.as_bytes()).into_iter().map(Into::into).collect()
    }

    #[test]
    fn a_page_of_nothing_but_links_is_read_in_part() {
        let html: String = (0..50_000).map(|n| format!("<a href='{n}'>")).collect();
        let links = found(&html);
        assert_eq!((links.len(), &*links[MOST_LINKS - 1]), (MOST_LINKS, "http://h/a/b/999"));
    }

    #[test]
    fn links_are_found_however_they_are_written() {
        for (html, link) in [
            ("<a href='d'>", "http://h/a/b/d"),
            ("<A class=x HREF = \"../d\" >", "http://h/a/d"),
            ("<a href=/d?x=1&amp;y=2#there>", "http://h/d?x=1&y=2"),
            ("<a\nhref=' //other/d '>", "http://other/d"),
            ("<a href=''>", "http://h/a/b/c"),
            ("<a href='?page=2'>", "http://h/a/b/c?page=2"),
            ("<base href='/z/'><a href='d'>", "http://h/z/d"),
            ("<a href='HTTP://H:80/a/./d'>", "http://h/a/d"),
            ("<a href='d'><a href='./d#x'>", "http://h/a/b/d"),
            ("<title><a href=e></title><a href='d'>", "http://h/a/b/d"),
        ] {
            assert_eq!(found(html), [link], "{html}");
        }
    }

    #[test]
    fn what_only_looks_like_a_link_is_none() {
        for html in [
            "<!-- <a href='d'> -->",
            "<script>'<a href=\"d\">'</script>",
            "<style><a href=d></style>",
            "<a name='d'>",
            "<a href='mailto:a@h'><a href='javascript:back()'><a href='http://[x'>",
            "<a href='http://me:secret@h/'>",
            "<link href='d'><p href='d'>",
            "&lt;a href='d'&gt;",
            "<a href='d",
            "\u{0}\u{ff}<<<>>",
        ] {
            assert_eq!(found(html), [""; 0], "{html}");
        }
        let long = format!("<a href='{}'>", "x".repeat(LONGEST_LINK));
        assert_eq!(found(&long), [""; 0]);
    }

    #[test]
    fn an_answer_without_a_page_is_a_dead_link() {
        for (status, links, dead) in
            [(200, 0, false), (302, 1, false), (302, 0, true), (404, 0, true), (503, 0, true)]
        {
            let status = StatusCode::from_u16(status).expect("a status");
            assert_eq!(is_dead(status, links), dead, "{status}");
        }
    }
}
