//! What a plan is asked of, as it is given on the command line.

use std::path::PathBuf;

use clap::{ArgGroup, Args};

use crate::duration;
use crate::fleet;
use crate::numbers::{self, Named};
use crate::prometheus_options::PrometheusOptions;

/// Documents, the state, and what is given of requests.
#[derive(Args)]
#[command(group = ArgGroup::new("measured").multiple(true).args(["prometheus", "admin_port"]))]
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
    /// Requests of everybody whom releases may deal, such as 2000/s or 2000/m. Without it, and where nothing is
    /// measured, nothing is said of guardrails
    #[arg(long, value_name = "REQUESTS", value_parser = numbers::rate)]
    pub rate: Option<f64>,
    /// The part of requests that are errors today, such as 0.5%
    #[arg(long, value_name = "PERCENT", value_parser = numbers::some)]
    pub errors: Option<f64>,
    /// The part of requests without a response
    #[arg(long, value_name = "PERCENT", value_parser = numbers::some)]
    pub unanswered: Option<f64>,
    /// The part of requests that are slow, whatever the bound of a guardrail
    #[arg(long, value_name = "PERCENT", value_parser = numbers::some)]
    pub slow: Option<f64>,
    /// The part that is bad to the guardrail of this name, such as carts=1%, for guardrails of queries and for bounds of slow that differ;
    /// again for more
    #[arg(long, value_name = "NAME=PERCENT", value_parser = numbers::named)]
    pub bad: Vec<Named>,
    #[command(flatten)]
    pub prometheus: PrometheusOptions,
    /// How far back that Prometheus is asked: what is given above is taken before what is measured
    #[arg(long, value_name = "TIME", default_value = "1d", requires = "prometheus", value_parser = duration::read)]
    pub over: humantime::Duration,
    /// The admin interface of an edge, whose counts since it began are read, instead of a Prometheus; on this machine, if only a port is
    /// said; again for more edges
    #[arg(long, value_name = "[HOST:]PORT", conflicts_with = "prometheus", value_parser = admin)]
    pub admin_port: Vec<String>,
    /// Which requests are those at the edge: the stat_prefix of the listener; with Prometheus also labels, such as {job="edge"}; again for
    /// more. Needed where there are others
    #[arg(long, value_name = "NAME", requires = "measured")]
    pub edge: Vec<String>,
    /// How many requests count for one, as users make many and fail alike: 1 where they do not. Without it as --state has it of
    /// guardrails of the same name, or as the document says, 3 if it says nothing
    #[arg(long, value_name = "NUMBER", value_parser = numbers::effect)]
    pub design_effect: Option<f64>,
    /// The part of requests that meet a service: an edge shows so much of what it does worse; again for more
    #[arg(long, value_name = "SERVICE=PERCENT", value_parser = numbers::named)]
    pub part: Vec<Named>,
}

/// A port of this machine, or a host with one.
fn admin(text: &str) -> Result<String, String> {
    match text.parse::<u16>() {
        Ok(port) if port > 0 => Ok(format!("127.0.0.1:{port}")),
        _ => fleet::address(text).map_err(|_| "a port or HOST:PORT is meant, without http://, such as 9901".to_owned()),
    }
}
