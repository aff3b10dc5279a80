//! The ten services of the practice site: the options, what an answer is, and what is told of the answers.

use std::error::Error;
use std::fmt;
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::thread::sleep;
use std::time::{Duration, Instant};

use clap::Arg;
use common::{Done, Outcome, Run, Span, is_cancelled, plain_words};
use harness::options::{in_seconds, numeric};
use harness::{Kind, Lesson, Setup, Total, Unit, Work, give_up};
use practice_site::SERVICES;
use reqwest::Method;
use serde_json::Value;

/// A service by its name. Its value is the number of answers that it gave in time: one or none.
const SERVICE: Kind = Kind {
    noun: "service",
    verb: "asked",
    counted: "services",
    counts_alone: true,
    unit: Unit::Result,
    label: str::to_owned,
    line,
    total: Total::Sum("answers"),
    only_computes: false,
    expected: None,
};

/// The detail of an item that was answered.
const ANSWER: &str = "answer";

/// The longest body of an answer, in bytes: a service that sends without end must not fill the memory.
pub(crate) const LONGEST: u64 = 64 * 1024;

fn line(span: &Span, done: &Done) -> String {
    let answer = done.details.iter().find(|(name, _)| *name == ANSWER);
    match answer.and_then(|(_, answer)| answer.first()) {
        Some(answer) => format!("{}: {answer}", span.label),
        None => format!("{}: no answer", span.label),
    }
}

/// Asks the ten services of a practice site.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TenServices;

/// Whom to ask, and how long.
#[derive(Debug)]
pub(crate) struct Services {
    site: String,
    /// All answers have to be there after this time.
    pub(crate) deadline: Duration,
    /// How often a request is repeated at most.
    pub(crate) retries: u32,
    /// Time limit for one attempt.
    pub(crate) timeout: Duration,
    need: usize,
    /// The fewest answers of a section.
    fewest: AtomicUsize,
    /// How many requests the site had answered, and how many were given up.
    seen: Mutex<Option<Record>>,
}

/// A service as a client sees it.
#[derive(Clone, Debug)]
pub(crate) struct Service {
    name: &'static str,
    /// The method of its requests. HTTP says which of them may be repeated.
    pub(crate) method: Method,
    /// Its URL, with the run's ID.
    pub(crate) url: String,
}

impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

/// A service's answer, or why there is none.
pub(crate) type Answer = Result<u64, Missing>;

/// No answer before the deadline.
pub(crate) const LATE: Answer = Err(Missing::Late);

/// Why there is no answer.
#[derive(Clone, Debug)]
pub(crate) enum Missing {
    /// It did not come before the deadline.
    Late,
    /// Something else came.
    Failed {
        /// In words.
        why: String,
        /// Whether the same request may succeed a moment later.
        may_pass: bool,
    },
}

impl Missing {
    /// Whether the same request may succeed a moment later: the connection failed, or the service is busy.
    pub(crate) fn may_pass(&self) -> bool {
        matches!(self, Self::Failed { may_pass: true, .. })
    }

    fn nonsense() -> Self {
        Self::Failed { why: "what it sent is not the JSON of an answer".into(), may_pass: false }
    }
}

/// An error of a client.
impl<E: Error + 'static> From<E> for Missing {
    fn from(error: E) -> Self {
        Self::Failed { why: plain_words(&error), may_pass: http_clients::may_pass(&error) }
    }
}

/// Reads the body of an answer.
pub(crate) fn read(body: &[u8]) -> Answer {
    let json: Option<Value> = serde_json::from_slice(body).ok();
    json.and_then(|json| json[ANSWER].as_u64()).ok_or_else(Missing::nonsense)
}

/// Reads the body of a response to its end.
pub(crate) async fn body(mut response: reqwest::Response) -> Result<Vec<u8>, Missing> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        body.extend_from_slice(&chunk);
        if body.len() as u64 > LONGEST {
            return Err(Missing::nonsense());
        }
    }
    Ok(body)
}

impl Work for TenServices {
    type Items = Services;

    fn enter(&self) {
        practice_site::be_the_site_if_asked();
    }

    fn kinds(&self) -> Vec<&'static str> {
        vec![SERVICE.noun]
    }

    fn options(&self, _: &Lesson) -> Vec<Arg> {
        vec![
            in_seconds("deadline")
                .default_value("1")
                .help("When the answer is due, with what is there by then"),
            numeric("retries", "N", 0..=10u32)
                .default_value("3")
                .help("How many times to repeat a request that may succeed later"),
            numeric("need", "N", 0..=SERVICES.len())
                .default_value("1")
                .help("With fewer answers than this, the exit status is 1"),
            downloads::latency().conflicts_with("site"),
            downloads::site(),
            in_seconds("timeout").default_value("10").help("Time limit for one attempt"),
        ]
    }

    fn prepare(self, setup: &mut Setup) -> Services {
        let site = setup.optional("site").unwrap_or_else(|| {
            let latency = Duration::from_millis(setup.value("latency"));
            let (site, process) = practice_site::start(latency).unwrap_or_else(|error| {
                give_up(&format!("the practice site did not come up: {error}"))
            });
            setup.keep(process);
            site
        });
        let (deadline, timeout) = (setup.value("deadline"), setup.value("timeout"));
        // A thread may begin its last attempt right before the deadline.
        setup.takes_at_most(deadline + timeout);
        setup.add(SERVICE, SERVICES.len());
        let (retries, need) = (setup.value("retries"), setup.value("need"));
        let (fewest, seen) = (AtomicUsize::new(SERVICES.len()), Mutex::new(record(&site)));
        Services { site, deadline, retries, timeout, need, fewest, seen }
    }
}

impl Services {
    /// All ten, for a run with an ID of its own.
    pub(crate) fn of_a_run(&self) -> Vec<Service> {
        let (site, run) = (self.site.trim_end_matches('/'), fastrand::u64(..));
        let service = |service: &practice_site::Service| Service {
            name: service.name,
            method: service.method(),
            url: format!("{site}/services/{}?run={run}", service.name),
        };
        SERVICES.iter().map(service).collect()
    }

    /// What the run's record says of a service that was asked: its answer, or that there is none.
    pub(crate) fn outcome(&self, answer: &Answer) -> Outcome {
        let details = answer.iter().map(|answer| (ANSWER, vec![*answer])).collect();
        Outcome(Ok(Done { value: answer.is_ok().into(), details }))
    }

    /// Prints how many answers there are, what is missing and why, and what the site saw.
    pub(crate) fn tell(
        &self,
        run: &Run,
        deadline: Instant,
        answers: impl IntoIterator<Item = (Service, Answer)>,
    ) {
        let took = (Instant::now() + self.deadline).saturating_duration_since(deadline);
        if is_cancelled() {
            return;
        }
        let mut missing: Vec<Option<Missing>> = vec![Some(Missing::Late); SERVICES.len()];
        for (service, answer) in answers {
            let at = SERVICES.iter().position(|it| it.name == service.name);
            missing[at.expect("it is one of them")] = answer.err();
        }
        let all = missing.len();
        let there = missing.iter().filter(|it| it.is_none()).count();
        self.fewest.fetch_min(there, Relaxed);
        run.note(format!("After {:.3} s: {there} of {all} answers", took.as_secs_f64()));
        for (service, why) in SERVICES.iter().zip(missing) {
            let Some(why) = why else { continue };
            let deadline = self.deadline.as_secs_f64();
            let why = match why {
                Missing::Late => format!("not answered within {deadline} s"),
                Missing::Failed { why, .. } => why,
            };
            run.note(format!("  no answer from {}: {why}", service.name));
        }
        if let Some(seen) = self.seen() {
            run.note(seen);
        }
    }

    /// What the site has seen since the last call: the other side's account.
    fn seen(&self) -> Option<String> {
        let mut now = record(&self.site)?;
        // A connection that was closed here is closed there a moment later.
        for _ in 0..20 {
            if now.in_flight == 0 {
                break;
            }
            sleep(Duration::from_millis(10));
            now = record(&self.site)?;
        }
        let before = self.seen.lock().expect("no panic").replace(now)?;
        // A site that was started again counts from zero.
        let requests = now.requests.saturating_sub(before.requests);
        let given_up = now.given_up.saturating_sub(before.given_up);
        let in_flight = now.in_flight;
        Some(format!(
            "The site saw {requests} requests: {given_up} given up by the client, {in_flight} still in flight"
        ))
    }

    /// The exit status: that of the run, or 1 if there were too few answers.
    pub(crate) fn status(&self, status: ExitCode) -> ExitCode {
        let has_enough = self.fewest.load(Relaxed) >= self.need;
        if has_enough || is_cancelled() { status } else { ExitCode::FAILURE }
    }
}

/// The counts of a practice site.
#[derive(Clone, Copy, Debug)]
struct Record {
    requests: u64,
    given_up: u64,
    in_flight: u64,
}

/// Asks a site for its counts; `None` if it has none.
fn record(site: &str) -> Option<Record> {
    let session: ureq::Agent = http_clients::session(Duration::from_secs(1), false);
    let url = format!("{}/record", site.trim_end_matches('/'));
    let body = session.get(url).call().ok()?.into_body();
    let json: Value =
        serde_json::from_slice(&body.into_with_config().limit(LONGEST).read_to_vec().ok()?).ok()?;
    let count = |name: &str| json[name].as_u64();
    Some(Record {
        requests: count("requests")?,
        given_up: count("given_up")?,
        in_flight: count("in_flight")?,
    })
}
