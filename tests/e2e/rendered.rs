//! The routes that `weir render envoy` writes, in the place of those that a person wrote.

use std::fs;
use std::process::Command;
use std::time::Duration;

use bytes::Bytes;
use hyper::Request;
use serde_json::{Value, json};

use crate::support::{Ads, Answer, Client, Protocol, SERVICE, Served, attachment, eventually, policy, weir};

const SOON: Duration = Duration::from_secs(20);
/// The filter state as a response header, which only the rendered routes have.
const SHOWN: &str = "x-shown";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rendered_routes_lead_where_the_policy_says() {
    for steer in ["tag", "subset", "cluster"] {
        let mut attachment = attachment();
        attachment["steer"] = json!(steer);
        attachment["log_unit"] = json!("user");
        attachment["envoy"] = json!({"route_config": "owl", "hosts": {SERVICE: ["*"]}, "decision_header": SHOWN});
        let served = Served::attached(&attachment, &policy("0%"), Ads::Delta).await;
        served.write_resource("routes.yaml", &rendered(&attachment, &policy("0%")));
        let ask = |user: &'static str| ask(&served, Request::get("/").header("x-user-id", user));
        eventually(SOON, "the rendered routes are there", async || {
            let answer = ask("user-18").await;
            answer.header(SHOWN).ok_or_else(|| format!("{answer:?}"))
        })
        .await;
        let answer = ask("user-18").await;
        let shown = answer.header(SHOWN).unwrap();
        assert!(shown.contains("owl-v21/canary/") && !shown.contains("user-18"), "{shown}");
        let canary = answer.echo();
        assert_eq!((canary.upstream.as_str(), canary.lines("x-env-tag")), ("canary", vec!["owl-v21".to_owned()]));
        assert!(canary.headers.iter().all(|(name, _)| !name.starts_with("x-weir-")), "{steer}: {canary:?}");
        assert_eq!(ask("ada").await.echo().upstream, "stable", "{steer}");

        let cluster = format!("outbound|80|v21|{SERVICE}");
        for (name, value) in [("x-env-tag", "owl-v21"), ("x-weir-subset", "v21"), ("x-weir-cluster", &cluster)] {
            let forged = self::ask(&served, Request::get("/").header(name, value)).await;
            assert_eq!(forged.echo().upstream, "stable", "{steer}: {name}");
        }
    }
}

async fn ask(served: &Served, request: hyper::http::request::Builder) -> Answer {
    Client::new(served.bench.address, Protocol::Http1).send(request.body(Bytes::new()).unwrap()).await.unwrap()
}

/// The routes of a policy at an attachment.
pub fn rendered(attachment: &Value, policy: &Value) -> String {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("policy.json"), policy.to_string()).unwrap();
    fs::write(folder.path().join("attach.json"), attachment.to_string()).unwrap();
    let mut render = Command::new(weir());
    render.args(["render", "envoy", "--routes", "--policy", "policy.json", "--attach", "attach.json"]);
    let output = render.current_dir(folder.path()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}
