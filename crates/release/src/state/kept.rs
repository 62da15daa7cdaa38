//! Journals as texts: lines one after the other, and the line in which all before it are folded when a file is rotated.

use std::borrow::Cow;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Broken, State};
use crate::journal::Line;

/// The first line of a file that is not the first one. It has the number of the last line that is folded in it.
#[derive(Serialize, Deserialize)]
struct Kept<'a> {
    number: u64,
    at: Timestamp,
    event: Cow<'a, str>,
    state: Cow<'a, State>,
}

const KEPT: &str = "kept";

#[derive(Deserialize)]
struct Head {
    event: String,
}

impl State {
    /// Takes in the next line of a file, as it stands there. None of one that is only the fold of those before.
    ///
    /// # Errors
    /// Where it is no line, or does not follow from those before.
    pub fn read_line(&mut self, text: &str) -> Result<Option<Line>, Broken> {
        let unreadable = |error: serde_json::Error| Broken::Unreadable(error.to_string());
        let Head { event } = serde_json::from_str(text).map_err(unreadable)?;
        if event == KEPT {
            let Kept { number, state, .. } = serde_json::from_str(text).map_err(unreadable)?;
            if number != state.number || self.number != 0 && number != self.number {
                return Err(Broken::Number(number));
            }
            *self = state.into_owned();
            self.entries.values_mut().for_each(|entry| entry.keep_alphas());
            return Ok(None);
        }
        let line: Line = serde_json::from_str(text).map_err(unreadable)?;
        self.apply(&line)?;
        Ok(Some(line))
    }

    /// The line, without its end, in which all lines so far are folded: the first one of the next file.
    ///
    /// # Errors
    /// Where it cannot be written as JSON.
    pub fn kept(&self, at: Timestamp) -> Result<String, Broken> {
        let kept = Kept { number: self.number, at, event: KEPT.into(), state: Cow::Borrowed(self) };
        serde_json::to_string(&kept).map_err(|error| Broken::Unreadable(error.to_string()))
    }
}
