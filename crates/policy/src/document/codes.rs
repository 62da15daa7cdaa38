//! Every problem that policies and attachments can have; those of form are used for other documents too.

/// Makes the codes of problems, and `ALL` of them in this order, from `/// meaning, CONSTANT = "name";`.
#[macro_export]
macro_rules! problem_codes {
    ($($(#[doc = $doc:literal])+ $constant:ident = $name:literal;)+) => {
        $($(#[doc = $doc])+ pub const $constant: $crate::Code = $crate::Code::new($name, concat!($($doc),+));)+

        /// Every code, in the order of the reference.
        pub const ALL: &[$crate::Code] = &[$($constant,)+];
    };
}

problem_codes! {
    /// The text is not YAML or JSON.
    SYNTAX = "syntax";
    /// A YAML file holds more than one document.
    SEVERAL_DOCUMENTS = "several_documents";
    /// The document is of another kind than is read here, such as an attachment that is given as a policy, or of none.
    OTHER_DOCUMENT = "other_document";
    /// YAML anchors cannot be referred to.
    ALIAS = "alias";
    /// The YAML merge key `<<` is not read.
    MERGE_KEY = "merge_key";
    /// YAML tags such as `!!str` are not read.
    YAML_TAG = "yaml_tag";
    /// Lists and objects are nested deeper than any policy needs.
    TOO_DEEP = "too_deep";
    /// A key stands twice in one object.
    DUPLICATE_KEY = "duplicate_key";
    /// A number is not an integer of 64 bits; shares are strings such as "5%".
    FLOAT = "float";
    /// An unquoted number stands where a string is meant.
    UNQUOTED_NUMBER = "unquoted_number";
    /// A value has another type than the field asks for.
    WRONG_TYPE = "wrong_type";
    /// The schema has no such field.
    UNKNOWN_FIELD = "unknown_field";
    /// A required field is absent.
    MISSING_FIELD = "missing_field";
    /// A value is none of those that the field takes.
    BAD_VALUE = "bad_value";
    /// An id is not 1 to 64 of `A-Z a-z 0-9 . _ -`.
    BAD_ID = "bad_id";
    /// `stable` is the version everybody else gets, and `-` no experiment or audience; neither can be defined.
    RESERVED_ID = "reserved_id";
    /// A layer, experiment, holdout, variant or audience id is taken already.
    DUPLICATE_ID = "duplicate_id";
    /// An env tag breaks the grammar.
    BAD_ENV_TAG = "bad_env_tag";
    /// Two variants have one env tag.
    DUPLICATE_ENV_TAG = "duplicate_env_tag";
    /// A service name is not lower-case without port; or a variant leads to a service without a dot, or to the same one.
    BAD_SERVICE = "bad_service";
    /// A subset is not a DNS label.
    BAD_SUBSET = "bad_subset";
    /// Not a header name.
    BAD_HEADER_NAME = "bad_header_name";
    /// The header cannot be used here: pseudo-headers, `cookie`, `host`, the tag header and `x-weir-*`.
    RESERVED_HEADER = "reserved_header";
    /// Not a cookie name, or not a key that a baggage member can have.
    BAD_COOKIE_NAME = "bad_cookie_name";
    /// Not a cookie domain.
    BAD_DOMAIN = "bad_domain";
    /// A share is not a percentage of at most 100% with at most four decimals.
    BAD_SHARE = "bad_share";
    /// The shares of an experiment, or of an audience, are over 100% together.
    SHARES_OVER_100 = "shares_over_100";
    /// These shares have no order that the file could not change; ranges say what is meant.
    RANGES_NEEDED = "ranges_needed";
    /// An experiment or an audience uses shares and ranges together.
    SHARES_AND_RANGES = "shares_and_ranges";
    /// A range is empty, reversed or leaves 0..1,000,000.
    BAD_RANGE = "bad_range";
    /// Two ranges of one experiment overlap, or of one audience.
    RANGES_OVERLAP = "ranges_overlap";
    /// Slots belong to one arm for an audience and to another arm for others.
    AUDIENCES_OVERLAP = "audiences_overlap";
    /// Two experiments own the same slots of their line.
    SLOTS_OVERLAP = "slots_overlap";
    /// Layers on one line differ in unit or epoch.
    LINE_DISAGREES = "line_disagrees";
    /// A service is routed by experiments of more than one line.
    SERVICE_ON_TWO_LINES = "service_on_two_lines";
    /// A route goes to a service that `services` does not list.
    ROUTE_OUTSIDE_SERVICES = "route_outside_services";
    /// The file may only name services of its namespace.
    FOREIGN_NAMESPACE = "foreign_namespace";
    /// Files of one policy define one thing differently, or one header or cookie is wanted for two uses.
    CONFLICT = "conflict";
    /// A unit is not 1 to 256 bytes.
    BAD_UNIT = "bad_unit";
    /// A unit is listed twice in the overrides of a layer.
    DUPLICATE_UNIT = "duplicate_unit";
    /// No unit has this name.
    UNKNOWN_UNIT = "unknown_unit";
    /// No list has this name.
    UNKNOWN_LIST = "unknown_list";
    /// No layer has this id.
    UNKNOWN_LAYER = "unknown_layer";
    /// The layer has no experiment with this id.
    UNKNOWN_EXPERIMENT = "unknown_experiment";
    /// The experiment has no variant with this id.
    UNKNOWN_VARIANT = "unknown_variant";
    /// A condition does not have the form of one.
    BAD_CONDITION = "bad_condition";
    /// No condition has this name.
    UNKNOWN_CONDITION = "unknown_condition";
    /// Named conditions refer to each other in a circle.
    CONDITION_CIRCLE = "condition_circle";
    /// Not a decimal number of at most 18 digits before and 9 after the point.
    BAD_NUMBER = "bad_number";
    /// Not a list of version comparators.
    BAD_VERSION = "bad_version";
    /// A regular expression does not compile, or is too large once compiled.
    BAD_REGEX = "bad_regex";
    /// A limit is passed.
    LIMIT = "limit";
}
