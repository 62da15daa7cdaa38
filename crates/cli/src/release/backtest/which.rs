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
    /// As its journal says.
    pub steps: Steps,
}

/// When a release began its steps.
pub struct Steps {
    begun: Vec<(Timestamp, usize)>,
    /// That of all that nobody knows anything of.
    otherwise: usize,
}

impl Which {
    /// That of a file; or of an id, where there is a journal and no such file.
    pub fn read(named: &Path, state: Option<&Path>) -> Result<Which, Failure> {
        match state.filter(|_| !named.exists()) {
            Some(state) => of_journal(&named.display().to_string(), state),
            None => of_file(named),
        }
    }
}

fn of_file(path: &Path) -> Result<Which, Failure> {
    if !path.exists() {
        let named = path.display();
        return Err(Failure::Usage(format!("{named}: no such file; for the id of a release --state DIR would do")));
    }
    let source = load::source(path)?;
    let release = read_alone(source.clone()).map_err(|problems| Failure::problems(&Sources::of([source]), problems))?;
    Ok(Which { steps: Steps::of(&release, Vec::new()), release })
}

fn of_journal(id: &str, state: &Path) -> Result<Which, Failure> {
    let (mut fold, mut text, mut begun) = (State::default(), None::<Text>, Vec::new());
    let is_there = StateDir::existing(state)?.read_journal(|line| {
        let Some(line) = fold.read_line(line).map_err(|broken| broken.to_string())? else { return Ok(()) };
        match line.event {
            Event::Seen { release, document, .. } | Event::Changed { release, document, .. } if release == id => {
                text = Some(document);
            }
            Event::Begun { release, step, .. } if release == id => begun.push((line.at, step)),
            _ => {}
        }
        Ok(())
    })?;
    if !is_there || fold.lifecycle(id).is_none() {
        return Err(unknown(id, fold.entries().keys().chain(fold.over().keys()).map(String::as_str)));
    }
    let known = fold.entries().get(id).map(|entry| entry.document.release.clone());
    let read = || text.and_then(|text| Document::read(text).ok()).map(|document| document.release);
    let release = known.or_else(read).ok_or_else(|| {
        Failure::Message(format!(
            "weir: {id}: its document is not in this file of the journal any more; give its file\n"
        ))
    })?;
    Ok(Which { steps: Steps::of(&release, begun), release })
}

impl Steps {
    fn of(release: &Release, begun: Vec<(Timestamp, usize)>) -> Steps {
        let compares = release.steps.iter().position(|step| release.is_compared(step.share));
        Steps { begun, otherwise: compares.unwrap_or_default() }
    }

    /// The step at this time.
    pub fn at(&self, at: Timestamp) -> usize {
        let begun = self.begun.iter().rev().find(|(begun, _)| *begun <= at).or(self.begun.first());
        begun.map_or(self.otherwise, |(_, step)| *step)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_goes_on_until_the_next_one_begins() {
        let at = |second: i64| Timestamp::from_second(second).unwrap();
        let steps = Steps { begun: vec![(at(10), 0), (at(20), 1), (at(30), 3)], otherwise: 7 };
        for (second, step) in [(0, 0), (10, 0), (19, 0), (20, 1), (29, 1), (30, 3), (99, 3)] {
            assert_eq!(steps.at(at(second)), step, "{second}");
        }
        assert_eq!(Steps { begun: Vec::new(), otherwise: 7 }.at(at(5)), 7);
    }
}
