//! How a failure looks: problems with the line and a caret, or one line that says what would do.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::io::stderr;
use std::process::ExitCode;

use serde_json::{Value, json};
use weir_policy::{Problem, Source, SourceId, Sources};

/// Why a verb did not do what it was asked.
#[derive(Clone, Debug)]
pub enum Failure {
    /// A call that cannot be carried out as it stands; exit code 2.
    Usage(String),
    /// Documents with problems; exit code 1.
    Problems {
        /// What was read.
        sources: Sources,
        /// What is wrong, each pointing to one of them.
        problems: Vec<Problem>,
    },
    /// Any other fault of what was read, in words of its own; exit code 1.
    Message(String),
    /// What was waited for has not happened yet, and still may; exit code 3.
    NotYet(String),
    /// A failure that has been printed already; exit code 1.
    AlreadyPrinted,
}

impl Failure {
    /// Documents with these problems, each of which is told where it stands.
    pub fn problems(sources: &Sources, mut problems: Vec<Problem>) -> Failure {
        sources.locate(&mut problems);
        Failure::Problems { sources: sources.clone(), problems }
    }

    /// Both in one, but nothing twice.
    pub fn and(self, other: Failure) -> Failure {
        let [first, second] = [&self, &other].map(|failure| failure.text(false));
        match (self, other) {
            (one, _) if first == second => one,
            (Failure::Problems { sources, problems }, Failure::Problems { problems: others, .. })
                if others.iter().all(|problem| problems.contains(problem)) =>
            {
                Failure::Problems { sources, problems }
            }
            (Failure::Usage(one), Failure::Usage(other)) => Failure::Usage(format!("{one}\nweir: {other}")),
            _ => Failure::Message(first + &second),
        }
    }

    /// Says it on standard error, and the exit code for scripts.
    pub fn report(&self) -> ExitCode {
        eprint!("{}", self.text(crate::out::has_colours(&stderr())));
        match self {
            Failure::Usage(_) => ExitCode::from(2),
            Failure::NotYet(_) => ExitCode::from(3),
            Failure::Problems { .. } | Failure::Message(_) | Failure::AlreadyPrinted => ExitCode::from(1),
        }
    }

    /// The text of it, perhaps with colours.
    pub fn text(&self, colours: bool) -> String {
        match self {
            Failure::Usage(message) | Failure::NotYet(message) => format!("weir: {message}\n"),
            Failure::Message(text) => text.clone(),
            Failure::AlreadyPrinted => String::new(),
            Failure::Problems { sources, problems } => text(sources, problems, Weight::Problem, colours),
        }
    }
}

/// How much something matters that was found.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Weight {
    /// It keeps documents from being used.
    Problem,
    /// It does not, and is likely to be a mistake.
    Warning,
}

/// What was found, each with its line and a caret, and how many there are; perhaps with colours.
pub fn text(sources: &Sources, found: &[Problem], weight: Weight, colours: bool) -> String {
    let texts = Texts::of(sources);
    let mut text: String = found.iter().map(|one| texts.show(one, weight, colours)).collect();
    let word = if weight == Weight::Problem { "problem" } else { "warning" };
    let plural = if found.len() == 1 { "" } else { "s" };
    let _ = writeln!(text, "{} {word}{plural} found", found.len());
    text
}

/// Texts that problems point into, ready to be shown however many there are.
pub struct Texts<'a>(HashMap<SourceId, Text<'a>>);

impl<'a> Texts<'a> {
    /// These texts.
    pub fn of(sources: &'a Sources) -> Texts<'a> {
        Texts(sources.iter().map(|(id, source)| (id, Text::new(source))).collect())
    }

    /// What was found with its line and a caret.
    pub fn show(&self, problem: &Problem, weight: Weight, colours: bool) -> String {
        let mut text = String::new();
        write_problem(&mut text, self.0.get(&problem.source), problem, weight, colours);
        text
    }
}

/// A source and its lines, which are counted once however many problems point into them.
struct Text<'a> {
    name: &'a str,
    lines: Vec<&'a str>,
    /// Its columns are bytes and need no counting.
    is_ascii: bool,
}

impl<'a> Text<'a> {
    fn new(source: &'a Source) -> Text<'a> {
        Text { name: &source.name, lines: source.text.lines().collect(), is_ascii: source.text.is_ascii() }
    }
}

fn write_problem(text: &mut String, source: Option<&Text<'_>>, problem: &Problem, weight: Weight, colours: bool) {
    let (bold, plain) = if colours { ("\x1b[1m", "\x1b[0m") } else { ("", "") };
    let code = problem.code.name();
    let (colour, word) = match weight {
        Weight::Problem => ("\x1b[1;31m", ""),
        Weight::Warning => ("\x1b[1;33m", "warning "),
    };
    let colour = if colours { colour } else { "" };
    let _ = writeln!(text, "{colour}{word}{code}{plain}{bold}: {}{plain}", problem.message);
    let name = source.map_or("", |source| source.name);
    let Some(position) = problem.position else {
        let _ = writeln!(text, "  in {name}, at {}\n", problem.path);
        return;
    };
    let line = source.and_then(|source| source.lines.get(position.line as usize - 1)).copied().unwrap_or_default();
    let number = position.line.to_string();
    let margin = " ".repeat(number.len());
    let _ = writeln!(text, "{margin}--> {name}:{}:{}, at {}", position.line, position.column, problem.path);
    let is_ascii = source.is_some_and(|source| source.is_ascii);
    let (shown, indent) = shown(line, is_ascii, position.column as usize - 1);
    let _ = writeln!(text, "{margin} |\n{number} | {shown}\n{margin} | {indent}{colour}^{plain}\n");
}

/// Columns of a line that are shown: JSON from a tool may be one line of a megabyte.
const COLUMNS: usize = 200;

/// The part of a line around a column, and what to write below it before a caret.
fn shown(line: &str, is_ascii: bool, column: usize) -> (String, String) {
    let cut = if column < COLUMNS { 0 } else { column - COLUMNS / 2 };
    let rest = if is_ascii { line.get(cut..) } else { line.char_indices().nth(cut).map(|(at, _)| &line[at..]) };
    let mut shown: String = rest.unwrap_or_default().chars().take(COLUMNS).collect();
    // A tab stays a tab, so that the caret stands under its character whatever a tab's width.
    let mut indent: String = shown.chars().take(column - cut).map(|c| if c == '\t' { '\t' } else { ' ' }).collect();
    if cut > 0 {
        shown.insert(0, '…');
        indent.insert(0, ' ');
    }
    (shown, indent)
}

/// Problems for machines, in the shape that `docs/cli.md` documents.
pub fn json(sources: &Sources, problems: &[Problem]) -> Value {
    let one = |problem: &Problem| {
        json!({
            "code": problem.code.name(),
            "file": sources.get(problem.source).map(|source| &source.name),
            "path": problem.path.to_string(),
            "line": problem.position.map(|position| position.line),
            "column": problem.position.map(|position| position.column),
            "message": problem.message,
        })
    };
    problems.iter().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_said_twice() {
        let message = |text: &str| Failure::Message(format!("{text}\n"));
        assert_eq!(message("a").and(message("a")).text(false), "a\n");
        assert_eq!(message("a").and(Failure::Usage("b".into())).text(false), "a\nweir: b\n");
        let both = Failure::Usage("a".into()).and(Failure::Usage("b".into()));
        assert!(matches!(both, Failure::Usage(_)));
        assert_eq!(both.text(false), "weir: a\nweir: b\n");
        let problems = |keys: &[&str]| {
            let mut found = weir_policy::Problems::default();
            let root = weir_policy::At::Root { source: SourceId::FIRST };
            keys.iter().for_each(|key| found.add(weir_policy::codes::CONFLICT, &root.key(key), "no"));
            Failure::problems(&Sources::of([Source::yaml("a.yaml", "{a: 1, b: 2}")]), found.into_vec())
        };
        let both = problems(&["a", "b"]);
        assert_eq!(both.clone().and(problems(&["b"])).text(false), both.text(false));
        assert!(problems(&["a"]).and(problems(&["b"])).text(false).contains("at b"));
    }

    #[test]
    fn the_caret_stands_under_its_character() {
        let caret = |line: &str, column| {
            let (shown, indent) = super::shown(line, line.is_ascii(), column);
            shown.chars().nth(indent.chars().count())
        };
        let long = format!("{}!{}", "é".repeat(5_000), "x".repeat(5_000));
        for (line, column) in [("a!", 1), ("\t!", 1), (long.as_str(), 5_000)] {
            assert_eq!(caret(line, column), Some('!'), "{line}");
            assert!(super::shown(line, line.is_ascii(), column).0.chars().count() <= super::COLUMNS + 1);
        }
        let at_border = |column| caret(&format!("{}!", "x".repeat(column)), column);
        assert_eq!((at_border(199), at_border(200), at_border(201)), (Some('!'), Some('!'), Some('!')));
        assert_eq!(super::shown("", true, 0), (String::new(), String::new()));
    }
}
