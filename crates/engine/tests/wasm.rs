//! The same answers natively and in wasm, and the ones that others have given. `scripts/test-wasm` runs this file under
//! Node, after a native run of it has left its decisions on the scenarios to be compared.

use std::borrow::Cow;

use serde_json::Value;
#[cfg(target_family = "wasm")]
use wasm_bindgen_test::wasm_bindgen_test as test;
use weir_engine::Plan;
use weir_engine::slot::{self, Salt, Use};
use weir_policy::{Attachment, AttachmentFile, Model, Problem, Revision, SLOTS, Source, SourceId, Sources};

mod corpus;
mod ids;
#[path = "../../../tests/scenarios/mod.rs"]
mod scenarios;

use scenarios::{Outcome, Scenario, Subject};

#[test]
fn hashes_are_those_of_another_implementation() {
    let rows: Vec<Value> = serde_json::from_str(include_str!("vectors/murmur3_x64_128.json")).unwrap();
    assert!(rows.len() >= 190, "{} vectors", rows.len());
    for row in rows {
        let key = bytes(row["key"].as_str().unwrap());
        let hash = u64::from_str_radix(row["hash"].as_str().unwrap(), 16).unwrap();
        // A key is hashed as two parts, salt and unit; where it is cut must not matter.
        for cut in 0..=key.len() {
            let (salt, unit) = key.split_at(cut);
            assert_eq!(slot::hash(salt, unit), hash, "{} cut at {cut}", row["key"]);
        }
        assert_eq!(u64::from(slot::slot_of(hash)), row["slot"].as_u64().unwrap(), "{}", row["key"]);
    }
}

#[test]
fn salts_are_written_as_the_design_says() {
    for (salt, text) in [
        (Salt::new(Use::Line, "checkout", 0), "L:checkout:0:"),
        (Salt::new(Use::Experiment, "owl-v21", 7), "E:owl-v21:7:"),
        (Salt::new(Use::Holdout, "year", 0), "H:year:0:"),
        (Salt::new(Use::Line, "checkout", u32::MAX), "L:checkout:4294967295:"),
    ] {
        for unit in ["user-1", "用户1", "", "a:b"] {
            let key = format!("{text}{unit}");
            assert_eq!(salt.slot(unit.as_bytes()), slot::slot_of(slot::hash(&[], key.as_bytes())), "{key}");
        }
    }
}

/// `slot = ((h >> 32) * 1,000,000) >> 32` at every border between two slots.
#[test]
fn every_slot_begins_where_it_should() {
    for slot in 0..u64::from(SLOTS) {
        let first = (slot << 32).div_ceil(u64::from(SLOTS));
        assert_eq!(u64::from(slot::slot_of(first << 32)), slot);
        if let Some(before) = first.checked_sub(1) {
            assert_eq!(u64::from(slot::slot_of(before << 32 | 0xffff_ffff)), slot - 1);
        }
    }
}

#[test]
fn a_hundred_thousand_ids_are_decided_as_another_implementation_does() {
    let recorded: Value = serde_json::from_str(include_str!("vectors/decisions.json")).unwrap();
    let envelope = format!(r#"{{"weir": 1, "policy": {}}}"#, include_str!("vectors/policy.json"));
    let plan = weir_engine::configure_json(envelope.as_bytes()).unwrap();
    let mut checksum = Checksum::default();
    let mut ids = 0;
    for kind in ids::Kind::ALL {
        for number in 0..25_000 {
            let id = kind.id(number);
            let plan_header: &[u8] = if number % 3 == 0 { b"gold" } else { b"blue" };
            let headers = [(&b":path"[..], &b"/"[..]), (b"x-user-id", id.as_bytes()), (b"x-plan", plan_header)];
            let exchange = plan.exchange(headers.into_iter(), || None, |_| None, || None);
            for outcome in exchange.decision().layers() {
                let slot = |slot: Option<u32>| slot.map_or("-".to_owned(), |slot| slot.to_string());
                checksum.line(&format!(
                    "{} {} {} {} {} {}",
                    outcome.layer,
                    slot(outcome.slot),
                    outcome.experiment.unwrap_or("-"),
                    slot(outcome.experiment_slot),
                    outcome.variant.unwrap_or("stable"),
                    outcome.reason.name()
                ));
            }
            ids += 1;
        }
    }
    assert_eq!(ids, recorded["ids"]);
    assert_eq!(format!("{:016x}", checksum.0), recorded["checksum"]);
}

/// Natively the lines are left for the wasm run, which must come to the same ones.
#[test]
fn scenarios_are_decided_alike_natively_and_in_wasm() {
    let scenarios = scenarios::read(&corpus::files());
    assert!(!scenarios.is_empty(), "tests/scenarios holds no scenario");
    let lines: Vec<String> = scenarios.iter().flat_map(lines).collect();
    corpus::agree(&lines);
}

/// Everything the engine says to a scenario: problems, or the canonical form and a report for each request.
fn lines(scenario: &Scenario) -> Vec<String> {
    let answers = match &scenario.subject {
        Subject::Policy(files) => policy_lines(scenario, files),
        Subject::Attachment(text, _) => vec![format!("{:?}", attachment_file(text))],
        Subject::Envelope(text) => match weir_engine::configure_json(text.as_bytes()) {
            Ok(plan) => vec![format!("{:?} {:?}", plan.attachment(), plan.revision())],
            Err(refused) => printed(&refused.problems),
        },
    };
    [vec![scenario.name.clone()], answers].concat()
}

fn policy_lines(scenario: &Scenario, files: &[(String, String)]) -> Vec<String> {
    let attachment = attachment_file(&scenario.attachment.file("wasm")).unwrap().attachment;
    match weir_policy::read_policy(&Scenario::sources(files), attachment.role) {
        Err(problems) => printed(&problems),
        Ok(model) => [vec![model.canonical()], reports(scenario, &model, &attachment)].concat(),
    }
}

fn attachment_file(text: &str) -> Result<AttachmentFile, Vec<Problem>> {
    AttachmentFile::read(&Sources::of([Source::yaml("attachment.yaml", text)]), SourceId::FIRST)
}

fn printed(problems: &[Problem]) -> Vec<String> {
    problems.iter().map(|problem| format!("{problem:?}")).collect()
}

fn reports(scenario: &Scenario, model: &Model, attachment: &Attachment) -> Vec<String> {
    let Outcome::Requests(requests) = &scenario.outcome else { return Vec::new() };
    let plan = Plan::compile(model, attachment, Some(Revision::of(&model.canonical())));
    let report = |sent: &scenarios::Request| {
        let destination = || sent.destination.as_ref().map(|name| Cow::Borrowed(name.as_bytes()));
        plan.exchange(sent.lines(), sent.dice(), |_| None, destination).json()
    };
    requests.iter().map(report).collect()
}

/// FNV-1a, 64 bits.
struct Checksum(u64);

impl Default for Checksum {
    fn default() -> Checksum {
        Checksum(0xcbf2_9ce4_8422_2325)
    }
}

impl Checksum {
    fn line(&mut self, line: &str) {
        for byte in line.bytes().chain([b'\n']) {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
}

fn bytes(hex: &str) -> Vec<u8> {
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}
