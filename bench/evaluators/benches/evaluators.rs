//! What it costs to decide one rollout: from the id in a request, and with the question made before.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use weir_evaluators::{
    Eppo, Evaluator, Flagsmith, GrowthBook, LaunchDarkly, Rollout, Weir, Yggdrasil, YggdrasilVariant, ids,
};

criterion_group!(benches, to_all, to_shenzhen);
criterion_main!(benches);

fn to_all(criterion: &mut Criterion) {
    beside(criterion, "half of all", Rollout::All);
}

fn to_shenzhen(criterion: &mut Criterion) {
    beside(criterion, "half of those in one location", Rollout::Shenzhen);
}

fn beside(criterion: &mut Criterion, group: &str, rollout: Rollout) {
    one::<Weir>(criterion, group, rollout);
    one::<Yggdrasil>(criterion, group, rollout);
    one::<YggdrasilVariant>(criterion, group, rollout);
    one::<Eppo>(criterion, group, rollout);
    one::<LaunchDarkly>(criterion, group, rollout);
    one::<GrowthBook>(criterion, group, rollout);
    one::<Flagsmith>(criterion, group, rollout);
}

fn one<E: Evaluator>(criterion: &mut Criterion, group: &str, rollout: Rollout) {
    let mut group = criterion.benchmark_group(group);
    let evaluator = E::new(rollout, "shenzhen");
    let ids = ids(1_000);

    group.bench_function(BenchmarkId::new("from the request", E::NAME), |bencher| {
        let mut ids = ids.iter().cycle();
        bencher.iter(|| ids.next().map(|id| evaluator.is_canary(&evaluator.question(black_box(id)))));
    });

    let questions: Vec<_> = ids.iter().map(|id| evaluator.question(id)).collect();
    group.bench_function(BenchmarkId::new("decision alone", E::NAME), |bencher| {
        let mut questions = questions.iter().cycle();
        bencher.iter(|| questions.next().map(|question| evaluator.is_canary(black_box(question))));
    });
}
