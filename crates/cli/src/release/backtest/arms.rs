//! The arms that evidence may be of.

use weir_release::{CONTROL, Release};

/// Whether a variant is an arm of the release.
pub fn is_arm(release: &Release, id: &str) -> bool {
    id == CONTROL || release.arms.iter().any(|arm| arm.id == id)
}

/// All of them, in words.
pub fn named(release: &Release) -> String {
    let arms: Vec<&str> = release.arms.iter().map(|arm| arm.id.as_str()).chain([CONTROL]).collect();
    arms.join(", ")
}
