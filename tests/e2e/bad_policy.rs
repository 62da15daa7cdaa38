//! A bad policy that gets past the server straight into Envoy: traffic goes on, the last good one serves, everybody can see why.

use std::time::Duration;

use bytes::Bytes;
use hyper::Request;
use serde_json::{Value, json};
use weir_policy::Gauge;

use crate::support::{
    ATTACHMENT, Bench, Client, Envoy, Files, Options, Predictor, Protocol, Workers, checkout, envelope, eventually,
    policy, replaced, string_configuration, text_configuration, trap_wasm, wasm,
};

const SOON: Duration = Duration::from_secs(20);
/// Envoy tries a configuration once beside the VMs that serve, then gives it to the main thread's and to each worker's.
const CONFIGURED: usize = 2 + 2;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_last_good_policy_serves_and_the_listener_can_still_be_changed() {
    let mut good = envelope("edge", &policy("50%"));
    good["offer"] = json!("0badcafe");
    let files = Files::start(&string_configuration(&good), wasm(), Options::default()).await;
    let (bench, predictor) = (&files.bench, Predictor::new(&good));
    let mut workers = Workers::of(bench).await;
    assert_eq!(workers.clients.len(), 2);
    workers.follow(&predictor).await.unwrap();
    assert_eq!(gauges(&bench.envoy).await, (predictor.revision_number(), 0, 0));

    let mut other = bad();
    other["offer"] = json!("00000001");
    files.write_filter(&string_configuration(&other));
    until_rejected(&bench.envoy).await;
    workers.follow(&predictor).await.unwrap();
    assert_eq!(gauges(&bench.envoy).await, (predictor.revision_number(), 1, 0xbad0_0000_0001));
    assert_eq!(bench.envoy.gauge(Gauge::Offer).await, Some(0x0bad_cafe));
    assert_eq!(bench.envoy.stat("extension_config_discovery.http_filter.weir.shop.config_fail").await, Some(0));

    let field = "tag: \"%REQ(X-ENV-TAG)%\"";
    let listeners = replaced(&files.listeners(), field, &format!("{field}\n                protocol: \"%PROTOCOL%\""));
    files.write_listeners(&listeners);
    bench.envoy.until_stat("listener_manager.listener_modified", 1).await;
    bench.envoy.until_stat("listener_manager.total_listeners_warming", 0).await;
    assert_eq!(bench.envoy.stat("listener_manager.lds.update_rejected").await, Some(0));
    let before = bench.envoy.access_log().len();
    let mut workers = Workers::of(bench).await;
    workers.follow(&predictor).await.unwrap();
    eventually(SOON, "the access log has its new field", async || {
        let entry = bench.envoy.access_log().pop().unwrap_or_default();
        (entry["protocol"] == "HTTP/1.1").then_some(()).ok_or_else(|| format!("{entry}\n{}", bench.envoy.log()))
    })
    .await;
    assert!(bench.envoy.access_log()[..before].iter().all(|entry| entry.get("protocol").is_none()));

    let good = envelope("edge", &policy("25%"));
    let predictor = Predictor::new(&good);
    files.write_filter(&string_configuration(&good));
    bench.envoy.until_revision(predictor.revision_number()).await;
    workers.until_they_follow(&predictor).await;
    assert_eq!(gauges(&bench.envoy).await, (predictor.revision_number(), 0, 0));
    assert_eq!(bench.envoy.gauge(Gauge::Offer).await, Some(0), "an envelope without an offer");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_last_good_policy_outlives_the_vm_of_each_worker() {
    let good = envelope("edge", &policy("50%"));
    let files = Files::start(&string_configuration(&good), trap_wasm(), Options::default()).await;
    let (bench, predictor) = (&files.bench, Predictor::new(&good));
    let mut workers = Workers::of(bench).await;
    files.write_filter(&string_configuration(&bad()));
    until_rejected(&bench.envoy).await;

    for (index, worker) in workers.clients.iter_mut().enumerate() {
        let trapping = Request::get("/").header("x-weir-trap", "1").body(Bytes::new()).unwrap();
        assert_eq!(worker.send(trapping).await.unwrap().status, 503);
        eventually(SOON, "the worker serves again", async || {
            let answer = worker.send(checkout(0)).await?;
            (answer.status == 200).then_some(()).ok_or_else(|| format!("{}\n{}", answer.status, bench.envoy.log()))
        })
        .await;
        // What it serves by is in no memory of its own any more.
        bench.envoy.until_stat("wasm.weir.shop.vm_reload_success", index as u64 + 1).await;
    }
    workers.follow(&predictor).await.unwrap();
    assert_eq!(gauges(&bench.envoy).await, (predictor.revision_number(), 1, 0xbad0_0000_0001));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn at_a_cold_start_traffic_passes_and_forged_headers_do_not() {
    let mut renamed = bad();
    renamed["policy"]["env_tag"] = json!({"header": "x-lane", "baggage": "lane"});
    for (configuration, revision, gone) in [
        (string_configuration(&bad()), 0xbad0_0000_0001, ["x-env-tag", "x-weir-subset", "x-weir-mine"]),
        // The names that a bad policy uses are still its names.
        (string_configuration(&renamed), 0xbad0_0000_0001, ["x-lane", "baggage", "x-weir-subset"]),
        // What cannot be read at all counts as an edge with the default names.
        (text_configuration("{\"weir\": 1, \"name\": \"sh"), 0, ["x-env-tag", "x-weir-subset", "x-weir-mine"]),
        (text_configuration(""), 0, ["x-env-tag", "x-weir-subset", "x-weir-mine"]),
    ] {
        let bench = Bench::unguarded_edge(&configuration, Options::default()).await;
        for mut client in Workers::of(&bench).await.clients {
            let answer = client.send(forged()).await.unwrap();
            for name in gone {
                assert_eq!(answer.echo().lines(name), Vec::<String>::new(), "{name} with {configuration}");
            }
            assert_eq!(answer.echo().lines("x-mine"), ["kept"]);
            // The routes follow x-env-tag, which is nobody's business where the policy calls its tags x-lane.
            let upstream = if gone.contains(&"x-env-tag") { "stable" } else { "canary" };
            assert_eq!((answer.status, answer.echo().upstream.as_str()), (200, upstream), "{configuration}");
        }
        let name = if revision == 0 { "weir.shop" } else { "shop" };
        let gauges = gauges_of(&bench.envoy, name).await;
        assert_eq!(gauges, (0, 1, revision), "{configuration}");
        assert_eq!(bench.envoy.stat(&Gauge::Offer.shown(name)).await, Some(0), "{configuration}");
        assert!(bench.envoy.log().contains("policy rejected: "), "{}", bench.envoy.log());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hop_that_starts_with_a_bad_policy_passes_tags_on() {
    let mut bad = bad();
    bad["role"] = json!("mesh");
    let bench = Bench::mesh(&string_configuration(&bad), Options::default()).await;
    let answer = Client::new(bench.address, Protocol::Http1).send(forged()).await.unwrap();
    assert_eq!(
        (answer.echo().upstream.as_str(), answer.echo().lines("x-env-tag")),
        ("canary", vec!["owl-v21".to_owned()])
    );
    for name in ["x-weir-subset", "x-weir-mine"] {
        assert_eq!(answer.echo().lines(name), Vec::<String>::new(), "{name}");
    }
    assert_eq!(gauges(&bench.envoy).await, (0, 1, 0xbad0_0000_0001));
}

/// Two problems in one policy, under a revision of its own.
fn bad() -> Value {
    let mut policy = policy("5%");
    policy["layers"][0]["unit"] = json!("nobody");
    policy["layers"][1]["experiments"][0]["variants"][0]["share"] = json!("500%");
    let mut envelope = envelope("edge", &policy);
    envelope["revision"] = json!("bad000000001");
    envelope
}

/// Every VM has seen the bad policy, and has named each of its problems.
async fn until_rejected(envoy: &Envoy) {
    for problem in ["unknown_unit at policy.layers[0].unit", "layers[1].experiments[0].variants[0].share"] {
        eventually(SOON, problem, async || {
            let log = envoy.log();
            let told =
                log.lines().filter(|line| line.contains("weir: shop: policy rejected: ") && line.contains(problem));
            let told = told.count();
            (told == CONFIGURED).then_some(()).ok_or_else(|| format!("{told} times\n{log}"))
        })
        .await;
    }
}

/// What a client outside would send that knows Weir.
fn forged() -> Request<Bytes> {
    let headers = [
        ("x-env-tag", "owl-v21"),
        ("x-lane", "owl-v21"),
        ("baggage", "lane=owl-v21"),
        ("x-weir-subset", "v21"),
        ("x-weir-mine", "1"),
        ("x-mine", "kept"),
    ];
    let request = headers.iter().fold(Request::get("/"), |request, (name, value)| request.header(*name, *value));
    request.body(Bytes::new()).unwrap()
}

/// The revision in force, whether another was rejected, and which.
async fn gauges(envoy: &Envoy) -> (u64, u64, u64) {
    gauges_of(envoy, ATTACHMENT).await
}

async fn gauges_of(envoy: &Envoy, attachment: &str) -> (u64, u64, u64) {
    let value = async |gauge: Gauge| {
        let stat = envoy.stat(&gauge.shown(attachment)).await;
        stat.unwrap_or_else(|| panic!("no gauge {gauge:?} of {attachment}"))
    };
    (value(Gauge::Revision).await, value(Gauge::Rejected).await, value(Gauge::RejectedRevision).await)
}
