//! How a failure looks: problems with the line and a caret, or one line that says what would do.

use std::fmt::Write as _;
use std::io::IsTerminal;
use std::process::ExitCode;

use serde_json::{Value, json};
use weir_engine::{Problem, Source};

/// Why a verb did not do what it was asked.
#[derive(Debug)]
pub enum Failure {
    /// The call cannot be carried out as it stands; exit code 2.
    Use(String),
    /// The documents have problems; exit code 1.
    Problems {
        /// What was read.
        sources: Vec<Source>,
        /// What is wrong, each pointing to a source by index.
        problems: Vec<Problem>,
    },
    /// Something else is wrong with what was read, in words of its own; exit code 1.
    Said(String),
    /// Everything has been said already; exit code 1.
    Reported,
}

impl Failure {
    /// Says it on standard error, and the exit code for scripts.
    pub fn report(&self) -> ExitCode {
        eprint!("{}", self.text(std::io::stderr().is_terminal()));
        match self {
            Failure::Use(_) => ExitCode::from(2),
            Failure::Problems { .. } | Failure::Said(_) | Failure::Reported => ExitCode::from(1),
        }
    }

    /// The text of it, perhaps with colours.
    pub fn text(&self, colours: bool) -> String {
        match self {
            Failure::Use(message) => format!("weir: {message}\n"),
            Failure::Said(text) => text.clone(),
            Failure::Reported => String::new(),
            Failure::Problems { sources, problems } => {
                let mut text = String::new();
                for problem in problems {
                    write_problem(&mut text, sources.get(problem.document), problem, colours);
                }
                let plural = if problems.len() == 1 { "problem" } else { "problems" };
                let _ = writeln!(text, "{} {plural} found", problems.len());
                text
            }
        }
    }
}

fn write_problem(text: &mut String, source: Option<&Source>, problem: &Problem, colours: bool) {
    let (bold, red, plain) = if colours { ("\x1b[1m", "\x1b[1;31m", "\x1b[0m") } else { ("", "", "") };
    let code = problem.code.name();
    let _ = writeln!(text, "{red}{code}{plain}{bold}: {}{plain}", problem.message);
    let name = source.map_or("", |source| source.name.as_str());
    let Some(position) = problem.position else {
        let _ = writeln!(text, "  in {name}, at {}\n", problem.path);
        return;
    };
    let line = source.and_then(|source| source.text.lines().nth(position.line as usize - 1)).unwrap_or_default();
    let number = position.line.to_string();
    let margin = " ".repeat(number.len());
    let _ = writeln!(text, "{margin}--> {name}:{}:{}, at {}", position.line, position.column, problem.path);
    // A tab stays a tab, so that the caret stands under its character whatever a tab's width.
    let before = line.chars().take(position.column as usize - 1);
    let indent: String = before.map(|c| if c == '\t' { '\t' } else { ' ' }).collect();
    let shown: String = line.chars().take(200).collect();
    let _ = writeln!(text, "{margin} |\n{number} | {shown}\n{margin} | {indent}{red}^{plain}\n");
}

/// Problems for machines, in the shape that `docs/cli.md` documents.
pub fn json(sources: &[Source], problems: &[Problem]) -> Value {
    let one = |problem: &Problem| {
        json!({
            "code": problem.code.name(),
            "file": sources.get(problem.document).map(|source| &source.name),
            "path": problem.path.to_string(),
            "line": problem.position.map(|position| position.line),
            "column": problem.position.map(|position| position.column),
            "message": problem.message,
        })
    };
    problems.iter().map(one).collect()
}
