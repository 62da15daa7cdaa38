//! The request for a rollback: written by a command, read and answered by the server of the folder.

use std::fs::{self, File};
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{StateDir, unusable};
use crate::problems::Failure;

/// A request to serve an earlier revision for as long as the files say the same as when it was taken.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RollbackRequest {
    /// The revision to serve.
    pub to: String,
    /// The revision of the files that it takes the place of; the server notes it when it takes the request.
    pub over: Option<String>,
    /// Why the server does not serve it for now, in a line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<String>,
}

impl StateDir {
    /// The request that stands, if there is one.
    pub fn rollback(&self) -> Result<Option<RollbackRequest>, Failure> {
        self.read(ROLLBACK)
    }

    /// The file of the request: whoever watches it sees a request come.
    pub fn rollback_file(&self) -> PathBuf {
        self.folder.join(ROLLBACK)
    }

    /// Requests a revision of the server of this folder.
    pub fn request_rollback(&self, to: &str) -> Result<(), Failure> {
        let _alone = self.lock_requests()?;
        self.write_rollback(&RollbackRequest { to: to.to_owned(), ..RollbackRequest::default() })
    }

    /// Puts what became of a request in its place, unless there is another request by now.
    pub fn update_rollback(&self, before: &RollbackRequest, now: Option<&RollbackRequest>) -> Result<(), Failure> {
        if now == Some(before) {
            return Ok(());
        }
        let _alone = self.lock_requests()?;
        if self.rollback()?.as_ref() != Some(before) {
            return Ok(());
        }
        match now {
            Some(now) => self.write_rollback(now),
            None => fs::remove_file(self.rollback_file()).map_err(|error| unusable(&self.folder, &error)),
        }
    }

    fn write_rollback(&self, rollback: &RollbackRequest) -> Result<(), Failure> {
        self.write(ROLLBACK, json!(rollback).to_string().as_bytes())
    }

    /// The lock of the request: nobody else changes it until the file that is returned is dropped.
    pub(super) fn lock_requests(&self) -> Result<File, Failure> {
        let path = self.folder.join("asking");
        let alone = || {
            let file = File::create(&path)?;
            file.lock()?;
            Ok(file)
        };
        alone().map_err(|error| unusable(&path, &error))
    }
}

const ROLLBACK: &str = "rollback.json";
