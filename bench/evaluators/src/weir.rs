//! Weir's engine: MurmurHash3 of 128 bits, twice. Its question is a request of twelve headers.

use weir_engine::{Decision, Plan, Request};

use crate::{Evaluator, Rollout};

/// The plan of a policy.
pub struct Weir {
    plan: Plan,
    location: String,
}

impl Evaluator for Weir {
    const NAME: &'static str = "weir-engine";

    type Question<'a> = Request<'a>;

    fn new(rollout: Rollout, location: &str) -> Weir {
        let targeting = match rollout {
            Rollout::All => "",
            Rollout::Shenzhen => r#""targeting": {"header": {"name": "location", "exact": "shenzhen"}},"#,
        };
        let envelope = format!(
            r#"{{"weir": 1, "policy": {{"version": 1, "units": {{"user": [{{"header": "x-user-id"}}]}},
            "layers": [{{"id": "checkout", "unit": "user", "experiments": [{{"id": "owl", "slots": "all", {targeting}
            "variants": [{{"id": "canary", "share": "50%"}}, {{"id": "control", "share": "50%"}}]}}]}}]}}}}"#
        );
        let plan = weir_engine::configure_json(envelope.as_bytes()).expect("the policy is good");
        Weir { plan, location: location.to_owned() }
    }

    fn question<'a>(&'a self, id: &'a str) -> Request<'a> {
        let own = [("x-user-id", id), ("location", self.location.as_str())];
        let headers = HEADERS.iter().copied().chain(own);
        let mut request = Request::default();
        request.read(&self.plan, headers.map(|(name, value)| (name.as_bytes(), value.as_bytes())), || None);
        request
    }

    fn is_canary(&self, request: &Request<'_>) -> bool {
        let mut decision = Decision::new(&self.plan);
        self.plan.decide(request, &mut decision);
        decision.layers().next().is_some_and(|layer| layer.variant == Some("canary"))
    }
}

/// What a browser sends, without the two that decide.
const HEADERS: [(&str, &str); 10] = [
    (":authority", "shop.example.org"),
    (":path", "/checkout/cart?item=17&color=blue"),
    (":method", "GET"),
    (":scheme", "https"),
    ("accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"),
    ("accept-encoding", "gzip, deflate, br, zstd"),
    ("cookie", "session=8f4e1c0a9b7d; theme=dark; weir_id=3f2b8c1e5d2a4b7e9c1d2f"),
    ("user-agent", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"),
    ("x-forwarded-proto", "https"),
    ("x-request-id", "0c6f8f0e-4b1a-4f5e-8d2c-7a9b3e1f5d60"),
];
