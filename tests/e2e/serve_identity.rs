//! Two namespaces on one server: neither gets what is the other's, whatever its Envoys say of themselves.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{Authority, Envoy, Fleet, attachment_for, envelope_of, event, eventually, policy};

const SHOP: &str = "spiffe://mesh.test/ns/shop/sa/edge";
const BANK: &str = "spiffe://mesh.test/ns/bank/sa/edge";
const SOON: Duration = Duration::from_secs(20);

/// A server for every workload of an Istio mesh. The shop's Envoys decide, the bank's follow.
async fn serve(authority: &Authority, words: &[&str]) -> Fleet {
    let attachment = |role: &str, namespace: &str| {
        let mut attachment = attachment_for(role, "edge");
        attachment["nodes"] = json!({"metadata": {"NAMESPACE": namespace}});
        attachment
    };
    let attachments = [("shop.yaml", attachment("edge", "shop")), ("bank.yaml", attachment("mesh", "bank"))];
    let server = authority.sign("server", "spiffe://mesh.test/weir", 2100);
    let tls = authority.server_words(&server, "spiffe://mesh.test/ns/*/sa/*");
    let tls: Vec<&str> = tls.iter().map(String::as_str).collect();
    let words = [&tls[..], &["--http", "127.0.0.1:0"], words].concat();
    Fleet::start(&policy("10%"), &attachments, &words).await
}

async fn until_role(envoy: &mut Envoy, fleet: &Fleet, role: &str) {
    envoy.until_ready().await;
    eventually(SOON, "the filter arrives", async || {
        let envelope: Option<Value> = envelope_of(envoy).await;
        envelope.filter(|envelope| envelope["role"] == role).ok_or_else(|| fleet.weir.log())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_namespace_cannot_fetch_the_policy_of_another() {
    let authority = Authority::new();
    let fleet = serve(&authority, &[]).await;
    let [shop, bank] = [("shop", SHOP), ("bank", BANK)].map(|(file, name)| authority.sign(file, name, 2100));
    let mut of_shop =
        authority.connect_as(&fleet, &shop, "sidecar~10.0.0.1~owl-1.shop~shop.svc.cluster.local", "shop").await;
    let mut of_bank =
        authority.connect_as(&fleet, &bank, "sidecar~10.0.0.2~owl-1.bank~bank.svc.cluster.local", "bank").await;
    until_role(&mut of_shop, &fleet, "edge").await;
    until_role(&mut of_bank, &fleet, "mesh").await;

    // By what it says in its metadata, by its id, and by saying nothing.
    let mut thieves = Vec::new();
    for (id, namespace, reason) in [
        ("thief-1", "bank", "it says namespace bank, and its certificate says "),
        ("sidecar~10.0.0.3~thief-2.bank~x", "shop", "it says namespace shop by its metadata and bank by its id"),
        ("thief-3", "", "it says no namespace"),
    ] {
        let envoy = authority.connect_as(&fleet, &shop, id, &json!(namespace).to_string()).await;
        let refused = event("node_refused").with("node", id).with("identity", SHOP).containing("reason", reason);
        thieves.push((envoy, refused.containing("peer", "127.0.0.1:")));
    }
    for (envoy, refused) in &thieves {
        eventually(SOON, "it tries again", async || {
            (fleet.weir.count(refused) > 1).then_some(()).ok_or_else(|| fleet.weir.log())
        })
        .await;
        for nothing in ["listener_manager.total_listeners_active", "control_plane.connected_state"] {
            assert_eq!(envoy.stat(nothing).await, Some(0), "{nothing}");
        }
        assert!(envoy.log().contains("gRPC config stream to weir-xds closed: 7, it says "), "{}", envoy.log());
    }
    assert_eq!(fleet.weir.count(&event("connected")), 2, "{}", fleet.weir.log());
    assert_eq!(fleet.weir.rows().len(), 2, "who was refused is no Envoy of the fleet");

    // An attachment that asks for no namespace is for all, which may not be meant.
    let any = event("any_namespace");
    assert_eq!((fleet.weir.count(&any), fleet.weir.count(&event("stages_alone"))), (0, 0), "{}", fleet.weir.log());
    let mut attachment = attachment_for("mesh", "edge");
    attachment["name"] = json!("hop");
    fleet.write("attach/hop.yaml", &attachment.to_string());
    fleet.weir.until(&any.with("attachments", "hop")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_believed_gets_what_it_asks_for() {
    let authority = Authority::new();
    let fleet = serve(&authority, &["--identity", "none"]).await;
    let mut envoy = authority.connect_as(&fleet, &authority.sign("shop", SHOP, 2100), "edge-1", "bank").await;
    until_role(&mut envoy, &fleet, "mesh").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_may_have_to_be_the_one_of_its_certificate() {
    let authority = Authority::new();
    let fleet = serve(&authority, &["--identity", "node"]).await;
    let client = authority.sign("shop", "spiffe://mesh.test/ns/shop/sa/edge-1", 2100);
    let mut envoy = authority.connect_as(&fleet, &client, "edge-1", "shop").await;
    until_role(&mut envoy, &fleet, "edge").await;
    let _other = authority.connect_as(&fleet, &client, "edge-2", "shop").await;
    let reason = "its node id is not that of its certificate, spiffe://mesh.test/ns/shop/sa/edge-1";
    fleet.weir.until(&event("node_refused").with("node", "edge-2").with("reason", reason)).await;
}
