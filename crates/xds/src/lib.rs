//! Weir's xDS resources and ADS server.
