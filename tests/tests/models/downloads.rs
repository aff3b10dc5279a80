//! What the downloaders use besides, without a network.

use std::sync::Mutex;
use std::time::Duration;

#[derive(Default)]
pub(crate) struct Sites {
    pub(crate) urls: Vec<String>,
    pub(crate) timeout: Duration,
    pub(crate) proxy: bool,
}

impl Sites {
    pub(crate) fn new(pages: usize) -> Self {
        Self { urls: (1..=pages).map(|page| page.to_string()).collect(), ..Self::default() }
    }
}

/// Knows which pages were begun, and after how many there came a Ctrl-C.
pub(crate) struct Run {
    pub(crate) workers: usize,
    interrupted_after: usize,
    begun: Mutex<Vec<String>>,
}

impl Run {
    pub(crate) fn new(workers: usize) -> Self {
        Self { workers, interrupted_after: usize::MAX, begun: Mutex::default() }
    }

    pub(crate) fn interrupted_after(self, pages: usize) -> Self {
        Self { interrupted_after: pages, ..self }
    }

    /// The pages that were begun, in the list's order.
    pub(crate) fn into_begun(self) -> Vec<String> {
        let mut begun = self.begun.into_inner().expect("nobody panics with it");
        begun.sort_unstable();
        begun
    }

    pub(crate) fn begin(&self, url: &str) -> Option<Page> {
        let mut begun = self.begun.lock().expect("nobody panics with it");
        (begun.len() < self.interrupted_after).then(|| {
            begun.push(url.into());
            Page
        })
    }

    pub(crate) fn annotate(&self, _what: &str) -> Annotation {
        Annotation
    }
}

pub(crate) struct Annotation;

pub(crate) struct Page;

impl Page {
    pub(crate) fn end(self, outcome: Result<u64, ureq::Error>) {
        assert!(outcome.is_ok());
    }
}

/// A session, a request, a response and its body: all are empty.
pub(crate) mod ureq {
    use std::io;

    pub(crate) struct Agent;

    pub(crate) struct Error;

    impl From<io::Error> for Error {
        fn from(_error: io::Error) -> Self {
            Self
        }
    }

    impl Agent {
        pub(crate) fn get(&self, _url: &str) -> Self {
            Self
        }

        pub(crate) fn call(self) -> Result<Self, Error> {
            Ok(self)
        }

        pub(crate) fn into_body(self) -> Self {
            self
        }

        pub(crate) fn into_reader(self) -> io::Empty {
            io::empty()
        }
    }
}

pub(crate) mod http_clients {
    use std::time::Duration;

    pub(crate) fn session(_timeout: Duration, _proxy: bool) -> super::ureq::Agent {
        super::ureq::Agent
    }
}
