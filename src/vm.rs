//! What one WebAssembly machine knows: the plugins that run in it, the streams under way, and the metrics.
//!
//! Each worker of Envoy has a machine of its own, and calls it from one thread. Attachments that `weir` makes have a
//! machine each (`vm_id`), because Envoy does not say whose stream it is without being asked, and asking costs more than
//! deciding.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::mem::ManuallyDrop;
use std::rc::Rc;

use hashbrown::HashMap;
use rustc_hash::FxBuildHasher;

use crate::host;
use crate::metrics::Metrics;
use crate::plugin::{self, Plugin};
use crate::stream::{self, Stream};

thread_local! {
    /// This machine. It ends with its memory, never by being dropped: so a call finds it without a look at its state.
    pub(crate) static VM: RefCell<ManuallyDrop<Vm>> = const { RefCell::new(ManuallyDrop::new(Vm::NEW)) };
}

pub(crate) struct Vm {
    /// The only plugin there is; none where there are several.
    only: Option<Rc<Plugin>>,
    /// By name. A push takes the place of what was there; streams keep what they began with.
    plugins: BTreeMap<Vec<u8>, Rc<Plugin>>,
    roots: BTreeSet<u32>,
    /// Streams of which more must be heard. Contexts are numbered by Envoy, not by a client: the fastest hasher will do.
    streams: HashMap<u32, Stream, FxBuildHasher>,
    pub(crate) metrics: Metrics,
}

impl Vm {
    const NEW: Vm = Vm {
        only: None,
        plugins: BTreeMap::new(),
        roots: BTreeSet::new(),
        streams: HashMap::with_hasher(FxBuildHasher),
        metrics: Metrics::NEW,
    };

    pub(crate) fn configure(&mut self, root: u32) {
        let name = host::property("plugin_name").unwrap_or_default();
        let plugin = plugin::configure(&name, self.plugins.get(&name), &mut self.metrics);
        self.plugins.insert(name, Rc::clone(&plugin));
        self.only = Some(plugin).filter(|_| self.plugins.len() == 1);
        self.roots.insert(root);
    }

    pub(crate) fn request_headers(&mut self, context: u32) {
        let plugin = self.only.as_ref().or_else(|| self.plugins.get(&host::property("plugin_name").ok()?));
        let Some(plugin) = plugin else { return };
        if let Some(stream) = stream::request(plugin, &mut self.metrics) {
            self.streams.insert(context, stream);
        }
    }

    pub(crate) fn response_headers(&self, context: u32) {
        if let Some(stream) = self.streams.get(&context) {
            stream.response();
        }
    }

    pub(crate) fn log(&mut self, context: u32) {
        if let Some(stream) = self.streams.remove(&context) {
            stream.log(&mut self.metrics);
        }
    }

    pub(crate) fn done(&mut self, context: u32) {
        if self.roots.remove(&context) {
            self.metrics.flush();
        }
    }
}
