//! `weir test`: whether requests come out as their documents expect.

use std::path::{Path, PathBuf};

use clap::Args;
use weir_policy::{Kind, Role, SourceId};

use crate::load;
use crate::problems::Failure;
use crate::requests::Requests;

mod junit;
mod report;
mod shaping;
mod trial;

use trial::Verdict;

/// Tests a policy: whether requests come out as their files expect
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct Test {
    /// Files of requests with what is expected of them, or folders of such files
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// A policy file (YAML or JSON), or a folder whose files are one policy together
    #[arg(long)]
    policy: PathBuf,
    /// An attachment file for requests that name none; without one they are at an edge that steers by tag
    #[arg(long)]
    attach: Option<PathBuf>,
    /// Takes the place of the role of that attachment
    #[arg(long)]
    role: Option<Role>,
    /// Write the results as JUnit XML too, which CI servers show
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
    /// Print one JSON object instead of text
    #[arg(long)]
    json: bool,
}

const EXAMPLES: &str = "Examples:
  weir test --policy policy.yaml requests.yaml
  weir test --policy policies/ --attach gateway.yaml tests/ --junit results.xml

Exit codes: 0 all comes out as expected, 1 something does not or a file has problems, 2 wrong use";

impl Test {
    /// Decides each request, compares what is expected, and prints what came of it.
    pub fn run(self) -> Result<(), Failure> {
        let files = files(&self.files)?;
        let requests = match Requests::read(&files, &self.policy, self.attach.as_deref(), self.role) {
            Ok(requests) => requests,
            Err(failure) => return Err(self.cannot_be_tested(failure)?),
        };
        if let Some(file) = requests.files.iter().find(|file| !file.expects_something()) {
            return Err(Failure::Usage(format!(
                "{}: expects nothing of any request, and a test that cannot fail is none; add expect to one, or see what is \
                 decided by weir explain --requests",
                file.path.display()
            )));
        }
        let trials = trial::all(&requests);
        if let Some(path) = &self.junit {
            junit::write(path, &junit::results(&trials))?;
        }
        let colours = crate::out::has_colours(&std::io::stdout());
        match self.json {
            true => println!("{}", report::json(&requests, &trials)),
            false => print!("{}", report::text(&requests, &trials, colours)),
        }
        match trials.iter().any(|trial| trial.verdict() == Verdict::Failed) {
            true => Err(Failure::AlreadyPrinted),
            false => Ok(()),
        }
    }

    /// What stands in the way is told to whoever is told results: a file that is left from another run would pass for them.
    fn cannot_be_tested(&self, failure: Failure) -> Result<Failure, Failure> {
        let Failure::Problems { sources, problems } = &failure else { return Ok(failure) };
        if let Some(path) = &self.junit {
            junit::write(path, &junit::problems(sources, problems))?;
        }
        if self.json {
            println!("{}", report::json_of_problems(sources, problems));
            return Ok(Failure::AlreadyPrinted);
        }
        Ok(failure)
    }
}

/// The files, and of folders those that are not clearly something else: attachments and policies may lie beside them.
fn files(paths: &[PathBuf]) -> Result<Vec<PathBuf>, Failure> {
    let mut files = Vec::new();
    for path in paths {
        let documents = load::documents(path, "file of requests")?;
        if !path.is_dir() {
            files.extend(documents);
            continue;
        }
        let before = files.len();
        for document in documents {
            if !is_something_else(&document)? {
                files.push(document);
            }
        }
        if files.len() == before {
            let path = path.display();
            return Err(Failure::Usage(format!(
                "{path}: no file of requests in this folder; each has the key requests"
            )));
        }
    }
    Ok(files)
}

fn is_something_else(path: &Path) -> Result<bool, Failure> {
    let (document, _) = load::source(path)?.parse(SourceId::FIRST);
    Ok(Kind::of(&document).is_some_and(|kind| kind != Kind::Requests))
}
