//! YAML values that keep the order in which they were put together, so that a manifest reads top-down.

use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_saphyr::{LitStr, ser_options};
use weir_policy::{Spanned, Value};

/// A value of a manifest.
#[derive(Clone, Debug, PartialEq)]
pub enum Yaml {
    /// `true` or `false`.
    Bool(bool),
    /// An integer.
    Int(i64),
    /// A number with a fraction.
    Float(f64),
    /// Text.
    Text(String),
    /// Text that is written as it is, without quotes and escapes.
    Literal(String),
    /// A list.
    List(Vec<Yaml>),
    /// An object.
    Map(Vec<(String, Yaml)>),
    /// Nothing.
    Null,
}

/// An object of `key => value`, in this order.
macro_rules! map {
    ($($key:expr => $value:expr),* $(,)?) => {
        $crate::yaml::Yaml::Map(vec![$(($key.to_string(), $crate::yaml::Yaml::from($value))),*])
    };
}
pub(crate) use map;

impl Yaml {
    /// The YAML document.
    pub fn text(&self) -> String {
        // A policy on one line stays one line: folding it would hide what changed in a diff.
        let options = ser_options! { prefer_block_scalars: false, min_fold_chars: 0 };
        serde_saphyr::to_string_with_options(self, options).expect("nothing of a value cannot be written")
    }

    /// The value on one line of JSON, which is YAML too.
    pub fn json(&self) -> String {
        serde_json::to_string(self).expect("nothing of a value cannot be written")
    }

    /// The length in bytes as Kubernetes stores and sends the value: JSON as Go writes it, where each of `<>&` is six.
    pub fn json_bytes(&self) -> usize {
        let json = self.json();
        let escaped = json.bytes().filter(|byte| b"<>&".contains(byte)).count();
        json.len().saturating_add(escaped.saturating_mul(5))
    }

    /// Labels as an object.
    pub fn labels(labels: &[(String, String)]) -> Yaml {
        labels.iter().map(|(label, value)| (label.clone(), value.into())).collect()
    }

    /// The fields of both objects.
    pub fn and(self, other: Yaml) -> Yaml {
        match (self, other) {
            (Yaml::Map(ours), Yaml::Map(others)) => ours.into_iter().chain(others).collect(),
            (ours, _) => ours,
        }
    }

    /// Puts a field at the end of an object if there is something to put.
    pub fn with(self, name: &str, value: Option<impl Into<Yaml>>) -> Yaml {
        match (self, value) {
            (Yaml::Map(mut entries), Some(value)) => {
                entries.push((name.to_owned(), value.into()));
                Yaml::Map(entries)
            }
            (other, _) => other,
        }
    }
}

impl FromIterator<(String, Yaml)> for Yaml {
    fn from_iter<I: IntoIterator<Item = (String, Yaml)>>(entries: I) -> Yaml {
        Yaml::Map(entries.into_iter().collect())
    }
}

impl Serialize for Yaml {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Yaml::Null => serializer.serialize_unit(),
            Yaml::Bool(value) => serializer.serialize_bool(*value),
            Yaml::Int(value) => serializer.serialize_i64(*value),
            Yaml::Float(value) => serializer.serialize_f64(*value),
            Yaml::Text(text) => serializer.serialize_str(text),
            Yaml::Literal(text) => LitStr(text).serialize(serializer),
            Yaml::List(items) => serializer.collect_seq(items),
            Yaml::Map(entries) => {
                let mut map = serializer.serialize_map(Some(entries.len()))?;
                for (key, value) in entries {
                    map.serialize_entry(key, value)?;
                }
                map.end()
            }
        }
    }
}

impl From<&str> for Yaml {
    fn from(text: &str) -> Yaml {
        Yaml::Text(text.to_owned())
    }
}

impl From<&String> for Yaml {
    fn from(text: &String) -> Yaml {
        Yaml::Text(text.clone())
    }
}

impl From<String> for Yaml {
    fn from(text: String) -> Yaml {
        Yaml::Text(text)
    }
}

impl From<bool> for Yaml {
    fn from(value: bool) -> Yaml {
        Yaml::Bool(value)
    }
}

impl From<i64> for Yaml {
    fn from(value: i64) -> Yaml {
        Yaml::Int(value)
    }
}

impl<T: Into<Yaml>> From<Vec<T>> for Yaml {
    fn from(items: Vec<T>) -> Yaml {
        Yaml::List(items.into_iter().map(Into::into).collect())
    }
}

impl<T: Into<Yaml>, const N: usize> From<[T; N]> for Yaml {
    fn from(items: [T; N]) -> Yaml {
        Yaml::List(items.into_iter().map(Into::into).collect())
    }
}

impl From<&Spanned> for Yaml {
    fn from(node: &Spanned) -> Yaml {
        match &node.value {
            Value::Null | Value::Unreadable => Yaml::Null,
            Value::Bool(value) => Yaml::Bool(*value),
            Value::Int(value, _) => Yaml::Int(*value),
            Value::Float(text) => text.parse().map_or_else(|_| Yaml::Text(text.clone()), Yaml::Float),
            Value::Str(text) => Yaml::Text(text.clone()),
            Value::List(nodes) => Yaml::List(nodes.iter().map(Yaml::from).collect()),
            Value::Map(entries) => {
                Yaml::Map(entries.iter().map(|entry| (entry.key.clone(), Yaml::from(&entry.node))).collect())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use weir_policy::{Source, SourceId};

    #[test]
    fn digits_stay_text_for_whoever_reads_them() {
        for text in ["12345678", "00000012", "01234567", "740e0123", "7e123456", "0x123456", "0o123456", "123456789012"]
        {
            let written = map! {"a" => text}.text();
            assert!(written == format!("a: \"{text}\"\n") || written == format!("a: '{text}'\n"), "{written}");
        }
        assert_eq!(map! {"a" => "740cda4e"}.text(), "a: 740cda4e\n");
    }

    #[test]
    fn bytes_are_counted_as_kubernetes_has_them() {
        assert_eq!(map! {"a" => ">=1.2 & <2"}.json_bytes(), r#"{"a":"\u003e=1.2 \u0026 \u003c2"}"#.len());
    }

    #[test]
    fn whatever_is_written_is_read_again() {
        let odd = [
            "",
            " ",
            "- a",
            "a: b",
            "yes",
            "1.0",
            "0x1",
            "null",
            "~",
            "#",
            "*",
            "(.*,)?a\\.b(,.*)?",
            "%A%",
            "it's \"it\"",
            " lead",
            "trail ",
            "a\nb",
            "\n",
            "\ttab",
            "\u{7f}",
            "\u{85}",
            "\u{2028}",
            "\u{feff}",
            "\u{1}",
            "用户",
            "🦉",
            "---",
        ];
        for text in odd {
            for value in
                [Yaml::from(text), Yaml::Literal(text.to_owned()), Yaml::Literal(format!("{{\"a\":\"{text}\"}}"))]
            {
                let written = map! {"a" => [map! {"b" => value.clone()}]}.text();
                let (node, problems) = Source::yaml("written.yaml", written.clone()).parse(SourceId::FIRST);
                let (Yaml::Text(text) | Yaml::Literal(text)) = value else { unreachable!() };
                let expected = map! {"a" => [map! {"b" => text.clone()}]};
                assert!(problems.is_empty() && Yaml::from(&node) == expected, "{text:?}:\n{written}{problems:?}");
            }
        }
    }
}
