//! Runs the reference and hands out its cases.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

/// How often it is said how far the comparison is.
const TOLD_EVERY: Duration = Duration::from_secs(10);
/// Differences that are shown in full.
const SHOWN: usize = 3;

/// What cases came to, how often.
#[derive(Debug, Default)]
pub struct Reached(BTreeMap<String, usize>);

impl Reached {
    /// A case came to this.
    pub fn add(&mut self, what: impl Into<String>) {
        *self.0.entry(what.into()).or_default() += 1;
    }
}

/// Compares as many cases of a kind as are asked for, with `usual` otherwise; from another one than the first on for who looks for a
/// case by its name, SEED:NUMBER:KIND. `compared` tells what is otherwise here; all of `must`
/// has to be reached: what is never seen agrees with everything.
pub fn compare(kind: &str, usual: usize, compared: impl Fn(&Value, &mut Reached) -> Result<(), String>, must: &[&str]) {
    let (cases, seed) = (number("WEIR_RELEASE_CASES", usual), number("WEIR_RELEASE_SEED", 1));
    let first = number("WEIR_RELEASE_FIRST", 0);
    let mut reference = Command::new("python3")
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/reference"))
        .args(["-m", "releases.cases", "--kind", kind])
        .args(["--count", &cases.to_string(), "--seed", &seed.to_string(), "--first", &first.to_string()])
        .stdout(Stdio::piped())
        .spawn()
        .expect("needs python3; run: apt-get install -y python3");
    let (mut reached, mut differences, mut seen, mut told) = (Reached::default(), Vec::new(), 0, Instant::now());
    for line in BufReader::new(reference.stdout.take().unwrap()).lines() {
        let case: Value = serde_json::from_str(&line.unwrap()).unwrap();
        if let Err(difference) = compared(&case, &mut reached) {
            differences.push(format!("{}: {difference}", case["case"].as_str().unwrap()));
        }
        seen += 1;
        if told.elapsed() > TOLD_EVERY {
            told = Instant::now();
            println!("{kind}: {seen} of {cases}, {} differ", differences.len());
        }
    }
    assert!(reference.wait().unwrap().success(), "the reference failed");
    // In one piece, for kinds are compared side by side.
    let counts: String = reached.0.iter().map(|(what, count)| format!("{count:8} {what}\n")).collect();
    println!("{kind}: {seen} cases of seed {seed}, {} differ; reached:\n{counts}", differences.len());
    let shown = differences.iter().take(SHOWN).map(String::as_str).collect::<Vec<_>>().join("\n");
    assert!(differences.is_empty(), "{} of {cases} {kind} cases differ, the first:\n{shown}", differences.len());
    assert_eq!(seen, cases);
    // Who asks for fewer looks for a case.
    let must = must.iter().filter(|_| cases >= usual);
    let missed: Vec<_> = must.filter(|what| !reached.0.contains_key(**what)).collect();
    assert!(missed.is_empty(), "{kind} cases that come to {missed:?} were never seen");
}

/// The first place in which two values are not the same.
pub fn difference(at: &str, here: &Value, there: &Value) -> Option<String> {
    match (here, there) {
        (Value::Object(here), Value::Object(there)) if here.keys().eq(there.keys()) => {
            here.iter().find_map(|(name, value)| difference(&format!("{at}.{name}"), value, &there[name]))
        }
        (Value::Array(here), Value::Array(there)) if here.len() == there.len() => {
            let each = here.iter().zip(there).enumerate();
            each.into_iter().find_map(|(place, (here, there))| difference(&format!("{at}[{place}]"), here, there))
        }
        _ if here == there => None,
        _ => Some(format!("{at}\n  here:      {here}\n  reference: {there}")),
    }
}

/// A number that somebody asks for.
fn number(name: &str, usual: usize) -> usize {
    std::env::var(name).map_or(usual, |text| text.parse().unwrap_or_else(|_| panic!("{name}: {text} is no number")))
}
