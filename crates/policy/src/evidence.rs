//! The counters of requests that were dealt a variant, under the names that filters define and tools find again: what releases
//! are judged by. A public format.

use crate::gauge::MODULES;
use crate::model::{Experiment, Layer};

/// One counter: requests of these units that were dealt this variant and ended so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Assigned<'a> {
    /// The experiment's id.
    pub experiment: &'a str,
    /// The variant's id.
    pub variant: &'a str,
    /// Of [`PARTS`] groups of units, by the hash that dealt them the variant.
    pub part: u8,
    /// How the requests ended.
    pub outcome: Outcome,
}

/// How a request ended. A request is in `All`, and in each other one that holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// In any way.
    All,
    /// With a status of class 5xx, or a gRPC status that stands for one.
    Error,
    /// Without a response.
    None,
    /// After more than 250 ms.
    Over250,
    /// After more than 500 ms.
    Over500,
    /// After more than 1,000 ms.
    Over1000,
    /// After more than 2,500 ms.
    Over2500,
}

/// How lines begin whose experiments are counted so.
pub const POOL: &str = "pool.";
/// Groups of units.
pub const PARTS: u8 = 16;

/// The counters that a variant may have: one for each part and outcome.
pub const COUNTERS_OF_VARIANT: usize = PARTS as usize * Outcome::ALL.len();

const NAME: &str = "weir_assigned_total";
/// What stands between a label's name and its value, and behind the value.
const LABEL: (&str, &str) = ("=.=", ";.;");

impl Layer {
    /// Whether requests that are dealt a variant of this experiment of the layer are counted by part and outcome.
    pub fn gathers_evidence_of(&self, experiment: &Experiment) -> bool {
        self.enabled && experiment.enabled && self.line.starts_with(POOL)
    }
}

impl Outcome {
    /// Every outcome, each at its own number.
    pub const ALL: [Outcome; 7] = [
        Outcome::All,
        Outcome::Error,
        Outcome::None,
        Outcome::Over250,
        Outcome::Over500,
        Outcome::Over1000,
        Outcome::Over2500,
    ];

    /// The label `outcome`.
    pub fn name(self) -> &'static str {
        match self {
            Outcome::All => "all",
            Outcome::Error => "error",
            Outcome::None => "none",
            Outcome::Over250 => "over_250",
            Outcome::Over500 => "over_500",
            Outcome::Over1000 => "over_1000",
            Outcome::Over2500 => "over_2500",
        }
    }

    /// Of one that is about time, the milliseconds that a request takes longer than.
    pub fn over_milliseconds(self) -> Option<u64> {
        match self {
            Outcome::All | Outcome::Error | Outcome::None => None,
            Outcome::Over250 => Some(250),
            Outcome::Over500 => Some(500),
            Outcome::Over1000 => Some(1_000),
            Outcome::Over2500 => Some(2_500),
        }
    }

    fn named(name: &str) -> Option<Outcome> {
        Outcome::ALL.into_iter().find(|outcome| outcome.name() == name)
    }
}

impl<'a> Assigned<'a> {
    /// The name by which a filter defines it.
    pub fn defined(self) -> String {
        let Assigned { experiment, variant, part, outcome } = self;
        let (is, end) = LABEL;
        let outcome = outcome.name();
        format!(
            "experiment{is}{experiment}{end}variant{is}{variant}{end}part{is}{part}{end}outcome{is}{outcome}{end}{NAME}"
        )
    }

    /// The name by which Envoy's admin interface shows it.
    pub fn shown(self) -> String {
        format!("{MODULES}{}", self.defined())
    }

    /// The counter that Envoy's admin interface shows by this name.
    pub fn read(shown: &'a str) -> Option<Assigned<'a>> {
        let rest = shown.strip_prefix(MODULES)?;
        let (experiment, rest) = label("experiment", rest)?;
        let (variant, rest) = label("variant", rest)?;
        let (part, rest) = label("part", rest)?;
        let (outcome, rest) = label("outcome", rest)?;
        let counter = Assigned { experiment, variant, part: self::part(part)?, outcome: Outcome::named(outcome)? };
        (rest == NAME).then_some(counter)
    }
}

/// The part that is written so and in no other way.
fn part(digits: &str) -> Option<u8> {
    let part = digits.parse().ok().filter(|part| *part < PARTS)?;
    (digits.len() == if part < 10 { 1 } else { 2 }).then_some(part)
}

/// The value of the label that a name begins with, and the rest of the name.
fn label<'a>(name: &str, labels: &'a str) -> Option<(&'a str, &'a str)> {
    let (is, end) = LABEL;
    labels.strip_prefix(name)?.strip_prefix(is)?.split_once(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_are_public_and_can_be_read_back() {
        let one = Assigned { experiment: "owl-v21", variant: "canary", part: 7, outcome: Outcome::Over250 };
        let defined = "experiment=.=owl-v21;.;variant=.=canary;.;part=.=7;.;outcome=.=over_250;.;weir_assigned_total";
        assert_eq!(one.defined(), defined);
        assert_eq!(one.shown(), format!("wasmcustom.{defined}"));
        for part in 0..PARTS {
            for outcome in Outcome::ALL {
                let one = Assigned { experiment: "a-b.c_d", variant: "0", part, outcome };
                assert_eq!(Assigned::read(&one.shown()), Some(one));
            }
        }
    }

    #[test]
    fn no_other_name_is_read() {
        let shown = |part: &str, outcome: &str, name: &str| {
            format!("wasmcustom.experiment=.=e;.;variant=.=v;.;part=.={part};.;outcome=.={outcome};.;{name}")
        };
        assert!(Assigned::read(&shown("15", "all", NAME)).is_some());
        for other in [
            String::new(),
            shown("16", "all", NAME),
            shown("07", "all", NAME),
            shown("+7", "all", NAME),
            shown("+10", "all", NAME),
            shown("", "all", NAME),
            shown("0", "over_300", NAME),
            shown("0", "ALL", NAME),
            shown("0", "all", "weir_requests_total"),
            shown("0", "all", "weir_assigned_total: 3"),
            format!("reason=.=rule;.;{}", shown("0", "all", NAME)),
            shown("0", "all", NAME).replace("part=.=0;.;", ""),
            shown("0", "all", NAME).replace("wasmcustom.", ""),
        ] {
            assert_eq!(Assigned::read(&other), None, "{other}");
        }
    }

    #[test]
    fn an_outcome_stands_at_its_own_number_and_bounds_are_what_they_are_called() {
        for (place, outcome) in Outcome::ALL.into_iter().enumerate() {
            assert_eq!(outcome as usize, place);
            let bound = outcome.name().strip_prefix("over_").map(|bound| bound.parse().unwrap());
            assert_eq!(outcome.over_milliseconds(), bound);
        }
    }
}
