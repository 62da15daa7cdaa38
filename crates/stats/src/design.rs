//! The design effect: how many requests count for one, because users make many and fail alike.

/// Events of one part of an arm's users.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Part {
    /// Events.
    pub x: f64,
    /// Requests.
    pub n: f64,
}

/// Fewer events than this in all arms together, and parts say nothing yet.
pub const EVENTS_MIN: f64 = 10.0;
/// What stands for the design effect until they do, and where there are no parts.
pub const UNKNOWN: f64 = 3.0;

/// The design effect from parts of users (of which each user is in one): how much more the rates of an arm's parts differ than
/// independent requests would,
/// Σ (x - p·n)² / (p(1 - p)·n) / Σ (parts - 1), with each arm's own rate p. At least 1.
///
/// Parts without requests and arms at the rate 0 or 1 drop out of both sums; where nothing is left, or with fewer than
/// [`EVENTS_MIN`] events, it is [`UNKNOWN`]. Source: Pearson's dispersion (McCullagh and Nelder, 4.5), Kish's deff.
pub fn effect<'a>(arms: impl IntoIterator<Item = &'a [Part]>) -> f64 {
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
    if events < EVENTS_MIN || freedom <= 0.0 { UNKNOWN } else { (spread / freedom).max(1.0) }
}
