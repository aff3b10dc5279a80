//! Ten services, `/services/NAME`: a client that needs all of them asks them at once.
//!
//! Each answers with JSON, `{"service":"price","answer":1299}`, after its own multiple of the site's latency. Four have a
//! character of their own ([`SERVICES`]). Three of these remember how often a run has asked: requests with the same
//! `?run=ID` are of one run, so several runs can use one site, and each meets the same.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use hyper::body::Bytes;
use hyper::{Method, Request, StatusCode};

use crate::pages::HTML;

/// The path of the services, before the name of one.
const PATH: &str = "/services/";
const JSON: &str = "application/json";

/// So many runs are remembered, and the oldest is forgotten first.
const MOST_RUNS: usize = 1_000;
/// The longest ID of a run, in characters: of a longer one, the rest does not count.
const LONGEST_ID: usize = 40;
/// This many times in each run, a busy service answers 503.
const BUSY: u32 = 2;
/// A busy service stays busy while requests of a run follow each other within this time.
const RECOVERS: Duration = Duration::from_millis(40);
/// A service that was slow once takes so many latencies from then on.
const NOT_SLOW: u32 = 2;

/// A service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Service {
    /// Its name, the last part of its path.
    pub name: &'static str,
    /// How long it takes, as a multiple of the site's latency.
    pub latencies: u32,
    /// The number that it answers with.
    answer: u64,
    /// How it answers.
    pub conduct: Conduct,
}

/// How a service answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Conduct {
    /// With its number.
    Works,
    /// With its number; but for the first request of each run, it takes much longer than for the others.
    IsSlowOnce,
    /// Twice in each run with 503 Service Unavailable, at once, and then with its number. It stays busy for a client that
    /// does not wait between its requests.
    IsBusyTwice,
    /// With HTML in place of JSON, and the status 200.
    SendsNonsense,
    /// To POST alone. Each request places another order when it comes. The answer, the number of the run's orders, is lost
    /// twice: the client gets 503.
    TakesOrders,
}

/// The ten services of a shop: `reviews` is slow at first, `rates` is busy twice, `coupons` sends nonsense, and `order` must not be
/// asked twice.
pub const SERVICES: [Service; 10] = {
    use Conduct::{IsBusyTwice, IsSlowOnce, SendsNonsense, TakesOrders, Works};
    const fn service(name: &'static str, latencies: u32, answer: u64, conduct: Conduct) -> Service {
        Service { name, latencies, answer, conduct }
    }
    [
        service("reviews", 40, 4, IsSlowOnce),
        service("price", 1, 1299, Works),
        service("stock", 1, 17, Works),
        service("tax", 2, 247, Works),
        service("shipping", 2, 490, Works),
        service("points", 3, 130, Works),
        service("pictures", 4, 6, Works),
        service("rates", 1, 108, IsBusyTwice),
        service("coupons", 2, 0, SendsNonsense),
        service("order", 1, 0, TakesOrders),
    ]
};

impl Service {
    /// The method of its requests.
    pub fn method(&self) -> Method {
        if self.conduct == Conduct::TakesOrders { Method::POST } else { Method::GET }
    }
}

/// Status, content type and body of an answer.
pub(crate) type Answer = (StatusCode, &'static str, Bytes);

/// How often each service was asked, and when last, for each run that the site remembers.
#[derive(Debug, Default)]
pub(crate) struct Runs(Mutex<VecDeque<(String, [Asked; SERVICES.len()])>>);

type Asked = (u32, Option<Instant>);

impl Runs {
    /// Takes a request: returns the answer and how many latencies it takes; `None` if it is for no service.
    pub(crate) fn ask<T>(&self, request: &Request<T>) -> Option<(Answer, u32)> {
        let name = request.uri().path().strip_prefix(PATH)?;
        let place = SERVICES.iter().position(|service| service.name == name)?;
        let service = SERVICES[place];
        if *request.method() != service.method() {
            return None;
        }
        let pairs = request.uri().query().unwrap_or_default().split('&');
        let run = pairs.filter_map(|pair| pair.strip_prefix("run=")).next().unwrap_or_default();
        let (times, last) = self.count(run.chars().take(LONGEST_ID).collect(), place);
        let is_busy = times <= BUSY || last.is_some_and(|last| last.elapsed() < RECOVERS);
        let number = |answer: u64| {
            let json = serde_json::json!({ "service": name, "answer": answer });
            (StatusCode::OK, JSON, json.to_string().into())
        };
        let busy = || {
            let json = serde_json::json!({ "service": name, "error": "busy" });
            (StatusCode::SERVICE_UNAVAILABLE, JSON, json.to_string().into())
        };
        let latencies = service.latencies;
        Some(match service.conduct {
            Conduct::Works => (number(service.answer), latencies),
            Conduct::IsSlowOnce if times == 1 => (number(service.answer), latencies),
            Conduct::IsSlowOnce => (number(service.answer), NOT_SLOW),
            Conduct::IsBusyTwice if is_busy => (busy(), 0),
            Conduct::IsBusyTwice => (number(service.answer), latencies),
            Conduct::SendsNonsense => {
                ((StatusCode::OK, HTML, "<h1>It works!</h1>\n".into()), latencies)
            }
            Conduct::TakesOrders if times <= BUSY => (busy(), latencies),
            Conduct::TakesOrders => (number(times.into()), latencies),
        })
    }

    /// Counts a request of this run; returns how many it has sent to this service, and when the one before came.
    fn count(&self, run: String, place: usize) -> Asked {
        let runs = &mut *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let at = runs.iter().position(|(id, _)| *id == run).unwrap_or_else(|| {
            if runs.len() == MOST_RUNS {
                runs.pop_front();
            }
            runs.push_back((run, Default::default()));
            runs.len() - 1
        });
        let (times, last) = &mut runs[at].1[place];
        *times = times.saturating_add(1);
        (*times, last.replace(Instant::now()))
    }
}

#[cfg(test)]
mod tests {
    use std::thread::sleep;

    use super::*;

    fn ask(runs: &Runs, method: Method, url: &str) -> Option<(u16, String, u32)> {
        let request = Request::builder().method(method).uri(url).body(()).expect("a request");
        let ((status, _, body), latencies) = runs.ask(&request)?;
        Some((status.as_u16(), String::from_utf8_lossy(&body).into_owned(), latencies))
    }

    #[test]
    fn each_service_answers_in_its_own_way_in_every_run() {
        let runs = Runs::default();
        for run in ["1", "2"] {
            let get = |name| ask(&runs, Method::GET, &format!("/services/{name}?run={run}"));
            let price = (200, r#"{"answer":1299,"service":"price"}"#.into(), 1);
            assert_eq!(get("price"), Some(price));
            let slow = [(); 3].map(|()| get("reviews").expect("it is there").2);
            assert_eq!(slow, [40, NOT_SLOW, NOT_SLOW]);
            let statuses = [(); 4].map(|()| {
                sleep(RECOVERS);
                get("rates").expect("it is there").0
            });
            assert_eq!(statuses, [503, 503, 200, 200]);
            assert!(get("coupons").is_some_and(|it| it.0 == 200 && it.1.starts_with('<')));
            let place = || ask(&runs, Method::POST, &format!("/services/order?run={run}"));
            let [_, second, third] = [(); 3].map(|()| place().expect("it is there"));
            // The two lost answers were of orders, too.
            assert_eq!((second.0, third.0), (503, 200));
            assert!(third.1.contains(r#""answer":3"#), "{third:?}");
        }
    }

    #[test]
    fn a_busy_service_stays_busy_for_who_does_not_wait() {
        let runs = Runs::default();
        let get = || ask(&runs, Method::GET, "/services/rates?run=1").expect("it is there");
        let mut last = Instant::now();
        for _ in 0..100 {
            let ((status, ..), is_soon) = (get(), last.elapsed() < RECOVERS);
            assert!(status == 503 || !is_soon);
            last = Instant::now();
        }
        sleep(RECOVERS);
        assert_eq!(get().0, 200);
    }

    #[test]
    fn other_names_and_methods_are_no_service() {
        let runs = Runs::default();
        for (method, url) in [
            (Method::GET, "/services/none"),
            (Method::GET, "/services/"),
            (Method::GET, "/price"),
            (Method::GET, "/services/order"),
            (Method::POST, "/services/price"),
            (Method::HEAD, "/services/price"),
        ] {
            assert_eq!(ask(&runs, method, url), None, "{url}");
        }
    }

    #[test]
    fn no_client_fills_the_memory() {
        let runs = Runs::default();
        for run in 0..2 * MOST_RUNS {
            let url = format!("/services/rates?x=1&run={run}{}", "x".repeat(10_000));
            ask(&runs, Method::GET, &url);
        }
        let runs = runs.0.into_inner().expect("no panic");
        assert_eq!(runs.len(), MOST_RUNS);
        assert!(runs.iter().all(|(id, _)| id.len() <= LONGEST_ID));
    }
}
