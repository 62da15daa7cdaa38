//! Routes by what they ask and are called, so that much can be asked of many.

use std::collections::{HashMap, HashSet};

use super::{Route, Routing};

/// The routes that ask something of one header.
pub struct RoutesByHeader<'a> {
    /// By the only value that does.
    exact: HashMap<&'a str, &'a Route>,
    /// By what stands in the value alone, or between commas.
    listed: HashMap<&'a str, &'a Route>,
    /// All others.
    others: Vec<&'a Route>,
    header: &'a str,
}

/// What routes call services by.
pub struct Names<'a> {
    clusters: HashSet<&'a str>,
    /// In lower case, without ports.
    domains: HashSet<String>,
    /// Ends and beginnings of names.
    ends: Vec<String>,
    starts: Vec<String>,
}

impl<'a> RoutesByHeader<'a> {
    /// Those of all routes.
    pub fn of(routing: &'a Routing, header: &'a str) -> RoutesByHeader<'a> {
        let mut by = RoutesByHeader { exact: HashMap::new(), listed: HashMap::new(), others: Vec::new(), header };
        for route in routing.routes() {
            let mut asked = route.headers.iter().filter(|asked| asked.name == header);
            let Some(first) = asked.next() else { continue };
            let is_only = asked.next().is_none();
            match (first.exact(), first.listed()) {
                (Some(text), _) if is_only => drop(by.exact.entry(text).or_insert(route)),
                (_, Some(text)) if is_only => drop(by.listed.entry(text).or_insert(route)),
                _ => by.others.push(route),
            }
        }
        by
    }

    /// A route that a request with this value would do for.
    pub fn find(&self, value: &str) -> Option<&'a Route> {
        let listed = || value.split(',').find_map(|part| self.listed.get(part));
        let known = self.exact.get(value).or_else(listed).copied();
        known.or_else(|| self.others.iter().find(|route| route.asks(self.header, value)).copied())
    }

    /// How many routes each value has to be held against.
    pub fn patterns(&self) -> usize {
        self.others.len()
    }
}

impl<'a> Names<'a> {
    /// Those of all routes.
    pub fn of(routing: &'a Routing) -> Names<'a> {
        let clusters = routing.routes().flat_map(|route| &route.clusters);
        let clusters = clusters.flat_map(|name| [Some(name.as_str()), name.split('|').nth(3)]).flatten().collect();
        let (mut domains, mut ends, mut starts) = (HashSet::new(), Vec::new(), Vec::new());
        for domain in routing.hosts.iter().flat_map(|host| &host.domains) {
            let domain = domain.to_ascii_lowercase();
            let name = domain.rsplit_once(':').map_or(domain.as_str(), |(name, _)| name);
            match (name.strip_prefix('*'), name.strip_suffix('*')) {
                // The domain for whatever comes is called like nothing.
                (Some(""), _) | (_, Some("")) => {}
                (Some(end), _) => ends.push(end.to_owned()),
                (_, Some(start)) => starts.push(start.to_owned()),
                _ => drop(domains.insert(name.to_owned())),
            }
        }
        Names { clusters, domains, ends, starts }
    }

    /// Whether something is called like this service: a domain, perhaps by the first parts of the name or a pattern for it, or
    /// a cluster, perhaps as Istio calls those of a service.
    pub fn has(&self, service: &str) -> bool {
        let mut parts = service.match_indices('.').map(|(dot, _)| &service[..dot]).chain([service]);
        self.clusters.contains(service)
            || parts.any(|part| self.domains.contains(part))
            || self.ends.iter().any(|end| service.ends_with(end.as_str()))
            || self.starts.iter().any(|start| service.starts_with(start.as_str()))
    }
}
