//! What Envoy calls: the callbacks of the proxy-wasm ABI 0.2.1 that Weir needs, and no other.
//!
//! Each callback that a module exports costs every request a call into the machine, needed or not, and the SDK exports
//! all of them. These are the few that are needed, by their ABI names.
#![allow(unsafe_code, reason = "an exported name is unsafe to Rust, which cannot see who else exports it")]

use std::panic;

use crate::host::{self, Level};
use crate::vm::VM;

/// `proxy_on_request_headers` and `proxy_on_response_headers`: go on.
const CONTINUE: u32 = 0;

/// The ABI that the module speaks. Envoy clears the route cache on a header write for this one.
#[unsafe(no_mangle)]
extern "C" fn proxy_abi_version_0_2_1() {}

/// Called before anything else.
#[unsafe(no_mangle)]
extern "C" fn _initialize() {
    // Should anything trap, Envoy's log says where.
    panic::set_hook(Box::new(|panic| host::log(Level::Critical, &format!("weir: {panic}"))));
}

/// Memory for what the host hands over; whoever receives it frees it. Envoy also knows it as `malloc`, by which name it would
/// be everybody's in a native test.
#[unsafe(no_mangle)]
extern "C" fn proxy_on_memory_allocate(size: usize) -> *mut u8 {
    host::buffer(size)
}

/// A configuration for a plugin. Never refused.
#[unsafe(no_mangle)]
extern "C" fn proxy_on_configure(root: u32, _size: usize) -> bool {
    VM.with_borrow_mut(|vm| vm.configure(root));
    true
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_request_headers(context: u32, _count: u32, _end_of_stream: u32) -> u32 {
    VM.with_borrow_mut(|vm| vm.request_headers(context));
    CONTINUE
}

#[cfg(feature = "cookies")]
#[unsafe(no_mangle)]
extern "C" fn proxy_on_response_headers(context: u32, _count: u32, _end_of_stream: u32) -> u32 {
    VM.with_borrow(|vm| vm.response_headers(context));
    CONTINUE
}

/// A stream is over: the last that is heard of it.
#[cfg(any(feature = "cookies", feature = "join", feature = "numbers"))]
#[unsafe(no_mangle)]
extern "C" fn proxy_on_log(context: u32) {
    VM.with_borrow_mut(|vm| vm.log(context));
}

/// Now and then, by the period that a root context has set.
#[cfg(feature = "numbers")]
#[unsafe(no_mangle)]
extern "C" fn proxy_on_tick(_root: u32) {
    VM.with_borrow_mut(|vm| vm.metrics.flush());
}

/// A context ends, a root's after the last of its streams: what was counted must not go with this machine.
#[cfg(feature = "numbers")]
#[unsafe(no_mangle)]
extern "C" fn proxy_on_done(context: u32) -> bool {
    VM.with_borrow_mut(|vm| vm.done(context));
    true
}
