//! What one client may take, and that the others do not notice.

use std::time::Duration;

use bytes::Bytes;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use weir_xds::{Event, ResourceKind};

use crate::client::{Delta, show, soon};
use crate::{CONNECTIONS_MAX, Served, raw, resource};

/// Whether somebody else is still served.
async fn serves(served: &Served) {
    let mut client = Delta::connect(&served.address).await;
    client.subscribe(ResourceKind::Cluster, &["c"]).await;
    assert!(client.shown().await.starts_with("cds c@v"));
}

fn cluster(content: &str) -> weir_xds::Resource {
    resource(ResourceKind::Cluster, "c", content)
}

#[tokio::test]
async fn connections_are_counted_and_a_place_is_given_again() {
    let mut served = Served::start(&[cluster("1")]).await;
    let mut open = Vec::new();
    for _ in 0..CONNECTIONS_MAX {
        open.push(Delta::connect(&served.address).await);
    }
    let mut one_more = TcpStream::connect(&served.address).await.unwrap();
    let read = soon(one_more.read(&mut [0; 1])).await;
    assert!(!matches!(read, Ok(1..)), "{read:?}");
    let report = soon(served.reports.recv()).await.unwrap();
    assert!(matches!(&report.event, Event::ConnectionRefused { .. }), "{report:?}");
    assert!(report.to_string().ends_with(r#"reason="too many connections are open""#), "{report}");

    drop(open);
    // The place is free once the server has seen the other end close: then it answers.
    let mut begins_to_speak = false;
    while !begins_to_speak {
        let mut stream = TcpStream::connect(&served.address).await.unwrap();
        // Who was turned away meanwhile cannot write.
        let _ = stream.write_all(raw::HELLO).await;
        begins_to_speak = matches!(soon(stream.read(&mut [0; 1])).await, Ok(1));
    }
    serves(&served).await;
}

#[tokio::test]
async fn who_never_answers_is_sent_no_more_until_it_does() {
    let served = Served::start(&[cluster("0")]).await;
    let mut client = Delta::connect(&served.address).await;
    client.subscribe(ResourceKind::Cluster, &[]).await;
    let mut unanswered = vec![client.receive().await];
    for push in 1..16 {
        served.publish("r", &[cluster(&push.to_string())]);
        unanswered.push(client.receive().await);
    }
    // The sixteenth is on its way: nothing follows, whatever is published.
    for push in ["a", "b"] {
        served.publish("r", &[cluster(push)]);
    }
    serves(&served).await;
    client.quiet(ResourceKind::Route).await;
    client.answer(&unanswered[0], None).await;
    client.answer(&unanswered[1], None).await;
    assert_eq!(client.shown().await, "cds c@vb=b", "what is newest, and nothing of what was between");
}

#[tokio::test]
async fn who_goes_on_asking_without_answering_is_sent_away() {
    let served = Served::start(&[cluster("1")]).await;
    let mut client = Delta::connect(&served.address).await;
    for _ in 0..256 {
        client.subscribe(ResourceKind::Cluster, &["c"]).await;
        client.receive().await;
    }
    client.subscribe(ResourceKind::Cluster, &["c"]).await;
    assert!(client.ended().await);
    serves(&served).await;
}

#[tokio::test]
async fn names_have_a_limit() {
    let served = Served::start(&[cluster("1")]).await;
    let names: Vec<String> = (0..65_536).map(|number| format!("n{number}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut client = Delta::connect(&served.address).await;
    client.subscribe(ResourceKind::Endpoints, &names).await;
    assert_eq!(client.receive().await.removed_resources.len(), 65_536);
    client.subscribe(ResourceKind::Route, &["one more"]).await;
    assert!(client.ended().await);
    serves(&served).await;
}

#[tokio::test]
async fn names_have_a_weight() {
    let served = Served::start(&[cluster("1")]).await;
    let halves = ["a", "b"].map(|letter| letter.repeat(2 << 20));
    let mut client = Delta::connect(&served.address).await;
    for half in &halves {
        client.subscribe(ResourceKind::Endpoints, &[half]).await;
        assert_eq!(client.receive().await.removed_resources.len(), 1);
    }
    client.unsubscribe(ResourceKind::Endpoints, &[&halves[0]]).await;
    client.subscribe(ResourceKind::Endpoints, &[&halves[0]]).await;
    assert_eq!(client.receive().await.removed_resources.len(), 1, "what is given back may be taken again");
    client.subscribe(ResourceKind::Endpoints, &["c"]).await;
    assert!(client.ended().await);
    serves(&served).await;
}

#[tokio::test]
async fn a_clients_words_are_told_up_to_a_length() {
    let mut served = Served::start(&[cluster("1")]).await;
    let mut client = Delta::connect(&served.address).await;
    client.subscribe(ResourceKind::Cluster, &["c"]).await;
    let response = client.receive().await;
    client.answer(&response, Some(&"no ".repeat(1 << 20))).await;
    let told = served.reported().await;
    assert!(told.contains("no no no") && told.len() < 5_000, "{}", told.len());
}

#[tokio::test]
async fn what_is_offered_is_told_before_it_is_read() {
    let mut large = resource(ResourceKind::Extension, "weir.shop", &"x".repeat(16 << 20));
    large.version = "large".into();
    let mut served = Served::start(&[cluster("1"), large]).await;
    let client = Delta::connect(&served.address).await;
    client.subscribe(ResourceKind::Extension, &["weir.shop"]).await;
    loop {
        let report = soon(served.reports.recv()).await.unwrap();
        if matches!(report.event, Event::Sent { kind: ResourceKind::Extension, .. }) {
            break;
        }
    }
}

/// Take as long as such clients are waited for.
#[tokio::test]
async fn who_connects_and_asks_for_nothing_is_sent_away() {
    let served = Served::start(&[cluster("1")]).await;
    let (unnamed, answer) = raw::open(&served.address).await;
    let mut without_stream = TcpStream::connect(&served.address).await.unwrap();
    without_stream.write_all(raw::HELLO).await.unwrap();
    let patience = Duration::from_secs(60);
    let mut rest = Vec::new();
    let closed = tokio::time::timeout(patience, without_stream.read_to_end(&mut rest));
    let (status, closed) = tokio::join!(tokio::time::timeout(patience, raw::status(answer)), closed);
    assert_eq!(status.unwrap(), "4", "DEADLINE_EXCEEDED");
    closed.expect("closed within a minute").unwrap();
    drop(unnamed);
    serves(&served).await;
}

#[tokio::test]
async fn a_request_has_a_limit() {
    let served = Served::start(&[cluster("1")]).await;
    for (bytes, taken) in [((4 << 20) - 1_000, true), (4 << 20, false)] {
        let mut client = Delta::connect(&served.address).await;
        client.subscribe(ResourceKind::Endpoints, &[&"x".repeat(bytes)]).await;
        assert_eq!(!client.ended().await, taken, "{bytes}");
    }
    serves(&served).await;
}

#[tokio::test]
async fn garbage_ends_only_its_own_connection() {
    let served = Served::start(&[cluster("1")]).await;
    let frames: [&[u8]; 4] = [
        b"\0\x01\x02\xff\xfe garbage \r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\xff\xff\xff\xff\xff\xff\xff\xff\xff",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0\0\0\x05\x01\x04\0\0\0\x01\xff\xff\xff\xff\xff",
        b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03",
    ];
    for frame in frames {
        let mut stream = TcpStream::connect(&served.address).await.unwrap();
        stream.write_all(frame).await.unwrap();
        stream.shutdown().await.unwrap();
        // What is answered is nobody's business here; that it ends is.
        let _ = soon(stream.read_to_end(&mut Vec::new())).await;
    }
    serves(&served).await;
}

#[tokio::test]
async fn five_hundred_that_come_and_go_leave_nothing_behind() {
    let mut served = Served::start(&[cluster("1")]).await;
    let (mut came, mut went) = (0, 0);
    for _ in 0..500 {
        let mut client = Delta::connect(&served.address).await;
        client.subscribe(ResourceKind::Cluster, &[]).await;
        assert_eq!(show(&client.receive().await), "cds c@v1=1");
        drop(client);
        // Its place is free again before the next one comes.
        while came == went {
            came += u32::from(matches!(soon(served.reports.recv()).await.unwrap().event, Event::Connected { .. }));
        }
        while went < came {
            let event = soon(served.reports.recv()).await.unwrap().event;
            went += u32::from(matches!(event, Event::Disconnected { reason: None, .. }));
        }
    }
    assert_eq!((came, went), (500, 500));
}

/// Takes as long as a client is waited for.
#[tokio::test]
async fn who_does_not_read_is_cut_off_and_holds_up_nobody() {
    let large = "x".repeat(33 << 20);
    let mut large = resource(ResourceKind::Extension, "weir.shop", &large);
    large.version = "large".into();
    let mut served = Served::start(&[large, cluster("1")]).await;
    let mut frozen = Vec::new();
    for _ in 0..3 {
        // It asks and never polls its stream: what its windows do not take stays with the server.
        let client = Delta::connect(&served.address).await;
        client.subscribe(ResourceKind::Extension, &["weir.shop"]).await;
        frozen.push(client);
    }
    serves(&served).await;
    let mut fourth = Delta::connect(&served.address).await;
    fourth.subscribe(ResourceKind::Extension, &["weir.shop"]).await;
    assert_eq!(fourth.receive().await.resources.len(), 1, "who reads is sent what others do not read");
    for _ in &frozen {
        loop {
            let report = tokio::time::timeout(Duration::from_secs(120), served.reports.recv()).await.unwrap().unwrap();
            if let Event::Disconnected { reason: Some(reason), lost } = report.event {
                assert!(lost);
                assert!(reason.starts_with("did not read what it was sent"), "{reason}");
                break;
            }
        }
    }
    serves(&served).await;
}

/// Takes as long as a message is waited for.
#[tokio::test]
async fn who_begins_a_large_request_and_does_not_go_on_is_sent_away() {
    let served = Served::start(&[cluster("1")]).await;
    let (mut stream, answer) = raw::open(&served.address).await;
    // One of 64 KiB + 1 bytes begins.
    stream.send_data(Bytes::from_static(&[0, 0, 1, 0, 1, b'x']), false).unwrap();
    let status = tokio::time::timeout(Duration::from_secs(60), raw::status(answer)).await.unwrap();
    assert_eq!(status, "4", "DEADLINE_EXCEEDED");
    serves(&served).await;
}

#[tokio::test]
async fn what_is_no_message_ends_its_stream() {
    let served = Served::start(&[cluster("1")]).await;
    let table: [(&[u8], &str); 4] = [
        (&[1, 0, 0, 0, 0], "12"),
        (&[0, 0, 0x40, 0, 1], "11"),
        (&[0, 0, 0, 0, 1, 0xff], "13"),
        (&[7, 0, 0, 0, 0], "12"),
    ];
    for (bytes, expected) in table {
        let (mut stream, answer) = raw::open(&served.address).await;
        stream.send_data(Bytes::from_static(bytes), false).unwrap();
        assert_eq!(soon(raw::status(answer)).await, expected, "{bytes:?}");
    }
    serves(&served).await;
}
