//! YAML text as a JSON value, the form on which protobuf defines its mapping. Anchors are resolved; merge keys are left
//! alone, as Envoy does.

use saphyr::{LoadableYamlNode, Mapping, Scalar, Yaml};
use serde_json::{Map, Number, Value};
use weir_policy::{At, Code, Path, Position, Problem, Problems, SourceId, codes};

/// Reads the text of a document.
///
/// # Errors
/// The first problem: of a text that is no YAML with its position, else with its path.
pub(crate) fn read(text: &str, source: SourceId) -> Result<Value, Problem> {
    let mut documents = Yaml::load_from_str(text).map_err(|error| {
        let (info, marker) = (error.info(), error.marker());
        let code = if info.contains("duplicated key") { codes::DUPLICATE_KEY } else { codes::SYNTAX };
        let position = Some(Position { line: marker.line().max(1) as u32, column: marker.col() as u32 + 1 });
        Problem { code, source, path: Path::default(), position, message: format!("not YAML: {info}") }
    })?;
    let root = At::Root { source };
    match (documents.pop(), documents.len()) {
        (Some(document), 0) => value(document, &root),
        (None, _) => Err(problem(codes::WRONG_TYPE, &root, "expected a document, found none")),
        (Some(_), more) => {
            Err(problem(codes::SEVERAL_DOCUMENTS, &root, format!("expected one document, found {}", more + 1)))
        }
    }
}

fn value(node: Yaml<'_>, at: &At<'_>) -> Result<Value, Problem> {
    match node {
        Yaml::Value(scalar) => Ok(plain(scalar)),
        Yaml::Sequence(items) => {
            items.into_iter().enumerate().map(|(index, item)| value(item, &at.index(index))).collect()
        }
        Yaml::Mapping(mapping) => object(mapping, at),
        Yaml::Tagged(tag, _) => {
            Err(problem(codes::YAML_TAG, at, format!("the tag `{tag}` is not understood, leave it out")))
        }
        Yaml::Representation(..) | Yaml::Alias(_) | Yaml::BadValue => {
            let message = "a value does not fit its tag, or an alias refers to what it is part of";
            Err(problem(codes::BAD_VALUE, at, message))
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

fn object(mapping: Mapping<'_>, at: &At<'_>) -> Result<Value, Problem> {
    let mut object = Map::new();
    for (key, node) in mapping {
        let key = match value(key, at)? {
            Value::String(key) => key,
            key @ (Value::Bool(_) | Value::Number(_)) => key.to_string(),
            key => return Err(problem(codes::WRONG_TYPE, at, format!("expected a name as key, found {key}"))),
        };
        let value = value(node, &at.key(&key))?;
        object.insert(key, value);
    }
    Ok(Value::Object(object))
}

fn problem(code: Code, at: &At<'_>, message: impl Into<String>) -> Problem {
    let mut problems = Problems::default();
    problems.add(code, at, message);
    problems.into_vec().remove(0)
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
            assert_eq!(read(yaml, SourceId::FIRST).map(|value| value.to_string()), Ok(json.into()), "{yaml}");
        }
    }

    #[test]
    fn what_it_cannot_mean_is_refused() {
        let table = [
            ("", "wrong_type at (root): expected a document, found none", None),
            ("a: 1\n---\na: 2", "several_documents at (root): expected one document, found 2", None),
            ("a: 1\na: 2", "duplicate_key at (root): not YAML: duplicated key in mapping", Some((2, 1))),
            ("a: !mine {b: 1}", "yaml_tag at a: the tag `!mine` is not understood, leave it out", None),
            ("a: *x", "syntax at (root): not YAML: while parsing node, found unknown anchor", Some((1, 4))),
            ("[1]: a", "wrong_type at (root): expected a name as key, found [1]", None),
        ];
        for (yaml, text, position) in table {
            let problem = read(yaml, SourceId::FIRST).unwrap_err();
            let found = problem.position.map(|position| (position.line, position.column));
            assert_eq!((problem.to_string().as_str(), found), (text, position), "{yaml}");
        }
    }
}
