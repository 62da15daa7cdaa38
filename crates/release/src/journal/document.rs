//! A release document as it stands in a file, and what it means.

use serde::{Deserialize, Serialize};

use super::trouble::Trouble;
use crate::release::Release;

/// A text of a release document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Text {
    /// How it is written.
    pub format: Format,
    /// As it stands in its file.
    pub text: String,
}

/// How a text is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// JSON.
    Json,
    /// YAML.
    Yaml,
}

/// A document that is good, by itself. In JSON it is its text, which is read again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(into = "Text", try_from = "Text")]
pub struct Document {
    /// What it means.
    pub release: Release,
    text: Text,
}

impl Document {
    /// Reads a text, whatever the policy is that it is for.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn read(text: Text) -> Result<Document, Vec<Trouble>> {
        let release = read(&text)?;
        Ok(Document { release, text })
    }

    /// As it stands in its file.
    pub fn text(&self) -> &Text {
        &self.text
    }
}

impl From<Document> for Text {
    fn from(document: Document) -> Text {
        document.text
    }
}

impl TryFrom<Text> for Document {
    type Error = String;

    fn try_from(text: Text) -> Result<Document, String> {
        Document::read(text)
            .map_err(|problems| problems.into_iter().map(|problem| problem.text).collect::<Vec<_>>().join("; "))
    }
}

impl Document {
    /// Which text it is, in a few digits.
    pub fn digest(&self) -> String {
        let Text { format, text } = &self.text;
        let bytes = format!("{format:?}:{text}");
        // Reading from memory cannot fail.
        format!("{:032x}", murmur3::murmur3_x64_128(&mut bytes.as_bytes(), 0).unwrap_or_default())
    }
}

#[cfg(not(test))]
fn read(text: &Text) -> Result<Release, Vec<Trouble>> {
    let source = match text.format {
        Format::Json => weir_policy::Source::json("document", &text.text),
        Format::Yaml => weir_policy::Source::yaml("document", &text.text),
    };
    let trouble = |problem: weir_policy::Problem| Trouble::new(problem.code.name(), problem.message);
    crate::documents::read_alone(source).map_err(|problems| problems.into_iter().map(trouble).collect())
}

/// A few fields, until documents can be read.
#[cfg(test)]
fn read(text: &Text) -> Result<Release, Vec<Trouble>> {
    use std::time::Duration;
    let bad = |error: serde_json::Error| vec![Trouble::new("syntax", error.to_string())];
    let of: serde_json::Value = serde_json::from_str(&text.text).map_err(bad)?;
    let texts = |key: &str| -> Vec<String> {
        let list = of[key].as_array().into_iter().flatten();
        list.map(|one| one.as_str().unwrap().to_owned()).collect()
    };
    let mut release = crate::testing::release(weir_policy::written::Kind::Release, 1, of["control"] != "none");
    release.id = of["id"].as_str().unwrap().to_owned();
    release.arms[0].env_tag = format!("{}.canary", release.id);
    release.services = texts("services");
    let routes =
        release.services.iter().map(|one| (one.clone(), weir_policy::written::RouteTarget::Subset("v2".into())));
    release.arms[0].routes = routes.collect();
    release.after = texts("after");
    release.holdouts = texts("holdouts");
    release.traffic = of["traffic"].as_u64().unwrap_or(1_000_000) as u32;
    release.priority = of["priority"].as_i64().unwrap_or_default() as i8;
    release.max_hold = Duration::from_secs(of["max_hold"].as_u64().unwrap_or(86_400));
    release.warmup = Duration::from_secs(of["warmup"].as_u64().unwrap_or(60));
    if of["go_on"] == true {
        release.on.rollback = crate::release::AfterRollback::GoOn;
    }
    if of["auto"] == true {
        release.promote = crate::release::Promote::Auto;
    }
    if let Some(steps) = of["steps"].as_array() {
        let step = |one: &serde_json::Value| crate::release::Step {
            share: one["share"].as_u64().unwrap() as u32,
            hold: Duration::from_secs(one["hold"].as_u64().unwrap_or(20)),
            requests: 0,
            approve: one["approve"] == true,
        };
        release.steps = steps.iter().map(step).collect();
    }
    Ok(release)
}
