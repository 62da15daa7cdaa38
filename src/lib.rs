//! Weir's proxy-wasm HTTP filter.
