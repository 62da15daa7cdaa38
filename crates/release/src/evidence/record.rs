//! The record: a ledger as text, evidence and the readings that it came from together, so that what is read back goes on
//! exactly where it was written.

use std::fmt;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::ledger::Ledger;

/// The version of the format.
const VERSION: u64 = 1;

#[derive(Serialize)]
struct Record<'a, R> {
    evidence: u64,
    ledger: &'a Ledger,
    releases: &'a R,
}

#[derive(Deserialize)]
struct Head {
    evidence: u64,
}

#[derive(Deserialize)]
struct Body<R> {
    ledger: Ledger,
    /// Absent in the first versions.
    #[serde(default)]
    releases: R,
}

/// Why a record cannot be read.
#[derive(Debug)]
pub enum BadRecord {
    /// It is of another version of Weir.
    OtherVersion(u64),
    /// It is no record, or was changed by others.
    Broken(String),
}

/// Writes a ledger as JSON, and beside it what is kept of releases that were judged by it.
pub fn write(ledger: &Ledger, releases: &impl Serialize) -> Result<String, BadRecord> {
    let record = Record { evidence: VERSION, ledger, releases };
    serde_json::to_string(&record).map_err(|error| BadRecord::Broken(error.to_string()))
}

/// Reads what [`write()`] wrote.
pub fn read<R: DeserializeOwned + Default>(text: &str) -> Result<(Ledger, R), BadRecord> {
    let broken = |error: serde_json::Error| BadRecord::Broken(error.to_string());
    let Head { evidence: version } = serde_json::from_str(text).map_err(broken)?;
    if version != VERSION {
        return Err(BadRecord::OtherVersion(version));
    }
    let Body { ledger, releases } = serde_json::from_str(text).map_err(broken)?;
    Ok((ledger, releases))
}

impl fmt::Display for BadRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BadRecord::OtherVersion(version) => {
                write!(f, "a record of evidence of version {version}, and this weir knows version {VERSION}")
            }
            BadRecord::Broken(why) => write!(f, "not a record of evidence: {}", why.escape_debug()),
        }
    }
}

#[cfg(test)]
mod tests;
