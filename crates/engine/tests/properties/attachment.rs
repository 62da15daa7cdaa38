//! Where and how the filter is put: every role and way of steering, with all that an attachment can ask for.

use proptest::prelude::*;
use proptest::sample::select;
use weir_engine::Plan;
use weir_policy::{Attachment, Join, Role, Steer, Sticky, Trace};

use crate::policy::Made;

pub const ROLES: [Role; 3] = [Role::Edge, Role::Mesh, Role::Inbound];
/// The headers that only weights stand in.
pub const WEIGHTS: [&str; 2] = ["x-weir-weight", "lane-weight"];
const STEERS: [Steer; 3] = [Steer::Tag, Steer::Subset, Steer::Cluster];

/// For a policy of `crate::policy::policy`, whose units it names.
pub fn attachment(role: Role, steer: Steer) -> Attachment {
    let sticky =
        |unit: &str, header: &str| Sticky { id: unit.to_owned(), unit: unit.to_owned(), header: header.into() };
    Attachment {
        role,
        steer,
        sticky: vec![sticky("device", WEIGHTS[0]), sticky("asked", WEIGHTS[1])],
        log_unit: Some("user".to_owned()),
        join: (role != Role::Edge).then_some(Join::Traceparent),
        ..Attachment::default()
    }
    .with_offer(None, &[])
}

/// Every one.
pub fn attachments() -> impl Iterator<Item = Attachment> {
    let attachments = ROLES.into_iter().flat_map(|role| STEERS.map(|steer| attachment(role, steer)));
    attachments.flat_map(|one| [Trace::Shaped, Trace::All].map(|trace| Attachment { trace, ..one.clone() }))
}

/// Any way of steering.
pub fn steer() -> impl Strategy<Value = Steer> {
    select(&STEERS[..])
}

/// The plan of a policy that obeys every rule.
pub fn plan(made: &Made, attachment: &Attachment) -> Plan {
    match weir_engine::configure_json(made.envelope(attachment).as_bytes()) {
        Ok(plan) => plan,
        Err(refused) => panic!("{:#?}", refused.problems),
    }
}
