//! Flagsmith's engine: MD5. It evaluates an environment of one feature, which is kept; the identity is put into it.

use std::cell::{Cell, RefCell};

use flagsmith_flag_engine::engine::get_evaluation_result;
use flagsmith_flag_engine::engine_eval::context::{EngineEvaluationContext, IdentityContext};
use flagsmith_flag_engine::types::{FlagsmithValue, FlagsmithValueType};
use serde_json::json;

use crate::{Evaluator, Rollout};

/// An environment, and the location that each identity gets.
pub struct Flagsmith {
    environment: RefCell<EngineEvaluationContext>,
    location: FlagsmithValue,
}

impl Evaluator for Flagsmith {
    const NAME: &'static str = "flagsmith-flag-engine";

    type Question<'a> = Cell<Option<IdentityContext>>;

    fn new(rollout: Rollout, location: &str) -> Flagsmith {
        let stable = json!({"key": "1", "name": "owl", "enabled": true, "value": "stable"});
        let mut half = stable.clone();
        half["variants"] = json!([{"key": "canary", "value": "canary", "weight": 50.0}]);
        let (feature, segments) = match rollout {
            Rollout::All => (half, json!({})),
            Rollout::Shenzhen => {
                let condition = json!({"operator": "EQUAL", "property": "location", "value": "shenzhen"});
                let rules = json!([{"type": "ALL", "conditions": [condition]}]);
                (stable, json!({"1": {"key": "1", "name": "shenzhen", "rules": rules, "overrides": [half]}}))
            }
        };
        let environment = json!({
            "environment": {"key": "test", "name": "test"}, "features": {"owl": feature}, "segments": segments,
        });
        Flagsmith {
            environment: RefCell::new(serde_json::from_value(environment).expect("the environment is good")),
            location: FlagsmithValue { value_type: FlagsmithValueType::String, value: location.to_owned() },
        }
    }

    fn question<'a>(&'a self, id: &'a str) -> Cell<Option<IdentityContext>> {
        let traits = [("location".to_owned(), self.location.clone())].into();
        Cell::new(Some(IdentityContext { identifier: id.to_owned(), key: id.to_owned(), traits }))
    }

    fn is_canary(&self, identity: &Cell<Option<IdentityContext>>) -> bool {
        let mut environment = self.environment.borrow_mut();
        environment.identity = identity.take();
        let result = get_evaluation_result(&environment);
        identity.set(environment.identity.take());
        result.flags.get("owl").is_some_and(|flag| flag.variant.as_deref() == Some("canary"))
    }
}
