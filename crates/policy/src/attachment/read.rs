//! Attachments as documents: their fields, each with its problems.

use super::{Attachment, Module, Origin, Role, Sticky};
use crate::check;
use crate::document::fields::{self, Fields};
use crate::document::{At, Kind, Problem, Problems, SourceId, Sources, Spanned, Value, codes};
use crate::limits;

/// An attachment as a person writes it: the envelope's fields without policy and revision, where the module lies, and
/// what other tools need to know.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AttachmentFile {
    /// What goes into the envelope.
    pub attachment: Attachment,
    /// Where the proxy gets the module.
    pub wasm: Option<Module>,
    /// Where the filter gets its policy from, where it is said.
    pub policy: Option<Origin>,
    /// The key `istio`, unread: what it means is said by the crate that writes for Istio.
    pub istio: Option<Spanned>,
    /// The key `envoy`, unread: of the routes that are rendered for a plain Envoy.
    pub envoy: Option<Spanned>,
    /// The key `nodes`, unread: which Envoys `weir serve` sends it to.
    pub nodes: Option<Spanned>,
}

impl AttachmentFile {
    /// Reads an attachment file.
    ///
    /// # Errors
    /// Every problem that was found, each with its place.
    pub fn read(sources: &Sources, id: SourceId) -> Result<AttachmentFile, Vec<Problem>> {
        let mut problems = Problems::default();
        let document = sources.parse_as(Kind::Attachment, id, &mut problems);
        let file = AttachmentFile::read_fields(document, &At::Root { source: id }, &mut problems);
        match file {
            Some(file) if problems.is_empty() => Ok(file),
            _ => {
                let mut problems = problems.into_vec();
                sources.locate(&mut problems);
                Err(problems)
            }
        }
    }

    /// Whether the proxy asks `weir serve` for the policy, so that nothing else is to bring it.
    pub fn asks_server(&self) -> bool {
        self.policy == Some(Origin::Server)
    }

    fn read_fields(node: Spanned, at: &At<'_>, problems: &mut Problems) -> Option<AttachmentFile> {
        let mut fields = Fields::open(node, at, problems)?;
        let attachment = attachment(&mut fields, at, problems);
        let wasm = fields.take("wasm").and_then(|node| Module::read(node, &at.key("wasm"), problems));
        let policy = fields.take("policy").and_then(|node| Origin::read(node, &at.key("policy"), problems));
        let (istio, envoy, nodes) = (fields.take("istio"), fields.take("envoy"), fields.take("nodes"));
        fields.finish(problems);
        Some(AttachmentFile { attachment, wasm, policy, istio, envoy, nodes })
    }
}

impl Attachment {
    /// Reads an attachment that stands in another document, which says by itself for whom it is written: `weir` is not one of
    /// the fields, nor is anything that does not go into the envelope.
    pub fn read_inline(node: Spanned, at: &At<'_>, problems: &mut Problems) -> Option<Attachment> {
        let mut fields = Fields::open(node, at, problems)?;
        let attachment = said(&mut fields, at, problems);
        fields.finish(problems);
        Some(attachment)
    }
}

pub(crate) fn attachment(fields: &mut Fields<'_>, at: &At<'_>, problems: &mut Problems) -> Attachment {
    if let Some(node) = fields.require("weir", problems)
        && !matches!(node.value, Value::Int(1, _) | Value::Unreadable)
    {
        problems.add(
            codes::BAD_VALUE,
            &at.key("weir"),
            format!("found {}; this Weir reads weir: 1", node.value.describe()),
        );
    }
    said(fields, at, problems)
}

fn said(fields: &mut Fields<'_>, at: &At<'_>, problems: &mut Problems) -> Attachment {
    let name = fields.take("name").and_then(|node| {
        let text = fields::string(node, &at.key("name"), problems)?;
        check::id(&text, &at.key("name"), problems);
        Some(text)
    });
    let role = fields.take("role").and_then(|node| fields::word(node, &super::ROLES, &at.key("role"), problems));
    let role = role.unwrap_or_default();
    let steer = fields.take("steer").and_then(|node| fields::word(node, &super::STEERS, &at.key("steer"), problems));
    let trace = fields.take("trace").and_then(|node| fields::word(node, &super::TRACES, &at.key("trace"), problems));
    let sticky = fields.take("sticky").map(|node| sticky(node, &at.key("sticky"), problems));
    let log_unit = fields.take("log_unit").and_then(|node| fields::string(node, &at.key("log_unit"), problems));
    let join = fields.take("join").and_then(|node| fields::word(node, &super::JOINS, &at.key("join"), problems));
    if join.is_some() && role == Role::Edge {
        problems.add(codes::CONFLICT, &at.key("join"), "an edge decides by itself; join is for inbound and mesh");
    }
    Attachment {
        name,
        role,
        steer: steer.unwrap_or_default(),
        trace: trace.unwrap_or_default(),
        sticky: sticky.unwrap_or_default(),
        log_unit,
        join,
        offer: None,
    }
}

fn sticky(node: Spanned, at: &At<'_>, problems: &mut Problems) -> Vec<Sticky> {
    let nodes = fields::list(node, at, problems).unwrap_or_default();
    if nodes.len() > limits::STICKY_MAX {
        problems.add(
            codes::LIMIT,
            at,
            format!("{} sticky headers; at most {} are allowed", nodes.len(), limits::STICKY_MAX),
        );
        return Vec::new();
    }
    let mut all: Vec<Sticky> = Vec::with_capacity(nodes.len());
    for (i, node) in nodes.into_iter().enumerate() {
        let at = at.index(i);
        let Some(one) = one_sticky(node, &at, problems) else { continue };
        if all.iter().any(|other| other.id == one.id) {
            problems.add(codes::DUPLICATE_ID, &at.key("id"), format!("{} is taken by another sticky header", one.id));
        }
        if all.iter().any(|other| other.header == one.header) {
            problems.add(codes::CONFLICT, &at.key("header"), format!("{} is written by another one too", one.header));
        }
        all.push(one);
    }
    all
}

fn one_sticky(node: Spanned, at: &At<'_>, problems: &mut Problems) -> Option<Sticky> {
    let mut fields = Fields::open(node, at, problems)?;
    let mut text = |name| fields.require(name, problems).and_then(|node| fields::string(node, &at.key(name), problems));
    let (id, unit, header) = (text("id"), text("unit"), text("header"));
    if let Some(text) = &id {
        check::id(text, &at.key("id"), problems);
    }
    if let Some(header) = &header {
        check::weight_header(header, &at.key("header"), problems);
    }
    fields.finish(problems);
    Some(Sticky { id: id?, unit: unit?, header: header?.to_ascii_lowercase() })
}
