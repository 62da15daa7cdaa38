//! The policy that the tests put in force, and whom it sends where.

use serde_json::{Value, json};

use crate::chain::host;

/// A user, and the hops that the policy has for them.
pub const USERS: [(&str, [&str; 3]); 4] = [
    ("nobody", STABLE),
    // In the canary of the last service: the others hand the tag on.
    ("ada", ["storefront v1", "checkout v1", "owl v2"]),
    // In a release of two services: the one between them has no such version, and stays stable.
    ("grace", ["storefront v2", "checkout v1", "owl v2"]),
    // In two layers.
    ("joan", ["storefront v1", "checkout v2", "owl v2"]),
];
pub const STABLE: [&str; 3] = ["storefront v1", "checkout v1", "owl v1"];

/// For the services of a namespace.
pub fn policy(namespace: &str) -> Value {
    let experiment = |id: &str, users: &[&str], slots: Value, services: &[&str]| {
        let routes: serde_json::Map<_, _> =
            services.iter().map(|service| (host(service, namespace), json!("v2"))).collect();
        json!({
            "id": id, "slots": slots, "overrides": [{"units": users, "variant": "canary"}],
            "variants": [{"id": "canary", "env_tag": id, "routes": routes}],
        })
    };
    json!({
        "version": 1,
        "units": {"user": [{"header": "x-user-id"}]},
        "env_tag": {"baggage": "env_tag"},
        "layers": [
            {"id": "owl", "unit": "user", "experiments": [
                experiment("owl-v2", &["ada", "joan"], json!([[0, 500_000]]), &["owl"]),
                experiment("release-7", &["grace"], json!([[500_000, 1_000_000]]), &["storefront", "owl"]),
            ]},
            {"id": "checkout", "unit": "user", "experiments": [
                experiment("checkout-v2", &["joan"], json!("all"), &["checkout"]),
            ]},
        ],
    })
}

/// The same policy where only these users are in the canary of owl.
pub fn with_owl_users(policy: &Value, users: &[&str]) -> Value {
    let mut policy = policy.clone();
    policy["layers"][0]["experiments"][0]["overrides"][0]["units"] = json!(users);
    policy
}
