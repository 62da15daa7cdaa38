//! The schedule by which admin interfaces are asked, without I/O: one that does not answer holds up none that does.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// Who answered is asked again in the next second.
const ANSWERED: Duration = Duration::from_millis(500);
/// Who did not answer is asked again after this, then after twice as long each time.
const SILENT_MIN: Duration = Duration::from_secs(4);
/// And never later than this, since a new revision waits for its first Envoys about four times as long.
const SILENT_MAX: Duration = Duration::from_secs(16);

/// The time at which each stream's Envoy is asked next.
#[derive(Default)]
pub struct Schedule(BTreeMap<u64, Due>);

struct Due {
    at: Instant,
    /// How long it was left alone, if it is silent.
    silent: Option<Duration>,
}

impl Schedule {
    /// Of these streams those that are to be asked now: all that answered last time, then so many of the others, those first
    /// that were never asked. Each counts as silent until it answers.
    pub fn next<T>(&mut self, streams: &BTreeMap<u64, T>, others_max: usize, now: Instant) -> Vec<u64> {
        self.0.retain(|stream, _| streams.contains_key(stream));
        let (mut answered, mut others) = (Vec::new(), Vec::new());
        for stream in streams.keys() {
            match self.0.get(stream) {
                Some(due) if due.at > now => {}
                Some(Due { silent: None, .. }) => answered.push(*stream),
                due => others.push((due.map(|due| due.at), *stream)),
            }
        }
        others.sort_unstable();
        answered.extend(others.into_iter().take(others_max).map(|(_, stream)| stream));
        for stream in &answered {
            let before = self.0.get(stream).and_then(|due| due.silent);
            let pause = before.map_or(SILENT_MIN, |before| (before * 2).min(SILENT_MAX));
            self.0.insert(*stream, Due { at: now + pause, silent: Some(pause) });
        }
        answered
    }

    /// It answered.
    pub fn answered(&mut self, stream: u64, now: Instant) {
        self.0.insert(stream, Due { at: now + ANSWERED, silent: None });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    /// In which of so many seconds a stream is asked that answers only in some.
    fn asked(seconds: u32, answers: impl Fn(u32) -> bool) -> Vec<u32> {
        let (mut schedule, start) = (Schedule::default(), Instant::now());
        let is_asked = |second: &u32| {
            let now = start + SECOND * *second;
            let is_asked = !schedule.next(&BTreeMap::from([(1, ())]), 1, now).is_empty();
            if is_asked && answers(*second) {
                schedule.answered(1, now);
            }
            is_asked
        };
        (0..seconds).filter(is_asked).collect()
    }

    #[test]
    fn who_is_silent_is_asked_ever_more_seldom_but_for_ever() {
        assert_eq!(asked(70, |_| false), [0, 4, 12, 28, 44, 60]);
    }

    #[test]
    fn who_answers_is_asked_each_second_and_once_more_is_like_new() {
        assert_eq!(asked(5, |_| true), [0, 1, 2, 3, 4]);
        assert_eq!(asked(32, |second| second == 12), [0, 4, 12, 13, 17, 25]);
    }

    #[test]
    fn a_thousand_silent_ones_hold_up_neither_who_answers_nor_who_is_new() {
        let (mut schedule, start) = (Schedule::default(), Instant::now());
        let answering = 0;
        let mut streams: BTreeMap<u64, ()> = (0..1_000).map(|stream| (stream, ())).collect();
        for second in 0..200 {
            let now = start + SECOND * second;
            // All others have been asked by then, and are due again faster than ten are asked.
            let new = (second == 150).then_some(1_000);
            streams.extend(new.map(|stream| (stream, ())));
            let due = schedule.next(&streams, 10, now);
            assert!(due.contains(&answering) && due.len() <= 11, "in second {second}: {due:?}");
            assert!(new.is_none_or(|new| due.contains(&new)), "{due:?}");
            schedule.answered(answering, now);
        }
    }

    #[test]
    fn who_went_is_forgotten() {
        let (mut schedule, now) = (Schedule::default(), Instant::now());
        schedule.next(&BTreeMap::from([(1, ()), (2, ())]), 2, now);
        schedule.next(&BTreeMap::from([(2, ())]), 2, now);
        assert_eq!(schedule.0.keys().collect::<Vec<_>>(), [&2]);
    }
}
