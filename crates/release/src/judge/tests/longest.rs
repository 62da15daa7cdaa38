//! How long a line can be: what reads, writes and tells lines must do with it.

use weir_policy::evidence::Outcome;
use weir_policy::written::Kind;

use super::super::testing::evidence;
use super::*;
use crate::journal::{Event, Line};
use crate::limits::{ARMS_MAX, GUARDRAILS_MAX};
use crate::release::{CONTROL, Guardrail, Measure, OnHarm};
use crate::state::State;

#[test]
fn the_longest_verdict_is_a_line_of_two_megabytes_at_most() {
    let name = |kind: &str, number: usize| format!("{kind}{number:0>60}");
    let [arms, guardrails] = [ARMS_MAX, GUARDRAILS_MAX].map(|max| usize::try_from(max).unwrap());
    let mut bench = Bench { release: crate::testing::release(Kind::Test, arms, true), ..Bench::new() };
    for (number, arm) in bench.release.arms.iter_mut().enumerate() {
        arm.id = name("arm-", number);
    }
    let measure = Measure::Outcome { outcome: Outcome::Error, margin: 0.2, above: Some(0.9) };
    let guardrail =
        |number| Guardrail { name: name("rail", number), measure: measure.clone(), alpha: 1e-9, on_harm: OnHarm::Hold };
    bench.release.guardrails = (0..guardrails).map(guardrail).collect();
    bench.begin(0);
    let ids: Vec<String> = bench.release.arms.iter().map(|arm| arm.id.clone()).chain([CONTROL.to_owned()]).collect();
    let mut verdict = bench.judge();
    for tick in 0..45_u64 {
        let had = |number: usize| had(1_234_567_890_123 + tick * 7_919, 234_567 + number as u64 * 1_013 + tick * 101);
        let of: Vec<_> = ids.iter().enumerate().map(|(number, id)| (id.as_str(), had(number))).collect();
        let came = evidence(&bench.release.id, Some(&bench.stand.push.to_string()), &of);
        let behind = (0..1_000).map(|number| name("node", number)).collect();
        verdict = bench.tick(Tick { poll: Some(vec![came]), behind, ..bench.on_time() });
    }
    let inputs = Inputs { revision: "0".repeat(32), stand: bench.stand, running: bench.running, now: bench.now };
    let event = Event::Verdict { release: "x".repeat(64), verdict: Box::new(verdict), inputs: Box::new(inputs) };
    let text = serde_json::to_string(&State::default().line(bench.now, None, event.clone())).unwrap();
    assert!((500_000..2_000_000).contains(&text.len()), "{}", text.len());
    assert_eq!(serde_json::from_str::<Line>(&text).unwrap().event, event);
}
