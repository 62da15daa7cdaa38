//! The chain as Istio alone runs it, before Weir is attached.

use crate::api_server::ApiServer;
use crate::calls::names;
use crate::chain::{Chain, Setting};
use crate::policy::STABLE;

/// By every protocol, whatever a client sends.
pub async fn everybody_is_stable(api: &ApiServer) {
    let chain = Chain::start(api, "plain", Setting::default()).await;
    for headers in [&[][..], &[("x-user-id", "ada"), ("x-env-tag", "owl-v2")]] {
        for (protocol, hops) in chain.by_every_protocol(headers).await {
            assert_eq!(names(&hops), STABLE, "{headers:?} by {protocol}");
        }
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
    let chain = Chain::start(api, "handing-on", Setting::default()).await;
    let sent = [
        ("x-mine", "1"),
        ("baggage", "a=1"),
        ("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
    ];
    for (protocol, hops) in chain.by_every_protocol(&sent).await {
        let arrived = |name: &str| hops.iter().map(|hop| hop.lines(name).join(",")).collect::<Vec<_>>();
        assert_eq!(arrived("x-mine"), ["1", "1", ""], "{protocol}");
        assert_eq!(arrived("baggage"), ["a=1"; 3], "{protocol}");
        assert_eq!(arrived("traceparent"), [sent[2].1; 3], "{protocol}");
    }
}
