//! `weir render envoy`: the filter, its envelope and the routes of a plain Envoy, for files that it watches or for its bootstrap.

use std::fs;
use std::path::PathBuf;
use std::slice;

use clap::Args;
use weir_policy::{At, AttachmentFile, Module, Problem, Problems, SourceId, codes};
use weir_render::{FilterSpec, envoy};

use crate::load;
use crate::problems::Failure;

/// Writes the filter of a plain Envoy with its policy, the routes for its variants, or the envelope alone
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct Envoy {
    /// A policy file (YAML or JSON), or a folder whose files are one policy together
    #[arg(long)]
    policy: PathBuf,
    /// The attachment file: name, role, steering and where the module lies
    #[arg(long)]
    attach: PathBuf,
    /// An entry for `http_filters` of a bootstrap instead of a file for ECDS
    #[arg(long = "static")]
    in_place: bool,
    /// A file for RDS instead: the routes of all services of the policy. The attachment's key `envoy` says more of them
    #[arg(long, conflicts_with = "in_place")]
    routes: bool,
    /// The envelope alone instead: one line of JSON for `configuration` of the filter in a bootstrap or a file of your own, where
    /// the files of envoy/ have ${CONFIGURATION}
    #[arg(long, conflicts_with_all = ["in_place", "routes"])]
    envelope: bool,
    /// A file instead of standard output; renamed into place, as an Envoy that watches it needs it
    #[arg(short, long, value_name = "FILE")]
    out: Option<PathBuf>,
}

const EXAMPLES: &str = "Examples:
  weir render envoy --policy policy.yaml --attach attach.yaml -o ecds/filter.yaml
  weir render envoy --policy policies/ --attach attach.yaml --static
  weir render envoy --policy policy.yaml --attach attach.yaml --routes -o resources/routes.yaml
  CONFIGURATION=$(weir render envoy --policy policy.yaml --attach attach.yaml --envelope) envsubst '$CONFIGURATION' < my.yaml

Exit codes: 0 rendered, 1 the policy or the attachment has problems, 2 wrong use";

impl Envoy {
    /// Renders what was asked for and writes it.
    pub fn run(self) -> Result<(), Failure> {
        let text = if self.routes {
            self.routes()?
        } else if self.envelope {
            self.each(|_, envelope| Ok(envoy::configuration(envelope)))?
        } else {
            self.filter()?
        };
        let Some(out) = self.out else {
            print!("{text}");
            return Ok(());
        };
        // In the same folder, so that renaming is one step.
        let mut new = out.clone().into_os_string();
        new.push(".new");
        let written = fs::write(&new, text).and_then(|()| fs::rename(&new, &out));
        written.map_err(|error| Failure::Usage(format!("{}: cannot be written: {error}", out.display())))
    }

    fn routes(&self) -> Result<String, Failure> {
        let load::Attachments { sources, files, policy, .. } =
            load::attachments(slice::from_ref(&self.attach), &self.policy, &load::WithReleases::default())?;
        let rendered = files.iter().map(|(source, file)| envoy::routes(&policy.model, file, *source));
        rendered.collect::<Result<String, _>>().map_err(|problems| Failure::problems(&sources, problems))
    }

    fn filter(&self) -> Result<String, Failure> {
        self.each(|file, envelope| {
            let module = load::module_file(&self.attach, file)?;
            let module = Module::File(module.to_string_lossy().into_owned());
            let filter = FilterSpec::new(load::name(&self.attach, file)?, &file.attachment, &module, envelope);
            Ok(if self.in_place { envoy::http_filters_entry(&filter) } else { envoy::ecds(&filter) })
        })
    }

    /// What is made of the attachment and its envelope.
    fn each(&self, make: impl Fn(&AttachmentFile, &str) -> Result<String, Failure>) -> Result<String, Failure> {
        let load::Attachments { sources, files, policy, .. } =
            load::attachments(slice::from_ref(&self.attach), &self.policy, &load::WithReleases::default())?;
        let render = |(source, file): &(SourceId, AttachmentFile)| {
            check_origin(file, *source).map_err(|problems| Failure::problems(&sources, problems))?;
            envoy::check_targets(&policy.model, file, *source)
                .map_err(|problems| Failure::problems(&sources, problems))?;
            let attachment = file.attachment.with_offer(file.wasm.as_ref(), &[]);
            make(file, &policy.part(&attachment).envelope(&attachment))
        };
        files.iter().map(render).collect()
    }
}

/// Whether the policy is to come with what is rendered: a filter that asks a server for it is not to have another one in it.
fn check_origin(file: &AttachmentFile, source: SourceId) -> Result<(), Vec<Problem>> {
    let mut problems = Problems::default();
    if file.asks_server() {
        let root = At::Root { source };
        let message = "found server, and this would write the policy into the filter; leave the key out, or let weir serve send it";
        problems.add(codes::CONFLICT, &root.key("policy").key("from"), message);
    }
    if problems.is_empty() { Ok(()) } else { Err(problems.into_vec()) }
}
