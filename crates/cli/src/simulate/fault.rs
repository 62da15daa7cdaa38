//! Faults as they are written on the command line.

use weir_policy::parts_per_million;
use weir_simulate::{Harm, Since, Trouble};

use crate::duration;
use crate::numbers::part;

const SHAPE: &str = "ARM:WHAT[@SINCE][,browser=PART][,gateway=PART], such as canary:errors=2%@50%";
const WHATS: &str = "errors, slow, hang or silent";

/// Reads a fault.
pub fn read(text: &str) -> Result<Trouble, String> {
    let (arm, rest) = text.split_once(':').ok_or_else(|| format!("found no colon; {SHAPE} would do"))?;
    let mut rest = rest.split(',');
    let first = rest.next().unwrap_or_default();
    let (what, since) = match first.split_once('@') {
        Some((what, since)) => (what, read_since(since)?),
        None => (first, Since::Share(0)),
    };
    let arm = (arm != "all").then(|| arm.to_owned());
    let mut trouble = Trouble { arm, since, until: None, users: 1.0, requests: 1.0, harm: harm(what)? };
    for one in rest {
        match one.split_once('=') {
            Some(("browser", users)) => trouble.users = part(users)?,
            Some(("gateway", requests)) => trouble.requests = part(requests)?,
            _ => return Err(format!("found {one:?}; browser=10% or gateway=50% would do")),
        }
    }
    Ok(trouble)
}

fn harm(what: &str) -> Result<Harm, String> {
    let (name, value) = what.split_once('=').map_or((what, None), |(name, value)| (name, Some(value)));
    let needs = || format!("how much? {name}=2% or {name}=x4 would do");
    match (name, value) {
        ("errors" | "slow", None) => Err(needs()),
        ("errors" | "slow", Some(value)) => {
            let harm = match value.strip_prefix('x') {
                Some(times) => {
                    let times = times.parse().ok().filter(|times: &f64| times.is_finite() && *times >= 0.0);
                    let times = times.ok_or_else(needs)?;
                    Harm { errors: times, slow: times, ..Harm::NONE }
                }
                None => part(value).map(|more| Harm { more_errors: more, more_slow: more, ..Harm::NONE })?,
            };
            Ok(match name {
                "errors" => Harm { slow: 1.0, more_slow: 0.0, ..harm },
                _ => Harm { errors: 1.0, more_errors: 0.0, ..harm },
            })
        }
        ("hang", value) => {
            // Whoever waits for an answer that does not come waits longer than any bound.
            let more = value.map_or(Ok(1.0), part)?;
            Ok(Harm { more_unanswered: more, more_slow: more, ..Harm::NONE })
        }
        ("silent", value) => Ok(Harm { lost: value.map_or(Ok(1.0), part)?, ..Harm::NONE }),
        _ => Err(format!("found {name:?}; {WHATS} would do")),
    }
}

fn read_since(text: &str) -> Result<Since, String> {
    let share = parts_per_million(text).map(Since::Share);
    let time = || duration::read(text).ok().map(|time| Since::Time(time.into()));
    share.or_else(time).ok_or_else(|| format!("found @{text}; a share such as @50% or a time such as @20m would do"))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn faults_say_whom_what_since_when_and_of_whom() {
        let canary = |harm| Trouble::of("canary", harm);
        let errors = canary(Harm { more_errors: 0.02, ..Harm::NONE });
        for (text, expected) in [
            ("canary:errors=2%", errors.clone()),
            ("canary:errors=2%@50%", Trouble { since: Since::Share(500_000), ..errors.clone() }),
            ("canary:errors=2%@20m", Trouble { since: Since::Time(Duration::from_secs(1_200)), ..errors.clone() }),
            ("canary:errors=2%,browser=10%,gateway=50%", Trouble { users: 0.1, requests: 0.5, ..errors.clone() }),
            ("all:errors=2%", Trouble { arm: None, ..errors }),
            ("canary:errors=x4", canary(Harm { errors: 4.0, ..Harm::NONE })),
            ("canary:slow=x3", canary(Harm { slow: 3.0, ..Harm::NONE })),
            ("canary:slow=10%", canary(Harm { more_slow: 0.1, ..Harm::NONE })),
            ("canary:hang", canary(Harm { more_unanswered: 1.0, more_slow: 1.0, ..Harm::NONE })),
            ("canary:silent=30%", canary(Harm { lost: 0.3, ..Harm::NONE })),
        ] {
            assert_eq!(read(text), Ok(expected), "{text}");
        }
        for text in [
            "",
            "canary",
            "canary:",
            "canary:error=2%",
            "canary:errors",
            "canary:errors=2",
            "canary:errors=x",
            "canary:errors=x-1",
            "canary:errors=101%",
            "canary:errors=2%@",
            "canary:errors=2%@5",
            "canary:errors=2%,browser",
            "canary:errors=2%,os=1%",
        ] {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
