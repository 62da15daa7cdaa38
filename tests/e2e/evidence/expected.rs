//! What evidence must be counted, reckoned by another implementation of the hash, and the policy that it is counted under.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};

use crate::metrics::numbers::until_shown;
use crate::support::{Clock, Envoy, Prometheus, SERVICE, Series, eventually};

const SOON: Duration = Duration::from_secs(60);
/// More readings of numbers that are right, to see whether they stay so.
const LOOKS: usize = 3;

/// Two layers on the line of a pool that are dealt, and what must not be counted beside them: a tester by name and one by rule,
/// users whom no variant owns, an experiment and a layer that are off, and a layer on a line of its own.
pub fn policy(others: &str) -> Value {
    let halves = json!([{"id": "a", "share": "50%"}, {"id": "control", "share": "50%"}]);
    json!({
        "version": 1,
        "units": {"user": [{"header": "x-user-id"}]},
        "layers": [
            {"id": "banner", "line": "pool.user", "unit": "user", "experiments": [
                {"id": "blue", "kind": "test", "slots": [[0, 500_000]], "targeting": {"path": {"prefix": "/checkout"}},
                 "variants": halves},
                {"id": "off", "enabled": false, "slots": [[500_000, 1_000_000]], "variants": halves},
            ]},
            {"id": "checkout", "line": "pool.user", "unit": "user", "experiments": [{
                "id": "owl-v21", "slots": "all",
                "overrides": [{"units": ["user-18"], "variant": "canary"}],
                "rules": [{"when": {"header": {"name": "location", "exact": "shenzhen"}}, "variant": "canary"}],
                "variants": [
                    {"id": "canary", "ranges": [[0, 400_000]], "env_tag": "owl-v21", "routes": {SERVICE: "v21"}},
                    {"id": "control", "ranges": [[600_000, 1_000_000]]},
                ],
            }]},
            {"id": "closed", "line": "pool.user", "unit": "user", "enabled": false, "experiments": [
                {"id": "shut", "slots": "all", "variants": halves},
            ]},
            {"id": "plain", "line": "pool", "unit": "user", "experiments": [
                {"id": "red", "slots": "all", "variants": [{"id": "a", "share": others}]},
            ]},
        ],
    })
}

/// A clock that stands still until it is moved: a machine that is busy makes requests slow, and nobody could say which.
pub struct StandingClock {
    clock: Clock,
    microseconds: i64,
}

impl StandingClock {
    pub fn new() -> Self {
        let mut clock = Self { clock: Clock::new(), microseconds: 1_800_000_000_000_000 };
        clock.advance(0);
        clock
    }

    /// The words by which a program runs under it.
    pub fn runner(&self) -> Vec<String> {
        self.clock.runner()
    }

    pub fn advance(&mut self, microseconds: i64) {
        self.microseconds += microseconds;
        self.clock.stand_at(self.microseconds);
    }
}

/// The counters by the names that the admin interface shows, all that are there.
#[derive(Default)]
pub struct Expected(BTreeMap<String, u64>);

impl Expected {
    /// Counts a request of this user to `/checkout` who is no tester.
    pub fn dealt(&mut self, user: usize, outcomes: &str) {
        self.owl(user, outcomes);
        self.blue(user, outcomes);
    }

    /// Counts it for the release, which any path meets.
    pub fn owl(&mut self, user: usize, outcomes: &str) {
        let (slot, part) = hashed(&format!("E:owl-v21:0:user-{user}"));
        let variant = match slot {
            0..400_000 => "canary",
            600_000.. => "control",
            _ => return,
        };
        self.add("owl-v21", variant, part, outcomes);
    }

    /// Counts it for the test, which has half of the line.
    pub fn blue(&mut self, user: usize, outcomes: &str) {
        if hashed(&format!("L:pool.user:0:user-{user}")).0 < 500_000 {
            let (slot, part) = hashed(&format!("E:blue:0:user-{user}"));
            self.add("blue", if slot < 500_000 { "a" } else { "control" }, part, outcomes);
        }
    }

    fn add(&mut self, experiment: &str, variant: &str, part: u64, outcomes: &str) {
        for outcome in outcomes.split(' ') {
            let labels =
                format!("experiment=.={experiment};.;variant=.={variant};.;part=.={part};.;outcome=.={outcome}");
            *self.0.entry(format!("wasmcustom.{labels};.;weir_assigned_total")).or_default() += 1;
        }
    }

    /// How many counters there are of this outcome.
    pub fn counters(&self, outcome: &str) -> usize {
        self.0.keys().filter(|name| name.contains(&format!("outcome=.={outcome};.;"))).count()
    }

    /// Waits until the admin interface shows exactly this, and sees that it stays so.
    pub async fn check_admin(&self, envoy: &Envoy) {
        eventually(SOON, "evidence at the admin interface", async || self.compare(envoy).await).await;
        for _ in 0..LOOKS {
            self.compare(envoy).await.unwrap_or_else(|seen| panic!("changed once it was right: {seen}"));
        }
    }

    /// The same, and Prometheus has it by its labels; `also_zero` where counters may stand at 0 there.
    pub async fn check(&self, envoy: &Envoy, prometheus: &Prometheus, also_zero: bool) {
        self.check_admin(envoy).await;
        let query = if also_zero { "weir_assigned_total > 0" } else { "weir_assigned_total" };
        until_shown(prometheus, [query], [&self.series()]).await;
    }

    async fn compare(&self, envoy: &Envoy) -> Result<(), String> {
        let text = envoy.admin("/stats?usedonly&filter=weir_assigned_total").await;
        let counter = |line: &str| {
            let (name, count) = line.rsplit_once(": ").unwrap_or_else(|| panic!("{line}"));
            (name.to_owned(), count.parse::<u64>().unwrap())
        };
        let seen: BTreeMap<String, u64> = text.lines().map(counter).collect();
        let names = seen.keys().chain(self.0.keys());
        let differ = names.filter(|name| seen.get(*name) != self.0.get(*name));
        let differ: Vec<_> =
            differ.map(|name| format!("{name}: {:?}, not {:?}", seen.get(name), self.0.get(name))).collect();
        if differ.is_empty() { Ok(()) } else { Err(differ.join("\n")) }
    }

    fn series(&self) -> Series {
        let labels = |name: &str| {
            let labels = name.trim_start_matches("wasmcustom.").trim_end_matches(";.;weir_assigned_total");
            let pairs = labels.split(";.;").map(|label| label.split_once("=.=").unwrap());
            pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
        };
        self.0.iter().map(|(name, count)| (labels(name), *count as f64)).collect()
    }
}

/// Slot and part of a text, by the crate `murmur3`: of the first 8 bytes of the digest the upper half scaled to a million, and
/// the lowest four bits.
pub fn hashed(text: &str) -> (u64, u64) {
    let hash = murmur3::murmur3_x64_128(&mut text.as_bytes(), 0).unwrap() as u64;
    (((hash >> 32) * 1_000_000) >> 32, hash & 15)
}

#[test]
fn the_golden_vectors_of_the_documentation() {
    let page = crate::support::text("docs/filter.md");
    for text in ["E:owl-v21:0:user-1", "E:owl-v21:0:user-2", "E:owl-v21:0:用户1"] {
        let hash = murmur3::murmur3_x64_128(&mut text.as_bytes(), 0).unwrap() as u64;
        let (slot, part) = hashed(text);
        let row = format!("| `{text}` | `{hash:016x}` | {slot} | {part} |");
        assert!(page.contains(&row), "docs/filter.md lacks {row}");
    }
}
