//! YAML text as a JSON value, the form on which protobuf defines its mapping. Anchors are resolved; merge keys are left
//! alone, as Envoy does.

use saphyr::{LoadableYamlNode, Mapping, Scalar, Yaml};
use serde_json::{Map, Number, Value};

/// # Errors
/// What is wrong, with line and column where the text is no YAML.
pub(crate) fn read(text: &str) -> Result<Value, String> {
    let mut documents = Yaml::load_from_str(text).map_err(|error| error.to_string())?;
    match (documents.pop(), documents.len()) {
        (Some(document), 0) => value(document),
        (None, _) => Err("expected a document, found none".into()),
        (Some(_), more) => Err(format!("expected one document, found {}", more + 1)),
    }
}

fn value(node: Yaml<'_>) -> Result<Value, String> {
    match node {
        Yaml::Value(scalar) => Ok(plain(scalar)),
        Yaml::Sequence(items) => items.into_iter().map(value).collect(),
        Yaml::Mapping(mapping) => object(mapping),
        Yaml::Tagged(tag, _) => Err(format!("the tag `{tag}` is not understood, leave it out")),
        Yaml::Representation(..) | Yaml::Alias(_) | Yaml::BadValue => {
            Err("a value does not fit its tag, or an alias refers to what it is part of".into())
        }
    }
}

fn plain(scalar: Scalar<'_>) -> Value {
    match scalar {
        Scalar::Null => Value::Null,
        Scalar::Boolean(value) => Value::Bool(value),
        Scalar::Integer(value) => Value::Number(value.into()),
        Scalar::String(value) => Value::String(value.into_owned()),
        // Protobuf spells the numbers that JSON lacks as strings.
        Scalar::FloatingPoint(value) => match Number::from_f64(value.0) {
            Some(number) => Value::Number(number),
            None if value.is_nan() => "NaN".into(),
            None if value.is_sign_positive() => "Infinity".into(),
            None => "-Infinity".into(),
        },
    }
}

fn object(mapping: Mapping<'_>) -> Result<Value, String> {
    let mut object = Map::new();
    for (key, node) in mapping {
        let key = match value(key)? {
            Value::String(key) => key,
            key @ (Value::Bool(_) | Value::Number(_)) => key.to_string(),
            key => return Err(format!("expected a name as key, found {key}")),
        };
        object.insert(key, value(node)?);
    }
    Ok(Value::Object(object))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn yaml_reads_as_the_json_it_means() {
        let table = [
            ("a: &x {b: 1}\nc: *x", r#"{"a":{"b":1},"c":{"b":1}}"#),
            ("a: [1, -2, 1.5, 0x10, true, ~, '7', yes]", r#"{"a":[1,-2,1.5,16,true,null,"7","yes"]}"#),
            ("1: a\ntrue: b", r#"{"1":"a","true":"b"}"#),
            ("a: .inf\nb: -.inf\nc: .nan", r#"{"a":"Infinity","b":"-Infinity","c":"NaN"}"#),
            ("a: |\n  one\n  two\n", r#"{"a":"one\ntwo\n"}"#),
            ("--- # a comment\na: !!str 5\n", r#"{"a":"5"}"#),
            ("<<: {a: 1}", r#"{"<<":{"a":1}}"#),
        ];
        for (yaml, json) in table {
            assert_eq!(read(yaml).map(|value| value.to_string()), Ok(json.into()), "{yaml}");
        }
    }

    #[test]
    fn what_it_cannot_mean_is_refused() {
        let table = [
            ("", "expected a document, found none"),
            ("a: 1\n---\na: 2", "expected one document, found 2"),
            ("a: 1\na: 2", "duplicated key in mapping at byte 5 line 2 column 1"),
            ("a: !mine {b: 1}", "the tag `!mine` is not understood, leave it out"),
            ("a: *x", "while parsing node, found unknown anchor at byte 3 line 1 column 4"),
            ("[1]: a", "expected a name as key, found [1]"),
        ];
        for (yaml, error) in table {
            assert_eq!(read(yaml), Err(error.into()), "{yaml}");
        }
    }
}
