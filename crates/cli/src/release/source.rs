//! Where commands see releases: in the state folder of a server, running or not, or by what it answers.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::Args;
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use weir_release::judge;
use weir_release::judge::Verdict;
use weir_release::state::State;

use super::seen::Seen;
use super::told::Told;
use super::view::{DetailView, ReleasesView};
use super::words;
use crate::fleet::{address, no_answer};
use crate::http_get::get;
use crate::problems::Failure;
use crate::runtime;
use crate::state_dir::{JournalMark, StateDir};

/// Where releases are looked at.
#[derive(Args)]
#[group(required = true, multiple = false)]
pub struct Source {
    /// The folder that weir serve was given as --state: no server need run
    #[arg(long, value_name = "DIR")]
    state: Option<PathBuf>,
    /// Where weir serve answers: its --http
    #[arg(long, value_name = "HOST:PORT", value_parser = address)]
    http: Option<String>,
    /// The journal as it was read last: a large one is not read again before it changes.
    #[arg(skip)]
    read: RefCell<Option<Box<Read>>>,
}

struct Read {
    mark: Option<JournalMark>,
    state: State,
    told: Told,
}

/// The most bytes of an answer: 1,000 releases with their steps and numbers are 20 MB.
const ANSWER_BYTES_MAX: usize = 64 << 20;

impl Source {
    /// All releases.
    pub fn releases(&self) -> Result<ReleasesView, Failure> {
        match &self.http {
            Some(server) => ask(server, "/releases"),
            None => self.journal(|seen| seen.releases()),
        }
    }

    /// One of them; none if nobody knows its id.
    pub fn release(&self, id: &str) -> Result<Option<DetailView>, Failure> {
        let Some(server) = &self.http else { return self.journal(|seen| seen.release(id)) };
        // Only ids that are known are asked for: others need not be fit for a path.
        let all: ReleasesView = ask(server, "/releases")?;
        match all.releases.iter().any(|view| view.id == id) {
            true => ask(server, &format!("/releases/{id}")).map(Some),
            false => Ok(None),
        }
    }

    /// That nobody knows an id, and perhaps which one is meant.
    pub fn unknown(&self, id: &str) -> Failure {
        match self.releases() {
            Ok(all) => unknown(id, all.releases.iter().map(|view| view.id.as_str())),
            Err(failure) => failure,
        }
    }

    /// What a command to the server ends with. From elsewhere its folder is not known.
    pub fn place(&self) -> String {
        words::place(self.state.as_deref())
    }

    /// What keeps everything as it is, for who looks at a folder.
    pub fn note(&self) -> Result<Option<String>, Failure> {
        let Some(folder) = &self.state else { return Ok(None) };
        let is_served = StateDir::existing(folder)?.is_served()?;
        Ok((!is_served).then(|| format!("no weir serve runs on {}: nothing goes on", folder.display())))
    }

    fn journal<T>(&self, look: impl FnOnce(&Seen<'_>) -> T) -> Result<T, Failure> {
        let folder = self.state.clone().unwrap_or_default();
        let mark = StateDir::existing(&folder)?.journal_mark();
        let mut kept = self.read.borrow_mut();
        let read = match kept.take() {
            Some(read) if mark.is_some() && read.mark == mark => kept.insert(read),
            _ => {
                let (state, told) = read(&folder)?;
                kept.insert(Box::new(Read { mark, state, told }))
            }
        };
        let now = Timestamp::now();
        let verdicts = recorded(&folder, &read.state, now)?;
        Ok(look(&Seen { state: &read.state, told: &read.told, verdicts: &verdicts, judged: None, now }))
    }
}

/// The fold of the journal in the state folder of a server, and what its lines tell beyond that.
pub fn read(folder: &Path) -> Result<(State, Told), Failure> {
    let (mut state, mut told) = (State::default(), Told::default());
    let is_there = StateDir::existing(folder)?.read_journal(|text| {
        let line = state.read_line(text).map_err(|broken| broken.to_string())?;
        match line {
            Some(line) => told.take(&line),
            None => told.fold(state.number()),
        }
        Ok(())
    })?;
    match is_there {
        true => Ok((state, told)),
        false => Err(Failure::Usage(format!(
            "--state {}: no journal of releases is here: no weir serve --releases has run on it",
            folder.display()
        ))),
    }
}

/// The last verdicts with the numbers of the record of evidence, which are newer than those of the journal: there a verdict stands
/// once it or a reason changes. Where the record says something else it is of before or behind that.
fn recorded(folder: &Path, state: &State, now: Timestamp) -> Result<BTreeMap<String, Verdict>, Failure> {
    let mut verdicts = BTreeMap::new();
    let Some((_, memory)) = StateDir::existing(folder)?.evidence()? else { return Ok(verdicts) };
    for (id, running) in &memory.running {
        let entry = state.entries().get(id);
        let told = entry.and_then(|entry| entry.ramp.as_ref()?.verdict.as_ref());
        let (Some(entry), Some(told), Some(stand)) = (entry, told, state.stand(id)) else { continue };
        let verdict = judge(&entry.document.release, &stand, running, now);
        if verdict.says_as(told) {
            verdicts.insert(id.clone(), verdict);
        }
    }
    Ok(verdicts)
}

/// That nobody knows an id, and perhaps which one of these is meant.
pub fn unknown<'a>(id: &str, known: impl IntoIterator<Item = &'a str>) -> Failure {
    /// From which likeness on a name may be meant: 1 is the same.
    const LIKENESS_MIN: f64 = 0.7;
    let alike = known.into_iter().map(|known| (strsim::jaro_winkler(id, known), known));
    let alike =
        alike.filter(|(likeness, _)| *likeness >= LIKENESS_MIN).max_by(|(one, _), (other, _)| one.total_cmp(other));
    let meant = alike.map(|(_, known)| format!("; did you mean {known}?")).unwrap_or_default();
    let meant = if meant.is_empty() { "; weir release list shows all".to_owned() } else { meant };
    Failure::Message(format!("weir: no release is called {id:?}{meant}\n"))
}

fn ask<T: DeserializeOwned>(server: &str, path: &str) -> Result<T, Failure> {
    let runtime = runtime::of_this_thread()?;
    let body = runtime.block_on(get(server, path, ANSWER_BYTES_MAX)).map_err(no_answer)?;
    serde_json::from_slice(&body)
        .map_err(|error| Failure::Usage(format!("{server}{path}: not what this weir reads: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_mistypes_an_id_is_told_which_one_is_alike() {
        let ids = ["owl-v21", "cat-v3", "tiger-v7"];
        let said = |id: &str| unknown(id, ids).text(false);
        assert_eq!(said("owl-v2l"), "weir: no release is called \"owl-v2l\"; did you mean owl-v21?\n");
        assert_eq!(said("tiger"), "weir: no release is called \"tiger\"; did you mean tiger-v7?\n");
        assert_eq!(said("x"), "weir: no release is called \"x\"; weir release list shows all\n");
    }
}
