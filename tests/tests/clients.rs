//! One answer from all four models: what ureq and reqwest do by themselves differs, and students would take that for a
//! property of async.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use testing::{downloaders, program};

/// What a site does with the request for a path: it answers, and keeps the connection, or it closes it without a word.
type Answer = fn(path: &str, requests_before: usize) -> Option<Vec<u8>>;

/// A site that keeps the requests that it gets, and answers them by a function.
struct Scripted {
    url: String,
    requests: Arc<Mutex<Vec<Vec<String>>>>,
}

impl Scripted {
    fn start(answer: Answer) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let requests = Arc::new(Mutex::new(Vec::new()));
        let kept = requests.clone();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let kept = kept.clone();
                thread::spawn(move || serve(stream, &kept, answer));
            }
        });
        Self { url, requests }
    }

    /// The paths and queries that were asked for, in their order.
    fn paths(&self) -> Vec<String> {
        let requests = self.requests.lock().expect("no thread panics with it");
        requests.iter().map(|lines| path(lines).to_owned()).collect()
    }

    /// The value of a header in each request.
    fn header(&self, name: &str) -> Vec<Option<String>> {
        let requests = self.requests.lock().expect("no thread panics with it");
        let value = |line: &String| {
            let (its_name, value) = line.split_once(": ")?;
            its_name.eq_ignore_ascii_case(name).then(|| value.to_owned())
        };
        requests.iter().map(|lines| lines.iter().find_map(value)).collect()
    }
}

fn path(request: &[String]) -> &str {
    request.first().and_then(|line| line.split(' ').nth(1)).unwrap_or_default()
}

fn serve(mut stream: TcpStream, kept: &Mutex<Vec<Vec<String>>>, answer: Answer) {
    let reader = BufReader::new(stream.try_clone().expect("a second handle"));
    let mut request = Vec::new();
    let mut before = 0;
    for line in reader.lines() {
        let Ok(line) = line else { return };
        if !line.is_empty() {
            request.push(line);
            continue;
        }
        let answer = answer(path(&request), before);
        kept.lock().expect("no thread panics with it").push(std::mem::take(&mut request));
        before += 1;
        match answer {
            Some(answer) => _ = stream.write_all(&answer),
            None => return,
        }
    }
}

fn page(body: &str) -> Vec<u8> {
    format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

fn redirect(to: &str) -> Vec<u8> {
    format!("HTTP/1.1 302 Found\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n").into_bytes()
}

/// The status of each of the four that gets a URL so many times, and what its site saw.
fn all_get(answer: Answer, url: &str, repeat: &str) -> BTreeMap<String, (i32, Scripted)> {
    let run = |lesson: &course::Lesson| {
        let site = Scripted::start(answer);
        let url = url.replace("SITE", site.url.trim_start_matches("http://"));
        let ended = program(lesson.name()).run(&["--repeat", repeat, "--timeout", "5", &url]);
        (lesson.name().to_owned(), (ended.code(), site))
    };
    downloaders().map(run).collect()
}

#[test]
fn every_request_says_who_asks_and_all_say_the_same() {
    let got = all_get(|_, _| Some(page("Hello")), "http://SITE/", "3");
    let mut agents: Vec<String> = Vec::new();
    for (lesson, (code, site)) in &got {
        assert_eq!((*code, site.paths().len()), (0, 3), "{lesson}");
        let named = site.header("user-agent").into_iter();
        agents.extend(named.map(|agent| agent.unwrap_or_else(|| panic!("{lesson} says nothing"))));
    }
    agents.dedup();
    assert_eq!(agents.len(), 1, "{agents:?}");
}

#[test]
fn redirects_lead_where_a_browser_would_go() {
    let answer: Answer = |path, _| {
        Some(match path {
            "/a/b?x=1" => redirect("?page=2"),
            "/a/b?page=2" => redirect("../ö c"),
            "/%C3%B6%20c" => redirect("end"),
            "/end" => page("Hello"),
            _ => b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n".to_vec(),
        })
    };
    for (lesson, (code, site)) in all_get(answer, "http://SITE/a/b?x=1", "1") {
        let paths = ["/a/b?x=1", "/a/b?page=2", "/%C3%B6%20c", "/end"];
        assert_eq!((code, site.paths()), (0, paths.map(String::from).to_vec()), "{lesson}");
    }
}

#[test]
fn the_body_of_a_redirect_need_not_end() {
    let answer: Answer = |path, _| {
        Some(match path {
            "/end" => page("Hello"),
            _ => b"HTTP/1.1 302 Found\r\nLocation: /end\r\nContent-Length: 9999\r\n\r\nnever more"
                .to_vec(),
        })
    };
    for (lesson, (code, _)) in all_get(answer, "http://SITE/", "2") {
        assert_eq!(code, 0, "{lesson}");
    }
}

#[test]
fn what_a_browser_encodes_is_encoded_and_credentials_are_decoded() {
    let url = "http://ana:p%40ss%3Aw@SITE/größe?filter[a]=b|c";
    for (lesson, (code, site)) in all_get(|_, _| Some(page("Hello")), url, "1") {
        assert_eq!(site.paths(), ["/gr%C3%B6%C3%9Fe?filter%5Ba%5D=b%7Cc"], "{lesson}");
        let credentials = site.header("authorization");
        assert_eq!(credentials, [Some("Basic YW5hOnBAc3M6dw==".into())], "{lesson}");
        assert_eq!(code, 0, "{lesson}");
    }
}

/// As the server of a beginner's book does: one request for each connection, and it never says so.
#[test]
fn a_kept_connection_that_the_site_closes_costs_no_page() {
    let answer: Answer = |_, before| (before == 0).then(|| page("Hello"));
    for (lesson, (code, _)) in all_get(answer, "http://SITE/", "12") {
        assert_eq!(code, 0, "{lesson}");
    }
}

/// Only a kept connection can have been closed before: on a new one, the site itself refuses to answer.
#[test]
fn a_new_connection_that_is_closed_at_once_is_not_tried_again() {
    for (lesson, (code, site)) in all_get(|_, _| None, "http://SITE/", "2") {
        assert_eq!((code, site.paths().len()), (1, 2), "{lesson}");
    }
}
