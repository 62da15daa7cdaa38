//! State folders with journals, and the command on them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use jiff::SignedDuration;
use serde_json::{Value, json};
use weir_policy::Range;
use weir_release::evidence::{Counts, Evidence, TICK};
use weir_release::journal::{By, Event, Format, Text};
use weir_release::judge::{Inputs, Verdict};
use weir_release::state::State;
use weir_release::{Running, Tick};

/// A state folder and its journal.
pub struct Folder {
    folder: tempfile::TempDir,
    state: State,
    lines: Vec<String>,
}

/// What a command said.
#[derive(Debug)]
pub struct Said {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Folder {
    /// A folder as a server leaves it, with a journal of these events.
    pub fn of(events: impl IntoIterator<Item = Event>) -> Folder {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("state/revisions")).unwrap();
        fs::create_dir_all(folder.path().join("state/releases")).unwrap();
        let mut folder = Folder { folder, state: State::default(), lines: Vec::new() };
        folder.append(events);
        folder
    }

    /// Adds events to the journal, one a minute.
    pub fn append(&mut self, events: impl IntoIterator<Item = Event>) {
        for event in events {
            let at = format!("2026-12-01T01:{:02}:00Z", self.state.number()).parse().unwrap();
            let is_ours = event.request().is_some();
            let by = is_ours.then(|| By { user: "ann".into(), host: "web-1".into() });
            let line = self.state.line(at, by, event);
            self.state.apply(&line).unwrap();
            self.lines.push(serde_json::to_string(&line).unwrap());
        }
        fs::write(self.journal(), self.lines.join("\n") + "\n").unwrap();
    }

    /// Begins the file anew with what all lines come to, as a server does with one that is large.
    pub fn rotate(&mut self) {
        self.lines = vec![self.state.kept("2026-12-01T01:30:00Z".parse().unwrap()).unwrap()];
        self.append([]);
    }

    /// Judges a release after so many ticks of ten seconds, in each of which both arms had these requests, and these bad ones.
    pub fn judge(&mut self, id: &str, ticks: usize, requests: u64, bad: [u64; 2]) -> Verdict {
        let entry = &self.state.entries()[id];
        let (release, stand) = (&entry.document.release, self.state.stand(id).unwrap());
        let (mut running, mut now) = (Running::default(), stand.begun);
        for _ in 0..ticks {
            let evidence = Evidence { mark: Some(stand.push.to_string()), counts: counts(id, requests, bad) };
            now += SignedDuration::try_from(TICK).unwrap();
            let poll = Some(vec![evidence]);
            let tick = Tick { now, since: Some(TICK), poll, answered: stand.push, ..Tick::default() };
            running.observe(release, stand.step, stand.push, &tick);
        }
        let inputs = Inputs { revision: entry.document.digest(), stand, running, now };
        let verdict = inputs.judge(release);
        let (inputs, told) = (Box::new(inputs), Box::new(verdict.clone()));
        self.append([Event::Verdict { release: id.into(), verdict: told, inputs }]);
        verdict
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    pub fn journal(&self) -> PathBuf {
        self.path().join("state/releases/journal.jsonl")
    }

    /// The requests that wait, as they stand in their files, with the paths of these.
    pub fn requests(&self) -> Vec<(PathBuf, Value)> {
        let entries = fs::read_dir(self.path().join("state/releases/requests"));
        let paths = entries.into_iter().flatten().map(|entry| entry.unwrap().path());
        let requests = paths.filter(|path| path.extension().is_some_and(|kind| kind == "json"));
        requests.map(|path| (path.clone(), serde_json::from_slice(&fs::read(path).unwrap()).unwrap())).collect()
    }

    /// `weir release` with these words and the folder's state.
    pub fn command(&self, words: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_weir"));
        command.arg("release").args(words.split(' ')).args(["--state", "state"]).current_dir(self.path());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    pub fn say(&self, words: &str) -> Said {
        said(self.command(words))
    }

    /// The same with one more word, which may have blanks.
    pub fn say_with(&self, words: &str, last: [&str; 2]) -> Said {
        let mut command = self.command(words);
        command.args(last);
        said(command)
    }
}

fn said(mut command: Command) -> Said {
    let output = command.output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Said { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
}

/// Requests of both arms, spread over the parts, with so many bad ones of canary and of control.
fn counts(id: &str, requests: u64, bad: [u64; 2]) -> Counts {
    let spread = |count: u64| (0..16).map(|part| count / 16 + u64::from(part < count % 16)).collect::<Vec<u64>>();
    let arm = |bad: u64| json!({"all": spread(requests), "error": spread(bad)});
    serde_json::from_value(json!({id: {"canary": arm(bad[0]), "control": arm(bad[1])}})).unwrap()
}

pub fn seen(id: &str) -> Event {
    let text = format!(
        "release: 1
id: {id}
kind: release
unit: user
services: {{{id}.shop: v2}}
steps: [{{share: 5%, hold: 10m}}, {{share: 50%, hold: 1h, approve: true}}, {{share: 100%}}]
"
    );
    let document = Text { format: Format::Yaml, text };
    Event::Seen { release: id.into(), file: format!("releases/{id}.yaml"), document, paused: false }
}

pub fn started(id: &str, push: u64) -> Event {
    Event::Started { release: id.into(), slots: vec![Range { start: 0, end: 1_000_000 }], push }
}

pub fn begun(id: &str, step: usize, push: u64) -> Event {
    let share = [50_000, 500_000, 1_000_000][step];
    Event::Begun { release: id.into(), step, share, passed: false, push }
}

/// One that is at its first step.
pub fn running(id: &str) -> [Event; 3] {
    [seen(id), started(id, 1), begun(id, 0, 2)]
}
