//! The chain as Istio alone runs it, before Weir is attached.

use crate::api_server::ApiServer;
use crate::calls::names;
use crate::chain::Chain;

const STABLE: [&str; 3] = ["storefront v1", "checkout v1", "owl v1"];

/// By every protocol, whatever a client sends.
pub async fn everybody_is_stable(api: &ApiServer) {
    let chain = Chain::start(api, "plain", None).await;
    for headers in [&[][..], &[("x-user-id", "ada"), ("x-env-tag", "owl-v2")]] {
        assert_eq!(names(&chain.get(headers).await), STABLE);
        assert_eq!(names(&chain.grpc(headers).await), STABLE);
        assert_eq!(names(&chain.websocket(headers).await), STABLE);
    }
}

/// What the chain proves is worth nothing if its services help.
pub async fn services_know_nothing_of_weir(_: &ApiServer) {
    let app = include_str!("app.rs").to_lowercase();
    for word in ["weir", "env-tag", "env_tag"] {
        assert!(!app.contains(word), "tests/mesh/app.rs contains {word}");
    }
}

/// Each hands on what it says, and no more.
pub async fn services_hand_on_what_they_say(api: &ApiServer) {
    let chain = Chain::start(api, "handing-on", None).await;
    let sent = [
        ("x-mine", "1"),
        ("baggage", "a=1"),
        ("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
    ];
    for hops in [chain.get(&sent).await, chain.grpc(&sent).await, chain.websocket(&sent).await] {
        let arrived = |name: &str| hops.iter().map(|hop| hop.lines(name).join(",")).collect::<Vec<_>>();
        assert_eq!(arrived("x-mine"), ["1", "1", ""]);
        assert_eq!(arrived("baggage"), ["a=1"; 3]);
        assert_eq!(arrived("traceparent"), [sent[2].1; 3]);
    }
}
