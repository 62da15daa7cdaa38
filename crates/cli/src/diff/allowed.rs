//! Arms that units may leave without a shrink, because somebody says so.

use weir_diff::Arm;
use weir_policy::Model;
use weir_policy::model::Experiment;

use crate::problems::Failure;

/// Names of arms: an experiment's alone means all of its arms.
pub struct Allowed(Vec<(String, Option<String>)>);

impl Allowed {
    /// Reads `EXPERIMENT` and `EXPERIMENT/VARIANT`. What neither policy has is a slip, and would allow nothing.
    pub fn read(texts: &[String], old: &Model, new: &Model) -> Result<Allowed, Failure> {
        let read = |text: &String| {
            let (experiment, variant) = match text.split_once('/') {
                Some((experiment, variant)) => (experiment, Some(variant)),
                None => (text.as_str(), None),
            };
            let layers = old.layers.iter().chain(&new.layers);
            let of_id = |one: &&Experiment| one.id == experiment;
            let known: Vec<&Experiment> = layers.flat_map(|layer| &layer.experiments).filter(of_id).collect();
            if known.is_empty() {
                return Err(usage(text, &format!("neither policy has an experiment called {experiment:?}")));
            }
            let mut arms: Vec<&str> =
                known.iter().flat_map(|one| &one.variants).map(|variant| variant.id.as_str()).collect();
            arms.sort_unstable();
            arms.dedup();
            match variant {
                Some(variant) if !arms.contains(&variant) => {
                    let arms = arms.join(", ");
                    Err(usage(
                        text,
                        &format!("{experiment} has no variant called {variant:?}; its variants are {arms}"),
                    ))
                }
                variant => Ok((experiment.to_owned(), variant.map(str::to_owned))),
            }
        };
        texts.iter().map(read).collect::<Result<_, _>>().map(Allowed)
    }

    /// Whether units may leave this arm.
    pub fn has(&self, arm: Arm<'_>) -> bool {
        let names = |(experiment, variant): &(String, Option<String>)| {
            experiment == arm.experiment && variant.as_ref().is_none_or(|variant| variant == arm.variant)
        };
        self.0.iter().any(names)
    }
}

fn usage(text: &str, message: &str) -> Failure {
    Failure::Usage(format!("--allow {text}: {message}"))
}
