//! A world for tests: documents, a policy and edges, ticked one after the other.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use weir_policy::written::{Holdout, Policy, UnitSource};
use weir_policy::{Role, Source, Sources, check};

use super::{Bad, Decided, File, Held, Inputs, Look, Written, decide};
use crate::evidence::TICK;
use crate::journal::{By, Document, Event, Line, Trouble};
use crate::judge::testing::{evidence, had};
use crate::request::{Request, Verb};
use crate::state::{End, Ramp, State};
use crate::testing;
use crate::tick::Tick;

#[derive(Clone)]
pub struct World {
    pub state: State,
    pub now: Timestamp,
    pub look: Look,
    pub policies: Vec<Policy>,
    pub problems: Vec<Trouble>,
    pub requests: Vec<Request>,
    pub held: Option<Held>,
    pub unrouted: BTreeSet<String>,
    pub has_room: bool,
    /// Of 100 requests of the canary so many are bad in each tick, by release.
    pub bad: BTreeMap<String, u64>,
    /// Whether polls are accepted.
    pub polls: bool,
    /// Nodes whose numbers fell.
    pub resets: Vec<String>,
    /// What each node has answered; all of them answer what was pushed before a tick.
    pub nodes: BTreeMap<String, u64>,
    /// Every line, as it stands in the file.
    pub journal: Vec<String>,
    pub last: Vec<Line>,
}

impl World {
    pub fn new() -> World {
        let units = vec![("user".to_owned(), vec![UnitSource::Header("x-user".into())])];
        let holdout = Holdout {
            id: Some("year".into()),
            unit: Some("user".into()),
            share: Some("1%".into()),
            layers: Some(Vec::new()),
            ..Holdout::default()
        };
        World {
            state: State::default(),
            now: "2026-12-01T00:00:00Z".parse().unwrap(),
            look: Look { name: "releases".into(), files: Ok(Vec::new()) },
            policies: vec![Policy { units, holdouts: vec![holdout], ..Policy::default() }],
            problems: Vec::new(),
            requests: Vec::new(),
            held: None,
            unrouted: BTreeSet::new(),
            has_room: true,
            bad: BTreeMap::new(),
            polls: true,
            resets: Vec::new(),
            nodes: ["edge-1", "edge-2"].map(|node| (node.to_owned(), 0)).into(),
            journal: Vec::new(),
            last: Vec::new(),
        }
    }

    /// A document of these fields, which touches a service.
    pub fn with(mut self, id: &str, service: &str, fields: &str) -> World {
        self.write(id, service, fields);
        self
    }

    pub fn write(&mut self, id: &str, service: &str, fields: &str) {
        let document = Ok(document(id, service, fields));
        self.files().retain(|file| file.name != format!("{id}.json"));
        self.files().push(File { name: format!("{id}.json"), document });
    }

    pub fn spoil(&mut self, id: &str) {
        let bad = Bad { release: None, problems: vec![Trouble::new("syntax", "not JSON")] };
        self.files().retain(|file| file.name != format!("{id}.json"));
        self.files().push(File { name: format!("{id}.json"), document: Err(bad) });
    }

    /// Others are still asked whether its document is good.
    pub fn leave_open(&mut self, id: &str) {
        let open = Bad { release: Some(id.to_owned()), problems: Vec::new() };
        self.files().retain(|file| file.name != format!("{id}.json"));
        self.files().push(File { name: format!("{id}.json"), document: Err(open) });
    }

    pub fn remove(&mut self, id: &str) {
        self.files().retain(|file| file.name != format!("{id}.json"));
    }

    fn files(&mut self) -> &mut Vec<File> {
        self.look.files.as_mut().unwrap()
    }

    /// A person asks for something.
    pub fn ask(&mut self, verb: Verb, release: &str, step: Option<usize>) {
        self.requests.push(Request {
            id: format!("r{}", self.requests.len()),
            verb,
            release: Some(release.to_owned()),
            step,
            journal: self.state.number(),
            at: self.now,
            by: By { user: "ann".into(), host: "web-1".into() },
            why: Some("looked".into()),
        });
    }

    /// The next tick as it will be.
    pub fn next_tick(&self) -> Tick {
        let push = self.state.push();
        let counted = self.state.entries().iter().filter_map(|(id, entry)| {
            entry.ramp.as_ref()?.step?;
            let bad = self.bad.get(id).copied().unwrap_or(1);
            let mark = push.to_string();
            Some(evidence(id, Some(&mark), &[("canary", had(1_600, 16 * bad)), ("control", had(1_600, 16))]))
        });
        Tick {
            now: self.now + SignedDuration::from_secs(10),
            since: Some(TICK),
            poll: self.polls.then(|| counted.collect()),
            answered: self.nodes.values().copied().min().unwrap_or(push),
            nodes: self.nodes.clone(),
            resets: self.resets.clone(),
            ..Tick::default()
        }
    }

    /// What a state makes of a tick: observed, decided, and every line taken in.
    pub fn through(&self, mut state: State, tick: &Tick) -> (State, Decided) {
        state.observe(tick);
        let check = |policies: &[Policy]| match check(policies, Role::Edge) {
            Ok(_) => Vec::new(),
            Err(problems) => problems.iter().map(|one| Trouble::new(one.code.name(), one.message.clone())).collect(),
        };
        let source = {
            let mut sources = Sources::of([Source::json("policy.json", "{}")]);
            sources.add(Source::json("releases", "{}"))
        };
        let written = Written { policies: &self.policies, problems: self.problems.clone(), source, check: &check };
        let inputs = Inputs {
            look: &self.look,
            written: &written,
            requests: &self.requests,
            held: self.held.as_ref(),
            unrouted: &self.unrouted,
            tick,
            has_room: self.has_room,
        };
        let decided = decide(&state, &inputs);
        for line in &decided.lines {
            assert_eq!(state.apply(line), Ok(()), "{line:?}");
        }
        state.judged(&decided.verdicts);
        (state, decided)
    }

    /// A tick; what happened, as short texts.
    pub fn tick(&mut self) -> Vec<String> {
        // What was pushed is answered by the next tick, unless a test says otherwise.
        let tick = self.next_tick();
        let (state, decided) = self.through(self.state.clone(), &tick);
        self.journal.extend(decided.lines.iter().map(|line| serde_json::to_string(line).unwrap()));
        (self.state, self.now) = (state, tick.now);
        self.resets.clear();
        self.nodes.values_mut().for_each(|answered| *answered = self.state.push());
        self.last = decided.lines;
        self.last.iter().filter_map(|line| short(&line.event)).collect()
    }

    /// Ticks until something like this happens; how many that took.
    pub fn until(&mut self, what: &str) -> usize {
        (1..500).find(|_| self.tick().iter().any(|one| one == what)).unwrap_or_else(|| {
            panic!("{what} never happened: {:#?}", self.journal.iter().rev().take(5).collect::<Vec<_>>())
        })
    }
}

pub fn document(id: &str, service: &str, fields: &str) -> Document {
    Document::read(testing::text(id, &[service], fields)).unwrap()
}

/// What happened, without what the test world has everywhere; none of a verdict.
pub fn short(event: &Event) -> Option<String> {
    let codes = |waits: &[crate::journal::Wait]| {
        let code = |wait: &crate::journal::Wait| {
            std::iter::once(&wait.code).chain(&wait.ids).cloned().collect::<Vec<_>>().join(" ")
        };
        waits.iter().map(code).collect::<Vec<_>>().join(", ")
    };
    Some(match event {
        Event::Verdict { .. } => return None,
        Event::Began => "began".into(),
        Event::Settled => "settled".into(),
        Event::Seen { release, paused: false, .. } => format!("seen {release}"),
        Event::Seen { release, .. } => format!("seen {release} paused"),
        Event::Changed { release, push: None, .. } => format!("changed {release}"),
        Event::Changed { release, .. } => format!("changed {release} pushed"),
        Event::File { release, file: None } => format!("gone {release}"),
        Event::File { release, .. } => format!("file {release}"),
        Event::Withdrawn { release } => format!("withdrawn {release}"),
        Event::Bad { file, problems, .. } => format!("bad {file} {}", problems[0].code),
        Event::Good { file } => format!("good {file}"),
        Event::Waits { release, waits } => format!("{release} waits: {}", codes(waits)),
        Event::Started { release, .. } => format!("started {release}"),
        Event::Begun { release, step, passed, .. } => {
            format!("begun {release} {step}{}", if *passed { " passed" } else { "" })
        }
        Event::HeldBack { release, queued: true, .. } => format!("held {release} queued"),
        Event::HeldBack { release, document: true, step, .. } => format!("held {release} {step:?} document"),
        Event::HeldBack { release, step, .. } => format!("held {release} {step:?}"),
        Event::RolledBack { release, .. } => format!("rolled_back {release}"),
        Event::Finished { release, .. } => format!("finished {release}"),
        Event::Cleared { release, .. } => format!("cleared {release}"),
        Event::Unreached { release, nodes } => format!("unreached {release} {}", nodes.join(" ")),
        Event::Reached { release } => format!("reached {release}"),
        Event::ClockJumped { .. } => "clock_jumped".into(),
        Event::Reset { nodes, releases } => format!("reset {} of {}", nodes.join(" "), releases.join(" ")),
        Event::Approved { release, step, .. } => format!("approved {release} {step}"),
        Event::Paused { release, .. } => format!("paused {release}"),
        Event::Resumed { release, .. } => format!("resumed {release}"),
        Event::Aborted { release, .. } => format!("aborted {release}"),
        Event::Acknowledged { release, .. } => format!("acknowledged {release}"),
        Event::Promoted { release, .. } => format!("promoted {release}"),
        Event::Stepped { release, step, .. } => format!("stepped {release} {step}"),
        Event::Frozen { .. } => "frozen".into(),
        Event::Thawed { .. } => "thawed".into(),
        Event::Refused { verb, reason, .. } => format!("refused {verb} {}", reason.code),
    })
}

/// What of a state is to be the same after a kill: all but numbers, times and what was judged, or is waited for by one that runs: a
/// release that started in the tick is looked at in that tick if it comes again.
pub fn projected(state: &State) -> Vec<String> {
    let entries = state.entries().iter().map(|(id, entry)| {
        let ramp = entry.ramp.as_ref().map(|ramp| (ramp.step, ramp.passed, ramp.wanted, ramp.promoted, &ramp.slots));
        let waits = entry.ramp.is_none().then_some(&entry.waits);
        let paused = entry.paused.is_some();
        let entry = (entry.document.digest(), &entry.file, paused, &entry.approved, &entry.refused, waits);
        format!("{id}: {entry:?} {ramp:?}")
    });
    let over = state.over().iter().map(|(id, over)| {
        let off = over.off.as_ref().map(|off| off.acknowledged);
        format!("{id}: {:?}", (over.end, over.push.is_some(), off, &over.unreached))
    });
    let whole = format!("{:?}", (state.frozen().is_some(), state.bad().keys(), state.is_new()));
    std::iter::once(whole).chain(entries).chain(over).collect()
}

/// What was judged last of each, without numbers.
pub fn judged(state: &State) -> Vec<String> {
    let ramps = state.entries().iter().filter_map(|(id, entry)| Some((id, entry.ramp.as_ref()?)));
    let verdict = |(id, ramp): (&String, &Ramp)| {
        let verdict = ramp.verdict.as_ref().map(|verdict| (verdict.decision, verdict.phase, &verdict.reasons));
        format!("{id}: {verdict:?} {:?}", ramp.inconclusive)
    };
    ramps.map(verdict).collect()
}

/// Whether it ended so.
pub fn ended(state: &State, id: &str) -> Option<End> {
    state.over().get(id).map(|over| over.end)
}
