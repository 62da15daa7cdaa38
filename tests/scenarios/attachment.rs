//! Where a scenario puts the filter.

use serde_json::{Map, Value as Json, json};

use super::document::{self, Fields};

/// Where the filter is put, as words of an attachment file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Attachment {
    pub role: String,
    pub steer: String,
    pub trace: String,
    /// Id, unit and header of each.
    sticky: Vec<[String; 3]>,
    log_unit: Option<String>,
    pub join: Option<String>,
}

impl Attachment {
    /// What is not said is as in a file that does not say it.
    pub fn read(fields: Option<Fields>) -> Attachment {
        let default = |word: Option<String>, default: &str| word.unwrap_or_else(|| default.to_owned());
        let Some(mut fields) = fields else {
            let word = |word| default(None, word);
            let (role, steer, trace) = (word("edge"), word("tag"), word("shaped"));
            return Attachment { role, steer, trace, sticky: Vec::new(), log_unit: None, join: None };
        };
        let sticky = fields.optional_list("sticky").unwrap_or_default().into_iter().map(|node| {
            let mut one = Fields::open(&fields.context, node);
            let words = ["id", "unit", "header"].map(|name| one.text(name).unwrap_or_else(|| panic!("no {name}")));
            one.finish();
            words
        });
        let sticky = sticky.collect();
        let attachment = Attachment {
            role: default(fields.text("role"), "edge"),
            steer: default(fields.text("steer"), "tag"),
            trace: default(fields.text("trace"), "shaped"),
            sticky,
            log_unit: fields.text("log_unit"),
            join: fields.text("join"),
        };
        fields.finish();
        attachment
    }

    /// An attachment file of this name.
    pub fn file(&self, name: &str) -> String {
        self.words(name).iter().map(|(key, value)| format!("{key}: {value}\n")).collect()
    }

    /// The envelope that brings a policy.
    pub fn envelope(&self, name: &str, policy: &str) -> String {
        let head = Json::Object(self.words(name)).to_string();
        format!("{},\"policy\":{policy}}}", &head[..head.len() - 1])
    }

    fn words(&self, name: &str) -> Map<String, Json> {
        let Attachment { role, steer, trace, sticky, log_unit, join } = self;
        let mut words = Map::new();
        let mut say = |name: &str, value: Json| words.insert(name.to_owned(), value);
        say("weir", json!(1));
        for (field, word) in [("name", name), ("role", role), ("steer", steer), ("trace", trace)] {
            say(field, json!(word));
        }
        if !sticky.is_empty() {
            let one = |[id, unit, header]: &[String; 3]| json!({"id": id, "unit": unit, "header": header});
            say("sticky", sticky.iter().map(one).collect());
        }
        if let Some(unit) = log_unit {
            say("log_unit", json!(unit));
        }
        if let Some(join) = join {
            say("join", json!(join));
        }
        words
    }
}
