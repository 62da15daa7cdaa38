//! What stands in files is taken in. What is bad changes nothing, and neither does the same text again.

use std::collections::BTreeSet;

use super::draft::Draft;
use super::inputs::{Bad, File};
use crate::journal::{Document, Event, Trouble};
use crate::state::held_back;

pub fn take_in(draft: &mut Draft<'_>) {
    let look = draft.inputs.look;
    let files = match &look.files {
        Err(problems) => return bad(draft, &look.name, None, problems.clone()),
        // One that is empty is more likely lost than meant: to withdraw all in the queue would use up nothing, and surprise.
        Ok(files) if files.is_empty() => {
            let empty = Trouble::new("empty", "no document of a release is there; `weir release abort` ends one");
            return bad(draft, &look.name, None, vec![empty]);
        }
        Ok(files) => files,
    };
    let mut ids = BTreeSet::new();
    // What is seen first in one look came together, whatever its files are called.
    let mut in_order: Vec<&File> = files.iter().collect();
    in_order.sort_by_key(|file| file.document.as_ref().map(|document| &document.release.id).map_err(|_| ()));
    for File { name, document } in in_order {
        match document {
            Ok(document) if !ids.insert(document.release.id.clone()) => {
                let text = format!("another file has a release {}", document.release.id);
                bad(draft, name, Some(&document.release.id), vec![Trouble::new("duplicate_id", text)]);
            }
            Ok(document) => match take_one(draft, name, document) {
                Ok(()) => good(draft, name),
                Err(problems) => bad(draft, name, Some(&document.release.id), problems),
            },
            Err(Bad { release, problems }) => bad(draft, name, release.as_deref(), problems.clone()),
        }
    }
    // A folder that can be looked at, and files that are gone, are bad no more.
    let is_there = |name: &String| files.iter().any(|file| file.name == *name);
    let gone: Vec<String> = draft.state.bad().keys().filter(|name| !is_there(name)).cloned().collect();
    gone.iter().for_each(|name| good(draft, name));
    without_file(draft, files);
    if draft.state.is_new() && draft.state.bad().is_empty() && files.iter().all(|file| file.document.is_ok()) {
        draft.add(Event::Settled);
    }
}

/// Takes in a document that is good by itself.
fn take_one(draft: &mut Draft<'_>, file: &str, document: &Document) -> Result<(), Vec<Trouble>> {
    let wrong = draft.state.refuses(document);
    if !wrong.is_empty() {
        return Err(wrong);
    }
    let id = &document.release.id;
    if draft.state.over().contains_key(id) {
        return Ok(());
    }
    let (release, file, text) = (id.clone(), file.to_owned(), document.text().clone());
    let Some(entry) = draft.state.entries().get(id) else {
        let paused = draft.state.is_new();
        draft.add(Event::Seen { release, file, document: text, paused });
        return Ok(());
    };
    let before = &entry.document.release;
    if document.release.keeping_alphas_of(before) == *before {
        let is_same_text = entry.document.text() == document.text();
        match entry.file.as_deref() {
            // It means the same; what stands there is known all the same.
            _ if !is_same_text => draft.add(Event::Changed { release, file, document: text, push: None }),
            known if known != Some(file.as_str()) => draft.add(Event::File { release, file: Some(file) }),
            _ => {}
        }
        return Ok(());
    }
    let Some(ramp) = &entry.ramp else {
        draft.add(Event::Changed { release, file, document: text, push: None });
        return Ok(());
    };
    let changed = |push| Event::Changed { release: release.clone(), file: file.clone(), document: text.clone(), push };
    let has_begun = ramp.step.is_some();
    let is_pushed =
        has_begun && (before.rules != document.release.rules || before.overrides != document.release.overrides);
    if is_pushed {
        let problems = draft.problems_with(changed(None));
        if !problems.is_empty() {
            return Err(problems);
        }
    }
    draft.add(changed(is_pushed.then_some(draft.push)));
    Ok(())
}

/// What a release's file says was taken back.
pub fn refuse(draft: &mut Draft<'_>, id: &str) {
    let file = draft.state.entries().get(id).and_then(|entry| entry.file.clone());
    if let Some(file) = file.filter(|file| !draft.state.bad().contains_key(file)) {
        bad(draft, &file, Some(id), vec![held_back()]);
    }
}

/// Of releases whose file is gone one in force goes on, and one in the queue is withdrawn, if it can be in no bad file.
fn without_file(draft: &mut Draft<'_>, files: &[File]) {
    let has = |id: &str| {
        files.iter().any(|file| match &file.document {
            Ok(document) => document.release.id == id,
            Err(bad) => bad.release.as_deref().is_none_or(|release| release == id),
        })
    };
    for id in draft.ids(|_| true) {
        let Some(entry) = draft.state.entries().get(&id) else { continue };
        let may_be_bad = entry.file.as_ref().is_some_and(|name| draft.state.bad().contains_key(name));
        match &entry.ramp {
            _ if has(&id) || may_be_bad => {}
            None => draft.add(Event::Withdrawn { release: id }),
            Some(_) if entry.file.is_some() => draft.add(Event::File { release: id, file: None }),
            Some(_) => {}
        }
    }
}

fn bad(draft: &mut Draft<'_>, file: &str, release: Option<&str>, problems: Vec<Trouble>) {
    if !problems.is_empty() && draft.state.bad().get(file) != Some(&problems) {
        draft.add(Event::Bad { file: file.to_owned(), release: release.map(str::to_owned), problems });
    }
}

fn good(draft: &mut Draft<'_>, file: &str) {
    if draft.state.bad().contains_key(file) {
        draft.add(Event::Good { file: file.to_owned() });
    }
}
