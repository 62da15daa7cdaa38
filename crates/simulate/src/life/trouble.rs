//! Trouble of an arm: since when, with whom, and how bad.

use std::time::Duration;

use crate::crowd::User;
use crate::harm::Harm;

/// What is wrong with an arm from some time on.
#[derive(Clone, Debug, PartialEq)]
pub struct Trouble {
    /// The arm, `control` among them; none for every one, as where a database is down.
    pub arm: Option<String>,
    /// Since when.
    pub since: Since,
    /// When it ends, by how long after the first step began; none for never.
    pub until: Option<Duration>,
    /// The part of users that meet it, from 0 to 1, such as those of one browser.
    pub users: f64,
    /// The part of their requests that meet it, from 0 to 1, such as those that one gateway gets.
    pub requests: f64,
    /// How bad it is for these.
    pub harm: Harm,
}

/// When trouble begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Since {
    /// With the first step that has this share or more, in parts per million, as what fails under load.
    Share(u32),
    /// So long after the first step began.
    Time(Duration),
}

impl Trouble {
    /// An arm has it from its first request to its last.
    pub fn of(arm: &str, harm: Harm) -> Trouble {
        let since = Since::Share(0);
        Trouble { arm: Some(arm.to_owned()), since, until: None, users: 1.0, requests: 1.0, harm }
    }

    /// Whether it is there in a step with this share, in parts per million, so long after the first one began.
    pub(super) fn is_on(&self, share: u32, after: Duration) -> bool {
        let has_begun = match self.since {
            Since::Share(from) => share >= from,
            Since::Time(from) => after >= from,
        };
        has_begun && self.until.is_none_or(|until| after < until)
    }

    /// Whether it is one of this user's kind.
    pub(super) fn meets(&self, user: &User) -> bool {
        user.kind() < self.users
    }
}
