//! GrowthBook's evaluator: FNV-1a of 32 bits. Its client would copy all features for each request, so this is below it.

use growthbook_rust::growthbook::GrowthBook as Engine;
use growthbook_rust::model_public::{GrowthBookAttribute as Attribute, GrowthBookAttributeValue as Value};
use serde_json::json;

use crate::{Evaluator, Rollout};

/// A feature with one rollout.
pub struct GrowthBook {
    engine: Engine,
}

impl Evaluator for GrowthBook {
    const NAME: &'static str = "growthbook-rust";

    type Question<'a> = Option<Vec<Attribute>>;

    fn new(rollout: Rollout, location: &str) -> GrowthBook {
        let mut rule = json!({"force": true, "coverage": 0.5, "hashAttribute": "id"});
        if rollout == Rollout::Shenzhen {
            rule["condition"] = json!({"location": "shenzhen"});
        }
        let features = json!({"owl": {"defaultValue": false, "rules": [rule]}});
        let location = Attribute::new("location".to_owned(), Value::String(location.to_owned()));
        GrowthBook {
            engine: Engine {
                forced_variations: None,
                features: serde_json::from_value(features).expect("the features are good"),
                attributes: Some([(location.key.clone(), location)].into()),
                sticky_bucket_service: None,
                saved_groups: Default::default(),
            },
        }
    }

    fn question<'a>(&'a self, id: &'a str) -> Option<Vec<Attribute>> {
        Some(vec![Attribute::new("id".to_owned(), Value::String(id.to_owned()))])
    }

    fn is_canary(&self, attributes: &Option<Vec<Attribute>>) -> bool {
        self.engine.check("owl", attributes).on
    }
}
