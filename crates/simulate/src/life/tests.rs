//! Releases that are lived through, with trouble and without.

use weir_policy::Source;
use weir_release::read_alone;

use super::*;
use crate::crowd::Population;
use crate::harm::Harm;

const TICK: Duration = Duration::from_secs(10);

fn release(more: &str) -> Release {
    let text = format!(
        r#"{{"release": 1, "id": "owl", "kind": "release", "unit": "user", "services": {{"owl.shop": "v2"}}, "warmup": "60s", {more}
            "steps": [{{"share": "5%", "hold": "10m"}}, {{"share": "50%", "hold": "10m"}}, {{"share": "100%", "hold": "10m"}}]}}"#
    );
    read_alone(Source::json("release.json", &text)).unwrap_or_else(|problems| panic!("{problems:#?}"))
}

fn lived(release: &Release, troubles: &[Trouble], seed: u64) -> Lived {
    let life = Life::new(release, TICK, 333.0, troubles.to_vec());
    life.run(&mut Traffic::new(&Population::alike(20_000), seed))
}

fn of_canary(since: Since, harm: Harm) -> Trouble {
    Trouble { since, ..Trouble::of("canary", harm) }
}

const ALWAYS: Since = Since::Share(0);
const MORE_ERRORS: Harm = Harm { more_errors: 0.05, ..Harm::NONE };

#[test]
fn a_good_release_goes_its_steps_on_time() {
    let lived = lived(&release(""), &[], 1);
    assert_eq!(lived.end, End::Finished, "{lived:?}");
    assert_eq!(lived.steps.len(), 3);
    // A step's hold begins with the first poll, and ends with one.
    let gaps = lived.steps.windows(2).map(|two| two[1] - two[0]);
    assert!(gaps.clone().all(|gap| (600..=630).contains(&gap.as_secs())), "{:?}", gaps.collect::<Vec<_>>());
    assert_eq!((lived.trouble, lived.met_trouble), (None, Met::default()));
    // In the last ten minutes each of 20,000 made one request on average, in the ten before that half of them did.
    let expected = 20_000.0 * (1.0 - 0.5 * ((-2.0_f64).exp() + (-1.0_f64).exp()));
    assert!((lived.met.users / expected - 1.0).abs() < 0.03, "{lived:?}");
    assert!((lived.met.requests / (333.0 * 60.0 * 1.55) - 1.0).abs() < 0.05, "{lived:?}");
}

#[test]
fn trouble_stops_it_and_is_met_by_few() {
    let early = lived(&release(""), &[of_canary(ALWAYS, MORE_ERRORS)], 2);
    assert!(matches!(&early.end, End::RolledBack(reasons) if reasons[0].guardrail.as_deref() == Some("errors")));
    assert_eq!((early.trouble, early.met_trouble), (Some(Duration::ZERO), early.met));
    assert!(early.met.users < 1_100.0 && early.suspected <= Some(early.after), "{early:?}");
    assert_eq!((early.held, early.deviated), (None, None), "it goes back before it has to wait");

    let under_load = lived(&release(""), &[of_canary(Since::Share(500_000), MORE_ERRORS)], 2);
    assert_eq!(under_load.trouble, Some(under_load.steps[1]));
    assert!(under_load.after > under_load.steps[1] && under_load.met_trouble.requests < under_load.met.requests);

    let later = lived(&release(""), &[of_canary(Since::Time(Duration::from_secs(300)), MORE_ERRORS)], 2);
    assert_eq!(later.trouble, Some(Duration::from_secs(300)));
}

#[test]
fn what_few_meet_is_met_by_few() {
    let some = |users, requests| Trouble { users, requests, ..of_canary(ALWAYS, MORE_ERRORS) };
    let [all, browser, gateway] =
        [some(1.0, 1.0), some(0.1, 1.0), some(1.0, 0.1)].map(|trouble| lived(&release(""), &[trouble], 3));
    for part in [&browser, &gateway] {
        assert!(part.after > all.after, "it takes longer to see: {part:?}");
        assert!((part.met_trouble.requests / part.met.requests - 0.1).abs() < 0.03, "{part:?}");
    }
    // All users of a browser meet what they ask for, few of the others much.
    let of_users = |lived: &Lived| lived.met_trouble.users / lived.met.users;
    assert!(of_users(&browser) < 0.13 && of_users(&gateway) > of_users(&browser), "{browser:?} {gateway:?}");
}

#[test]
fn trouble_of_all_is_no_fault_of_the_canary() {
    let database = Trouble { arm: None, ..of_canary(ALWAYS, MORE_ERRORS) };
    assert_eq!(lived(&release(""), &[database], 4).end, End::Finished);
}

/// Suspected at the end of a step it waits, and trouble that is over by then is forgiven or not by all that was counted since.
#[test]
fn trouble_may_end() {
    let minutes = |minutes: u64| Duration::from_secs(minutes * 60);
    let short =
        |until| Trouble { until, ..of_canary(Since::Time(minutes(2)), Harm { more_errors: 0.02, ..Harm::NONE }) };
    let [over, goes_on] = [Some(minutes(3)), None].map(|until| lived(&release(""), &[short(until)], 6));
    assert!(matches!(goes_on.end, End::RolledBack(_)), "{goes_on:?}");
    assert_eq!((over.end, over.trouble), (End::Finished, Some(minutes(2))));
    assert!(over.met_trouble.requests > 0.0 && over.met_trouble.requests < 0.01 * over.met.requests);
}

#[test]
fn what_cannot_be_concluded_waits_for_a_person() {
    let silent = of_canary(ALWAYS, Harm { lost: 1.0, ..Harm::NONE });
    let lived = lived(&release(r#""max_hold": "10m","#), &[silent], 5);
    assert_eq!((&lived.end, lived.steps.len(), lived.held), (&End::Inconclusive, 1, Some(lived.after)));
    assert!((1_200..=1_230).contains(&lived.after.as_secs()), "hold, and max_hold: {:?}", lived.after);
}

#[test]
fn an_arm_that_loses_requests_deviates() {
    let lost = of_canary(ALWAYS, Harm { lost: 0.7, ..Harm::NONE });
    for (on, is_rolled_back) in [("rollback", true), ("hold", false)] {
        let release = release(&format!(r#""on": {{"deviation": "{on}"}},"#));
        let life = Life::new(&release, TICK, 3_330.0, vec![lost.clone()]);
        let lived = life.run(&mut Traffic::new(&Population::alike(20_000), 5));
        assert_eq!(lived.deviated, Some(lived.after));
        let end = lived.end;
        match is_rolled_back {
            true => assert!(matches!(&end, End::RolledBack(reasons) if reasons[0].code == Code::Deviation), "{end:?}"),
            false => assert_eq!(end, End::Inconclusive),
        }
    }
}
