//! Requests: the names and values that generated policies look at, and bytes that nobody expects.

use proptest::prelude::*;
use proptest::sample::{Index, select};

use crate::headers::Lines;

/// Operands of conditions.
pub const TEXTS: &[&str] = &["", "a", "/", "u1", "shenzhen", "ShenZhen", "example", "GET", "é", "1.3.0-beta"];
/// Values of headers, cookies and parameters; many units are among them.
pub const VALUES: &[&str] = &[
    "",
    "a",
    "u0",
    "u1",
    "u2",
    "u3",
    "u4",
    "u5",
    "u6",
    "u7",
    "u8",
    "u9",
    "u10",
    "u11",
    "shenzhen",
    "SHENZHEN",
    "1.5",
    "-1",
    "007",
    "1.3.0-beta",
    "v2",
    "用户1",
    "a b",
    "%41",
];

/// One request out of these. `tags` are the tags of the policy it is sent to.
pub fn request(tags: Vec<String>) -> impl Strategy<Value = Lines> {
    let tag = tag(tags);
    prop::collection::vec(line(tag), 0..14).prop_map(Lines)
}

/// Any headers at all, their names too.
pub fn arbitrary() -> impl Strategy<Value = Lines> {
    let name = prop_oneof![
        4 => select(NAMES).prop_map(|name| name.as_bytes().to_vec()),
        1 => any::<Vec<u8>>(),
    ];
    prop::collection::vec((name, any::<Vec<u8>>()), 0..20).prop_map(Lines)
}

/// The cluster that was chosen before the filter ran: one of Istio's, a plain one, none, or nonsense.
pub fn destination() -> impl Strategy<Value = Option<Vec<u8>>> {
    prop_oneof![
        Just(None),
        (0..3_usize, 0..3_usize).prop_map(|(line, service)| {
            Some(format!("outbound|80||{}", crate::policy::service(line, service)).into_bytes())
        }),
        (0..3_usize, 0..3_usize).prop_map(|(line, service)| Some(crate::policy::service(line, service).into_bytes())),
        (0..3_usize, any::<bool>()).prop_map(|(number, is_istios)| {
            let target = crate::policy::target(number);
            Some(if is_istios { format!("outbound|8443|v1|{target}") } else { target }.into_bytes())
        }),
        any::<Vec<u8>>().prop_map(Some),
    ]
}

const NAMES: &[&str] = &[
    ":path",
    ":authority",
    ":method",
    "cookie",
    "baggage",
    "x-env-tag",
    "x-lane",
    "x-weir-subset",
    "x-weir-cluster",
    "x-weir-",
    "x-weir-weight",
    "lane-weight",
    "content-type",
    "x-forwarded-proto",
    "access-control-request-method",
    "x-user-id",
    "x-h0",
    "x-h1",
    "x-other",
];

type Line = (Vec<u8>, Vec<u8>);

fn line(tag: impl Strategy<Value = String> + Clone + 'static) -> impl Strategy<Value = Line> {
    let value = || prop_oneof![6 => select(VALUES).prop_map(|value| value.as_bytes().to_vec()), 1 => any::<Vec<u8>>()];
    let named = |names: &'static [&'static str]| select(names).prop_map(|name| name.as_bytes().to_vec());
    let tags = prop::collection::vec(tag, 0..4).prop_map(|tags| tags.join(",").into_bytes());
    prop_oneof![
        4 => (named(&["x-user-id", "x-device", "x-h0", "x-h1", "x-other"]), value()),
        1 => (named(&["x-weir-subset", "x-weir-cluster", "x-weir-any", "x-weir-weight", "lane-weight"]), value()),
        1 => (named(&["content-type"]), select(vec!["application/grpc", "text/html"]).prop_map(|kind| kind.into())),
        2 => (named(&[":authority", ":method"]), value()),
        1 => (named(&[":method", "access-control-request-method"]), Just(b"OPTIONS".to_vec())),
        1 => (named(&["x-forwarded-proto", ":scheme"]), select(vec!["https", "http"]).prop_map(|scheme| scheme.into())),
        2 => (named(&[":path"]), path()),
        2 => (named(&["cookie"]), crumbs()),
        2 => (named(&["x-env-tag", "x-lane"]), tags.clone()),
        2 => (named(&["baggage"]), baggage(tags)),
        1 => (named(NAMES), any::<Vec<u8>>()),
    ]
}

fn path() -> impl Strategy<Value = Vec<u8>> {
    let parameter = (select(vec!["q0", "uid", "other", "%75id"]), select(VALUES));
    (select(vec!["/", "/a", "/a/b", "/checkout", ""]), prop::collection::vec(parameter, 0..3)).prop_map(
        |(path, parameters)| {
            let query: Vec<String> = parameters.iter().map(|(name, value)| format!("{name}={value}")).collect();
            format!("{path}?{}", query.join("&")).into_bytes()
        },
    )
}

fn crumbs() -> impl Strategy<Value = Vec<u8>> {
    // One of them has the form of an id that was issued, one is a tag that may be in force, some are JSON.
    let json = select(vec![r#"{"uid":"u1"}"#, r#"{"a":[{}],"uid":"%75\u0032"}"#, "%7B%22uid%22:3}", r#"{"uid":null}"#]);
    let value = prop_oneof![
        4 => select(VALUES),
        1 => Just("AAAAAAAAAAAAAAAAAAAAAA"),
        1 => Just("e00.canary"),
        1 => json,
    ];
    let crumb = (select(vec!["user_id", "profile", "weir_id", "c0", "other", "lane", "tags"]), value);
    prop::collection::vec(crumb, 0..4).prop_map(|crumbs| {
        crumbs.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ").into_bytes()
    })
}

fn baggage(tags: impl Strategy<Value = Vec<u8>>) -> impl Strategy<Value = Vec<u8>> {
    let around = select(vec!["", "userId=alice", "a=1;p=2, b=2", "env_tag=forged", " , "]);
    (around.clone(), tags, around).prop_map(|(before, tags, behind)| {
        let tags = String::from_utf8_lossy(&tags).replace(',', "%2C");
        format!("{before}, env_tag = {tags} ;ttl=1,{behind}").into_bytes()
    })
}

/// A tag of the policy, a forged one, or what is no tag.
fn tag(tags: Vec<String>) -> impl Strategy<Value = String> + Clone {
    let forged = select(vec!["forged", "lane-7", "-no", "a b", "", "e0.canary", "é"]).prop_map(str::to_owned);
    let known = any::<Index>().prop_map(move |index| match tags.as_slice() {
        [] => "unknown".to_owned(),
        tags => index.get(tags).clone(),
    });
    prop_oneof![2 => known, 1 => forged]
}
