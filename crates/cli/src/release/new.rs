//! `weir release new`: the document of a release from a template, for a pipeline that begins with a tag.

use std::fs;
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;
use weir_policy::{Format, Source, Sources};
use weir_release::{read_alone, template};

use crate::load;
use crate::problems::Failure;

/// Writes the document of a release by a template, and checks it
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct New {
    /// A document of a release (YAML or JSON) with ${NAME} in the places of values
    template: PathBuf,
    /// A value for a place; again for more
    #[arg(long, value_name = "NAME=VALUE", value_parser = set)]
    set: Vec<(String, String)>,
    /// The folder for the document, which is called after its release; without it it goes to standard output
    #[arg(short, long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Print one JSON object with the id and the file instead of text
    #[arg(long)]
    json: bool,
}

const EXAMPLES: &str = "Examples:
  weir release new release.yaml --set tag=owl-v21s3s11
  weir release new release.yaml --set tag=owl-v21s3s11 --set share=5% -o /etc/weir/releases

The document is checked by itself, as far as that goes without a policy; weir check looks at all of it. A file that is there is
never written over: an id is for one release.

Exit codes: 0 written, 1 the template, a value or the document has problems, or its file is there, 2 wrong use";

impl New {
    /// Fills the template and writes the document.
    pub fn run(self) -> Result<(), Failure> {
        let template = load::source(&self.template)?;
        let mut sources = Sources::default();
        let source = sources.add(template.clone());
        let text = template::fill(&template.text, source, &self.set)
            .map_err(|problems| Failure::problems(&sources, problems))?;
        // What is wrong is shown where it stands in the filled text, which nobody has yet.
        let make = if template.format == Format::Json { Source::json } else { Source::yaml };
        let filled = make(&format!("{}, filled", template.name), &text);
        let release =
            read_alone(filled.clone()).map_err(|problems| Failure::problems(&Sources::of([filled]), problems))?;
        let Some(folder) = &self.out else {
            match self.json {
                true => println!("{}", json!({"id": release.id, "file": null, "document": text})),
                false => print!("{text}"),
            }
            return Ok(());
        };
        let kind = self.template.extension().and_then(|kind| kind.to_str()).unwrap_or("yaml");
        let path = folder.join(format!("{}.{kind}", release.id));
        write(folder, &path, &text)?;
        match self.json {
            true => println!("{}", json!({"id": release.id, "file": path.display().to_string()})),
            false => println!("{}: the document of {}", path.display(), release.id),
        }
        Ok(())
    }
}

/// A name and its value.
fn set(text: &str) -> Result<(String, String), String> {
    let parts = text.split_once('=').filter(|(name, _)| !name.is_empty());
    let parts = parts.map(|(name, value)| (name.to_owned(), value.to_owned()));
    parts.ok_or_else(|| "NAME=VALUE is meant, such as tag=owl-v21s3s11".to_owned())
}

/// Writes a file that is not there yet, as a whole: a server may look at the folder at any time.
fn write(folder: &Path, path: &Path, text: &str) -> Result<(), Failure> {
    let failed = |error: std::io::Error| Failure::Usage(format!("{}: cannot be written: {error}", path.display()));
    fs::create_dir_all(folder).map_err(failed)?;
    let mut file = tempfile::Builder::new().prefix(".weir-").tempfile_in(folder).map_err(failed)?;
    file.write_all(text.as_bytes()).and_then(|()| file.as_file().sync_all()).map_err(failed)?;
    match file.persist_noclobber(path) {
        Ok(_) => Ok(()),
        Err(error) if error.error.kind() == ErrorKind::AlreadyExists => Err(Failure::Message(format!(
            "weir: {}: is there already and stays as it is; an id is for one release: take another one\n",
            path.display()
        ))),
        Err(error) => Err(failed(error.error)),
    }
}
