//! VirtualServices: a route to each variant by the header that the filter wrote, and one to the stable pods.

use weir_policy::model::{EnvTag, RouteTarget, tag_regex};
use weir_policy::{CLUSTER_HEADER, Role, SUBSET_HEADER, Steer};

use crate::headers;
use crate::istio::object::{Object, Phase};
use crate::istio::placed::PlacedFilter;
pub(crate) use crate::istio::placement::MESH;
use crate::istio::placement::Proxy;
use crate::istio::routed::RoutedService;
use crate::variants::STABLE;
use crate::yaml::{Yaml, map};

const VIRTUAL_SERVICE: (&str, &str) = ("networking.istio.io/v1", "VirtualService");

/// The needs of all attachments together: by what routes match, what they remove, and where they are bound.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct RouteNeeds {
    /// The header that carries the tags, if any attachment steers by tag.
    tag_header: Option<String>,
    /// Whether any attachment steers by subset.
    by_subset: bool,
    /// Headers that no service should be sent.
    pub remove: Vec<String>,
    /// Proxies by which requests for the services come in: gateways by name, `mesh` for all sidecars.
    pub bound_to: Vec<String>,
    /// The headers by which the next hop follows a request: its tags.
    followed: Vec<String>,
    /// The namespaces of the proxies that route.
    pub namespaces: Vec<String>,
    /// Those of sidecars among them.
    pub sidecar_namespaces: Vec<String>,
}

/// A VirtualService that is rendered for a service.
pub(crate) struct OwnVirtualService<'a> {
    pub routed: &'a RoutedService,
    /// The gateways that it is bound to; `mesh` for all sidecars.
    pub gateways: Vec<String>,
}

impl OwnVirtualService<'_> {
    /// Whether sidecars go by it.
    pub fn is_for_sidecars(&self) -> bool {
        self.gateways.iter().any(|gateway| gateway == MESH)
    }
}

/// A route to one variant of a service: a header, the match of its value, and where the route leads.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct VariantRoute {
    /// The end of the route's name.
    pub name: String,
    /// The header that is matched.
    pub header: String,
    /// The StringMatch of its value.
    pub matches: Yaml,
    /// Where the route leads.
    pub target: RouteTarget,
}

impl RouteNeeds {
    /// The needs of these attachments. Inbound proxies route nothing.
    pub fn of(all: &[PlacedFilter<'_>], env_tag: &EnvTag) -> RouteNeeds {
        let routing = || all.iter().filter(|placed| placed.file.attachment.role != Role::Inbound);
        let steered = |steer| routing().any(|placed| placed.file.attachment.steer == steer);
        let bound_to = routing().flat_map(|placed| match placed.placement.proxy {
            Proxy::Gateway => placed.placement.gateways.clone(),
            Proxy::SidecarOutbound | Proxy::SidecarInbound => vec![MESH.to_owned()],
        });
        let namespace = |placed: &PlacedFilter<'_>| placed.placement.namespace.clone();
        let sidecars = || routing().filter(|placed| placed.placement.proxy != Proxy::Gateway);
        let baggage = env_tag.baggage.is_some().then(|| "baggage".to_owned());
        RouteNeeds {
            followed: [env_tag.header.clone()].into_iter().chain(baggage).collect(),
            namespaces: sorted(routing().map(namespace)),
            sidecar_namespaces: sorted(sidecars().map(namespace)),
            tag_header: steered(Steer::Tag).then(|| env_tag.header.clone()),
            by_subset: steered(Steer::Subset),
            remove: sorted(routing().flat_map(|placed| headers::written(&placed.file.attachment))),
            bound_to: sorted(bound_to),
        }
    }

    /// Whether any attachment steers by tag.
    pub fn by_tag(&self) -> bool {
        self.tag_header.is_some()
    }

    /// The routes to the variants of a service. Attachments that steer by cluster need none.
    pub fn variant_routes(&self, routed: &RoutedService) -> Vec<VariantRoute> {
        let by_tag = self.tag_header.iter().flat_map(|header| {
            routed.variants.iter().map(|(tag, target)| VariantRoute {
                name: format!("tag/{tag}"),
                header: header.clone(),
                matches: map! {"regex" => tag_regex(tag)},
                target: target.clone(),
            })
        });
        let targets = if self.by_subset { routed.targets() } else { Vec::new() };
        let by_subset = targets.into_iter().map(|target| VariantRoute {
            name: format!("subset/{}", target.name()),
            header: SUBSET_HEADER.to_owned(),
            matches: map! {"exact" => target.name()},
            target: target.clone(),
        });
        by_tag.chain(by_subset).collect()
    }

    /// The header that edits of these would spoil: one that the next hop follows, or one that is written for routes alone. Those
    /// may be removed: our routes do so too.
    pub fn spoilt<'n>(&self, set: &[&'n str], add: &[&'n str], remove: &[&'n str]) -> Option<&'n str> {
        let is = |names: &[String], name: &str| names.iter().any(|known| known.eq_ignore_ascii_case(name));
        let is_ours = |name: &str| is(&[SUBSET_HEADER.to_owned(), CLUSTER_HEADER.to_owned()], name);
        let written = set.iter().chain(add).copied();
        written
            .filter(|name| is(&self.followed, name) || is(&self.remove, name) || is_ours(name))
            .chain(remove.iter().copied().filter(|name| is(&self.followed, name)))
            .next()
    }

    /// The names of all routes of a service, those to its variants first.
    pub fn names(&self, routed: &RoutedService) -> Vec<String> {
        let variants = self.variant_routes(routed).into_iter().map(|variant| variant.name);
        variants.chain([STABLE.to_owned()]).map(|name| format!("{}/{name}", routed.host)).collect()
    }

    fn comment(&self) -> String {
        if self.tag_header.is_none() && !self.by_subset {
            return "Everybody else meets the stable pods; a variant's route is the attachment's own, by cluster.\n"
                .to_owned();
        }
        let mut comment =
            "A route for each variant, before the stable one: the first that matches counts.\n".to_owned();
        if let Some(header) = &self.tag_header {
            comment.push_str(&format!("The tags of several layers share the header {header}, hence the regex.\n"));
        }
        comment
    }

    /// The `headers` of a route that removes what the filter wrote for routes.
    pub fn headers(&self) -> Option<Yaml> {
        (!self.remove.is_empty()).then(|| map! {"request" => map! {"remove" => self.remove.clone()}})
    }
}

/// The VirtualService of a service.
pub(crate) fn object(own: &OwnVirtualService<'_>, needs: &RouteNeeds) -> Object {
    let OwnVirtualService { routed, gateways } = own;
    let host = &routed.host;
    let of_gateways: Vec<&String> = gateways.iter().filter(|gateway| *gateway != MESH).collect();
    let mut routes = Vec::new();
    // What sidecars send has a port already, and goes on to that one.
    match routed.service.port.filter(|_| !of_gateways.is_empty()) {
        Some(port) if own.is_for_sidecars() => {
            routes.extend(routes_of(routed, needs, Some(port), Some(&of_gateways)));
            routes.extend(routes_of(routed, needs, None, None));
        }
        port => routes.extend(routes_of(routed, needs, port, None)),
    }
    let hosts: Vec<&String> = [host].into_iter().chain(&routed.service.hosts).collect();
    let spec = map! {"hosts" => hosts, "gateways" => gateways.clone(), "http" => routes};
    Object::new(Phase::Mesh, VIRTUAL_SERVICE, &routed.namespace, &routed.object_name(), &needs.comment(), spec)
}

/// The routes of a service, to one of its ports or to the one that was called; of these gateways alone or of all that the
/// VirtualService is bound to.
fn routes_of(routed: &RoutedService, needs: &RouteNeeds, port: Option<i64>, gateways: Option<&[&String]>) -> Vec<Yaml> {
    let host = &routed.host;
    let route = |name: String, matches: Yaml, host: &str, subset: Option<&str>| {
        let matches = matches.with("gateways", gateways.map(|gateways| gateways.to_vec()));
        let destination = map! {"host" => host}.with("subset", subset);
        let destination = destination.with("port", port.map(|port| map! {"number" => port}));
        map! {"name" => name}
            .with("match", (matches != map! {}).then_some([matches]))
            .with("headers", needs.headers())
            .with("route", Some([map! {"destination" => destination}]))
    };
    let to_variant = |variant: VariantRoute| {
        let matches = map! {"headers" => map! {variant.header => variant.matches}};
        let name = format!("{host}/{}", variant.name);
        match &variant.target {
            RouteTarget::Subset(subset) => route(name, matches, host, Some(subset)),
            RouteTarget::Service(service) => route(name, matches, service, None),
        }
    };
    let mut routes: Vec<Yaml> = needs.variant_routes(routed).into_iter().map(to_variant).collect();
    routes.push(route(format!("{host}/{STABLE}"), map! {}, host, routed.service.stable.is_some().then_some(STABLE)));
    routes
}

fn sorted(texts: impl Iterator<Item = String>) -> Vec<String> {
    let mut texts: Vec<String> = texts.collect();
    texts.sort_unstable();
    texts.dedup();
    texts
}
