//! The trace of a request, and what the table of traces has for it.

pub(crate) mod cell;

/// Cells of the table that both filters share.
pub const TRACE_CELLS: u16 = 4_096;
/// The id of a trace; W3C Trace Context says that not all of it is zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TraceId([u8; 16]);

/// What the table has for the trace of an outbound request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TraceTags {
    /// What the live inbound requests of the trace brought; empty if they are untagged.
    Tags(Vec<u8>),
    /// They disagree.
    Conflict,
}

impl TraceId {
    /// Of a `traceparent`: `VERSION-TRACE-PARENT-FLAGS`, later versions with more behind it.
    /// <https://www.w3.org/TR/trace-context/#traceparent-header>
    pub(crate) fn of_traceparent(value: &[u8]) -> Option<TraceId> {
        let mut parts = value.split(|byte| *byte == b'-');
        let (version, trace, parent, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        let [_version, _flags] = [hex::<1>(version)?, hex::<1>(flags)?];
        let _parent = hex::<8>(parent)?;
        let is_version_known = version != b"ff" && (version != b"00" || parts.next().is_none());
        hex(trace).filter(|id| is_version_known && *id != [0; 16]).map(TraceId)
    }

    /// The cell of the table that it falls on.
    pub fn cell(self) -> u16 {
        // Who makes an id need not make it random, so it is hashed. The mask leaves 12 bits.
        (crate::slot::hash(&[], &self.0) & u64::from(TRACE_CELLS.wrapping_sub(1))) as u16
    }

    /// As Envoy logs it.
    pub fn hex(self) -> String {
        self.0.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

/// Lower-case hex digits, exactly as many as there are bytes.
fn hex<const BYTES: usize>(digits: &[u8]) -> Option<[u8; BYTES]> {
    let (pairs, []) = digits.as_chunks::<2>() else { return None };
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte.wrapping_sub(b'0')),
        b'a'..=b'f' => Some(byte.wrapping_sub(b'a').wrapping_add(10)),
        _ => None,
    };
    let mut bytes = Vec::with_capacity(BYTES);
    for [high, low] in pairs {
        bytes.push(digit(*high)?.wrapping_shl(4) | digit(*low)?);
    }
    bytes.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn traceparents() {
        let id = "4bf92f3577b34da6a3ce929d0e0e4736";
        let parent = "00f067aa0ba902b7";
        for (value, is_one) in [
            (format!("00-{id}-{parent}-01"), true),
            (format!("cc-{id}-{parent}-01"), true),
            (format!("cc-{id}-{parent}-01-what-will-be"), true),
            (format!("00-{id}-{parent}-01-more"), false),
            (format!("ff-{id}-{parent}-01"), false),
            (format!("00-{}-{parent}-01", id.to_uppercase()), false),
            (format!("00-{}-{parent}-01", "0".repeat(32)), false),
            (format!("00-{}-{parent}-01", &id[1..]), false),
            (format!("00-{id}-{}-01", &parent[1..]), false),
            (format!("00-{id}-{parent}"), false),
            (format!("0-{id}-{parent}-01"), false),
            (id.to_owned(), false),
            (String::new(), false),
        ] {
            let found = TraceId::of_traceparent(value.as_bytes());
            assert_eq!(found.map(TraceId::hex), is_one.then(|| id.to_owned()), "{value}");
        }
    }

    #[test]
    fn traces_spread_over_all_cells() {
        let cells = (0..40_000_u32).map(|i| TraceId(u128::from(i).to_be_bytes()).cell());
        let cells: std::collections::BTreeSet<u16> = cells.collect();
        assert!(cells.len() > 4_050 && cells.iter().all(|cell| *cell < TRACE_CELLS), "{}", cells.len());
    }
}
