//! Releases, the Envoys that count for them, and ticks: what `weir serve` would see.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use weir_policy::evidence::{Outcome, PARTS};
use weir_policy::written::Policy;
use weir_policy::{Model, Role, Source, SourceId, Sources, check};
use weir_release::decide::{Decided, File, Inputs, Look, Written, decide};
use weir_release::effective::effective;
use weir_release::evidence::{Evidence, TICK};
use weir_release::journal::{Document, Format, Text, Trouble};
use weir_release::state::State;
use weir_release::{CONTROL, Tick};

/// Requests of all users of one service in a tick.
const REQUESTS: f64 = 20_000.0;
/// Of a million requests so many end so.
const BAD: [(Outcome, f64); 6] = [
    (Outcome::Error, 5_000.0),
    (Outcome::None, 1_000.0),
    (Outcome::Over250, 19_000.0),
    (Outcome::Over500, 5_500.0),
    (Outcome::Over1000, 1_300.0),
    (Outcome::Over2500, 150.0),
];

#[derive(Clone)]
pub struct World {
    pub state: State,
    pub look: Look,
    policies: Vec<Policy>,
    source: SourceId,
    now: Timestamp,
    envoys: usize,
    dice: u64,
}

impl World {
    /// So many Envoys, and these documents in a folder.
    pub fn new(envoys: usize, documents: impl IntoIterator<Item = Value>) -> World {
        let mut sources = Sources::of([Source::json(
            "policy.json",
            json!({ "version": 1, "units": { "user": [{ "header": "x-user-id" }] } }).to_string(),
        )]);
        let policies = weir_policy::read(&sources, &[SourceId::FIRST]).unwrap().policies;
        let source = sources.add(Source::json("releases", "{}"));
        let files = documents.into_iter().map(file).collect();
        let look = Look { name: "releases".into(), files: Ok(files) };
        let now = "2026-12-01T00:00:00Z".parse().unwrap();
        World { state: State::default(), look, policies, source, now, envoys, dice: 1 }
    }

    /// The next tick: all edges are read, and all Envoys have answered what was pushed.
    pub fn next_tick(&mut self) -> Tick {
        let push = self.state.push();
        self.now += SignedDuration::try_from(TICK).unwrap();
        let nodes = (0..self.envoys).map(|node| (format!("edge-{node:04}"), push)).collect();
        let poll = Some(vec![self.evidence(push)]);
        Tick { now: self.now, since: Some(TICK), poll, answered: push, nodes, ..Tick::default() }
    }

    /// What is decided in a tick that the state has observed.
    pub fn decide(&self, state: &State, tick: &Tick) -> Decided {
        let found = |policies: &[Policy]| match check(policies, Role::Edge) {
            Ok(_) => Vec::new(),
            Err(problems) => problems.iter().map(|one| Trouble::new(one.code.name(), one.message.clone())).collect(),
        };
        let written = Written { policies: &self.policies, problems: Vec::new(), source: self.source, check: &found };
        let inputs = Inputs {
            look: &self.look,
            written: &written,
            requests: &[],
            held: None,
            unrouted: &BTreeSet::new(),
            tick,
            has_room: true,
        };
        decide(state, &inputs)
    }

    /// A tick as a whole.
    pub fn tick(&mut self) -> Decided {
        let tick = self.next_tick();
        self.state.observe(&tick);
        let decided = self.decide(&self.state, &tick);
        self.take(&decided);
        decided
    }

    /// What was decided is in force.
    pub fn take(&mut self, decided: &Decided) {
        decided.lines.iter().for_each(|line| self.state.apply(line).unwrap());
        self.state.judged(&decided.verdicts);
    }

    /// The policy that edges are sent.
    pub fn effective(&self) -> Model {
        check(&effective(&self.policies, &self.state.in_force(), self.source), Role::Edge).unwrap()
    }

    /// Releases that run.
    pub fn running(&self) -> usize {
        self.state.entries().values().filter(|entry| entry.ramp.is_some()).count()
    }

    fn evidence(&mut self, push: u64) -> Evidence {
        let shares: Vec<(String, bool, f64)> = self
            .state
            .entries()
            .iter()
            .filter_map(|(id, entry)| {
                let release = &entry.document.release;
                let share = release.steps.get(entry.ramp.as_ref()?.step?)?.share;
                Some((id.clone(), release.has_control, f64::from(share) / 1e6))
            })
            .collect();
        let mut counts = BTreeMap::new();
        for (id, has_control, share) in shares {
            let mut arms = json!({ "canary": self.counts(share) });
            if has_control && share < 1.0 {
                arms[CONTROL] = self.counts(share.min(1.0 - share));
            }
            counts.insert(id, arms);
        }
        serde_json::from_value(json!({ "mark": push.to_string(), "counts": counts })).unwrap()
    }

    fn counts(&mut self, share: f64) -> Value {
        let mut all = BTreeMap::<&str, Vec<u64>>::new();
        for _ in 0..PARTS {
            let requests = self.whole(REQUESTS * share / f64::from(PARTS));
            all.entry(Outcome::All.name()).or_default().push(requests);
            for (outcome, of_million) in BAD {
                let bad = self.whole(requests as f64 * of_million / 1e6).min(requests);
                all.entry(outcome.name()).or_default().push(bad);
            }
        }
        json!(all)
    }

    /// A whole number that is this one on average, a tenth more or less.
    fn whole(&mut self, number: f64) -> u64 {
        // SplitMix64: the same requests in each run.
        self.dice = self.dice.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.dice;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let [low, high] = [mixed as u32, (mixed >> 32) as u32].map(|half| f64::from(half) / f64::from(u32::MAX));
        (number * (0.9 + 0.2 * low) + high) as u64
    }
}

fn file(document: Value) -> File {
    let text = Text { format: Format::Json, text: document.to_string() };
    let document = Document::read(text).unwrap_or_else(|problems| panic!("{document}: {problems:?}"));
    File { name: format!("{}.json", document.release.id), document: Ok(document) }
}
