//! Simulated users as options say them.

use std::time::Duration;

use clap::Args;
use clap::builder::RangedU64ValueParser;
use serde_json::{Value, json};
use weir_simulate::{Population, Usual};

use crate::numbers::{part, rate};
use crate::release::words::{count, percent};

/// Users, and what they ask.
#[derive(Args, Clone)]
pub struct Crowd {
    /// Users who make requests while a release goes
    #[arg(long, default_value_t = 20_000, value_parser = RangedU64ValueParser::<usize>::new().range(1..=1_000_000))]
    users: usize,
    /// All users alike, so that requests are independent. Without it a tenth of them makes half of all requests, and a tenth meets nine
    /// of ten errors
    #[arg(long)]
    alike: bool,
    /// Requests that all of them make, in a second, a minute or an hour
    #[arg(long, default_value = "2000/m", value_name = "RATE", value_parser = rate)]
    rate: f64,
    /// The part of requests that are errors where nothing is wrong
    #[arg(long, default_value = "0.5%", value_name = "PART", value_parser = part)]
    errors: f64,
    /// The part that gets no response
    #[arg(long, default_value = "0.1%", value_name = "PART", value_parser = part)]
    unanswered: f64,
    /// The part that takes longer than 500 ms
    #[arg(long, default_value = "0.55%", value_name = "PART", value_parser = part)]
    slow: f64,
}

impl Crowd {
    /// Those of them that a release gets which may have this part.
    pub fn population(&self, part: f64) -> Population {
        let users = ((self.users as f64 * part).ceil() as usize).max(1);
        let usual = Usual { errors: self.errors, unanswered: self.unanswered, slow: self.slow };
        Population::of(users, self.alike, usual)
    }

    /// Requests of all in so long a time.
    pub fn requests_in(&self, time: Duration) -> f64 {
        self.rate * time.as_secs_f64()
    }

    /// In words.
    pub fn text(&self) -> String {
        let kind = if self.alike { "users, all alike" } else { "users, few of whom ask much" };
        let requests = count((self.rate * 60.0).round() as u64);
        let (errors, unanswered, slow) = (percent(self.errors), percent(self.unanswered), percent(self.slow));
        format!(
            "{} {kind}; {requests} requests a minute, of which {errors} fail, {unanswered} get no response, {slow} take over 500 ms",
            count(self.users as u64)
        )
    }

    /// For machines: rates are parts of 1, and requests a second.
    pub fn json(&self) -> Value {
        json!({
            "users": self.users,
            "alike": self.alike,
            "requests_per_second": self.rate,
            "errors": self.errors,
            "unanswered": self.unanswered,
            "slow": self.slow,
        })
    }
}
