//! Releases for tests.

use std::time::Duration;

use weir_policy::written::Kind;

use crate::journal::{Format, Text};
use crate::release::{Arm, End, On, Promote, Release, Step};

/// A release with this many arms without control: `canary`, or `a0`, `a1` and so on.
pub fn release(kind: Kind, arms: usize, has_control: bool) -> Release {
    let id = |i| if arms == 1 { "canary".to_owned() } else { format!("a{i}") };
    let arm = |i| Arm { id: id(i), env_tag: format!("owl-v21.{}", id(i)), routes: Vec::new() };
    Release {
        id: "owl-v21".to_owned(),
        kind,
        unit: "user".to_owned(),
        arms: (0..arms).map(arm).collect(),
        has_control,
        services: vec!["owl.shop".to_owned()],
        traffic: 1_000_000,
        targeting: None,
        rules: Vec::new(),
        overrides: Vec::new(),
        holdouts: Vec::new(),
        priority: 0,
        after: Vec::new(),
        not_before: None,
        steps: [50_000, 500_000, 1_000_000].into_iter().map(step).collect(),
        warmup: Duration::from_secs(60),
        guardrails: Vec::new(),
        windows: Vec::new(),
        max_hold: Duration::from_secs(86_400),
        design_effect: 3,
        promote: Promote::ByHand,
        end: End::Hold,
        on: On::default(),
    }
}

fn step(share: u32) -> Step {
    Step { share, hold: Duration::from_secs(600), requests: 0, approve: false }
}

/// A text of a release of these services with other fields, each behind a comma.
pub fn text(id: &str, services: &[&str], fields: &str) -> Text {
    let services = services.iter().map(|service| format!(r#""{service}": "v2""#)).collect::<Vec<_>>().join(", ");
    let head = format!(r#""release": 1, "id": "{id}", "kind": "release", "unit": "user""#);
    Text { format: Format::Json, text: format!(r#"{{{head}, "services": {{{services}}}{fields}}}"#) }
}
