//! What only grows moves nobody: policies as people grow them, and releases as their steps do.

use proptest::prelude::*;
use serde_json::{Value, json};
use weir_diff::{Diff, Place, diff};
use weir_policy::written::{Policy, UnitSource};
use weir_policy::{Format, Model, Range, Role, Source, SourceId, check};
use weir_release::effective::{InForce, Stage, effective};
use weir_release::{CANARY, CONTROL, Release};

use crate::cases;
use crate::pairs::{ALL, Made, pair, percentage, read};

proptest! {
    #![proptest_config(cases(256))]

    #[test]
    fn shares_that_grow_take_from_stable_only(parts: [u32; 4], slots in 1..=ALL, more in 0..=ALL, others in 0..4_usize) {
        let [p, q, c, d] = shares(parts);
        let before = policy(slots, p, c, 0);
        let after = policy(slots.saturating_add(more).min(ALL), q, d, others);
        nobody_leaves(&diff(&before, &after, &[]), |_, _| false)?;
    }

    #[test]
    fn the_last_step_takes_from_control_by_its_shrink(p in 0..=ALL, slots in 1..=ALL) {
        let (before, after) = (policy(slots, p, ALL - p, 0), policy(slots, ALL, 0, 0));
        nobody_leaves(&diff(&before, &after, &[]), |from, to| (from, to) == (CONTROL, Some("canary")))?;
    }

    #[test]
    fn what_shrinks_is_left_by_its_shrink(parts: [u32; 4], slots in 1..=ALL, less in 0..=ALL) {
        let [p, q, c, d] = shares(parts);
        let (before, after) = (policy(slots, q, d, 0), policy(slots.saturating_sub(less).max(1), p, c, 0));
        prop_assert_eq!(diff(&before, &after, &[]).leaving, []);
    }

    #[test]
    fn what_is_the_same_moves_nobody((made, _) in pair()) {
        let policy = made.policy(false);
        let found = diff(&policy, &policy, &[]);
        prop_assert!(found.changes.is_empty() && found.layers.is_empty() && found.leaving.is_empty(), "{:?}", found);
    }

    /// A kill switch stands above everything.
    #[test]
    fn what_is_switched_off_or_gone_is_left_by_its_shrink((made, _) in pair(), which in 0..4_usize) {
        let mut after = made.clone();
        match which {
            0 => after.enabled = false,
            1 => after.layers[0].enabled = false,
            2 => after.layers[0].experiments[1].enabled = false,
            _ => after.layers[0].experiments[1].is_there = false,
        }
        let (was, is) = (made.policy(false), after.policy(false));
        prop_assert_eq!(diff(&was, &is, &[]).leaving, []);
        let on = Made { enabled: true, ..made };
        let off = Made { enabled: false, ..on.clone() };
        let (off, on) = (off.policy(false), on.policy(false));
        let back = diff(&off, &on, &[]);
        prop_assert!(back.leaving.is_empty() && back.layers.iter().flat_map(|one| &one.flows).all(|flow| flow.from == Place::Stable));
    }

    #[test]
    fn a_release_moves_nobody_but_from_control_to_canary(
        arms in 1..=4_usize, has_control: bool, is_test: bool, steps in prop::collection::btree_set(1..=100_u32, 1..6), from in 0..7_usize,
        slots in 1..=ALL,
    ) {
        let release = release(if is_test { arms } else { 0 }, has_control, &steps.into_iter().collect::<Vec<_>>());
        let owned = [Range { start: 0, end: slots }];
        let stages: Vec<Stage> = [Stage::Announced].into_iter().chain((0..release.steps.len()).map(Stage::Step)).collect();
        let models: Vec<Model> = stages.iter().map(|stage| in_force(&release, &owned, *stage)).collect();
        let from = from % models.len();
        for after in &models[from..] {
            let found = diff(&models[from], after, &[]);
            nobody_leaves(&found, |from, to| !is_test && (from, to) == (CONTROL, Some(CANARY)))?;
            // Rolled back and aborted: everybody is stable, by no shrink that anybody would miss.
            let off = in_force(&release, &[], Stage::Off);
            prop_assert_eq!(diff(after, &off, &[]).leaving, []);
        }
    }
}

fn nobody_leaves(found: &Diff<'_>, may: impl Fn(&str, Option<&str>) -> bool) -> Result<(), TestCaseError> {
    prop_assert_eq!(&found.leaving, &[]);
    for flow in found.layers.iter().flat_map(|layer| &layer.flows) {
        let to = match flow.to {
            Place::Arm(arm) => Some(arm.variant),
            Place::Stable | Place::Others => None,
        };
        let is_fine = match flow.from {
            Place::Stable => true,
            Place::Arm(arm) => may(arm.variant, to),
            Place::Others => false,
        };
        prop_assert!(is_fine, "{:?}", flow);
    }
    Ok(())
}

/// p <= q and c <= d, with room for q and d.
fn shares([a, b, c, e]: [u32; 4]) -> [u32; 4] {
    let q = a % (ALL + 1);
    let d = b % (ALL - q + 1);
    [c % (q + 1), q, e % (d + 1), d]
}

/// An experiment of these slots and shares, and so many others in layers of their own.
fn policy(slots: u32, canary: u32, control: u32, others: usize) -> Model {
    let one = |id: &str, slots: Value, canary: u32, control: u32| {
        json!({"id": id, "slots": slots, "variants": [
            {"id": "canary", "share": percentage(canary)}, {"id": "control", "share": percentage(control)},
        ]})
    };
    let layer = |id: &str, one: Value| json!({"id": id, "unit": "user", "experiments": [one]});
    let other =
        |number: usize| layer(&format!("other{number}"), one(&format!("o{number}"), json!("all"), 100_000, 50_000));
    let first = layer("l", one("owl", json!([[0, slots]]), canary, control));
    let layers: Vec<Value> = [first].into_iter().chain((0..others).map(other)).collect();
    read(&json!({"version": 1, "units": {"user": [{"header": "x-user"}]}, "layers": layers}))
}

/// A release, or a test of so many arms, whose steps are these parts of the most it may have.
fn release(arms: usize, has_control: bool, hundredths: &[u32]) -> Release {
    let control = if has_control { "equal" } else { "none" };
    let all = arms + usize::from(has_control);
    let max = if arms == 0 { ALL } else { u32::try_from(arms * ALL as usize / all).unwrap() };
    let mut shares: Vec<u32> = hundredths.iter().map(|part| max / 100 * part).collect();
    if arms == 0 && shares.last() != Some(&ALL) {
        shares.push(ALL);
    }
    let steps: Vec<Value> = shares.iter().map(|share| json!({"share": percentage(*share)})).collect();
    let mut document = json!({"release": 1, "id": "owl", "unit": "user", "control": control, "steps": steps});
    if arms == 0 {
        document["kind"] = json!("release");
        document["services"] = json!({"owl.shop": "v2"});
    } else {
        let arm = |number| (format!("a{number}"), json!({"routes": {"owl.shop": format!("v{number}")}}));
        document["kind"] = json!("test");
        document["traffic"] = json!("100%");
        document["arms"] = (0..arms).map(arm).collect();
    }
    let source = Source::from_bytes("owl.json".to_owned(), document.to_string().into_bytes(), Format::Json);
    weir_release::read_alone(source).unwrap_or_else(|problems| panic!("{document}: {problems:?}"))
}

fn in_force(release: &Release, slots: &[Range], stage: Stage) -> Model {
    let units = vec![("user".to_owned(), vec![UnitSource::Header("x-user".into())])];
    let written = [Policy { units, ..Policy::default() }];
    let documents = effective(&written, &[InForce { release, slots, stage }], SourceId::default());
    check(&documents, Role::Edge).unwrap_or_else(|problems| panic!("{problems:?}"))
}
