//! Many questions at once: p-values as they count when the best of them is picked.

use std::cmp::Ordering;

/// Holm's adjusted p-values, in the order of these: below alpha at all with at most the chance alpha where none is true.
pub fn holm(all: &[f64]) -> Vec<f64> {
    let mut adjusted = vec![1.0; all.len()];
    let mut least = 0.0_f64;
    for (rank, (place, p)) in ascending(all).into_iter().enumerate() {
        least = least.max(((all.len() - rank) as f64 * p).min(1.0));
        if let Some(one) = adjusted.get_mut(place) {
            *one = least;
        }
    }
    adjusted
}

/// Benjamini and Hochberg's adjusted p-values: of those below alpha at most that part is false, on average.
pub fn benjamini_hochberg(all: &[f64]) -> Vec<f64> {
    let mut adjusted = vec![1.0; all.len()];
    let mut most = 1.0_f64;
    for (rank, (place, p)) in ascending(all).into_iter().enumerate().rev() {
        most = most.min(all.len() as f64 / (rank + 1) as f64 * p);
        if let Some(one) = adjusted.get_mut(place) {
            *one = most;
        }
    }
    adjusted
}

fn ascending(all: &[f64]) -> Vec<(usize, f64)> {
    let mut sorted: Vec<(usize, f64)> = all.iter().copied().enumerate().collect();
    sorted.sort_by(|one, other| one.1.partial_cmp(&other.1).unwrap_or(Ordering::Equal));
    sorted
}
