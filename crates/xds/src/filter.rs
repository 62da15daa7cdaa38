//! The filter as an ECDS resource: which module to load and what to configure it with.

use envoy_types::pb::envoy::config::core::v3::async_data_source::Specifier as Source;
use envoy_types::pb::envoy::config::core::v3::data_source::Specifier as File;
use envoy_types::pb::envoy::config::core::v3::{AsyncDataSource, BackoffStrategy, DataSource, TypedExtensionConfig};
use envoy_types::pb::envoy::extensions::filters::http::wasm::v3::Wasm;
use envoy_types::pb::envoy::extensions::wasm::v3::{
    FailurePolicy, PluginConfig, ReloadConfig, VmConfig, plugin_config::Vm,
};
use envoy_types::pb::google::protobuf::{Duration, StringValue};
use envoy_types::util::pack_any;
use prost::Message;

use crate::snapshot::version;
use crate::{Kind, Resource};

/// The resource `weir.ATTACHMENT` that runs the module at `wasm`, an absolute path on Envoy's machine, with this envelope
/// (JSON) as its configuration, in machines of this `vm_id`.
pub fn resource(attachment: &str, vm_id: &str, wasm: &str, envelope: &str) -> Resource {
    let name = format!("weir.{attachment}");
    let filter = Wasm { config: Some(plugin(&name, vm_id, wasm, envelope)) };
    let extension = TypedExtensionConfig { name: name.clone(), typed_config: Some(pack_any(filter)) };
    let body = extension.encode_to_vec();
    Resource { kind: Kind::Extension, name, version: version(&body), body: body.into() }
}

fn plugin(name: &str, vm_id: &str, wasm: &str, envelope: &str) -> PluginConfig {
    let file = DataSource { specifier: Some(File::Filename(wasm.into())), ..Default::default() };
    let vm = VmConfig {
        vm_id: vm_id.into(),
        // Where filters share a `vm_id` this tells their machines apart.
        configuration: (vm_id != name).then(|| pack_any(StringValue { value: name.into() })),
        runtime: "envoy.wasm.runtime.v8".into(),
        code: Some(AsyncDataSource { specifier: Some(Source::Local(file)) }),
        ..Default::default()
    };
    let base_interval = Some(Duration { seconds: 1, nanos: 0 });
    PluginConfig {
        name: name.into(),
        // Envoy 1.40 hands a Struct over as binary protobuf, a StringValue as the bare string.
        configuration: Some(pack_any(StringValue { value: envelope.into() })),
        failure_policy: FailurePolicy::FailReload.into(),
        reload_config: Some(ReloadConfig { backoff: Some(BackoffStrategy { base_interval, max_interval: None }) }),
        vm: Some(Vm::VmConfig(vm)),
        ..Default::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resources;

    /// The resource as an operator would write it by hand.
    const BY_HAND: &str = r#"
name: weir.shop
typed_config:
  "@type": type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm
  config:
    name: weir.shop
    configuration:
      "@type": type.googleapis.com/google.protobuf.StringValue
      value: '{"weir":1}'
    failure_policy: FAIL_RELOAD
    reload_config: {backoff: {base_interval: 1s}}
    vm_config:
      vm_id: weir.shop
      runtime: envoy.wasm.runtime.v8
      code: {local: {filename: /opt/weir.wasm}}
"#;

    #[test]
    fn the_resource_is_what_one_would_write_by_hand() {
        let own = resource("shop", "weir.shop", "/opt/weir.wasm", r#"{"weir":1}"#);
        assert_eq!((own.kind, own.name.as_str()), (Kind::Extension, "weir.shop"));
        let encode = |text: &str| resources::encode(Kind::Extension.type_url(), text).unwrap();
        assert_eq!(own.body, encode(BY_HAND));

        let shared = resource("shop", "weir.join", "/opt/weir.wasm", r#"{"weir":1}"#);
        let configuration =
            r#"configuration: {"@type": type.googleapis.com/google.protobuf.StringValue, value: weir.shop}"#;
        let by_hand = BY_HAND.replace("vm_id: weir.shop", &format!("vm_id: weir.join\n      {configuration}"));
        assert_eq!(shared.body, encode(&by_hand));
    }

    #[test]
    fn its_version_follows_the_envelope() {
        let [one, same, other] =
            ["1", "1", "2"].map(|envelope| resource("shop", "weir.shop", "/opt/weir.wasm", envelope).version);
        assert_eq!(one, same);
        assert_ne!(one, other);
    }
}
