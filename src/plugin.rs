//! Configuration bytes to the plan in force. A bad configuration is never served and never refused:
//! after a refusal Envoy 1.40 rejects every later change of the listener, so the last good one stays instead.

use std::borrow::Cow;
use std::rc::Rc;

use weir_engine::{Gauge, Offer, Plan, Position, Problem, Refused, Revision, codes};

use crate::evidence::Evidence;
use crate::host::{self, Kind, Level};
use crate::join;
use crate::metrics::Metrics;
use crate::parts::PARTS;
use crate::structs;
use crate::variant_metrics::VariantMetrics;

/// How often what was counted is handed to Envoy, in milliseconds.
const TICK_MILLISECONDS: u32 = 200;

/// One plugin of one machine, configured. Streams keep the one they began with.
pub(crate) struct Plugin {
    pub(crate) plan: Plan,
    pub(crate) variants: VariantMetrics,
    pub(crate) evidence: Evidence,
    /// Whether each decision is logged. Read once: it costs a call.
    pub(crate) logs_decisions: bool,
}

/// Configures the plugin of this name, which runs by `last` so far.
///
/// This machine's own memory comes first: it is always the newest that this machine accepted, while another one that lags
/// behind may just have written an older one to the shared data.
pub(crate) fn configure(name: &[u8], last: Option<&Rc<Plugin>>, metrics: &mut Metrics) -> Rc<Plugin> {
    let bytes = host::plugin_configuration();
    if PARTS.numbers {
        host::set_tick_period(TICK_MILLISECONDS);
    }
    let machine_is_new = last.is_none();
    let last = last.filter(|last| last.plan.revision().is_some());
    match read(&bytes) {
        Ok(plan) => {
            let plugin = Plugin::new(plan, machine_is_new, metrics);
            keep(name, &plugin, &bytes);
            show(&plugin.plan, name, None, metrics);
            Rc::new(plugin)
        }
        Err(refused) => {
            report(name, &refused);
            let Refused { revision, fallback, .. } = *refused;
            let plugin = last.map(Rc::clone);
            let plugin =
                plugin.unwrap_or_else(|| Rc::new(Plugin::new(kept(name).unwrap_or(fallback), machine_is_new, metrics)));
            show(&plugin.plan, name, Some(revision), metrics);
            plugin
        }
    }
}

impl Plugin {
    fn new(plan: Plan, machine_is_new: bool, metrics: &mut Metrics) -> Plugin {
        if PARTS.join && plan.follows_trace() {
            join::prepare();
        }
        let variants = if PARTS.numbers { VariantMetrics::define(&plan, metrics) } else { VariantMetrics::default() };
        let evidence =
            if PARTS.numbers { Evidence::define(&plan, machine_is_new, metrics) } else { Evidence::default() };
        Plugin { plan, variants, evidence, logs_decisions: host::logs(Level::Debug) }
    }
}

fn read(bytes: &[u8]) -> Result<Plan, Box<Refused>> {
    let refused = match weir_engine::configure_json(bytes) {
        Err(refused) if refused.problems.iter().any(|problem| problem.code == codes::SYNTAX) => refused,
        answer => return answer,
    };
    match structs::read(bytes) {
        Some(document) => weir_engine::configure(document),
        None => Err(refused),
    }
}

fn keep(plugin_name: &[u8], plugin: &Plugin, bytes: &[u8]) {
    // Always written, never compared first: reading up to 32 MiB back would grow this machine for good, the host's copy does not.
    if let Err(status) = host::set_shared_data(plugin_name, bytes, host::ANY_VERSION) {
        let name = name(&plugin.plan, plugin_name);
        host::log(Level::Warn, &format!("weir: {name}: last good policy could not be kept for other VMs: {status}"));
    }
}

/// For a new machine, after a crash or with new code: what an earlier one left.
fn kept(plugin_name: &[u8]) -> Option<Plan> {
    let (bytes, _) = host::shared_data(plugin_name).ok()?;
    read(&bytes).ok()
}

fn report(plugin_name: &[u8], refused: &Refused) {
    let name = name(&refused.fallback, plugin_name);
    for problem in &refused.problems {
        host::log(Level::Warn, &rejection(&name, problem));
    }
}

fn rejection(name: &str, problem: &Problem) -> String {
    let mut line = format!("weir: {name}: policy rejected: {problem}");
    if let Some(Position { line: row, column }) = problem.position {
        line.push_str(&format!(" (line {row}, column {column})"));
    }
    // A key may hold a line break; the log is read by lines.
    line.replace(['\n', '\r'], " ")
}

/// The gauges: what is in force, and whether something else was wanted.
fn show(plan: &Plan, plugin_name: &[u8], rejected: Option<Option<Revision>>, metrics: &mut Metrics) {
    let name = name(plan, plugin_name);
    let number = |revision: Option<Revision>| revision.map_or(0, Revision::number);
    for (gauge, value) in [
        (Gauge::Revision, number(plan.revision())),
        (Gauge::Rejected, u64::from(rejected.is_some())),
        (Gauge::RejectedRevision, number(rejected.flatten())),
        (Gauge::Offer, plan.offer().map_or(0, Offer::number)),
    ] {
        let gauge = metrics.define(Kind::Gauge, &gauge.defined(&name));
        metrics.record(gauge, value);
    }
}

fn name<'a>(plan: &'a Plan, plugin_name: &'a [u8]) -> Cow<'a, str> {
    match &plan.attachment().name {
        Some(name) => Cow::Borrowed(name),
        None => String::from_utf8_lossy(plugin_name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use prost::Message;
    use prost_types::value::Kind;
    use prost_types::{Struct, Value};

    fn envelope(version: f64) -> Struct {
        let field = |name: &str, kind| (name.to_owned(), Value { kind: Some(kind) });
        let policy = Struct { fields: [field("version", Kind::NumberValue(version))].into() };
        Struct { fields: [field("weir", Kind::NumberValue(1.0)), field("policy", Kind::StructValue(policy))].into() }
    }

    #[track_caller]
    fn rejections(bytes: &[u8]) -> Vec<String> {
        let refused = read(bytes).expect_err("a configuration that is refused");
        refused.problems.iter().map(|problem| rejection("gw", problem)).collect()
    }

    #[test]
    fn json_and_struct_mean_the_same() {
        let json = read(br#"{"weir": 1, "policy": {"version": 1}}"#).unwrap();
        let binary = read(&envelope(1.0).encode_to_vec()).unwrap();
        assert!(json.revision().is_some());
        assert_eq!(json.revision(), binary.revision());
        assert_eq!(json.attachment(), binary.attachment());
    }

    #[test]
    fn problems_are_those_of_the_form_that_was_meant() {
        let [json] = &rejections(br#"{"weir": 1, "policy": {"version": 9}}"#)[..] else { panic!("not one problem") };
        assert!(json.starts_with("weir: gw: policy rejected: bad_value at policy.version: found 9"), "{json}");
        let binary = rejections(&envelope(9.0).encode_to_vec());
        assert_eq!(binary, std::slice::from_ref(json));
    }

    #[test]
    fn what_is_neither_is_reported_as_json_with_its_place() {
        for bytes in [&b""[..], b"policy: {}", b"{\"weir\": 1,\n", b"\xff\xfe"] {
            let [line] = &rejections(bytes)[..] else { panic!("not one problem: {bytes:?}") };
            assert!(line.starts_with("weir: gw: policy rejected: syntax at (root): not JSON: "), "{line}");
            assert!(line.contains(" (line "), "{line}");
        }
    }

    #[test]
    fn a_rejection_is_one_line_whatever_its_keys() {
        let lines = rejections(br#"{"weir": 1, "policy": {"version": 1, "a\nb\r": 1}}"#);
        assert_eq!(lines.len(), 1);
        assert!(!lines.concat().contains(['\n', '\r']), "{lines:?}");
    }

    #[test]
    fn a_refused_configuration_falls_back_to_an_edge_that_passes_through() {
        let refused = read(b"").unwrap_err();
        assert_eq!(refused.fallback.revision(), None);
        assert_eq!(refused.fallback.attachment().role, weir_engine::Role::Edge);
    }
}
