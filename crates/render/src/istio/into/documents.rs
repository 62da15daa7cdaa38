//! The documents of a file, and the objects in each, as kubectl, Helm, kustomize and editors write them.

use weir_policy::{Source, Spanned, Value};

use super::lines::lines;
use super::node::child;

/// Each document of the file behind as many empty lines as it has lines before it. `---` at the start of a line begins a
/// document whatever surrounds it, and `...` ends one (YAML 1.2, section 9.1.2).
pub(super) fn documents(source: &Source) -> Vec<Source> {
    let mut texts: Vec<String> = vec![String::new()];
    for (number, line) in lines(&source.text).into_iter().enumerate() {
        if is_marker(line.trim_start_matches('\u{feff}'), "---") {
            texts.push("\n".repeat(number));
        }
        if let Some(text) = texts.last_mut() {
            text.push_str(line);
        }
        if is_marker(line, "...") {
            texts.push("\n".repeat(number + 1));
        }
    }
    // What stands before a document is of comments and directives, such as `%YAML 1.2`.
    let is_content = |line: &str| !line.trim().is_empty() && !line.starts_with(['#', '%']) && !is_marker(line, "...");
    let has_content = |text: &String| {
        let text = text.trim_start_matches('\u{feff}');
        lines(text).into_iter().any(|line| is_content(line) && line.trim_end() != "---")
    };
    texts.into_iter().filter(has_content).map(|text| Source::yaml(source.name.clone(), text)).collect()
}

fn is_marker(line: &str, marker: &str) -> bool {
    line.strip_prefix(marker).is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\t', '\r', '\n']))
}

/// Whether a document has what Helm replaces: an action in double braces, outside of comments and of texts in quotes.
pub(super) fn is_template(document: &str) -> bool {
    lines(document).into_iter().any(|line| has_action(&bare(line)))
}

/// Whether a text has an action of a template.
pub(super) fn has_action(text: &str) -> bool {
    let words = [
        ".Values",
        ".Release",
        ".Chart",
        ".Capabilities",
        ".Files",
        ".Template",
        "$",
        "include ",
        "template ",
        "if ",
        "else",
        "range ",
        "with ",
        "end",
        "toYaml",
        "define ",
        "tpl ",
        "printf ",
        "default ",
        "/*",
    ];
    let actions = text.split("{{").skip(1).filter_map(|rest| rest.split("}}").next());
    actions
        .map(|action| action.trim_start_matches('-').trim_start())
        .any(|action| words.iter().any(|word| action.starts_with(word)))
}

/// A line without what stands in quotes, and without its comment. Quotes within double braces are those of a template.
fn bare(line: &str) -> String {
    let mut out = String::new();
    let (mut quote, mut is_action, mut before) = (None, false, ' ');
    for (at, c) in line.char_indices() {
        match quote {
            Some(open) if c == open => quote = None,
            Some(_) => {}
            None if is_action || line[at..].starts_with("{{") => {
                out.push(c);
                is_action = !out.ends_with("}}");
            }
            None if c == '#' && before.is_whitespace() => break,
            None if "\"'".contains(c) && (before.is_whitespace() || "[{,:".contains(before)) => quote = Some(c),
            None => out.push(c),
        }
        before = c;
    }
    out
}

/// An object of a document: the document itself, or one of the items of a list, as `kubectl get -o yaml` writes it.
pub(super) struct Item<'a> {
    /// Its place in the list.
    pub index: Option<usize>,
    pub node: &'a Spanned,
}

impl Item<'_> {
    /// Whether a path of the document is within the object.
    pub fn has(&self, path: &str) -> bool {
        let is_within = |index: usize| {
            let rest = path.strip_prefix(&format!("items[{index}]"));
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
        };
        self.index.is_none_or(is_within)
    }
}

pub(super) fn items(node: &Spanned) -> Vec<Item<'_>> {
    let Value::Map(entries) = &node.value else { return vec![Item { index: None, node }] };
    // Whichever of several a reader heeds.
    let is_list = entries
        .iter()
        .any(|entry| entry.key == "kind" && matches!(&entry.node.value, Value::Str(kind) if kind.ends_with("List")));
    match child(node, "items").map(|items| &items.value) {
        Some(Value::List(items)) if is_list => {
            items.iter().enumerate().map(|(index, node)| Item { index: Some(index), node }).collect()
        }
        _ => vec![Item { index: None, node }],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_is_told_from_braces_in_texts_and_comments() {
        for text in [
            "host: {{ .Values.host }}",
            "{{- if .Values.a }}",
            "a: {{ include \"x\" . | quote }}",
            "a: b{{ $x }}",
            "a: \"b\" # c\n{{- end }}",
            "it's: {{ .Release.Name }}",
        ] {
            assert!(is_template(text), "{text}");
        }
        for text in [
            "# {{ .Values.host }}",
            "a: \"{{ .Values.host }}\"",
            "a: ['{{ end }}'] # {{ end }}",
            "a: {{b: c}: d}",
            "a: '{{' # .Values }}",
        ] {
            assert!(!is_template(text), "{text}");
        }
    }
}
