//! Where the filter gets its policy from, as an attachment file says it: `policy: {from: server}`.

use crate::document::fields::{self, Fields};
use crate::document::{At, Problems, Spanned};

/// Where the filter gets its policy from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// `weir serve`, which the proxy asks itself: what `weir render` writes holds none.
    Server,
    /// What `weir render` writes.
    Manifests,
}

const ORIGINS: [(&str, Origin); 2] = [("server", Origin::Server), ("manifests", Origin::Manifests)];

impl Origin {
    /// As it is written.
    pub fn name(self) -> &'static str {
        super::name_in(&ORIGINS, self)
    }

    /// `{from: server}` or `{from: manifests}`.
    pub(super) fn read(node: Spanned, at: &At<'_>, problems: &mut Problems) -> Option<Origin> {
        let mut fields = Fields::open(node, at, problems)?;
        let from = fields.require("from", problems);
        let from = from.and_then(|node| fields::word(node, &ORIGINS, &at.key("from"), problems));
        fields.finish(problems);
        from
    }
}
