//! ADS over TLS: both sides show who they are, and certificates change without a restart.

use crate::support::{
    Authority, EDGE, Fleet, PolicyFile, Process, Signed, attachment, event, eventually, policy, weir,
};

const SOON: std::time::Duration = std::time::Duration::from_secs(30);

/// A server of this certificate that lets in what this name fits.
async fn serve(authority: &Authority, server: &Signed, allow: &str) -> Fleet {
    let words = authority.server_words(server, allow);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    Fleet::start(&policy("10%"), &[("edge.yaml", attachment())], &words).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_envoy_of_an_allowed_name_is_let_in_and_no_other() {
    let authority = Authority::new();
    let server = authority.sign("server", "spiffe://mesh.test/weir", 2100);
    let fleet = serve(&authority, &server, "spiffe://mesh.test/ns/shop/*").await;
    let edge = authority.connect(&fleet, &authority.sign("edge", EDGE, 2100)).await;
    let connected = event("connected").with("node", "edge-1").with("identity", EDGE);
    fleet.weir.until(&connected.containing("peer", "127.0.0.1:")).await;
    edge.until_revision(PolicyFile::of(&policy("10%")).number).await;

    let other = authority.sign("other", "spiffe://mesh.test/ns/bank/sa/edge", 2100);
    let _other = authority.connect(&fleet, &other).await;
    let refused = event("connection_refused").containing("peer", "127.0.0.1:");
    let because = async |reason: &str| fleet.weir.until(&refused.clone().containing("reason", reason)).await;
    because("not allowed: spiffe://mesh.test/ns/bank/sa/edge").await;
    // Another authority of the same name.
    let stranger = Authority::new();
    let _stranger = authority.connect(&fleet, &stranger.sign("edge", EDGE, 2100)).await;
    because("TLS: invalid peer certificate: BadSignature").await;
    let _late = authority.connect(&fleet, &authority.sign("late", EDGE, 2001)).await;
    because("TLS: invalid peer certificate: certificate expired").await;
    assert_eq!(fleet.weir.count(&event("connected")), 1, "{}", fleet.weir.log());
}

/// Only over TLS an Envoy says that it goes: to a server in plain text it looks the same whether it ended or was killed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_envoy_that_was_told_to_end_is_not_lost_and_one_that_was_killed_is() {
    let authority = Authority::new();
    let server = authority.sign("server", "spiffe://mesh.test/weir", 2100);
    let fleet = serve(&authority, &server, EDGE).await;
    let client = authority.sign("edge", EDGE, 2100);
    let number = PolicyFile::of(&policy("10%")).number;
    let went = event("disconnected").with("node", "edge-1");

    let edge = authority.connect(&fleet, &client).await;
    edge.until_revision(number).await;
    // By SIGTERM.
    drop(edge);
    fleet.weir.until(&went).await;
    assert_eq!(fleet.weir.count(&went.clone().with("lost", "true")), 0, "{}", fleet.weir.log());

    let mut edge = authority.connect(&fleet, &client).await;
    edge.until_revision(number).await;
    edge.kill();
    fleet.weir.until(&went.with("lost", "true")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_certificate_that_expired_is_renewed_without_a_restart() {
    let authority = Authority::new();
    let server = authority.sign("server", "spiffe://mesh.test/weir", 2001);
    let fleet = serve(&authority, &server, EDGE).await;
    let edge = authority.connect(&fleet, &authority.sign("edge", EDGE, 2100)).await;
    let refused = "cluster.weir-xds.ssl.fail_verify_error";
    eventually(SOON, "Envoy refuses the server's certificate", async || {
        let count = edge.stat(refused).await;
        count.filter(|count| *count > 0).ok_or_else(|| format!("{count:?}"))
    })
    .await;

    // Half a file changes nothing; the whole one does.
    std::fs::write(&server.certificate, "-----BEGIN CERTIFICATE-----\n").unwrap();
    let not_read = event("certificates_not_read").containing("why", "server.pem: no certificate in PEM form");
    fleet.weir.until(&not_read).await;
    authority.sign("server", "spiffe://mesh.test/weir", 2100);
    fleet.weir.until(&event("certificates_read")).await;
    edge.until_revision(PolicyFile::of(&policy("10%")).number).await;
    let PolicyFile { text, number, .. } = PolicyFile::of(&policy("20%"));
    fleet.write("policy.yaml", &text);
    edge.until_revision(number).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn plain_text_beyond_the_loopback_is_said_twice() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("policy.yaml"), policy("10%").to_string()).unwrap();
    std::fs::write(folder.path().join("attach.yaml"), attachment().to_string()).unwrap();
    let start = |words: &[&str]| {
        let words = [&["serve", "--policy", "policy.yaml", "--attach", "attach.yaml"], words].concat();
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        Process::start("weir", &weir(), &words, folder.path())
    };
    for (words, said) in [
        (&["--listen", "0.0.0.0:0"][..], "--listen 0.0.0.0:0: "),
        (&["--listen", "127.0.0.1:0", "--http", "0.0.0.0:0"], "--http 0.0.0.0:0: "),
    ] {
        let mut process = start(words);
        let ended = eventually(SOON, "weir serve ends", async || process.ended().ok_or_else(|| process.tail())).await;
        assert_eq!(ended.code(), Some(2), "{}", process.tail());
        let stderr = process.stderr();
        assert!(stderr.contains(said) && stderr.contains("or say --plaintext"), "{}", process.tail());
    }

    let process = start(&["--listen", "0.0.0.0:0", "--http", "0.0.0.0:0", "--plaintext"]);
    eventually(SOON, "weir serve listens", async || {
        process.stdout().contains("listening on 0.0.0.0:").then_some(()).ok_or_else(|| process.tail())
    })
    .await;
    // Others may come to other replicas.
    let apart = "a second replica would stage apart, so run one, with --state on a volume";
    eventually(SOON, apart, async || process.stderr().contains(apart).then_some(()).ok_or_else(|| process.tail()))
        .await;
}
