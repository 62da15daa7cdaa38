//! A look at a queue: who starts, with which slots, and what each other waits for. A journal is made that leads to the queue of a
//! case, and one tick is decided.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde_json::{Value, json};
use weir_policy::written::Policy;
use weir_policy::{Role, SourceId, check};
use weir_release::decide::{File, Inputs, Look, Written, decide};
use weir_release::evidence::TICK;
use weir_release::journal::{Document, Event, Format, Line, Text, Trouble, Wait};
use weir_release::state::State;
use weir_release::{Tick, pool};

use crate::compare::{Reached, difference};
use crate::documents;
use crate::effective::ranges;

/// What cases have to come to.
pub const REACHED: &[&str] = &[
    "starts",
    "blocked",
    "after",
    "not_before",
    "paused",
    "rollback",
    "full",
    "evidence_full",
    "behind",
    "slots",
    "fragmented",
    "problem",
];

/// Whether the same comes of a queue here.
pub fn compared(case: &Value, reached: &mut Reached) -> Result<(), String> {
    let policies = documents::policy(&case["policy"])?;
    let mut journal = Journal::default();
    journal.leads_to(case);
    let queued = case["queued"].as_array().unwrap();
    journal.seen(queued);
    let problems = queued.iter().filter(|one| one["problem"] == true).map(id).collect();
    let lines = journal.tick(&policies, &problems, case["now"].as_str().unwrap().parse().unwrap());

    let mut waits: BTreeMap<String, Vec<Wait>> = BTreeMap::new();
    let (mut starts, mut order) = (BTreeMap::new(), Vec::new());
    for line in lines {
        match line.event {
            Event::Started { release, slots, .. } => {
                order.push(release.clone());
                starts.insert(release, slots);
            }
            Event::Waits { release, waits: of } => {
                order.push(release.clone());
                waits.insert(release, of);
            }
            Event::Verdict { .. } | Event::ClockJumped { .. } | Event::Unreached { .. } => {}
            event => return Err(format!("this happened, too: {event:?}")),
        }
    }
    let outcome: BTreeMap<&str, Value> = queued
        .iter()
        .map(|one| one["document"]["id"].as_str().unwrap())
        .map(|id| {
            let slots =
                starts.get(id).map(|slots| slots.iter().map(|range| [range.start, range.end]).collect::<Vec<_>>());
            (id, slots.map_or_else(|| json!({ "waits": said(&waits[id]) }), |slots| json!({ "starts": slots })))
        })
        .collect();
    let first_slots: BTreeMap<&str, u32> = queued
        .iter()
        .map(|one| {
            let (id, unit) = (one["document"]["id"].as_str().unwrap(), one["document"]["unit"].as_str().unwrap());
            (id, pool::first_slot(&pool::line(unit), id))
        })
        .collect();
    let here = json!({ "first_slots": first_slots, "order": order, "outcome": outcome });
    if let Some(difference) = difference("", &here, &case["expect"]) {
        return Err(difference);
    }
    for outcome in outcome.values() {
        match outcome["waits"].as_array() {
            Some(waits) => waits.iter().for_each(|wait| reached.add(wait[0].as_str().unwrap())),
            None => reached.add("starts"),
        }
    }
    Ok(())
}

/// What is waited for, in the words of the reference.
fn said(waits: &[Wait]) -> Vec<Value> {
    let one = |wait: &Wait| {
        let ids: BTreeSet<&String> = wait.ids.iter().collect();
        json!([if wait.code == "limit" { "full" } else { &wait.code }, ids])
    };
    waits.iter().map(one).collect()
}

/// A journal in the making.
#[derive(Default)]
struct Journal {
    state: State,
    /// All documents that were seen.
    files: Vec<File>,
}

impl Journal {
    /// Releases in force, kept off and over.
    fn leads_to(&mut self, case: &Value) {
        for (end, ids) in case["gone"].as_object().unwrap() {
            for id in ids.as_array().unwrap() {
                let id = id.as_str().unwrap();
                let document = json!({
                    "release": 1, "id": id, "kind": "release", "unit": "user", "services": { "gone.svc.cluster.local": "v2" },
                });
                self.start(&document, &json!([[0, 1_000_000]]));
                self.end(id, end, true);
                if end != "finished" {
                    self.happen(Event::Cleared { release: id.to_owned(), push: 1 });
                }
                self.happen(Event::Reached { release: id.to_owned() });
            }
        }
        for one in case["in_force"].as_array().unwrap() {
            self.start(&one["document"], &one["slots"]);
        }
        for one in case["kept_off"].as_array().unwrap() {
            self.start(&one["document"], &json!([[0, 1]]));
            self.end(&id(one), one["state"].as_str().unwrap(), one["acknowledged"] == true);
        }
        self.happen(Event::Frozen { request: "freeze".to_owned(), why: None });
    }

    fn start(&mut self, document: &Value, slots: &Value) {
        let release = document["id"].as_str().unwrap().to_owned();
        let file = file(document);
        let text = file.document.as_ref().unwrap().text().clone();
        self.happen(Event::Seen { release: release.clone(), file: file.name.clone(), document: text, paused: false });
        self.happen(Event::Started { release, slots: ranges(slots), push: 1 });
        self.files.push(file);
    }

    fn end(&mut self, id: &str, end: &str, is_acknowledged: bool) {
        let (release, push) = (id.to_owned(), 1);
        match end {
            "finished" => return self.happen(Event::Finished { release, push }),
            "rolled_back" => self.happen(Event::RolledBack { release, push }),
            "aborted" => {
                let request = format!("abort {id}");
                return self.happen(Event::Aborted { request, release, why: None, push: Some(push) });
            }
            other => panic!("{other}"),
        }
        if is_acknowledged {
            let request = format!("acknowledge {id}");
            self.happen(Event::Acknowledged { request, release: id.to_owned(), why: None });
        }
    }

    /// Documents come, some of them in one look, while all is frozen; their files are named against their ids' order.
    fn seen(&mut self, queued: &[Value]) {
        let looks: BTreeSet<u64> = queued.iter().map(|one| one["seen"].as_u64().unwrap()).collect();
        for look in looks {
            let mut new: Vec<&Value> =
                queued.iter().filter(|one| one["seen"] == look).map(|one| &one["document"]).collect();
            new.sort_by(|one, other| other["id"].as_str().cmp(&one["id"].as_str()));
            self.files.extend(new.into_iter().map(file));
            self.tick(&[], &BTreeSet::new(), Timestamp::default());
        }
        for one in queued.iter().filter(|one| one["paused"] == true) {
            self.happen(Event::Paused { request: format!("pause {}", id(one)), release: id(one), why: None });
        }
        self.happen(Event::Thawed { request: "thaw".to_owned(), why: None });
    }

    /// Decides a tick and takes in what came of it. There is an Envoy that knows nothing: what is kept off is so for longer. Of
    /// these releases the effective policy would be bad.
    fn tick(&mut self, policies: &[Policy], bad: &BTreeSet<String>, now: Timestamp) -> Vec<Line> {
        let of_test = |policies: &[Policy]| {
            let layers = policies.iter().flat_map(|policy| &policy.layers);
            layers.filter_map(|layer| layer.id.as_ref()).any(|id| bad.contains(id))
        };
        let found = |policies: &[Policy]| match check(policies, Role::Edge) {
            _ if of_test(policies) => vec![Trouble::new("problem", "so the test wants it")],
            Ok(_) => Vec::new(),
            Err(problems) => problems.iter().map(|one| Trouble::new(one.code.name(), one.message.clone())).collect(),
        };
        let tick = Tick { now, since: Some(TICK), nodes: [("edge".to_owned(), 0)].into(), ..Tick::default() };
        let look = Look { name: "releases".to_owned(), files: Ok(self.files.clone()) };
        let written = Written { policies, problems: Vec::new(), source: SourceId::default(), check: &found };
        let inputs = Inputs {
            look: &look,
            written: &written,
            requests: &[],
            held: None,
            unrouted: &BTreeSet::new(),
            tick: &tick,
            has_room: true,
        };
        self.state.observe(&tick);
        let decided = decide(&self.state, &inputs);
        for line in &decided.lines {
            self.state.apply(line).unwrap();
        }
        self.state.judged(&decided.verdicts);
        decided.lines
    }

    fn happen(&mut self, event: Event) {
        let line = self.state.line(Timestamp::default(), None, event);
        self.state.apply(&line).unwrap_or_else(|broken| panic!("{broken}: {line:?}"));
    }
}

fn id(one: &Value) -> String {
    one["document"]["id"].as_str().unwrap().to_owned()
}

fn file(document: &Value) -> File {
    let text = Text { format: Format::Json, text: document.to_string() };
    let document = Document::read(text).unwrap_or_else(|problems| panic!("{document}: {problems:?}"));
    File { name: format!("{}.json", document.release.id), document: Ok(document) }
}
