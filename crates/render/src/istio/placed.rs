//! The filter of one attachment under Istio: its placement, module and envelope, checked for what only Istio asks.

use weir_policy::{At, AttachmentFile, Module, Problems, Revision, Role, SourceId, Steer, codes};

use crate::FilterSpec;
use crate::istio::indented::indented;
use crate::istio::object::Phase;
use crate::istio::object_name::is_name;
use crate::istio::origin;
use crate::istio::placement::{Carrier, Placement, Proxy};

/// An attachment file and the envelope that carries its part of the policy.
pub struct Enveloped<'a> {
    /// The text that the attachment stands in.
    pub source: SourceId,
    /// The attachment file.
    pub file: &'a AttachmentFile,
    /// The filter's configuration, JSON without blanks; empty where proxies ask a server for it.
    pub envelope: String,
    /// The revision that it says, or that the server's will say.
    pub revision: Revision,
    /// Whether the server's will soon say another one, since releases change its policy: then nobody waits for this one.
    pub moves: bool,
}

/// A filter that can be rendered.
pub(crate) struct PlacedFilter<'a> {
    pub file: &'a AttachmentFile,
    /// The attachment's name, a part of the names of its objects.
    pub name: String,
    pub module: Module,
    pub placement: Placement,
    /// The filter's configuration, for people to read.
    pub envelope: String,
    /// The revision that it says.
    pub revision: Revision,
    /// Whether that is so for a moment only.
    pub moves: bool,
    /// The text that the attachment stands in.
    pub source: SourceId,
}

/// Reports what of an attachment's key `istio`, if it has one, could not be rendered, whatever the policy is.
pub fn check(file: &AttachmentFile, source: SourceId, problems: &mut Problems) {
    if file.istio.is_some() {
        read_placement(file, source, problems);
    }
}

fn read_placement(file: &AttachmentFile, source: SourceId, problems: &mut Problems) -> Option<Placement> {
    let root = At::Root { source };
    let placement = Placement::read(file, source, problems)?;
    check_fit(file, &placement, &root.key("istio"), problems);
    origin::check(file, &placement, &root, problems);
    Some(placement)
}

impl<'a> PlacedFilter<'a> {
    /// Reads the Istio part of all attachments; those that cannot be rendered are left out, with problems.
    pub fn read_all(attachments: Vec<Enveloped<'a>>, problems: &mut Problems) -> Vec<PlacedFilter<'a>> {
        let mut all: Vec<PlacedFilter<'_>> = Vec::with_capacity(attachments.len());
        for enveloped in attachments {
            let Some(placed) = PlacedFilter::read(enveloped, problems) else { continue };
            if all.iter().any(|other| other.name == placed.name) {
                let message =
                    format!("{} is the name of another attachment too; its objects are named so", placed.name);
                problems.add(codes::DUPLICATE_ID, &At::Root { source: placed.source }.key("name"), message);
            }
            all.push(placed);
        }
        all
    }

    /// The phase in which the filter is applied: filters that decide come last.
    pub fn phase(&self) -> Phase {
        if self.file.attachment.role == Role::Edge { Phase::Edge } else { Phase::Mesh }
    }

    /// The name of the filter's resource, and of its entry in a listener.
    pub fn resource_name(&self) -> String {
        match self.placement.server {
            // As `weir serve` calls it, which knows no namespaces.
            Some(_) => self.spec().plugin_name(),
            None => self.spec().resource_name(),
        }
    }

    /// The filter's resource.
    pub fn spec(&self) -> FilterSpec<'_> {
        let spec = FilterSpec::new(&self.name, &self.file.attachment, &self.module, &self.envelope);
        spec.in_namespace(&self.placement.namespace)
    }

    fn read(enveloped: Enveloped<'a>, problems: &mut Problems) -> Option<PlacedFilter<'a>> {
        let Enveloped { source, file, envelope, revision, moves } = enveloped;
        let root = At::Root { source };
        let name = name(file, &root, problems);
        let module = module(file, &root, problems);
        let placement = read_placement(file, source, problems)?;
        let (name, module, envelope) = (name?, module?, indented(envelope));
        Some(PlacedFilter { file, name, module, placement, envelope, revision, moves, source })
    }
}

fn name(file: &AttachmentFile, root: &At<'_>, problems: &mut Problems) -> Option<String> {
    let Some(name) = &file.attachment.name else {
        problems.add(codes::MISSING_FIELD, root, "`name` is missing; the objects are named after it");
        return None;
    };
    is_name(name, "attachment", &root.key("name"), problems).then(|| name.clone())
}

fn module(file: &AttachmentFile, root: &At<'_>, problems: &mut Problems) -> Option<Module> {
    match &file.wasm {
        Some(Module::File(path)) if !path.starts_with('/') => {
            let at = root.key("wasm");
            let message = format!("found {path:?}; the path is one of the proxy's container and begins with /");
            problems.add(codes::BAD_VALUE, &at.key("file"), message);
            None
        }
        Some(module) => Some(module.clone()),
        None => {
            problems.add(codes::MISSING_FIELD, root, "`wasm` is missing; it says where proxies get the module");
            None
        }
    }
}

/// Whether Istio would refuse a plugin with the module, whose place it reads as a URL.
fn is_no_url(module: &Module) -> bool {
    let is_odd = |text: &str| {
        let mut escapes = text.split('%').skip(1).map(|rest| rest.as_bytes().first_chunk::<2>());
        text.contains(char::is_control)
            || escapes.any(|two| !two.is_some_and(|two| two.iter().all(u8::is_ascii_hexdigit)))
    };
    match module {
        Module::File(path) => is_odd(path) || path.contains('%'),
        Module::Url { url, .. } | Module::Oci { url, .. } => is_odd(url) || url.contains(' '),
    }
}

/// Reports settings that do not go together.
fn check_fit(file: &AttachmentFile, placement: &Placement, at: &At<'_>, problems: &mut Problems) {
    let attachment = &file.attachment;
    let mut refuse = |key: &str, message: &str| problems.add(codes::CONFLICT, &at.key(key), message);
    if (placement.proxy == Proxy::SidecarInbound) != (attachment.role == Role::Inbound) {
        let message = "role inbound and proxy sidecar-inbound go together: Envoy does not choose a version there";
        refuse("proxy", message);
    }
    if placement.proxy != Proxy::Gateway && !placement.gateways.is_empty() {
        refuse("gateways", "only proxy: gateway takes requests in by a Gateway; sidecars are bound to the mesh");
    }
    if placement.carrier != Carrier::EnvoyFilter {
        if attachment.steer == Steer::Cluster {
            refuse("attach", "steer: cluster needs a route that only an EnvoyFilter can make; steer by tag or subset");
        }
        if attachment.join.is_some() {
            refuse(
                "attach",
                "filters that join need one vm_id, which only an EnvoyFilter can give; write attach: envoyfilter",
            );
        }
        if file.wasm.as_ref().is_some_and(is_no_url) {
            refuse(
                "attach",
                "Istio reads the place of the module as a URL, and this one is none for it: a % in it begins an escape, and a \
                 path is better without; write attach: envoyfilter, or call the module otherwise",
            );
        }
        for (key, used) in [("weights", !placement.weights.is_empty()), ("limits", !placement.limits.is_empty())] {
            if used {
                refuse(key, "only an EnvoyFilter can do that; write attach: envoyfilter");
            }
        }
    }
    for (id, _) in &placement.weights {
        if !attachment.sticky.iter().any(|sticky| sticky.id == *id) {
            let weights = at.key("weights");
            let message = format!("no sticky header of this attachment has the id {id}");
            problems.add(codes::BAD_VALUE, &weights.key(id), message);
        }
    }
}
