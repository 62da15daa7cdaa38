//! Whatever arrives, there is an answer, and the same one every time.

use std::collections::HashSet;

use proptest::prelude::*;
use proptest::sample::Index;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use weir_engine::{Exchange, Reason};
use weir_policy::{Role, Steer};

use crate::attachment::{ROLES, attachment, attachments, plan};
use crate::fresh;
use crate::headers::{Lines, hop, outcomes};
use crate::policy::policy;
use crate::request::{arbitrary, destination, request};

proptest! {
    #![proptest_config(fresh())]

    #[test]
    fn any_request_is_decided(
        (made, lines) in policy().prop_flat_map(|made| {
            let request = prop_oneof![request(made.tags.clone()), arbitrary()];
            (Just(made), request)
        }),
        destination in destination(),
    ) {
        for attachment in attachments() {
            let plan = plan(&made, &attachment);
            let hop = || hop(&plan, &lines, destination.as_deref());
            prop_assert_eq!(hop(), hop());
            assert_well_formed(attachment.role, &lines.decided(&plan));
        }
    }

    #[test]
    fn any_bytes_are_a_configuration_or_have_problems(bytes: Vec<u8>) {
        assert_configured_or_refused(&bytes)?;
    }

    #[test]
    fn any_damage_to_an_envelope_is_read_or_has_problems(
        made in policy(),
        damage in prop::collection::vec((any::<Index>(), 0..6_u8, any::<u8>(), any::<Index>()), 1..6),
    ) {
        let mut bytes = made.envelope(&attachment(Role::Edge, Steer::Cluster)).into_bytes();
        for (place, kind, byte, other) in damage {
            damaged(&mut bytes, place, kind, byte, other);
        }
        assert_configured_or_refused(&bytes)?;
    }
}

/// The generators reach every reason; a property of what is never generated would say nothing.
#[test]
fn every_reason_is_met() {
    let mut runner = TestRunner::deterministic();
    let mut met = HashSet::new();
    let sample = policy().prop_flat_map(|made| {
        let requests = prop::collection::vec(request(made.tags.clone()), 5);
        (Just(made), requests)
    });
    for _ in 0..2_000 {
        let (made, requests) = sample.new_tree(&mut runner).unwrap().current();
        for role in ROLES {
            let plan = plan(&made, &attachment(role, Steer::Tag));
            for lines in &requests {
                met.extend(lines.decided(&plan).decision().layers().map(|outcome| outcome.reason));
            }
        }
    }
    let missing: Vec<_> = Reason::ALL.iter().filter(|reason| !met.contains(reason)).collect();
    assert!(missing.is_empty(), "never met: {missing:?}");
}

/// A byte replaced, inserted or removed, a stretch repeated or removed, or a piece of JSON put in.
fn damaged(bytes: &mut Vec<u8>, place: Index, kind: u8, byte: u8, other: Index) {
    const PIECES: [&str; 8] = ["null", "{}", "[]", "-1", "1e9", "\"\"", ",", "18446744073709551616"];
    if bytes.is_empty() {
        return;
    }
    let at = place.index(bytes.len());
    let end = (at + other.index(40)).min(bytes.len());
    match kind {
        0 => bytes[at] = byte,
        1 => bytes.insert(at, byte),
        2 => drop(bytes.remove(at)),
        3 => drop(bytes.drain(at..end)),
        4 => {
            let stretch = bytes[at..end].to_vec();
            bytes.splice(at..at, stretch);
        }
        _ => {
            let piece = PIECES[usize::from(byte) % PIECES.len()];
            bytes.splice(at..end, piece.bytes());
        }
    }
}

fn assert_configured_or_refused(bytes: &[u8]) -> Result<(), TestCaseError> {
    let lines = Lines(vec![
        (b":path".to_vec(), b"/".to_vec()),
        (b"x-user-id".to_vec(), b"u1".to_vec()),
        (b"x-weir-subset".to_vec(), b"forged".to_vec()),
    ]);
    let plan = match weir_engine::configure_json(bytes) {
        Ok(plan) => plan,
        Err(refused) => {
            prop_assert!(!refused.problems.is_empty());
            for problem in &refused.problems {
                prop_assert!(!problem.to_string().is_empty());
            }
            prop_assert_eq!(refused.fallback.revision(), None);
            refused.fallback
        }
    };
    hop(&plan, &lines, None);
    Ok(())
}

fn assert_well_formed(role: Role, exchange: &Exchange<'_, '_>) {
    exchange.json();
    let state = exchange.filter_state();
    assert_eq!(state.is_none(), role == Role::Inbound, "{state:?}");
    assert!(state.is_none_or(|state| state.len() <= 2_048 && state.starts_with("1;0123456789ab;")));
    let cookies = exchange.set_cookies();
    assert!(cookies.is_empty() || role == Role::Edge && !exchange.is_grpc(), "{cookies:?}");
    let decision = exchange.decision();
    let outcomes = outcomes(decision);
    assert!(outcomes.is_sorted_by(|a, b| a.0 < b.0), "layers by id: {outcomes:?}");
    for outcome in decision.layers() {
        use Reason::*;
        let has_variant = outcome.variant.is_some();
        let (wants_variant, wants_slot) = match outcome.reason {
            Disabled | NoTag | NoUnit | Holdout => (Some(false), Some(false)),
            NotOwned | NoVariant => (Some(false), Some(true)),
            NotTargeted => (Some(false), Some(outcome.experiment.is_some())),
            ExperimentDisabled => (Some(false), Some(role == Role::Edge)),
            Assigned => (Some(true), Some(true)),
            Tag => (Some(true), Some(false)),
            Override | Rule => (None, Some(false)),
            RouteConflict => (Some(true), None),
        };
        assert!(wants_variant.is_none_or(|wanted| wanted == has_variant), "{outcome:?}");
        assert!(wants_slot.is_none_or(|wanted| wanted == outcome.slot.is_some()), "{outcome:?}");
        assert!(!has_variant || outcome.experiment.is_some(), "{outcome:?}");
        let held = outcome.audience.is_some_and(|audience| audience != "-");
        assert!(!held || matches!(outcome.reason, Assigned | NoVariant | RouteConflict), "{outcome:?}");
        assert!(outcome.audience.is_none() || role == Role::Edge && outcome.experiment.is_some(), "{outcome:?}");
        let follows = matches!(outcome.reason, Tag | NoTag | Disabled | ExperimentDisabled | RouteConflict);
        assert!(role == Role::Edge || follows, "{outcome:?} where nothing is dealt");
    }
}
