//! What a plan is asked of, as it is given on the command line.

use std::path::PathBuf;

use clap::Args;

use super::numbers::{self, Named, RequestRate};

/// Documents, the state, and what is given of requests.
#[derive(Args)]
pub struct Options {
    /// The policy: a file, or a folder of files
    #[arg(long, value_name = "PATH")]
    pub policy: PathBuf,
    /// Documents of releases: a file or a folder
    #[arg(long, value_name = "PATH", required_unless_present = "state")]
    pub releases: Option<PathBuf>,
    /// The folder that weir serve has as --state: what runs and waits there, what is over, and how many requests count for one
    #[arg(long, value_name = "DIR")]
    pub state: Option<PathBuf>,
    /// Requests of everybody whom releases may deal, such as 2000/s or 2000/m. Without it nothing is said of guardrails
    #[arg(long, value_name = "REQUESTS", value_parser = numbers::requests)]
    pub rate: Option<RequestRate>,
    /// The part of requests that are errors today, such as 0.5%
    #[arg(long, value_name = "PERCENT", value_parser = numbers::part)]
    pub errors: Option<f64>,
    /// The part of requests without a response
    #[arg(long, value_name = "PERCENT", value_parser = numbers::part)]
    pub unanswered: Option<f64>,
    /// The part of requests that are slow, whatever the bound of a guardrail
    #[arg(long, value_name = "PERCENT", value_parser = numbers::part)]
    pub slow: Option<f64>,
    /// The part that is bad to the guardrail of this name, such as carts=1%, for guardrails of queries and for bounds of slow that differ;
    /// again for more
    #[arg(long, value_name = "NAME=PERCENT", value_parser = numbers::named)]
    pub bad: Vec<Named>,
    /// How many requests count for one, as users make many and fail alike: 1 where they do not. Without it as --state has it of
    /// guardrails of the same name, or as the document says, 3 if it says nothing
    #[arg(long, value_name = "NUMBER", value_parser = numbers::effect)]
    pub design_effect: Option<f64>,
    /// The part of requests that meet a service: an edge shows so much of what it does worse; again for more
    #[arg(long, value_name = "SERVICE=PERCENT", value_parser = numbers::named)]
    pub part: Vec<Named>,
}
