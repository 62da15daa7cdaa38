//! What the engine says of a request, in the terms in which Envoy and the upstream show it.

use hyper::Request;
use serde_json::Value;
use weir_engine::{Configured, Edit};

use super::bench::SERVICE;
use super::client::{Answer, DEFAULT_HOST};

/// The engine, configured as the filter is.
pub struct Predictor {
    configured: Configured,
}

/// What shows of a decision from outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// The filter state, as the bootstraps of `envoy/` put it on the response.
    pub state: Option<String>,
    /// The lines of `x-env-tag` that the upstream saw.
    pub tags: Vec<String>,
}

impl Predictor {
    /// Panics with the problems if the envelope is not in order.
    pub fn new(envelope: &Value) -> Self {
        let configured = weir_engine::configure_json(envelope.to_string().as_bytes());
        Self { configured: configured.unwrap_or_else(|refused| panic!("{:?}", refused.problems)) }
    }

    /// The revision, as the filter names it.
    pub fn revision(&self) -> String {
        self.configured.plan.revision().map(|revision| revision.to_string()).unwrap_or_default()
    }

    /// What this request will show at an edge, where no tag of the client's gets through.
    pub fn at_edge<B>(&self, request: &Request<B>) -> Shown {
        let Configured { attachment, plan } = &self.configured;
        let path = request.uri().to_string();
        let pseudo = [(":method", request.method().as_str()), (":path", &path), (":authority", DEFAULT_HOST)];
        let pseudo = pseudo.map(|(name, value)| (name.as_bytes(), value.as_bytes()));
        let lines = request.headers().iter().map(|(name, value)| (name.as_str().as_bytes(), value.as_bytes()));
        let request = weir_engine::Request::read(plan, pseudo.into_iter().chain(lines));
        let decision = plan.decide(attachment.role, &request);
        let edits = decision.edits(attachment, &request, Some(SERVICE.as_bytes()));
        Shown { state: decision.state(attachment.trace), tags: edits.iter().flat_map(tags).collect() }
    }
}

impl Shown {
    /// What the answer of an echo upstream shows.
    #[track_caller]
    pub fn by(answer: &Answer) -> Self {
        Self { state: answer.header("x-weir-decision"), tags: answer.echo().lines("x-env-tag") }
    }
}

fn tags(edit: &Edit) -> Vec<String> {
    match edit {
        Edit::Set { name, lines } if name == b"x-env-tag" => {
            lines.iter().map(|line| String::from_utf8_lossy(line).into_owned()).collect()
        }
        _ => Vec::new(),
    }
}
