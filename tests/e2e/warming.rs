//! A listener that has no routes yet: Envoy is not ready, and answers nobody 404, however long they take.

use std::time::Duration;

use crate::support::{
    Client, Envoy, Fleet, Options, Protocol, Relay, attachment_for, checkout, eventually, policy, replaced,
};

/// Envoy itself waits for 15 s, unless it is told otherwise.
const LONGER_SECONDS: u64 = 18;
const SOON: Duration = Duration::from_secs(90);
const ROUTES: [&str; 2] = ["v3.RouteConfiguration", "v3.RouteConfiguratiox"];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_listener_waits_for_its_routes_however_long_they_take() {
    let mut fleet = Fleet::start(&policy("20%"), &[("edge.yaml", attachment_for("edge", "edge"))], &[]).await;
    let relay = Relay::to(fleet.weir.address()).await;
    relay.rename(ROUTES);
    let port = |port: u16| format!("port_value: {port}}}");
    let bootstrap =
        replaced(&fleet.bootstrap("edge-1", "edge"), &port(fleet.weir.address().port()), &port(relay.port()));
    let mut envoy = Envoy::launch(&bootstrap, Options { workers: 1, ..Options::default() }).await;
    eventually(SOON, "Envoy has waited", async || {
        let uptime = envoy.stat("server.uptime").await.unwrap_or_default();
        (uptime > LONGER_SECONDS).then_some(()).ok_or_else(|| format!("{uptime}\n{}", envoy.log()))
    })
    .await;
    assert_eq!(envoy.stat("server.state").await, Some(3), "it initializes\n{}", envoy.log());

    relay.rename_nothing();
    fleet.weir.restart().await;
    envoy.until_ready().await;
    let answer = Client::new(envoy.listener("edge").await, Protocol::Http1).send(checkout(0)).await.unwrap();
    assert_eq!(answer.status, 200, "{answer:?}");
}
