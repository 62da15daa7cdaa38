//! Readers of values that stand below both the key `istio` and the key `envoy` of an attachment file.

use weir_policy::fields;
use weir_policy::{At, Problems, Spanned, codes};

/// The values of an object by their keys, in their order.
pub(crate) fn by_name<T>(
    node: Option<Spanned>,
    at: &At<'_>,
    problems: &mut Problems,
    read: impl Fn(Spanned, &At<'_>, &mut Problems) -> Option<T>,
) -> Vec<(String, T)> {
    let entries = node.and_then(|node| fields::object(node, at, problems)).unwrap_or_default();
    let mut values = Vec::with_capacity(entries.len());
    for entry in entries {
        let value = read(entry.node, &at.key(&entry.key), problems);
        values.extend(value.map(|value| (entry.key, value)));
    }
    values
}

/// A bound, from 1 to the most that Envoy's `uint32` holds.
pub(crate) fn bound(node: Spanned, at: &At<'_>, problems: &mut Problems) -> Option<i64> {
    from_1(node, i64::from(u32::MAX), "which lets nothing through", at, problems)
}

/// The number of a port.
pub(crate) fn port(node: Spanned, at: &At<'_>, problems: &mut Problems) -> Option<i64> {
    from_1(node, i64::from(u16::MAX), "which is no port", at, problems)
}

/// An integer from 1 to this one. `zero` says what is wrong with 0.
pub(crate) fn from_1(node: Spanned, max: i64, zero: &str, at: &At<'_>, problems: &mut Problems) -> Option<i64> {
    let value = fields::integer(node, max.unsigned_abs(), at, problems)?;
    if value == 0 {
        problems.add(codes::BAD_VALUE, at, format!("found 0, {zero}; an integer from 1 to {max} would do"));
    }
    i64::try_from(value).ok().filter(|value| *value > 0)
}
