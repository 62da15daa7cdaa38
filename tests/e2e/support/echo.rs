//! What an upstream saw of a request, as JSON on the way and as bytes in the test.

use hyper::HeaderMap;
use serde_json::{Value, json};

/// A request as an upstream received it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Echo {
    /// The upstream's name.
    pub upstream: String,
    pub method: String,
    /// Path and query.
    pub path: String,
    /// Names in lower case; the lines of one name are in their order, and together.
    pub headers: Vec<(String, Vec<u8>)>,
}

impl Echo {
    pub fn to_json(&self) -> Value {
        let headers: Vec<Value> =
            self.headers.iter().map(|(name, value)| json!([name, bytes_to_json(value)])).collect();
        json!({"upstream": self.upstream, "method": self.method, "path": self.path, "headers": headers})
    }

    /// Reads what `to_json` wrote; an `Err` shows what it found instead.
    pub fn from_json(text: &[u8]) -> Result<Self, String> {
        let unlike = || format!("not an echo: {}", String::from_utf8_lossy(text));
        let value: Value = serde_json::from_slice(text).map_err(|_| unlike())?;
        let text_of = |key: &str| value[key].as_str().map(str::to_owned).ok_or_else(unlike);
        let header = |pair: &Value| Some((pair[0].as_str()?.to_owned(), bytes_from_json(&pair[1])?));
        let headers = value["headers"].as_array().ok_or_else(unlike)?;
        Ok(Self {
            upstream: text_of("upstream")?,
            method: text_of("method")?,
            path: text_of("path")?,
            headers: headers.iter().map(header).collect::<Option<_>>().ok_or_else(unlike)?,
        })
    }

    /// The lines of one header, as text where they are.
    pub fn lines(&self, name: &str) -> Vec<String> {
        let of_name = self.headers.iter().filter(|(each, _)| each == name);
        of_name.map(|(_, value)| String::from_utf8_lossy(value).into_owned()).collect()
    }
}

/// The lines of a header map.
pub fn header_lines(headers: &HeaderMap) -> Vec<(String, Vec<u8>)> {
    headers.iter().map(|(name, value)| (name.as_str().to_owned(), value.as_bytes().to_vec())).collect()
}

fn bytes_to_json(bytes: &[u8]) -> Value {
    match std::str::from_utf8(bytes) {
        Ok(text) => json!(text),
        Err(_) => json!({"hex": bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>()}),
    }
}

fn bytes_from_json(value: &Value) -> Option<Vec<u8>> {
    if let Some(text) = value.as_str() {
        return Some(text.as_bytes().to_vec());
    }
    let hex = value["hex"].as_str()?.as_bytes();
    hex.chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::Echo;

    #[test]
    fn bytes_survive_json() {
        let echo = Echo {
            upstream: "a".into(),
            method: "GET".into(),
            path: "/?q".into(),
            headers: vec![("x".into(), b"plain".to_vec()), ("x".into(), vec![0xff, 0x0a, b'"'])],
        };
        assert_eq!(Echo::from_json(echo.to_json().to_string().as_bytes()), Ok(echo));
    }
}
