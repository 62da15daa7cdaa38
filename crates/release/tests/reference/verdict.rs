//! The life of a running release, judged tick by tick.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::{Value, json};
use weir_policy::Source;
use weir_policy::evidence::Outcome;
use weir_release::evidence::{Counts, Evidence};
use weir_release::judge::{Code, Decision, Inconclusive, Phase, Stand, Verdict};
use weir_release::{Answer, Queries, Release, Running, Tick, Totals, judge, read_alone};

use crate::compare::{Reached, difference};

/// How far numbers may be apart: they are added up in another order.
const APART_MAX: f64 = 1e-9;

/// What cases have to come to.
pub const REACHED: &[&str] = &[
    "action advance",
    "action hold",
    "action rollback",
    "finished by itself",
    "phase waiting_routes",
    "reason routes",
    "before the first step",
    "held back",
    "phase paused",
    "phase suspected",
    "phase no_data",
    "phase inconclusive",
    "phase holding",
    "phase waiting_window",
    "phase waiting_approval",
    "phase waiting_promotion",
    "reason harm",
    "reason above",
    "reason value",
    "reason suspected",
    "reason no_poll",
    "reason unreachable",
    "reason no_traffic",
    "reason arm_silent",
    "reason deviation",
    "reason paused",
    "reason frozen",
    "reason problem",
    "reason edges",
    "reason hold",
    "reason warmup",
    "reason requests",
    "reason not_evaluated",
    "reason window",
    "reason approval",
    "reason promotion",
    "reason poll",
    "inconclusive deviation",
    "inconclusive max_hold",
    "design effect of the document",
    "design effect of the parts",
    "the server was away",
    "evidence of an earlier step",
    "evidence of nobody knows when",
    "suspicion passed",
];

/// Whether a case is judged the same here, up to the first tick that is not: what follows may come of it.
pub fn compared(case: &Value, reached: &mut Reached) -> Result<(), String> {
    let source = Source::json("release.json", case["document"].to_string());
    let release = read_alone(source).unwrap_or_else(|problems| panic!("{}: {problems:#?}", case["document"]));
    let (mut stand, mut running) = (Stand::default(), Running::default());
    for (number, tick) in case["ticks"].as_array().unwrap().iter().enumerate() {
        for event in tick["events"].as_array().unwrap() {
            happen(&mut stand, event);
        }
        let seen = seen(&release, tick);
        running.observe(&release, stand.step, stand.push, &seen);
        let text = serde_json::to_string(&running).unwrap();
        assert_eq!(serde_json::from_str::<Running>(&text).unwrap(), running, "what is recorded goes on as it was");
        let verdict = judge(&release, &stand, &running, seen.now);
        running.judged(&verdict);
        stand.inconclusive = verdict.inconclusive;
        let (here, there) = (said(&verdict, &tick["expect"]), expected(&tick["expect"]));
        let apart = difference("", &here, &there).or_else(|| apart(&verdict, &tick["expect"]));
        if let Some(apart) = apart.or_else(|| goes_astray(&release, &stand, &verdict)) {
            return Err(format!("({}), tick {number}: {apart}", case["aim"].as_str().unwrap()));
        }
        reach(tick, &stand, &verdict, reached);
    }
    Ok(())
}

/// An advance that is not to the next step.
fn goes_astray(release: &Release, stand: &Stand, verdict: &Verdict) -> Option<String> {
    let next = Some(stand.step.map_or(0, |step| step + 1)).filter(|next| *next < release.steps.len());
    let to = if verdict.decision == Decision::Advance { next } else { None };
    (verdict.to != to).then(|| format!("advances to {:?} and not to {to:?}", verdict.to))
}

fn reach(tick: &Value, stand: &Stand, verdict: &Verdict, reached: &mut Reached) {
    let expect = &tick["expect"];
    if expect["edge"] == true {
        return reached.add("left open by the text");
    }
    for name in ["action", "phase", "inconclusive"] {
        if let Some(word) = expect[name].as_str() {
            reached.add(format!("{name} {word}"));
        }
    }
    for reason in expect["reasons"].as_array().unwrap() {
        reached.add(format!("reason {}", reason[0].as_str().unwrap()));
    }
    for guardrail in &verdict.numbers.guardrails {
        match guardrail.design_effect {
            Some(effect) if effect.fract() == 0.0 => reached.add("design effect of the document"),
            Some(_) => reached.add("design effect of the parts"),
            None => {}
        }
    }
    let marks = tick["poll"].as_array().into_iter().flatten().map(|one| one["mark"].as_str());
    for mark in marks {
        match mark.map(|mark| mark.parse::<u64>().unwrap()) {
            Some(mark) if mark < stand.push => reached.add("evidence of an earlier step"),
            Some(_) => reached.add("evidence of the step"),
            None => reached.add("evidence of nobody knows when"),
        }
    }
    let is_suspected = verdict.reasons.iter().any(|reason| reason.code == Code::Suspected);
    for (is, what) in [
        (verdict.decision == Decision::Advance && verdict.to.is_none(), "finished by itself"),
        (tick["since_ms"].is_null(), "the server was away"),
        (stand.step.is_none(), "before the first step"),
        (tick["events"].as_array().unwrap().iter().any(|event| event["event"] == "held_back"), "held back"),
        (stand.passed && is_suspected && verdict.phase != Phase::Suspected, "suspicion passed"),
    ] {
        if is {
            reached.add(what);
        }
    }
}

fn happen(stand: &mut Stand, event: &Value) {
    let number = |step| usize::try_from(step).unwrap();
    let step = || number(event["step"].as_u64().unwrap());
    let push = || event["push"].as_u64().unwrap();
    match event["event"].as_str().unwrap() {
        "announce" => (stand.push, stand.waits_for_routes) = (push(), event["unrouted"].as_bool().unwrap()),
        "routes" => stand.waits_for_routes = false,
        "held_back" => {
            (stand.step, stand.push) = (event["step"].as_u64().map(number), push());
            (stand.paused, stand.passed, stand.inconclusive) = (true, false, None);
        }
        "step" => {
            (stand.step, stand.push) = (Some(step()), push());
            stand.approved.retain(|approved| *approved > step());
            stand.passed = event["why"].as_bool().unwrap();
            (stand.problem, stand.inconclusive) = (None, None);
        }
        "approve" => drop(stand.approved.insert(step())),
        "pause" | "resume" => stand.paused = event["event"] == "pause",
        "freeze" | "thaw" => stand.frozen = event["event"] == "freeze",
        "problem" => stand.problem = event["problem"].as_str().map(str::to_owned),
        other => panic!("{other}"),
    }
}

fn seen(release: &Release, tick: &Value) -> Tick {
    let poll = tick["poll"].as_array().map(|poll| poll.iter().map(|one| evidence(release, one)).collect());
    let asked = match tick["queries"].as_object() {
        Some(answers) => answers.iter().map(|(name, answer)| (name.clone(), answered(answer))).collect(),
        None => {
            let all = release.guardrails.iter().map(|one| (one.name.clone(), Answer::Unreachable("down".to_owned())));
            all.collect()
        }
    };
    Tick {
        now: tick["now"].as_str().unwrap().parse().unwrap(),
        since: tick["since_ms"].as_u64().map(Duration::from_millis),
        poll,
        answered: tick["answered"].as_u64().unwrap(),
        queries: Queries { of: BTreeMap::from([(release.id.clone(), asked)]) },
        ..Tick::default()
    }
}

fn evidence(release: &Release, one: &Value) -> Evidence {
    let of_variant = |parts: &Value| -> Value {
        let column = |outcome: Outcome| -> Value {
            parts.as_array().unwrap().iter().map(|part| part[outcome as usize].clone()).collect()
        };
        Outcome::ALL.into_iter().map(|outcome| (outcome.name().to_owned(), column(outcome))).collect()
    };
    let counts: Value =
        one["counts"].as_object().unwrap().iter().map(|(name, parts)| (name.clone(), of_variant(parts))).collect();
    let counts: Counts = serde_json::from_value(json!({ (release.id.clone()): counts })).unwrap();
    Evidence { mark: one["mark"].as_str().map(str::to_owned), counts }
}

fn answered(answer: &Value) -> Answer {
    match answer.as_object() {
        None => Answer::Value(answer.as_f64().unwrap()),
        Some(variants) => {
            let totals = |one: &Value| Totals { bad: one["bad"].as_f64(), all: one["all"].as_f64() };
            Answer::Counts(variants.iter().map(|(name, one)| (name.clone(), totals(one))).collect())
        }
    }
}

/// What the verdict says, in the words of the reference.
fn said(verdict: &Verdict, expect: &Value) -> Value {
    let reasons: BTreeSet<String> = verdict
        .reasons
        .iter()
        .filter_map(|reason| {
            let (code, guardrail) = match reason.code {
                Code::ValueAbove => ("value", reason.guardrail.as_deref()),
                Code::ProviderUnreachable => ("unreachable", None),
                Code::NotAnswered => ("edges", None),
                Code::Unread => ("poll", None),
                Code::MaxHold => return None,
                // Said before.
                Code::Deviation if reason.arm.is_none() => return None,
                code => {
                    return Some(words(
                        serde_json::to_value(code).unwrap().as_str(),
                        reason.guardrail.as_deref(),
                        reason.arm.as_deref(),
                    ));
                }
            };
            Some(words(Some(code), guardrail, reason.arm.as_deref()))
        })
        .collect();
    let of = |inconclusive: Inconclusive| serde_json::to_value(inconclusive).unwrap();
    let phase = (verdict.decision == Decision::Hold).then_some(verdict.phase);
    let mut said = json!({
        "action": verdict.decision, "phase": phase, "reasons": reasons, "requests": verdict.numbers.step.requests,
        "held_ms": verdict.numbers.step.held_ms.unwrap_or(0), "inconclusive": verdict.inconclusive.map(of),
    });
    blur(&mut said, expect);
    said
}

fn expected(expect: &Value) -> Value {
    let reason = |reason: &Value| words(reason[0].as_str(), reason[1].as_str(), reason[2].as_str());
    let reasons = expect["reasons"].as_array().unwrap().iter().filter(|reason| reason[0] != "inconclusive");
    let reasons: BTreeSet<String> = reasons.map(reason).collect();
    let mut expected = json!({
        "action": expect["action"], "phase": expect["phase"], "reasons": reasons, "requests": expect["requests"],
        "held_ms": expect["held_ms"], "inconclusive": expect["inconclusive"],
    });
    blur(&mut expected, expect);
    expected
}

/// Where the text leaves a tick open nothing is held against it. What a rollback would have made inconclusive is nothing to anybody.
fn blur(said: &mut Value, expect: &Value) {
    if expect["action"] == "rollback" {
        said["inconclusive"] = Value::Null;
    }
    if expect["edge"] == true {
        ["action", "phase", "reasons", "inconclusive"].into_iter().for_each(|name| said[name] = Value::Null);
    }
}

fn words(code: Option<&str>, guardrail: Option<&str>, arm: Option<&str>) -> String {
    [code, guardrail, arm].into_iter().flatten().collect::<Vec<_>>().join(" ")
}

/// A number that is another one.
fn apart(verdict: &Verdict, expect: &Value) -> Option<String> {
    for there in expect["guardrails"].as_array().unwrap() {
        let (name, arm) = (there["guardrail"].as_str().unwrap(), there["arm"].as_str());
        let mut of = verdict.numbers.guardrails.iter();
        let here = of.find(|one| one.name == name && one.arm.as_deref() == arm)?;
        for (what, here) in [("d", here.design_effect), ("suspected", here.ln_e), ("harm", here.ln_e_harm)] {
            let (here, there) = (here.unwrap(), there[what].as_f64().unwrap());
            if (here - there).abs() > APART_MAX * there.abs().max(1.0) {
                return Some(format!("{name} {what}: {here} and {there}"));
            }
        }
    }
    None
}
