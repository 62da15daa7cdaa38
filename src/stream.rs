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
        if let Some(serving) = &self.serving {
            serve(serving);
        }
        Action::Continue
    }
}

fn serve(serving: &Serving) {
    let (plan, attachment) = (&serving.configured.plan, &serving.configured.attachment);
    if attachment.role == Role::Inbound {
        return;
    }
    let headers = match host::request_headers() {
        Ok(headers) => headers,
        Err(status) => return warn("request headers could not be read", status),
    };
    #[cfg(feature = "trap")]
    trap_if_asked(&headers);

    let request = Request::read(plan, headers.iter());
    let decision = plan.decide(attachment.role, &request);
    // Before any write: afterwards Envoy still reports the route it matched first.
    let destination =
        decision.wants_destination(attachment).then(|| host::property("xds\0cluster_name").ok()).flatten();
    let edits = decision.edits(attachment, &request, destination.as_deref());
    // One that fails must not keep a forged header of another in place.
    for edit in &edits {
        if let Err(status) = write(edit) {
            warn(&format!("{edit:?} could not be written"), status);
        }
    }
    if let Some(state) = decision.state(attachment)
        && let Err(status) = host::set_filter_state("weir", state.as_bytes())
    {
        warn("filter state could not be set", status);
    }
    if serving.logs_decisions {
        host::log(Level::Debug, &format!("weir: decision {}", report::json(&decision, attachment, &edits)));
    }
}

fn write(edit: &Edit) -> Result<(), Status> {
    match edit {
        Edit::Remove { name } => host::remove_request_header(name),
        Edit::Set { name, lines } => {
            let Some((first, more)) = lines.split_first() else { return host::remove_request_header(name) };
            host::set_request_header(name, first)?;
            more.iter().try_for_each(|line| host::add_request_header(name, line))
        }
    }
}

fn warn(failure: &str, status: Status) {
    host::log(Level::Warn, &format!("weir: {failure}: {status}"));
}

/// For the test that shows Envoy recovering; no other build has it.
#[cfg(feature = "trap")]
#[allow(clippy::panic)]
fn trap_if_asked(headers: &host::Headers) {
    if headers.iter().any(|(name, _)| name == b"x-weir-trap") {
        panic!("asked to by x-weir-trap");
    }
}
