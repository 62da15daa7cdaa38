//! Where and how the filter is put: the envelope that Envoy hands the filter, and the file a person writes.

use serde_json::json;

use crate::canonical::Revision;
use crate::check::is_id;
use crate::document::{Node, Value};
use crate::fields::{self, Fields};
use crate::problem::{At, Code, Problem, Problems};
use crate::source::Source;

/// What the filter does with the tags of a request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Role {
    /// Decides and stamps.
    #[default]
    Edge,
    /// Follows the tags it is given.
    Mesh,
    /// Changes nothing.
    Inbound,
}

/// How a decision becomes a route.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Steer {
    /// Routes match the tag header.
    #[default]
    Tag,
    /// Routes match `x-weir-subset`.
    Subset,
}

/// Which layers the filter state names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Trace {
    /// Those that an experiment owned or forced.
    #[default]
    Shaped,
    /// All.
    All,
}

const ROLES: [(&str, Role); 3] = [("edge", Role::Edge), ("mesh", Role::Mesh), ("inbound", Role::Inbound)];
const STEERS: [(&str, Option<Steer>); 3] =
    [("tag", Some(Steer::Tag)), ("subset", Some(Steer::Subset)), ("cluster", None)];
const TRACES: [(&str, Trace); 2] = [("shaped", Trace::Shaped), ("all", Trace::All)];

impl Role {
    /// As it is written.
    pub fn name(self) -> &'static str {
        name_in(&ROLES, self)
    }
}

impl std::str::FromStr for Role {
    type Err = String;

    fn from_str(text: &str) -> Result<Role, String> {
        let found = ROLES.iter().find(|(name, _)| *name == text);
        found.map(|(_, role)| *role).ok_or_else(|| format!("found {text:?}; edge, mesh or inbound would do"))
    }
}

impl Steer {
    /// As it is written.
    pub fn name(self) -> &'static str {
        name_in(&STEERS, Some(self))
    }
}

impl Trace {
    /// As it is written.
    pub fn name(self) -> &'static str {
        name_in(&TRACES, self)
    }
}

fn name_in<T: PartialEq>(words: &[(&'static str, T)], value: T) -> &'static str {
    words.iter().find(|(_, known)| *known == value).map_or("", |(name, _)| name)
}

/// Where and how the filter is put.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Attachment {
    /// Names the attachment in gauges and logs; an id.
    pub name: Option<String>,
    /// What the filter does.
    pub role: Role,
    /// How a decision becomes a route.
    pub steer: Steer,
    /// Which layers the filter state names.
    pub trace: Trace,
}

/// An attachment as a person writes it: the envelope's fields without policy and revision, and where the module lies.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AttachmentFile {
    /// What goes into the envelope.
    pub attachment: Attachment,
    /// The module's file, as written: relative to the attachment file.
    pub wasm: Option<String>,
}

impl AttachmentFile {
    /// Reads an attachment file.
    ///
    /// # Errors
    /// Every problem that was found, each with its place.
    pub fn read(source: &Source) -> Result<AttachmentFile, Vec<Problem>> {
        let (node, found) = source.parse(0);
        let mut problems = Problems::default();
        problems.extend(found);
        let file = AttachmentFile::read_fields(node, &mut problems);
        match file {
            Some(file) if problems.is_empty() => Ok(file),
            _ => {
                let mut problems = problems.into_vec();
                source.locate(&mut problems);
                Err(problems)
            }
        }
    }

    fn read_fields(node: Node, problems: &mut Problems) -> Option<AttachmentFile> {
        let at = At::Root { document: 0 };
        let mut fields = Fields::open(node, &at, problems)?;
        let attachment = attachment(&mut fields, &at, problems);
        let wasm = fields.take("wasm").and_then(|node| {
            let at = at.key("wasm");
            let mut fields = Fields::open(node, &at, problems)?;
            let file =
                fields.require("file", problems).and_then(|node| fields::string(node, &at.key("file"), problems));
            fields.finish(problems);
            file
        });
        fields.finish(problems);
        Some(AttachmentFile { attachment, wasm })
    }
}

impl Attachment {
    /// The envelope that carries a policy to this attachment: JSON, one line.
    pub fn envelope(&self, revision: Revision, policy: &str) -> String {
        let mut head = json!({
            "weir": 1,
            "role": self.role.name(),
            "steer": self.steer.name(),
            "trace": self.trace.name(),
            "revision": revision.to_string(),
        });
        if let (Some(name), Some(object)) = (&self.name, head.as_object_mut()) {
            object.insert("name".to_owned(), json!(name));
        }
        // The policy may be 32 MiB of text that is JSON already: it is put in as it is.
        let mut text = head.to_string();
        text.pop();
        text.push_str(",\"policy\":");
        text.push_str(policy);
        text.push('}');
        text
    }
}

/// An envelope with its policy still unread.
pub(crate) struct Envelope {
    pub(crate) attachment: Attachment,
    pub(crate) revision: Option<Revision>,
    pub(crate) policy: Option<Node>,
}

impl Envelope {
    /// Reads an envelope; `None` if it is not even an object.
    pub(crate) fn read(node: Node, problems: &mut Problems) -> Option<Envelope> {
        let at = At::Root { document: 0 };
        let mut fields = Fields::open(node, &at, problems)?;
        let attachment = attachment(&mut fields, &at, problems);
        let revision = fields.take("revision").and_then(|node| {
            let at = at.key("revision");
            let text = fields::string(node, &at, problems)?;
            let revision = text.parse().ok();
            if revision.is_none() {
                problems.add(Code::BadValue, &at, format!("found {text:?}; 12 lower-case hex digits would do"));
            }
            revision
        });
        let policy = fields.require("policy", problems);
        fields.finish(problems);
        Some(Envelope { attachment, revision, policy })
    }
}

fn attachment(fields: &mut Fields<'_>, at: &At<'_>, problems: &mut Problems) -> Attachment {
    if let Some(node) = fields.require("weir", problems)
        && !matches!(node.value, Value::Int(1) | Value::Unreadable)
    {
        problems.add(
            Code::BadValue,
            &at.key("weir"),
            format!("found {}; this Weir reads weir: 1", node.value.describe()),
        );
    }
    let name = fields.take("name").and_then(|node| {
        let text = fields::string(node, &at.key("name"), problems)?;
        if is_id(&text) {
            return Some(text);
        }
        problems.add(Code::BadId, &at.key("name"), format!("found {text:?}; a name is 1 to 64 of A-Z a-z 0-9 . _ -"));
        None
    });
    let role = fields.take("role").and_then(|node| fields::word(node, &ROLES, &at.key("role"), problems));
    let steer = fields.take("steer").and_then(|node| fields::word(node, &STEERS, &at.key("steer"), problems));
    let trace = fields.take("trace").and_then(|node| fields::word(node, &TRACES, &at.key("trace"), problems));
    if steer == Some(None) {
        problems.add(Code::Unsupported, &at.key("steer"), "this version of Weir steers by tag or subset");
    }
    for name in ["sticky", "log_unit"] {
        if fields.take(name).is_some() {
            problems.add(
                Code::Unsupported,
                &at.key(name),
                format!("this version of Weir cannot do `{name}`; leave it out"),
            );
        }
    }
    Attachment {
        name,
        role: role.unwrap_or_default(),
        steer: steer.flatten().unwrap_or_default(),
        trace: trace.unwrap_or_default(),
    }
}
