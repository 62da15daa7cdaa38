//! What all trials share: releases, what is wrong with them, who uses them.

use weir_simulate::{Control, Counted, Fault, Guardrail, Guardrails, Harm, Kind, Meets, Plan, Population, Step};

/// Looks a minute: one each ten seconds.
pub const MINUTE: usize = 6;
pub const HOUR: usize = 60 * MINUTE;
/// Requests a minute of all users together.
pub const REQUESTS: f64 = 2000.0;
pub const USERS: usize = 20_000;
pub const FEW_USERS: usize = 2_000;
pub const MARGIN: f64 = 0.2;
pub const ALPHA: f64 = 0.01;

/// How often each thing is tried.
pub struct Runs {
    /// Releases with independent requests, for what is promised of them.
    pub independent: usize,
    /// Good releases with heavy users.
    pub heavy: usize,
    /// Everything else.
    pub others: usize,
}

impl Runs {
    pub const LONG: Runs = Runs { independent: 10_000, heavy: 2_000, others: 500 };
    pub const QUICK: Runs = Runs { independent: 100, heavy: 100, others: 50 };

    pub fn is_quick(&self) -> bool {
        self.independent < Runs::LONG.independent
    }
}

/// A release with these shares and so many looks at each.
pub fn release(control: Control, shares: &[f64], looks: usize) -> Plan {
    Plan {
        kind: Kind::Release(control),
        steps: shares.iter().map(|share| Step { share: *share, looks }).collect(),
        requests: REQUESTS / MINUTE as f64,
        warmup: MINUTE,
        max_hold: HOUR,
        faults: Vec::new(),
    }
}

/// An hour each at 5, 10 and 50%.
pub fn hours(control: Control) -> Plan {
    release(control, &[0.05, 0.1, 0.5], HOUR)
}

/// What a release does if it does not say: ten minutes each, up to all users.
pub fn default_plan() -> Plan {
    release(Control::Equal, &[0.05, 0.1, 0.5, 0.95, 1.0], 10 * MINUTE)
}

/// The same release with something wrong with its canary.
pub fn with(harm: Harm, plan: &Plan) -> Plan {
    Plan { faults: vec![Fault::of_canary(harm)], ..plan.clone() }
}

/// The same release, good, on a day on which for ten minutes four times as many requests of everybody fail.
pub fn on_a_bad_day(plan: &Plan) -> Plan {
    let harm = Harm { errors: 4.0, ..Harm::NONE };
    let looks = 12 * MINUTE..22 * MINUTE;
    Plan { faults: vec![Fault { meets: Meets::All, looks, harm }], ..plan.clone() }
}

pub fn guardrail(kind: Counted, margin: f64) -> Guardrails {
    Guardrails::new([Guardrail { kind, margin, alpha: ALPHA }])
}

/// Who uses the service.
pub fn populations() -> [(&'static str, Population); 2] {
    [("users alike", Population::alike(USERS)), ("heavy users", Population::heavy(USERS))]
}
