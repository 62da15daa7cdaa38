//! The envelope: a policy with where and how the filter is put, in one text. `weir serve` and `weir render` write it, the filter opens it.

use std::str::FromStr;

use serde_json::{Map, Value as Json, json};

use crate::attachment::{self, Attachment, Module, Sticky};
use crate::check::{check, env_tag_names};
use crate::document::fields::{self, Fields};
use crate::document::{At, Path, Problem, Problems, SourceId, Spanned, Step, codes, json as json_text};
use crate::limits;
use crate::model::{EnvTag, Model};
use crate::offer::Offer;
use crate::revision::Revision;
use crate::written::{self, Policy};

/// Bytes of an envelope beside its policy.
pub const ENVELOPE_BYTES_MAX: usize = 64 << 10;

/// An envelope that can be served.
#[derive(Debug)]
pub struct Opened {
    /// What its policy means.
    pub model: Model,
    /// Where and how the filter is put.
    pub attachment: Attachment,
    /// The revision it says it has, else that of its policy.
    pub revision: Revision,
}

/// An envelope that is not to be served.
#[derive(Debug)]
pub struct Refused {
    /// Everything that is wrong with it.
    pub problems: Vec<Problem>,
    /// The revision it says it has.
    pub revision: Option<Revision>,
    /// Where and how the filter is put, as far as it can be read.
    pub attachment: Attachment,
    /// The names to strip by: those of the policy if they are good, else the defaults.
    pub env_tag: EnvTag,
}

impl Attachment {
    /// The envelope that carries a policy to this attachment: JSON, one line.
    pub fn envelope(&self, revision: Revision, policy: &str) -> String {
        let mut head = self.head();
        head.insert("revision".to_owned(), json!(revision.to_string()));
        // The policy may be 32 MiB of text that is JSON already: it is put in as it is.
        let mut text = Json::Object(head).to_string();
        text.pop();
        text.push_str(",\"policy\":");
        text.push_str(policy);
        text.push('}');
        text
    }
}

impl Attachment {
    /// The same with the offer of it: over all that it says, where its module lies, and the Envoy resources that are served
    /// beside it, a line each.
    #[must_use]
    pub fn with_offer(&self, module: Option<&Module>, resources: &[String]) -> Attachment {
        let mut attachment = Attachment { offer: None, ..self.clone() };
        let offered = json!([attachment.head(), module.map(Module::text), resources]);
        attachment.offer = Some(Offer::of(&offered.to_string()));
        attachment
    }

    /// Its fields as an envelope has them.
    fn head(&self) -> Map<String, Json> {
        let mut head = Map::new();
        let mut say = |field: &str, value: Json| head.insert(field.to_owned(), value);
        say("weir", json!(1));
        for (field, word) in [("role", self.role.name()), ("steer", self.steer.name()), ("trace", self.trace.name())] {
            say(field, json!(word));
        }
        let offer = self.offer.map(|offer| offer.to_string());
        let join = self.join.map(|join| join.name().to_owned());
        for (field, text) in [("name", &self.name), ("log_unit", &self.log_unit), ("join", &join), ("offer", &offer)] {
            if let Some(text) = text {
                say(field, json!(text));
            }
        }
        let sticky = |one: &Sticky| json!({ "id": one.id, "unit": one.unit, "header": one.header });
        if !self.sticky.is_empty() {
            say("sticky", self.sticky.iter().map(sticky).collect());
        }
        head
    }
}

/// Opens an envelope in JSON.
///
/// # Errors
/// Everything that is wrong, and what is known all the same.
pub fn open(bytes: &[u8]) -> Result<Opened, Box<Refused>> {
    let max = limits::POLICY_BYTES_MAX.saturating_add(ENVELOPE_BYTES_MAX);
    if bytes.len() > max {
        let mut problems = Problems::default();
        problems.add(codes::LIMIT, &At::Root { source: SourceId::FIRST }, limits::too_large(bytes.len(), max));
        return Err(refused(problems, None, Attachment::default(), EnvTag::default()));
    }
    match json_text::parse(bytes, SourceId::FIRST) {
        Ok(node) => open_document(node),
        Err(problem) => {
            let mut problems = Problems::default();
            problems.push(problem);
            Err(refused(problems, None, Attachment::default(), EnvTag::default()))
        }
    }
}

/// Opens an envelope that has been read as a document.
///
/// # Errors
/// Everything that is wrong, and what is known all the same.
pub fn open_document(node: Spanned) -> Result<Opened, Box<Refused>> {
    let mut problems = Problems::default();
    let Some(envelope) = Envelope::read(node, &mut problems) else {
        return Err(refused(problems, None, Attachment::default(), EnvTag::default()));
    };
    let Envelope { attachment, revision, policy } = envelope;
    let Some(node) = policy else {
        return Err(refused(problems, revision, attachment, EnvTag::default()));
    };
    // Read on its own, so that a bad policy is at least stripped by the names it uses.
    let names = written::env_tag_alone(&node);
    let root = At::Root { source: SourceId::FIRST };
    let policy = Policy::read(node, &root.key("policy"), &mut problems);
    let checked = check(&[policy], attachment.role);
    if let Ok(model) = &checked {
        problems.extend(attachment.problems_with(model, SourceId::FIRST));
    }
    match checked {
        Ok(model) if problems.is_empty() => {
            let revision = revision.unwrap_or_else(|| Revision::of(&model.canonical()));
            Ok(Opened { model, attachment, revision })
        }
        checked => {
            problems.extend(checked.err().unwrap_or_default().into_iter().map(|problem| inside("policy", problem)));
            Err(refused(problems, revision, attachment, names.map(env_tag_names).unwrap_or_default()))
        }
    }
}

/// An envelope with its policy still unread.
struct Envelope {
    attachment: Attachment,
    revision: Option<Revision>,
    policy: Option<Spanned>,
}

impl Envelope {
    /// Reads an envelope; `None` if it is not even an object.
    ///
    /// Fields that it does not know are of a newer server, which may be ahead of its filters, and are passed over. Values
    /// that it does not know, and fields of the policy, would change what is decided, and are problems.
    fn read(node: Spanned, problems: &mut Problems) -> Option<Envelope> {
        let at = At::Root { source: SourceId::FIRST };
        let mut fields = Fields::open(node, &at, problems)?;
        let mut attachment = attachment::attachment(&mut fields, &at, problems);
        attachment.offer = digits(&mut fields, "offer", 8, &at, problems);
        let revision = digits(&mut fields, "revision", 12, &at, problems);
        let policy = fields.require("policy", problems);
        Some(Envelope { attachment, revision, policy })
    }
}

/// A field of so many hex digits.
fn digits<T: FromStr>(
    fields: &mut Fields<'_>,
    name: &'static str,
    count: usize,
    at: &At<'_>,
    problems: &mut Problems,
) -> Option<T> {
    let node = fields.take(name)?;
    let at = at.key(name);
    let text = fields::string(node, &at, problems)?;
    let read = text.parse().ok();
    if read.is_none() {
        problems.add(codes::BAD_VALUE, &at, format!("found {text:?}; {count} lower-case hex digits would do"));
    }
    read
}

fn refused(problems: Problems, revision: Option<Revision>, attachment: Attachment, env_tag: EnvTag) -> Box<Refused> {
    Box::new(Refused { problems: problems.into_vec(), revision, attachment, env_tag })
}

/// A problem of a part, as one of the whole.
fn inside(key: &str, mut problem: Problem) -> Problem {
    let mut steps = vec![Step::Key(key.to_owned())];
    steps.append(&mut problem.path.0);
    problem.path = Path(steps);
    problem
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{AttachmentFile, Code, Join, Role, Source, Sources, Steer, Trace};

    #[track_caller]
    fn problems(envelope: &str) -> Vec<(Code, String)> {
        let refused = open(envelope.as_bytes()).unwrap_err();
        refused.problems.into_iter().map(|problem| (problem.code, problem.path.to_string())).collect()
    }

    #[test]
    fn a_field_of_a_newer_server_is_passed_over_but_not_in_a_policy_nor_in_a_file() {
        let opened = open(br#"{"weir": 1, "role": "mesh", "later": {"a": [1.5]}, "policy": {"version": 1}}"#).unwrap();
        assert_eq!(opened.attachment.role, Role::Mesh);
        let in_policy = r#"{"weir": 1, "later": 1, "policy": {"version": 1, "later": 1}}"#;
        assert_eq!(problems(in_policy), [(codes::UNKNOWN_FIELD, "policy.later".to_owned())]);
        let file = Source::json("attach.json", r#"{"weir": 1, "name": "a", "later": 1}"#);
        let found = AttachmentFile::read(&Sources::of([file]), SourceId::FIRST).unwrap_err();
        assert_eq!(found.iter().map(|problem| problem.code).collect::<Vec<_>>(), [codes::UNKNOWN_FIELD]);
    }

    #[test]
    fn a_value_that_a_newer_server_knows_is_a_problem() {
        let envelope = r#"{"weir": 1, "role": "egress", "steer": "header", "policy": {"version": 1}}"#;
        assert_eq!(problems(envelope), [(codes::BAD_VALUE, "role".to_owned()), (codes::BAD_VALUE, "steer".to_owned())]);
        let later = r#"{"weir": 2, "policy": {"version": 1}}"#;
        assert_eq!(problems(later), [(codes::BAD_VALUE, "weir".to_owned())]);
    }

    #[test]
    fn what_is_refused_still_says_whose_it_is() {
        let envelope = br#"{"weir": 1, "name": "gw", "role": "mesh", "revision": "0123456789ab",
            "policy": {"version": 1, "env_tag": {"header": "X-Lane"}, "later": 1}}"#;
        let refused = open(envelope).unwrap_err();
        assert_eq!(refused.revision.unwrap().to_string(), "0123456789ab");
        assert_eq!((refused.attachment.name.as_deref(), refused.attachment.role), (Some("gw"), Role::Mesh));
        assert_eq!(refused.env_tag.header, "x-lane");
    }

    #[test]
    fn what_is_written_opens_as_it_was() {
        let attachment = Attachment { name: Some("gw".to_owned()), role: Role::Inbound, ..Attachment::default() };
        let revision: Revision = "0123456789ab".parse().unwrap();
        for attachment in [attachment.with_offer(None, &[]), attachment] {
            let opened = open(attachment.envelope(revision, r#"{"version":1}"#).as_bytes()).unwrap();
            assert_eq!((opened.attachment, opened.revision), (attachment, revision));
            assert_eq!(opened.model.canonical(), r#"{"version":1}"#);
        }
    }

    #[test]
    fn an_offer_is_eight_digits_of_an_envelope_and_stands_in_no_file() {
        let offer = |offer: &str| format!(r#"{{"weir": 1, "offer": {offer}, "policy": {{"version": 1}}}}"#);
        for (digits, number) in [("00000000", 0), ("0000000f", 15), ("deadbeef", 0xdead_beef)] {
            let opened = open(offer(&format!("{digits:?}")).as_bytes()).unwrap();
            let read = opened.attachment.offer.unwrap();
            assert_eq!((read.to_string().as_str(), read.number()), (digits, number));
        }
        for bad in [r#""0123456""#, r#""012345678""#, r#""0123456F""#, r#""+1234567""#, r#""""#] {
            assert_eq!(problems(&offer(bad)), [(codes::BAD_VALUE, "offer".to_owned())], "{bad}");
        }
        assert_eq!(problems(&offer("12345678")), [(codes::UNQUOTED_NUMBER, "offer".to_owned())]);
        let file = Source::json("attach.json", r#"{"weir": 1, "name": "a", "offer": "01234567"}"#);
        let found = AttachmentFile::read(&Sources::of([file]), SourceId::FIRST).unwrap_err();
        assert_eq!(found.iter().map(|problem| problem.code).collect::<Vec<_>>(), [codes::UNKNOWN_FIELD]);
    }

    #[test]
    fn an_offer_is_of_all_that_is_served_beside_the_policy() {
        let resources = ["route shop 1".to_owned(), "cluster owl 1".to_owned()];
        let file = |path: &str| Module::File(path.to_owned());
        let one = Attachment { name: Some("gw".to_owned()), ..Attachment::default() };
        let with = |attachment: &Attachment, path: &str, resources: &[String]| {
            attachment.with_offer(Some(&file(path)), resources).offer.unwrap()
        };
        let first = with(&one, "/weir.wasm", &resources);
        assert_eq!(with(&one.with_offer(None, &[]), "/weir.wasm", &resources), first, "an offer is no part of itself");
        let mut others = vec![with(&one, "/other.wasm", &resources), with(&one, "/weir.wasm", &resources[1..])];
        others.push(one.with_offer(None, &resources).offer.unwrap());
        for other in [
            Attachment { name: Some("other".to_owned()), ..one.clone() },
            Attachment { role: Role::Mesh, ..one.clone() },
            Attachment { steer: Steer::Subset, ..one.clone() },
            Attachment { trace: Trace::All, ..one.clone() },
            Attachment { log_unit: Some("user".to_owned()), ..one.clone() },
            Attachment { join: Some(Join::Traceparent), ..one.clone() },
        ] {
            others.push(with(&other, "/weir.wasm", &resources));
        }
        for (i, offer) in others.iter().enumerate() {
            assert!(*offer != first && !others[..i].contains(offer), "{i}: {offer}");
        }
    }
}
