//! What holds for every policy and every request, tried on generated ones.

use proptest::prelude::ProptestConfig;

mod attachment;
mod audiences;
mod borders;
mod chain;
mod condition;
mod cookies;
mod growth;
mod headers;
mod overrides;
mod policy;
mod projection;
mod request;
mod revision;
mod rules;
mod same;
mod services;
mod targeting;
mod total;
mod why;

/// Fresh cases in every run, 256 or `PROPTEST_CASES`. What fails is printed whole and becomes a scenario, not a seed.
fn fresh() -> ProptestConfig {
    ProptestConfig { failure_persistence: None, ..ProptestConfig::default() }
}
