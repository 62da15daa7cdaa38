//! `weir simulate`: a policy and its releases on users that there are not, before there are any.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use clap::builder::RangedU64ValueParser;
use serde_json::json;
use weir_engine::Plan;
use weir_policy::{Attachment, SLOTS};
use weir_release::evidence::TICK;
use weir_release::{Measure, Release};
use weir_simulate::{Dealt, Life, Since, Traffic, Trouble, many};

use crate::load::WithReleases;
use crate::page::Pictures;
use crate::problems::Failure;
use crate::progress::progress;
use crate::release::words::{lasting, share};
use crate::request::{self, Header};

mod crowd;
mod dealt;
mod fates;
mod fault;
mod page;

use crowd::Crowd;
use fates::Fates;

/// Polls of a release's holds at most. A longer release is looked at less often, or a run would take minutes.
const POLLS_MAX: u64 = 5_000;

/// Tries a policy and its releases on simulated users: who is dealt what, and what becomes of each release
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct Simulate {
    /// Releases by id; without any, all that are not over
    #[arg(value_name = "ID")]
    ids: Vec<String>,
    /// A policy file (YAML or JSON), or a folder whose files are one policy together
    #[arg(long)]
    policy: PathBuf,
    #[command(flatten)]
    with: WithReleases,
    /// What goes wrong, as `ARM:WHAT[@SINCE][,browser=PART][,gateway=PART]`; again for more
    #[arg(long = "fault", value_name = "FAULT", value_parser = fault::read)]
    faults: Vec<Trouble>,
    #[command(flatten)]
    crowd: Crowd,
    /// How often each release is lived through
    #[arg(long, default_value_t = 200, value_parser = RangedU64ValueParser::<usize>::new().range(1..=100_000))]
    runs: usize,
    /// Units that are dealt by the policy; 0 leaves that out
    #[arg(long, default_value_t = 100_000, value_parser = RangedU64ValueParser::<usize>::new().range(0..=10_000_000))]
    units: usize,
    /// A header of every request, for targeting; again for more
    #[arg(long = "header", value_name = "NAME: VALUE", value_parser = header)]
    headers: Vec<Header>,
    /// The same seed is the same users and the same luck
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Print one JSON object instead of text
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    pictures: Pictures,
}

const EXAMPLES: &str = "Faults:
  ARM is an arm of the release, or all. WHAT is one of
    errors=2%   2% of its requests fail that would not have       errors=x4  they fail four times as often as before
    slow=10%    10% more are over every bound                     slow=x3    three times as many are over a bound
    hang        none is answered                                  hang=5%    so many are not
    silent      none gets there, and none is counted              silent=30% so many do not
  SINCE is a share, for what fails under load (@50%), or a time after the first step (@20m). browser=10%: only users of a browser
  that 10% of them have; gateway=50%: only requests that one gateway with half of them gets.

Examples:
  weir simulate --policy policy.yaml
  weir simulate --policy policy.yaml --releases releases/ --fault canary:errors=2%@50%
  weir simulate owl-v21 --policy policy.yaml --releases releases/ --fault canary:slow=x3,gateway=50% --rate 2000/s --runs 1000

Windows are open, people say yes, and guardrails that ask queries are left out. It never changes anything.

Exit codes: 0 simulated, 1 the policy or a release has problems, 2 wrong use";

impl Simulate {
    /// Simulates, and prints what came of it.
    pub fn run(self) -> Result<(), Failure> {
        let planned = self.with.planned(&self.policy)?;
        let releases = self.chosen(&planned.releases)?;
        let model = &planned.policy.model;
        let plan = Plan::compile(model, &Attachment::default(), Some(planned.policy.revision));
        let dealt = (self.units > 0).then(|| Dealt::of(&plan, model, &self.headers, self.units, self.seed));
        let fates: Vec<Fates> = releases.iter().map(|release| self.fates(release)).collect();
        let pictures = self.pictures.draw(|| page::page(dealt.as_ref(), self.units, &fates, &self.crowd))?;
        if self.json {
            let dealt = dealt.as_ref().map(|dealt| dealt::json(dealt, self.units));
            let fates: Vec<_> = fates.iter().map(Fates::json).collect();
            println!("{}", json!({"seed": self.seed, "crowd": self.crowd.json(), "dealt": dealt, "releases": fates}));
            return Ok(());
        }
        if let Some(dealt) = &dealt {
            print!("{}", dealt::text(dealt, self.units));
        }
        for (place, fates) in fates.iter().enumerate() {
            let gap = if place > 0 || dealt.is_some() { "\n" } else { "" };
            print!("{gap}{}", fates.text(&self.crowd));
        }
        print!("{pictures}");
        Ok(())
    }

    /// The releases that were asked for, each of which has the arms that faults name.
    fn chosen<'a>(&self, releases: &'a [Release]) -> Result<Vec<&'a Release>, Failure> {
        let is_asked = |release: &&Release| self.ids.is_empty() || self.ids.contains(&release.id);
        let chosen: Vec<&Release> = releases.iter().filter(is_asked).collect();
        if let Some(id) = self.ids.iter().find(|id| !chosen.iter().any(|release| release.id == **id)) {
            let others: Vec<&str> = releases.iter().map(|release| release.id.as_str()).collect();
            let there = if others.is_empty() {
                "there is none; give --releases or --state".to_owned()
            } else {
                format!("there are {}", others.join(", "))
            };
            return Err(Failure::Usage(format!("no release {id} that is not over: {there}")));
        }
        for arm in self.faults.iter().filter_map(|fault| fault.arm.as_deref()) {
            let has = |release: &&&Release| release.shares(SLOTS).iter().any(|(id, _)| *id == arm);
            if let Some(without) = chosen.iter().find(|release| !has(release)) {
                let arms: Vec<&str> = without.shares(SLOTS).into_iter().map(|(id, _)| id).collect();
                return Err(Failure::Usage(format!(
                    "--fault {arm}:…: {} has no such arm, but {}; all would do too",
                    without.id,
                    arms.join(", ")
                )));
            }
        }
        for fault in &self.faults {
            if let Some(never) = chosen.iter().find_map(|release| never_met(release, fault.since)) {
                return Err(Failure::Usage(format!("--fault …@…: {never}")));
            }
        }
        if chosen.is_empty() && !self.faults.is_empty() {
            return Err(Failure::Usage(
                "--fault: there is no release that it could meet; give --releases or --state".to_owned(),
            ));
        }
        Ok(chosen)
    }

    /// Lives a release through again and again, each time with other users.
    fn fates<'a>(&self, release: &'a Release) -> Fates<'a> {
        let hold: Duration = release.steps.iter().map(|step| step.hold).sum();
        let every =
            TICK * u32::try_from((hold.as_secs() / TICK.as_secs()).div_ceil(POLLS_MAX)).unwrap_or(u32::MAX).max(1);
        let part = f64::from(release.traffic) / f64::from(SLOTS);
        let population = self.crowd.population(part);
        let life = Life::new(release, every, self.crowd.requests_in(every) * part, self.faults.clone());
        let run = |number: usize| life.run(&mut Traffic::new(&population, self.seed.wrapping_add(number as u64)));
        let asks = release.guardrails.iter().filter(|guardrail| !matches!(guardrail.measure, Measure::Outcome { .. }));
        Fates {
            release,
            every,
            left_out: asks.map(|guardrail| guardrail.name.as_str()).collect(),
            lives: many(self.runs, run, progress(&format!("{}: ", release.id), self.runs, "runs")),
        }
    }
}

/// Why a release is over before a fault begins, if it is.
fn never_met(release: &Release, since: Since) -> Option<String> {
    let id = &release.id;
    let last = release.steps.last().map_or(0, |step| step.share);
    // Each step may wait besides.
    let longest = release.steps.iter().map(|step| step.hold.saturating_add(release.max_hold));
    let longest = longest.fold(Duration::ZERO, Duration::saturating_add);
    match since {
        Since::Share(from) if from > last => {
            Some(format!("{id} has no step with {} or more; its last one has {}", share(from), share(last)))
        }
        Since::Time(from) if from > longest => {
            Some(format!("{id} is over by then; it takes {} at most, however long its steps wait", lasting(longest)))
        }
        Since::Share(_) | Since::Time(_) => None,
    }
}

fn header(text: &str) -> Result<Header, String> {
    request::header(text.as_bytes())
}
