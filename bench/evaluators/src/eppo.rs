//! Eppo's core: MD5, its salt hashed before. Attributes are shared, the subject is a string of its own, no event is made.

use std::sync::Arc;

use eppo_core::eval::get_assignment;
use eppo_core::timestamp::{Timestamp, now};
use eppo_core::ufc::{UniversalFlagConfig, VariationType};
use eppo_core::{Attributes, Configuration, SdkMetadata, Str};
use serde_json::json;

use crate::{Evaluator, Rollout};

/// A flag of one allocation.
pub struct Eppo {
    configuration: Configuration,
    attributes: Arc<Attributes>,
    now: Timestamp,
}

impl Evaluator for Eppo {
    const NAME: &'static str = "eppo_core";

    type Question<'a> = Str;

    fn new(rollout: Rollout, location: &str) -> Eppo {
        let rules = match rollout {
            Rollout::All => json!([]),
            Rollout::Shenzhen => json!([{"conditions": [
                {"attribute": "location", "operator": "ONE_OF", "value": ["shenzhen"]}]}]),
        };
        let flags = json!({
            "createdAt": "2026-01-01T00:00:00Z", "format": "SERVER", "environment": {"name": "test"},
            "flags": {"owl": {
                "key": "owl", "enabled": true, "variationType": "BOOLEAN", "totalShards": 10_000,
                "variations": {"canary": {"key": "canary", "value": true}, "control": {"key": "control", "value": false}},
                "allocations": [{"key": "half", "doLog": false, "rules": rules, "splits": [
                    {"variationKey": "canary", "shards": [{"salt": "owl", "ranges": [{"start": 0, "end": 5_000}]}]},
                    // Whoever is left, so that nobody is hashed twice.
                    {"variationKey": "control", "shards": []},
                ]}],
            }},
        });
        let sdk = SdkMetadata { name: "weir-evaluators", version: "0.1.0" };
        let flags = UniversalFlagConfig::from_json(sdk, flags.to_string().into_bytes()).expect("the flags are good");
        Eppo {
            configuration: Configuration::from_server_response(flags, None),
            attributes: Arc::new([("location".into(), location.into())].into()),
            now: now(),
        }
    }

    fn question<'a>(&'a self, id: &'a str) -> Str {
        Str::new(id)
    }

    fn is_canary(&self, subject: &Str) -> bool {
        let (flags, boolean) = (Some(&self.configuration), Some(VariationType::Boolean));
        let assignment = get_assignment(flags, "owl", subject, &self.attributes, boolean, self.now);
        assignment.expect("the flag is boolean").is_some_and(|assignment| assignment.value.as_boolean() == Some(true))
    }
}
