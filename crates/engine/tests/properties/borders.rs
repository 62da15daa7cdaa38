//! Where a range ends, to the slot: the unit on the last one is in, the unit on the next one is not.

use proptest::prelude::*;
use serde_json::{Value, json};
use weir_engine::Reason;
use weir_engine::slot::{Salt, Use};
use weir_policy::Attachment;
use weir_policy::SLOTS;

use crate::attachment::plan;
use crate::fresh;
use crate::headers::Lines;
use crate::policy::{Made, percentage};

proptest! {
    #![proptest_config(fresh())]

    #[test]
    fn a_unit_is_in_exactly_from_its_slot_on(unit in "[a-z0-9é@.-]{1,20}") {
        let slot = |usage, id| Salt::new(usage, id, 0).slot(unit.as_bytes());
        let (line, own, held) = (slot(Use::Line, "one"), slot(Use::Experiment, "e"), slot(Use::Holdout, "year"));
        let decided = |slots: Value, variants: Value, holdout: u32| reason(&unit, slots, variants, holdout);
        let all = || json!([{ "id": "canary", "share": "100%" }]);
        let share = |id: &str, share: u32| json!([{ "id": id, "share": percentage(share) }]);

        // What ends at a slot does not have it, what ends behind it does.
        prop_assert_eq!(decided(json!("all"), all(), held), Reason::Assigned);
        prop_assert_eq!(decided(json!("all"), all(), held + 1), Reason::Holdout);
        prop_assert_eq!(decided(upto(line), all(), 0), Reason::NotOwned);
        prop_assert_eq!(decided(upto(line + 1), all(), 0), Reason::Assigned);
        prop_assert_eq!(decided(json!([[line, SLOTS]]), all(), 0), Reason::Assigned);
        prop_assert_eq!(decided(from(line + 1), all(), 0), Reason::NotOwned);
        prop_assert_eq!(decided(json!("all"), share("canary", own), 0), Reason::NoVariant);
        prop_assert_eq!(decided(json!("all"), share("canary", own + 1), 0), Reason::Assigned);
        prop_assert_eq!(decided(json!("all"), share("control", SLOTS - own), 0), Reason::Assigned);
        prop_assert_eq!(decided(json!("all"), share("control", SLOTS - own - 1), 0), Reason::NoVariant);
    }
}

/// The slots before one; nobody owns an empty range, so none if there are none.
fn upto(end: u32) -> Value {
    if end == 0 { json!([]) } else { json!([[0, end]]) }
}

fn from(start: u32) -> Value {
    if start == SLOTS { json!([]) } else { json!([[start, SLOTS]]) }
}

fn reason(unit: &str, slots: Value, variants: Value, holdout: u32) -> Reason {
    let policy = json!({
        "version": 1,
        "units": { "user": [{ "header": "x-user-id" }] },
        "holdouts": [{ "id": "year", "unit": "user", "share": percentage(holdout), "layers": ["one"] }],
        "layers": [{ "id": "one", "unit": "user", "experiments": [
            { "id": "e", "slots": slots, "variants": variants },
        ]}],
    });
    let plan = plan(&Made { policy, tags: Vec::new() }, &Attachment::default());
    let lines = Lines(vec![(b"x-user-id".to_vec(), unit.as_bytes().to_vec())]);
    lines.decided(&plan).decision().layers().next().expect("there is one layer").reason
}
