//! Every problem that only releases can have; those of documents and of policies are used too.

weir_policy::problem_codes! {
    /// The id of a release, or an env tag of it, is that of another one, or of an experiment, a layer or a variant of the policy.
    ID_TAKEN = "id_taken";
    /// A release says what it routes by `services`, a test by one of `services` and `arms`.
    ARMS_OR_SERVICES = "arms_or_services";
    /// The field is one of tests and stands in a release, or the other way round.
    WRONG_KIND = "wrong_kind";
    /// What the field says could have no effect here.
    NO_EFFECT = "no_effect";
    /// No holdout of the policy has this id.
    UNKNOWN_HOLDOUT = "unknown_holdout";
    /// `after` names a release that is not known. Without a journal, which knows those that are over, this is a warning.
    UNKNOWN_RELEASE = "unknown_release";
    /// Releases wait for each other in a circle.
    AFTER_CIRCLE = "after_circle";
    /// There are no steps, or shares of steps do not ascend.
    STEPS_ORDER = "steps_order";
    /// The last step of a release is not 100%.
    LAST_STEP = "last_step";
    /// A step of a test leaves control less than each arm has.
    BEYOND_PART = "beyond_part";
    /// Not a duration: a number and one of s, m, h, d.
    BAD_DURATION = "bad_duration";
    /// Not a percentage with at most four decimals, or out of bounds.
    BAD_PERCENTAGE = "bad_percentage";
    /// Not a time of day, or not a timestamp with its offset.
    BAD_TIME = "bad_time";
    /// A window names no day, or no time of a day.
    BAD_WINDOW = "bad_window";
    /// No time zone has this name.
    UNKNOWN_ZONE = "unknown_zone";
    /// Two guardrails have one name.
    DUPLICATE_GUARDRAIL = "duplicate_guardrail";
    /// A query is empty, does not parse, or does not say `$variant` where arms are compared.
    BAD_QUERY = "bad_query";
    /// A query asks for a metric that the Prometheus of the check has not had in the last hour.
    UNKNOWN_METRIC = "unknown_metric";
    /// A warning: the Prometheus of the check does not say which metrics it has.
    NOT_LOOKED_UP = "not_looked_up";
    /// The release is in force, and what changed may not change there.
    NEW_ID_NEEDED = "new_id_needed";
    /// The release is over, and this is another text than the one that it was: no id is used twice.
    USED_ID = "used_id";
    /// First nodes did not take what it says, so what it said before counts.
    HELD_BACK = "held_back";
    /// A template has a name that is not set, or a name is set that it does not have.
    TEMPLATE_NAME = "template_name";
    /// A value for a template has characters that could mean something else in a document.
    TEMPLATE_VALUE = "template_value";
    /// A warning: no guardrail can stop the release.
    UNJUDGED = "unjudged";
}
