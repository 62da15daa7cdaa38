//! Cookies as they are written: how one is set, and what of one is a unit.

use crate::document::fields::{self, Fields};
use crate::document::{At, Problems, Spanned};
use crate::limits;

/// How long a cookie lives, and where.
#[derive(Clone, Debug, PartialEq)]
pub struct CookieLife {
    /// Seconds.
    pub max_age_seconds: u64,
    /// The cookie's domain; absent means the host that answered.
    pub domain: Option<String>,
    /// Only requests under it have the cookie.
    pub path: String,
    /// Which sites' requests have it.
    pub same_site: SameSite,
    /// Whether each site that embeds ours has one of its own.
    pub partitioned: bool,
}

/// The path of a cookie that names none: every path is under it.
pub const EVERY_PATH: &str = "/";

/// Which sites' requests have a cookie.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SameSite {
    /// Those of its own site, and links that lead there.
    #[default]
    Lax,
    /// Those of its own site.
    Strict,
    /// All.
    None,
}

const SAME_SITES: [(&str, SameSite); 3] =
    [("lax", SameSite::Lax), ("strict", SameSite::Strict), ("none", SameSite::None)];

/// What of a cookie's value is the unit: all of it, as it came, unless something is said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CookieValue {
    /// Whether it is percent-decoded first.
    pub is_percent_encoded: bool,
    /// The key of the JSON object that it is.
    pub json_key: Option<String>,
}

impl SameSite {
    /// As it is written in a policy.
    pub fn name(self) -> &'static str {
        SAME_SITES.iter().find(|(_, known)| *known == self).map_or("", |(name, _)| name)
    }
}

impl CookieLife {
    /// Whether browsers take it over https only.
    pub fn needs_https(&self) -> bool {
        self.same_site == SameSite::None || self.partitioned
    }

    pub(super) fn read(node: Spanned, at: &At<'_>, problems: &mut Problems) -> Option<CookieLife> {
        let mut fields = Fields::open(node, at, problems)?;
        let life = CookieLife::read_fields(&mut fields, at, problems);
        fields.finish(problems);
        life
    }

    /// Those of its fields that stand beside others.
    pub(super) fn read_fields(fields: &mut Fields<'_>, at: &At<'_>, problems: &mut Problems) -> Option<CookieLife> {
        let age = fields.require("max_age_seconds", problems).and_then(|node| {
            fields::integer(node, limits::MAX_AGE_SECONDS_MAX as u64, &at.key("max_age_seconds"), problems)
        });
        let domain = fields.take("domain").and_then(|node| fields::string(node, &at.key("domain"), problems));
        let path = fields.take("path").and_then(|node| fields::string(node, &at.key("path"), problems));
        let same_site =
            fields.take("same_site").and_then(|node| fields::word(node, &SAME_SITES, &at.key("same_site"), problems));
        let partitioned =
            fields.take("partitioned").and_then(|node| fields::boolean(node, &at.key("partitioned"), problems));
        Some(CookieLife {
            max_age_seconds: age?,
            domain,
            path: path.unwrap_or_else(|| EVERY_PATH.to_owned()),
            same_site: same_site.unwrap_or_default(),
            partitioned: partitioned.unwrap_or(false),
        })
    }
}

impl CookieValue {
    /// Its fields, which stand beside the cookie's name.
    pub(super) fn read_fields(fields: &mut Fields<'_>, at: &At<'_>, problems: &mut Problems) -> CookieValue {
        let decode =
            fields.take("decode").and_then(|node| fields::word(node, &[("percent", ())], &at.key("decode"), problems));
        let json_key = fields.take("json").and_then(|node| fields::string(node, &at.key("json"), problems));
        CookieValue { is_percent_encoded: decode.is_some(), json_key }
    }
}
