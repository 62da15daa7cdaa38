//! Every limit of a release document, once; those of a policy hold too. Each is tried on both sides.

weir_policy::document_limits! {
    u64;
    /// Bytes of the texts of releases, all files together.
    RELEASES_BYTES_MAX "releases_bytes" = 32 << 20;
    /// Documents that are read together.
    RELEASES_MAX "releases" = 4_096;
    /// Characters of the name of a unit that a release deals: `pool.UNIT` is a line.
    UNIT_LENGTH_MAX "unit_length" = 59;
    /// Arms of a test without control.
    ARMS_MAX "arms" = 15;
    /// Services that a release routes or touches.
    SERVICES_MAX "services" = 256;
    /// Holdouts of a release.
    HOLDOUTS_MAX "release_holdouts" = 64;
    /// Releases that a release starts after.
    AFTER_MAX "after" = 64;
    /// Steps of a release.
    STEPS_MAX "steps" = 20;
    /// Seconds of a step's `hold`: 366 days.
    HOLD_SECONDS_MAX "hold_seconds" = 366 * DAY;
    /// Seconds of `max_hold`: 366 days.
    MAX_HOLD_SECONDS_MAX "max_hold_seconds" = 366 * DAY;
    /// Seconds of `warmup`: a day.
    WARMUP_SECONDS_MAX "warmup_seconds" = DAY;
    /// Requests that a step asks for.
    REQUESTS_MAX "requests" = 1_000_000_000_000;
    /// Guardrails of a release.
    GUARDRAILS_MAX "guardrails" = 32;
    /// Per cent of a margin.
    MARGIN_PERCENT_MAX "margin_percent" = 1_000;
    /// Bytes of a query.
    QUERY_BYTES_MAX "query_bytes" = 4_096;
    /// Seconds of `for`: a day.
    FOR_SECONDS_MAX "for_seconds" = DAY;
    /// Times how much less requests may count than independent ones, by `design_effect`.
    DESIGN_EFFECT_MAX "design_effect" = 1_000;
    /// Windows of a release.
    WINDOWS_MAX "windows" = 32;
    /// Bytes of a value of `--set`.
    VALUE_BYTES_MAX "value_bytes" = 256;
}

const DAY: u64 = 86_400;
