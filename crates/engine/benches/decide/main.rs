//! What a decision costs, and what it does not depend on.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use weir_engine::Plan;

#[path = "../filter/mod.rs"]
mod filter;
#[path = "../scale/mod.rs"]
mod scale;

use filter::decide;
use scale::{LARGEST, Listed, Rules, Shape, plain};

criterion_group!(benches, layers, experiments, rules, listed_units, requests, hash);
criterion_main!(benches);

/// The cost follows the layers, each of which gives an outcome.
fn layers(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("layers");
    for shape in [plain(1, 1), plain(10, 10), plain(50, 50), LARGEST] {
        let name = format!("{} of {}", shape.layers, shape.experiments);
        let plan = plan(shape);
        group.bench_function(name, |bencher| bencher.iter(|| decide(&plan, black_box(BROWSER))));
    }
}

/// The cost does not follow the experiments of those layers.
fn experiments(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("experiments of 10 layers");
    for experiments in [1, 10, 100, 1_000] {
        let plan = plan(plain(10, experiments));
        group.bench_function(BenchmarkId::from_parameter(10 * experiments), |bencher| {
            bencher.iter(|| decide(&plan, black_box(BROWSER)));
        });
    }
}

/// The cost follows the rules that a request can meet, not those that there are.
fn rules(criterion: &mut Criterion) {
    let lane = |value| [BROWSER, &[("x-lane", value)]].concat();
    let (none, own, foreign) = (BROWSER.to_vec(), lane("lane999"), lane("other"));
    let own_header = [BROWSER, &[("x-lane-999", "lane7")]].concat();
    for (name, rules, requests) in [
        ("rules on values of one header", Rules::OwnValue, [("absent", &none), ("another", &foreign), ("one's", &own)]),
        (
            "rules on headers of their own",
            Rules::OwnHeader,
            [("absent", &none), ("another", &foreign), ("one's", &own_header)],
        ),
        (
            "rules on prefixes of one header",
            Rules::SharedHeader,
            [("absent", &none), ("another", &foreign), ("one's", &own)],
        ),
    ] {
        let mut group = criterion.benchmark_group(name);
        for count in [10, 1_000, 10_000] {
            let plan = plan(Shape { rules, ..plain(1, count) });
            for (case, request) in requests {
                group.bench_function(BenchmarkId::new(case, count), |bencher| {
                    bencher.iter(|| decide(&plan, black_box(request)));
                });
            }
        }
    }
}

/// The cost does not follow the units that are listed.
fn listed_units(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("listed units for 10 layers");
    let listed = scale::unit(999);
    // The first user id counts.
    let insider = [&[("x-user-id", listed.as_str())], BROWSER].concat();
    for count in [0, 1_000, 1_000_000] {
        let listed = if count == 0 { Listed::Nowhere } else { Listed::ByAll(count) };
        let plan = plan(Shape { listed, ..plain(10, 10) });
        for (case, request) in [("not listed", BROWSER), ("listed", &insider)] {
            group.bench_function(BenchmarkId::new(case, count), |bencher| {
                bencher.iter(|| decide(&plan, black_box(request)));
            });
        }
    }
}

/// What the largest requests cost that a client can send, before a thousand rules that look at what it repeats.
fn requests(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("requests");
    let names: Vec<String> = (0..1_000).map(|number| format!("x-header-{number}")).collect();
    let headers: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "value")).collect();
    let cookies = "lane=other;".repeat(5_400);
    let query = format!("/?{}", "other=lane7&".repeat(5_000));
    let rules = |rules| Shape { rules, ..plain(1, 1_000) };
    for (name, shape, headers) in [
        ("1,000 headers", plain(10, 10), headers),
        ("one header 1,000 times", rules(Rules::SharedHeader), vec![("x-lane", "other"); 1_000]),
        ("60 kB of one cookie", rules(Rules::SharedCookie), vec![("cookie", cookies.as_str())]),
        ("60 kB of query", rules(Rules::SharedQuery), vec![(":path", query.as_str())]),
    ] {
        let plan = plan(shape);
        let request = [BROWSER, &headers].concat();
        group.bench_function(name, |bencher| bencher.iter(|| decide(&plan, black_box(&request))));
    }
}

/// The hash alone, on which every line of a decision rests.
fn hash(criterion: &mut Criterion) {
    let salt = weir_engine::slot::Salt::new(weir_engine::slot::Use::Line, "checkout", 0);
    let mut group = criterion.benchmark_group("slot");
    for unit in ["user-1", "3f2b8c1e-5d2a-4b7e-9c1d-2f6a8e4b7c90"] {
        group.bench_function(format!("{} bytes", unit.len()), |bencher| {
            bencher.iter(|| salt.slot(black_box(unit.as_bytes())));
        });
    }
}

/// What a browser sends through a gateway that knows the user.
const BROWSER: &[(&str, &str)] = &[
    (":authority", "shop.example.org"),
    (":path", "/checkout/cart?item=17&color=blue"),
    (":method", "GET"),
    (":scheme", "https"),
    ("x-user-id", "782904813"),
    ("accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"),
    ("accept-encoding", "gzip, deflate, br, zstd"),
    ("accept-language", "zh-CN,zh;q=0.9,en;q=0.7"),
    ("cookie", "session=8f4e1c0a9b7d; theme=dark; weir_id=3f2b8c1e5d2a4b7e9c1d2f"),
    ("user-agent", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"),
    ("x-forwarded-for", "203.0.113.7"),
    ("x-forwarded-proto", "https"),
    ("x-request-id", "0c6f8f0e-4b1a-4f5e-8d2c-7a9b3e1f5d60"),
];

fn plan(shape: Shape) -> Plan {
    let envelope = format!(r#"{{"weir":1,"revision":"0123456789ab","policy":{}}}"#, scale::policy(shape));
    weir_engine::configure_json(envelope.as_bytes()).unwrap()
}
