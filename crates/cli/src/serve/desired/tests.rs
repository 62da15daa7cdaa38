//! What the files propose and what the state says in, what is desired out; no files.

use std::sync::Arc;

use serde_json::json;
use weir_policy::{AttachmentFile, Checked, Format, Revision, Role, Source, SourceId, Sources};

use super::*;
use crate::effective::{self, People};
use crate::serve::written::WrittenAttachments;

/// A good policy that differs by its number.
fn policy(number: u32) -> Arc<Checked> {
    let text = json!({"version": 1, "env_tag": {"header": format!("x-tag-{number}")}, "layers": []}).to_string();
    Arc::new(
        effective::check(&Sources::of([Source::json("policy.json", text)]), &[SourceId::FIRST], Role::Edge).unwrap(),
    )
}

fn revision(number: u32) -> Revision {
    policy(number).revision
}

fn attachments(more: &str) -> (Sources, WrittenAttachments) {
    let text = format!("weir: 1\nname: shop\n{more}");
    let mut sources = Sources::default();
    let edge = sources.add(Source::from_bytes("edge.yaml", text.into_bytes(), Format::Yaml));
    let files = vec![(edge, AttachmentFile::read(&sources, edge).unwrap())];
    (sources, WrittenAttachments { files, placed: vec![Ok(("shop".into(), "/weir.wasm".into()))] })
}

fn bad(text: &str) -> Failure {
    Failure::Message(format!("{text}\n"))
}

/// Files that say one policy, of which perhaps another one takes effect.
fn files(written: u32, effective: u32) -> Proposal {
    let policy = Effective { written: policy(written), policy: policy(effective), push: 0 };
    let (sources, attachments) = attachments("");
    let people = People { documents: Vec::new(), policy: policy.written.clone() };
    Proposal {
        people: Ok(people),
        policy: Ok(policy),
        sources,
        files: Vec::new(),
        releases: None,
        additions: SourceId::FIRST,
        attachments: Ok(attachments),
        resources: Ok(None),
        routing: None,
        warnings: None,
    }
}

fn bad_files() -> Proposal {
    Proposal { policy: Err(bad("files")), ..files(1, 1) }
}

/// A request for the first policy, over that of a number.
fn back(over: Option<u32>) -> RequestedRollback {
    let over = over.map(|over| revision(over).to_string());
    let request = RollbackRequest { to: revision(1).to_string(), over, refused: None };
    RequestedRollback {
        request,
        policy: Ok(Effective::by_itself(policy(1))),
        last_written: Ok(Some(revision(2).to_string())),
    }
}

/// What is served, over what by a rollback; what is complained of; whether a rollback ended.
type Row = (Option<(u32, Cause)>, Option<u32>, Option<&'static str>, bool);

#[track_caller]
fn check(what: &str, proposal: &Proposal, rollback: Option<&RequestedRollback>, expected: Row) {
    let found = desired(proposal, rollback);
    let is_refused = found.target.is_none() && found.request.is_some();
    let (target, over, complaint, ended) = expected;
    let target = target.map(|(number, cause)| (revision(number).to_string(), cause));
    assert_eq!(found.target.map(|target| (target.deployment.revision(), target.cause)), target, "{what}");
    let over = over.map(|over| revision(over).to_string());
    assert_eq!(found.request.as_ref().and_then(|request| request.over.clone()), over, "{what}");
    let told = found.complaint.map(|failure| failure.text(false));
    assert!(told.is_some() == complaint.is_some(), "{what}: {told:?}");
    assert!(told.unwrap_or_default().contains(complaint.unwrap_or_default()), "{what}");
    assert_eq!(found.notice.is_some(), ended, "{what}");
    let refused = found.request.as_ref().and_then(|request| request.refused.clone());
    assert_eq!(refused.is_some(), is_refused, "{what}: {refused:?}");
    assert!(
        !is_refused || refused.unwrap_or_default().contains(complaint.unwrap_or_default()),
        "{what}: told to whoever asks"
    );
    assert!(rollback.is_none() || found.request.is_some() != ended, "{what}: a request stands until it ends");
}

#[test]
fn the_files_are_served_or_what_somebody_went_back_to_until_they_say_something_new() {
    use Cause::{Files, Rollback};
    let unreadable = || RequestedRollback { last_written: Err(bad("history")), ..back(None) };
    let damaged = || RequestedRollback { policy: Err(bad("damaged")), ..back(Some(2)) };
    let table: [(&str, Proposal, Option<RequestedRollback>, Row); 12] = [
        ("good files", files(2, 2), None, (Some((2, Files)), None, None, false)),
        ("bad files", bad_files(), None, (None, None, Some("files"), false)),
        ("a new request", files(2, 2), Some(back(None)), (Some((1, Rollback)), Some(2), None, false)),
        ("the same files", files(2, 2), Some(back(Some(2))), (Some((1, Rollback)), Some(2), None, false)),
        ("files turn bad", bad_files(), Some(back(Some(3))), (Some((1, Rollback)), Some(3), Some("files"), false)),
        ("over bad files", bad_files(), Some(back(None)), (Some((1, Rollback)), Some(2), Some("files"), false)),
        ("nobody knows over what", bad_files(), Some(unreadable()), (None, None, Some("history"), false)),
        ("new files", files(3, 3), Some(back(Some(2))), (Some((3, Files)), None, None, true)),
        ("what is gone back to is bad", files(2, 2), Some(damaged()), (None, Some(2), Some("damaged"), false)),
        // What takes effect of the same files is another policy than before, say by the step of a release.
        ("an effect of its own", files(2, 5), None, (Some((5, Files)), None, None, false)),
        ("over another effect", files(2, 5), Some(back(None)), (Some((1, Rollback)), Some(2), None, false)),
        ("another effect of them", files(2, 6), Some(back(Some(2))), (Some((1, Rollback)), Some(2), None, false)),
    ];
    for (what, proposal, rollback, row) in table {
        check(what, &proposal, rollback.as_ref(), row);
    }
}

#[test]
fn a_policy_that_the_attachments_do_not_fit_is_not_served() {
    let attachments = |more| {
        let (sources, attachments) = attachments(more);
        Proposal { sources, attachments: Ok(attachments), ..files(2, 2) }
    };
    let unfit = "log_unit: user\n";
    let told = "unknown_unit";
    check("the files' own", &attachments(unfit), None, (None, None, Some(told), false));
    // As long as the attachments are bad nobody knows what the files say.
    check("a kept one", &attachments(unfit), Some(&back(Some(3))), (None, Some(3), Some(told), false));
    let unread = || Proposal { attachments: Err(bad("edge.yaml")), ..files(3, 3) };
    check("none can be read", &unread(), Some(&back(Some(2))), (None, Some(2), Some("edge.yaml"), false));
    let resources = Proposal { resources: Err(bad("clusters.yaml")), ..files(2, 2) };
    check("resources", &resources, None, (None, None, Some("clusters.yaml"), false));
}

#[test]
fn a_start_serves_what_was_in_force_last_if_nothing_else() {
    let at_start = |proposal: &Proposal, last| {
        let desired = desired(proposal, None).or_last_in_force(proposal, last);
        let target = desired.target.map(|target| (target.deployment.revision(), target.cause));
        (target, desired.complaint.map(|failure| failure.text(false)))
    };
    let last = || Ok(Some((Effective::by_itself(policy(1)), Cause::Rollback)));
    let [first, second] = [1, 2].map(|number| revision(number).to_string());
    assert_eq!(at_start(&files(2, 2), last()), (Some((second, Cause::Files)), None));
    assert_eq!(at_start(&bad_files(), last()), (Some((first, Cause::Rollback)), Some("files\n".into())));
    assert_eq!(at_start(&bad_files(), Ok(None)), (None, Some("files\n".into())));
    assert_eq!(at_start(&bad_files(), Err(bad("damaged"))), (None, Some("files\ndamaged\n".into())));
}
