//! The filter's ECDS resource, described once: `weir serve` sends it as protobuf, `weir render` writes it as YAML. What
//! the two have in common is decided here.

use envoy_types::pb::envoy::extensions::wasm::v3::FailurePolicy;
use weir_policy::{Attachment, Module};

mod proto;
#[cfg(test)]
mod tests;
mod yaml;

pub(crate) use yaml::{STRING, WASM};

const RUNTIME: &str = "envoy.wasm.runtime.v8";
/// Seconds before Envoy loads a failed module anew, the first time.
const RELOAD_SECONDS: i64 = 1;
/// Seconds that a download of the module may take.
const DOWNLOAD_SECONDS: i64 = 30;
/// The cluster of a download: Envoy's schema wants some, istio-agent needs none.
const NO_CLUSTER: &str = "_";

/// A filter: which module runs, in which machine, and what configures it.
#[derive(Clone, Debug)]
pub struct FilterSpec<'a> {
    /// The attachment's name: the filter is `weir.NAME`.
    name: &'a str,
    /// The namespace in the resource's name, under Istio.
    namespace: Option<&'a str>,
    /// The machine's `vm_id`.
    vm_id: String,
    /// Where Envoy gets the module.
    module: &'a Module,
    /// The configuration, JSON. It goes as a StringValue: Envoy 1.40 would hand a Struct over as binary protobuf.
    envelope: &'a str,
}

/// The module's code: a file of Envoy's machine, or a download.
enum ModuleCode<'a> {
    Local { file: &'a str },
    Remote { uri: &'a str, sha256: &'a str },
}

impl<'a> FilterSpec<'a> {
    /// The filter `weir.NAME` of an attachment.
    pub fn new(name: &'a str, attachment: &Attachment, module: &'a Module, envelope: &'a str) -> FilterSpec<'a> {
        FilterSpec { name, namespace: None, vm_id: attachment.vm_id(&plugin_name(name)), module, envelope }
    }

    /// The same filter for proxies of this namespace under Istio.
    #[must_use]
    pub(crate) fn in_namespace(self, namespace: &'a str) -> FilterSpec<'a> {
        FilterSpec { namespace: Some(namespace), ..self }
    }

    /// The name of the ECDS resource, which is also that of the entry in a listener's `http_filters`.
    pub fn resource_name(&self) -> String {
        let plugin = self.plugin_name();
        self.namespace.map_or_else(|| plugin.clone(), |namespace| format!("{namespace}/{plugin}"))
    }

    /// The name under which the filter keeps its last good policy and reports.
    pub(crate) fn plugin_name(&self) -> String {
        plugin_name(self.name)
    }

    /// The failure policy: what Envoy does with requests while the module cannot run.
    pub(crate) fn failure_policy(&self) -> FailurePolicy {
        match self.module {
            Module::File(_) => FailurePolicy::FailReload,
            // For any other policy istio-agent denies every request in our place when it cannot fetch the module.
            Module::Url { .. } | Module::Oci { .. } => FailurePolicy::FailOpen,
        }
    }

    /// The machine's configuration: where filters share a `vm_id` it tells their machines apart.
    fn vm_configuration(&self) -> Option<String> {
        let plugin = self.plugin_name();
        (self.vm_id != plugin).then_some(plugin)
    }

    fn code(&self) -> ModuleCode<'_> {
        match self.module {
            Module::File(file) => ModuleCode::Local { file },
            Module::Url { url, sha256 } => ModuleCode::Remote { uri: url, sha256 },
            // What istiod writes where there is none: Envoy's schema wants some text, and the agent knows this one.
            Module::Oci { url, sha256 } => ModuleCode::Remote { uri: url, sha256: sha256.as_deref().unwrap_or("nil") },
        }
    }
}

fn plugin_name(attachment: &str) -> String {
    format!("weir.{attachment}")
}
