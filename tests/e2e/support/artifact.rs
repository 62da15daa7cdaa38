//! Where the built things lie; what is missing fails with the command that makes it.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

/// Envoy itself: the release that the tests are for, or another.
pub fn envoy(release: Option<&str>) -> PathBuf {
    let (folder, version) =
        release.map_or_else(Default::default, |release| (format!("-{release}"), format!(" {release}")));
    found(root().join(format!(".tools/envoy{folder}/envoy")), &format!("scripts/install-envoy{version}"))
}

/// Prometheus.
pub fn prometheus() -> PathBuf {
    found(root().join(".tools/prometheus/prometheus"), "scripts/install-prometheus")
}

/// The filter: `$WEIR_WASM`, else `weir.wasm` in the target folder.
pub fn wasm() -> PathBuf {
    found(chosen("WEIR_WASM").unwrap_or_else(|| target().join("weir.wasm")), "scripts/build-wasm")
}

/// The filter as it was at 5e0dd00: `$WEIR_OLD_WASM`, else the one that lies in `old` of the target folder.
pub fn old_wasm() -> PathBuf {
    let kept = || {
        let names = fs::read_dir(target().join("old")).ok()?.map(|entry| entry.unwrap().path());
        names.into_iter().find(|path| path.display().to_string().contains("/weir-5e0dd00-"))
    };
    let path = chosen("WEIR_OLD_WASM").or_else(kept);
    found(path.unwrap_or_else(|| target().join("old/weir-5e0dd00-HASH.wasm")), "scripts/build-old-wasm")
}

/// A module in this folder that does what the filter does and is another: with one more custom section, which is its kind
/// (0), its size, and its name behind the size of that.
pub fn other_wasm(folder: &Path) -> PathBuf {
    let mut bytes = fs::read(wasm()).unwrap();
    bytes.extend([0, 6, 5, b'o', b't', b'h', b'e', b'r']);
    let path = folder.join("other.wasm");
    fs::write(&path, bytes).unwrap();
    path
}

/// The build of the filter that traps on `x-weir-trap`: `$WEIR_TRAP_WASM`, else `weir-trap.wasm` in the target folder.
pub fn trap_wasm() -> PathBuf {
    found(chosen("WEIR_TRAP_WASM").unwrap_or_else(|| target().join("weir-trap.wasm")), "scripts/build-wasm --trap")
}

/// The command-line tool: `$WEIR_BIN`, else the debug build in the target folder.
pub fn weir() -> PathBuf {
    found(chosen("WEIR_BIN").unwrap_or_else(|| target().join("debug/weir")), "cargo build -p weir-cli")
}

/// The checkout.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn target() -> PathBuf {
    chosen("CARGO_TARGET_DIR").unwrap_or_else(|| root().join("target"))
}

// A relative path means below the checkout, wherever the test process stands.
fn chosen(variable: &str) -> Option<PathBuf> {
    env::var_os(variable).map(|path| root().join(path))
}

fn found(path: PathBuf, command: &str) -> PathBuf {
    assert!(path.is_file(), "{} is missing; run: {command}", path.display());
    path
}
