//! Requests that a plan expects of arms, held against what the engine deals where holdouts keep users from a release.

use std::collections::BTreeMap;

use serde_json::json;
use weir_engine::Plan;
use weir_plan::traffic::Traffic;
use weir_policy::{Attachment, Range, SLOTS, Source, SourceId, Sources};
use weir_release::effective::{InForce, Stage, effective};
use weir_simulate::Dealt;

const UNITS: usize = 200_000;

#[test]
fn users_that_are_held_out_make_no_requests_of_an_arm() {
    let policy = json!({
        "version": 1, "units": {"user": [{"header": "x-user"}]},
        "holdouts": [
            {"id": "year", "unit": "user", "share": "10%", "layers": []},
            {"id": "month", "unit": "user", "share": "20%", "layers": []},
            {"id": "other", "unit": "user", "share": "50%", "layers": []},
        ],
    });
    for (holdouts, kept) in [("[]", 1.0), ("[year]", 0.9), ("[year, month]", 0.72)] {
        let text = format!(
            "release: 1\nid: owl-v2\nunit: user\nservices: {{owl: v2}}\nholdouts: {holdouts}\ntraffic: 50%\n\
             steps: [{{share: 30%, hold: 10m}}, {{share: 100%}}]\n"
        );
        let release = weir_release::read_alone(Source::yaml("release", text)).unwrap();
        let sources = Sources::of([Source::json("policy.json", policy.to_string())]);
        let written = weir_policy::read(&sources, &[SourceId::FIRST]).unwrap().policies;
        let slots = [Range { start: 0, end: SLOTS / 2 }];
        let in_force = [InForce { release: &release, slots: &slots, stage: Stage::Step(0) }];
        let attachment = Attachment::default();
        let model = weir_policy::check(&effective(&written, &in_force, SourceId::FIRST), attachment.role).unwrap();

        let dealt = Dealt::of(&Plan::compile(&model, &attachment, None), &model, &Vec::new(), UNITS, 7);
        let layer = dealt.layers.iter().find(|layer| layer.id == "owl-v2").unwrap();
        let got: BTreeMap<&str, usize> =
            layer.shares.iter().map(|share| (share.variant.as_str(), share.units)).collect();

        let held_out = model.holdouts.iter().map(|one| (one.id.clone(), f64::from(one.share) / 1e6));
        let traffic = Traffic { requests: Some(UNITS as f64), held_out: held_out.collect(), ..Traffic::default() };
        let planned = traffic.of_arms(&release, 300_000).unwrap();
        assert_eq!(planned.len(), 2);
        for (arm, planned) in planned {
            assert!((planned - 0.15 * kept * UNITS as f64).abs() < 1.0, "{holdouts}: {arm} {planned}");
            let got = got[arm] as f64;
            assert!((got - planned).abs() < 4.0 * planned.sqrt(), "{holdouts}: {arm} planned {planned}, dealt {got}");
        }
    }
}
