//! Weir's plans, pure: what releases will do, and what their guardrails can see, before any of them starts.
//!
//! | file | says |
//! |---|---|
//! | `schedule` | who starts when, with which slots, and who waits for whom: by the very queue of `weir serve` |
//! | `masks` | which services a release touches, each a bit |
//! | `times` | when the steps of a release begin at the earliest |
//! | `traffic` | what is given of the requests: how many, and how many of them are bad |
//! | `sight` | what a guardrail finds by the end of each step |
//! | `walk`, `bound` | the chance that evidence has reached its bound by a time, and where that is |
//! | `search` | the ratio that is found with a chance |
//! | `stretch` | a time with one exposure, and what events gain and take in it |
//! | `part` | what an edge shows of a service that some requests meet |
//!
//! *At the earliest* is where nothing goes wrong, everybody answers at once, and people say yes as soon as they are asked.
#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, clippy::integer_division)
)]

mod bound;
pub mod masks;
pub mod part;
pub mod schedule;
mod search;
pub mod sight;
pub mod stretch;
pub mod times;
pub mod traffic;
pub mod walk;
