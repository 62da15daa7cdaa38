//! `weir render`: documents that attach a policy, for Istio or for plain Envoy.

use clap::Subcommand;

use crate::problems::Failure;

mod envoy;
mod istio;

/// Writes what attaches a policy: Istio manifests, or the filter of a plain Envoy
#[derive(Subcommand)]
pub enum Render {
    Istio(istio::Istio),
    Envoy(envoy::Envoy),
}

impl Render {
    /// Renders for Istio or for plain Envoy.
    pub fn run(self) -> Result<(), Failure> {
        match self {
            Render::Istio(istio) => istio.run(),
            Render::Envoy(envoy) => envoy.run(),
        }
    }
}
