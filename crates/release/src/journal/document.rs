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

impl Text {
    /// That of a file.
    pub fn of(source: &weir_policy::Source) -> Text {
        let format = match source.format {
            weir_policy::Format::Json => Format::Json,
            weir_policy::Format::Yaml => Format::Yaml,
        };
        Text { format, text: source.text.clone() }
    }
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

fn read(text: &Text) -> Result<Release, Vec<Trouble>> {
    let source = match text.format {
        Format::Json => weir_policy::Source::json("document", &text.text),
        Format::Yaml => weir_policy::Source::yaml("document", &text.text),
    };
    let trouble = |problem: weir_policy::Problem| Trouble::new(problem.code.name(), problem.message);
    crate::documents::read_alone(source).map_err(|problems| problems.into_iter().map(trouble).collect())
}
