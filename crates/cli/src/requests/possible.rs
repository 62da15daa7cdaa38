//! What can never come out at an attachment, whatever the request; each is a problem where it stands.

use weir_engine::Reason;
use weir_policy::model::UnitSource;
use weir_policy::{At, Attachment, Model, Problems, Role, Steer, codes};

use super::expectation::{Cookies, Expectation, ExpectedCookie};

/// Adds what the attachment never does with this policy, and an expectation of which all always holds there.
pub fn check_possible(
    expected: &Expectation,
    policy: &Model,
    attachment: &Attachment,
    at: &At<'_>,
    problems: &mut Problems,
) {
    reasons(expected, attachment.role, at, problems);
    // Inbound attachments let headers pass as they came.
    if attachment.role == Role::Inbound {
        return cookies(expected, &[], attachment.role, at, problems);
    }
    let steer = attachment.steer;
    for (field, header, by) in
        [("subset", &expected.subset, Steer::Subset), ("cluster", &expected.cluster, Steer::Cluster)]
    {
        if matches!(header, Some(Some(_))) && steer != by {
            let (steer, by) = (steer.name(), by.name());
            let message =
                format!("the attachment steers by {steer}, and sends no such header; steer: {by}, or tag would do");
            problems.add(codes::CONFLICT, &at.key(field), message);
        }
    }
    let set = cookies_that_may_be_set(policy, attachment.role);
    cookies(expected, &set, attachment.role, at, problems);
    if always_holds(expected, steer, &set) {
        let steer = steer.name();
        let message = format!(
            "always holds where the attachment steers by {steer}, and compares nothing; layers or tag would do"
        );
        problems.add(codes::CONFLICT, at, message);
    }
}

fn reasons(expected: &Expectation, role: Role, at: &At<'_>, problems: &mut Problems) {
    let given: Vec<Reason> = Reason::ALL.iter().copied().filter(|reason| is_given(*reason, role)).collect();
    let list = at.key("layers");
    for (id, layer) in &expected.layers {
        let Some(reason) = layer.reason.filter(|reason| !given.contains(reason)) else { continue };
        let names: Vec<&str> = given.iter().map(|reason| reason.name()).collect();
        let (reason, role, names) = (reason.name(), role.name(), names.join(", "));
        let message = format!("{reason} is no reason at an attachment with role {role}; one of {names} would do");
        problems.add(codes::CONFLICT, &list.key(id), message);
    }
}

/// Whether attachments of this role ever give this reason: only the edge deals, and only the mesh follows.
fn is_given(reason: Reason, role: Role) -> bool {
    match (reason, role) {
        (_, Role::Inbound) => false,
        (Reason::Disabled | Reason::ExperimentDisabled | Reason::RouteConflict, _) => true,
        (Reason::Tag | Reason::NoTag, role) => role == Role::Mesh,
        (_, role) => role == Role::Edge,
    }
}

/// The names of those that a response may get: of units that are made, and the one with the tags.
fn cookies_that_may_be_set(policy: &Model, role: Role) -> Vec<&str> {
    if role != Role::Edge {
        return Vec::new();
    }
    let sources = policy.units.iter().flat_map(|(_, sources)| sources);
    let issued = sources.filter_map(|source| match source {
        UnitSource::IssuedCookie(name, _) => Some(name.as_str()),
        _ => None,
    });
    issued.chain(policy.env_tag.cookie.iter().map(|(name, _)| name.as_str())).collect()
}

fn cookies(expected: &Expectation, set: &[&str], role: Role, at: &At<'_>, problems: &mut Problems) {
    let place = at.key("cookies");
    let mut add = |at: &At<'_>, name: &str| {
        if !set.contains(&name) {
            let role = role.name();
            let message = match set {
                [] => {
                    format!("nothing sets a cookie at an attachment with role {role} with this policy; false would do")
                }
                _ => format!("the policy never sets {name}; it sets {}", set.join(", ")),
            };
            problems.add(codes::BAD_VALUE, at, message);
        }
    };
    match &expected.cookies {
        Some(Cookies::Exactly(names)) => {
            names.iter().enumerate().for_each(|(index, name)| add(&place.index(index), name));
        }
        Some(Cookies::Named(cookies)) => {
            let is_set = |(_, expected): &&(String, ExpectedCookie)| *expected != ExpectedCookie::Set(false);
            cookies.iter().filter(is_set).for_each(|(name, _)| add(&place.key(name), name));
        }
        None => {}
    }
}

/// Whether all that is expected could not be otherwise: nulls of headers that are never sent, cookies that are never set.
fn always_holds(expected: &Expectation, steer: Steer, set: &[&str]) -> bool {
    let Expectation { layers, tag, subset, cluster, cookies } = expected;
    let never = |header: &Option<Option<String>>, by| header.as_ref().map(|line| line.is_none() && steer != by);
    let cookies = cookies.as_ref().map(|cookies| match cookies {
        Cookies::Exactly(names) => names.is_empty() && set.is_empty(),
        Cookies::Named(cookies) => {
            let is_never_set = |(name, expected): &(String, ExpectedCookie)| {
                *expected == ExpectedCookie::Set(false) && !set.contains(&name.as_str())
            };
            // One that names nothing is told already.
            !cookies.is_empty() && cookies.iter().all(is_never_set)
        }
    });
    let said = [never(subset, Steer::Subset), never(cluster, Steer::Cluster), cookies];
    let mut said = said.into_iter().flatten().peekable();
    layers.is_empty() && tag.is_none() && said.peek().is_some() && said.all(|always| always)
}
