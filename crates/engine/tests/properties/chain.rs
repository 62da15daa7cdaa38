//! Along a call chain: what one hop writes the next one follows, and what a client forges reaches nobody.

use proptest::prelude::*;
use weir_policy::{CLUSTER_HEADER, Role, Steer};

use crate::attachment::{WEIGHTS, attachment, plan, steer};
use crate::fresh;
use crate::headers::{Lines, hop, variants};
use crate::policy::{Made, policy};
use crate::request::{destination, request};

fn policy_and_request() -> impl Strategy<Value = (Made, Lines)> {
    policy().prop_flat_map(|made| {
        let request = request(made.tags.clone());
        (Just(made), request)
    })
}

proptest! {
    #![proptest_config(fresh())]

    #[test]
    fn the_mesh_follows_the_edge(
        (made, lines) in policy_and_request(),
        destination in destination(),
        steer in steer(),
    ) {
        let [edge, mesh] = [Role::Edge, Role::Mesh].map(|role| plan(&made, &attachment(role, steer)));
        let destination = destination.as_deref();
        let (decided, sent) = hop(&edge, &unforged(&lines), destination);
        let (followed, passed_on) = hop(&mesh, &unforged(&sent), destination);
        prop_assert_eq!(variants(&followed), variants(&decided));
        prop_assert_eq!(passed_on.by_name(), sent.by_name());
    }

    #[test]
    fn a_second_mesh_hop_changes_nothing(
        (made, lines) in policy_and_request(),
        destination in destination(),
        steer in steer(),
    ) {
        let mesh = plan(&made, &attachment(Role::Mesh, steer));
        let destination = destination.as_deref();
        let (decided, sent) = hop(&mesh, &unforged(&lines), destination);
        let (followed, passed_on) = hop(&mesh, &unforged(&sent), destination);
        prop_assert_eq!(variants(&followed), variants(&decided));
        prop_assert_eq!(passed_on.by_name(), sent.by_name());
    }

    #[test]
    fn inbound_touches_nothing(
        (made, lines) in policy_and_request(),
        destination in destination(),
        steer in steer(),
    ) {
        let (_, sent) = hop(&plan(&made, &attachment(Role::Inbound, steer)), &lines, destination.as_deref());
        prop_assert_eq!(sent, lines);
    }

    /// At the edge the tags are those of the decision, whatever arrived; in the mesh `x-weir-*` is still ours alone.
    #[test]
    fn nothing_forged_goes_on(
        (made, lines) in policy_and_request(),
        destination in destination(),
        steer in steer(),
        mesh: bool,
    ) {
        let role = if mesh { Role::Mesh } else { Role::Edge };
        let plan = plan(&made, &attachment(role, steer));
        let honest = Lines(lines.0.iter().filter(|(name, _)| !is_ours(&made, name, mesh)).cloned().collect());
        // Envoy reports a forged cluster as the destination, so there is none that could be trusted.
        let distrusted = steer == Steer::Cluster && !lines.values(CLUSTER_HEADER).is_empty();
        let destination = destination.as_deref();
        let (decided, sent) = hop(&plan, &lines, destination);
        let (decided_honestly, sent_honestly) = hop(&plan, &honest, destination.filter(|_| !distrusted));
        prop_assert_eq!(decided, decided_honestly);
        prop_assert_eq!(ours(&made, &sent, mesh), ours(&made, &sent_honestly, mesh));
        if !mesh {
            let tags = sent.values(&tag_header(&made)).concat();
            let tags = String::from_utf8(tags).unwrap().replace(',', "%2C");
            let has_baggage = made.policy["env_tag"]["baggage"].is_string();
            let expected = if tags.is_empty() || !has_baggage { Vec::new() } else { vec![tags.clone()] };
            prop_assert_eq!(members(&made, &sent), expected);
            if made.policy["env_tag"]["request_cookie"].is_string() {
                let shown = !tags.is_empty() && !lines.decided(&plan).is_grpc();
                let expected: Vec<_> = shown.then(|| tags.into_bytes()).into_iter().collect();
                prop_assert_eq!(sent.crumbs("lane"), expected);
            }

            // Forged again, behind what is right already. An id that was made here may be what a targeting asks for, so whoever
            // brings it is somebody else.
            let made_an_id = ["weir_id", "other"].into_iter().any(|cookie| sent.crumbs(cookie) != lines.crumbs(cookie));
            let mut forged = unforged(&sent);
            for (name, value) in [(tag_header(&made).as_str(), "forged"), ("baggage", "env_tag=forged")] {
                forged.0.push((name.as_bytes().to_vec(), value.as_bytes().to_vec()));
            }
            if !made_an_id {
                let (_, sent_again) = hop(&plan, &forged, destination.filter(|_| !distrusted));
                prop_assert_eq!(ours(&made, &sent_again, mesh), ours(&made, &sent, mesh));
                prop_assert_eq!(members(&made, &sent_again), members(&made, &sent));
            }
        }
    }
}

/// As routes hand it on: they take the cluster away, which would make the next hop distrust its destination.
fn unforged(lines: &Lines) -> Lines {
    lines.without(CLUSTER_HEADER.as_bytes())
}

/// Lines that a client has no say in.
fn is_ours(made: &Made, name: &[u8], mesh: bool) -> bool {
    let is_weight = WEIGHTS.iter().any(|weight| weight.as_bytes() == name);
    is_weight || name.starts_with(b"x-weir-") || (!mesh && name == tag_header(made).as_bytes())
}

fn tag_header(made: &Made) -> String {
    made.policy["env_tag"]["header"].as_str().unwrap_or("x-env-tag").to_ascii_lowercase()
}

/// What we say in the headers, by name.
fn ours(made: &Made, lines: &Lines, mesh: bool) -> Vec<(Vec<u8>, Vec<u8>)> {
    lines.by_name().into_iter().filter(|(name, _)| is_ours(made, name, mesh)).collect()
}

/// The values of our baggage members, as a reader of the W3C format finds them.
fn members(made: &Made, lines: &Lines) -> Vec<String> {
    let Some(key) = made.policy["env_tag"]["baggage"].as_str() else { return Vec::new() };
    let baggage = lines.values("baggage").join(&b","[..]);
    let baggage = String::from_utf8_lossy(&baggage).into_owned();
    let member = |member: &str| {
        let (name, value) = member.split_once('=')?;
        (name.trim_matches([' ', '\t']) == key).then(|| value.to_owned())
    };
    baggage.split(',').filter_map(member).collect()
}
