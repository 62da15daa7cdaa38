//! Tests that protobuf and YAML of a filter mean the same, and that it is what an operator would write by hand.

use weir_policy::{Attachment, Join, Module};

use super::FilterSpec;

const ENVELOPE: &str = r#"{"weir":1,"name":"it's a \"shop\"","policy":{"version":1,"units":{"用户":[]}}}"#;

/// The type of a resource for ECDS.
const EXTENSION: &str = "type.googleapis.com/envoy.config.core.v3.TypedExtensionConfig";

/// A resource for ECDS as an operator would write it.
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

/// The protobuf that Envoy's own schema makes of YAML.
fn read(yaml: &str) -> Vec<u8> {
    weir_resources::encode(EXTENSION, yaml).unwrap_or_else(|error| panic!("{error}:\n{yaml}"))
}

fn joining() -> Attachment {
    Attachment { join: Some(Join::Traceparent), ..Attachment::default() }
}

#[test]
fn protobuf_and_yaml_mean_the_same() {
    let sha256 = "a1".repeat(32);
    let url = "https://example.com/weir.wasm".to_owned();
    let oci = "oci://example.com/weir:1".to_owned();
    for module in [
        Module::File("/opt/weir.wasm".to_owned()),
        Module::Url { url, sha256: sha256.clone() },
        Module::Oci { url: oci.clone(), sha256: Some(sha256) },
        Module::Oci { url: oci, sha256: None },
    ] {
        for attachment in [Attachment::default(), joining()] {
            let plain = FilterSpec::new("shop", &attachment, &module, ENVELOPE);
            for spec in [plain.clone(), plain.in_namespace("istio-system")] {
                assert_eq!(read(&spec.to_yaml().text()), spec.to_proto(), "{spec:?}");
            }
        }
    }
}

#[test]
fn the_protobuf_is_what_one_would_write_by_hand() {
    let module = Module::File("/opt/weir.wasm".to_owned());
    let own = FilterSpec::new("shop", &Attachment::default(), &module, r#"{"weir":1}"#);
    assert_eq!(own.resource_name(), "weir.shop");
    assert_eq!(own.to_proto(), read(BY_HAND));

    let joining = joining();
    let shared = FilterSpec::new("shop", &joining, &module, r#"{"weir":1}"#);
    let configuration =
        r#"configuration: {"@type": type.googleapis.com/google.protobuf.StringValue, value: weir.shop}"#;
    let by_hand = BY_HAND.replace("vm_id: weir.shop", &format!("vm_id: weir.join\n      {configuration}"));
    assert_eq!(shared.to_proto(), read(&by_hand));
}
