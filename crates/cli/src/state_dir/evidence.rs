//! The record of evidence: what was counted, with the readings that it came from.

use std::fs;
use std::io::ErrorKind;

use weir_release::evidence::{Ledger, record};
use weir_release::state::Memory;

use super::{StateDir, unusable};
use crate::problems::Failure;

impl StateDir {
    /// The ledger as it was recorded last, with what was kept of releases then.
    pub fn evidence(&self) -> Result<Option<(Ledger, Memory)>, Failure> {
        let path = self.folder.join(EVIDENCE);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(unusable(&path, &error)),
        };
        let bad = |why| Failure::Usage(format!("{}: {why}; move it away to begin anew", path.display()));
        record::read(&text).map(Some).map_err(bad)
    }

    /// Records a ledger, and what is kept of releases beside their journal: both go on from one moment.
    pub fn save_evidence(&self, ledger: &Ledger, releases: &Memory) -> Result<(), Failure> {
        let record = record::write(ledger, releases).map_err(|error| Failure::Usage(format!("{EVIDENCE}: {error}")))?;
        self.write(EVIDENCE, record.as_bytes())
    }
}

const EVIDENCE: &str = "evidence.json";
