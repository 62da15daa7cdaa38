//! Who starts after whom: only after releases that are known, and nobody after itself.

use std::collections::{HashMap, HashSet, VecDeque};

use weir_policy::{At, Problems};

use crate::codes;
use crate::written::Release;

/// Reports unknown ids in `after`, which are a warning where there `is_journal` is not, and circles.
pub fn check(
    releases: &[&Release],
    known: impl Fn(&str) -> bool,
    is_journal: bool,
    problems: &mut Problems,
    warnings: &mut Problems,
) {
    let after: HashMap<&str, &[String]> =
        releases.iter().filter_map(|release| Some((release.id.as_deref()?, release.after.as_slice()))).collect();
    let mut told: HashSet<&str> = HashSet::new();
    for release in releases {
        let root = At::Root { source: release.source };
        let at = root.key("after");
        for (i, id) in release.after.iter().enumerate() {
            if after.contains_key(id.as_str()) || known(id) {
                continue;
            }
            let message = format!("no release is called {id}");
            if is_journal {
                let message = format!(
                    "{message}, now or before; leave it out, or wait with this document until that one is there"
                );
                problems.add(codes::UNKNOWN_RELEASE, &at.index(i), message);
            } else {
                let message =
                    format!("{message} among these documents; whether one is over, only a journal knows (--state)");
                warnings.add(codes::UNKNOWN_RELEASE, &at.index(i), message);
            }
        }
        let Some(id) = release.id.as_deref().filter(|id| told.insert(id)) else { continue };
        if let Some(circle) = circle(id, &after) {
            let next =
                circle.get(1).and_then(|next| release.after.iter().position(|id| id == next)).unwrap_or_default();
            let message = format!("{} in a circle, so that none could start", circle.join(" after "));
            problems.add(codes::AFTER_CIRCLE, &at.index(next), message);
        }
    }
}

/// The shortest way from a release to itself, if there is one.
fn circle<'a>(id: &'a str, after: &HashMap<&'a str, &'a [String]>) -> Option<Vec<&'a str>> {
    let mut came_from: HashMap<&str, &str> = HashMap::new();
    let mut open = VecDeque::from([id]);
    while let Some(one) = open.pop_front() {
        for next in after.get(one).copied().unwrap_or_default() {
            if next == id {
                let mut way = vec![id];
                let mut at = one;
                while at != id {
                    way.insert(1, at);
                    at = came_from.get(at)?;
                }
                way.push(id);
                return Some(way);
            }
            if !came_from.contains_key(next.as_str()) {
                came_from.insert(next, one);
                open.push_back(next);
            }
        }
    }
    None
}
