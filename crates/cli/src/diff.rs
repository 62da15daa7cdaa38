//! `weir diff`: what one policy does otherwise than another, and who moves by it.

use std::io::stderr;
use std::path::PathBuf;

use clap::Args;
use serde_json::{Value, json};

use crate::out;
use crate::page::Pictures;
use crate::problems::{self, Failure};
use crate::state_dir::StateDir;

mod allowed;
mod git;
mod json;
mod markdown;
mod page;
mod releases;
mod report;
mod rows;
mod side;
mod units;

use allowed::Allowed;
use report::Report;
use side::Texts;

/// Shows what one policy does otherwise than another, and who moves from what to what
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct Diff {
    /// The policy before: a file or a folder, REVISION:PATH of a git repository, or with --state a revision that weir history
    /// shows
    old: String,
    /// The policy after, likewise
    new: String,
    /// Units, one a line, or requests as JSON objects: where rules or targeting changed, each is decided by both policies
    #[arg(long, value_name = "FILE")]
    units: Option<PathBuf>,
    /// Documents of releases, a file, a folder or REVISION:PATH; each that is not over is in the policy as by its first push, by
    /// which nobody is dealt. Once for both policies, or twice: for OLD and for NEW. What they say otherwise is told, too
    #[arg(long, value_name = "PATH")]
    releases: Vec<String>,
    /// The folder that weir serve was given as --state: its revisions may be compared, and its releases in force are in both
    /// policies, in NEW with what their documents say otherwise, if the server would take it
    #[arg(long, value_name = "DIR")]
    state: Option<PathBuf>,
    /// An arm, or an experiment with all its arms, that units may leave without its shrink; give it again for more
    #[arg(long, value_name = "EXPERIMENT[/VARIANT]")]
    allow: Vec<String>,
    /// Print one JSON object instead of text
    #[arg(long, conflicts_with = "markdown")]
    json: bool,
    /// Print Markdown instead of text, for a pull request
    #[arg(long, conflicts_with = "pictures")]
    markdown: bool,
    #[command(flatten)]
    pictures: Pictures,
}

const EXAMPLES: &str = "Examples:
  weir diff old.yaml new.yaml
  weir diff main:policies policies/ --markdown
  weir diff origin/main:policies policies/ --releases origin/main:releases --releases releases/
  weir diff 70882e21214e policies/ --state /var/lib/weir
  weir diff old.yaml new.yaml --units units.txt --allow owl-v21/control -o diff.html

Exit codes: 0 nobody leaves an arm but by its shrink, or it is allowed, 1 somebody does, or a policy has problems, 2 wrong use";

impl Diff {
    /// Prints the differences. Whoever leaves an arm without its shrink is a failure.
    pub fn run(self) -> Result<(), Failure> {
        let state = self.state.as_deref().map(StateDir::existing).transpose()?;
        let journal = state.as_ref().map(StateDir::releases).transpose()?;
        let [of_old, of_new] = self.releases()?;
        let texts = [(&self.old, of_old), (&self.new, of_new)];
        let [of_old, of_new] = texts.map(|(spec, releases)| Texts::read(spec, releases, state.as_ref()));
        let (of_old, of_new) = match (of_old, of_new) {
            (Ok(of_old), Ok(of_new)) => (of_old, of_new),
            // What else is wrong is told with it.
            (of_old, of_new) => {
                let checked =
                    [of_old, of_new].map(|texts| texts.and_then(|texts| texts.check(journal.as_ref(), false)));
                return Err(self.failed(checked.into_iter().filter_map(Result::err).collect()));
            }
        };
        let taken = journal.as_ref().map(|journal| releases::taken(journal, &of_new.documents));
        let sides = |waiting| {
            [(&of_old, &journal), (&of_new, &taken)].map(|(texts, state)| texts.clone().check(state.as_ref(), waiting))
        };
        let mut both = sides(true);
        if both.iter().any(side::is_too_much) {
            // Without them on both sides: else those of one would seem to come or go.
            both = sides(false);
        }
        let [old, new] = both;
        let (old, new) = match (old, new) {
            (Ok(old), Ok(new)) => (old, new),
            (Err(old), Err(new)) => return Err(self.failed(vec![old, new])),
            (Err(failure), _) | (_, Err(failure)) => return Err(self.failed(vec![failure])),
        };
        let (before, after) = (&old.policy.model, &new.policy.model);
        let allowed = Allowed::read(&self.allow, before, after)?;
        let asked = self.units.as_deref().map(|file| units::read(file, before, after)).transpose()?;
        let diff = weir_diff::diff(before, after, asked.as_deref().unwrap_or_default());
        let releases = releases::told(&old.documents, &new.documents, journal.as_ref());
        let report = Report::new([&old, &new], diff, releases, &allowed, asked.is_some());
        let pictures = self.pictures.draw(|| page::page(&report))?;
        match (self.json, self.markdown) {
            (true, _) => println!("{}", json::object(&report)),
            (false, true) => print!("{}", markdown::text(&report)),
            (false, false) => print!("{}{pictures}", report.text()),
        }
        if report.is_good() { Ok(()) } else { Err(Failure::AlreadyPrinted) }
    }

    /// The failure of one side or of both, which is told once if it is the same.
    fn failed(&self, failures: Vec<Failure>) -> Failure {
        let problems = failures.iter().map(|failure| match failure {
            Failure::Problems { sources, problems } => Some(problems::json(sources, problems)),
            _ => None,
        });
        if let Some(problems) = problems.collect::<Option<Vec<_>>>().filter(|_| self.json) {
            let problems: Vec<&Value> = problems.iter().filter_map(Value::as_array).flatten().collect();
            println!("{}", json!({"good": false, "problems": problems}));
            return Failure::AlreadyPrinted;
        }
        let are_usage = failures.iter().all(|failure| matches!(failure, Failure::Usage(_)));
        let mut texts: Vec<String> = failures.iter().map(|failure| failure.text(out::has_colours(&stderr()))).collect();
        texts.dedup();
        match <[Failure; 1]>::try_from(failures) {
            Ok([failure]) => failure,
            Err(_) if are_usage => Failure::Usage(texts.concat().trim_start_matches("weir: ").trim_end().to_owned()),
            Err(_) => Failure::Message(texts.concat()),
        }
    }

    /// The documents of releases of either side.
    fn releases(&self) -> Result<[Option<&str>; 2], Failure> {
        match self.releases.as_slice() {
            [] => Ok([None, None]),
            [both] => Ok([Some(both), Some(both)]),
            [old, new] => Ok([Some(old), Some(new)]),
            more => Err(Failure::Usage(format!(
                "--releases: found {} times; once for both policies, or twice, for OLD and for NEW, would do",
                more.len()
            ))),
        }
    }
}
