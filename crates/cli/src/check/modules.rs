//! Modules that attachments name and that are not on this machine.

use std::path::Path;

use weir_policy::{At, Module, Problem, Problems};
use weir_resources::MISSING_MODULE;

use super::given::Given;
use super::judged::Judged;

/// A warning for each attachment of a plain Envoy whose module is no file here, taken from where the attachment lies.
pub fn missing(given: &Given, judged: &Judged) -> Vec<Problem> {
    let mut found = Problems::default();
    for (source, attachment) in judged.attachments.iter().filter(|(_, attachment)| attachment.istio.is_none()) {
        let Some(Module::File(wasm)) = &attachment.wasm else { continue };
        let Some(file) = given.sources.get(*source) else { continue };
        let module = Path::new(&file.name).with_file_name(wasm);
        if !module.exists() {
            let message = format!(
                "{}: no such file here, and weir serve wants one on its machine; scripts/build-wasm makes one",
                module.display().to_string().escape_debug()
            );
            let root = At::Root { source: *source };
            found.add(MISSING_MODULE, &root.key("wasm").key("file"), message);
        }
    }
    let mut found = found.into_vec();
    given.sources.locate(&mut found);
    found
}
