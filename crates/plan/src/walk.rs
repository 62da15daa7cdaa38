//! The chance that a guardrail has found something by a time: how evidence walks, and when it reaches its bound.
//!
//! While an arm and control have a constant part of the requests of both, all that the e-process knows of is how many events there
//! were and how many of them are the arm's. Each event is the arm's with one chance, so that their number walks one step or
//! none with each event, and the bound is a number of the arm's events for each number of all. So the chance is a sum over the numbers
//! that have not reached it yet, with no dice in it: event by event while there are few, and then in blocks of more and more events,
//! on a grid that is as fine beside what is spread as it was before.

use weir_stats::counts::RATIOS;

use crate::bound::Bound;
use crate::stretch::Stretch;

/// Events up to which each is a step.
const SINGLE: f64 = 100.0;
/// Standard deviations of a walk from which on two places of it become one.
const FINE: f64 = 4.0;
/// The square of the standard deviations up to which places are taken for askew.
const FAR: f64 = 16.0;
/// How many times as many events as it takes on average are looked through for a time.
const SEARCH_MAX: f64 = 24.0;
/// By how much a time that is a little short is made longer, and how often at most.
const LONGER: f64 = 1.03;
const LONGER_MAX: usize = 20;
/// What is left of a walk is forgotten below this chance.
const FORGOTTEN: f64 = 1e-6;
const MOVED_MIN: usize = 8;
/// By how many of its standard deviations a bound that is looked at now and then is nearer than one that is always looked at
/// (Broadie, Glasserman and Kou, 1997).
const BETWEEN_LOOKS: f64 = 0.5826;

/// What a guardrail compares.
#[derive(Clone, Debug, PartialEq)]
pub struct Gate {
    /// How much worse, relatively, is accepted.
    pub margin: f64,
    /// The chance that it stops a harmless release.
    pub alpha: f64,
    /// The part of control's requests that are bad.
    pub rate: f64,
    /// How many requests go bad together: the design effect as it is.
    pub together: f64,
    /// By what the evidence is divided: the design effect as the judge takes it, which is one of these with its chance; 1 for what it
    /// suspects.
    pub divided: Vec<(f64, f64)>,
}

impl Gate {
    /// The chance that a release with `ratio` times as many bad requests is found by the end of each stretch.
    pub fn found(&self, stretches: &[Stretch], ratio: f64) -> Vec<f64> {
        self.go(stretches, ratio, |_, _, _| ()).into_iter().map(|(found, ())| found).collect()
    }

    /// The same, and after how many polls of each stretch it is found with the chance `sure`, if that goes on for as long as it takes; none
    /// if it never is, or in no time that anybody has.
    pub fn found_and_polls(&self, sure: f64, stretches: &[Stretch], ratio: f64) -> Vec<(f64, Option<f64>)> {
        self.go(stretches, ratio, |walks, begun, phase| walks.polls_until(sure, begun, phase))
    }

    /// All stretches, with what is asked of each at its end: of the walks, the events before it and what its events are.
    fn go<T>(&self, stretches: &[Stretch], ratio: f64, ask: impl Fn(&Walks, f64, &Phase) -> T) -> Vec<(f64, T)> {
        let mut walks = Walks::new(self);
        let (mut expected, mut so_far) = (0.0, 0.0_f64);
        let mut all = Vec::with_capacity(stretches.len());
        for stretch in stretches {
            let phase = self.phase(stretch, ratio);
            let begun = expected;
            expected += phase.events * stretch.polls;
            walks.begin(&phase);
            walks.go_to(expected, &phase);
            so_far = walks.found_about(expected, &phase).max(so_far);
            all.push((so_far, ask(&walks, begun, &phase)));
        }
        all
    }

    fn phase(&self, stretch: &Stretch, ratio: f64) -> Phase {
        // Where the other arm has no request in a poll, the poll is left out, with its events.
        let of_arm = stretch.arm * (self.rate * ratio).min(1.0) * -(-stretch.control).exp_m1();
        let of_control = stretch.control * self.rate * -(-stretch.arm).exp_m1();
        let all = of_arm + of_control;
        let chance = if all > 0.0 { of_arm / all } else { 0.0 };
        let together = self.together.max(1.0);
        // Events come with more requests of their own arm than others do: beside those, one of the arm gains less.
        let mut gain = stretch.gain;
        let beside = stretch.beside_arm.iter().zip(stretch.beside_control);
        gain.iter_mut().zip(beside).for_each(|(gain, (arm, control))| *gain = together * (*gain + arm - control));
        Phase { events: all / together, chance, gain, taken: stretch.beside_control.map(|one| one * together) }
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

    /// The variance of the arm's events for each of all.
    fn variance(&self) -> f64 {
        self.chance * (1.0 - self.chance)
    }

    /// How far beyond its bound evidence is on average where it is first seen there: a bound that is looked at now and then, by whole
    /// numbers, is as one so much further away that is always looked at (Siegmund, 1985).
    fn beyond(&self) -> f64 {
        if self.events <= 1.0 {
            return (1.0 - self.chance * self.chance) / 3.0;
        }
        BETWEEN_LOOKS * (self.events * self.variance()).sqrt() + (1.0 - 2.0 * self.chance) / 6.0
    }
}

/// Walks of the same steps, each to a bound of its own, with the chance that its bound is the one.
#[derive(Clone, Debug)]
struct Walks {
    each: Vec<(Walk, f64)>,
    ln_bound: f64,
}

impl Walks {
    fn new(gate: &Gate) -> Walks {
        let ln_bound = -gate.alpha.ln();
        let walk = |(divided, chance): &(f64, f64)| (Walk::new(ln_bound * divided.max(1.0), divided.max(1.0)), *chance);
        Walks { each: gate.divided.iter().map(walk).collect(), ln_bound }
    }

    fn begin(&mut self, phase: &Phase) {
        self.each.iter_mut().for_each(|(walk, _)| walk.begin(phase));
    }

    fn go_to(&mut self, events: f64, phase: &Phase) {
        self.each.iter_mut().for_each(|(walk, _)| walk.go_to(events, phase));
    }

    fn found_about(&self, expected: f64, phase: &Phase) -> f64 {
        self.each.iter().map(|(walk, chance)| chance * walk.found_about(expected, phase)).sum()
    }

    /// After how many polls since so many events the chance is as great.
    fn polls_until(&self, sure: f64, begun: f64, phase: &Phase) -> Option<f64> {
        let drift = phase.drift();
        let most = self.each.iter().map(|(walk, _)| walk.divided).fold(1.0, f64::max);
        if drift <= 0.0 || phase.events <= 0.0 {
            return None;
        }
        let last = begun + SEARCH_MAX * (4.0 + self.ln_bound) * most / drift;
        let found = |events: f64, walks: &Walks| -> f64 {
            walks.each.iter().map(|(walk, chance)| chance * walk.had_found(events)).sum()
        };
        let mut walks = self.clone();
        let mut end = walks.each.first().map_or(0.0, |(walk, _)| walk.events);
        // As far as it takes: what is before that is in the history of the walks.
        while found(end, &walks) < sure {
            if end > last {
                return None;
            }
            end = (end * 1.1).max(end + 5.0);
            walks.go_to(end, phase);
        }
        let (mut low, mut high) = (begun.min(end), end);
        while high - low > 0.002 * (high - begun) && high - low > 0.02 * phase.events {
            let middle = 0.5 * (low + high);
            if found(middle, &walks) >= sure { high = middle } else { low = middle }
        }
        // How many events there are is a matter of chance, which matters where there are few.
        let mut polls = (high - begun).max(0.0) / phase.events;
        for _ in 0..LONGER_MAX {
            let expected = begun + polls * phase.events;
            if expected > SINGLE || self.found_later(expected, phase) >= sure {
                break;
            }
            polls *= LONGER;
        }
        Some(polls)
    }

    fn found_later(&self, expected: f64, phase: &Phase) -> f64 {
        let mut later = self.clone();
        later.go_to(expected, phase);
        later.found_about(expected, phase)
    }
}

/// A walk: where the number of the arm's events may be that has not reached the bound yet.
#[derive(Clone, Debug)]
struct Walk {
    divided: f64,
    /// Events of both arms so far.
    events: f64,
    /// The number of the arm's events of the first place; each next has `size` more.
    base: f64,
    size: f64,
    /// The chance of each place.
    places: Vec<f64>,
    reached: f64,
    /// After each step: events so far, and the chance to have been found.
    history: Vec<(f64, f64)>,
    bound: Bound,
    /// The variance of all steps, and by how much places are further spread than that.
    variance: f64,
    ahead: f64,
    /// The mean of the arm's events, and the third moment around it that places do not have.
    mean: f64,
    skew: f64,
    /// Events since the last look.
    unseen: f64,
}

impl Walk {
    fn new(ln_bound: f64, divided: f64) -> Walk {
        Walk {
            divided,
            events: 0.0,
            base: 0.0,
            size: 1.0,
            places: vec![1.0],
            reached: 0.0,
            history: vec![(0.0, 0.0)],
            bound: Bound::new(ln_bound, divided),
            variance: 0.0,
            ahead: 0.0,
            mean: 0.0,
            skew: 0.0,
            unseen: 0.0,
        }
    }

    /// Another stretch begins. Events of the arm that came before gained what they gained then: of how many they are the mean stands.
    fn begin(&mut self, phase: &Phase) {
        if self.places.is_empty() {
            return;
        }
        self.unseen = 0.0;
        let all: f64 = self.places.iter().sum();
        let places = self.places.iter().enumerate().map(|(place, chance)| chance * place as f64).sum::<f64>();
        let of_arm = if all > 0.0 { self.base + self.size * places / all } else { 0.0 };
        self.bound.turn(self.events, of_arm, &phase.gain, &phase.taken);
    }

    /// Up to so many events in all.
    fn go_to(&mut self, events: f64, phase: &Phase) {
        while !self.places.is_empty() {
            let left = events - self.events;
            if self.size > 1.0 || self.is_many() {
                if left <= 1e-9 * events {
                    break;
                }
                self.block(left, phase);
            } else {
                if left <= 0.5 {
                    break;
                }
                self.single(phase);
            }
        }
    }

    fn is_many(&self) -> bool {
        self.events >= SINGLE && self.variance >= FINE * FINE
    }

    /// One more event, and a look if a poll ended with it.
    fn single(&mut self, phase: &Phase) {
        self.events += 1.0;
        self.variance += phase.variance();
        self.mean += phase.chance;
        let mut below = 0.0;
        for place in &mut self.places {
            let here = *place;
            *place = here * (1.0 - phase.chance) + below * phase.chance;
            below = here;
        }
        self.places.push(below * phase.chance);
        self.unseen += 1.0;
        if self.unseen + 1e-9 >= phase.events {
            self.unseen -= phase.events.max(1.0).min(self.unseen);
            let bound = self.bound.at(self.events);
            // Numbers that do not reach it.
            let below = bound - self.base - 1e-9;
            let below = if below < 0.0 { 0 } else { (below as usize).saturating_add(1) };
            if below < self.places.len() {
                self.reached += self.places.drain(below..).sum::<f64>();
            }
        }
        self.forget();
        self.history.push((self.events, self.reached));
    }

    /// Some more events: a place stays, or goes one up or down from where the mean goes.
    fn block(&mut self, left: f64, phase: &Phase) {
        if self.variance >= (FINE * self.size).powi(2) {
            self.coarsen();
        }
        let each = phase.variance().max(1e-12);
        let most = (self.size * self.size / 3.0 + self.ahead) / each;
        let is_seen_often = phase.events <= most;
        let events = if is_seen_often { most.min(left) } else { most.min(left).min(phase.events - self.unseen) };
        self.events += events;
        self.variance += events * each;
        self.mean += events * phase.chance;
        self.skew += events * each * (1.0 - 2.0 * phase.chance);
        let spread = (events * each - self.ahead).max(0.0);
        self.ahead = (self.ahead - events * each).max(0.0);
        let up = spread / (2.0 * self.size * self.size);
        self.base += events * phase.chance - self.size;
        self.spread(up);
        self.unseen += events;
        if is_seen_often {
            self.unseen = 0.0;
            self.look(self.straight() + phase.beyond(), |inside| inside / (up + inside * (1.0 - up)));
        } else if self.unseen + 1e-9 >= phase.events {
            self.unseen = 0.0;
            self.look(self.straight() + 0.5 * self.size, |inside| inside);
        }
        self.forget();
        self.history.push((self.events, self.reached));
    }

    /// The bound, as it is to places that are spread evenly to both sides, which events are not (Cornish and Fisher, 1938).
    fn straight(&self) -> f64 {
        let bound = self.bound.at(self.events);
        let far = (bound - self.mean).powi(2) / self.variance;
        bound - self.skew / (6.0 * self.variance) * (far.min(FAR) - 1.0)
    }

    fn spread(&mut self, up: f64) {
        let stays = 1.0 - 2.0 * up;
        self.places.extend([0.0, 0.0]);
        let (mut second, mut first) = (0.0, 0.0);
        for place in &mut self.places {
            let here = *place;
            *place = up * (here + second) + stays * first;
            (second, first) = (first, here);
        }
    }

    /// What is at the bound or beyond has reached it. Of the place before it stays what `stays` says of the part of a step that is between.
    fn look(&mut self, bound: f64, stays: impl Fn(f64) -> f64) {
        let place = (bound - self.base) / self.size;
        if place <= 0.0 {
            self.reached += self.places.drain(..).sum::<f64>();
            return;
        }
        let last = place as usize;
        if last >= self.places.len() {
            return;
        }
        self.reached += self.places.drain(last.saturating_add(1)..).sum::<f64>();
        if let Some(at) = self.places.last_mut() {
            let stay = *at * stays(place - last as f64);
            self.reached += *at - stay;
            *at = stay;
        }
    }

    /// Two places become one: every second goes half to each of its neighbours.
    fn coarsen(&mut self) {
        let mut places = vec![0.0; self.places.len().div_ceil(2).saturating_add(1)];
        for (at, chance) in self.places.iter().enumerate() {
            let (near, far) = (at.div_ceil(2), at >> 1);
            for place in [near, far] {
                if let Some(place) = places.get_mut(place) {
                    *place += 0.5 * chance;
                }
            }
        }
        self.places = places;
        self.ahead += 0.5 * self.size * self.size;
        self.size *= 2.0;
    }

    fn forget(&mut self) {
        let far = self.places.iter().take_while(|place| **place < FORGOTTEN).count();
        // To move all others costs more than to carry a few.
        if far >= MOVED_MIN {
            self.places.drain(..far);
            self.base += far as f64 * self.size;
        }
        while self.places.last().is_some_and(|place| *place < FORGOTTEN) {
            self.places.pop();
        }
    }

    /// The chance to have been found after so many events.
    fn had_found(&self, events: f64) -> f64 {
        let after = self.history.partition_point(|(at, _)| *at < events);
        let (next, before) = (self.history.get(after), self.history.get(after.saturating_sub(1)));
        match (before, next) {
            (Some((from, low)), Some((to, high))) if to > from => low + (high - low) * (events - from) / (to - from),
            (_, Some((_, found))) => *found,
            _ => self.reached,
        }
    }

    /// The chance to have been found where so many events are expected: how many there are is a matter of chance too, which matters
    /// where there are few.
    fn found_about(&self, expected: f64, phase: &Phase) -> f64 {
        if self.size > 1.0 || expected <= 0.0 {
            return self.reached;
        }
        let reach = 5.0 * expected.sqrt() + 5.0;
        let mut later = self.clone();
        while later.events < expected + reach && !later.places.is_empty() {
            later.single(phase);
        }
        let found = |events: usize| later.history.get(events).map_or(later.reached, |(_, found)| *found);
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
