//! A configuration sent as `google.protobuf.Struct`, which Envoy hands over in binary, as a document of the engine.

use prost::Message;
use prost_types::value::Kind;
use prost_types::{Struct, Value as Proto};
use weir_engine::{Entry, Spanned, Value};

/// Reads a binary Struct; `None` if it is not one, or says nothing.
///
/// Anything without a field that a Struct has decodes as an empty one, so an empty one proves nothing.
pub(crate) fn read(bytes: &[u8]) -> Option<Spanned> {
    let document = Struct::decode(bytes).ok()?;
    (!document.fields.is_empty()).then(|| Spanned::from(map(document)))
}

fn map(document: Struct) -> Value {
    let entry = |(key, value)| Entry { key, key_position: None, node: node(value) };
    Value::Map(document.fields.into_iter().map(entry).collect())
}

/// Recursion is bounded: prost decodes at most 100 messages deep.
fn node(proto: Proto) -> Spanned {
    Spanned::from(match proto.kind {
        None | Some(Kind::NullValue(_)) => Value::Null,
        Some(Kind::BoolValue(value)) => Value::Bool(value),
        Some(Kind::NumberValue(value)) => number(value),
        Some(Kind::StringValue(value)) => Value::Str(value),
        Some(Kind::ListValue(list)) => Value::List(list.values.into_iter().map(node).collect()),
        Some(Kind::StructValue(document)) => map(document),
    })
}

/// Struct knows only doubles. Up to 2^53 every integer has a double of its own, so there nothing was lost on the way.
fn number(value: f64) -> Value {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    if value.fract() == 0.0 && value.abs() <= EXACT {
        // Within 2^53 the cast is exact.
        Value::int(value as i64)
    } else {
        Value::Float(value.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proto(kind: Kind) -> Proto {
        Proto { kind: Some(kind) }
    }

    fn read_back(value: Proto) -> Value {
        let document = Struct { fields: [("it".to_owned(), value)].into() };
        let Some(Spanned { value: Value::Map(entries), .. }) = read(&document.encode_to_vec()) else {
            panic!("not read as an object");
        };
        let [Entry { key, node, .. }] = entries.as_slice() else { panic!("not one entry: {entries:?}") };
        assert_eq!(key, "it");
        node.value.clone()
    }

    #[test]
    fn every_kind_of_value_arrives() {
        let list = prost_types::ListValue { values: vec![proto(Kind::NumberValue(1.0)), proto(Kind::NullValue(0))] };
        let inner = Struct { fields: [("key".to_owned(), proto(Kind::BoolValue(true)))].into() };
        assert_eq!(read_back(proto(Kind::StringValue("text".to_owned()))), Value::Str("text".to_owned()));
        assert_eq!(
            read_back(proto(Kind::ListValue(list))),
            Value::List(vec![Spanned::from(Value::int(1)), Spanned::from(Value::Null)])
        );
        let entry = Entry { key: "key".to_owned(), key_position: None, node: Spanned::from(Value::Bool(true)) };
        assert_eq!(read_back(proto(Kind::StructValue(inner))), Value::Map(vec![entry]));
        assert_eq!(read_back(Proto { kind: None }), Value::Null);
    }

    #[test]
    fn doubles_are_integers_while_they_can_be_exact() {
        let number = |value| read_back(proto(Kind::NumberValue(value)));
        assert_eq!(number(0.0), Value::int(0));
        assert_eq!(number(-0.0), Value::int(0));
        assert_eq!(number(-1_000_000.0), Value::int(-1_000_000));
        assert_eq!(number(9_007_199_254_740_992.0), Value::int(1 << 53));
        assert_eq!(number(9_007_199_254_740_994.0), Value::Float("9007199254740994".to_owned()));
        assert_eq!(number(0.5), Value::Float("0.5".to_owned()));
        assert_eq!(number(f64::NAN), Value::Float("NaN".to_owned()));
        assert_eq!(number(f64::INFINITY), Value::Float("inf".to_owned()));
    }

    #[test]
    fn what_is_no_struct_is_not_taken_for_one() {
        assert_eq!(read(b""), None);
        assert_eq!(read(b"{\"weir\": 1,"), None);
        assert_eq!(read(b"\xff\xff\xff"), None);
    }
}
