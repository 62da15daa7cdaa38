//! The file of units that both policies are asked: a unit a line, or a request as a JSON object.

use std::collections::{BTreeSet, HashSet};
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use serde_json::{Map, Value};
use weir_diff::Asked;
use weir_policy::Model;
use weir_policy::limits::UNIT_BYTES_MAX;

use crate::problems::Failure;
use crate::request::{AtOdds, Header, Parts, Request, Target, syntax};

/// Lines of a file that are not there before.
const LINES_MAX: usize = 1_000_000;
/// Bytes of a line: Envoy takes no request whose headers are more.
const LINE_BYTES_MAX: usize = 128 << 10;
/// What some editors write first.
const MARK: &[u8] = b"\xef\xbb\xbf";

/// Reads a file; what stands in it twice is asked once.
pub fn read(path: &Path, old: &Model, new: &Model) -> Result<Vec<Asked>, Failure> {
    let failed = |place: String, message: &str| Failure::Usage(format!("--units {}{place}: {message}", path.display()));
    let unreadable = |error: std::io::Error| failed(String::new(), &format!("cannot be read: {error}"));
    let mut file = BufReader::new(File::open(path).map_err(unreadable)?);
    let names = Names::of(old, new);
    let mut asked = Vec::new();
    let mut seen: HashSet<Vec<u8>> = HashSet::new();
    let mut line = Vec::new();
    for number in 1_u64.. {
        line.clear();
        let limit = LINE_BYTES_MAX as u64 + 2;
        if file.by_ref().take(limit).read_until(b'\n', &mut line).map_err(unreadable)? == 0 {
            break;
        }
        let text = line.strip_suffix(b"\n").unwrap_or(&line);
        let text = text.strip_suffix(b"\r").unwrap_or(text);
        let text = text.strip_prefix(MARK).filter(|_| number == 1).unwrap_or(text);
        if text.is_empty() || seen.contains(text) {
            continue;
        }
        let one = match text {
            _ if text.len() > LINE_BYTES_MAX => Err(format!("more than {LINE_BYTES_MAX} bytes in one line")),
            [b'{', ..] => request(text, &names),
            _ => unit(text, &names),
        };
        asked.push(one.map_err(|message| failed(format!(":{number}"), &message))?);
        if asked.len() > LINES_MAX {
            return Err(failed(String::new(), &format!("more than {LINES_MAX} lines; a part of them tells as much")));
        }
        seen.insert(text.to_vec());
    }
    if asked.is_empty() {
        return Err(failed(String::new(), "no units; each is a line"));
    }
    Ok(asked)
}

/// Names of units: all that are known, and those that are dealt.
struct Names<'a> {
    known: BTreeSet<&'a str>,
    dealt: BTreeSet<&'a str>,
}

impl<'a> Names<'a> {
    fn of(old: &'a Model, new: &'a Model) -> Names<'a> {
        let both = [old, new];
        let known = both.iter().flat_map(|model| &model.units).map(|(name, _)| name.as_str()).collect();
        let layers = both.iter().flat_map(|model| &model.layers);
        Names { known, dealt: layers.filter_map(|layer| layer.unit.as_deref()).collect() }
    }
}

fn unit(line: &[u8], names: &Names<'_>) -> Result<Asked, String> {
    let dealt: Vec<&str> = names.dealt.iter().copied().collect();
    let [name] = dealt[..] else {
        let found = if dealt.is_empty() { "none".to_owned() } else { dealt.join(" and ") };
        return Err(format!(
            "found a unit, and the policies deal {found}; an object such as {{\"units\": {{\"user\": \"ada\"}}}} says which it is"
        ));
    };
    if let Some(sign) = not_alone(line) {
        return Err(format!(
            "found {sign}, as if there were more in the line than a unit; a unit that has it is written as an object such as \
             {{\"units\": {{\"{name}\": \"ada\"}}}}"
        ));
    }
    check(name, line)?;
    Ok(Asked::of([name], line))
}

/// What tells that a line is of a table, of an array, or of another encoding: taken for a unit it would say of nobody where
/// somebody is.
fn not_alone(line: &[u8]) -> Option<&'static str> {
    let has = |sign: u8| line.contains(&sign);
    match line {
        [b'[', ..] => Some("an array"),
        [b' ', ..] | [.., b' '] => Some("a blank at an end"),
        _ if has(b',') => Some("a comma"),
        _ if has(b';') => Some("a semicolon"),
        _ if has(b'\t') => Some("a tab"),
        _ if has(b'"') => Some("a quote"),
        _ if has(0) => Some("a zero byte, as UTF-16 has them"),
        _ if has(b'\r') => Some("the end of a line of another system"),
        _ => None,
    }
}

fn request(line: &[u8], names: &Names<'_>) -> Result<Asked, String> {
    let mut fields: Map<String, Value> =
        serde_json::from_slice(line).map_err(|error| format!("not the JSON object of a request: {error}"))?;
    let units = match fields.remove("units") {
        Some(Value::Object(units)) => units,
        Some(_) => return Err("units: found no object; {\"user\": \"ada\"} would do".to_owned()),
        None => Map::new(),
    };
    let units = units.into_iter().map(|(name, value)| {
        if !names.known.contains(name.as_str()) {
            let known = names.known.iter().copied().collect::<Vec<_>>().join(", ");
            return Err(format!("units: no unit is called {name:?}; defined are {known}"));
        }
        let value = text(&format!("units.{name}"), value)?.into_bytes();
        check(&name, &value)?;
        Ok((name, value))
    });
    let units = units.collect::<Result<Vec<_>, String>>()?;
    let mut take = |name: &str, check: fn(&[u8]) -> Result<(), String>| {
        let value = fields.remove(name).map(|value| text(name, value)).transpose()?;
        value
            .map(|value| check(value.as_bytes()).map(|()| value.into_bytes()))
            .transpose()
            .map_err(|why| format!("{name}: {why}"))
    };
    let (method, host) = (take("method", syntax::method)?, take("host", syntax::host)?);
    let path = take("path", |_| Ok(()))?.unwrap_or_else(|| b"/".to_vec());
    let target = Target::read(&path).map_err(|why| format!("path: {why}"))?;
    let headers = match fields.remove("headers") {
        Some(Value::Object(headers)) => headers.into_iter().map(header).collect::<Result<Vec<_>, _>>()?.concat(),
        Some(_) => return Err("headers: found no object; {\"location\": \"shenzhen\"} would do".to_owned()),
        None => Vec::new(),
    };
    if let Some(name) = fields.keys().next() {
        return Err(format!("{name}: no such field; the fields here are units, method, path, host, headers"));
    }
    let method = method.unwrap_or_else(|| b"GET".to_vec());
    let (destination, random, joined) = (None, Vec::new(), Vec::new());
    let parts = Parts { method, target, host, headers, destination, random, more_random: |_| None, joined };
    let request = Request::new(parts).map_err(|odds| match odds {
        AtOdds::Path(why) => format!("path: {why}"),
        AtOdds::Host(why) => format!("host: {why}"),
        AtOdds::Headers(why) => format!("headers: {why}"),
    })?;
    let headers = request.pairs().map(|(name, value)| (name.to_vec(), value.to_vec())).collect();
    Ok(Asked { units, headers })
}

fn header((name, value): (String, Value)) -> Result<Vec<Header>, String> {
    let values = match value {
        Value::Array(values) => values,
        value => vec![value],
    };
    let each = values.into_iter().map(|value| {
        let value = text(&format!("headers.{name}"), value)?;
        let header = syntax::header(name.as_bytes(), value.as_bytes(), |part| format!("the field {part}"));
        header.map_err(|why| format!("headers: {why}"))
    });
    each.collect()
}

fn text(name: &str, value: Value) -> Result<String, String> {
    match value {
        Value::String(text) => Ok(text),
        other => Err(format!("{name}: found {other}; a text in quotes would do")),
    }
}

fn check(name: &str, value: &[u8]) -> Result<(), String> {
    match value.len() {
        0 => Err(format!("{name}: found nothing, which is no unit")),
        found if found > UNIT_BYTES_MAX => {
            Err(format!("{name}: found {found} bytes; a unit has at most {UNIT_BYTES_MAX}"))
        }
        _ => Ok(()),
    }
}
