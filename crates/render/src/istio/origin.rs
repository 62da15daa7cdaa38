//! Where the policy comes from, with the manifests or from a server, and what of an attachment goes with that.

use weir_policy::{At, AttachmentFile, Module, Problems, codes};

use crate::istio::placement::{Carrier, Placement};

/// Reports what does not go with where the policy comes from.
pub(crate) fn check(file: &AttachmentFile, placement: &Placement, root: &At<'_>, problems: &mut Problems) {
    let istio = root.key("istio");
    if !file.asks_server() {
        if placement.server.is_some() {
            let message = "nobody asks this server; write policy: {from: server}, or leave it out";
            problems.add(codes::CONFLICT, &istio.key("server"), message);
        }
        return;
    }
    if placement.server.is_none() {
        let message = "`server` is missing; it says where proxies ask for the policy: {host: weir.weir.svc.cluster.local, port: \
                       18000, name: spiffe://cluster.local/ns/weir/sa/weir}";
        problems.add(codes::MISSING_FIELD, &istio, message);
    }
    if placement.carrier != Carrier::EnvoyFilter {
        let message = "only an EnvoyFilter can tell a proxy to ask a server; write attach: envoyfilter";
        problems.add(codes::CONFLICT, &istio.key("attach"), message);
    }
    if let Some(module @ (Module::Url { .. } | Module::Oci { .. })) = &file.wasm {
        let key = if matches!(module, Module::Url { .. }) { "url" } else { "oci" };
        let message = "istio-agent fetches modules for filters that come from istiod, and this one comes from weir serve; write \
                       file: /etc/weir/weir.wasm, and bring the module into the proxy's container by an image or a volume";
        problems.add(codes::CONFLICT, &root.key("wasm").key(key), message);
    }
}
