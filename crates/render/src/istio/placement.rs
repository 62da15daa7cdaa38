//! The key `istio` of an attachment file: which proxies get the filter, by which kind of object, and what the mesh
//! around these proxies looks like.

use weir_policy::fields::{self, Fields};
use weir_policy::{At, AttachmentFile, Problems, Role, SourceId, Spanned, codes};

use crate::entries::{bound, by_name};
use crate::istio::host_name::{CLUSTER_DOMAIN, refused};
use crate::istio::labels::{Labels, labels};
use crate::istio::object_name::{is_name, is_title};
use crate::istio::server::Server;
use crate::istio::service::Service;

/// The name in a VirtualService for all sidecars.
pub(crate) const MESH: &str = "mesh";

/// The namespace whose objects Istio applies in all others.
pub(crate) const ROOT_NAMESPACE: &str = "istio-system";

/// The place of an attachment in the mesh.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Placement {
    /// The namespace of the proxies, and of the objects that are rendered for them.
    pub namespace: String,
    /// Labels of the proxies' pods; at least one.
    pub selector: Labels,
    /// The traffic that the filter sees.
    pub proxy: Proxy,
    /// The kind of object that carries the filter.
    pub carrier: Carrier,
    /// The domain of the cluster, where it is said.
    pub domain: Option<String>,
    /// Istio Gateways by which requests for the services themselves come in, as VirtualServices name them.
    pub gateways: Vec<String>,
    /// Descriptions of services that the policy routes, by name.
    pub services: Vec<(String, Service)>,
    /// Named routes whose weights a sticky header makes sticky, by the id of that header.
    pub weights: Vec<(String, Vec<String>)>,
    /// Requests a second that a route takes at one proxy, by the name of the route.
    pub limits: Vec<(String, i64)>,
    /// Whether access log and traces tell the decisions.
    pub telemetry: bool,
    /// The `weir serve` that the proxies ask for the policy.
    pub server: Option<Server>,
}

/// The traffic of a pod that a filter sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Proxy {
    /// Requests that a gateway takes in.
    Gateway,
    /// Requests that a workload sends.
    SidecarOutbound,
    /// Requests that a workload is sent.
    SidecarInbound,
}

/// The kind of object that carries the filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Carrier {
    EnvoyFilter,
    WasmPlugin,
    TrafficExtension,
}

const PROXIES: [(&str, Proxy); 3] = [
    ("gateway", Proxy::Gateway),
    ("sidecar-outbound", Proxy::SidecarOutbound),
    ("sidecar-inbound", Proxy::SidecarInbound),
];
const CARRIERS: [(&str, Carrier); 3] = [
    ("envoyfilter", Carrier::EnvoyFilter),
    ("wasmplugin", Carrier::WasmPlugin),
    ("trafficextension", Carrier::TrafficExtension),
];

impl Placement {
    /// Reads the key `istio`; `None` only with problems.
    pub fn read(file: &AttachmentFile, source: SourceId, problems: &mut Problems) -> Option<Placement> {
        let root = At::Root { source };
        let Some(node) = file.istio.clone() else {
            let message = "`istio` is missing; it says where the filter goes: {namespace: shop, selector: {app: owl}}";
            problems.add(codes::MISSING_FIELD, &root, message);
            return None;
        };
        let at = root.key("istio");
        let mut fields = Fields::open(node, &at, problems)?;
        let namespace = fields.require("namespace", problems).and_then(|node| {
            let at = at.key("namespace");
            fields::string(node, &at, problems).filter(|text| is_name(text, "namespace", &at, problems))
        });
        let selector = fields.require("selector", problems);
        let selector = selector.and_then(|node| labels(node, "app: owl", &at.key("selector"), problems));
        let domain = fields.take("domain").and_then(|node| {
            let at = at.key("domain");
            fields::string(node, &at, problems).inspect(|text| check_domain(text, &at, problems))
        });
        let proxy = fields.take("proxy").and_then(|node| fields::word(node, &PROXIES, &at.key("proxy"), problems));
        let carrier = fields.take("attach").and_then(|node| fields::word(node, &CARRIERS, &at.key("attach"), problems));
        let gateways = fields.take("gateways").and_then(|node| gateways(node, &at.key("gateways"), problems));
        let mut refused = Problems::default();
        let services = by_name(fields.take("services"), &at.key("services"), &mut refused, Service::read);
        // What was refused would be missing, and asked for a second time.
        let is_described = refused.is_empty();
        problems.extend(refused.into_vec());
        let services = services.into_iter().map(|(name, service)| (name.clone(), service.beside(&name))).collect();
        let weights = by_name(fields.take("weights"), &at.key("weights"), problems, fields::strings);
        let limits = by_name(fields.take("limits"), &at.key("limits"), problems, bound);
        let telemetry = fields.take("telemetry").and_then(|node| fields::boolean(node, &at.key("telemetry"), problems));
        let server = fields.take("server");
        let server = server.map(|node| Server::read(node, domain.as_deref(), &at.key("server"), problems));
        fields.finish(problems);
        is_described.then_some(())?;
        Some(Placement {
            namespace: namespace?,
            selector: selector?,
            proxy: proxy.unwrap_or_else(|| Proxy::of(file.attachment.role)),
            carrier: carrier.unwrap_or(Carrier::EnvoyFilter),
            domain,
            gateways: gateways.unwrap_or_default(),
            services,
            weights,
            limits,
            telemetry: telemetry.unwrap_or_default(),
            server: match server {
                Some(read) => Some(read?),
                None => None,
            },
        })
    }
}

impl Placement {
    /// Whether it asks for something of the route of this name, or of one whose name ends in it behind that of a route which
    /// delegates.
    pub fn names_route(&self, route: &str) -> bool {
        let weights = self.weights.iter().flat_map(|(_, routes)| routes);
        weights
            .chain(self.limits.iter().map(|(name, _)| name))
            .any(|name| name == route || name.strip_suffix(route).is_some_and(|before| before.ends_with('-')))
    }
}

impl Proxy {
    /// The traffic that a role is made for.
    fn of(role: Role) -> Proxy {
        match role {
            Role::Edge => Proxy::Gateway,
            Role::Mesh => Proxy::SidecarOutbound,
            Role::Inbound => Proxy::SidecarInbound,
        }
    }

    /// The `context` in patches of an EnvoyFilter.
    pub fn context(self) -> &'static str {
        match self {
            Proxy::Gateway => "GATEWAY",
            Proxy::SidecarOutbound => "SIDECAR_OUTBOUND",
            Proxy::SidecarInbound => "SIDECAR_INBOUND",
        }
    }
}

fn check_domain(text: &str, at: &At<'_>, problems: &mut Problems) {
    let message = refused(text).or_else(|| text.contains('*').then(|| format!("found {text:?}")));
    if let Some(message) = message {
        problems.add(codes::BAD_VALUE, at, format!("{message}; {CLUSTER_DOMAIN} is the domain of most clusters"));
    }
}

fn gateways(node: Spanned, at: &At<'_>, problems: &mut Problems) -> Option<Vec<String>> {
    let names = fields::strings(node, at, problems)?;
    for (i, name) in names.iter().enumerate() {
        if name == MESH {
            let message =
                "sidecars are meant by an attachment of theirs, not by the name mesh; name a Gateway, or leave it out";
            problems.add(codes::BAD_VALUE, &at.index(i), message);
        } else {
            is_title(name, "Gateway", &at.index(i), problems);
        }
    }
    Some(names)
}
