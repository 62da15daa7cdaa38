//! `weir check`: every problem of a policy at once, or its revision if it has none.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;
use weir_policy::{Checked, Role};

use crate::load;
use crate::problems::{self, Failure};

/// Checks a policy and reports every problem at once
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct Check {
    /// A policy file (YAML or JSON), or a folder whose files are one policy together
    path: PathBuf,
    /// The role it is for: mesh and inbound need nothing that only deciding needs
    #[arg(long, default_value = "edge")]
    role: Role,
    /// Print one JSON object instead of text
    #[arg(long)]
    json: bool,
}

const EXAMPLES: &str = "Examples:
  weir check policy.yaml
  weir check policies/ --json

Exit codes: 0 good, 1 problems found, 2 wrong use";

impl Check {
    /// Checks the policy and prints the result.
    pub fn run(self) -> Result<(), Failure> {
        let checked = load::policy(&self.path, self.role);
        if self.json {
            return self.print_json(checked);
        }
        let policy = checked?;
        let experiments: usize = policy.model.layers.iter().map(|layer| layer.experiments.len()).sum();
        let layers = policy.model.layers.len();
        let plural = |count: usize| if count == 1 { "" } else { "s" };
        let (l, e) = (plural(layers), plural(experiments));
        println!("good: revision {}, {layers} layer{l}, {experiments} experiment{e}", policy.revision);
        Ok(())
    }

    fn print_json(&self, checked: Result<Checked, Failure>) -> Result<(), Failure> {
        match checked {
            Ok(policy) => {
                println!("{}", json!({ "good": true, "revision": policy.revision.to_string(), "problems": [] }));
                Ok(())
            }
            Err(Failure::Problems { sources, problems }) => {
                println!(
                    "{}",
                    json!({ "good": false, "revision": null, "problems": problems::json(&sources, &problems) })
                );
                Err(Failure::AlreadyPrinted)
            }
            Err(failure) => Err(failure),
        }
    }
}
