//! What is to be expected of an arm in a poll, ready to be drawn many times.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::Rng;
use rand_distr::{Binomial, Distribution, Poisson};

use crate::counts::{Counts, Parts};
use crate::crowd::{BOUNDS_MS, PARTS};

/// Requests of an arm in a poll above which parts are drawn at once: below it is quicker to draw one after the other.
const FEW: f64 = 1_000.0;
/// How a request may end: well, as an error, without a response.
const ENDS: usize = 3;
/// How many bounds it may take longer than.
const SPEEDS: usize = BOUNDS_MS.len() + 1;
const KINDS: usize = PARTS * ENDS * SPEEDS;

/// Means of a poll.
#[derive(Clone, Debug)]
pub struct Expected {
    means: Parts,
    few: Option<Few>,
}

impl Expected {
    /// Of parts which have these of each request of the whole crowd, when it makes about so many.
    pub fn new(of_one: &Parts, requests: f64) -> Expected {
        let means = of_one.map(|part| Counts {
            all: requests * part.all,
            errors: requests * part.errors,
            unanswered: requests * part.unanswered,
            over: part.over.map(|over| requests * over),
        });
        let few = Some(Counts::sum(&means).all).filter(|all| *all <= FEW).map(|all| Few::new(&means, all));
        Expected { means, few }
    }

    /// Whether its requests are drawn one after the other.
    #[cfg(test)]
    pub(crate) fn is_few(&self) -> bool {
        self.few.is_some()
    }

    /// What is counted in a poll.
    pub(crate) fn draw(&self, dice: &mut ChaCha8Rng) -> Parts {
        match &self.few {
            Some(few) => few.draw(dice),
            None => self.means.map(|means| draw(&means, dice)),
        }
    }
}

/// A part at once.
fn draw(means: &Counts, dice: &mut ChaCha8Rng) -> Counts {
    let good = (means.all - means.errors - means.unanswered).max(0.0);
    let [errors, unanswered, good] =
        [means.errors, means.unanswered, good].map(|mean| Poisson::new(mean).map_or(0.0, |of| of.sample(dice)));
    let all = errors + unanswered + good;
    // Whether a request is slow has nothing to do with how it ends. Those over a bound are some of those over the one before.
    let (mut before, mut mean_before) = (all, means.all);
    let over = means.over.map(|mean| {
        before = thinned(before, mean / mean_before, dice);
        mean_before = mean;
        before
    });
    Counts { all, errors, unanswered, over }
}

/// How many of so many are left where each stays with this chance.
fn thinned(all: f64, chance: f64, dice: &mut ChaCha8Rng) -> f64 {
    if all == 0.0 {
        return 0.0;
    }
    Binomial::new(all as u64, chance.min(1.0)).map_or(0.0, |some| some.sample(dice) as f64)
}

/// How many requests there are, and of which kind each is: its part, how it ends and how long it takes. A table of Walker's: a column
/// for each kind, as likely as each other, in which the kind is below a bound and another above it.
#[derive(Clone, Debug)]
struct Few {
    requests: Option<Poisson<f64>>,
    columns: Vec<Column>,
}

#[derive(Clone, Copy, Debug)]
struct Column {
    /// In 2³²nds.
    bound: u64,
    below: Kind,
    above: Kind,
}

#[derive(Clone, Copy, Debug)]
struct Kind {
    part: u8,
    end: u8,
    speed: u8,
}

impl Few {
    fn new(means: &Parts, all: f64) -> Few {
        let mut weights: Vec<(Kind, f64)> = Vec::with_capacity(KINDS);
        for (part, means) in means.iter().enumerate().filter(|(_, means)| means.all > 0.0) {
            let good = (means.all - means.errors - means.unanswered).max(0.0);
            let bounds = [means.all].into_iter().chain(means.over).chain([0.0]).collect::<Vec<f64>>();
            for (end, of_end) in [good, means.errors, means.unanswered].into_iter().enumerate() {
                for (speed, two) in bounds.windows(2).enumerate() {
                    let [slower, slowest] = two else { continue };
                    let kind = Kind { part: part as u8, end: end as u8, speed: speed as u8 };
                    weights.push((kind, of_end * (slower - slowest).max(0.0) / means.all));
                }
            }
        }
        Few { requests: Poisson::new(all).ok(), columns: columns(weights) }
    }

    fn draw(&self, dice: &mut ChaCha8Rng) -> Parts {
        let mut parts = Parts::default();
        let requests = self.requests.map_or(0.0, |requests| requests.sample(dice)) as usize;
        for _ in 0..requests {
            let drawn = dice.next_u64();
            let place = ((drawn >> 32) * self.columns.len() as u64) >> 32;
            let Some(column) = self.columns.get(place as usize) else { continue };
            let kind = if drawn & 0xffff_ffff < column.bound { column.below } else { column.above };
            let Some(part) = parts.get_mut(usize::from(kind.part)) else { continue };
            part.all += 1.0;
            part.errors += f64::from(u8::from(kind.end == 1));
            part.unanswered += f64::from(u8::from(kind.end == 2));
            part.over.iter_mut().take(usize::from(kind.speed)).for_each(|over| *over += 1.0);
        }
        parts
    }
}

/// Columns of which each is as likely as each other, and each kind together as likely as it weighs.
fn columns(mut weights: Vec<(Kind, f64)>) -> Vec<Column> {
    let mean = weights.iter().map(|(_, weight)| weight).sum::<f64>() / weights.len().max(1) as f64;
    weights.iter_mut().for_each(|(_, weight)| *weight /= mean);
    let (mut light, mut heavy): (Vec<_>, Vec<_>) = weights.into_iter().partition(|(_, weight)| *weight < 1.0);
    let mut columns = Vec::with_capacity(light.len() + heavy.len());
    while let (Some((below, weight)), Some((above, _))) = (light.last().copied(), heavy.last().copied()) {
        light.pop();
        columns.push(Column { bound: (weight * (1u64 << 32) as f64) as u64, below, above });
        if let Some((_, left)) = heavy.last_mut() {
            *left -= 1.0 - weight;
        }
        light.extend(heavy.pop_if(|(_, left)| *left < 1.0));
    }
    // What rounding leaves is 1.
    let rest = light.into_iter().chain(heavy);
    columns.extend(rest.map(|(kind, _)| Column { bound: 1 << 32, below: kind, above: kind }));
    columns
}
