//! What Weir promises of releases, tried on simulated traffic; writes docs/calibration.md. `scripts/calibrate` runs it.

mod page;
mod power;
mod promises;
mod rules;
mod settings;
mod text;
mod trial;

use std::path::PathBuf;
use std::process::ExitCode;

use settings::Runs;

const USAGE: &str = "\
Tries on simulated traffic what Weir promises of releases, and writes docs/calibration.md.

Usage: calibrate [--quick] [--to FILE]

      --quick    a hundredth of it, in half a minute; the page goes to target/calibration.md
      --to FILE  writes the page there
  -h, --help     prints this

Exit code: 0 all promises hold, 1 one does not, 2 wrong use

Examples:
  scripts/calibrate
  scripts/calibrate --quick";

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let (mut runs, mut to) = (Runs::LONG, None);
    while let Some(argument) = arguments.next() {
        match (argument.as_str(), to.is_none()) {
            ("-h" | "--help", _) => {
                println!("{USAGE}");
                return ExitCode::SUCCESS;
            }
            ("--quick", _) => runs = Runs::QUICK,
            ("--to", true) => match arguments.next() {
                Some(file) => to = Some(PathBuf::from(file)),
                None => return wrong_use("--to: which file?"),
            },
            _ => return wrong_use(&format!("{argument:?} is not known here, or given twice")),
        }
    }
    let to = to.unwrap_or_else(|| {
        PathBuf::from(if runs.is_quick() { "target/calibration.md" } else { "docs/calibration.md" })
    });
    let (page, holds) = text::page(&runs);
    if let Err(error) = std::fs::write(&to, page) {
        eprintln!("calibrate: {}: {error}", to.display());
        return ExitCode::from(2);
    }
    eprintln!("calibrate: wrote {}", to.display());
    if holds { ExitCode::SUCCESS } else { ExitCode::from(1) }
}

fn wrong_use(problem: &str) -> ExitCode {
    eprintln!("calibrate: {problem}\n\n{USAGE}");
    ExitCode::from(2)
}
