//! Queries: what can be said of them without knowing their language, and the seam for who knows it.

use weir_policy::{At, Problems, codes as document};

use crate::{codes, limits};

/// A query of a release.
#[derive(Clone, Copy, Debug)]
pub struct Query<'a> {
    /// As it is written.
    pub text: &'a str,
    /// Whether it counts for each arm; else it is one value.
    pub is_by_arm: bool,
    /// The ids of all arms, control's too.
    pub arms: &'a [&'a str],
    /// The id of the release.
    pub release: &'a str,
}

/// Says what is wrong with a query, in words that go on after its name.
pub type QueryCheck<'a> = dyn Fn(&Query<'_>) -> Vec<String> + 'a;

/// How the queries of one release are judged.
pub struct Queries<'a> {
    /// Who knows their language, if anybody.
    pub check: Option<&'a QueryCheck<'a>>,
    /// The ids of all arms, control's too.
    pub arms: &'a [&'a str],
    /// The id of the release.
    pub release: &'a str,
}

/// What stands in a query for the id of an arm.
const VARIANT: &str = "$variant";

impl Queries<'_> {
    /// Reports what is wrong with a query.
    pub fn judge(&self, text: &str, is_by_arm: bool, at: &At<'_>, problems: &mut Problems) {
        let max = usize::try_from(limits::QUERY_BYTES_MAX).unwrap_or(usize::MAX);
        if text.len() > max {
            problems.add(document::LIMIT, at, format!("{} bytes; a query has at most {max}", text.len()));
        } else if text.trim().is_empty() {
            problems.add(codes::BAD_QUERY, at, "an empty query asks for nothing");
        } else if is_by_arm && !text.contains(VARIANT) {
            let message = format!(
                "without {VARIANT} all arms would have the same numbers; write it where the arm's id stands, such as \
                 {{variant=\"{VARIANT}\"}}"
            );
            problems.add(codes::BAD_QUERY, at, message);
        } else if !is_by_arm && text.contains(VARIANT) {
            let message =
                format!("a value is one number and not one for each arm, so that nothing takes the place of {VARIANT}");
            problems.add(codes::BAD_QUERY, at, message);
        } else if let Some(check) = self.check {
            let query = Query { text, is_by_arm, arms: self.arms, release: self.release };
            for wrong in check(&query) {
                problems.add(codes::BAD_QUERY, at, format!("the query {wrong}"));
            }
        }
    }
}
