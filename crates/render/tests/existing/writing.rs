//! The many ways in which people and tools write objects of Kubernetes into a file.

use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

/// A way to write objects.
#[derive(Clone, Debug)]
pub struct Style {
    /// How a document is laid out.
    layout: Layout,
    /// All objects in one `kind: List`.
    is_list: bool,
    /// Lists stand deeper than their key.
    deep: bool,
    /// `-` has a line of its own.
    dash_alone: bool,
    /// Keys and texts in quotes of this kind wherever they may be.
    quotes: Option<char>,
    /// A comment before items, on lines and behind values.
    comments: bool,
    /// Blanks and tabs at the ends of lines.
    blanks: bool,
    windows: bool,
    final_newline: bool,
    /// Bytes before everything.
    head: &'static str,
    /// Documents of others before and behind.
    before: Option<&'static str>,
    behind: Option<&'static str>,
    marker: &'static str,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Layout {
    Block,
    /// Each route in braces on its line.
    FlowRoutes,
    /// The whole list of routes in brackets.
    FlowList,
    Json,
    PrettyJson,
}

pub fn style() -> impl Strategy<Value = Style> {
    let layout = select(vec![
        Layout::Block,
        Layout::Block,
        Layout::Block,
        Layout::FlowRoutes,
        Layout::FlowList,
        Layout::Json,
        Layout::PrettyJson,
    ]);
    let flags =
        (any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>());
    let around = (select(HEADS), option::of(select(OTHERS)), option::of(select(OTHERS)), select(MARKERS));
    (layout, option::of(select(&['"', '\''][..])), flags, around).prop_map(
        |(layout, quotes, (is_list, deep, dash_alone, comments, blanks, windows, final_newline), around)| {
            let (head, before, behind, marker) = around;
            Style {
                layout,
                is_list,
                deep,
                dash_alone,
                quotes,
                comments,
                blanks,
                windows,
                final_newline,
                head,
                before,
                behind,
                marker,
            }
        },
    )
}

const HEADS: &[&str] =
    &["", "", "", "\u{feff}", "# Copyright: {{ nobody }}\n\n", "%YAML 1.2\n---\n", "---\n", "--- # first\n"];
const MARKERS: &[&str] = &["---\n", "--- # next\n", "...\n---\n", "---\n---\n", "---\n# none here\n---\n"];
const OTHERS: &[&str] = &[
    "apiVersion: v1\nkind: ConfigMap\ndata:\n  base: &base x\n  other: *base\n  <<: *base\n",
    "kind: ConfigMap\ntext: |\n  ---\n  kind: VirtualService\n  {{ .Values.x }}\n  # no comment\n",
    "{\"kind\": \"Secret\", \"a\": [1, 2]}\n",
    "kind: Other\na: !tag 1\na: 2\n1: 3\n",
];

impl Style {
    /// The same without what Istio's own tools do not take: documents of others, and a version of YAML.
    // For tests/mesh, which writes by this file too.
    #[allow(dead_code)]
    pub fn alone(self) -> Style {
        let head = if self.head.starts_with('%') { "" } else { self.head };
        Style { head, before: None, behind: None, ..self }
    }

    /// The file with these objects.
    pub fn write(&self, objects: &[Value]) -> String {
        let objects = if self.is_list {
            vec![json!({"apiVersion": "v1", "kind": "List", "items": objects})]
        } else {
            objects.to_vec()
        };
        let own = objects.iter().map(|object| self.document(object));
        let documents: Vec<String> =
            self.before.map(str::to_owned).into_iter().chain(own).chain(self.behind.map(str::to_owned)).collect();
        let mut text = format!("{}{}", self.head, documents.join(self.marker));
        if !self.final_newline {
            text.truncate(text.trim_end_matches('\n').len());
        }
        if self.windows { text.replace('\n', "\r\n") } else { text }
    }

    fn document(&self, object: &Value) -> String {
        match self.layout {
            Layout::Json => format!("{object}\n"),
            Layout::PrettyJson => format!("{object:#}\n"),
            _ => {
                let mut text = String::new();
                self.block(object, 0, "", &mut text);
                text
            }
        }
    }

    /// A value at a depth, under a key or none; the cursor is at the beginning of a line.
    fn block(&self, value: &Value, depth: usize, key: &str, text: &mut String) {
        let indent = " ".repeat(depth);
        match value {
            Value::Object(fields) => {
                for (name, value) in fields {
                    let is_flow = !is_nested(value) || (name == "http" && self.layout == Layout::FlowList);
                    text.push_str(&format!("{indent}{}:", self.text(name)));
                    if is_flow {
                        text.push_str(&format!(" {}{}\n", self.flow(value), self.end()));
                    } else {
                        text.push_str(&format!("{}\n", self.end().replace('\t', " ")));
                        let deeper = if value.is_array() && !self.deep { 0 } else { 2 };
                        self.block(value, depth + deeper, name, text);
                    }
                }
            }
            Value::Array(items) => {
                for item in items {
                    if self.comments {
                        text.push_str(&format!("{indent}# of {key}\n"));
                    }
                    self.item(item, depth, key, text);
                }
            }
            _ => unreachable!("{value} is not nested"),
        }
    }

    fn item(&self, item: &Value, depth: usize, key: &str, text: &mut String) {
        let indent = " ".repeat(depth);
        if !is_nested(item) || (key == "http" && self.layout == Layout::FlowRoutes) {
            text.push_str(&format!("{indent}- {}{}\n", self.flow(item), self.end()));
            return;
        }
        if self.dash_alone {
            text.push_str(&format!("{indent}-{}\n", self.end().replace('\t', " ")));
            if self.comments {
                text.push_str(&format!("{indent}# - not an item\n\n"));
            }
            return self.block(item, depth + 2, "", text);
        }
        let mut below = String::new();
        self.block(item, depth + 2, "", &mut below);
        below.replace_range(depth..=depth, "-");
        text.push_str(&below);
    }

    fn flow(&self, value: &Value) -> String {
        match value {
            Value::Object(fields) => {
                let fields: Vec<String> =
                    fields.iter().map(|(key, value)| format!("{}: {}", self.text(key), self.flow(value))).collect();
                format!("{{{}}}", fields.join(", "))
            }
            Value::Array(items) => {
                format!("[{}]", items.iter().map(|item| self.flow(item)).collect::<Vec<_>>().join(", "))
            }
            Value::String(text) => self.text(text),
            other => other.to_string(),
        }
    }

    fn text(&self, text: &str) -> String {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-".contains(c);
        let is_word = text.starts_with(|c: char| c.is_ascii_alphabetic())
            && text.chars().all(is_plain)
            && !["yes", "no", "on", "off", "y", "n", "true", "false", "null"].contains(&text);
        match self.quotes {
            None if is_word => text.to_owned(),
            Some('\'') if !text.contains('\n') => format!("'{}'", text.replace('\'', "''")),
            _ => json!(text).to_string(),
        }
    }

    /// What stands at the end of a line. Tabs only behind values: libyaml takes none elsewhere.
    fn end(&self) -> &'static str {
        match (self.comments, self.blanks) {
            (true, _) => " # {{ end }} of it",
            (false, true) => " \t",
            _ => "",
        }
    }
}

/// Whether a value has lines of its own in block style.
fn is_nested(value: &Value) -> bool {
    match value {
        Value::Object(fields) => !fields.is_empty(),
        Value::Array(items) => items.iter().any(|item| item.is_object()),
        _ => false,
    }
}
