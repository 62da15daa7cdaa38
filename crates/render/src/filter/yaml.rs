//! The filter as YAML, as `weir render` writes it into manifests and files.

use envoy_types::pb::envoy::extensions::wasm::v3::FailurePolicy;

use super::{DOWNLOAD_SECONDS, FilterSpec, ModuleCode, NO_CLUSTER, RELOAD_SECONDS, RUNTIME};
use crate::yaml::{Yaml, map};

/// The type of the filter's configuration.
pub(crate) const WASM: &str = "type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm";
/// The type of what the filter is configured with.
pub(crate) const STRING: &str = "type.googleapis.com/google.protobuf.StringValue";

impl FilterSpec<'_> {
    /// The `TypedExtensionConfig`.
    pub(crate) fn to_yaml(&self) -> Yaml {
        let failure_policy = self.failure_policy();
        let reload = map! {"backoff" => map! {"base_interval" => seconds(RELOAD_SECONDS)}};
        let machine = map! {"vm_id" => &self.vm_id, "runtime" => RUNTIME, "code" => self.code().to_yaml()};
        let plugin = map! {
            "name" => self.plugin_name(),
            "configuration" => string(Yaml::Literal(self.envelope.to_owned())),
            "failure_policy" => failure_policy.as_str_name(),
        }
        .with("reload_config", (failure_policy == FailurePolicy::FailReload).then_some(reload))
        .with("vm_config", Some(machine.with("configuration", self.vm_configuration().map(string))));
        map! {"name" => self.resource_name(), "typed_config" => map! {"@type" => WASM, "config" => plugin}}
    }
}

impl ModuleCode<'_> {
    fn to_yaml(&self) -> Yaml {
        match *self {
            ModuleCode::Local { file } => map! {"local" => map! {"filename" => file}},
            ModuleCode::Remote { uri, sha256 } => {
                let address = map! {"uri" => uri, "timeout" => seconds(DOWNLOAD_SECONDS), "cluster" => NO_CLUSTER};
                map! {"remote" => map! {"http_uri" => address, "sha256" => sha256}}
            }
        }
    }
}

fn string(value: impl Into<Yaml>) -> Yaml {
    map! {"@type" => STRING, "value" => value.into()}
}

fn seconds(seconds: i64) -> String {
    format!("{seconds}s")
}
