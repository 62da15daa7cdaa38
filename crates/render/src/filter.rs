//! The filter as Envoy is given it.

use weir_engine::{Attachment, Module};

use crate::yaml::{Yaml, map};

pub(crate) const WASM: &str = "type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm";
const STRING: &str = "type.googleapis.com/google.protobuf.StringValue";

/// The ECDS resource: the module and what configures it.
pub(crate) fn extension(resource: &str, name: &str, attachment: &Attachment, module: &Module, envelope: &str) -> Yaml {
    let id = format!("weir.{name}");
    let plugin = map! {
        "name" => &id,
        "configuration" => map! {"@type" => STRING, "value" => Yaml::Literal(envelope.to_owned())},
    };
    let plugin = match module {
        Module::File(_) => plugin
            .with("failure_policy", Some("FAIL_RELOAD"))
            .with("reload_config", Some(map! {"backoff" => map! {"base_interval" => "1s"}})),
        Module::Url { .. } | Module::Oci { .. } => plugin.with("failure_policy", Some("FAIL_OPEN")),
    };
    let vm_id = attachment.vm_id(&id);
    // Where filters share a `vm_id` this tells their machines apart.
    let apart = (vm_id != id).then(|| map! {"@type" => STRING, "value" => &id});
    let machine = map! {"vm_id" => vm_id, "runtime" => "envoy.wasm.runtime.v8", "code" => code(module)};
    let plugin = plugin.with("vm_config", Some(machine.with("configuration", apart)));
    map! {"name" => resource, "typed_config" => map! {"@type" => WASM, "config" => plugin}}
}

fn code(module: &Module) -> Yaml {
    let (url, sha256) = match module {
        Module::File(file) => return map! {"local" => map! {"filename" => file}},
        Module::Url { url, sha256 } => (url, sha256.as_str()),
        // What istiod writes where there is none: Envoy's schema wants some text, and the agent knows this one.
        Module::Oci { url, sha256 } => (url, sha256.as_deref().unwrap_or("nil")),
    };
    let address = map! {"uri" => url, "timeout" => "30s", "cluster" => "_"};
    map! {"remote" => map! {"http_uri" => address, "sha256" => sha256}}
}
