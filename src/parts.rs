//! Which parts of the filter are built: a request pays for each beside its decision, and `scripts/bench` measures each by
//! leaving it out.

/// Parts that can be left out.
pub(crate) struct Parts {
    /// Cookies on responses: issued units and the tag cookie.
    pub(crate) cookies: bool,
    /// The filter state `wasm.weir`.
    pub(crate) exposure: bool,
    /// The table of traces: tags for services that forward only trace context.
    pub(crate) join: bool,
    /// Counters and the latency histogram.
    pub(crate) numbers: bool,
}

/// The parts of this build; all of them but for measurements.
pub(crate) const PARTS: Parts = Parts {
    cookies: cfg!(feature = "cookies"),
    exposure: cfg!(feature = "exposure"),
    join: cfg!(feature = "join"),
    numbers: cfg!(feature = "numbers"),
};
