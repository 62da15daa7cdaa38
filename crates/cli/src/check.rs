//! `weir check`: every problem of a policy, of releases, of attachments and of Envoy resources at once, or what they come to.

use std::path::PathBuf;

use clap::Args;
use weir_policy::Role;

use crate::problems::Failure;

mod given;
mod judged;
mod modules;
mod prometheus;
pub mod releases;
mod report;

use crate::prometheus_options::PrometheusOptions;
use given::Given;
use judged::Judged;

/// Checks a policy, releases, attachments and Envoy resources, and reports every problem at once
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct Check {
    /// Files (YAML or JSON), and folders of such: of a policy, of releases, of attachments, of Envoy resources, told
    /// apart by what they say. All that are of a policy are one policy together, and the others must fit it
    #[arg(required = true)]
    paths: Vec<PathBuf>,
    /// The role that the policy is for: mesh and inbound need nothing that only deciding needs. If not said edge, or
    /// what the attachments say
    #[arg(long)]
    role: Option<Role>,
    /// The folder that weir serve has as --state: its journal knows the releases that are over, and what may not change of
    /// those in force
    #[arg(long, value_name = "DIR")]
    state: Option<PathBuf>,
    #[command(flatten)]
    prometheus: PrometheusOptions,
    /// Exit with 1 where there are only warnings, too
    #[arg(long)]
    deny_warnings: bool,
    /// Print one JSON object instead of text
    #[arg(long)]
    json: bool,
}

const EXAMPLES: &str = "Examples:
  weir check policy.yaml
  weir check policies/ --json
  weir check policies/ releases/ --state /var/lib/weir
  weir check policies/ releases/ --prometheus https://prometheus.example
  weir check policy.yaml attachments/ envoy/resources/ --deny-warnings

Exit codes: 0 good, 1 problems found, 2 wrong use";

impl Check {
    /// Checks all that is given and prints the result.
    pub fn run(self) -> Result<(), Failure> {
        let given = Given::read(&self.paths)?;
        let journal = self.state.as_deref().map(releases::journal).transpose()?;
        let mut judged = Judged::of(&given, self.role, journal.as_ref())?;
        let (problems, warnings) = prometheus::judge(&self.prometheus, &given.sources, &judged.releases)?;
        judged.problems.extend(problems);
        judged.problems.sort_by_key(|problem| (problem.source, problem.position));
        judged.warnings.extend(warnings);
        judged.warnings.extend(modules::missing(&given, &judged));
        judged.warnings.sort_by_key(|warning| (warning.source, warning.position));
        let is_good = judged.problems.is_empty() && (judged.warnings.is_empty() || !self.deny_warnings);
        if self.json {
            println!("{}", report::json(&given, &judged, is_good));
        } else {
            eprint!("{}", report::found(&given, &judged, crate::out::has_colours(&std::io::stderr())));
            if is_good {
                print!("{}", report::good(&given, &judged));
            }
        }
        if is_good { Ok(()) } else { Err(Failure::AlreadyPrinted) }
    }
}
