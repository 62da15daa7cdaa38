//! How many events of the arm it takes until evidence reaches its bound, by how many events of both there were.

use std::cell::RefCell;

use weir_stats::counts::RATIOS;

/// How many times as many events are from one number that is computed to the next: between them it is a cubic.
const NEXT: f64 = 1.6;
/// Events between the first two at least.
const NEAREST: f64 = 4.0;
/// Logarithms so much less than another are nothing beside it.
const NOTHING: f64 = -30.0;
/// When a number of the arm's events is near enough, as Newton's next step squares what is missing.
const NEAR: f64 = 1e-2;

/// The bound since the last change of exposure, computed where it is asked for.
#[derive(Clone, Debug)]
pub struct Bound {
    ln_bound: f64,
    divided: f64,
    /// What all events had taken of each logarithm when exposure changed, at how many.
    taken: [f64; RATIOS],
    since: f64,
    /// What an event of the arm gains beside one of control, and what each takes.
    gain: [f64; RATIOS],
    takes: [f64; RATIOS],
    /// The last two that were computed.
    between: RefCell<(Node, Node)>,
}

/// The bound at a number of events, and by how much it rises with each more.
#[derive(Clone, Copy, Debug, Default)]
struct Node {
    events: f64,
    bound: f64,
    rises: f64,
}

impl Bound {
    /// Without events. `ln_bound` is that of evidence which is not divided yet.
    pub fn new(ln_bound: f64, divided: f64) -> Bound {
        Bound {
            ln_bound,
            divided,
            taken: [0.0; RATIOS],
            since: 0.0,
            gain: [0.0; RATIOS],
            takes: [0.0; RATIOS],
            between: RefCell::default(),
        }
    }

    /// Exposure changes after so many events, of which so many were the arm's: they keep what they gained.
    pub fn turn(&mut self, events: f64, of_arm: f64, gain: &[f64; RATIOS], takes: &[f64; RATIOS]) {
        let passed = events - self.since;
        let before = self.gain.iter().zip(self.takes).zip(gain.iter());
        for (taken, ((was, took), gain)) in self.taken.iter_mut().zip(before) {
            *taken += passed * took + of_arm * (was - gain);
        }
        (self.since, self.gain, self.takes) = (events, *gain, *takes);
        let guess = self.between.borrow().1.bound;
        let first = self.node(events, guess);
        self.between.replace((first, first));
    }

    /// How many events of the arm it takes after so many of both: never fewer than were asked for before.
    pub fn at(&self, events: f64) -> f64 {
        let (mut low, mut high) = *self.between.borrow();
        while high.events < events {
            low = high;
            let next = (low.events * NEXT).max(low.events + NEAREST);
            high = self.node(next, low.bound + low.rises * (next - low.events));
            self.between.replace((low, high));
        }
        between(&low, &high, events)
    }

    /// The logarithm of e is convex in the arm's events, so that Newton's steps come from above.
    fn node(&self, events: f64, guess: f64) -> Node {
        let passed = events - self.since;
        let mut bound = guess;
        let mut rises = 0.0;
        for _ in 0..50 {
            let mut each = [0.0; RATIOS];
            let terms = self.gain.iter().zip(self.takes).zip(self.taken);
            for (one, ((gain, takes), taken)) in each.iter_mut().zip(terms) {
                *one = (bound * gain + passed * takes + taken) / self.divided;
            }
            let most = each.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let (mut sum, mut slope, mut falls) = (0.0, 0.0, 0.0);
            for ((one, gain), takes) in each.iter().zip(self.gain).zip(self.takes) {
                if one - most < NOTHING {
                    continue;
                }
                let part = (one - most).exp();
                sum += part;
                slope += part * gain;
                falls += part * takes;
            }
            let ln_e = most + (sum / RATIOS as f64).ln();
            let step = (self.ln_bound - self.divided * ln_e) * sum / slope;
            rises = -falls / slope;
            if !step.is_finite() {
                break;
            }
            bound += step;
            if step.abs() < NEAR {
                break;
            }
        }
        Node { events, bound, rises }
    }
}

/// Hermite's cubic.
fn between(low: &Node, high: &Node, events: f64) -> f64 {
    let width = high.events - low.events;
    if width <= 0.0 {
        return high.bound;
    }
    let at = (events - low.events) / width;
    let (left, to) = (1.0 - at, at * at);
    let ends = left * left * (1.0 + 2.0 * at) * low.bound + to * (3.0 - 2.0 * at) * high.bound;
    ends + width * at * left * (left * low.rises - at * high.rises)
}
