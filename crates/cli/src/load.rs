//! Files to models: the only place of the tool that reads policies and attachments from disk.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use weir_policy::written::Policy;
use weir_policy::{
    Attachment, AttachmentFile, Checked, Format, Model, Module, Problem, Role, Source, SourceId, Sources,
};
use weir_release::effective::{InForce, Stage};
use weir_release::state::State;
use weir_release::{Around, Release};

use crate::effective::{Additions, Effective, People};
use crate::problems::Failure;
use crate::state_dir::StateDir;

/// An attachment with the policy as it is sent there, and the texts of both.
pub struct Attached {
    /// The texts.
    pub sources: Sources,
    /// The attachment.
    pub file: AttachmentFile,
    /// The documents of the policy, as they take effect.
    pub documents: Vec<Policy>,
    /// The policy as it is sent.
    pub policy: Checked,
}

/// Reads an attachment and the policy as it is sent there, which must have what the attachment asks for. Without a file
/// the attachment is an edge that steers by tag; `role` takes the place of the file's.
pub fn attached(
    attach: Option<&Path>,
    role: Option<Role>,
    policy: &Path,
    releases: &WithReleases,
) -> Result<Attached, Failure> {
    let mut sources = Sources::default();
    let read = |path| {
        let source = sources.add(source(path)?);
        let file = AttachmentFile::read(&sources, source).map_err(|found| Failure::problems(&sources, found))?;
        Ok((source, file))
    };
    let mut attachment = attach.map(read).transpose()?;
    let mut default = AttachmentFile::default();
    let file = attachment.as_mut().map_or(&mut default, |(_, file)| file);
    file.attachment.role = role.unwrap_or(file.attachment.role);
    let role = file.attachment.role;
    let files = policy_files(policy, &mut sources)?;
    let (policy, documents) = releases.effective(&mut sources, &files, role)?;
    check_fit(&sources, attachment.as_slice(), &policy.model)?;
    let file = attachment.map_or(default, |(_, file)| file);
    let policy = policy.sent_to(&file.attachment);
    Ok(Attached { sources, file, documents, policy })
}

/// The policy of these texts as it takes effect, and its documents.
pub fn effective(sources: &Sources, files: &[SourceId], role: Role) -> Result<(Checked, Vec<Policy>), Failure> {
    let (effective, documents) = Effective::with_documents(sources, files, role)?;
    Ok((Arc::unwrap_or_clone(effective.policy), documents))
}

/// Releases beside a policy, for who looks at what takes effect with them.
#[derive(Args, Default)]
pub struct WithReleases {
    /// Documents of releases, a file or a folder: each that is not over is in the policy as by its first push, by which its tags and
    /// routes are known and nobody is dealt; with --state as it stands if it is in force there
    #[arg(long, value_name = "PATH")]
    releases: Option<PathBuf>,
    /// The folder that weir serve was given as --state: releases in force there are in the policy as they stand
    #[arg(long, value_name = "DIR")]
    state: Option<PathBuf>,
}

/// A policy with releases.
pub struct Planned {
    /// As it takes effect.
    pub policy: Checked,
    /// Those that are in force or wait, by id.
    pub releases: Vec<Release>,
}

impl WithReleases {
    /// Whether there may be any.
    pub fn is_given(&self) -> bool {
        self.releases.is_some() || self.state.is_some()
    }

    /// The policy of these texts as it takes effect with releases, and its documents.
    fn effective(
        &self,
        sources: &mut Sources,
        files: &[SourceId],
        role: Role,
    ) -> Result<(Checked, Vec<Policy>), Failure> {
        let releases = self.documents(sources)?;
        let state = self.state()?;
        with_releases(sources, files, role, releases.as_deref(), self.state.as_ref().map(|_| &state), true)
    }

    /// The policy in these files as it takes effect with releases, and the releases that are not over.
    pub fn planned(&self, policy: &Path) -> Result<Planned, Failure> {
        let mut sources = Sources::default();
        let files = policy_files(policy, &mut sources)?;
        let people = People::read(&sources, &files, Role::Edge)?;
        let state = self.state()?;
        let documents = self.documents(&mut sources)?;
        let known = self.state.as_ref().map(|_| &state);
        let waiting = documents.map(|files| waiting(&sources, &files, &people, known)).transpose()?;
        let mut releases = waiting.unwrap_or_default();
        let (policy, _) = people.with(&mut sources, Role::Edge, &state, &releases)?;
        let running = state.in_force().into_iter().filter(|one| one.stage != Stage::Off);
        releases.extend(running.map(|one| one.release.clone()));
        releases.sort_unstable_by(|one, other| one.id.cmp(&other.id));
        Ok(Planned { policy, releases })
    }

    fn state(&self) -> Result<State, Failure> {
        match &self.state {
            Some(folder) => StateDir::existing(folder)?.releases(),
            None => Ok(State::default()),
        }
    }

    /// The texts of the documents.
    fn documents(&self, sources: &mut Sources) -> Result<Option<Vec<SourceId>>, Failure> {
        self.releases.as_ref().map(|path| add_all(&documents(path, "release")?, sources)).transpose()
    }
}

/// The policy of these texts as it takes effect with the releases of other texts, and with those that are in force in a state; and
/// its documents. Without `waiting` the documents of those that wait are checked, and none of them is in it.
pub fn with_releases(
    sources: &mut Sources,
    files: &[SourceId],
    role: Role,
    releases: Option<&[SourceId]>,
    state: Option<&State>,
    waiting: bool,
) -> Result<(Checked, Vec<Policy>), Failure> {
    let people = People::read(sources, files, role)?;
    let checked = releases.map(|files| self::waiting(sources, files, &people, state)).transpose()?;
    let waiting = checked.filter(|_| waiting).unwrap_or_default();
    let none = State::default();
    people.with(sources, role, state.unwrap_or(&none), &waiting)
}

/// The releases of documents that are neither in force nor over.
fn waiting(
    sources: &Sources,
    files: &[SourceId],
    people: &People,
    state: Option<&State>,
) -> Result<Vec<Release>, Failure> {
    let known = state.map(State::known);
    let around = Around { policy: Some(&people.documents), journal: known.as_ref(), ..Around::default() };
    let entry = |id: &str| state.and_then(|state| state.entries().get(id));
    let releases = releases(sources, files, around)?.into_iter().map(|(_, release)| release);
    Ok(releases.filter(|release| entry(&release.id).is_none_or(|entry| entry.ramp.is_none())).collect())
}

/// The releases of these documents, all of which are good.
pub fn releases(
    sources: &Sources,
    files: &[SourceId],
    around: Around<'_>,
) -> Result<Vec<(SourceId, Release)>, Failure> {
    let read = weir_release::read(sources, files).map(|documents| documents.check(around));
    let checked = read.map_err(|problems| Failure::problems(sources, problems))?;
    if checked.problems.is_empty() { Ok(checked.releases) } else { Err(Failure::problems(sources, checked.problems)) }
}

impl People {
    /// What they wrote as it takes effect with releases of this state and others that wait, and its documents.
    fn with(
        self,
        sources: &mut Sources,
        role: Role,
        state: &State,
        waiting: &[Release],
    ) -> Result<(Checked, Vec<Policy>), Failure> {
        let mut additions = Additions::of(state, SourceId::FIRST);
        additions.in_force.extend(waiting.iter().map(|release| InForce {
            release,
            slots: &[],
            stage: Stage::Announced,
        }));
        if additions.in_force.is_empty() {
            return Ok((Arc::unwrap_or_clone(self.policy), self.documents));
        }
        let additions = additions.at(Additions::source(sources));
        let effective = self.effective(sources, role, &additions)?;
        Ok((Arc::unwrap_or_clone(effective.policy), additions.documents(&self.documents)))
    }
}

/// Several attachments with one policy, which has what each of them asks for.
pub struct Attachments {
    /// The texts of the files.
    pub sources: Sources,
    /// The attachments, each with its text.
    pub files: Vec<(SourceId, AttachmentFile)>,
    /// The whole policy.
    pub policy: Checked,
    /// Its documents, as they take effect.
    pub documents: Vec<Policy>,
}

/// Reads attachments and their policy. Where one of them decides, the policy must have what only deciding needs.
pub fn attachments(attach: &[PathBuf], policy: &Path, releases: &WithReleases) -> Result<Attachments, Failure> {
    let mut sources = Sources::default();
    let files = attachment_files(attach, &mut sources)?;
    let texts = policy_files(policy, &mut sources)?;
    let (policy, documents) = releases.effective(&mut sources, &texts, role(&files))?;
    check_fit(&sources, &files, &policy.model)?;
    Ok(Attachments { sources, files, policy, documents })
}

/// Reads attachments without their policy; their texts are added to the sources.
pub fn attachment_files(attach: &[PathBuf], sources: &mut Sources) -> Result<Vec<(SourceId, AttachmentFile)>, Failure> {
    let ids = add_all(attach, sources)?;
    let (files, problems) = read_attachments(sources, &ids);
    if problems.is_empty() { Ok(files) } else { Err(Failure::problems(sources, problems)) }
}

/// The attachments in these texts that are good, and what is wrong with the others.
pub fn read_attachments(sources: &Sources, ids: &[SourceId]) -> (Vec<(SourceId, AttachmentFile)>, Vec<Problem>) {
    let mut files = Vec::with_capacity(ids.len());
    let mut problems = Vec::new();
    for id in ids {
        match AttachmentFile::read(sources, *id) {
            Ok(file) => files.push((*id, file)),
            Err(found) => problems.extend(found),
        }
    }
    (files, problems)
}

/// The role that a policy of these attachments is checked for.
pub fn role(files: &[(SourceId, AttachmentFile)]) -> Role {
    role_for(files.iter().map(|(_, file)| &file.attachment))
}

/// The same of attachments wherever they stand: deciding, if one of them decides.
pub fn role_for<'a>(mut attachments: impl Iterator<Item = &'a Attachment>) -> Role {
    if attachments.any(|attachment| attachment.role == Role::Edge) { Role::Edge } else { Role::Mesh }
}

/// Whether the policy has what each of these attachments asks for.
pub fn check_fit(sources: &Sources, files: &[(SourceId, AttachmentFile)], model: &Model) -> Result<(), Failure> {
    let problems = misfits(files, model);
    if problems.is_empty() { Ok(()) } else { Err(Failure::problems(sources, problems)) }
}

/// What these attachments ask of the policy and do not get.
pub fn misfits(files: &[(SourceId, AttachmentFile)], model: &Model) -> Vec<Problem> {
    files.iter().flat_map(|(source, file)| file.attachment.problems_with(model, *source)).collect()
}

/// Of an attachment that `weir serve` has nothing to do with.
const BY_MANIFESTS: &str = "its proxies are sent their policy by Istio; write policy: {from: server} where they are to ask weir serve, or do not \
                            give it to weir serve";

/// The module of an attachment for an Envoy that loads a file: a plain one on this machine, where a relative file is taken from
/// where the attachment file lies; or one of Istio's that asks a server, whose container has it, and nobody else need.
pub fn module_file(attach: &Path, file: &AttachmentFile) -> Result<PathBuf, Failure> {
    let what = "write wasm: {file: weir.wasm}, a file on Envoy's machine";
    let attach_name = attach.display();
    let is_by_manifests = file.istio.is_some() && !file.asks_server();
    let no_file = |why: String| {
        let why = if is_by_manifests { BY_MANIFESTS } else { &why };
        Failure::Usage(format!("{attach_name}: {why}"))
    };
    let wasm = match &file.wasm {
        Some(Module::File(wasm)) if file.istio.is_some() && file.asks_server() => return Ok(PathBuf::from(wasm)),
        Some(Module::File(wasm)) => attach.with_file_name(wasm),
        Some(_) => return Err(no_file(format!("a plain Envoy fetches no module; {what}"))),
        None => return Err(Failure::Usage(format!("{attach_name}: says nothing of the module; {what}"))),
    };
    fs::canonicalize(&wasm).map_err(|error| {
        let wasm = wasm.display();
        no_file(format!("wasm file {wasm}: {error}; scripts/build-wasm makes one"))
    })
}

/// The name of an attachment, after which its filter is called.
pub fn name<'a>(attach: &Path, file: &'a AttachmentFile) -> Result<&'a str, Failure> {
    let missing = || Failure::Usage(format!("{}: has no name to call the filter by; add name: shop", attach.display()));
    file.attachment.name.as_deref().ok_or_else(missing)
}

/// The texts of a policy, which are added to the sources: of a file, or of all files of a folder.
pub fn policy_files(path: &Path, sources: &mut Sources) -> Result<Vec<SourceId>, Failure> {
    add_all(&documents(path, "policy")?, sources)
}

/// Adds the texts of files to the sources.
pub fn add_all(paths: &[PathBuf], sources: &mut Sources) -> Result<Vec<SourceId>, Failure> {
    paths.iter().map(|path| Ok(sources.add(source(path)?))).collect()
}

/// The file itself, or all documents of a folder by name.
pub fn documents(path: &Path, what: &str) -> Result<Vec<PathBuf>, Failure> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let mut files: Vec<PathBuf> = Vec::new();
    for entry in fs::read_dir(path).map_err(|error| unreadable(path, &error))? {
        let file = entry.map_err(|error| unreadable(path, &error))?.path();
        if is_document(&file) {
            files.push(file);
        }
    }
    if files.is_empty() {
        return Err(Failure::Usage(format!(
            "{}: no {what} in this folder; it holds no .yaml, .yml or .json file",
            path.display()
        )));
    }
    files.sort_unstable();
    Ok(files)
}

fn is_document(path: &Path) -> bool {
    has_document_name(path) && path.is_file()
}

/// Hidden files are none: editors and Kubernetes keep their own there.
pub fn has_document_name(path: &Path) -> bool {
    let hidden = path.file_name().is_none_or(|name| name.as_encoded_bytes().starts_with(b"."));
    let known =
        path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml" || extension == "json");
    !hidden && known
}

/// Reads a text that is written again, so that every byte of it counts.
pub fn text(path: &Path) -> Result<Source, Failure> {
    let text = fs::read_to_string(path).map_err(|error| unreadable(path, &error))?;
    Ok(Source::yaml(path.display().to_string(), text))
}

/// Reads a document.
pub fn source(path: &Path) -> Result<Source, Failure> {
    let bytes = fs::read(path).map_err(|error| unreadable(path, &error))?;
    Ok(Source::from_bytes(path.display().to_string(), bytes, format(path)))
}

/// What a document of this name is written in.
pub fn format(path: &Path) -> Format {
    let is_json = path.extension().is_some_and(|extension| extension == "json");
    if is_json { Format::Json } else { Format::Yaml }
}

fn unreadable(path: &Path, error: &std::io::Error) -> Failure {
    Failure::Usage(format!("{}: cannot be read: {error}", path.display()))
}
