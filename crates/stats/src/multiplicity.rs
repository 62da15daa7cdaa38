//! Many questions at once: p-values as they count when the best of them is picked.
//!
//! What is no chance counts as the nearest that is, NaN as 1. E-values need none of this: see [`crate::counts::dependent`], or
//! divide alpha by the number of questions.

/// Holm's adjusted p-values, in the order of these: that one of true hypotheses gets below alpha has at most the chance alpha,
/// however the questions depend on each other.
///
/// Source: Holm (1979).
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

/// Benjamini and Hochberg's adjusted p-values, in the order of these: of those that get below alpha at most that part is of true
/// hypotheses, on average, where questions do not depend on each other or only as one would wish.
///
/// Source: Benjamini and Hochberg (1995).
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
    let chance = |p: &f64| if p.is_nan() { 1.0 } else { p.clamp(0.0, 1.0) };
    let mut sorted: Vec<(usize, f64)> = all.iter().map(chance).enumerate().collect();
    sorted.sort_by(|one, other| one.1.total_cmp(&other.1));
    sorted
}
