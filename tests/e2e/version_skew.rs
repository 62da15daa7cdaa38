//! Filter and server of different versions, in real Envoys: the filter as it was at 5e0dd00 with the server of today, and the
//! filter of today with servers of before and of tomorrow.

use std::path::Path;

use serde_json::{Value, json};
use weir_engine::without_unit;
use weir_policy::Gauge;

use crate::scenarios;
use crate::support::{
    Bench, Client, Envoy, Fleet, Options, PolicyFile, Port, Predictor, Protocol, Relay, Sent, Shown, attachment,
    checkout, envelope, old_wasm, policy, raw_http1, replaced, text_configuration, wasm,
};

/// What `weir serve` of 5e0dd00 wrote to edges for a policy with nearly all that one can say.
const EDGE: &str = include_str!("version_skew/edge-5e0dd00.json");
/// What it wrote to the mesh.
const MESH: &str = include_str!("version_skew/mesh-5e0dd00.json");

const REQUESTS: usize = 40;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_filter_of_before_decides_by_what_the_server_of_today_says() {
    let edge = ["precedence", "rules", "overrides", "shares", "cookies_tags", "sticky"];
    let done = scenarios::run("edge", &old_wasm(), &edge).await;
    assert!(done > 60, "only {done} requests");
    let done = scenarios::run("mesh", &old_wasm(), &["mesh_tags", "baggage", "subset"]).await;
    assert!(done > 10, "only {done} requests");
}

/// As another server may call a field that the filter knows: of the envelope, and of the policy.
const IN_ENVELOPE: [&str; 2] = [r#""trace":"all""#, r#""trice":"all""#];
const IN_POLICY: [&str; 2] = [r#""kind":"test""#, r#""kine":"test""#];
const POLICY_PROBLEM: &str = "unknown_field at policy.layers[0].experiments[0].kine: ";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_filter_of_before_refuses_fields_of_tomorrow_and_the_last_good_policy_stays() {
    let scene = Scene::of_before(&old_wasm()).await;
    refuses(scene, |relay| relay.rename(IN_ENVELOPE), "unknown_field at trice: ").await;
    let scene = Scene::of_before(&old_wasm()).await;
    refuses(scene, |relay| relay.rename(IN_POLICY), POLICY_PROBLEM).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_filter_of_before_refuses_the_offer_of_the_server_of_today() {
    let scene = Scene::of_before(&old_wasm()).await;
    refuses(scene, |relay| relay.hide_offer(false), "unknown_field at offer: ").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_filter_of_today_refuses_a_policy_of_tomorrow_and_the_last_good_one_stays() {
    refuses(Scene::start(&wasm()).await, |relay| relay.rename(IN_POLICY), POLICY_PROBLEM).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_filter_of_today_passes_over_what_an_envelope_of_tomorrow_says() {
    let scene = Scene::start(&wasm()).await;
    scene.relay.rename(IN_ENVELOPE);
    let next = policy("40%");
    let number = scene.push(&next);
    scene.envoy.until_revision(number).await;
    assert_eq!(scene.envoy.gauge(Gauge::Rejected).await, Some(0));
    let mut without = envelope("edge", &next);
    without.as_object_mut().unwrap().remove("trace");
    scene.decides_by(&Predictor::new(&without)).await;
}

/// A server that renames a field, and one Envoy that hangs on it.
struct Scene {
    fleet: Fleet,
    relay: Relay,
    envoy: Envoy,
    /// What it decides by at first.
    first: Value,
    _admin: Port,
}

impl Scene {
    async fn start(module: &Path) -> Self {
        Self::with(module, false).await
    }

    /// With a server that writes no offer, as that of before did.
    async fn of_before(module: &Path) -> Self {
        Self::with(module, true).await
    }

    async fn with(module: &Path, hides_offer: bool) -> Self {
        let (first, admin) = (policy("10%"), Port::reserve());
        let mut attachment = attachment();
        attachment["wasm"] = json!({"file": module});
        let fleet = Fleet::start(&first, &[("edge.yaml", attachment)], &["--http", "127.0.0.1:0"]).await;
        let relay = Relay::to(fleet.weir.address()).await;
        relay.hide_offer(hides_offer);
        let port = |port: u16| format!("port_value: {port}}}");
        let bootstrap = fleet.bootstrap_with_admin("edge-1", "edge", &admin);
        let bootstrap = replaced(&bootstrap, &port(fleet.weir.address().port()), &port(relay.port()));
        let mut envoy = Envoy::launch(&bootstrap, Options { workers: 1, ..Options::default() }).await;
        envoy.until_ready().await;
        let scene = Self { fleet, relay, envoy, first, _admin: admin };
        scene.envoy.until_revision(PolicyFile::of(&scene.first).number).await;
        scene
    }

    /// Has the server push another policy; its revision as a number.
    fn push(&self, policy: &Value) -> u64 {
        let file = PolicyFile::of(policy);
        self.fleet.write("policy.yaml", &file.text);
        file.number
    }

    async fn decides_by(&self, predictor: &Predictor) {
        let mut client = Client::new(self.envoy.listener("edge").await, Protocol::Http1);
        for user in 0..REQUESTS {
            let request = checkout(user);
            let answer = client.send(request.clone()).await.unwrap();
            assert_eq!(Shown::by(&answer, &request), predictor.shown(&request), "user {user}");
        }
    }
}

/// The filter names the problem, tells by its gauges and so to `weir fleet` that it refused, decides by what it had, and
/// takes the next policy that it knows.
async fn refuses(scene: Scene, begin: impl Fn(&Relay), problem: &str) {
    let (first, hid_offer) = (Predictor::new(&envelope("edge", &scene.first)), scene.relay.hides_offer());
    begin(&scene.relay);
    let refused = scene.push(&policy("40%"));
    scene.envoy.until_stat(&Gauge::Rejected.shown("shop"), 1).await;
    assert_eq!(scene.envoy.gauge(Gauge::RejectedRevision).await, Some(refused));
    assert_eq!(scene.envoy.gauge(Gauge::Revision).await, Some(first.revision_number()));
    assert!(scene.envoy.log().contains(&format!("policy rejected: {problem}")), "{}", scene.envoy.log());
    scene.decides_by(&first).await;
    let shown = |row: &Value| row["attachments"][0]["rejected"] == true;
    let row = scene.fleet.weir.until_row("refused by the filter", shown).await;
    // Envoy took it: only the gauges tell.
    assert_eq!((&row["acked"], &row["error"]), (&row["offered"], &Value::Null));
    assert_eq!(row["attachments"][0]["active"], first.revision().as_str());
    let (code, table) = scene.fleet.weir.fleet(&[]);
    assert!(code == Some(1) && table.contains("the filter refused a revision"), "{table}");

    scene.relay.rename_nothing();
    scene.relay.hide_offer(hid_offer);
    let last = policy("60%");
    scene.envoy.until_revision(scene.push(&last)).await;
    scene.decides_by(&Predictor::new(&envelope("edge", &last))).await;
    scene.fleet.weir.until_row("good again", |row| row["attachments"][0]["rejected"] == false).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_server_of_before_wrote_to_edges_decides_the_same() {
    let states = decide_the_same("edge", EDGE, |number| {
        let user = if number % 5 == 0 { "x-other" } else { "x-user-id" };
        let (country, app) = (["de", "it"][number % 2], number % 3);
        let location = if number % 7 == 0 { "location: Shenzhen\r\n" } else { "" };
        format!(
            "GET /checkout/cart?uid=guest-{number}&country={country} HTTP/1.1\r\nhost: shop.test\r\n\
             {user}: user-{number}\r\nx-app: {app}.1\r\nx-age: {number}\r\n{location}\
             cookie: weir_id={number:021}A; plan=tin\r\nx-env-tag: forged\r\n"
        )
    })
    .await;
    for part in [
        "owl-v21/canary/assigned",
        "owl-v21/control/assigned",
        "owl-v21/canary/rule",
        "blue/red/assigned",
        "search=-/stable/holdout",
    ] {
        assert!(states.iter().any(|state| state.contains(part)), "no {part} in {states:#?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_server_of_before_wrote_to_the_mesh_decides_the_same() {
    let states = decide_the_same("mesh", MESH, |number| {
        let tags = ["owl-v21", "owl-v21.control,blue.red", "never.canary", "rank.fresh,unknown"][number % 4];
        let header = if number % 3 == 0 { "baggage: env_tag" } else { "x-env-tag" };
        let tags = if number % 3 == 0 { format!("={}", tags.replace(',', "%2C")) } else { format!(": {tags}") };
        format!("GET / HTTP/1.1\r\nhost: shop.test\r\nx-user-id: user-{number}\r\n{header}{tags}\r\n")
    })
    .await;
    assert!(states.iter().any(|state| state.contains("owl-v21/canary/")), "{states:#?}");
}

/// Sends the same to the filter of then and to that of now, each with just these bytes, and compares what shows of it, with
/// each other and with the engine; the filter states.
async fn decide_the_same(role: &str, bytes: &str, head: impl Fn(usize) -> String) -> Vec<String> {
    let configuration = text_configuration(bytes);
    let [then, now] = [
        Bench::of_module(role, &old_wasm(), &configuration).await,
        Bench::of_module(role, &wasm(), &configuration).await,
    ];
    let envelope: Value = serde_json::from_str(bytes).unwrap();
    let predictor = Predictor::new(&envelope);
    assert_eq!(envelope["revision"], predictor.revision().as_str());
    for bench in [&then, &now] {
        assert_eq!(bench.envoy.gauge(Gauge::Revision).await, Some(predictor.revision_number()));
        assert_eq!(bench.envoy.gauge(Gauge::Rejected).await, Some(0), "{}", bench.envoy.log());
    }
    let mut states = Vec::new();
    for head in (0..REQUESTS).map(head) {
        let ask = async |bench: &Bench| raw_http1(bench.address, head.as_bytes()).await.unwrap();
        let answers = [ask(&then).await, ask(&now).await];
        let [mut then, now] = answers.each_ref().map(|answer| Shown::by(answer, Sent::raw(head.as_bytes())));
        // The filter of then tells clients the unit that is logged.
        then.state = then.state.map(|state| without_unit(&state).unwrap_or(state));
        assert_eq!(then, now, "{head}");
        let mut predicted = predictor.shown(Sent::raw(head.as_bytes()));
        predicted.headers.retain(|name, _| now.headers.contains_key(name));
        assert_eq!(now, predicted, "{head}");
        let others =
            answers.each_ref().map(|answer| (answer.header("set-cookie"), answer.echo().lines("x-weir-weight")));
        assert_eq!(others[0], others[1], "{head}");
        states.extend(now.state);
    }
    states
}
