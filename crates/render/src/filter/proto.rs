//! The filter as protobuf, as `weir serve` sends it.

use envoy_types::pb::envoy::config::core::v3::async_data_source::Specifier;
use envoy_types::pb::envoy::config::core::v3::data_source::Specifier as Filename;
use envoy_types::pb::envoy::config::core::v3::http_uri::HttpUpstreamType;
use envoy_types::pb::envoy::config::core::v3::{
    AsyncDataSource, BackoffStrategy, DataSource, HttpUri, RemoteDataSource, TypedExtensionConfig,
};
use envoy_types::pb::envoy::extensions::filters::http::wasm::v3::Wasm;
use envoy_types::pb::envoy::extensions::wasm::v3::{
    FailurePolicy, PluginConfig, ReloadConfig, VmConfig, plugin_config::Vm,
};
use envoy_types::pb::google::protobuf::{Any, Duration, StringValue};
use envoy_types::util::pack_any;
use prost::Message;

use super::{DOWNLOAD_SECONDS, FilterSpec, ModuleCode, NO_CLUSTER, RELOAD_SECONDS, RUNTIME};

impl FilterSpec<'_> {
    /// The `TypedExtensionConfig`, encoded.
    pub fn to_proto(&self) -> Vec<u8> {
        let filter = Wasm { config: Some(self.plugin()) };
        TypedExtensionConfig { name: self.resource_name(), typed_config: Some(pack_any(filter)) }.encode_to_vec()
    }

    fn plugin(&self) -> PluginConfig {
        let failure_policy = self.failure_policy();
        let reload = ReloadConfig {
            backoff: Some(BackoffStrategy { base_interval: Some(seconds(RELOAD_SECONDS)), max_interval: None }),
        };
        let machine = VmConfig {
            vm_id: self.vm_id.clone(),
            runtime: RUNTIME.to_owned(),
            code: Some(self.code().to_proto()),
            configuration: self.vm_configuration().map(string),
            ..Default::default()
        };
        PluginConfig {
            name: self.plugin_name(),
            configuration: Some(string(self.envelope.to_owned())),
            failure_policy: failure_policy.into(),
            reload_config: (failure_policy == FailurePolicy::FailReload).then_some(reload),
            vm: Some(Vm::VmConfig(machine)),
            ..Default::default()
        }
    }
}

impl ModuleCode<'_> {
    fn to_proto(&self) -> AsyncDataSource {
        let specifier = match *self {
            ModuleCode::Local { file } => {
                Specifier::Local(DataSource { specifier: Some(Filename::Filename(file.into())), ..Default::default() })
            }
            ModuleCode::Remote { uri, sha256 } => Specifier::Remote(RemoteDataSource {
                http_uri: Some(HttpUri {
                    uri: uri.into(),
                    timeout: Some(seconds(DOWNLOAD_SECONDS)),
                    http_upstream_type: Some(HttpUpstreamType::Cluster(NO_CLUSTER.into())),
                }),
                sha256: sha256.into(),
                retry_policy: None,
            }),
        };
        AsyncDataSource { specifier: Some(specifier) }
    }
}

fn string(value: String) -> Any {
    pack_any(StringValue { value })
}

fn seconds(seconds: i64) -> Duration {
    Duration { seconds, nanos: 0 }
}
