//! Trouble of an arm: since when, with whom, and how bad.

use std::time::Duration;

use crate::crowd::User;
use crate::fault::Harm;

/// What is wrong with an arm from some time on.
#[derive(Clone, Debug, PartialEq)]
pub struct Trouble {
    /// The arm, `control` among them; none for every one, as where a database is down.
    pub arm: Option<String>,
    /// Since when.
    pub since: Since,
    /// The part of users that meet it, from 0 to 1, such as those of one browser.
    pub users: f64,
    /// The part of their requests that meet it, from 0 to 1, such as those that one gateway gets.
    pub requests: f64,
    /// How bad it is for these.
    pub harm: Harm,
}

/// When trouble begins. It does not end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Since {
    /// With the first step that has this share or more, in parts per million, as what fails under load.
    Share(u32),
    /// So long after the first step began.
    Time(Duration),
}

impl Trouble {
    /// Whether it is one of this user's kind.
    pub(super) fn meets(&self, user: &User) -> bool {
        user.kind() < self.users
    }
}
