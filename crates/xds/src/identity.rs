//! Identity: which nodes a client may say that it is, by the names in its certificate.

use crate::{Node, metadata};

/// How closely a node is held to the names in its client's certificate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Identity {
    /// Its id is a name, or the last part of a name's path.
    Node,
    /// It is of the namespace of a name `spiffe://TRUST-DOMAIN/ns/NAMESPACE/sa/…`. Names of other forms say no namespace.
    #[default]
    Namespace,
    /// It may be any.
    None,
}

/// The client of a connection, as far as its certificate says who it is.
pub(crate) struct CertifiedClient {
    /// The names by which it was allowed to connect, one at least.
    pub names: Vec<String>,
    /// How closely its nodes are held to them.
    pub identity: Identity,
}

/// The most that is repeated of a text that a node says. A namespace of Kubernetes has 63 characters at most.
const SHOWN_CHARS_MAX: usize = 100;

impl CertifiedClient {
    /// The name by which the client may be this node.
    ///
    /// # Errors
    /// What the node says, and what the certificate.
    pub fn name_for(&self, node: &Node) -> Result<String, String> {
        let found = match self.identity {
            Identity::None => self.names.first(),
            Identity::Node => {
                let found = self.names.iter().find(|name| is_node(name, &node.id));
                Some(found.ok_or_else(|| format!("its node id is not that of its certificate, {}", self.all_names()))?)
            }
            Identity::Namespace => self.name_of_namespace(node)?,
        };
        Ok(found.cloned().unwrap_or_default())
    }

    fn name_of_namespace(&self, node: &Node) -> Result<Option<&String>, String> {
        let mut named = self.names.iter().filter_map(|name| Some((name, namespace_of_name(name)?))).peekable();
        if named.peek().is_none() {
            return Ok(self.names.first());
        }
        let [by_metadata, by_id] = namespaces_of_node(node);
        let Some(said) = by_metadata.as_deref().or(by_id.as_deref()) else {
            let where_to = "neither by metadata NAMESPACE nor by an id TYPE~IP~POD.NAMESPACE~DOMAIN";
            return Err(format!("it says no namespace, {where_to}, and its certificate says {}", self.all_names()));
        };
        if let Some(other) = by_id.as_deref().filter(|by_id| *by_id != said) {
            let [said, other] = [said, other].map(shown);
            let names = self.all_names();
            return Err(format!(
                "it says namespace {said} by its metadata and {other} by its id, and its certificate says {names}"
            ));
        }
        let found = named.find(|(_, namespace)| *namespace == said).map(|(name, _)| name);
        let refused = || format!("it says namespace {}, and its certificate says {}", shown(said), self.all_names());
        found.map(Some).ok_or_else(refused)
    }

    /// For a line of the log.
    pub fn all_names(&self) -> String {
        self.names.join(", ")
    }
}

fn is_node(name: &str, id: &str) -> bool {
    let path = name.split_once("://").and_then(|(_, rest)| rest.split_once('/'));
    let last = path.and_then(|(_, path)| path.rsplit('/').next());
    !id.is_empty() && (name == id || last == Some(id))
}

/// The namespace of a SPIFFE id as Istio gives it to workloads.
fn namespace_of_name(name: &str) -> Option<&str> {
    let (scheme, rest) = name.split_once("://")?;
    let mut parts = rest.split('/').skip(1);
    let (ns, namespace, sa, _account) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    (scheme.eq_ignore_ascii_case("spiffe") && (ns, sa) == ("ns", "sa")).then_some(namespace)
}

/// The namespaces that a node says: by its metadata, and by an id as those of Istio's proxies.
fn namespaces_of_node(node: &Node) -> [Option<String>; 2] {
    let by_metadata = metadata(node, &["NAMESPACE"]);
    let by_id = match *node.id.split('~').collect::<Vec<_>>() {
        [_, _, workload, _] => workload.rsplit_once('.').map(|(_, namespace)| namespace.to_owned()),
        _ => None,
    };
    [by_metadata, by_id].map(|said| said.filter(|namespace| !namespace.is_empty()))
}

fn shown(text: &str) -> String {
    text.chars().take(SHOWN_CHARS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use envoy_types::pb::google::protobuf::value::Kind;
    use envoy_types::pb::google::protobuf::{Struct, Value};

    use super::*;

    fn node(id: &str, namespace: Option<Kind>) -> Node {
        let fields = namespace.map(|kind| ("NAMESPACE".to_owned(), Value { kind: Some(kind) }));
        let metadata = Some(Struct { fields: fields.into_iter().collect() });
        Node { id: id.into(), metadata, ..Default::default() }
    }

    fn says(identity: Identity, names: &[&str], node: &Node) -> Result<String, String> {
        CertifiedClient { names: names.iter().map(|name| (*name).to_owned()).collect(), identity }.name_for(node)
    }

    const SHOP: &str = "spiffe://mesh/ns/shop/sa/edge";
    const BANK: &str = "spiffe://mesh/ns/bank/sa/edge";

    #[test]
    fn a_node_is_of_the_namespace_that_its_certificate_says() {
        let table: [(&[&str], &str, &str, bool); 26] = [
            (&[SHOP], "edge-1", "shop", true),
            (&[SHOP], "sidecar~10.0.0.1~owl-1.shop~shop.svc.cluster.local", "", true),
            (&[SHOP], "sidecar~10.0.0.1~owl-1.shop~shop.svc.cluster.local", "shop", true),
            (&[SHOP], "sidecar~10.0.0.1~owl.with.dots.shop~x", "", true),
            (&[SHOP], "edge-1", "bank", false),
            (&[SHOP], "edge-1", "", false),
            (&[SHOP], "edge-1", "Shop", false),
            (&[SHOP], "edge-1", "shop ", false),
            (&[SHOP], "edge-1", "shop\n", false),
            (&[SHOP], "edge-1", "shop\0", false),
            (&[SHOP], "edge-1", "shopping", false),
            (&[SHOP], "edge-1", "sho", false),
            (&[SHOP], "sidecar~10.0.0.1~owl-1.bank~shop.svc.cluster.local", "", false),
            // One of the two says otherwise.
            (&[SHOP], "sidecar~10.0.0.1~owl-1.bank~x", "shop", false),
            (&[SHOP], "sidecar~10.0.0.1~owl-1.shop~x", "bank", false),
            // No id of Istio.
            (&[SHOP], "sidecar~10.0.0.1~owl-1.shop", "", false),
            (&[SHOP], "sidecar~10.0.0.1~owl-1.shop~x~", "", false),
            (&[SHOP], "~~~~~~~~", "", false),
            (&[SHOP], "sidecar~10.0.0.1~shop~x", "", false),
            (&[SHOP], "sidecar~10.0.0.1~owl.~x", "", false),
            (&["spiffe://mesh/ns//sa/edge"], "sidecar~10.0.0.1~owl.~x", "", false),
            (&["SPIFFE://mesh/ns/shop/sa/edge"], "edge-1", "bank", false),
            // One name of several is enough, and one without namespace does not free the others.
            (&[SHOP, BANK], "edge-1", "bank", true),
            (&["edge.example", SHOP], "edge-1", "bank", false),
            // Names that say none.
            (&["edge.example"], "edge-1", "bank", true),
            (&["spiffe://mesh/ns/shop/edge"], "edge-1", "bank", true),
        ];
        for (names, id, namespace, fits) in table {
            let metadata = (!namespace.is_empty()).then(|| Kind::StringValue(namespace.into()));
            let said = says(Identity::Namespace, names, &node(id, metadata));
            assert_eq!(said.is_ok(), fits, "{names:?} {id} {namespace}: {said:?}");
            assert!(says(Identity::None, names, &node(id, None)).is_ok());
        }
        let list = Kind::ListValue(Default::default());
        assert!(says(Identity::Namespace, &[SHOP], &node("edge-1", Some(list))).is_err(), "no text");
    }

    /// What proxies say in public reports of bugs, by their numbers in istio/istio and what became of them here.
    #[test]
    fn nodes_of_public_reports_are_told_apart() {
        let table = [
            (
                "31359",
                "nginx",
                "istio-test",
                "sidecar~100.96.4.13~nginx.istio-test~istio-test.svc.cluster.local",
                "",
                true,
            ),
            (
                "31450, a machine",
                "vm",
                "vm",
                "sidecar~10.20.11.180~mesh-dev-10-20-11-180.vm~vm.svc.cluster.local",
                "",
                true,
            ),
            // Proxyless gRPC said its namespace in its id alone.
            (
                "34639",
                "x",
                "fake-namespace",
                "sidecar~127.0.0.1~pod1.fake-namespace~fake-namespace.svc.cluster.local",
                "",
                true,
            ),
            // A machine with the certificate of another.
            (
                "35249",
                "sa-mysql",
                "vm",
                "sidecar~10.0.0.1~httpd.vm-httpd~vm-httpd.svc.cluster.local",
                "vm-httpd",
                false,
            ),
            // Pods of no service account.
            ("12108", "", "kube-system", "sidecar~10.0.0.1~dns.kube-system~x", "kube-system", true),
            ("12108", "", "kube-system", "sidecar~10.0.0.1~dns.shop~x", "shop", false),
            // A node without a pod, as the agent has it outside of Kubernetes.
            ("bootstrap's own test data", "x", "shop", "sidecar~1.2.3.4~foo~bar", "", false),
        ];
        for (report, account, of_name, id, namespace, fits) in table {
            let name = format!("spiffe://cluster.local/ns/{of_name}/sa/{account}");
            let said = says(Identity::Namespace, &[&name], &node(id, Some(Kind::StringValue(namespace.into()))));
            assert_eq!(said.is_ok(), fits, "{report}: {said:?}");
        }
    }

    #[test]
    fn what_is_refused_is_told_with_both_and_not_at_length() {
        let said = says(Identity::Namespace, &[SHOP], &node("edge-1", Some(Kind::StringValue("bank".into()))));
        assert_eq!(said.unwrap_err(), format!("it says namespace bank, and its certificate says {SHOP}"));
        let said = says(Identity::Namespace, &[SHOP], &node("edge-1", Some(Kind::StringValue("é".repeat(10_000)))));
        assert_eq!(said.unwrap_err().matches('é').count(), SHOWN_CHARS_MAX);
        let said = says(Identity::Namespace, &[SHOP, BANK], &node("a~b~c.bank~d", None));
        assert_eq!(said.as_deref(), Ok(BANK), "the name that it is");
    }

    #[test]
    fn a_node_has_its_name_as_id_or_the_last_part_of_its_path() {
        let table = [
            ("spiffe://mesh/envoys/edge-1", "edge-1", true),
            ("spiffe://mesh/envoys/edge-1", "spiffe://mesh/envoys/edge-1", true),
            ("spiffe://mesh/envoys/edge-1", "envoys/edge-1", false),
            ("spiffe://mesh/envoys/edge-1", "edge", false),
            ("spiffe://mesh/envoys/edge-1", "edge-1 ", false),
            ("spiffe://mesh/envoys/edge-1", "", false),
            ("spiffe://mesh/envoys/", "", false),
            ("spiffe://mesh", "mesh", false),
            ("edge-1.example", "edge-1.example", true),
            ("edge-1.example", "edge-1", false),
        ];
        for (name, id, fits) in table {
            assert_eq!(says(Identity::Node, &[name], &node(id, None)).is_ok(), fits, "{name} {id}");
        }
        let said = says(Identity::Node, &["a/x", "https://b/y"], &node("y", None));
        assert_eq!(said.as_deref(), Ok("https://b/y"));
    }
}
