//! `weir render envoy`: the filter of a plain Envoy, for a file that it watches or for its bootstrap.

use std::fs;
use std::path::PathBuf;

use clap::Args;
use weir_istio::Plain;

use crate::load;
use crate::problems::Failure;

/// Writes the filter of a plain Envoy with its policy
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
    /// A file instead of standard output; renamed into place, as an Envoy that watches it needs it
    #[arg(short, long, value_name = "FILE")]
    out: Option<PathBuf>,
}

const EXAMPLES: &str = "Examples:
  weir render envoy --policy policy.yaml --attach attach.yaml -o ecds/filter.yaml
  weir render envoy --policy policies/ --attach attach.yaml --static

Exit codes: 0 rendered, 1 the policy or the attachment has problems, 2 wrong use";

impl Envoy {
    /// Renders.
    pub fn run(self) -> Result<(), Failure> {
        let (file, policy) = load::attached(Some(&self.attach), None, &self.policy)?;
        let module = load::module_file(&self.attach, &file)?;
        let plain = Plain {
            name: load::name(&self.attach, &file)?,
            attachment: &file.attachment,
            module: &module.to_string_lossy(),
            envelope: &policy.envelope(&file.attachment),
        };
        let text = if self.in_place { plain.entry() } else { plain.ecds() };
        let Some(out) = self.out else {
            print!("{text}");
            return Ok(());
        };
        // In the same folder, so that renaming is one step.
        let mut new = out.clone().into_os_string();
        new.push(".new");
        let written = fs::write(&new, text).and_then(|()| fs::rename(&new, &out));
        written.map_err(|error| Failure::Use(format!("{}: cannot be written: {error}", out.display())))
    }
}
