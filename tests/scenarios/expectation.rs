//! What must come of a scenario: problems with their places, or a whole decision.

use serde_json::{Map, Value as Json, json};
use weir_policy::{Spanned, Value};

use super::Attachment;
use super::document::{self, Bytes, Fields};

/// A problem: code, place in the document, place in the text.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// The file of a folder; otherwise the one text there is.
    pub file: Option<String>,
    pub code: String,
    pub path: String,
    /// Line and column; some problems are of the whole.
    pub position: Option<(u32, u32)>,
}

/// A decision and its edits.
pub struct Expectation {
    pub layers: Vec<Layer>,
    /// Name and lines, in the order in which they are made; no lines mean that the header goes.
    pub edits: Vec<(String, Vec<Bytes>)>,
    /// The `set-cookie` lines of the response, in order.
    set_cookies: Vec<String>,
    dropped: Vec<(String, u64)>,
    /// The trace and the tags that an inbound request leaves for those that follow.
    leaves: Option<(String, Bytes)>,
    /// Where it does not follow from the layers.
    state: Option<String>,
}

/// What must come out for a layer.
pub struct Layer {
    pub id: String,
    pub slot: Option<u32>,
    pub experiment: Option<String>,
    pub experiment_slot: Option<u32>,
    pub variant: String,
    pub reason: String,
    /// Where the experiment has audiences: the one that held, or `-`.
    pub audience: Option<String>,
    /// Of the unit, where the request is counted as evidence.
    pub part: Option<u8>,
}

impl Problem {
    /// `[FILE: ]CODE PATH [LINE:COLUMN]`; a path may hold blanks.
    pub fn read(context: &str, node: Spanned) -> Problem {
        let text = document::text(context, node);
        let wrong = || panic!("{context}: a problem is `CODE PATH LINE:COLUMN`, not {text:?}");
        let (file, rest) = match text.split_once(": ") {
            Some((file, rest)) => (Some(file.to_owned()), rest),
            None => (None, text.as_str()),
        };
        let (code, rest) = rest.split_once(' ').unwrap_or_else(wrong);
        let (path, place) = rest.rsplit_once(' ').unwrap_or((rest, "-"));
        let position = (place != "-").then(|| {
            let (line, column) = place.split_once(':').unwrap_or_else(|| panic!("{context}: place {place:?}"));
            (line.parse().unwrap(), column.parse().unwrap())
        });
        Problem { file, code: code.to_owned(), path: path.to_owned(), position }
    }
}

impl Expectation {
    pub fn read(context: &str, mut fields: Fields) -> Expectation {
        let layers = fields.map("layers").unwrap_or_default();
        let edits = fields.map("edits").unwrap_or_default();
        let dropped = fields.map("dropped").unwrap_or_default();
        let expectation = Expectation {
            layers: layers.into_iter().map(|(id, node)| Layer::read(context, id, node)).collect(),
            edits: edits.into_iter().map(|(name, node)| (name, lines(context, node))).collect(),
            set_cookies: fields.texts("set_cookies"),
            dropped: dropped
                .into_iter()
                .map(|(cause, node)| (cause, document::text(context, node).parse().unwrap()))
                .collect(),
            leaves: fields.optional_list("leaves").map(|leaves| {
                let [trace, tags] = leaves.try_into().unwrap_or_else(|_| panic!("{context}: leaves is [TRACE, TAGS]"));
                (document::text(context, trace), document::bytes(context, tags))
            }),
            state: fields.text("state"),
        };
        fields.finish();
        expectation
    }

    /// The cookies of the units that are made, in the order in which they are.
    pub fn issued(&self) -> impl Iterator<Item = &str> {
        let made = self.set_cookies.iter().filter(|line| line.ends_with("; HttpOnly"));
        made.filter_map(|line| Some(line.split_once('=')?.0))
    }

    /// The shape that `docs/cli.md` documents.
    pub fn report(&self, attachment: &Attachment, revision: &str) -> Json {
        let edit = |(name, lines): &(String, Vec<Bytes>)| match lines.is_empty() {
            true => json!({ "remove": name }),
            false => json!({ "set": name, "lines": lines.iter().map(|line| text(line)).collect::<Vec<_>>() }),
        };
        json!({
            "revision": revision,
            "role": attachment.role,
            "steer": attachment.steer,
            "layers": self.layers.iter().map(Layer::report).collect::<Vec<_>>(),
            "edits": self.edits.iter().map(edit).collect::<Vec<_>>(),
            "set_cookies": self.set_cookies,
            "leaves": self.leaves.as_ref().map(|(trace, tags)| json!({"trace": trace, "tags": text(tags)})),
            "dropped": self.dropped.iter().map(|(cause, count)| (cause.clone(), json!(count))).collect::<Map<_, _>>(),
            "state": (attachment.role != "inbound").then(|| self.state(&attachment.trace, revision)),
        })
    }

    /// The filter state `wasm.weir`.
    pub fn state(&self, trace: &str, revision: &str) -> String {
        if let Some(state) = &self.state {
            return state.replace("REVISION", revision);
        }
        let shown = self.layers.iter().filter(|layer| trace == "all" || layer.experiment.is_some());
        let entries: Vec<String> = shown.map(Layer::entry).collect();
        format!("1;{revision};{}", entries.join(","))
    }
}

impl Layer {
    /// `EXPERIMENT/VARIANT/REASON[/AUDIENCE] [SLOT[:EXPERIMENT SLOT[:PART]]]`.
    fn read(context: &str, id: String, node: Spanned) -> Layer {
        let text = document::text(context, node);
        let (outcome, slots) = text.split_once(' ').unwrap_or((&text, ""));
        let [experiment, variant, reason, ref audience @ ..] = outcome.split('/').collect::<Vec<_>>()[..] else {
            panic!("{context}: {id} is `EXPERIMENT/VARIANT/REASON[/AUDIENCE] SLOT:SLOT`, not {text:?}")
        };
        assert!(audience.len() < 2, "{context}: {id} has two audiences: {text:?}");
        let mut numbers = slots.split(':').filter(|slot| !slot.is_empty());
        let mut number =
            || numbers.next().map(|slot| slot.parse().unwrap_or_else(|_| panic!("{context}: {id}: slot {slot:?}")));
        let (slot, experiment_slot, part) = (number(), number(), number());
        let part = part.map(|part| u8::try_from(part).unwrap());
        Layer {
            id,
            slot,
            experiment: (experiment != "-").then(|| experiment.to_owned()),
            experiment_slot,
            variant: variant.to_owned(),
            reason: reason.to_owned(),
            audience: audience.first().map(|&audience| audience.to_owned()),
            part,
        }
    }

    fn entry(&self) -> String {
        let audience = self.audience.iter().map(|audience| format!("/{audience}")).collect::<String>();
        let experiment = self.experiment.as_deref().unwrap_or("-");
        format!("{}={experiment}/{}/{}{audience}", self.id, self.variant, self.reason)
    }

    fn report(&self) -> Json {
        json!({
            "layer": self.id,
            "slot": self.slot,
            "experiment": self.experiment,
            "experiment_slot": self.experiment_slot,
            "variant": self.variant,
            "audience": self.audience,
            "reason": self.reason,
            "part": self.part,
        })
    }
}

/// One line, several, or none for a header that goes.
fn lines(context: &str, node: Spanned) -> Vec<Bytes> {
    match node.value {
        Value::Null => Vec::new(),
        Value::List(nodes) => nodes.into_iter().map(|node| document::bytes(context, node)).collect(),
        _ => vec![document::bytes(context, node)],
    }
}

fn text(bytes: &[u8]) -> Json {
    match str::from_utf8(bytes) {
        Ok(text) => json!(text),
        Err(_) => json!({ "hex": bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>() }),
    }
}
