//! The same behaviour in all four models: ureq and reqwest differ by default, and students would take that for a property
//! of async.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use course::Lesson;
use flate2::Compression;
use flate2::write::{GzEncoder, ZlibEncoder};
use harness::Model;
use testing::{downloaders, program};

/// A site's reaction to a request for a path: it answers and keeps the connection, or closes it without an answer.
type Answer = fn(path: &str, requests_before: usize) -> Option<Vec<u8>>;

/// A site that records its requests, and answers them by a function.
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

    /// The paths and queries of the requests, in their order.
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
        let Some(answer) = answer else { return };
        let _ = stream.write_all(&answer);
        if String::from_utf8_lossy(&answer).contains("Connection: close") {
            return;
        }
    }
}

fn page(body: &str) -> Vec<u8> {
    format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

fn redirect(to: &str) -> Vec<u8> {
    format!("HTTP/1.1 302 Found\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n").into_bytes()
}

/// The status of each of the four lessons with a URL this many times, and the requests at its site.
fn all_get(answer: Answer, url: &str, repeat: &str) -> BTreeMap<String, (i32, Scripted)> {
    let run = |lesson: &Lesson| {
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
        assert_eq!(site.header("accept-encoding"), vec![Some("gzip".into()); 3], "{lesson}");
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

/// Like the server of a beginner's book: one request for each connection, without `Connection: close`.
#[test]
fn a_kept_connection_that_the_site_closes_costs_no_page() {
    let answer: Answer = |_, before| (before == 0).then(|| page("Hello"));
    for (lesson, (code, _)) in all_get(answer, "http://SITE/", "12") {
        assert_eq!(code, 0, "{lesson}");
    }
}

/// Only a kept connection can have been closed earlier: on a new one, the site itself refuses to answer.
#[test]
fn a_new_connection_that_is_closed_at_once_is_not_tried_again() {
    for (lesson, (code, site)) in all_get(|_, _| None, "http://SITE/", "2") {
        assert_eq!((code, site.paths().len()), (1, 2), "{lesson}");
    }
}

/// The outcome of a page: its bytes, or why it did not arrive.
type Outcome = Result<u64, String>;

/// The outcomes of some pages in each of the four lessons, and the requests at the site. `SITE` stands for its address.
fn all_say<S: AsRef<str>>(
    answer: Answer,
    urls: &[S],
    environment: &[(&str, &str)],
) -> Vec<(&'static Lesson, Vec<Outcome>, Scripted)> {
    let run = |lesson: &'static Lesson| {
        let site = Scripted::start(answer);
        let filled = |text: &str| text.replace("SITE", site.url.trim_start_matches("http://"));
        let urls: Vec<String> = urls.iter().map(|url| filled(url.as_ref())).collect();
        let arguments = urls.iter().map(String::as_str);
        let arguments = arguments.chain(["--repeat", "1", "--timeout", "5", "--json"]);
        // The test itself may run behind a proxy. An empty variable in lower case names none.
        let names = ["all_proxy", "http_proxy", "https_proxy", "no_proxy"];
        let mut variables = BTreeMap::from(names.map(|name| (name, String::new())));
        variables.extend(environment.iter().map(|(name, value)| (*name, filled(value))));
        let variables: Vec<(&str, &str)> =
            variables.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let ended = program(lesson.name()).run_with(&arguments.collect::<Vec<_>>(), &variables);
        let run = ended.json();
        let items = run["items"].as_array().expect("items");
        let outcome = |url: &String| {
            let item = items.iter().find(|item| item["label"] == url.as_str()).expect("its item");
            let failed = item["error"].as_str().map(String::from);
            failed.map_or_else(|| Ok(item["bytes"].as_u64().expect("bytes")), Err)
        };
        (lesson, urls.iter().map(outcome).collect(), site)
    };
    downloaders().map(run).collect()
}

/// A proxy that fetches pages itself, and makes no tunnels.
fn forwards(target: &str, _: usize) -> Option<Vec<u8>> {
    Some(match target {
        "http://pages.invalid/from" => redirect("/to?x=1"),
        target if target.starts_with("http://") => page("Hello"),
        _ => b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n".to_vec(),
    })
}

#[test]
fn a_proxy_is_asked_for_pages_over_http_and_for_a_tunnel_to_others() {
    let refused = || Err("the proxy does not let the page through".to_owned());
    for (url, outcome, targets) in [
        ("http://pages.invalid", Ok(5), &["http://pages.invalid/"][..]),
        ("http://pages.invalid?q", Ok(5), &["http://pages.invalid/?q"]),
        (
            "http://pages.invalid:81/%20?b=http://c",
            Ok(5),
            &["http://pages.invalid:81/%20?b=http://c"],
        ),
        ("http://ana:x@pages.invalid/a", Ok(5), &["http://pages.invalid/a"]),
        ("http://192.0.2.1//a", Ok(5), &["http://192.0.2.1//a"]),
        ("http://[2001:db8::1]:81/", Ok(5), &["http://[2001:db8::1]:81/"]),
        (
            "http://pages.invalid/from",
            Ok(5),
            &["http://pages.invalid/from", "http://pages.invalid/to?x=1"],
        ),
        ("https://pages.invalid/", refused(), &["pages.invalid:443"]),
        ("https://pages.invalid:81/", refused(), &["pages.invalid:81"]),
    ] {
        // The proxy has its own credentials.
        for (lesson, got, proxy) in
            all_say(forwards, &[url], &[("all_proxy", "http://me:p%40w@SITE")])
        {
            let what = format!("{}: {url}", lesson.name());
            assert_eq!(got[0], outcome, "{what}");
            assert_eq!(proxy.paths(), targets, "{what}");
            let host = |target: &&str| {
                let host = target.trim_start_matches("http://").split(['/', '?']).next();
                host.map(String::from)
            };
            assert_eq!(
                proxy.header("host"),
                targets.iter().map(host).collect::<Vec<_>>(),
                "{what}"
            );
            let credentials = Some("Basic bWU6cEB3".to_owned());
            assert_eq!(
                proxy.header("proxy-authorization"),
                vec![credentials; targets.len()],
                "{what}"
            );
            let own = url.contains('@').then(|| "Basic YW5hOng=".to_owned());
            assert_eq!(proxy.header("authorization")[0], own, "{what}");
        }
    }
}

#[test]
fn a_kept_connection_that_the_proxy_closes_costs_no_page() {
    let answer: Answer = |target, before| forwards(target, before).filter(|_| before == 0);
    let urls: Vec<String> = (0..6).map(|page| format!("http://pages.invalid/{page}")).collect();
    for (lesson, got, _) in all_say(answer, &urls, &[("http_proxy", "SITE")]) {
        assert_eq!(got, vec![Ok(5); 6], "{}", lesson.name());
    }
}

/// Nothing listens at the pages' address: only a proxy can receive the requests.
#[test]
fn the_variables_that_name_a_proxy_mean_the_same_to_all() {
    const URLS: [&str; 4] = [
        "http://localhost:1/",
        "https://localhost:1/",
        "http://127.0.0.1:1/",
        "https://127.0.0.1:1/",
    ];
    const TARGETS: [&str; 4] =
        ["http://localhost:1/", "localhost:1", "http://127.0.0.1:1/", "127.0.0.1:1"];
    let all = ("all_proxy", "http://SITE");
    for (environment, through) in [
        (&[("http_proxy", "http://SITE")][..], [true, false, true, false]),
        (&[("http_proxy", "SITE")], [true, false, true, false]),
        (&[("https_proxy", "http://SITE/")], [false, true, false, true]),
        (&[all], [true; 4]),
        (&[all, ("http_proxy", "http://127.0.0.1:1")], [false, true, false, true]),
        (&[("all_proxy", "ftp://SITE")], [false; 4]),
        (&[all, ("no_proxy", "*")], [false; 4]),
        (&[all, ("no_proxy", "localhost")], [false, false, true, true]),
        (&[all, ("no_proxy", "a, .LOCALHOST")], [false, false, true, true]),
        (&[all, ("no_proxy", "127.0.0.1")], [true, true, false, false]),
        (&[all, ("no_proxy", "host,127.0.0.0/8")], [true, true, false, false]),
        (&[all, ("no_proxy", "10.0.0.0/8,ost,0.0.1")], [true; 4]),
    ] {
        let expected: Vec<&str> =
            TARGETS.into_iter().zip(through).filter_map(|(it, is)| is.then_some(it)).collect();
        for (lesson, _, proxy) in all_say(forwards, &URLS, environment) {
            let mut asked = proxy.paths();
            asked.sort_by_key(|target| TARGETS.iter().position(|it| it == target));
            assert_eq!(asked, expected, "{}: {environment:?}", lesson.name());
        }
    }
}

/// The first byte that a SOCKS proxy receives is the version.
#[test]
fn a_socks_proxy_is_spoken_to_as_such() {
    for scheme in ["socks4", "socks4a", "socks5", "socks5h", "socks"] {
        for lesson in downloaders().map(Lesson::name) {
            let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
            let address = listener.local_addr().expect("an address");
            let version = thread::spawn(move || {
                let (mut stream, _) = listener.accept().expect("a connection");
                let mut version = [0];
                stream.read_exact(&mut version).map(|()| version[0]).ok()
            });
            let proxy = format!("{scheme}://{address}");
            let variables = [("all_proxy", &*proxy), ("http_proxy", ""), ("no_proxy", "")];
            let arguments = ["http://127.0.0.1:1/", "--repeat", "1", "--timeout", "5"];
            let code = program(lesson).run_with(&arguments, &variables).code();
            // If no client has come, this connection ends the wait.
            drop(TcpStream::connect(address));
            let version = version.join().expect("it ends");
            let expected = if scheme.starts_with("socks4") { 4 } else { 5 };
            assert_eq!((code, version), (1, Some(expected)), "{lesson}: {scheme}");
        }
    }
}

/// The text that is packed below: 27 bytes.
const HELLO: &[u8] = b"Hello, hello, hello, hello!";

fn gzipped(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).and_then(|()| encoder.finish()).expect("memory can be written to")
}

fn deflated(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).and_then(|()| encoder.finish()).expect("memory can be written to")
}

/// An answer whose header names these compressions, each in a line.
fn packed(names: &[&str], body: &[u8]) -> Vec<u8> {
    let names: String = names.iter().map(|name| format!("Content-Encoding: {name}\r\n")).collect();
    let length = body.len();
    let head = format!("HTTP/1.1 200 OK\r\n{names}Content-Length: {length}\r\n\r\n");
    [head.as_bytes(), body].concat()
}

#[test]
fn a_page_is_counted_unpacked() {
    let answer: Answer = |path, _| {
        let (gzip, deflate) = (gzipped(HELLO), deflated(HELLO));
        Some(match path {
            "/gzip" => packed(&["gzip"], &gzip),
            "/zeros-behind-it" => packed(&["gzip"], &[&gzip[..], &[0; 100]].concat()),
            "/text-behind-it" => packed(&["gzip"], &[&gzip[..], b"<!-- cached -->"].concat()),
            "/empty" => packed(&["gzip"], b""),
            "/wrong-sum" => packed(&["gzip"], &[&gzip[..gzip.len() - 8], &[0; 8]].concat()),
            "/cut-sum" => packed(&["gzip"], &gzip[..gzip.len() - 1]),
            "/no-gzip" => packed(&["gzip"], HELLO),
            "/deflate" => packed(&["deflate"], &deflate),
            "/text-behind-deflate" => packed(&["deflate"], &[&deflate[..], b"\n"].concat()),
            "/empty-deflate" => packed(&["deflate"], b""),
            "/cut-deflate" => packed(&["deflate"], &deflate[..10]),
            "/cut-sum-of-deflate" => packed(&["deflate"], &deflate[..deflate.len() - 1]),
            "/no-deflate" => packed(&["deflate"], HELLO),
            "/identity" => packed(&["identity"], HELLO),
            _ => packed(&["utf-8"], HELLO),
        })
    };
    let cut = || Err("the page was cut short".to_owned());
    let broken = || Err("the compressed page is broken".to_owned());
    let pages = [
        ("/gzip", Ok(27)),
        ("/zeros-behind-it", Ok(27)),
        ("/text-behind-it", Ok(27)),
        ("/empty", Ok(0)),
        ("/wrong-sum", broken()),
        ("/cut-sum", cut()),
        ("/no-gzip", broken()),
        ("/deflate", Ok(27)),
        ("/text-behind-deflate", Ok(27)),
        ("/empty-deflate", Ok(0)),
        ("/cut-deflate", cut()),
        ("/cut-sum-of-deflate", cut()),
        ("/no-deflate", broken()),
        ("/identity", Ok(27)),
        ("/no-packing", Ok(27)),
    ];
    let urls = pages.each_ref().map(|(path, _)| format!("http://SITE{path}"));
    for (lesson, got, _) in all_say(answer, &urls, &[]) {
        for ((path, outcome), got) in pages.iter().zip(&got) {
            assert_eq!(got, outcome, "{}: {path}", lesson.name());
        }
    }
}

/// As described in `FAULTS.md`. Once reqwest can do it, this fails, and the lines there can go.
#[test]
fn what_the_clients_unpack_differently_is_what_faults_md_says() {
    let answer: Answer = |path, _| {
        let gzip = gzipped(HELLO);
        Some(match path {
            "/members" => packed(&["gzip"], &[&gzip[..], &gzip].concat()),
            "/cut-member" => packed(&["gzip"], &[&gzip[..], &gzip[..20]].concat()),
            "/members-in-chunks" => {
                let head = "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n";
                let size = format!("{:x}\r\n", gzip.len());
                let chunk = [size.as_bytes(), &gzip, b"\r\n"].concat();
                [head.as_bytes(), &chunk, &chunk, b"0\r\n\r\n"].concat()
            }
            "/large-letters" => packed(&["GZIP"], &gzip),
            "/other-name" => packed(&["x-gzip"], &gzip),
            "/twice" => packed(&["gzip, gzip"], &gzipped(&gzip)),
            "/twice-in-two-lines" => packed(&["gzip", "gzip"], &gzipped(&gzip)),
            "/and-nothing" => packed(&["identity, gzip"], &gzip),
            "/br" => packed(&["br"], HELLO),
            "/zstd" => packed(&["ZSTD"], HELLO),
            _ => packed(&["gzip, compress"], HELLO),
        })
    };
    let unasked =
        |name| Err(format!("the page is compressed with {name}, which was not asked for"));
    let (size, size_of_twice) =
        (gzipped(HELLO).len() as u64, gzipped(&gzipped(HELLO)).len() as u64);
    // The outcome with ureq, and the outcome with reqwest.
    let pages = [
        ("/members", Ok(54), Ok(27)),
        ("/cut-member", Err("the page was cut short".into()), Ok(27)),
        ("/members-in-chunks", Ok(54), Err("there is more data after the compressed page".into())),
        ("/large-letters", Ok(27), Ok(size)),
        ("/other-name", Ok(27), Ok(size)),
        ("/twice", Ok(27), Ok(size_of_twice)),
        ("/twice-in-two-lines", Ok(27), Ok(size)),
        ("/and-nothing", Ok(27), Ok(size)),
        ("/br", unasked("br"), Ok(27)),
        ("/zstd", unasked("zstd"), Ok(27)),
        ("/compress", unasked("compress"), Ok(27)),
    ];
    let urls = pages.each_ref().map(|(path, ..)| format!("http://SITE{path}"));
    for (lesson, got, _) in all_say(answer, &urls, &[]) {
        for ((path, ureq, reqwest), got) in pages.iter().zip(&got) {
            let expected = if lesson.model() == Model::Async { reqwest } else { ureq };
            assert_eq!(got, expected, "{}: {path}", lesson.name());
        }
    }
}

/// Answers with the page "Hello", in forms that servers may write.
const FORMS: [&str; 24] = [
    "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nHello",
    "HTTP/1.1 200\r\nContent-Length: 5\r\n\r\nHello",
    "HTTP/1.1 200 \r\nContent-Length: 5\r\n\r\nHello",
    "\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nHello",
    "HTTP/1.1 200 OK\nContent-Length: 5\n\nHello",
    "HTTP/1.0 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nHello",
    "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nHello",
    "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 0-4/9\r\nContent-Length: 5\r\n\r\nHello",
    "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nHello",
    "HTTP/1.1 200 OK\r\nX:\r\nContent-Length: 5\r\n\r\nHello",
    "HTTP/1.1 200 OK\r\nX: größe\r\nContent-Length: 5\r\n\r\nHello",
    "HTTP/1.1 200 OK\r\ncontent-length:\t 00005 \t\r\n\r\nHello",
    "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nHello",
    "HTTP/1.1 200 OK\r\nContent-Length: 5, 5\r\n\r\nHello",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n5\r\nHello\r\n0\r\n\r\n",
    "HTTP/1.1 200 OK\r\ntransfer-encoding:chunked\r\n\r\n2\r\nHe\r\n3\r\nllo\r\n0\r\n\r\n",
    "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nHello\r\n0\r\n\r\n",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;x\r\nHello\r\n0;y=z\r\n\r\n",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;x=\";;\"\r\nHello\r\n0\r\n\r\n",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5 ; x\r\nHello\r\n0\r\n\r\n",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5  \r\nHello\r\n0\r\n\r\n",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n00000005\r\nHello\r\n00000000\r\n\r\n",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;sixteen-characters\r\nHello\r\n0\r\n\r\n",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nHello\r\n0\r\nX: a\r\nY: b\r\n\r\n",
];

/// If one client accepts it, the other must accept it, too.
#[test]
fn a_page_arrives_in_each_form_that_http_allows() {
    let answer: Answer = |path, _| {
        let form = path.trim_start_matches('/').parse().ok().and_then(|it: usize| FORMS.get(it));
        form.map(|form| form.as_bytes().to_vec())
    };
    let urls: Vec<String> = (0..FORMS.len()).map(|form| format!("http://SITE/{form}")).collect();
    for (lesson, got, _) in all_say(answer, &urls, &[]) {
        for (form, got) in FORMS.iter().zip(&got) {
            assert_eq!(got, &Ok(5), "{}: {form:?}", lesson.name());
        }
    }
}

/// As described in `FAULTS.md`: ureq reads no more than 20 characters of the line before a chunk.
#[test]
fn a_long_line_before_a_chunk_is_what_faults_md_says() {
    let answer: Answer = |path, _| {
        let (before, last) = match path {
            "/extension" => (format!("5;{}", "x".repeat(19)), "0".to_owned()),
            "/zeros" => (format!("{}5", "0".repeat(20)), "0".to_owned()),
            _ => ("5".to_owned(), format!("0;{}", "x".repeat(19))),
        };
        let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
        Some(format!("{head}{before}\r\nHello\r\n{last}\r\n\r\n").into_bytes())
    };
    let urls = ["http://SITE/extension", "http://SITE/zeros", "http://SITE/last"];
    for (lesson, got, _) in all_say(answer, &urls, &[]) {
        let is_reqwest = lesson.model() == Model::Async;
        let one = if is_reqwest { Ok(5) } else { Err("the answer is not valid HTTP".into()) };
        assert_eq!(got, vec![one; 3], "{}", lesson.name());
    }
}
