//! What the API of Prometheus answered, read as one number.

use std::collections::BTreeMap;

use hyper::StatusCode;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::trouble::{Trouble, start_of};

/// What a query has as its only number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Answer {
    /// A finite number.
    Number(f64),
    /// No series: nothing was ever counted under these labels, or nobody was scraped.
    NoSeries,
    /// `NaN`, `+Inf` or `-Inf`: of a division by nothing, mostly.
    NotANumber(&'static str),
}

/// An answer, and what the server said beside it.
#[derive(Clone, Debug, PartialEq)]
pub struct Told {
    /// The answer.
    pub answer: Answer,
    /// Its own warnings, such as that parts of its data were not read.
    pub warnings: Vec<String>,
}

/// A series with its last value.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// Its labels, with `__name__`.
    pub labels: BTreeMap<String, String>,
    /// The value as it was written.
    pub value: String,
}

/// All series of a range, and what the server said beside them.
#[derive(Clone, Debug, PartialEq)]
pub struct Ranges {
    /// The series.
    pub series: Vec<Range>,
    /// Its own warnings, such as that parts of its data were not read.
    pub warnings: Vec<String>,
}

/// A series with its values over time.
#[derive(Clone, Debug, PartialEq)]
pub struct Range {
    /// Its labels, with `__name__` where the query keeps it.
    pub labels: BTreeMap<String, String>,
    /// Seconds of Unix time, and the finite number that there was; in the order of time.
    pub points: Vec<(f64, f64)>,
    /// How many there were that are no finite number.
    pub no_numbers: usize,
}

/// More are as good as these.
const WARNINGS_MAX: usize = 5;

#[derive(Deserialize)]
struct Envelope<T> {
    status: String,
    data: Option<T>,
    #[serde(default, rename = "errorType")]
    error_type: String,
    #[serde(default)]
    error: String,
    #[serde(default)]
    warnings: Vec<String>,
    #[serde(default)]
    infos: Vec<String>,
}

#[derive(Deserialize)]
struct Data {
    #[serde(rename = "resultType")]
    kind: String,
    result: Value,
}

/// The same of many series, of which nothing is kept twice.
#[derive(Deserialize)]
struct RawData {
    #[serde(rename = "resultType")]
    kind: String,
    result: Box<RawValue>,
}

#[derive(Deserialize)]
struct Samples {
    metric: BTreeMap<String, String>,
    #[serde(default)]
    values: Vec<(f64, String)>,
}

#[derive(Deserialize)]
struct Sample {
    metric: BTreeMap<String, String>,
    value: Option<(f64, String)>,
}

impl<T> Envelope<T> {
    fn said(&self) -> Vec<String> {
        let all = self.warnings.iter().chain(&self.infos).take(WARNINGS_MAX);
        all.map(|text| start_of(text.as_bytes())).collect()
    }
}

/// The number of an instant query.
///
/// # Errors
/// It was refused, or is not one number.
pub fn number(status: StatusCode, body: &[u8]) -> Result<Told, Trouble> {
    let envelope: Envelope<Data> = opened(status, body)?;
    let warnings = envelope.said();
    let Some(Data { kind, result }) = envelope.data else { return Err(unlike(status, body)) };
    let answer = match kind.as_str() {
        "vector" => of_vector(serde_json::from_value(result).map_err(|_| unlike(status, body))?)?,
        "scalar" => {
            let (_, text): (f64, String) = serde_json::from_value(result).map_err(|_| unlike(status, body))?;
            parsed(&text)?
        }
        "matrix" => return Err(Trouble::OtherType("range vector".to_owned())),
        other => return Err(Trouble::OtherType(start_of(other.as_bytes()))),
    };
    Ok(Told { answer, warnings })
}

/// All series of an instant query.
///
/// # Errors
/// It was refused, or is no instant vector.
pub fn series(status: StatusCode, body: &[u8]) -> Result<Vec<Series>, Trouble> {
    let Some(Data { kind, result }) = opened::<Data>(status, body)?.data else { return Err(unlike(status, body)) };
    if kind != "vector" {
        return Err(Trouble::OtherType(start_of(kind.as_bytes())));
    }
    let samples: Vec<Sample> = serde_json::from_value(result).map_err(|_| unlike(status, body))?;
    let series = samples.into_iter().filter_map(|one| Some(Series { labels: one.metric, value: one.value?.1 }));
    Ok(series.collect())
}

/// All series of a range.
///
/// # Errors
/// It was refused, or is no range of vectors.
pub fn ranges(status: StatusCode, body: &[u8]) -> Result<Ranges, Trouble> {
    let envelope: Envelope<RawData> = opened(status, body)?;
    let warnings = envelope.said();
    let Some(RawData { kind, result }) = envelope.data else { return Err(unlike(status, body)) };
    if kind != "matrix" {
        return Err(Trouble::OtherType(start_of(kind.as_bytes())));
    }
    let samples: Vec<Samples> = serde_json::from_str(result.get()).map_err(|_| unlike(status, body))?;
    let finite =
        |(at, text): (f64, String)| text.parse().ok().filter(|value: &f64| value.is_finite()).map(|value| (at, value));
    let range = |one: Samples| {
        let all = one.values.len();
        let points: Vec<(f64, f64)> = one.values.into_iter().filter_map(finite).collect();
        Range { labels: one.metric, no_numbers: all - points.len(), points }
    };
    Ok(Ranges { series: samples.into_iter().map(range).collect(), warnings })
}

/// The names of a list.
///
/// # Errors
/// It was refused, or is no list.
pub fn names(status: StatusCode, body: &[u8]) -> Result<Vec<String>, Trouble> {
    // Where there is none, some servers have `null` for the list.
    Ok(opened::<Vec<String>>(status, body)?.data.unwrap_or_default())
}

fn opened<T: for<'a> Deserialize<'a>>(status: StatusCode, body: &[u8]) -> Result<Envelope<T>, Trouble> {
    let envelope: Envelope<T> = serde_json::from_slice(body).map_err(|_| {
        // What stands between answers with pages of its own.
        let is_of_the_way = status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS;
        if is_of_the_way { Trouble::Refused(status.as_u16(), start_of(body)) } else { unlike(status, body) }
    })?;
    if envelope.status == "success" && status.is_success() {
        return Ok(envelope);
    }
    let text = [envelope.error_type, envelope.error].map(|text| start_of(text.as_bytes()));
    Err(Trouble::Refused(status.as_u16(), text.join(": ")))
}

fn of_vector(samples: Vec<Sample>) -> Result<Answer, Trouble> {
    match samples.as_slice() {
        [] => Ok(Answer::NoSeries),
        [Sample { value: Some((_, text)), .. }] => parsed(text),
        [Sample { value: None, .. }] => Err(Trouble::OtherType("native histogram".to_owned())),
        [first, second, ..] => Err(Trouble::SeveralSeries(samples.len(), apart(first, second))),
    }
}

fn parsed(text: &str) -> Result<Answer, Trouble> {
    let number: f64 = text.parse().map_err(|_| Trouble::Unlike(format!("the value {}", start_of(text.as_bytes()))))?;
    Ok(match number {
        number if number.is_finite() => Answer::Number(number),
        number if number.is_nan() => Answer::NotANumber("NaN"),
        number if number > 0.0 => Answer::NotANumber("+Inf"),
        _ => Answer::NotANumber("-Inf"),
    })
}

/// The labels in which two series differ.
fn apart(first: &Sample, second: &Sample) -> String {
    let only = |one: &Sample, other: &Sample| {
        let labels = one.metric.iter().filter(|(name, value)| other.metric.get(*name) != Some(value));
        let labels: Vec<String> = labels.map(|(name, value)| format!("{name}={value:?}")).collect();
        start_of(format!("{{{}}}", labels.join(", ")).as_bytes())
    };
    format!("{} and {}", only(first, second), only(second, first))
}

fn unlike(status: StatusCode, body: &[u8]) -> Trouble {
    let start = start_of(body);
    let start = if start.is_empty() { "nothing".to_owned() } else { start };
    Trouble::Unlike(format!("status {}, {start}", status.as_u16()))
}
