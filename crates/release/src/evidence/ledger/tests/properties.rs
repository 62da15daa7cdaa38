//! Whatever happens to Envoys and to the server, totals are what Envoys counted, as far as somebody could still read it.

use proptest::prelude::*;

use super::*;
use crate::evidence::record;

const NODES: usize = 3;

/// What may happen; the number is of a node.
#[derive(Clone, Copy, Debug)]
enum Event {
    /// So many requests are counted.
    Requests(usize, u64),
    /// Its Envoy ends, and another one starts.
    Restart(usize),
    /// Its Envoy is restarted hot: the next one begins with some of the numbers of this one.
    HotRestart(usize, u64),
    /// Somebody sets all its counters to 0.
    Zero(usize),
    /// It is read.
    Read(usize),
    /// What was counted is judged.
    Accept,
    /// The record is written.
    Write,
    /// The server is killed, and begins with the record.
    Kill,
}

fn usual() -> impl Strategy<Value = Event> {
    prop_oneof![
        4 => (0..NODES, 1..100u64).prop_map(|(node, count)| Event::Requests(node, count)),
        1 => (0..NODES).prop_map(Event::Restart),
        5 => (0..NODES).prop_map(Event::Read),
        2 => Just(Event::Accept),
        1 => Just(Event::Write),
        1 => Just(Event::Kill),
    ]
}

fn any() -> impl Strategy<Value = Event> {
    prop_oneof![
        6 => usual(),
        1 => (0..NODES, 0..50u64).prop_map(|(node, part)| Event::HotRestart(node, part)),
        1 => (0..NODES).prop_map(Event::Zero),
    ]
}

/// An Envoy's process, as a model.
#[derive(Clone, Default)]
struct Envoy {
    start: u64,
    took_over: bool,
    counter: u64,
}

#[derive(Clone, Default)]
struct World {
    envoys: [Envoy; NODES],
    starts: u64,
    ledger: Ledger,
    /// The requests that processes had counted when they were read last, of those that have ended, as the ledger knows them.
    ended: u64,
    read: [u64; NODES],
    /// The record, and the world when it was written.
    record: Option<(String, Box<World>)>,
    /// All that was ever counted.
    truth: u64,
}

impl World {
    fn meet(&mut self, event: Event) {
        match event {
            Event::Requests(node, count) => {
                self.envoys[node].counter += count;
                self.truth += count;
            }
            Event::Restart(node) => self.start(node, 0, false),
            Event::HotRestart(node, part) => self.start(node, part.min(self.envoys[node].counter), true),
            Event::Zero(node) => self.envoys[node].counter = 0,
            Event::Read(node) => self.read(node),
            Event::Accept => {
                let before = of_canary(self.ledger.totals());
                let given: u64 = self.ledger.accept().iter().map(|one| of_canary(&one.counts)).sum();
                assert_eq!(of_canary(self.ledger.totals()), before + given);
            }
            Event::Write => {
                let then = World { record: None, ..self.clone() };
                self.record = Some((record::write(&self.ledger, &()).unwrap(), Box::new(then)));
            }
            Event::Kill => {
                let Some((text, then)) = &self.record else { return };
                (self.ledger, self.ended) = (record::read::<()>(text).unwrap().0, then.ended);
                for (node, read) in then.read.into_iter().enumerate() {
                    // What ended since the record is known as far as it was read by then.
                    let is_same = self.envoys[node].start == then.envoys[node].start;
                    self.read[node] = if is_same { read } else { 0 };
                    self.ended += if is_same { 0 } else { read };
                }
            }
        }
    }

    fn start(&mut self, node: usize, counter: u64, took_over: bool) {
        self.starts += 1;
        self.ended += std::mem::take(&mut self.read[node]);
        self.envoys[node] = Envoy { start: self.starts, took_over, counter };
    }

    fn read(&mut self, node: usize) {
        let Envoy { start, took_over, counter } = self.envoys[node].clone();
        let read = Reading { took_over, ..reading(&format!("{start:06}"), counter) };
        self.ledger.count(&format!("n{node}"), read, "m");
        self.read[node] = counter;
    }

    fn counted(&self) -> u64 {
        let waiting: u64 = self.ledger.waiting().iter().map(|one| of_canary(&one.counts)).sum();
        of_canary(self.ledger.totals()) + waiting
    }
}

/// Each Envoy has a start of its own.
fn world() -> World {
    let mut world = World::default();
    (0..NODES).for_each(|node| world.start(node, 0, false));
    world
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, ..ProptestConfig::default() })]

    #[test]
    fn totals_converge_exactly(events in prop::collection::vec(usual(), 0..60)) {
        let mut world = world();
        for event in events {
            world.meet(event);
            prop_assert_eq!(world.counted(), world.ended + world.read.iter().sum::<u64>());
            prop_assert!(world.counted() <= world.truth);
        }
        (0..NODES).for_each(|node| world.read(node));
        let counters: u64 = world.envoys.iter().map(|envoy| envoy.counter).sum();
        prop_assert_eq!(world.counted(), world.ended + counters);
    }

    #[test]
    fn nothing_is_ever_counted_twice(events in prop::collection::vec(any(), 0..60)) {
        let mut world = world();
        for event in events {
            let before = world.counted();
            world.meet(event);
            prop_assert!(world.counted() >= before || matches!(event, Event::Kill));
            prop_assert!(world.counted() <= world.truth, "{:?}", event);
        }
    }
}
