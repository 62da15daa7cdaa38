//! LaunchDarkly's evaluator: SHA-1. A context cannot change, so each request builds its own.

use launchdarkly_server_sdk_evaluation::{Context, ContextBuilder, Flag, FlagValue, Segment, Store, evaluate};
use serde_json::json;

use crate::{Evaluator, Rollout};

/// A flag, and the location that each context gets.
pub struct LaunchDarkly {
    flag: Flag,
    location: String,
}

impl Evaluator for LaunchDarkly {
    const NAME: &'static str = "launchdarkly-server-sdk-evaluation";

    type Question<'a> = Context;

    fn new(rollout: Rollout, location: &str) -> LaunchDarkly {
        let half = json!({"variations": [{"variation": 0, "weight": 50_000}, {"variation": 1, "weight": 50_000}]});
        let (rules, fallthrough) = match rollout {
            Rollout::All => (json!([]), json!({"rollout": half})),
            Rollout::Shenzhen => {
                let clause = json!({"attribute": "location", "op": "in", "values": ["shenzhen"]});
                let rule = json!({"id": "shenzhen", "clauses": [clause], "rollout": half, "trackEvents": false});
                (json!([rule]), json!({"variation": 0}))
            }
        };
        let flag = json!({
            "key": "owl", "on": true, "salt": "salt", "variations": [false, true], "offVariation": 0,
            "targets": [], "prerequisites": [], "rules": rules, "fallthrough": fallthrough,
        });
        LaunchDarkly { flag: serde_json::from_value(flag).expect("the flag is good"), location: location.to_owned() }
    }

    fn question<'a>(&'a self, id: &'a str) -> Context {
        let mut builder = ContextBuilder::new(id);
        builder.set_string("location", self.location.as_str());
        builder.build().expect("the key is not empty")
    }

    fn is_canary(&self, context: &Context) -> bool {
        evaluate(&Alone, &self.flag, context, None).value == Some(&FlagValue::Bool(true))
    }
}

/// The flag refers to no other flag and to no segment.
struct Alone;

impl Store for Alone {
    fn flag(&self, _: &str) -> Option<Flag> {
        None
    }

    fn segment(&self, _: &str) -> Option<Segment> {
        None
    }
}
