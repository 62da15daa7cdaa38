//! Hosts of all VirtualServices that would exist together, and names that two objects would have.

use super::{places, rendered_at};

const TWO: &str = "
version: 1
units: {user: [{header: x-user-id}]}
layers:
- {id: a, unit: user, experiments: [{id: e, slots: all, variants: [{id: c, share: 5%, routes: {owl.shop.svc.cluster.local: v2, tiger.shop.svc.cluster.local: v2}}]}]}
";

/// Two services with hosts, of sidecars and perhaps of a gateway.
fn found(owl: &str, tiger: &str, gateway: bool, into: &[&str]) -> String {
    let service = |name: &str, hosts: &str| {
        format!("{name}.shop.svc.cluster.local: {{stable: {{version: v1}}, hosts: [{hosts}]}}")
    };
    let services = format!("services: {{{}, {}}}", service("owl", owl), service("tiger", tiger));
    let bound = if gateway { "proxy: gateway, gateways: [shop/public]," } else { "" };
    let text = format!(
        "{{weir: 1, name: mesh, role: mesh, wasm: {{file: /w}}, istio: {{namespace: shop, selector: {{app: a}}, {bound} {services}}}}}"
    );
    let problems = rendered_at(TWO, &[&text], into).err().unwrap_or_default();
    let short = |place: String| place.replace(".shop.svc.cluster.local", "").replace("istio.services.", "");
    places(&problems).into_iter().map(short).collect::<Vec<_>>().join(", ")
}

#[test]
fn a_host_is_of_one_virtual_service() {
    let owl = |code: &str, index: usize| format!("{code} 0:1 owl.hosts[{index}]");
    let tiger = |code: &str, index: usize| format!("{code} 0:1 tiger.hosts[{index}]");
    for (hosts, others, in_mesh, at_gateway) in [
        ("owl.example, 10.0.0.1, Owl2.example", "tiger.example", String::new(), String::new()),
        ("shop.example", "shop.example", tiger("conflict", 0), tiger("conflict", 0)),
        ("shop.example", "SHOP.example", tiger("conflict", 0), tiger("conflict", 0)),
        ("shop.example, shop.example", "", owl("conflict", 1), owl("conflict", 1)),
        ("tiger", "", owl("conflict", 0), owl("conflict", 0)),
        ("tiger.shop.svc.cluster.local", "", owl("conflict", 0), owl("conflict", 0)),
        ("tiger.shop", "", owl("conflict", 0), owl("conflict", 0)),
        ("tiger.shop.svc", "", owl("conflict", 0), owl("conflict", 0)),
        ("owl.shop.svc.cluster.local", "", owl("conflict", 0), owl("conflict", 0)),
        ("elk.shop.svc.cluster.local", "", String::new(), String::new()),
        ("elk", "", owl("bad_value", 0), owl("bad_value", 0)),
        ("'*'", "", owl("conflict", 0), owl("conflict", 0)),
        ("'*.example'", "a.example", String::new(), String::new()),
        ("'*.example', a.example", "", owl("conflict", 1), owl("conflict", 1)),
        ("'*ger.shop.svc.cluster.local'", "", owl("conflict", 0), String::new()),
        (
            "'shop.example:80'",
            "http://shop.example",
            format!("{}, {}", owl("bad_value", 0), tiger("bad_value", 0)),
            format!("{}, {}", owl("bad_value", 0), tiger("bad_value", 0)),
        ),
    ] {
        assert_eq!(found(hosts, others, false, &[]), in_mesh, "for sidecars: {hosts}; {others}");
        assert_eq!(found(hosts, others, true, &[]), at_gateway, "at a gateway: {hosts}; {others}");
    }
}

#[test]
fn a_host_of_an_existing_virtual_service_is_not_ours() {
    let theirs = |hosts: &str, gateways: &str| {
        format!(
            "apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {{name: theirs, namespace: shop}}\nspec:\n  hosts: [{hosts}]\n  gateways: [{gateways}]\n  http:\n  - route: [{{destination: {{host: owl, subset: stable}}}}]\n"
        )
    };
    for (hosts, gateways, at_gateway, expected) in [
        ("Shop.example", "mesh", false, "conflict 0:1 owl.hosts[0]"),
        ("Shop.example", "public", false, ""),
        ("Shop.example", "public", true, "conflict 0:1 owl.hosts[0]"),
        ("Shop.example", "./public", true, "conflict 0:1 owl.hosts[0]"),
        ("other.example", "mesh", false, ""),
        ("'*'", "mesh", false, "conflict 1:5 spec.hosts[0]"),
        ("owl.shop", "mesh", false, "conflict 1:5 spec.hosts[0]"),
        ("owl.shop.svc", "mesh", false, "conflict 1:5 spec.hosts[0]"),
        ("owl.shop", "public", true, ""),
        ("elk.shop", "mesh", false, ""),
        ("owl", "mesh", false, "conflict 0:1 owl.hosts"),
        ("OWL.shop.svc.cluster.local", "mesh", false, "conflict 1:5 spec.hosts[0], conflict 0:1 owl.hosts"),
        ("OWL", "mesh", false, "conflict 1:5 spec.hosts[0], conflict 0:1 owl.hosts"),
        // What Istio refuses is told of the file alone.
        ("'owl:8080'", "mesh", false, "bad_value 1:5 spec.hosts[0]"),
        ("owl, owl_x.example", "mesh", false, "bad_value 1:5 spec.hosts[1]"),
        ("owl, 'o*.example'", "public", false, "bad_value 1:5 spec.hosts[1]"),
        ("http://owl.shop.svc.cluster.local", "mesh", false, "bad_value 1:5 spec.hosts[0]"),
        ("owl.shop.svc.cluster.local.", "mesh", false, "bad_value 1:5 spec.hosts[0]"),
        ("'', owl", "mesh", false, "bad_value 1:5 spec.hosts[0]"),
        ("'*.example', a.example, owl", "mesh", false, "conflict 1:5 spec.hosts[1]"),
        ("owl, owl", "mesh", false, "conflict 1:5 spec.hosts[1]"),
    ] {
        let theirs = theirs(hosts, gateways);
        assert_eq!(found("shop.example", "", at_gateway, &[&theirs]), expected, "{theirs}");
    }
}

#[test]
fn the_other_object_is_named_with_its_file() {
    let theirs = |name: &str, hosts: &str| {
        format!(
            "apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {{name: theirs, namespace: {name}}}\nspec:\n  hosts: [{hosts}]\n  http:\n  - route: [{{destination: {{host: owl.shop.svc.cluster.local, subset: stable}}}}]\n"
        )
    };
    let rule = |name: &str| {
        format!(
            "apiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: {{name: {name}, namespace: shop}}\nspec: {{host: owl.shop.svc.cluster.local}}\n"
        )
    };
    let istio = |hosts: &str| {
        format!(
            "{{weir: 1, name: mesh, role: mesh, wasm: {{file: /w}}, istio: {{namespace: shop, selector: {{app: a}}, services: {{tiger.shop.svc.cluster.local: {{stable: {{version: v1}}, hosts: [{hosts}]}}, owl.shop.svc.cluster.local: {{stable: {{version: v1}}}}}}}}}}"
        )
    };
    for (hosts, into, expected) in [
        ("", [theirs("a", "a.example"), theirs("b", "a.example")], "by the VirtualService theirs of 0.yaml too"),
        ("", [rule("one"), rule("two")], "has the DestinationRule one of 0.yaml too"),
        (
            "b.example",
            [theirs("a", "a.example"), theirs("b", "b.example")],
            "is a host of the VirtualService theirs of 1.yaml too",
        ),
    ] {
        let found = rendered_at(TWO, &[&istio(hosts)], &[&into[0], &into[1]]).unwrap_err();
        assert!(found.iter().any(|problem| problem.message.contains(expected)), "{found:?}");
    }
}

#[test]
fn no_two_objects_have_one_name() {
    let edge = |name: &str, namespace: &str, attach: &str| {
        format!(
            "{{weir: 1, name: {name}, wasm: {{file: /w}},\n istio: {{namespace: {namespace}, selector: {{app: {name}}}, attach: {attach}}}}}"
        )
    };
    for (one, other, expected) in [
        (edge("a", "shop", "envoyfilter"), edge("a-forgeries", "shop", "envoyfilter"), "duplicate_id 1:1 name"),
        (edge("a-forgeries", "shop", "envoyfilter"), edge("a", "shop", "envoyfilter"), "duplicate_id 1:1 name"),
        (edge("a", "shop", "envoyfilter"), edge("a-forgeries", "barn", "envoyfilter"), ""),
        (edge("a", "shop", "envoyfilter"), edge("a-forgeries", "shop", "wasmplugin"), ""),
        (edge("a", "shop", "wasmplugin"), edge("a-forgeries", "shop", "wasmplugin"), ""),
    ] {
        let found = rendered_at("version: 1", &[&one, &other], &[]).map_or_else(|found| places(&found), |_| Vec::new());
        assert_eq!(found.join(" "), expected, "{one}\n{other}");
    }
    let ours = "apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata:\n  name: weir-owl\n  namespace: shop\nspec:\n  hosts: [shop.example]\n  gateways: [public]\n  http:\n  - route: [{destination: {host: owl, subset: stable}}]\n";
    assert_eq!(found("", "", false, &[ours]), "conflict 1:4 metadata.name");
    assert_eq!(found("", "", false, &[&ours.replace("namespace: shop", "namespace: barn")]), "bad_value 1:1 (root)");
}
