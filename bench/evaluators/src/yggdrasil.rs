//! Unleash's evaluator: MurmurHash3 of 32 bits. It is asked in two ways. Its context borrows, so a question costs nothing.

use std::collections::HashMap;

use serde_json::{Value, json};
use unleash_yggdrasil::EngineState;
use unleash_yggdrasil::state::{EnrichedContext, PropertiesRef};

use crate::{Evaluator, Rollout};

/// Whether a feature is on, for half of the users: one hash, and no name of a variant.
pub struct Yggdrasil(Engine);

/// Which of a feature's two variants: one hash for the rollout and one for the variant, as Weir has them.
pub struct YggdrasilVariant(Engine);

impl Evaluator for Yggdrasil {
    const NAME: &'static str = "unleash-yggdrasil, on or off";

    type Question<'a> = EnrichedContext<'a>;

    fn new(rollout: Rollout, location: &str) -> Yggdrasil {
        Yggdrasil(Engine::new(rollout, location, "50", json!([])))
    }

    fn question<'a>(&'a self, id: &'a str) -> EnrichedContext<'a> {
        self.0.context(id)
    }

    fn is_canary(&self, context: &EnrichedContext<'_>) -> bool {
        self.0.state.check_enabled(context) == Some(true)
    }
}

impl Evaluator for YggdrasilVariant {
    const NAME: &'static str = "unleash-yggdrasil, which variant";

    type Question<'a> = EnrichedContext<'a>;

    fn new(rollout: Rollout, location: &str) -> YggdrasilVariant {
        let variants = json!([{"name": "canary", "weight": 500}, {"name": "control", "weight": 500}]);
        YggdrasilVariant(Engine::new(rollout, location, "100", variants))
    }

    fn question<'a>(&'a self, id: &'a str) -> EnrichedContext<'a> {
        self.0.context(id)
    }

    fn is_canary(&self, context: &EnrichedContext<'_>) -> bool {
        self.0.state.check_variant(context).is_some_and(|variant| variant.name == "canary")
    }
}

/// A feature with one strategy, and the properties that everyone shares.
struct Engine {
    state: EngineState,
    properties: HashMap<String, String>,
}

impl Engine {
    fn new(rollout: Rollout, location: &str, percent: &str, variants: Value) -> Engine {
        let constraints = match rollout {
            Rollout::All => json!([]),
            Rollout::Shenzhen => json!([{"contextName": "location", "operator": "IN", "values": ["shenzhen"]}]),
        };
        let features = json!({"version": 2, "features": [{
            "name": "owl", "enabled": true,
            "strategies": [{
                "name": "flexibleRollout",
                "parameters": {"rollout": percent, "stickiness": "userId", "groupId": "owl"},
                "constraints": constraints,
                "variants": variants,
            }],
        }]});
        let state = EngineState::default();
        let warnings = state.apply_client_features(serde_json::from_value(features).expect("the features are good"));
        assert!(warnings.is_none(), "{warnings:?}");
        Engine { state, properties: [("location".to_owned(), location.to_owned())].into() }
    }

    fn context<'a>(&'a self, id: &'a str) -> EnrichedContext<'a> {
        EnrichedContext {
            user_id: Some(id),
            session_id: None,
            environment: None,
            app_name: None,
            current_time: None,
            remote_address: None,
            properties: Some(PropertiesRef::Strings(&self.properties)),
            external_results: None,
            toggle_name: "owl",
            runtime_hostname: None,
        }
    }
}
