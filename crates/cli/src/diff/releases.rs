//! Documents of releases that say otherwise than what counts, and what a server would make of them.

use std::collections::BTreeMap;

use jiff::Timestamp;
use weir_release::Release;
use weir_release::journal::{Document, Event, Trouble};
use weir_release::state::{Entry, Lifecycle, State};

mod words;

/// A release whose document says otherwise than before.
pub struct Told {
    /// The release.
    pub id: String,
    pub change: Change,
    /// What it says otherwise, in words.
    pub words: Vec<String>,
    /// What the release is, if a journal knows it.
    pub state: Option<Lifecycle>,
    /// Why a server does not take it.
    pub refused: Vec<Trouble>,
    /// What a server with this journal makes of it, in words.
    pub server: Option<&'static str>,
}

/// How a document is otherwise.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Change {
    Added,
    Changed,
    Removed,
}

impl Change {
    /// The word that is public.
    pub fn name(self) -> &'static str {
        match self {
            Change::Added => "added",
            Change::Changed => "changed",
            Change::Removed => "removed",
        }
    }
}

/// What the new documents say otherwise than what counts: what the journal has, or where it knows nothing of a release its old
/// document. By id.
pub fn told(old: &[Document], new: &[Document], journal: Option<&State>) -> Vec<Told> {
    let [old, new] =
        [old, new].map(|all| all.iter().map(|one| (&one.release.id, one)).collect::<BTreeMap<&String, &Document>>());
    let entry = |id: &str| journal.and_then(|journal| journal.entries().get(id));
    let mut told = Vec::new();
    for (id, after) in &new {
        let before = entry(id).map(|entry| &entry.document).or(old.get(id).copied());
        // What is over has no document any more; the text with which it ended says nothing, and any other is refused.
        let is_over = journal.is_some_and(|journal| journal.over().contains_key(*id));
        let refused = journal.map(|journal| journal.refuses(after)).unwrap_or_default();
        let (change, words) = match before {
            _ if is_over && refused.is_empty() => continue,
            _ if is_over => (Change::Changed, Vec::new()),
            None => (Change::Added, vec![words::added(&after.release)]),
            Some(before) if before.text() == after.text() || before.release == after.release => continue,
            Some(before) => (Change::Changed, words::changed(&before.release, &after.release)),
        };
        let server = journal.filter(|_| refused.is_empty()).map(|journal| fate(journal, &after.release));
        told.push(Told { id: (*id).clone(), change, words, state: state(journal, id), refused, server });
    }
    for id in old.keys().filter(|id| !new.contains_key(*id)) {
        let state = state(journal, id);
        let server = state.map(without_document);
        let (change, words, refused) = (Change::Removed, vec!["its document is gone".to_owned()], Vec::new());
        told.push(Told { id: (*id).clone(), change, words, state, refused, server });
    }
    told
}

/// Of which, and what, a row for each word; what a server refuses comes first.
pub fn rows(told: &[Told]) -> Vec<[String; 2]> {
    let (refused, others): (Vec<&Told>, Vec<&Told>) = told.iter().partition(|one| !one.refused.is_empty());
    let rows = refused.into_iter().chain(others).flat_map(|one| {
        let refused = one.refused.iter().map(|why| format!("not taken, {}: {}", why.code, why.text));
        let words = one.words.iter().cloned().chain(refused).chain(one.server.map(str::to_owned));
        words.map(|text| [format!("release {}", one.id), text])
    });
    rows.collect()
}

/// The journal once a server has taken the documents: those of releases in force count from then on, unless it refuses them.
pub fn taken(journal: &State, documents: &[Document]) -> State {
    let mut state = journal.clone();
    for document in documents {
        let id = &document.release.id;
        let is_other =
            |entry: &&Entry| entry.ramp.is_some() && is_effective(&entry.document.release, &document.release);
        let Some(entry) = journal.entries().get(id).filter(is_other) else { continue };
        if !journal.refuses(document).is_empty() {
            continue;
        }
        let (release, file) = (id.clone(), entry.file.clone().unwrap_or_default());
        let event = Event::Changed { release, file, document: document.text().clone(), push: None };
        let line = state.line(Timestamp::UNIX_EPOCH, None, event);
        // A document that was read is good, and it is of a release that is there.
        let _ = state.apply(&line);
    }
    state
}

fn state(journal: Option<&State>, id: &str) -> Option<Lifecycle> {
    journal.and_then(|journal| journal.lifecycle(id))
}

/// What a server makes of a document that it does not refuse.
fn fate(journal: &State, release: &Release) -> &'static str {
    let Some(entry) = journal.entries().get(&release.id) else { return "taken: it joins the queue" };
    match &entry.ramp {
        None => "taken: it has not started, and everything may change",
        Some(_) if is_effective(&entry.document.release, release) => "taken: it counts from then on",
        Some(_) => "ignored: alphas are those of the moment at which it started",
    }
}

/// What a server does where the document of a release is gone.
fn without_document(state: Lifecycle) -> &'static str {
    match state {
        Lifecycle::Queued | Lifecycle::Blocked => "withdrawn: it leaves the queue, and its id is free",
        Lifecycle::Running => "ignored: it goes on as it was; abort and promote end it",
        Lifecycle::Finished | Lifecycle::RolledBack | Lifecycle::Aborted => "ignored: the release is over",
    }
}

/// Whether a document of a release in force means something else there.
fn is_effective(before: &Release, after: &Release) -> bool {
    after.keeping_alphas_of(before) != *before
}
