//! `weir render istio`: manifests in the order of safe application.

use std::path::{Path, PathBuf};
use std::{fs, io};

use clap::Args;
use weir_render::WrittenPolicy;
use weir_render::istio::{self, Enveloped, File, Marks, PartOf, Rendered};

use crate::load;
use crate::problems::{self, Failure, Weight};

/// Writes the Istio manifests of a policy at its attachments
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct Istio {
    /// A policy file (YAML or JSON), or a folder whose files are one policy together
    #[arg(long)]
    policy: PathBuf,
    /// An attachment file with the key `istio`; give it again for gateways, sidecars and inbound of one mesh
    #[arg(long, required = true)]
    attach: Vec<PathBuf>,
    #[command(flatten)]
    with: load::WithReleases,
    /// A file with VirtualServices or DestinationRules of yours: routes for variants and subsets are added to yours, which
    /// stay as they are; give it again for more
    #[arg(long, value_name = "FILE")]
    into: Vec<PathBuf>,
    /// A folder for the files, numbered in the order of safe application; without it they go to standard output
    #[arg(short, long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// What all objects are called to be a part of, by the label app.kubernetes.io/part-of: kubectl apply --prune and
    /// get -l tell by it whose they are
    #[arg(long, value_name = "NAME", default_value = "weir")]
    part_of: PartOf,
    /// Annotate the objects for Argo CD, so that it applies them in the order of the files
    #[arg(long)]
    argo_waves: bool,
}

const EXAMPLES: &str = "Examples:
  weir render istio --policy policy.yaml --attach gateway.yaml | kubectl apply -f -
  weir render istio --policy policies/ --attach gateway.yaml --attach mesh.yaml -o manifests/
  weir render istio --policy policy.yaml --attach gateway.yaml --into virtualservice.yaml -o manifests/
  weir render istio --policy policy.yaml --attach mesh.yaml --releases releases/ --state /var/lib/weir -o manifests/

Exit codes: 0 rendered, 1 the policy or an attachment has problems, 2 wrong use";

impl Istio {
    /// Renders the manifests and writes them.
    pub fn run(self) -> Result<(), Failure> {
        let load::Attachments { mut sources, files, policy, documents } =
            load::attachments(&self.attach, &self.policy, &self.with)?;
        let into =
            self.into.iter().map(|path| Ok(sources.add(load::text(path)?))).collect::<Result<Vec<_>, Failure>>()?;
        let mut attachments = Vec::with_capacity(files.len());
        for (source, file) in &files {
            let (envelope, revision) = if file.asks_server() {
                (String::new(), policy.revision)
            } else {
                // Without a server nobody compares what the mesh has with the whole.
                let part = policy.part(&file.attachment);
                (part.envelope(&file.attachment.with_offer(file.wasm.as_ref(), &[])), part.revision)
            };
            attachments.push(Enveloped {
                source: *source,
                file,
                envelope,
                revision,
                moves: file.asks_server() && self.with.is_given(),
            });
        }
        let marks = Marks { part_of: self.part_of.clone(), argo_waves: self.argo_waves };
        let written = WrittenPolicy { model: &policy.model, documents: &documents };
        let rendered = istio::render(written, attachments, &sources, &into, &marks);
        let Rendered { files: rendered, mut warnings } =
            rendered.map_err(|problems| Failure::problems(&sources, problems))?;
        if !warnings.is_empty() {
            sources.locate(&mut warnings);
            eprint!("{}", problems::text(&sources, &warnings, Weight::Warning, crate::out::has_colours(&io::stderr())));
        }
        for file in rendered.iter().filter(|file| file.server_side) {
            eprintln!("{}: holds an object of over 256 KiB; use kubectl apply --server-side", file.name);
        }
        match &self.out {
            Some(folder) => {
                let by = match files.iter().any(|(_, file)| file.asks_server()) {
                    true if self.with.is_given() => istio::By::ServerWithReleases,
                    true => istio::By::Server,
                    false => istio::By::Manifests,
                };
                let order = istio::order(&rendered, policy.revision, by);
                write(folder, &rendered, order)
            }
            None => {
                print!("{}", istio::joined(&rendered));
                Ok(())
            }
        }
    }
}

/// Writes the files into a folder. Manifests of an earlier policy may not be there: they would be applied with the
/// others.
fn write(folder: &Path, files: &[File], order: String) -> Result<(), Failure> {
    let failed =
        |path: &Path, error: io::Error| Failure::Usage(format!("{}: cannot be written: {error}", path.display()));
    fs::create_dir_all(folder).map_err(|error| failed(folder, error))?;
    for entry in fs::read_dir(folder).map_err(|error| failed(folder, error))?.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.ends_with(".yaml") && !files.iter().any(|file| file.name == name) {
            return Err(Failure::Usage(format!(
                "{}: {name} is here and not rendered for this policy; kubectl delete what is in it if it is of no use, \
                 and remove it, or take another folder",
                folder.display()
            )));
        }
    }
    let order = (PathBuf::from("README.md"), order);
    let texts = files.iter().map(|file| (PathBuf::from(&file.name), file.text.clone()));
    for (name, text) in texts.chain([order]) {
        let path = folder.join(name);
        fs::write(&path, text).map_err(|error| failed(&path, error))?;
    }
    let count = files.len();
    eprintln!("{}: {count} files; README.md there says in which order to apply them", folder.display());
    Ok(())
}
