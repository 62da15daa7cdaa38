//! A route as Envoy has it: under the name that Istio makes for it, at the proxies that are sent its VirtualService.

use crate::istio::placement::{MESH, Proxy};

/// A route that an EnvoyFilter can name.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct EnvoyRoute {
    pub name: String,
    /// Whether it is the end of a name: a VirtualService that was not given delegates to its own, and puts its route's name and
    /// `-` before.
    pub is_end: bool,
    /// Whether no route before it takes every request, so that Istio leaves it out.
    pub is_reached: bool,
    /// The number of destinations; those without weight count, for with them Istio makes weighted clusters too.
    pub destinations: usize,
    /// The gateways that it is for; `mesh` for all sidecars. None where nobody knows.
    pub gateways: Vec<String>,
    /// The namespaces whose proxies are sent it; none means all.
    pub shown_to: Vec<String>,
}

impl EnvoyRoute {
    /// Whether it may have this name.
    pub fn is_called(&self, name: &str) -> bool {
        let is_end = || name.strip_suffix(&self.name).is_some_and(|before| before.ends_with('-'));
        self.name == name || (self.is_end && is_end())
    }

    /// Whether proxies of a namespace may have it.
    pub fn is_at(&self, proxy: Proxy, namespace: &str) -> bool {
        if !self.is_reached {
            return false;
        }
        let mut gateways = self.gateways.iter();
        let is_bound = match proxy {
            Proxy::Gateway => gateways.any(|gateway| gateway != MESH),
            Proxy::SidecarOutbound => gateways.any(|gateway| gateway == MESH),
            Proxy::SidecarInbound => return false,
        };
        (is_bound || self.gateways.is_empty())
            && (self.shown_to.is_empty() || self.shown_to.iter().any(|one| one == namespace))
    }
}
