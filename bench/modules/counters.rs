//! An Envoy that has counted everything there is to count: all evidence counters of so many variants as its configuration has
//! bytes, each at 1 or more. The experiment of variant N is `eN/16`, its id there `vN%16`.
#![no_std]

use core::ptr;

const COUNTER: u32 = 0;
const PARTS: usize = 16;
const VARIANTS: usize = 16;
const OUTCOMES: [&str; 7] = ["all", "error", "none", "over_250", "over_500", "over_1000", "over_2500"];

/// A name as it is written.
struct Name {
    bytes: [u8; 128],
    length: usize,
}

/// Envoy looks for this export.
#[unsafe(no_mangle)]
pub extern "C" fn proxy_abi_version_0_2_1() {}

/// Envoy looks for this one too, but nothing is asked of it here that would call it.
#[unsafe(no_mangle)]
pub extern "C" fn malloc(_size: usize) -> *mut u8 {
    ptr::null_mut()
}

/// Defines the counters, and counts one each.
#[unsafe(no_mangle)]
pub extern "C" fn proxy_on_configure(_root: u32, size: usize) -> bool {
    for variant in 0..size {
        for part in 0..PARTS {
            for outcome in OUTCOMES {
                count(variant, part, outcome);
            }
        }
    }
    true
}

fn count(variant: usize, part: usize, outcome: &str) {
    let mut name = Name { bytes: [0; 128], length: 0 };
    name.text("experiment=.=e").number(variant / VARIANTS).text(";.;variant=.=v").number(variant % VARIANTS);
    name.text(";.;part=.=").number(part).text(";.;outcome=.=").text(outcome).text(";.;weir_assigned_total");
    let mut id = 0;
    // SAFETY: the host reads the name and writes the result.
    unsafe {
        proxy_define_metric(COUNTER, name.bytes.as_ptr(), name.length, &mut id);
        proxy_increment_metric(id, 1);
    }
}

impl Name {
    fn text(&mut self, text: &str) -> &mut Name {
        for byte in text.bytes() {
            self.bytes[self.length] = byte;
            self.length += 1;
        }
        self
    }

    fn number(&mut self, number: usize) -> &mut Name {
        if number >= 10 {
            self.number(number / 10);
        }
        self.bytes[self.length] = b'0' + (number % 10) as u8;
        self.length += 1;
        self
    }
}

#[link(wasm_import_module = "env")]
unsafe extern "C" {
    fn proxy_define_metric(_: u32, _: *const u8, _: usize, _: *mut u32) -> u32;
    fn proxy_increment_metric(_: u32, _: i64) -> u32;
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    core::arch::wasm32::unreachable()
}
