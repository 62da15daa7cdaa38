//! The names of counters that appeared with a request, in shared data. Envoy drops a counter that no machine has any more,
//! so a new machine has them from its start, as it has those that stand from the start of a policy.

use crate::host;

/// No name of a plugin, under which its last good envelope lies.
const KEY: &[u8] = b"\0appeared";
/// Bytes of all names, one a line; names beyond are not remembered.
const BYTES_MAX: usize = 1 << 20;
/// How often a name is tried to be added while other workers add theirs.
const ATTEMPTS: usize = 8;

/// The names that appeared in any machine of this Envoy.
pub(crate) fn names() -> Vec<String> {
    match host::shared_data(KEY) {
        Ok((list, _)) => lines(&list).map(|name| String::from_utf8_lossy(name).into_owned()).collect(),
        Err(_) => {
            // So that names are added to a version, and none is lost to another worker's.
            let _ = host::set_shared_data(KEY, b"", host::ANY_VERSION);
            Vec::new()
        }
    }
}

/// Adds a name, unless it is there.
pub(crate) fn add(name: &str) {
    for _ in 0..ATTEMPTS {
        let Ok((list, version)) = host::shared_data(KEY) else { return };
        if lines(&list).any(|known| known == name.as_bytes()) || list.len().saturating_add(name.len()) >= BYTES_MAX {
            return;
        }
        if host::set_shared_data(KEY, &[&list, name.as_bytes(), b"\n"].concat(), version).is_ok() {
            return;
        }
    }
}

fn lines(list: &[u8]) -> impl Iterator<Item = &[u8]> {
    list.split(|byte| *byte == b'\n').filter(|name| !name.is_empty())
}
