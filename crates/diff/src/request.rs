//! A request of a unit, as a policy reads it.

use weir_policy::Model;
use weir_policy::model::UnitSource;

/// Name and value of a header.
pub type Header = (Vec<u8>, Vec<u8>);

/// A request that both policies are asked, each by the places where it reads units.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Asked {
    /// Values by the names of units.
    pub units: Vec<(String, Vec<u8>)>,
    /// In the order of arrival, names in lower case, pseudo-headers among them.
    pub headers: Vec<Header>,
}

impl Asked {
    /// A request that has this value for each of these units, and nothing else that anybody looks at.
    pub fn of<'n>(units: impl IntoIterator<Item = &'n str>, value: &[u8]) -> Asked {
        let units = units.into_iter().map(|unit| (unit.to_owned(), value.to_vec()));
        Asked { units: units.collect(), headers: bare() }
    }

    /// The headers by which a policy has these units.
    pub(crate) fn headers_for(&self, model: &Model) -> Vec<Header> {
        let mut headers = self.headers.clone();
        for (name, value) in &self.units {
            let sources = model.units.iter().find(|(unit, _)| unit == name).map(|(_, sources)| sources.as_slice());
            if let Some(source) = sources.and_then(easiest) {
                put(&mut headers, source, value);
            }
        }
        headers
    }
}

/// What is there of a request of which nothing is said.
pub fn bare() -> Vec<Header> {
    [(":method", "GET"), (":path", "/")].map(|(name, value)| (name.into(), value.into())).to_vec()
}

/// The source that takes any value, or the best there is.
fn easiest(sources: &[UnitSource]) -> Option<&UnitSource> {
    let trouble = |source: &&UnitSource| match source {
        UnitSource::Header(_) => 0,
        UnitSource::Query(_) => 1,
        UnitSource::Cookie(_, value) if value.is_percent_encoded => 2,
        UnitSource::Cookie(..) => 3,
        // Only what the filter could have made counts there.
        UnitSource::IssuedCookie(..) => 4,
    };
    sources.iter().min_by_key(trouble)
}

fn put(headers: &mut Vec<Header>, source: &UnitSource, value: &[u8]) {
    let cookie = |name: &str, value: &[u8]| (b"cookie".to_vec(), [name.as_bytes(), b"=", value].concat());
    match source {
        UnitSource::Header(name) => headers.push((name.clone().into_bytes(), value.to_vec())),
        UnitSource::IssuedCookie(name, _) => headers.push(cookie(name, value)),
        UnitSource::Cookie(name, form) => {
            let value = form.json_key.as_ref().map_or(value.to_vec(), |key| json(key, value));
            let value = if form.is_percent_encoded { encoded(&value) } else { value };
            headers.push(cookie(name, &value));
        }
        UnitSource::Query(name) => {
            let parameter = [&encoded(name.as_bytes()), b"=".as_slice(), &encoded(value)].concat();
            let Some((_, path)) = headers.iter_mut().find(|(name, _)| name == b":path") else { return };
            let question = path.iter().position(|byte| *byte == b'?');
            let (before, behind) = path.split_at_checked(question.unwrap_or(path.len())).unwrap_or_default();
            // The first of a name is the one that counts.
            let mut whole = [before, b"?", &parameter].concat();
            if let Some(others) = behind.get(1..) {
                whole.push(b'&');
                whole.extend_from_slice(others);
            }
            *path = whole;
        }
    }
}

/// An object of one string; in a string of JSON these bytes may not stand as they are.
fn json(key: &str, value: &[u8]) -> Vec<u8> {
    let string = |bytes: &[u8]| {
        let mut string = vec![b'"'];
        for byte in bytes {
            match byte {
                b'"' | b'\\' => string.extend([b'\\', *byte]),
                0..0x20 => string.extend(format!("\\u{byte:04x}").into_bytes()),
                _ => string.push(*byte),
            }
        }
        string.push(b'"');
        string
    };
    [b"{", string(key.as_bytes()).as_slice(), b":", &string(value), b"}"].concat()
}

fn encoded(bytes: &[u8]) -> Vec<u8> {
    let each = bytes.iter().flat_map(|byte| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' => vec![*byte],
        _ => format!("%{byte:02X}").into_bytes(),
    });
    each.collect()
}

#[cfg(test)]
mod tests {
    use weir_engine::Plan;
    use weir_policy::{Attachment, Checked, Role, Source, Sources, read_policy};

    use super::*;

    /// Whatever the source, the engine reads the very bytes.
    #[test]
    fn a_unit_is_read_where_it_is_put() {
        for (sources, value) in [
            ("[{header: x-user}]", "ada"),
            ("[{cookie: c}, {header: x-user}]", "a;b \"c\" 用户"),
            ("[{query: q}]", "a&b=c d+e%2C用户"),
            ("[{cookie: c}]", "ada"),
            ("[{cookie: c, decode: percent}]", "a;b = c"),
            ("[{cookie: c, json: id}]", "a\"b\\c"),
            ("[{cookie: c, json: id, decode: percent}]", "a;\"b\" c"),
            ("[{cookie: c, issue: {max_age_seconds: 60}}]", "AAAAAAAAAAAAAAAAAAAAAA"),
        ] {
            let text = format!(
                "{{version: 1, units: {{user: {sources}}}, layers: [{{id: l, unit: user, experiments: [
                    {{id: e, slots: all, overrides: [{{units: [{value:?}], variant: v}}], variants: [{{id: v}}]}}]}}]}}"
            );
            let sources = Sources::of([Source::yaml("policy.yaml", text)]);
            let model = read_policy(&sources, Role::Edge).unwrap_or_else(|problems| panic!("{problems:?}"));
            let policy = Checked::from(model);
            let plan = Plan::compile(&policy.model, &Attachment::default(), None);
            let mut asked = Asked::of(["user"], value.as_bytes());
            asked.headers.retain(|(name, _)| name != b":path");
            asked.headers.push((b":path".to_vec(), b"/a?q=other&b=1".to_vec()));
            let headers = asked.headers_for(&policy.model);
            let pairs = headers.iter().map(|(name, value)| (name.as_slice(), value.as_slice()));
            let exchange = plan.exchange(pairs, || None, |_| None, || None);
            assert_eq!(exchange.decision().layers().next().unwrap().variant, Some("v"), "{sources:?} {headers:?}");
        }
    }
}
