//! What a plan is asked of: documents, the state, and what is given of requests.

use std::collections::BTreeMap;

use jiff::Timestamp;
use weir_plan::schedule::{self, Found};
use weir_plan::sight::{Eyes, Sight};
use weir_plan::times;
use weir_plan::traffic::{Effects, Traffic};
use weir_policy::{Format, Role, Sources};
use weir_release::journal::{Format as Written, Text};
use weir_release::state::State;
use weir_release::{Around, Release};
use weir_simulate::many;

use super::options::Options;
use super::planned::Planned;
use super::rates::{self, Rate};
use super::report::Report;
use super::{fits, found, measured};
use crate::effective::People;
use crate::load;
use crate::problems::Failure;
use crate::progress::progress;
use crate::queries;

/// What a plan is asked of.
pub struct Asked {
    people: People,
    state: State,
    documents: Vec<Found>,
    never_starting: Vec<found::Found>,
    traffic: Traffic,
    rates: Vec<Rate>,
    effects: Effects,
    parts: BTreeMap<String, f64>,
}

impl Asked {
    /// Reads all that there is to read.
    pub fn read(plan: &Options) -> Result<Asked, Failure> {
        let mut sources = Sources::default();
        let files = load::policy_files(&plan.policy, &mut sources)?;
        let people = People::read(&sources, &files, Role::Edge)?;
        let (state, measured) = match &plan.state {
            Some(folder) => measured::read(folder)?,
            None => Default::default(),
        };
        let known = plan.state.as_ref().map(|_| state.known());
        let mut documents = match &plan.releases {
            Some(path) => {
                let files = load::add_all(&load::documents(path, "release")?, &mut sources)?;
                let around =
                    Around { policy: Some(&people.documents), journal: known.as_ref(), query: Some(&queries::wrong) };
                load::releases(&sources, &files, around)?
            }
            None => Vec::new(),
        };
        documents.retain(|(_, release)| !state.over().contains_key(&release.id));
        let never_starting = fits::never_starting(&people.documents, &documents);
        let known = state.entries().values().map(|entry| &entry.document.release);
        let (mut traffic, rates) = rates::read(plan, known.chain(documents.iter().map(|(_, release)| release)))?;
        let holdouts = &people.policy.model.holdouts;
        traffic.held_out = holdouts.iter().map(|one| (one.id.clone(), f64::from(one.share) / 1e6)).collect();
        let documents = documents.into_iter().filter_map(|(source, release)| {
            let source = sources.get(source)?;
            let format = if source.format == Format::Json { Written::Json } else { Written::Yaml };
            let document = Text { format, text: source.text.clone() };
            Some(Found { id: release.id, file: source.name.clone(), document })
        });
        let parts = plan.part.iter().map(|part| (part.name.clone(), part.part)).collect();
        let effects = Effects { given: plan.design_effect, measured };
        Ok(Asked { documents: documents.collect(), never_starting, people, state, traffic, rates, effects, parts })
    }

    /// What comes of it.
    pub fn report(&self, from: Timestamp) -> Result<Report, Failure> {
        let broken = |broken| Failure::Message(format!("weir: {broken}\n"));
        let state = schedule::seen(&self.state, from, self.documents.iter().cloned()).map_err(broken)?;
        let takes = |release: &Release, step: &weir_release::Step| {
            let arms = self.traffic.of_arms(release, step.share);
            times::least(release, step, arms.and_then(|arms| arms.first().map(|(_, requests)| *requests)))
        };
        let scheduled = schedule::schedule(&state, &self.people.documents, from, &takes).map_err(broken)?;
        let mut eyes = Eyes::default();
        let documents = state.entries().values().map(|entry| &entry.document.release);
        let open = eyes.open(documents, &self.traffic, &self.effects);
        let answers = many(open.len(), |at| open[at].answer(), progress("", open.len(), "guardrails"));
        eyes.remember(open, answers);
        let releases: Vec<(&Release, Sight)> = state
            .entries()
            .values()
            .map(|entry| (&entry.document.release, eyes.look(&entry.document.release, &self.traffic, &self.effects)))
            .collect();
        let planned =
            releases.iter().map(|(release, sight)| Planned { release, sight, scheduled: scheduled.get(&release.id) });
        let planned: Vec<Planned<'_>> = planned.collect();
        let report = Report::of(from, &planned, &self.traffic, &self.parts, self.never_starting.clone());
        Ok(Report { rates: self.rates.clone(), ..report })
    }
}
