//! Configuration bytes to the plan in force. A bad configuration is never served and never refused:
//! after a refusal Envoy 1.40 rejects every later change of the listener, so the last good one stays instead.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use proxy_wasm::traits::{Context, HttpContext, RootContext};
use proxy_wasm::types::ContextType;
use weir_engine::problem::Code;
use weir_engine::{Configured, Refused, Revision};

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
        // A key may hold a line break; the log is read by lines.
        let line = format!("weir: {name}: policy rejected: {problem}").replace(['\n', '\r'], " ");
        host::log(Level::Warn, &line);
    }
    let configured = last_good(plugin_name).unwrap_or_else(|| Rc::new(refused.fallback));
    show(&configured, plugin_name, Some(refused.revision));
    configured
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
