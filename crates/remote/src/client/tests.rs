//! Servers that are slow, wrong, elsewhere, or not who they should be.

use super::*;
use crate::testing::{Act, Authority, Server, answer};

fn plain(server: &Server) -> Client {
    Client::new(Address::prometheus(&format!("http://{}/prom/", server.address)).unwrap(), None, None)
}

fn secure(server: &Server, authority: &Authority) -> Client {
    let address = Address::prometheus(&format!("https://localhost:{}", server.address.port())).unwrap();
    Client::new(address, None, Some(authority.file()))
}

async fn ask(client: &Client) -> Result<String, String> {
    let question = Question { path: "/path", body: None, headers: Vec::new() };
    let reply = client.ask(question, 10).await.map_err(|trouble| format!("{}: {trouble}", trouble.code()))?;
    Ok(format!("{} {}", reply.status.as_u16(), String::from_utf8_lossy(&reply.body)))
}

#[tokio::test]
async fn an_answer_is_read_as_far_as_it_may_be_long() {
    for (status, body, expected) in [
        ("200 OK", "0123456789", Ok("200 0123456789")),
        ("200 OK", "0123456789a", Err("too_long: answered more than 10 bytes")),
        ("503 Service Unavailable", "later", Ok("503 later")),
        ("401 Unauthorized", "who?", Err("not_let_in: answered 401: who?; give a token that it lets in, by a file")),
        ("403 Forbidden", "", Err("not_let_in: answered 403; give a token that it lets in, by a file")),
    ] {
        let server = Server::start(move |_, _| answer(status, body)).await;
        let expected = expected.map(str::to_owned).map_err(str::to_owned);
        assert_eq!(ask(&plain(&server)).await, expected);
        assert!(server.seen()[0].head.starts_with("GET /prom/path HTTP/1.1\r\n"), "{:?}", server.seen());
    }
}

/// A body without an end, of which no length is said.
#[tokio::test]
async fn what_never_ends_is_left() {
    let server = Server::start(|_, _| {
        Act::Say(
            format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{}", "5\r\nhello\r\n".repeat(1_000)).into(),
        )
    });
    assert!(ask(&plain(&server.await)).await.unwrap_err().starts_with("too_long"));
}

#[tokio::test(start_paused = true)]
async fn who_hangs_is_left_after_five_seconds() {
    let head = || Act::Say(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhel".to_vec());
    for server in [Server::start(|_, _| Act::Hang).await, Server::start(move |_, _| head()).await] {
        let start = tokio::time::Instant::now();
        assert_eq!(ask(&plain(&server)).await.unwrap_err(), "late: no whole answer within 5 s");
        assert_eq!(start.elapsed().as_secs(), 5);
    }
}

#[tokio::test]
async fn what_is_no_http_is_said() {
    for bytes in
        ["garbage\r\n\r\n", "", "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhello", "\x15\x03\x01\0\x02\x02\x46"]
    {
        let server = Server::start(move |_, _| Act::SayAndLeave(bytes.into())).await;
        let error = ask(&plain(&server)).await.unwrap_err();
        assert!(error.starts_with("unreachable: no answer: "), "{bytes:?}: {error}");
    }
    let nobody = Server::start(|_, _| Act::Hang).await;
    let client = plain(&nobody);
    drop(nobody);
    tokio::task::yield_now().await;
    let error = ask(&client).await.unwrap_err();
    assert!(error.contains("onnection refused"), "{error}");
    let client = Client::new(Address::prometheus("http://nobody.invalid").unwrap(), None, None);
    assert!(ask(&client).await.unwrap_err().starts_with("unreachable: no answer: "));
}

/// A token must go nowhere else.
#[tokio::test]
async fn redirects_are_told_and_not_followed() {
    let other = Server::start(|_, _| answer("200 OK", "")).await;
    let to = format!("http://{}/login?state=secret", other.address);
    let server = Server::start(move |_, _| {
        Act::Say(format!("HTTP/1.1 302 Found\r\nlocation: {to}\r\ncontent-length: 0\r\n\r\n").into_bytes())
    });
    let error = ask(&plain(&server.await)).await.unwrap_err();
    assert!(
        error.contains(&format!("leads to http://{}/login;", other.address)) && !error.contains("secret"),
        "{error}"
    );
    assert!(other.seen().is_empty());
}

/// Kubernetes renews tokens in their files.
#[tokio::test]
async fn the_token_is_the_one_of_its_file_now() {
    let server = Server::start(|_, _| answer("200 OK", "")).await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("token");
    let client = Client { token: Some(path.clone()), ..plain(&server) };
    for token in ["first", "second"] {
        std::fs::write(&path, format!("{token}\n")).unwrap();
        ask(&client).await.unwrap();
        let head = server.seen().pop().unwrap().head;
        assert!(head.contains(&format!("authorization: Bearer {token}\r\n")), "{head}");
    }
    for text in ["", "two\nlines"] {
        std::fs::write(&path, text).unwrap();
        let error = ask(&client).await.unwrap_err();
        assert!(error.starts_with("file: ") && !error.contains("two"), "{error}");
    }
    assert_eq!(server.seen().len(), 2);
}

#[tokio::test]
async fn connections_are_kept_and_closed_ones_are_no_trouble() {
    let server = Server::start(|number, _| match number % 2 {
        0 => answer("200 OK", ""),
        _ => Act::SayAndLeave(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n".to_vec()),
    });
    let server = server.await;
    let client = plain(&server);
    for _ in 0..6 {
        ask(&client).await.unwrap();
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// argoproj/argo-rollouts#1192 and #2298: with an authority of one's own the only way was to look at no certificate at all.
#[tokio::test]
async fn only_who_is_vouched_for_is_asked() {
    let (ours, renewed, others) = (Authority::new("ours"), Authority::new("ours"), Authority::new("others"));
    let say = |_: usize, _: &_| answer("200 OK", "hi");
    let server = Server::start_tls(ours.server("localhost", 4096), say).await;
    assert_eq!(ask(&secure(&server, &ours)).await.unwrap(), "200 hi");

    let error = ask(&secure(&server, &others)).await.unwrap_err();
    assert!(error.contains("UnknownIssuer; give the file of the authorities"), "{error}");
    let error = ask(&secure(&server, &renewed)).await.unwrap_err();
    assert!(error.contains("BadSignature; an authority of that name"), "{error}");
    let system = Client { authorities: None, ..secure(&server, &ours) };
    let error = ask(&system).await.unwrap_err();
    assert!(error.contains("UnknownIssuer") || error.contains("no certificates of authorities"), "{error}");

    let elsewhere = Server::start_tls(ours.server("elsewhere", 4096), say).await;
    let error = ask(&secure(&elsewhere, &ours)).await.unwrap_err();
    assert!(error.contains("not valid for name \"localhost\""), "{error}");
    let expired = Server::start_tls(ours.server("localhost", 2001), say).await;
    let error = ask(&secure(&expired, &ours)).await.unwrap_err();
    assert!(error.contains("certificate expired"), "{error}");
    assert!(expired.seen().is_empty() && elsewhere.seen().is_empty());
}

#[tokio::test]
async fn the_authorities_are_those_of_their_file_now() {
    let (ours, others) = (Authority::new("ours"), Authority::new("others"));
    let server = Server::start_tls(ours.server("localhost", 4096), |_, _| answer("200 OK", "")).await;
    let client = secure(&server, &others);
    assert!(ask(&client).await.is_err());
    std::fs::copy(ours.file(), others.file()).unwrap();
    assert_eq!(ask(&client).await.unwrap(), "200 ");
    std::fs::write(others.file(), "").unwrap();
    assert!(ask(&client).await.unwrap_err().contains("holds no certificate"));
    std::fs::remove_file(others.file()).unwrap();
    assert!(ask(&client).await.unwrap_err().starts_with("file: "));
}

#[tokio::test]
async fn tls_where_there_is_none_is_said_both_ways() {
    let authority = Authority::new("ours");
    let server = Server::start_tls(authority.server("localhost", 4096), |_, _| answer("200 OK", "")).await;
    let error = ask(&plain(&server)).await.unwrap_err();
    assert!(error.contains("try https:"), "{error}");
    let server = Server::start(|_, _| Act::Hang).await;
    let secure = secure(&server, &authority);
    // The first bytes of TLS are no line, so that this server waits.
    let server = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = Address::prometheus(&format!("https://localhost:{}", server.local_addr().unwrap().port())).unwrap();
    let secure = Client { address, ..secure };
    let answered = async {
        let (mut stream, _) = server.accept().await.unwrap();
        tokio::io::AsyncWriteExt::write_all(&mut stream, b"HTTP/1.1 400 Bad Request\r\n\r\n").await.unwrap();
        stream
    };
    let (error, _stream) = tokio::join!(ask(&secure), answered);
    let error = error.unwrap_err();
    assert!(error.contains("try http:"), "{error}");
}

#[test]
fn a_token_in_plain_text_is_worth_a_word() {
    let warnings = |address: &str, token: bool, authorities: bool| {
        let file = |is| Some(PathBuf::from("file")).filter(|_| is);
        Client::new(Address::prometheus(address).unwrap(), file(token), file(authorities)).warnings().len()
    };
    for (address, token, authorities, count) in [
        ("https://prometheus", true, true, 0),
        ("http://prometheus", false, false, 0),
        ("http://prometheus", true, false, 1),
        ("http://prometheus", true, true, 2),
        ("http://127.0.0.1:9090", true, false, 0),
        ("http://[::1]:9090", true, false, 0),
        ("http://localhost", true, false, 0),
    ] {
        assert_eq!(warnings(address, token, authorities), count, "{address}");
    }
}
