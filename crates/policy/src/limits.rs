//! Every limit of a policy, once. Each has a scenario on both sides.

/// Makes the limits of a document, each with its public name, and `ALL` of them, from `TYPE; /// meaning, CONSTANT "name" = value;`.
#[macro_export]
macro_rules! document_limits {
    ($type:ty; $($(#[doc = $doc:literal])+ $constant:ident $name:literal = $value:expr;)+) => {
        $($(#[doc = $doc])+ pub const $constant: $type = $value;)+

        /// Name, value and meaning of every limit, for the reference and for the test that both sides are tried.
        pub const ALL: &[(&str, $type, &str)] = &[$(($name, $constant, concat!($($doc),+)),)+];
    };
}

document_limits! {
    usize;
    /// Bytes of the policy's text, all files together.
    POLICY_BYTES_MAX "policy_bytes" = 32 << 20;
    /// Bytes of the canonical form, in which all conditions are written out.
    CANONICAL_BYTES_MAX "canonical_bytes" = 32 << 20;
    /// Levels of lists and objects in a document.
    DOCUMENT_DEPTH_MAX "document_depth" = 64;
    /// Layers of a policy.
    LAYERS_MAX "layers" = 256;
    /// Experiments of a policy.
    EXPERIMENTS_MAX "experiments" = 16_384;
    /// Variants of an experiment.
    VARIANTS_MAX "variants" = 16;
    /// Ranges of one owner: an experiment's slots, a variant's ranges, those of a variant in an audience.
    RANGES_MAX "ranges" = 1_024;
    /// Audiences of an experiment.
    AUDIENCES_MAX "audiences" = 16;
    /// Rules of an experiment.
    RULES_MAX "rules" = 256;
    /// Nodes of one condition: `all`, `any`, `not` and leaves each count, those that a name stands for too.
    CONDITION_NODES_MAX "condition_nodes" = 64;
    /// Levels of one condition; a leaf alone is one.
    CONDITION_DEPTH_MAX "condition_depth" = 8;
    /// Units in lists and overrides of a policy, each list counted once.
    LISTED_UNITS_MAX "listed_units" = 1_000_000;
    /// Bytes of the env tag header when every layer is in force with its longest tag.
    ENV_TAG_BYTES_MAX "env_tag_bytes" = 4_096;
    /// Evidence counters: 112 for each variant of an experiment that is on, in a layer that is on, on a line that begins with `pool.`.
    EVIDENCE_COUNTERS_MAX "evidence_counters" = 8_192;
    /// Bytes of a regular expression.
    PATTERN_BYTES_MAX "pattern_bytes" = 1_024;
    /// Bytes of a unit.
    UNIT_BYTES_MAX "unit_bytes" = 256;
    /// Characters of an id.
    ID_LENGTH_MAX "id_length" = 64;
    /// Characters of an env tag.
    TAG_LENGTH_MAX "tag_length" = 129;
    /// Sticky headers of an attachment.
    STICKY_MAX "sticky" = 16;
    /// Seconds that a cookie may live: 400 days, where browsers cut.
    MAX_AGE_SECONDS_MAX "max_age_seconds" = 34_560_000;
    /// Bytes of a cookie's path.
    COOKIE_PATH_BYTES_MAX "cookie_path_bytes" = 1_024;
    /// Bytes of a key of the JSON in a cookie.
    JSON_KEY_BYTES_MAX "json_key_bytes" = 256;
}

/// What to say of a text with more bytes than are read.
pub(crate) fn too_large(bytes: usize, max: usize) -> String {
    format!("{bytes} bytes; at most {max} are read")
}
