//! The resident memory of Envoy and of the server, which must not grow once they are warm.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;

/// Looks that count as warming up, of all: the first third.
const WARM_UP: usize = 3;
/// What the highest of the last third may have more than the highest of the second, in per cent: policies differ in size.
const GROWTH_PERCENT: u64 = 10;

/// Kilobytes at each look, by program.
#[derive(Default)]
pub struct Memory(BTreeMap<String, Vec<u64>>);

impl Memory {
    /// Looks at the children of this process.
    pub fn look(&mut self) {
        for (program, kilobytes) in children() {
            self.0.entry(program).or_default().push(kilobytes);
        }
    }

    pub fn is_flat(&self) {
        assert_eq!(self.0.keys().collect::<Vec<_>>(), ["envoy", "weir"]);
        for (program, looks) in &self.0 {
            let third = looks.len() / WARM_UP;
            let highest = |looks: &[u64]| looks.iter().copied().max().unwrap_or_default();
            let (warm, last) = (highest(&looks[third..2 * third]), highest(&looks[2 * third..]));
            assert!(last * 100 <= warm * (100 + GROWTH_PERCENT), "{program} grew from {warm} to {last} kB: {looks:?}");
        }
    }
}

impl fmt::Display for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let last = self.0.iter().filter_map(|(program, looks)| Some(format!("{program} {} MB", looks.last()? / 1024)));
        f.write_str(&last.collect::<Vec<_>>().join(", "))
    }
}

/// Name and kilobytes of each.
fn children() -> Vec<(String, u64)> {
    let parent = std::process::id().to_string();
    let processes = fs::read_dir("/proc").unwrap().filter_map(|entry| {
        let status = fs::read_to_string(entry.ok()?.path().join("status")).ok()?;
        let field = |name: &str| status.lines().find_map(|line| Some(line.strip_prefix(name)?.trim().to_owned()));
        let kilobytes = field("VmRSS:")?.split(' ').next()?.parse().ok()?;
        (field("PPid:")? == parent).then_some((field("Name:")?, kilobytes))
    });
    processes.collect()
}
