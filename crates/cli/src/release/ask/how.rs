//! How a request is made.

use std::path::PathBuf;

use clap::Args;

use crate::duration;

/// How a request is made.
#[derive(Args)]
pub struct How {
    /// The folder that weir serve was given as --state
    #[arg(long, value_name = "DIR")]
    pub state: PathBuf,
    /// How long to wait for the server's answer; 0s for not at all
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = duration::read)]
    pub wait: humantime::Duration,
    /// Print one JSON object instead of text
    #[arg(long)]
    pub json: bool,
}
