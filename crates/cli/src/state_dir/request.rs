//! What somebody asked for: written by a command, read and answered by the server of the folder.

use std::fs::{self, File};
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{State, unusable};
use crate::problems::Failure;

/// What somebody asked for: a revision to serve for as long as the files say another one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rollback {
    /// The revision to serve.
    pub to: String,
    /// The revision of the files that it takes the place of; the server notes it when it takes the request.
    pub over: Option<String>,
}

impl State {
    /// What somebody asked for last, if it is still wanted.
    pub fn rollback(&self) -> Result<Option<Rollback>, Failure> {
        self.read(ROLLBACK)
    }

    /// Where that is kept: whoever watches this file sees it come.
    pub fn rollback_file(&self) -> PathBuf {
        self.folder.join(ROLLBACK)
    }

    /// Asks the server of this folder for a revision.
    pub fn ask(&self, to: &str) -> Result<(), Failure> {
        let _alone = self.asking()?;
        self.write_rollback(&Rollback { to: to.to_owned(), over: None })
    }

    /// Notes what became of it, unless somebody has asked for something else meanwhile.
    pub fn replace_rollback(&self, before: &Rollback, now: Option<&Rollback>) -> Result<(), Failure> {
        if now == Some(before) {
            return Ok(());
        }
        let _alone = self.asking()?;
        if self.rollback()?.as_ref() != Some(before) {
            return Ok(());
        }
        match now {
            Some(now) => self.write_rollback(now),
            None => fs::remove_file(self.rollback_file()).map_err(|error| unusable(&self.folder, &error)),
        }
    }

    fn write_rollback(&self, rollback: &Rollback) -> Result<(), Failure> {
        self.write(ROLLBACK, json!(rollback).to_string().as_bytes())
    }

    /// Waits until nobody else changes what is asked for, until the file that is returned is dropped.
    pub(super) fn asking(&self) -> Result<File, Failure> {
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
