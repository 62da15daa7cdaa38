//! Where the scenario corpus lies, and where the native run leaves its decisions for the run in wasm. Node reads files
//! as well as Rust does, so nothing has to be built in.

#[cfg(not(target_family = "wasm"))]
pub use native::*;
#[cfg(target_family = "wasm")]
pub use under_node::*;

#[cfg(not(target_family = "wasm"))]
mod native {
    pub use crate::scenarios::files;

    pub fn agree(lines: &[String]) {
        let answers = concat!(env!("CARGO_TARGET_TMPDIR"), "/scenario-decisions.txt");
        std::fs::write(answers, lines.join("\n")).unwrap();
    }
}

#[cfg(target_family = "wasm")]
mod under_node {
    use wasm_bindgen::prelude::{JsValue, wasm_bindgen};

    #[wasm_bindgen(module = "fs")]
    extern "C" {
        #[wasm_bindgen(js_name = readFileSync, catch)]
        fn read_file(path: &str, encoding: &str) -> Result<String, JsValue>;
        #[wasm_bindgen(js_name = readdirSync)]
        fn read_folder(path: &str) -> Vec<String>;
    }

    /// Name without ending and text of each file, in the order of the names.
    pub fn files() -> Vec<(String, String)> {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/scenarios");
        let mut names = read_folder(folder);
        names.sort();
        let read = |name: String| {
            let stem = name.strip_suffix(".yaml")?.to_owned();
            Some((stem, read_file(&format!("{folder}/{name}"), "utf8").unwrap()))
        };
        names.into_iter().filter_map(read).collect()
    }

    /// Fails at the first line that differs from the native run's.
    pub fn agree(lines: &[String]) {
        // Cargo gives each target a folder of its own; the native one lies beside that of wasm.
        let answers = concat!(env!("CARGO_TARGET_TMPDIR"), "/../../tmp/scenario-decisions.txt");
        let native = read_file(answers, "utf8").expect("the native run has left its answers; run: scripts/test-wasm");
        let native: Vec<&str> = native.split('\n').collect();
        for (native, here) in native.iter().zip(lines) {
            assert_eq!(native, here);
        }
        assert_eq!(native.len(), lines.len());
    }
}
