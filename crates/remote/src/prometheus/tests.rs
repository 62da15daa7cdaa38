//! Answers as a Prometheus, what stands in front of one, and something else give them. Where a case is one that users of
//! other tools have reported, it says where.

use std::time::SystemTime;

use super::*;
use crate::address::Address;
use crate::testing::{Act, Server, answer};

fn at() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_millis(1_700_000_000_250)
}

fn client(server: &Server) -> Prometheus {
    Prometheus::new(Client::new(Address::prometheus(&format!("http://{}", server.address)).unwrap(), None, None))
}

async fn number(status: &'static str, body: &str) -> Result<Told, Trouble> {
    let body = body.to_owned();
    let server = Server::start(move |_, _| answer(status, &body)).await;
    client(&server).number("sum(up)", at()).await
}

fn success(kind: &str, result: &str) -> String {
    format!(r#"{{"status":"success","data":{{"resultType":"{kind}","result":{result}}}}}"#)
}

fn sample(labels: &str, value: &str) -> String {
    format!(r#"{{"metric":{{{labels}}},"value":[1700000000.25,"{value}"]}}"#)
}

#[tokio::test]
async fn one_series_and_a_scalar_are_one_number() {
    for (value, expected) in [
        ("0", Answer::Number(0.0)),
        ("42", Answer::Number(42.0)),
        ("-1.5", Answer::Number(-1.5)),
        ("1.7e+09", Answer::Number(1.7e9)),
        // fluxcd/flagger#1095: NaN did not halt the release. kedacore/keda#7475: it became -9223372036854775808.
        ("NaN", Answer::NotANumber("NaN")),
        // kedacore/keda#3644: so did +Inf.
        ("+Inf", Answer::NotANumber("+Inf")),
        ("-Inf", Answer::NotANumber("-Inf")),
    ] {
        let vector = number("200 OK", &success("vector", &format!("[{}]", sample(r#""a":"b""#, value)))).await;
        assert_eq!(vector.unwrap().answer, expected, "{value}");
        let scalar = number("200 OK", &success("scalar", &format!(r#"[1700000000,"{value}"]"#))).await;
        assert_eq!(scalar.unwrap().answer, expected, "{value}");
    }
}

/// argoproj/argo-rollouts#1466: an empty vector was an index out of range, and an abort. fluxcd/flagger#1353: a release
/// without traffic could not go on.
#[tokio::test]
async fn no_series_is_an_answer_of_its_own() {
    let told = number("200 OK", &success("vector", "[]")).await.unwrap();
    assert_eq!(told, Told { answer: Answer::NoSeries, warnings: Vec::new() });
}

/// The first of several is any of them.
#[tokio::test]
async fn several_series_are_told_apart_and_not_chosen_from() {
    let two = [sample(r#""job":"owl","pod":"a""#, "1"), sample(r#""job":"owl","pod":"b","new":"1""#, "2")].join(",");
    let error = number("200 OK", &success("vector", &format!("[{two}]"))).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "the query has 2 series as its answer, and one number is wanted: {pod=\"a\"} and {new=\"1\", pod=\"b\"}; put sum(…) \
         around it, or max(…)"
    );
    assert!(!error.is_of_the_server());
}

#[tokio::test]
async fn what_is_no_number_says_what_it_is() {
    for (kind, result, said) in [
        // fluxcd/flagger#1636: a range vector was a panic.
        ("matrix", r#"[{"metric":{},"values":[[1,"2"],[2,"3"]]}]"#, "has a range vector as its answer"),
        ("matrix", "[]", "has a range vector as its answer"),
        ("string", r#"[1,"text"]"#, "has a string as its answer"),
        ("streams", "[]", "has a streams as its answer"),
        ("vector", r#"[{"metric":{},"histogram":[1,{"count":"1"}]}]"#, "has a native histogram as its answer"),
        ("vector", r#"[{"metric":{},"value":[1,"many"]}]"#, "not of its API: the value many"),
        ("vector", r#"[{"metric":{},"value":["1"]}]"#, "not of its API: status 200, {"),
        ("vector", r#"[{"metric":[],"value":[1,"2"]}]"#, "not of its API"),
        ("vector", "null", "not of its API"),
        ("scalar", "[1,2]", "not of its API"),
        ("scalar", "[]", "not of its API"),
    ] {
        let error = number("200 OK", &success(kind, result)).await.unwrap_err().to_string();
        assert!(error.contains(said), "{kind} {result}: {error}");
    }
}

#[tokio::test]
async fn its_own_words_are_told() {
    let error = |kind: &str, text: &str| format!(r#"{{"status":"error","errorType":"{kind}","error":"{text}"}}"#);
    for (status, body, code, said, of_the_server) in [
        // iter8-tools/iter8-analytics#114: what the server said of a bad query was an exception.
        (
            "400 Bad Request",
            error("bad_data", "parse error at char 54"),
            "refused",
            "answered 400: bad_data: parse error at char 54",
            false,
        ),
        (
            "422 Unprocessable Entity",
            error("execution", "too many samples"),
            "refused",
            "answered 422: execution: too many samples",
            false,
        ),
        (
            "503 Service Unavailable",
            error("timeout", "query timed out"),
            "refused",
            "answered 503: timeout: query timed out",
            true,
        ),
        ("200 OK", error("internal", "partial"), "refused", "answered 200: internal: partial", false),
        ("429 Too Many Requests", "slow down".to_owned(), "refused", "answered 429: slow down", true),
        ("502 Bad Gateway", "<html>\n<h1>502</h1>".to_owned(), "refused", "answered 502: <html> <h1>502</h1>", true),
        // fluxcd/flagger#193: what is asked at another path than it is served at.
        (
            "404 Not Found",
            "404 page not found".to_owned(),
            "unlike",
            "status 404, 404 page not found; is the path of the address right?",
            true,
        ),
        // go-pluto/styx#6: `invalid character '<' looking for beginning of value`.
        (
            "200 OK",
            "<!DOCTYPE html><title>Log in</title>".to_owned(),
            "unlike",
            "status 200, <!DOCTYPE html><title>Log in</title>;",
            true,
        ),
        ("200 OK", String::new(), "unlike", "status 200, nothing;", true),
        ("200 OK", "{}".to_owned(), "unlike", "status 200, {};", true),
        ("200 OK", r#"{"status":"success"}"#.to_owned(), "unlike", "status 200, {\"status\":\"success\"};", true),
        ("200 OK", "[".repeat(100_000), "unlike", "[[[…", true),
        // argoproj/argo-rollouts#2500: who lets in only with a password was not asked for one.
        ("401 Unauthorized", "Unauthorized".to_owned(), "not_let_in", "answered 401: Unauthorized; give a token", true),
    ] {
        let error = number(status, &body).await.unwrap_err();
        assert_eq!((error.code(), error.is_of_the_server()), (code, of_the_server), "{error}");
        assert!(error.to_string().contains(said), "{error}");
    }
}

#[tokio::test]
async fn an_answer_that_is_too_long_is_left() {
    let series = vec![sample(r#""pod":"owl-0123456789""#, "1"); 20_000].join(",");
    let error = number("200 OK", &success("vector", &format!("[{series}]"))).await.unwrap_err();
    assert_eq!(error, Trouble::TooLong(NUMBER_BYTES_MAX));
}

#[tokio::test]
async fn warnings_come_with_the_answer() {
    let body = r#"{"status":"success","warnings":["a store was\nnot reached"],"infos":["b","c","d","e","f"],
        "data":{"resultType":"scalar","result":[1,"2"],"stats":{}},"more":1}"#;
    let told = number("200 OK", body).await.unwrap();
    assert_eq!(told.answer, Answer::Number(2.0));
    assert_eq!(told.warnings, ["a store was not reached", "b", "c", "d", "e"]);
}

#[tokio::test]
async fn all_series_are_read_within_a_bound() {
    let two = success("vector", &format!("[{},{}]", sample(r#""a":"b""#, "1"), sample("", "NaN")));
    for (body, bytes_max, expected) in [
        (two.clone(), two.len(), Ok(vec![("b", "1"), ("", "NaN")])),
        (two.clone(), two.len() - 1, Err("too_long")),
        (success("vector", "[]"), 1_000, Ok(Vec::new())),
        (success("scalar", r#"[1,"2"]"#), 1_000, Err("other_type")),
        (success("vector", "[1]"), 1_000, Err("unlike")),
        (r#"{"status":"success"}"#.to_owned(), 1_000, Err("unlike")),
    ] {
        let server = Server::start(move |_, _| answer("200 OK", &body)).await;
        let series = client(&server).series("x", bytes_max).await;
        let shown = |one: Series| (one.labels.get("a").cloned().unwrap_or_default(), one.value);
        let series = series.map(|all| all.into_iter().map(shown).collect::<Vec<_>>());
        let expected =
            expected.map(|all| all.iter().map(|(label, value)| (label.to_string(), value.to_string())).collect());
        assert_eq!(series.map_err(|trouble| trouble.code()), expected);
        assert!(server.seen()[0].head.starts_with("GET /api/v1/query?query=x HTTP/1.1\r\n"));
    }
}

/// robusta-dev/krr#66: what stands between refuses long URLs. A short one is not posted, as some let in only who reads.
#[tokio::test]
async fn long_queries_are_posted_and_each_has_its_time() {
    let server = Server::start(|_, _| answer("200 OK", &success("vector", "[]"))).await;
    let prometheus = client(&server);
    prometheus.number(r#"sum(a{b="c d+ä&"})"#, at()).await.unwrap();
    prometheus.number(&format!("sum({})", "a".repeat(4_000)), at()).await.unwrap();
    let [short, long] = &server.seen()[..] else { panic!("{:?}", server.seen()) };
    let form = "query=sum%28a%7Bb%3D%22c+d%2B%C3%A4%26%22%7D%29&time=1700000000.250&timeout=5s";
    assert!(short.head.starts_with(&format!("GET /api/v1/query?{form} HTTP/1.1\r\n")), "{}", short.head);
    assert!(long.head.starts_with("POST /api/v1/query HTTP/1.1\r\n"), "{}", long.head);
    assert!(long.head.contains("content-type: application/x-www-form-urlencoded\r\n"), "{}", long.head);
    assert!(long.body.starts_with("query=sum%28aaa") && long.body.ends_with("&time=1700000000.250&timeout=5s"));
}

/// kedacore/keda#702: each of two queries had the answer of the other.
#[tokio::test]
async fn several_queries_have_each_its_own_answer() {
    let server = Server::start(|_, seen| {
        let query = seen.head.split(['=', '&']).nth(1).unwrap_or_default();
        if query == "7" {
            answer("500 Oh", "no")
        } else {
            answer("200 OK", &success("scalar", &format!("[1,\"{query}\"]")))
        }
    });
    let server = server.await;
    let queries: Vec<String> = (0..50).map(|number| number.to_string()).collect();
    let answers = client(&server).numbers(&queries, at()).await;
    assert_eq!(answers.len(), 50);
    for (number, answer) in answers.into_iter().enumerate() {
        let expected =
            if number == 7 { Err(Trouble::Refused(500, "no".to_owned())) } else { Ok(Answer::Number(number as f64)) };
        assert_eq!(answer.map(|told| told.answer), expected);
    }
}

/// pipe-cd/pipecd#1245: a query that took long failed the release. Here it holds up nothing, and all together are as fast.
#[tokio::test(start_paused = true)]
async fn queries_that_hang_are_left_together() {
    let server = Server::start(|_, _| Act::Hang).await;
    let start = Instant::now();
    let answers = client(&server).numbers(&vec!["up".to_owned(); 50], at()).await;
    assert!(start.elapsed() < DEADLINE + Duration::from_millis(100), "{:?}", start.elapsed());
    assert!(answers.iter().all(|answer| *answer == Err(Trouble::Late(5))) && answers.len() == 50);
}

/// fluxcd/flagger#1581: a name that nobody has was a check that passed.
#[tokio::test]
async fn a_metric_is_known_by_its_name_alone() {
    for (body, known) in [
        (r#"{"status":"success","data":["cart.\"calls\""]}"#, true),
        (r#"{"status":"success","data":["a","cart.\"calls\"","b"]}"#, true),
        (r#"{"status":"success","data":["cart.\"calls\"_total"]}"#, false),
        (r#"{"status":"success","data":[]}"#, false),
        (r#"{"status":"success","data":null}"#, false),
    ] {
        let server = Server::start(move |_, _| answer("200 OK", body)).await;
        assert_eq!(client(&server).knows("cart.\"calls\"", at()).await, Ok(known));
        let head = server.seen().remove(0).head;
        let asked = "GET /api/v1/label/__name__/values?match%5B%5D=%7B__name__%3D%22cart.%5C%22calls%5C%22%22%7D\
                     &start=1699996400.250&end=1700000000.250 HTTP/1.1\r\n";
        assert!(head.starts_with(asked), "{head}");
    }
    let server = Server::start(|_, _| answer("200 OK", r#"{"status":"success","data":[1]}"#)).await;
    assert_eq!(client(&server).knows("a", at()).await.unwrap_err().code(), "unlike");
}

#[tokio::test]
async fn a_range_has_each_series_with_its_values() {
    let body = r#"{"status":"success","data":{"resultType":"matrix","result":[
        {"metric":{"part":"3"},"values":[[1700000000,"1"],[1700000010.5,"NaN"],[1700000020,"2.5"]]},{"metric":{}}]},
        "warnings":["a store was not reached"]}"#;
    let server = Server::start(move |_, _| answer("200 OK", body)).await;
    let asked =
        client(&server).range("up", (at(), at() + Duration::from_secs(20)), Duration::from_millis(10_500), 1_000).await;
    let Ranges { series: ranges, warnings } = asked.unwrap();
    assert_eq!(warnings, ["a store was not reached"]);
    assert_eq!(ranges[0].labels, [("part".to_owned(), "3".to_owned())].into());
    assert_eq!(ranges[0].points, [(1_700_000_000.0, 1.0), (1_700_000_020.0, 2.5)], "what is no number is left out");
    assert_eq!((ranges[0].no_numbers, ranges[1].no_numbers), (1, 0));
    assert_eq!(ranges[1].points, []);
    let asked = "GET /api/v1/query_range?query=up&start=1700000000.250&end=1700000020.250&step=10.500 HTTP/1.1\r\n";
    let head = server.seen().remove(0).head;
    assert!(head.starts_with(asked), "{head}");
    let vector = r#"{"status":"success","data":{"resultType":"vector","result":[]}}"#;
    let server = Server::start(move |_, _| answer("200 OK", vector)).await;
    let asked = client(&server).range("up", (at(), at()), Duration::from_secs(1), 1_000).await;
    assert_eq!(asked.unwrap_err().code(), "other_type");
}
