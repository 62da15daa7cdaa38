//! `weir explain`: the decision on one request, made by the code that decides in Envoy.

use std::path::PathBuf;

use clap::Args;
use weir_engine::Plan;
use weir_policy::Role;

use crate::load;
use crate::problems::Failure;
use crate::request::RequestOptions;
use crate::requests::Requests;

pub mod json;
pub mod places;
pub mod steps;
mod table;
pub mod text;

use places::PolicyPlaces;

/// Shows what a policy decides for a request, and why
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct Explain {
    /// A policy file (YAML or JSON), or a folder whose files are one policy together
    #[arg(long)]
    policy: PathBuf,
    /// An attachment file; without one the filter is an edge that steers by tag
    #[arg(long)]
    attach: Option<PathBuf>,
    /// Takes the place of the attachment's role
    #[arg(long)]
    role: Option<Role>,
    #[command(flatten)]
    with: load::WithReleases,
    #[command(flatten)]
    request: RequestOptions,
    /// A file of requests to show in a table instead of one request; give it again for more. What they expect is not looked at
    #[arg(long, value_name = "FILE", conflicts_with_all = ["RequestOptions", "WithReleases"])]
    requests: Vec<PathBuf>,
    /// Print one JSON object instead of text
    #[arg(long)]
    json: bool,
}

const EXAMPLES: &str = "Examples:
  weir explain --policy policy.yaml --header 'x-user-id: user-1'
  weir explain --policy policy.yaml --role mesh --header 'x-env-tag: owl-v21s3s11'
  weir explain --policy policies/ --attach gateway.yaml --path '/checkout?step=2' --header 'cookie: user_id=7' --json
  weir explain --policy policy.yaml --requests requests.yaml
  weir explain --policy policy.yaml --releases releases/ --state /var/lib/weir --header 'x-user-id: user-1'

Exit codes: 0 decided, 1 the policy, an attachment or a file of requests has problems, 2 wrong use";

impl Explain {
    /// Decides the request, or those of files, and prints what came out.
    pub fn run(self) -> Result<(), Failure> {
        let json = self.json;
        self.decided().map(|text| print!("{text}")).map_err(|failure| match failure {
            Failure::Problems { sources, problems } if json => {
                println!("{}", json::problems(&sources, &problems));
                Failure::AlreadyPrinted
            }
            failure => failure,
        })
    }

    fn decided(self) -> Result<String, Failure> {
        if !self.requests.is_empty() {
            let requests = Requests::read(&self.requests, &self.policy, self.attach.as_deref(), self.role)?;
            return Ok(if self.json { table::json_lines(&requests) } else { table::text(&requests) });
        }
        let request = self.request.request()?;
        let load::Attached { sources, file, documents, policy } =
            load::attached(self.attach.as_deref(), self.role, &self.policy, &self.with)?;
        let plan = Plan::compile(&policy.model, &file.attachment, Some(policy.revision));
        if let Some(message) = request.problem_with(&plan) {
            return Err(Failure::Usage(format!("--joined: {message}")));
        }
        let exchange = request.decide(&plan);
        let why = exchange.why(&policy.model, request.pairs());
        let places = PolicyPlaces::of(&sources, &documents);
        Ok(match self.json {
            true => format!("{}\n", json::object(&exchange, &why, &places)),
            false => text::decision(&exchange, &why, &places),
        })
    }
}
