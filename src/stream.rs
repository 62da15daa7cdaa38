//! One request: its headers are read once, the engine decides, what changes is written.

use proxy_wasm::traits::{Context, HttpContext};
use proxy_wasm::types::Action;
use weir_engine::{Edit, Request, Role, report};

use crate::host::{self, Level, Status};
use crate::plugin::Serving;

/// One stream; `None` before the plugin was configured, which Envoy does not let happen.
pub(crate) struct Stream {
    pub(crate) serving: Option<Serving>,
}

impl Context for Stream {}

impl HttpContext for Stream {
    fn on_http_request_headers(&mut self, _count: usize, _end_of_stream: bool) -> Action {
        if let Some(serving) = &self.serving
            && let Err(failure) = serve(serving)
        {
            host::log(Level::Warn, &format!("weir: {failure}"));
        }
        Action::Continue
    }
}

fn serve(serving: &Serving) -> Result<(), String> {
    let (plan, attachment) = (&serving.configured.plan, &serving.configured.attachment);
    if attachment.role == Role::Inbound {
        return Ok(());
    }
    let headers = host::request_headers().map_err(|status| format!("request headers could not be read: {status}"))?;
    #[cfg(feature = "trap")]
    trap_if_asked(&headers);

    let request = Request::read(plan, headers.iter());
    let decision = plan.decide(attachment.role, &request);
    // Before any write: afterwards Envoy still reports the route it matched first.
    let destination =
        decision.wants_destination(attachment).then(|| host::property("xds\0cluster_name").ok()).flatten();
    let edits = decision.edits(attachment, &request, destination.as_deref());
    for edit in &edits {
        write(edit)?;
    }
    if let Some(state) = decision.state(attachment.trace) {
        host::set_filter_state("weir", state.as_bytes())
            .map_err(|status| format!("filter state could not be set: {status}"))?;
    }
    if serving.logs_decisions {
        host::log(Level::Debug, &format!("weir: decision {}", report::json(&decision, attachment, &edits)));
    }
    Ok(())
}

fn write(edit: &Edit) -> Result<(), String> {
    match edit {
        Edit::Remove { name } => host::remove_request_header(name),
        Edit::Set { name, lines } => set(name, lines),
    }
    .map_err(|status| format!("{edit:?} could not be written: {status}"))
}

fn set(name: &[u8], lines: &[Vec<u8>]) -> Result<(), Status> {
    let Some((first, more)) = lines.split_first() else {
        return host::remove_request_header(name);
    };
    host::set_request_header(name, first)?;
    more.iter().try_for_each(|line| host::add_request_header(name, line))
}

/// For the test that shows Envoy recovering; no other build has it.
#[cfg(feature = "trap")]
#[allow(clippy::panic)]
fn trap_if_asked(headers: &host::Headers) {
    if headers.iter().any(|(name, _)| name == b"x-weir-trap") {
        panic!("asked to by x-weir-trap");
    }
}
