//! Polls of a file: each a line of JSON, in the order of time.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;

use jiff::Timestamp;
use serde::Deserialize;
use weir_release::evidence::{Counts, VariantCounts};
use weir_release::{CONTROL, Recorded, Release};

use super::which::Steps;
use crate::problems::Failure;

/// Longer lines are none of polls: 16 arms with all outcomes of 16 parts are some 40 kB.
const LINE_BYTES_MAX: u64 = 1024 * 1024;
/// A week of polls, one each ten seconds, is 60,480.
const POLLS_MAX: usize = 1_000_000;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    at: Timestamp,
    /// Counted from 1, as people do.
    step: Option<usize>,
    counts: BTreeMap<String, VariantCounts>,
}

/// Reads a file.
pub fn read(path: &Path, release: &Release, steps: &Steps) -> Result<Vec<Recorded>, Failure> {
    let unreadable = |error: &std::io::Error| Failure::Usage(format!("{}: cannot be read: {error}", path.display()));
    let mut lines = BufReader::new(File::open(path).map_err(|error| unreadable(&error))?);
    let mut polls: Vec<Recorded> = Vec::new();
    for number in 1.. {
        let wrong = |what: String| Failure::Message(format!("weir: {}, line {number}: {what}\n", path.display()));
        let mut text = Vec::new();
        let read = lines.by_ref().take(LINE_BYTES_MAX + 1).read_until(b'\n', &mut text);
        if read.map_err(|error| unreadable(&error))? == 0 {
            return Ok(polls);
        }
        if text.len() as u64 > LINE_BYTES_MAX {
            return Err(wrong(format!("more than {LINE_BYTES_MAX} bytes")));
        }
        if text.trim_ascii().is_empty() {
            continue;
        }
        if polls.len() >= POLLS_MAX {
            return Err(wrong(format!("more than {POLLS_MAX} polls")));
        }
        let line: Line = serde_json::from_slice(&text).map_err(|error| wrong(format!("{error}; {SHAPE} would do")))?;
        if polls.last().is_some_and(|before| line.at <= before.at) {
            return Err(wrong(format!("{} is not after the line before; polls are in the order of time", line.at)));
        }
        polls.push(poll(line, release, steps).map_err(wrong)?);
    }
    Ok(polls)
}

const SHAPE: &str = r#"{"at": "2026-12-01T09:00:00Z", "counts": {"canary": {"all": [16 numbers], "error": [16 numbers]}, "control": {…}}}"#;

fn poll(line: Line, release: &Release, steps: &Steps) -> Result<Recorded, String> {
    let all = release.steps.len();
    let step = match line.step {
        Some(step) if (1..=all).contains(&step) => step - 1,
        Some(step) => return Err(format!("step {step}; {} has {all}, counted from 1", release.id)),
        None => steps.at(line.at),
    };
    let is_arm = |arm: &str| arm == CONTROL || release.arms.iter().any(|known| known.id == arm);
    if let Some(arm) = line.counts.keys().find(|arm| !is_arm(arm)) {
        let arms: Vec<&str> = release.arms.iter().map(|arm| arm.id.as_str()).chain([CONTROL]).collect();
        return Err(format!("{} has no arm {arm:?}, but {}", release.id, arms.join(", ")));
    }
    Ok(Recorded { at: line.at, step, counts: Counts::of_experiment(&release.id, line.counts) })
}
