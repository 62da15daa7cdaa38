//! The chance that a guardrail has found something by a time: how evidence walks, and when it reaches its bound.
//!
//! While an arm and control have a constant part of the requests of both, all that the e-process knows of is how many events there
//! were and how many of them are the arm's. Each event is the arm's with one chance, so that their number walks one step or
//! none with each event, and the bound is a number of the arm's events for each number of all. So the chance is a sum over the numbers
//! that have not reached it yet, event by event, with no dice in it. Where there are very many events, blocks of them are one step,
//! as long as their standard deviation.

use weir_stats::counts::{EProcess, Poll, RATIOS};

/// Steps of a walk up to which each event is one.
const STEPS_MAX: f64 = 1_500.0;
/// Steps after which a search for a time ends.
const SEARCH_MAX: usize = 12_000;
/// What is left of a walk is forgotten below this chance.
const FORGOTTEN: f64 = 1e-10;
/// By how many of its standard deviations a bound that is looked at now and then is nearer than one that is always looked at
/// (Broadie, Glasserman and Kou, 1997).
const BETWEEN_LOOKS: f64 = 0.5826;

/// From so many requests of a poll on three numbers stand for all.
const MANY: f64 = 12.0;

/// A time with one exposure: a step after its warm-up.
#[derive(Clone, Debug)]
pub struct Stretch {
    /// Polls in it.
    polls: f64,
    /// Requests of the arm and of control in a poll.
    arm: f64,
    control: f64,
    /// What each logarithm gains by an event of the arm beside one of control.
    gain: [f64; RATIOS],
    /// What it gains by an event of control, less than nothing: on average over what is observed of exposure where one of the arm is,
    /// and where one of control is.
    beside_arm: [f64; RATIOS],
    beside_control: [f64; RATIOS],
}

impl Stretch {
    /// So many polls with so many requests of the arm and of control in each, for a guardrail with this margin.
    pub fn new(margin: f64, polls: f64, arm: f64, control: f64) -> Stretch {
        let gained = |arm_events: f64, control_events: f64, treatment: f64, control: f64| {
            let mut process = EProcess::new(margin);
            process.add(&Poll { treatment_events: arm_events, control_events, treatment, control });
            *process.ln_ratios()
        };
        let mut gain = gained(1.0, 0.0, arm, control);
        gain.iter_mut().zip(gained(0.0, 1.0, arm, control)).for_each(|(gain, other)| *gain -= other);
        // What an event takes depends on the requests that were observed with it, one of which is its own.
        let beside = |of_arm: f64, of_control: f64| {
            let mut taken = [0.0; RATIOS];
            for (n, of_n) in around(arm, of_arm) {
                for (m, of_m) in around(control, of_control) {
                    let of_poll = gained(0.0, 1.0, n, m);
                    taken.iter_mut().zip(of_poll).for_each(|(taken, one)| *taken += of_n * of_m * one);
                }
            }
            taken
        };
        let (beside_arm, beside_control) = (beside(1.0, 0.0), beside(0.0, 1.0));
        Stretch { polls, arm, control, gain, beside_arm, beside_control }
    }

    /// The same of other length.
    #[must_use]
    pub fn lasting(&self, polls: f64) -> Stretch {
        Stretch { polls, ..self.clone() }
    }
}

/// Numbers of requests that stand for those of a poll of which so many are expected, with their chances: Poisson's, more than none
/// with `extra`, which is that of an event. Three where there are many.
fn around(expected: f64, extra: f64) -> Vec<(f64, f64)> {
    if expected >= MANY {
        let far = (3.0 * expected).sqrt();
        let three = [(-far, 1.0 / 6.0), (0.0, 2.0 / 3.0), (far, 1.0 / 6.0)];
        return three.map(|(by, chance)| (expected + extra + by, chance)).into();
    }
    let (mut all, mut chance, mut count) = (Vec::new(), (-expected).exp(), 0.0);
    while count < expected + 4.0 * expected.sqrt() + 4.0 {
        if count + extra > 0.0 {
            all.push((count + extra, chance));
        }
        count += 1.0;
        chance *= expected / count;
    }
    let sum: f64 = all.iter().map(|(_, chance)| chance).sum();
    all.iter_mut().for_each(|(_, chance)| *chance /= sum);
    all
}

/// What a guardrail compares.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Gate {
    /// How much worse, relatively, is accepted.
    pub margin: f64,
    /// The chance that it stops a harmless release.
    pub alpha: f64,
    /// The part of control's requests that are bad.
    pub rate: f64,
    /// How many requests go bad together: the design effect as it is.
    pub together: f64,
    /// By what the evidence is divided: the design effect as the judge takes it; 1 for what it suspects.
    pub divided: f64,
}

impl Gate {
    /// The chance that a release with `ratio` times as many bad requests is found by the end of each stretch.
    pub fn found(&self, stretches: &[Stretch], ratio: f64) -> Vec<f64> {
        let all: f64 = stretches.iter().map(|stretch| self.events(stretch, ratio) * stretch.polls).sum();
        let mut walk = Walk::new(self, all);
        let mut expected = 0.0;
        let mut found: Vec<f64> = Vec::with_capacity(stretches.len());
        for stretch in stretches {
            let phase = self.phase(stretch, ratio);
            expected += phase.events * stretch.polls;
            walk.go_to(expected, &phase);
            let so_far = found.last().copied().unwrap_or(0.0);
            found.push(walk.found_about(expected, &phase).max(so_far));
        }
        found
    }

    /// After how many polls of the last stretch it is found with the chance `sure`, if that goes on for as long as it takes; none if it
    /// never is, or in no time that anybody has.
    pub fn polls_until(&self, sure: f64, before: &[Stretch], last: &Stretch, ratio: f64) -> Option<f64> {
        let phase = self.phase(last, ratio);
        let drift = phase.drift();
        if drift <= 0.0 || phase.events <= 0.0 {
            return None;
        }
        let earlier: f64 = before.iter().map(|stretch| self.events(stretch, ratio) * stretch.polls).sum();
        let enough = 3.0 * (4.0 - self.alpha.ln()) / drift;
        let mut walk = Walk::new(self, earlier.min(enough) + enough);
        let mut expected = 0.0;
        for stretch in before {
            let phase = self.phase(stretch, ratio);
            expected += phase.events * stretch.polls;
            walk.go_to(expected, &phase);
        }
        walk.begin(&phase);
        let (mut steps, begin) = (0, walk.events());
        while walk.reached < sure {
            walk.step(&phase);
            steps += 1;
            if steps > SEARCH_MAX {
                return None;
            }
        }
        Some((walk.events() - begin) / phase.events)
    }

    /// Events of both arms in a poll; those that come together are one.
    fn events(&self, stretch: &Stretch, ratio: f64) -> f64 {
        self.phase(stretch, ratio).events
    }

    fn phase(&self, stretch: &Stretch, ratio: f64) -> Phase {
        // Where the other arm has no request in a poll, the poll is left out, with its events.
        let of_arm = stretch.arm * (self.rate * ratio).min(1.0) * -(-stretch.control).exp_m1();
        let of_control = stretch.control * self.rate * -(-stretch.arm).exp_m1();
        let all = of_arm + of_control;
        let chance = if all > 0.0 { of_arm / all } else { 0.0 };
        let together = self.together.max(1.0);
        let scale = together / self.divided.max(1.0);
        // Events come with more requests of their own arm than others do: beside those, one of the arm gains less.
        let mut gain = stretch.gain;
        let beside = stretch.beside_arm.iter().zip(stretch.beside_control);
        gain.iter_mut().zip(beside).for_each(|(gain, (arm, control))| *gain = scale * (*gain + arm - control));
        Phase { events: all / together, chance, gain, taken: stretch.beside_control.map(|one| one * scale) }
    }
}

/// What events of one exposure are.
#[derive(Clone, Debug)]
struct Phase {
    /// In a poll.
    events: f64,
    /// That an event is the arm's.
    chance: f64,
    /// What the logarithms gain by an event of the arm beside one of control.
    gain: [f64; RATIOS],
    /// What they gain by one of control: less than nothing.
    taken: [f64; RATIOS],
}

impl Phase {
    /// What evidence gains by an event on average, by the ratio of the grid that gains most.
    fn drift(&self) -> f64 {
        let each = self.gain.iter().zip(self.taken).map(|(gain, taken)| self.chance * gain + taken);
        each.fold(f64::NEG_INFINITY, f64::max)
    }
}

/// A walk: where the number of the arm's events may be that has not reached the bound yet.
#[derive(Clone, Debug)]
struct Walk {
    ln_bound: f64,
    /// Events of a step, and the standard deviation that it stands for.
    block: f64,
    size: f64,
    steps: usize,
    /// The number of the arm's events of the first place; each next has `size` more.
    base: f64,
    /// The chance of each place.
    places: Vec<f64>,
    reached: f64,
    /// After each step.
    history: Vec<f64>,
    /// What all events have taken of each logarithm so far.
    taken: [f64; RATIOS],
    /// What an event of the arm gains in the stretch of now.
    gain: [f64; RATIOS],
    /// The last bound that was found, and the events since the last look.
    bound: f64,
    unseen: f64,
}

impl Walk {
    fn new(gate: &Gate, events: f64) -> Walk {
        let size = (events / STEPS_MAX).sqrt().ceil().clamp(1.0, 1e6);
        Walk {
            ln_bound: -gate.alpha.ln(),
            block: size * size,
            size,
            steps: 0,
            base: 0.0,
            places: vec![1.0],
            reached: 0.0,
            history: vec![0.0],
            taken: [0.0; RATIOS],
            gain: [0.0; RATIOS],
            bound: 0.0,
            unseen: 0.0,
        }
    }

    /// Another stretch, up to so many events in all.
    fn go_to(&mut self, events: f64, phase: &Phase) {
        self.begin(phase);
        while self.events() + 0.5 * self.block < events && !self.is_over() {
            self.step(phase);
        }
    }

    /// Another stretch begins. Events of the arm that came before gained what they gained then: of how many they are the mean stands.
    fn begin(&mut self, phase: &Phase) {
        self.unseen = 0.0;
        let all: f64 = self.places.iter().sum();
        let places = self.places.iter().enumerate().map(|(place, chance)| chance * place as f64).sum::<f64>();
        let of_arm = if all > 0.0 { self.base + self.size * places / all } else { 0.0 };
        for ((taken, before), now) in self.taken.iter_mut().zip(self.gain).zip(phase.gain) {
            *taken += of_arm * (before - now);
        }
        self.gain = phase.gain;
    }

    fn events(&self) -> f64 {
        self.steps as f64 * self.block
    }

    fn is_over(&self) -> bool {
        self.places.is_empty()
    }

    /// One more step, and a look if a poll ended in it.
    fn step(&mut self, phase: &Phase) {
        self.steps += 1;
        self.base += self.block * phase.chance - self.size * phase.chance;
        let mut below = 0.0;
        for place in &mut self.places {
            let here = *place;
            *place = here * (1.0 - phase.chance) + below * phase.chance;
            below = here;
        }
        self.places.push(below * phase.chance);
        for (all, taken) in self.taken.iter_mut().zip(phase.taken) {
            *all += self.block * taken;
        }
        self.unseen += self.block;
        if self.unseen + 1e-9 >= phase.events {
            self.unseen -= phase.events.max(self.block).min(self.unseen);
            self.look(phase);
        }
        self.history.push(self.reached);
    }

    fn look(&mut self, phase: &Phase) {
        self.bound = self.solve();
        // Polls that are shorter than a step look more often than steps do.
        let spread = (phase.chance * (1.0 - phase.chance)).sqrt();
        let missed = (self.size - phase.events.max(1.0).sqrt()).max(0.0);
        let bound = self.bound - BETWEEN_LOOKS * spread * missed;
        let first = ((bound - self.base) / self.size - 1e-9).ceil().max(0.0);
        if first < self.places.len() as f64 {
            self.reached += self.places.drain(first as usize..).sum::<f64>();
        }
        let far = self.places.iter().take_while(|place| **place < FORGOTTEN).count();
        self.places.drain(..far);
        self.base += far as f64 * self.size;
        while self.places.last().is_some_and(|place| *place < FORGOTTEN) {
            self.places.pop();
        }
    }

    /// How many events of the arm it takes. The logarithm of e is convex in them, so that Newton's steps come from above.
    fn solve(&self) -> f64 {
        let mut bound = self.bound;
        for _ in 0..50 {
            let each = self.gain.iter().zip(self.taken).map(|(gain, taken)| bound * gain + taken);
            let most = each.clone().fold(f64::NEG_INFINITY, f64::max);
            let (mut sum, mut slope) = (0.0, 0.0);
            for (one, gain) in each.zip(self.gain) {
                let part = (one - most).exp();
                sum += part;
                slope += part * gain;
            }
            let ln_e = most + (sum / RATIOS as f64).ln();
            let step = (self.ln_bound - ln_e) * sum / slope;
            bound += step;
            if step.abs() < 1e-7 * bound.abs().max(1.0) {
                break;
            }
        }
        bound
    }

    /// The chance to have been found where so many events are expected: how many there are is a matter of chance too.
    fn found_about(&self, expected: f64, phase: &Phase) -> f64 {
        if self.size > 1.0 || expected <= 0.0 {
            return self.reached;
        }
        let reach = 5.0 * expected.sqrt() + 5.0;
        let mut later = self.clone();
        while later.events() < expected + reach && !later.is_over() {
            later.step(phase);
        }
        let found = |events: usize| later.history.get(events).or(later.history.last()).copied().unwrap_or(0.0);
        let first = (expected - reach).max(0.0).floor();
        let last = (expected + reach).ceil();
        // Poisson's chances beside each other, from the mode on in both directions.
        let mode = expected.floor();
        let (mut sum, mut all) = (0.0, 0.0);
        let mut add = |events: f64, chance: f64| {
            sum += chance * found(events as usize);
            all += chance;
        };
        add(mode, 1.0);
        let (mut chance, mut at) = (1.0, mode);
        while at > first {
            chance *= at / expected;
            at -= 1.0;
            add(at, chance);
        }
        (chance, at) = (1.0, mode);
        while at < last {
            at += 1.0;
            chance *= expected / at;
            add(at, chance);
        }
        sum / all
    }
}

#[cfg(test)]
mod tests;
