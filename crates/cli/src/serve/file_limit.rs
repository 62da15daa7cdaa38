//! The limit of file handles: each connection takes one, and many systems give a process 1,024 unless it asks for more.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::log::Log;
use super::notice::Notice;

/// Kept for all that is no connection of an Envoy: files, `--http`, admin interfaces that are asked.
const OTHERS: usize = 512;

/// Raises the soft limit to the hard one. The number of connections there are handles for: as many as are wanted, or fewer,
/// and then the log says so.
pub fn for_connections(wanted: usize, log: Log) -> usize {
    let maximum = getrlimit(Resource::Nofile).maximum;
    // Where that is refused the limit is what it was.
    let _ = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum });
    // None is no limit.
    let Some(handles) = getrlimit(Resource::Nofile).current else { return wanted };
    let handles = usize::try_from(handles).unwrap_or(usize::MAX);
    let connections = connections(handles).min(wanted);
    if connections < wanted {
        log.tell(&Notice::FewFileHandles {
            handles,
            connections,
            connections_wanted: wanted,
            handles_wanted: wanted + OTHERS,
        });
    }
    connections
}

/// Half of few, and of many all but some.
fn connections(handles: usize) -> usize {
    (handles / 2).max(handles.saturating_sub(OTHERS))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_can_be_read_however_many_connect() {
        for (handles, expected) in [(64, 32), (1_024, 512), (1_025, 513), (16_896, 16_384), (0, 0)] {
            assert_eq!(connections(handles), expected, "{handles}");
        }
    }
}
