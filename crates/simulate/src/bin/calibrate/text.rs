//! The page.

use crate::page::{self, percent, thousands};
use crate::settings::Runs;
use crate::trial::SEED;
use crate::{power, promises};

/// The page, and whether every promise holds.
pub fn page(runs: &Runs) -> (String, bool) {
    let mut kept = Vec::new();
    let independent = promises::independent(runs, &mut kept);
    let heavy = promises::heavy(runs, &mut kept);
    let lost = promises::lost(runs);
    let section = |(title, table): (String, String)| format!("### With {title}\n\n{table}\n");
    let beside: String = power::beside(runs).into_iter().map(section).collect();
    let lives = power::lives(runs);
    let own_steps = power::own_steps(runs);
    let promises = page::promises(&kept);
    let [of_independent, of_heavy, of_others] =
        [runs.independent, runs.heavy, runs.others].map(|runs| thousands(runs as f64));
    let version = env!("CARGO_PKG_VERSION");
    let text = format!(
        "\
# What Weir promises of releases, and how it was tried

A release shows a new version to some users, its **canary**, and compares them with as many others, its **control**. Each ten seconds it
looks at what both counted. Whoever looks a thousand times gets a thousand chances to be fooled by chance, and whoever has a few users
who fail much more than all others gets fooled by these. This page says what Weir promises all the same, and what came of trying it on
simulated traffic, whose truth is known. A program wrote it: `scripts/calibrate`, version {version}, seed {SEED}.

## What is promised

{promises}
*At most* is what is promised of releases that are good. *Found* is the worst that was seen of all that was tried for the promise. It
*holds* if it is not more than was promised by three standard errors, which is what chance can add to it.

- **Rolled back**: a guardrail has shown *harm*; its release goes back by itself. Harm counts requests for less than they are, because
  those of one user are not independent of each other; by how much, the 16 parts of the users show.
- **Suspected**: requests taken for independent look bad. Nothing goes back, but the release does not take its next step, and a person
  is asked.
- **Deviates**: canary and control do not have the parts of the requests that they should have, so that some get lost, or users moved. The
  release waits for a person.

## What was simulated

{users} users who make 2,000 requests a minute, 0.5% of them errors, 0.1% without a response, 1.9 / 0.55 / 0.13 / 0.015% over 250 / 500 /
1000 / 2500 ms. They come in two kinds. **Users alike** ask as often as each other and fail as often, so their requests are independent.
**Heavy users** are as services have them: volumes lognormal with a sigma of 1.5, so that a tenth of them makes over half of the
requests; errors and missing responses fall to few of them (Beta distributions of 0.05 and 9.95, and of 0.05 and 49.95); some are slower
than others. Requests of a user come at random times (a Poisson process), and whether one is slow has nothing to do with whether it fails.
The first minute of each step is its warm-up. Control is as large as the canary, or all others once the canary has more than half.

One simulator is behind this page and `weir simulate`: it polls every ten seconds and asks the very judge that decides on releases. Where a
table is of **lives**, that judge also decides when a step begins: a release that is suspected waits, for an hour at most, as it would in
truth. Where guardrails or other tools' rules are held against each other, all look at the same requests, and steps go on time, whoever
objects.

## Each guardrail, where requests are independent

{of_independent} releases with a margin of 20% and an alpha of 1%, 1,000 looks each, 250 at 5, 10, 50 and 95%. Of releases that are as good as what
they are compared with, and of such that are just as bad as their margin accepts. `counts`, which are of a query, have no parts: a request
counts for a third. Each guardrail is looked at as if it were alone, and steps go on time.

{independent}
## Users as they are

The lives of {of_heavy} good releases with heavy users. Two numbers: rolled back / suspected at whatever time. A person is asked where a
release is suspected as a step is over, and where it deviates.

{heavy}
With 2,000 heavy users a single one can be several percent of an arm, and parts cannot show that well: more good releases are rolled back
than is promised, and a third is suspected. A margin of 0% leaves no room for the users that an arm happens to have: more than 1% are rolled
back with 20,000 users too. So the promise is for a margin of 20%, and for users in the ten thousands.

## Requests that get lost

What part of releases deviate when their canary loses requests, and after how long half of those had. {of_others} lives each.

{lost}
## Bad releases

What becomes of {of_others} lives of each. A cell says how many were rolled back, after how long half of those were, and how many requests met
the canary, on average, until it was rolled back or through or had waited an hour; the second row of each, how many went back or had to
wait for a person, and after how long half of those did. The first two columns are good releases. *A bad ten minutes*: for ten minutes four
times as many requests of everybody fail, whatever version they meet, as when a database is down. Guardrails are the three default ones.

{lives}
## Beside other tools

All rules look at the same requests, at the same steps, which go on time: what somebody who judges a release can see. Cells are as above,
of {of_others} releases.

- **Weir**: rolls back by the three default guardrails, `errors`, `unanswered` and `slow` over 500 ms, 20% margin, 1%
  alpha of all three; or a person is asked, as one of them suspects the release when a step is over.
- **\"Significant at 99%\"**: the usual test of two proportions on all requests so far, for the same three numbers.
- **Argo Rollouts**: an AnalysisTemplate in the background. The first as its documentation writes it: `successCondition: result >= 0.95`,
  `interval: 5m`, `failureLimit: 3`, the success rate by `irate`, of the canary alone. The second as somebody would who knows that
  0.5% fail: 99%, each minute, by `rate` over five minutes. It fails with more failed measurements than `failureLimit`, in a row or not.
- **Flagger**: its documentation's Canary: `interval: 1m`, `threshold: 10`, `request-success-rate` of at least 99, `request-duration`
  (the 99th percentile) of at most 500. Failed checks are counted and never forgotten; the tenth leads to a rollback at the next check.
- **Tuned**: of 120 settings of the tool the one that finds most releases with twice as many errors among those that stopped at most 1%
  of good ones, found by simulating this very service with other seeds. Nobody can do that for each service; it is the best that these
  tools could do.

{beside}
## Each tool at its own steps

The tools do not release alike: here each goes its own steps and halts in its own way, as Weir's lives above do. Flagger is mostly through
when the bad ten minutes begin.

{own_steps}
## What Weir does worse

- **It is slower than a limit that fits.** Whoever knows that 0.5% fail today, as every day, and has tuned a limit for that, finds twice as many
  errors sooner, and fewer requests meet the canary until then. Weir does not know what is usual: it learns it from control, which at 5% is
  as small as the canary. That is also why a bad ten minutes of everybody does not fool it.
- **Ten minutes a step are short.** With the default plan most releases with twice as many errors are at 100% before they show harm, above all
  with heavy users. Steps of an hour find what is found above. Four times as many errors are found either way.
- **Heavy users cost time.** That their errors count for less is what keeps good releases going, and bad ones too: of releases with
  twice as many errors most are suspected and few are rolled back. A person is asked then, and has to be there: a release that waits at
  5% learns slowly, so of those with four times as many errors a third is rolled back within the hour that it waits.
- **It sees only what differs between arms.** A fault that control has too is not seen. For that there are absolute bounds (`above`).
- **It asks when nothing is wrong.** Good releases with heavy users are suspected at the end of a step now and then, see above.

## What a number means

Had other users been drawn, each would be another number: about two thirds of the time it would be nearer than one standard error,
which for 1% of {of_independent} runs is {one_of_independent}, of {of_heavy} {one_of_heavy}, and for 50% of {of_others} runs {half_of_others}. Simulated users are tamer than real ones:
rates here do not change from hour to hour, users do not come and go, and one error does not cause another.

## Repeating it

```sh
scripts/calibrate            # this page, in about ten minutes on two processors
scripts/calibrate --quick    # a hundredth of it, into target/calibration.md
```

The same version writes the same page, on every machine: the seed is fixed, and each run has its own. It ends with 1 if a promise does not
hold. A short form runs with all tests (`crates/simulate/tests/calibration.rs`).
",
        users = thousands(crate::settings::USERS as f64),
        one_of_independent = error(0.01, runs.independent),
        one_of_heavy = error(0.01, runs.heavy),
        half_of_others = error(0.5, runs.others),
    );
    (text, kept.iter().all(|promise| promise.holds))
}

/// The standard error of a part of so many runs.
fn error(part: f64, runs: usize) -> String {
    percent((part * (1.0 - part) / runs as f64).sqrt())
}
