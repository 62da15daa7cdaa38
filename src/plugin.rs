//! Configuration bytes to the plan in force. A bad configuration is never served and never refused:
//! after a refusal Envoy 1.40 rejects every later change of the listener, so the last good one stays instead.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use proxy_wasm::traits::{Context, HttpContext, RootContext};
use proxy_wasm::types::ContextType;
use weir_engine::{Code, Configured, Position, Problem, Refused, Revision};

use crate::host::{self, Level};
use crate::stream::Stream;
use crate::structs;

/// One plugin of one VM. Envoy makes a new one for each configuration; streams keep the plan they began with.
#[derive(Default)]
pub(crate) struct Plugin {
    serving: Option<Serving>,
}

/// What a stream needs of its plugin.
#[derive(Clone)]
pub(crate) struct Serving {
    pub(crate) configured: Rc<Configured>,
    /// Whether each decision is logged. Read once: it costs a call.
    pub(crate) logs_decisions: bool,
}

impl Context for Plugin {}

impl RootContext for Plugin {
    fn on_configure(&mut self, _size: usize) -> bool {
        let plugin_name = host::property("plugin_name").unwrap_or_default();
        let bytes = host::plugin_configuration();
        let configured = match read(&bytes) {
            Ok(configured) => accept(&plugin_name, configured, &bytes),
            Err(refused) => reject(&plugin_name, *refused),
        };
        self.serving = Some(Serving { configured, logs_decisions: host::logs(Level::Debug) });
        true
    }

    fn create_http_context(&self, _context_id: u32) -> Option<Box<dyn HttpContext>> {
        Some(Box::new(Stream { serving: self.serving.clone() }))
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }
}

fn read(bytes: &[u8]) -> Result<Configured, Box<Refused>> {
    let refused = match weir_engine::configure_json(bytes) {
        Err(refused) if refused.problems.iter().any(|problem| problem.code == Code::Syntax) => refused,
        answer => return answer,
    };
    match structs::read(bytes) {
        Some(document) => weir_engine::configure(document),
        None => Err(refused),
    }
}

fn accept(plugin_name: &[u8], configured: Configured, bytes: &[u8]) -> Rc<Configured> {
    let configured = Rc::new(configured);
    // Always written, never compared first: reading up to 32 MiB back would grow this VM for good, the host's copy does not.
    if let Err(status) = host::set_shared_data(plugin_name, bytes) {
        let name = name(&configured, plugin_name);
        host::log(Level::Warn, &format!("weir: {name}: last good policy could not be kept for other VMs: {status}"));
    }
    LAST_GOOD.with_borrow_mut(|last_good| last_good.insert(plugin_name.to_vec(), Rc::clone(&configured)));
    show(&configured, plugin_name, None);
    configured
}

fn reject(plugin_name: &[u8], refused: Refused) -> Rc<Configured> {
    let name = name(&refused.fallback, plugin_name).into_owned();
    for problem in &refused.problems {
        host::log(Level::Warn, &rejection(&name, problem));
    }
    let configured = last_good(plugin_name).unwrap_or_else(|| Rc::new(refused.fallback));
    show(&configured, plugin_name, Some(refused.revision));
    configured
}

fn rejection(name: &str, problem: &Problem) -> String {
    let mut line = format!("weir: {name}: policy rejected: {problem}");
    if let Some(Position { line: row, column }) = problem.position {
        line.push_str(&format!(" (line {row}, column {column})"));
    }
    // A key may hold a line break; the log is read by lines.
    line.replace(['\n', '\r'], " ")
}

thread_local! {
    /// By plugin name. This VM's own memory comes first: it is always the newest that this VM accepted, while
    /// another VM that lags behind may just have written an older one to the shared data.
    static LAST_GOOD: RefCell<BTreeMap<Vec<u8>, Rc<Configured>>> = const { RefCell::new(BTreeMap::new()) };
}

fn last_good(plugin_name: &[u8]) -> Option<Rc<Configured>> {
    if let Some(configured) = LAST_GOOD.with_borrow(|last_good| last_good.get(plugin_name).cloned()) {
        return Some(configured);
    }
    // A new VM, after a crash or with new code: what an earlier one left.
    let bytes = host::shared_data(plugin_name).ok()?;
    read(&bytes).ok().map(Rc::new)
}

/// The gauges: what is in force, and whether something else was wanted.
fn show(configured: &Configured, plugin_name: &[u8], rejected: Option<Option<Revision>>) {
    let name = name(configured, plugin_name);
    let number = |revision: Option<Revision>| revision.map_or(0, Revision::number);
    for (gauge, value) in [
        ("weir_policy_revision", number(configured.plan.revision())),
        ("weir_policy_rejected", u64::from(rejected.is_some())),
        ("weir_policy_rejected_revision", number(rejected.flatten())),
    ] {
        if let Err(status) = host::set_gauge(&format!("attachment=.={name};.;{gauge}"), value) {
            host::log(Level::Warn, &format!("weir: {name}: gauge {gauge} could not be set: {status}"));
        }
    }
}

fn name<'a>(configured: &'a Configured, plugin_name: &'a [u8]) -> Cow<'a, str> {
    match &configured.attachment.name {
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
        assert!(json.plan.revision().is_some());
        assert_eq!(json.plan.revision(), binary.plan.revision());
        assert_eq!(json.attachment, binary.attachment);
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
        let lines = rejections(br#"{"weir": 1, "a\nb\r": 1, "policy": {"version": 1}}"#);
        assert_eq!(lines.len(), 1);
        assert!(!lines.concat().contains(['\n', '\r']), "{lines:?}");
    }

    #[test]
    fn a_refused_configuration_falls_back_to_an_edge_that_passes_through() {
        let refused = read(b"").unwrap_err();
        assert_eq!(refused.fallback.plan.revision(), None);
        assert_eq!(refused.fallback.attachment.role, weir_engine::Role::Edge);
    }
}
