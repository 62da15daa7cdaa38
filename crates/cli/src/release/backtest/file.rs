//! Polls of a file: each a line of JSON, in the order of time.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader, Read as _, stdin};
use std::path::Path;

use jiff::Timestamp;
use serde::Deserialize;
use weir_policy::evidence::Outcome;
use weir_release::evidence::{Counts, VariantCounts};
use weir_release::{Recorded, Release};

use super::arms;
use super::which::Steps;
use crate::problems::Failure;

/// Longer lines are none of polls: 16 arms with all outcomes of 16 parts are some 40 kB.
const LINE_BYTES_MAX: u64 = 1024 * 1024;
/// More requests than one part of one poll can have: readers of JSON tell whole numbers apart up to it.
const COUNT_MAX: u64 = 1 << 53;
/// What files that were packed begin with, and what unpacks them.
const PACKED: [(&[u8], &str); 2] = [(&[0x1f, 0x8b], "zcat"), (&[0x28, 0xb5, 0x2f, 0xfd], "zstdcat")];
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

const SHAPE: &str = r#"{"at": "2026-12-01T09:00:00Z", "counts": {"canary": {"all": [16 numbers], "error": [16 numbers]}, "control": {…}}}"#;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    at: Timestamp,
    /// Counted from 1, as people do.
    step: Option<usize>,
    counts: BTreeMap<String, VariantCounts>,
}

/// Reads a file, or standard input where it is called `-`, and hands on poll by poll: there may be more than memory has room for.
pub fn read(path: &Path, release: &Release, steps: &Steps, polls: impl FnMut(Recorded)) -> Result<(), Failure> {
    if path == Path::new("-") {
        return read_lines("standard input", stdin().lock(), release, steps, polls);
    }
    let name = path.display().to_string();
    let file = File::open(path).map_err(|error| Failure::Usage(format!("{name}: cannot be read: {error}")))?;
    read_lines(&name, BufReader::new(file), release, steps, polls)
}

fn read_lines(
    name: &str,
    mut lines: impl BufRead,
    release: &Release,
    steps: &Steps,
    mut polls: impl FnMut(Recorded),
) -> Result<(), Failure> {
    let mut before = None::<Timestamp>;
    let mut text = Vec::new();
    for number in 1.. {
        let wrong = |what: String| Failure::Message(format!("weir: {name}, line {number}: {what}\n"));
        text.clear();
        let read = lines.by_ref().take(LINE_BYTES_MAX + 1).read_until(b'\n', &mut text);
        if read.map_err(|error| Failure::Usage(format!("{name}: cannot be read: {error}")))? == 0 {
            return Ok(());
        }
        if let Some((_, tool)) = PACKED.iter().find(|(start, _)| number == 1 && text.starts_with(start)) {
            return Err(wrong(format!("this is packed; {tool} FILE | weir release backtest … --evidence - would do")));
        }
        if text.len() as u64 > LINE_BYTES_MAX {
            return Err(wrong(format!("more than {LINE_BYTES_MAX} bytes; a poll in each line would do")));
        }
        let line = text.strip_prefix(BYTE_ORDER_MARK).filter(|_| number == 1).unwrap_or(&text);
        if line.trim_ascii().is_empty() {
            continue;
        }
        let line: Line = serde_json::from_slice(line).map_err(|error| match text.ends_with(b"\n") {
            false if error.is_eof() => wrong("it is cut off; the file without its last line would do".to_owned()),
            _ => wrong(format!("{error}; {SHAPE} would do")),
        })?;
        if before.is_some_and(|before| line.at <= before) {
            let at = line.at;
            return Err(wrong(format!("{at} is not after the line before; lines in the order of time would do")));
        }
        before = Some(line.at);
        if let Some(poll) = poll(line, release, steps).map_err(wrong)? {
            polls(poll);
        }
    }
    Ok(())
}

fn poll(line: Line, release: &Release, steps: &Steps) -> Result<Option<Recorded>, String> {
    let all = release.steps.len();
    let step = match line.step {
        Some(step) if (1..=all).contains(&step) => Some(step - 1),
        Some(step) => return Err(format!("step {step}; {} has {all}, counted from 1", release.id)),
        None => steps.at(line.at),
    };
    if let Some(arm) = line.counts.keys().find(|arm| !arms::is_arm(release, arm)) {
        return Err(format!("{} has no arm {arm:?}, but {}", release.id, arms::named(release)));
    }
    for (arm, counts) in &line.counts {
        let most = Outcome::ALL.into_iter().flat_map(|outcome| counts.by_part(outcome)).max();
        if let Some(most) = most.filter(|most| *most > COUNT_MAX) {
            return Err(format!("{most} requests of {arm}; at most {COUNT_MAX} of a part would do"));
        }
    }
    Ok(step.map(|step| Recorded { at: line.at, step, counts: Counts::of_experiment(&release.id, line.counts) }))
}
