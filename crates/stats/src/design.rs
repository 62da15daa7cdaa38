//! The design effect: how many requests count for one, because users make many and fail alike.

/// Events of one part of an arm's users. Each user is in one part, by a hash, so that parts are independent of each other.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Part {
    /// Events; more than `n` count as `n`.
    pub x: f64,
    /// Requests.
    pub n: f64,
}

/// Fewer events than this in all arms together, and parts say nothing yet.
pub const EVENTS_MIN: f64 = 10.0;
/// What is to stand for the design effect where it is not known and nobody has set another.
pub const UNKNOWN: f64 = 3.0;

/// The design effect from parts of users, of each arm: how much more the rates of an arm's parts differ than those of independent
/// requests would, Σ (x - p·n)² / (p(1 - p)·n) / Σ (parts - 1), with each arm's own rate p. At least 1.
///
/// An estimate with as many degrees of freedom as there are parts less arms: with 2 arms of 16 parts it is off by a quarter,
/// one standard error. Parts without requests and arms at the rate 0 or 1 drop out of both sums. None where nothing is left, with
/// fewer than [`EVENTS_MIN`] events, or with numbers beyond f64.
///
/// Source: Pearson's dispersion (McCullagh and Nelder, "Generalized linear models", 4.5); Kish's deff (1965).
pub fn effect<'a>(arms: impl IntoIterator<Item = &'a [Part]>) -> Option<f64> {
    let (mut spread, mut freedom, mut events) = (0.0, 0.0, 0.0);
    for arm in arms {
        let parts = || arm.iter().filter(|part| part.n > 0.0);
        let (x, n) = parts().fold((0.0, 0.0), |(x, n), part| (x + part.x.clamp(0.0, part.n), n + part.n));
        events += x;
        if n == 0.0 || x == 0.0 || x >= n {
            continue;
        }
        let p = x / n;
        spread += parts()
            .map(|part| (part.x.clamp(0.0, part.n) - p * part.n).powi(2) / (p * (1.0 - p) * part.n))
            .sum::<f64>();
        freedom += parts().count() as f64 - 1.0;
    }
    let effect: f64 = spread / freedom;
    (events >= EVENTS_MIN && freedom > 0.0 && effect.is_finite()).then_some(effect.max(1.0))
}
