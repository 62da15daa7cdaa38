//! Turns in the queue, told in minutes from now.

use weir_release::journal::Format;

use super::*;

const NOW: &str = "2026-12-01T09:00:00Z";

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// A release of a service that goes its two steps in ten minutes each, with more fields.
fn document(id: &str, service: &str, more: &str) -> Found {
    let text = format!(
        "release: 1\nid: {id}\nunit: user\nservices: {{{service}: v2}}\nsteps: [{{share: 5%}}, {{share: 100%}}]\n{more}\n"
    );
    Found { id: id.to_owned(), file: format!("{id}.yaml"), document: Text { format: Format::Yaml, text } }
}

fn scheduled(state: &State, documents: Vec<Found>) -> BTreeMap<String, Scheduled> {
    let state = seen(state, at(NOW), documents).unwrap();
    schedule(&state, &[], at(NOW), &|release, step| times::least(release, step, None)).unwrap()
}

fn minutes(scheduled: &Scheduled) -> Vec<Option<String>> {
    let since = |time: Timestamp| {
        let seconds = time.duration_since(at(NOW)).as_secs();
        format!("{}:{:02}", seconds / 60, seconds % 60)
    };
    let all = [scheduled.starts].into_iter().chain(scheduled.times.begin.iter().copied()).chain([scheduled.times.end]);
    all.map(|time| time.map(since)).collect()
}

fn said(waits: &[Wait]) -> String {
    waits.iter().map(|wait| format!("{} {}", wait.code, wait.ids.join(","))).collect::<Vec<_>>().join("; ")
}

#[test]
fn who_starts_when_and_waits_for_whom() {
    let documents = vec![
        document("owl-1", "owl", ""),
        document("owl-2", "owl", "priority: -1"),
        document("owl-3", "owl", ""),
        document("tiger", "tiger", "after: [owl-1]"),
        document("cat", "cat", "not_before: 2026-12-01T10:00:00Z"),
        document("dog", "dog", "windows: [{from: '12:00', to: '13:00', zone: UTC}]"),
        document("half", "fox", "traffic: 50%"),
        document("other-half", "fox", "traffic: 50%"),
        document("no-half", "fox", "traffic: 50%"),
    ];
    let all = scheduled(&State::default(), documents);
    for (id, waits, times) in [
        ("owl-1", "", "0:00 0:20 10:30 20:40"),
        ("owl-3", "slots owl-1", "20:40 21:00 31:10 41:20"),
        ("owl-2", "behind owl-3", "41:20 41:40 51:50 62:00"),
        ("tiger", "after owl-1", "20:40 21:00 31:10 41:20"),
        ("cat", "not_before ", "60:00 60:20 70:30 80:40"),
        ("dog", "", "0:00 180:00 190:10 200:20"),
        ("half", "", "0:00 0:20 10:30 20:40"),
        ("other-half", "", "0:00 0:20 10:30 20:40"),
        ("no-half", "slots half,other-half", "20:40 21:00 31:10 41:20"),
    ] {
        let one = &all[id];
        assert_eq!(said(&one.waits), waits, "{id}");
        let are = minutes(one).into_iter().map(|time| time.unwrap_or_else(|| "-".to_owned())).collect::<Vec<_>>();
        assert_eq!(are.join(" "), times, "{id}");
    }
    let slots = |id: &str| all[id].slots.iter().map(|range| range.end - range.start).sum::<u32>();
    assert_eq!((slots("owl-1"), slots("half")), (1_000_000, 500_000));
    let apart = all["half"]
        .slots
        .iter()
        .all(|one| all["other-half"].slots.iter().all(|other| one.end <= other.start || other.end <= one.start));
    assert!(apart);
}

#[test]
fn what_never_starts_by_itself_says_why() {
    let mut state =
        seen(&State::default(), at(NOW), [document("owl-1", "owl", ""), document("gone", "cat", "")]).unwrap();
    let slots = vec![Range::new(0, 1_000_000).unwrap()];
    for event in [
        Event::Started { release: "owl-1".to_owned(), slots, push: 1 },
        Event::RolledBack { release: "owl-1".to_owned(), push: 2 },
        Event::Aborted { request: "1".to_owned(), release: "gone".to_owned(), why: None, push: None },
    ] {
        let line = state.line(at(NOW), None, event);
        state.apply(&line).unwrap();
    }
    let all = scheduled(&state, vec![document("owl-2", "owl", ""), document("dog", "dog", "after: [gone]")]);
    assert_eq!(
        (said(&all["owl-2"].waits), said(&all["dog"].waits)),
        ("rollback owl-1".to_owned(), "blocked gone".to_owned())
    );
    assert!(all.values().all(|one| one.starts.is_none() && one.times == Times::default()));
}

#[test]
fn what_runs_goes_on_from_where_it_is_and_what_is_paused_stays() {
    let begun = |pause: bool| {
        let mut state = seen(&State::default(), at("2026-12-01T08:00:00Z"), [document("owl-1", "owl", "")]).unwrap();
        let slots = vec![Range::new(0, 1_000_000).unwrap()];
        let owl = || "owl-1".to_owned();
        let paused = Event::Paused { request: "1".to_owned(), release: owl(), why: None };
        let events = [
            ("2026-12-01T08:54:00Z", Event::Started { release: owl(), slots, push: 1 }),
            ("2026-12-01T08:55:00Z", Event::Begun { release: owl(), step: 0, share: 50_000, passed: false, push: 2 }),
        ];
        for (time, event) in events.into_iter().chain(pause.then_some((NOW, paused))) {
            let line = state.line(at(time), None, event);
            state.apply(&line).unwrap();
        }
        scheduled(&state, vec![document("owl-2", "owl", "")])
    };
    let goes_on = begun(false);
    assert_eq!(minutes(&goes_on["owl-1"])[1..], [None, Some("5:10".to_owned()), Some("15:20".to_owned())]);
    assert_eq!(minutes(&goes_on["owl-2"])[0], Some("15:20".to_owned()));
    let stays = begun(true);
    assert_eq!((&stays["owl-1"].times, stays["owl-2"].starts), (&Times::default(), None));
    assert_eq!(said(&stays["owl-2"].waits), "slots owl-1");
}

/// The order in which turns are asked again changes nothing: as if all were asked at every moment.
#[test]
fn limits_are_met_and_everybody_gets_a_turn() {
    let documents =
        (0..200).map(|number| document(&format!("r{number:03}"), &format!("s{}", number % 90), "")).collect();
    let all = scheduled(&State::default(), documents);
    let mut starts: BTreeMap<Timestamp, usize> = BTreeMap::new();
    all.values().for_each(|one| *starts.entry(one.starts.unwrap()).or_default() += 1);
    // A release has two variants, of which edges count at most 73.
    assert!(starts.values().all(|at_once| *at_once <= 36), "{starts:?}");
    assert_eq!(starts.values().sum::<usize>(), 200);
    assert_eq!(said(&all["r050"].waits), "evidence_full ");
}
