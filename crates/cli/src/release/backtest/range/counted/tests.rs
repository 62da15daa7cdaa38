//! Series as a Prometheus answers them, two Envoys of one arm and part. Where a case is one that users of others have reported, it says where.

use super::*;

/// From 100 s on, each ten seconds; of a gap there is no number.
const FROM: i64 = 100;

/// Values of requests by the instance, each with what errors it had.
fn range(labels: &[(&str, &str)], outcome: &str, values: &[Option<f64>], from: i64) -> Range {
    let own = [("variant", "canary"), ("part", "3"), ("outcome", outcome), ("experiment", "owl")];
    let labels = own.iter().chain(labels).map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let at = |place: usize| (from + 10 * place as i64) as f64;
    let points = values.iter().enumerate().filter_map(|(place, value)| Some((at(place), (*value)?))).collect();
    Range { labels, points, no_numbers: 0 }
}

fn all(instance: &str, values: &[Option<f64>]) -> Range {
    range(&[("instance", instance)], "all", values, FROM)
}

/// What came by second, of all requests.
fn came(known: Vec<Range>, pieces: Vec<Vec<Range>>) -> (Vec<(i64, f64)>, Counted) {
    let mut counted = Counted::default();
    counted.know(known, Timestamp::from_second(FROM).unwrap());
    let mut all = Vec::new();
    for piece in pieces {
        counted.take(piece, |at, came| {
            let requests = came.cells.iter().filter(|(cell, _)| cell.outcome == 0).map(|(_, count)| count).sum();
            all.push((at.as_second(), requests));
        });
    }
    (all, counted)
}

/// Numbers; below zero there is none.
fn some(values: &[f64]) -> Vec<Option<f64>> {
    values.iter().map(|value| Some(*value).filter(|value| *value >= 0.0)).collect()
}

const NONE: f64 = -1.0;

#[test]
fn what_came_is_the_difference_however_counters_come_and_go() {
    for (what, known, series, expected) in [
        ("a counter grows", vec![50.0], vec![("a", vec![50.0, 57.0, 57.0])], vec![7.0, 0.0]),
        // prometheus/prometheus#1673: what a series begins with is no increase there.
        (
            "a new process",
            vec![50.0],
            vec![("a", vec![50.0, 57.0, 57.0]), ("b", vec![NONE, NONE, 4.0])],
            vec![7.0, 4.0],
        ),
        ("the same process anew", vec![50.0], vec![("a", vec![50.0, 57.0, 2.0, 5.0])], vec![7.0, 2.0, 3.0]),
        ("a gap", vec![50.0], vec![("a", vec![50.0, NONE, NONE, 80.0]), ("b", vec![0.0; 4])], vec![0.0, 0.0, 30.0]),
        // It was there within the hour before, and was not scraped at the first time.
        ("a gap at the first time", vec![50.0], vec![("a", vec![NONE, 60.0, 61.0])], vec![10.0, 1.0]),
        ("nothing is known before", vec![], vec![("a", vec![NONE, 60.0, 61.0])], vec![1.0]),
        // prometheus/prometheus#9221: who is gone is shown for five minutes more.
        ("one that is gone", vec![9.0], vec![("a", vec![9.0, 9.0, 9.0]), ("b", vec![NONE, 3.0, 4.0])], vec![3.0, 1.0]),
        // Of two replicas that answer in turns one is behind.
        ("a fall by little", vec![500.0], vec![("a", vec![500.0, 510.0, 505.0, 520.0])], vec![10.0, 0.0, 10.0]),
        // Rules came, and labels are others.
        (
            "other labels",
            vec![500.0],
            vec![("a", vec![500.0, 510.0]), ("c", vec![NONE, NONE, 530.0])],
            vec![10.0, 20.0],
        ),
        (
            "shown for a while",
            vec![500.0],
            vec![("a", vec![500.0; 3]), ("c", vec![NONE, 530.0, 540.0])],
            vec![30.0, 10.0],
        ),
        (
            "no other labels",
            vec![500.0],
            vec![("a", vec![500.0, 510.0]), ("c", vec![NONE, NONE, 400.0])],
            vec![10.0, 400.0],
        ),
    ] {
        let known = if known.is_empty() { Vec::new() } else { vec![all("a", &some(&known))] };
        let ranges: Vec<Range> = series.iter().map(|(instance, values)| all(instance, &some(values))).collect();
        let (came, _) = came(known, vec![ranges]);
        assert_eq!(came.iter().map(|(_, came)| *came).collect::<Vec<_>>(), expected, "{what}");
        assert!(came.iter().all(|(at, _)| *at > FROM), "{what}: nobody knows what came by the first time");
    }
}

/// Each piece begins at the last time of the one before, and may be answered by another replica, which was scraped at another moment.
#[test]
fn a_piece_of_another_replica_goes_on_where_it_is_itself() {
    let pieces = |second: &[f64]| {
        let second = range(&[("instance", "a")], "all", &some(second), FROM + 20);
        vec![vec![all("a", &some(&[50.0, 60.0, 70.0]))], vec![second]]
    };
    for (second, expected) in [
        ([70.0, 80.0, 90.0], [10.0, 10.0, 10.0, 10.0]),
        ([66.0, 76.0, 86.0], [10.0, 10.0, 10.0, 10.0]),
        ([74.0, 84.0, 3.0], [10.0, 10.0, 10.0, 3.0]),
    ] {
        let (came, _) = came(vec![all("a", &some(&[50.0]))], pieces(&second));
        let expected: Vec<(i64, f64)> = (11..).map(|ten| ten * 10).zip(expected).collect();
        assert_eq!(came, expected, "{second:?}");
    }
}

/// Errors of the process before are shown on where the new one has none yet, by servers without marks of what is gone.
#[test]
fn what_is_left_of_a_process_is_not_counted_again() {
    let errors = |values: &[f64]| range(&[("instance", "a")], "error", &some(values), FROM);
    let (known, now) = (vec![all("a", &some(&[100.0])), errors(&[7.0])], all("a", &some(&[100.0, 5.0, 9.0, 12.0])));
    let mut counted = Counted::default();
    counted.know(known, Timestamp::from_second(FROM).unwrap());
    let mut bad = Vec::new();
    counted.take(vec![now, errors(&[7.0, 7.0, 7.0, 2.0])], |_, came| {
        bad.push(came.cells.iter().filter(|(cell, _)| cell.outcome == 1).map(|(_, count)| *count).sum::<f64>());
    });
    assert_eq!(bad, [0.0, 0.0, 2.0]);
}

#[test]
fn what_is_no_counter_of_weir_is_not_counted() {
    let mut odd = all("a", &some(&[1.0, 2.0]));
    odd.labels.remove("part");
    let (came, counted) = came(Vec::new(), vec![vec![odd]]);
    assert_eq!((came.len(), counted.unlabelled(), counted.arms().len()), (0, 1, 0));
    let mut odd = all("a", &[Some(1.0), Some(-4.0), Some(3.0)]);
    odd.no_numbers = 2;
    let (came, counted) = self::came(Vec::new(), vec![vec![odd]]);
    let mut notes = Vec::new();
    counted.check(&mut notes).unwrap();
    assert_eq!(came, [(120, 2.0)]);
    assert!(notes[0].contains("3 values were left out"), "{notes:?}");
}

/// Each of both arms and all parts counts so many in each poll, and a server shows it so.
fn shown(labels: &[(&str, &str)], polls: usize, grows: impl Fn(usize, usize) -> f64) -> Vec<Range> {
    let mut ranges = Vec::new();
    for cell in 0..32 {
        let mut value = 0.0;
        let mut values = Vec::new();
        for poll in 0..polls {
            value += grows(cell, poll);
            values.push(value);
        }
        let mut range = range(labels, "all", &some(&values), FROM);
        range.labels.insert("part".to_owned(), (cell % 16).to_string());
        range.labels.insert("variant".to_owned(), if cell < 16 { "canary" } else { "control" }.to_owned());
        ranges.push(range);
    }
    ranges
}

#[test]
fn what_would_be_counted_twice_is_refused_or_said() {
    // Users of a part are others on another Envoy, and so is how much they ask.
    let grows = |seed: usize| move |cell: usize, _: usize| (5 + (cell * 31 + seed * 17 + cell * seed * 13) % 7) as f64;
    let checked = |series: [Vec<Range>; 2]| {
        let (_, counted) = came(Vec::new(), vec![series.concat()]);
        let mut notes = Vec::new();
        let failure = counted.check(&mut notes).err().map(|failure| format!("{failure:?}"));
        failure.unwrap_or_else(|| notes.join("; "))
    };
    let of = |labels: &[(&str, &str)], seed: usize| shown(labels, 60, grows(seed));
    let (a, b) = ([("instance", "a")], [("instance", "b")]);
    assert_eq!(checked([of(&a, 1), of(&b, 2)]), "");
    // prometheus-operator/prometheus-operator#5274
    let replica = |name| [("instance", "a"), ("prometheus_replica", name)];
    let said = checked([of(&replica("one"), 1), of(&replica("two"), 1)]);
    assert!(said.contains("--label prometheus_replica=one would do"), "{said}");
    // curie-eng/curie#2078: two jobs scrape one process.
    let said = checked([of(&[("job", "envoy"), ("instance", "a")], 1), of(&[("job", "pods"), ("instance", "b")], 1)]);
    assert!(said.contains("count alike to a few requests") && said.contains("job (\"envoy\", \"pods\")"), "{said}");
    // prometheus/prometheus#5136: two targets have the same labels.
    let falls = |cell: usize, poll: usize| match poll % 2 {
        0 => 900.0 + cell as f64,
        _ => -890.0,
    };
    let said = checked([shown(&a, 60, falls), Vec::new()]);
    assert!(said.contains("falls again and again"), "{said}");
    // Nobody knows whether it was there before.
    let late = |_: usize, poll: usize| if poll == 40 { 5_000.0 } else { f64::from(poll > 40) };
    let mut other = shown(&b, 60, late);
    other.iter_mut().for_each(|range| range.points.retain(|(_, value)| *value > 0.0));
    let said = checked([of(&a, 1), other]);
    assert!(said.contains("is first seen at 1970-01-01T00:08:20Z, with 160,000 requests"), "{said}");
}
