//! The filter for an Envoy without Istio.

use weir_engine::{Attachment, Module};

use crate::filter::extension;
use crate::yaml::{Yaml, map};

mod routes;

pub use routes::plain_routes;

/// The filter of a plain Envoy.
pub struct Plain<'a> {
    /// The attachment's name: the filter is called `weir.NAME`.
    pub name: &'a str,
    /// Where and how it is put.
    pub attachment: &'a Attachment,
    /// The module on Envoy's machine, an absolute path.
    pub module: &'a str,
    /// What it is configured with.
    pub envelope: &'a str,
}

impl Plain<'_> {
    /// A file for ECDS, as Envoy's `path_config_source` reads it.
    pub fn ecds(&self) -> String {
        let resource = map! {"@type" => "type.googleapis.com/envoy.config.core.v3.TypedExtensionConfig"};
        map! {"resources" => [resource.and(self.extension())]}.text()
    }

    /// An entry of `http_filters` that brings its policy.
    pub fn entry(&self) -> String {
        Yaml::List(vec![self.extension()]).text()
    }

    fn extension(&self) -> Yaml {
        let resource = format!("weir.{}", self.name);
        let module = Module::File(self.module.to_owned());
        extension(&resource, self.name, self.attachment, &module, self.envelope)
    }
}
