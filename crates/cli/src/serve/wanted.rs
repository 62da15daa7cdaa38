//! Which policy is to be served: that of the files, or one that was kept.

use super::inputs::{Contents, Inputs};
use crate::problems::Failure;
use crate::state::{Cause, State};

/// What is to be served now, and what is wrong with what the files say.
pub struct Wanted {
    /// `None`: what is served already, if anything.
    pub contents: Option<(Contents, Cause)>,
    /// Why the files, or what was asked for, are not served.
    pub complaint: Option<Failure>,
}

impl Wanted {
    /// What the files say; or what somebody rolled back to, for as long as the files do not say something new.
    pub fn now(inputs: &Inputs) -> Wanted {
        let files = inputs.read();
        let rolled_back = inputs.state.as_ref().and_then(|state| rolled_back(inputs, state, &files).transpose());
        match (rolled_back, files) {
            (None, Ok(contents)) => Wanted { contents: Some((contents, Cause::Files)), complaint: None },
            (None, Err(complaint)) => Wanted { contents: None, complaint: Some(complaint) },
            (Some(Ok(contents)), files) => {
                Wanted { contents: Some((contents, Cause::Rollback)), complaint: files.err() }
            }
            (Some(Err(complaint)), _) => Wanted { contents: None, complaint: Some(complaint) },
        }
    }

    /// The same for a start, when nothing is served yet: if nothing else, what was in force last.
    pub fn at_start(inputs: &Inputs) -> Wanted {
        let mut wanted = Wanted::now(inputs);
        if wanted.contents.is_none()
            && let Some(state) = &inputs.state
        {
            let last = state.history().ok().and_then(|mut history| history.pop());
            wanted.contents = last.and_then(|last| Some((inputs.read_kept(state, &last.revision).ok()?, last.cause)));
        }
        wanted
    }
}

/// What somebody rolled back to. Files that say a new revision end that.
fn rolled_back(inputs: &Inputs, state: &State, files: &Result<Contents, Failure>) -> Result<Option<Contents>, Failure> {
    let Some(rollback) = state.rollback()? else { return Ok(None) };
    let found = files.as_ref().ok().map(|contents| contents.policy.revision.to_string());
    if found.is_some() && found != rollback.over {
        state.forget_rollback()?;
        return Ok(None);
    }
    inputs.read_kept(state, &rollback.to).map(Some)
}
