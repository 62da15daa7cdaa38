//! What is told of who moves is so: slot by slot, and by the engine that decides. Cases are fresh in every run:
//! `PROPTEST_CASES` says how many, and `scripts/test` is content with few.

use proptest::prelude::ProptestConfig;

mod brute;
mod engine;
mod growth;
mod pairs;

/// As many cases as somebody asks for; else these.
fn cases(usual: u32) -> ProptestConfig {
    let asked = std::env::var_os("PROPTEST_CASES").is_some();
    let config = ProptestConfig { failure_persistence: None, ..ProptestConfig::default() };
    if asked { config } else { ProptestConfig { cases: usual, ..config } }
}
