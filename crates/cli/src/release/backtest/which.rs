//! Which release is looked at, and in which step it was when.

use std::path::Path;

use jiff::Timestamp;
use weir_policy::Sources;
use weir_release::journal::{Document, Event, Text};
use weir_release::state::State;
use weir_release::{Release, read_alone};

use crate::load;
use crate::problems::Failure;
use crate::release::source::unknown;
use crate::state_dir::StateDir;

/// A release.
pub struct Which {
    /// As its document says.
    pub release: Release,
    /// As the journal says, of the experiment whose evidence it is.
    pub steps: Steps,
}

/// When a release began its steps.
pub struct Steps {
    begun: Vec<(Timestamp, usize)>,
    /// That of all that nobody knows anything of.
    otherwise: usize,
}

impl Which {
    /// That of a file; or of an id, where there is a journal and no such file. The evidence may be of another experiment.
    pub fn read(named: &Path, state: Option<&Path>, experiment: Option<&str>) -> Result<Which, Failure> {
        match state {
            Some(state) if !named.exists() => {
                let id = named.display().to_string();
                let journal = Journal::read(state, &id, experiment.unwrap_or(&id))?;
                journal.knows(experiment.unwrap_or(&id))?;
                let release = journal.release(&id)?;
                Ok(Which { steps: Steps::of(&release, &journal.begun), release })
            }
            Some(state) => {
                let release = of_file(named)?;
                let journal = Journal::read(state, "", experiment.unwrap_or(&release.id))?;
                // A draft is in no journal.
                experiment.map_or(Ok(()), |experiment| journal.knows(experiment))?;
                Ok(Which { steps: Steps::of(&release, &journal.begun), release })
            }
            None => {
                let release = of_file(named)?;
                Ok(Which { steps: Steps::of(&release, &[]), release })
            }
        }
    }
}

fn of_file(path: &Path) -> Result<Release, Failure> {
    if !path.exists() {
        let named = path.display();
        return Err(Failure::Usage(format!("{named}: no such file; for the id of a release --state DIR would do")));
    }
    let source = load::source(path)?;
    read_alone(source.clone()).map_err(|problems| Failure::problems(&Sources::of([source]), problems))
}

/// What a journal has of it.
struct Journal {
    fold: State,
    text: Option<Text>,
    /// The steps of the experiment, with their shares.
    begun: Vec<(Timestamp, u32)>,
}

impl Journal {
    fn read(state: &Path, id: &str, experiment: &str) -> Result<Journal, Failure> {
        let mut journal = Journal { fold: State::default(), text: None, begun: Vec::new() };
        StateDir::existing(state)?.read_journal(|line| {
            let Some(line) = journal.fold.read_line(line).map_err(|broken| broken.to_string())? else { return Ok(()) };
            match line.event {
                Event::Seen { release, document, .. } | Event::Changed { release, document, .. } if release == id => {
                    journal.text = Some(document);
                }
                Event::Begun { release, share, .. } if release == experiment => journal.begun.push((line.at, share)),
                _ => {}
            }
            Ok(())
        })?;
        Ok(journal)
    }

    fn knows(&self, id: &str) -> Result<(), Failure> {
        let all = self.fold.entries().keys().chain(self.fold.over().keys()).map(String::as_str);
        if self.fold.lifecycle(id).is_some() { Ok(()) } else { Err(unknown(id, all)) }
    }

    fn release(&self, id: &str) -> Result<Release, Failure> {
        self.knows(id)?;
        let known = self.fold.entries().get(id).map(|entry| entry.document.release.clone());
        let read = || self.text.clone().and_then(|text| Document::read(text).ok()).map(|document| document.release);
        known.or_else(read).ok_or_else(|| {
            Failure::Message(format!(
                "weir: {id}: its document is not in this file of the journal any more; give its file\n"
            ))
        })
    }
}

impl Steps {
    /// A step of another release is the first of this one in which as many users or more have its arms.
    fn of(release: &Release, begun: &[(Timestamp, u32)]) -> Steps {
        let compares = release.steps.iter().position(|step| release.is_compared(step.share));
        let last = release.steps.len().saturating_sub(1);
        let step = |share: u32| release.steps.iter().position(|step| step.share >= share).unwrap_or(last);
        let begun = begun.iter().map(|(at, share)| (*at, step(*share))).collect();
        Steps { begun, otherwise: compares.unwrap_or_default() }
    }

    /// The step of a poll that was made at this time: as one begins, it is of the one before. None before the first, in which nobody is
    /// dealt.
    pub fn at(&self, at: Timestamp) -> Option<usize> {
        if self.begun.is_empty() {
            return Some(self.otherwise);
        }
        self.begun.iter().rev().find(|(begun, _)| *begun < at).map(|(_, step)| *step)
    }
}

#[cfg(test)]
mod tests {
    use weir_policy::Source;

    use super::*;

    #[test]
    fn a_step_goes_on_until_the_next_one_begins() {
        let at = |second: i64| Timestamp::from_second(second).unwrap();
        let steps = Steps { begun: vec![(at(10), 0), (at(20), 1), (at(30), 3)], otherwise: 7 };
        for (second, step) in
            [(0, None), (10, None), (11, Some(0)), (20, Some(0)), (21, Some(1)), (31, Some(3)), (99, Some(3))]
        {
            assert_eq!(steps.at(at(second)), step, "{second}");
        }
        assert_eq!(Steps { begun: Vec::new(), otherwise: 7 }.at(at(5)), Some(7));
    }

    #[test]
    fn a_step_of_another_release_is_the_one_with_as_many_users() {
        let text = "{release: 1, id: owl, unit: user, services: {owl.shop: v2}}";
        let release = read_alone(Source::yaml("owl.yaml", text)).unwrap();
        let at = Timestamp::from_second(0).unwrap();
        for (share, step) in [(0, 0), (50_000, 0), (50_001, 1), (500_000, 2), (1_000_000, 4)] {
            assert_eq!(Steps::of(&release, &[(at, share)]).begun, [(at, step)], "{share}");
        }
    }
}
