//! The grammars of names: each function reports what is not as it says.

use super::cookies;
use crate::document::{At, Problems, SourceId, codes};
use crate::limits;
use crate::model;
use crate::written::{CookieLife, EnvTag, RouteTarget, UnitSource};

/// The most characters of a service's name: as many as a name in DNS has.
const SERVICE_BYTES_MAX: usize = 253;

/// `[A-Za-z0-9._-]{1,64}`.
fn is_id(text: &str) -> bool {
    (1..=limits::ID_LENGTH_MAX).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'))
}

/// `[A-Za-z0-9._-]{1,64}`.
pub fn id(text: &str, at: &At<'_>, problems: &mut Problems) {
    if !is_id(text) {
        problems.add(codes::BAD_ID, at, format!("found {text:?}; an id is 1 to 64 of A-Z a-z 0-9 . _ -"));
    }
}

/// An id that no output uses for something else.
pub fn experiment_id(text: &str, at: &At<'_>, problems: &mut Problems) {
    id(text, at, problems);
    if text == "-" {
        problems.add(codes::RESERVED_ID, at, "`-` says that no experiment had a say; call this one otherwise");
    }
}

/// An id that is not `stable`.
pub fn variant_id(text: &str, at: &At<'_>, problems: &mut Problems) {
    id(text, at, problems);
    if text == "stable" {
        problems.add(
            codes::RESERVED_ID,
            at,
            "`stable` is the version everybody else gets; call this variant otherwise",
        );
    }
}

pub(super) fn audience_id(text: &str, at: &At<'_>, problems: &mut Problems) {
    id(text, at, problems);
    if text == "-" {
        problems.add(codes::RESERVED_ID, at, "`-` says that no audience had a say; call this one otherwise");
    }
}

/// Whether this is a tag: `[A-Za-z0-9][A-Za-z0-9._-]{0,128}`.
pub fn is_tag(text: &[u8]) -> bool {
    text.len() <= limits::TAG_LENGTH_MAX
        && text.first().is_some_and(u8::is_ascii_alphanumeric)
        && text.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'))
}

/// What [`is_tag`] holds of.
pub fn tag(text: &str, at: &At<'_>, problems: &mut Problems) {
    if !is_tag(text.as_bytes()) {
        let grammar = "a letter or digit, then up to 128 of A-Z a-z 0-9 . _ -";
        problems.add(codes::BAD_ENV_TAG, at, format!("found {text:?}; an env tag is {grammar}"));
    }
}

/// A service of the file's namespace, if it has one: `NAME.NAMESPACE` or `NAME.NAMESPACE.svc…`.
pub fn service(text: &str, namespace: Option<&str>, at: &At<'_>, problems: &mut Problems) {
    if !is_service(text) {
        problems.add(codes::BAD_SERVICE, at, no_service(text));
    }
    let mut labels = text.split('.').skip(1);
    if let Some(namespace) = namespace
        && !(labels.next() == Some(namespace) && matches!(labels.next(), None | Some("svc")))
    {
        problems.add(codes::FOREIGN_NAMESPACE, at, format!("{text} is not a service of the namespace {namespace}"));
    }
}

fn is_service(text: &str) -> bool {
    (1..=SERVICE_BYTES_MAX).contains(&text.len())
        && text.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'.' | b'_' | b'-'))
}

/// Why a text is the name of no service.
fn no_service(text: &str) -> String {
    let found = format!("found {text:?}");
    let lower = text.to_ascii_lowercase();
    if text.len() > SERVICE_BYTES_MAX {
        return format!("found {} characters; a service has at most {}", text.len(), SERVICE_BYTES_MAX);
    }
    if text.parse::<std::net::IpAddr>().is_ok() {
        return format!("{found}, which is an address; a service has a name");
    }
    if is_service(&lower) {
        return format!("{found}; a service is in lower case: write {lower}");
    }
    match text.rsplit_once(':') {
        Some((name, port)) if is_service(name) && port.bytes().all(|byte| byte.is_ascii_digit()) => {
            format!("{found}; a service has no port: write {name}")
        }
        _ => format!("{found}; a service is one name of a-z 0-9 . _ - that begins with a letter or a digit"),
    }
}

/// Where a variant sends the requests for a service: to a subset of it, or to another service.
pub fn route_target(target: &RouteTarget, routed: &str, namespace: Option<&str>, at: &At<'_>, problems: &mut Problems) {
    match target {
        RouteTarget::Subset(text) => subset(text, at, problems),
        RouteTarget::Service(text) => {
            let at = at.key("service");
            service(text, namespace, &at, problems);
            if is_service(text) && !text.contains('.') {
                // A subset has no dot, so that a header with either says which of the two it names.
                let message = format!(
                    "found {text:?}, which could be a subset; write the service with its namespace, in a mesh of Istio in full: \
                     {text}.NAMESPACE.svc.cluster.local"
                );
                problems.add(codes::BAD_SERVICE, &at, message);
            } else if text == routed {
                let message = format!("{text} would lead to itself; name another service, or leave the route out");
                problems.add(codes::BAD_SERVICE, &at, message);
            }
        }
    }
}

fn subset(text: &str, at: &At<'_>, problems: &mut Problems) {
    if !is_dns_label(text) {
        problems.add(codes::BAD_SUBSET, at, format!("found {text:?}; a subset is a DNS label: 1 to 63 of a-z 0-9 -"));
    }
}

pub(super) fn namespace(text: &str, at: &At<'_>, problems: &mut Problems) {
    if !is_dns_label(text) {
        problems.add(codes::BAD_ID, at, format!("found {text:?}; a namespace is a DNS label: 1 to 63 of a-z 0-9 -"));
    }
}

fn is_dns_label(text: &str) -> bool {
    (1..=63).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
        && !text.starts_with('-')
        && !text.ends_with('-')
}

/// The characters of a token (RFC 9110, section 5.6.2).
fn is_token(text: &str) -> bool {
    let mark = |byte| b"!#$%&'*+-.^_`|~".contains(&byte);
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || mark(byte))
}

/// A header that a unit or a condition may read.
pub(super) fn readable_header(name: &str, tag_header: &str, at: &At<'_>, problems: &mut Problems) {
    let lower = name.to_ascii_lowercase();
    let reserved = if lower.starts_with(':') {
        "a pseudo-header; the conditions path, host and method read what they say"
    } else if lower == "cookie" {
        "read by the condition and the unit source `cookie`"
    } else if lower == "host" {
        "Envoy has no such header; the condition host reads it"
    } else if lower == tag_header {
        "the tag header, which says what was decided, not who asks"
    } else if lower.starts_with("x-weir-") {
        "one of Weir's own headers, dropped before anything is decided"
    } else if is_token(&lower) {
        return;
    } else {
        problems.add(codes::BAD_HEADER_NAME, at, format!("found {name:?}; this is not a header name"));
        return;
    };
    problems.add(codes::RESERVED_HEADER, at, format!("{name} cannot be used here: {reserved}"));
}

/// Headers that HTTP or Weir itself gives a meaning: tags cannot travel in them.
const UNFIT_FOR_TAGS: [&str; 13] = [
    "access-control-request-method",
    "baggage",
    "connection",
    "content-length",
    "content-type",
    "cookie",
    "host",
    "keep-alive",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "x-forwarded-proto",
];

/// A header that may carry a slot for Envoy's weighted clusters; lower-case or not.
pub(crate) fn weight_header(name: &str, at: &At<'_>, problems: &mut Problems) {
    let lower = name.to_ascii_lowercase();
    let steers = matches!(lower.as_str(), "x-weir-subset" | "x-weir-cluster");
    if steers || lower.starts_with(':') || UNFIT_FOR_TAGS.contains(&lower.as_str()) {
        problems.add(codes::RESERVED_HEADER, at, format!("a weight cannot travel in {name}; x-weir-weight would do"));
    } else if !is_token(&lower) {
        problems.add(codes::BAD_HEADER_NAME, at, format!("found {name:?}; this is not a header name"));
    }
}

/// The names to strip by where the policy is bad: those it gives if they are good, else the defaults.
pub(crate) fn env_tag_names(written: EnvTag) -> model::EnvTag {
    let mut problems = Problems::default();
    env_tag(&written, &At::Root { source: SourceId::FIRST }, &mut problems);
    if problems.is_empty() { resolved(written) } else { model::EnvTag::default() }
}

/// Defaults filled in, names in the case in which they are compared.
pub(super) fn resolved(written: EnvTag) -> model::EnvTag {
    let EnvTag { header, baggage, cookie, request_cookie } = written;
    let header = header.map_or_else(|| model::EnvTag::default().header, |header| header.to_ascii_lowercase());
    model::EnvTag { header, baggage, cookie, request_cookie }
}

pub(super) fn env_tag(env_tag: &EnvTag, at: &At<'_>, problems: &mut Problems) {
    if let Some(name) = &env_tag.header {
        let lower = name.to_ascii_lowercase();
        if lower.starts_with(':') || lower.starts_with("x-weir-") || UNFIT_FOR_TAGS.contains(&lower.as_str()) {
            problems.add(
                codes::RESERVED_HEADER,
                &at.key("header"),
                format!("tags cannot travel in {name}; x-env-tag would do"),
            );
        } else if !is_token(&lower) {
            problems.add(
                codes::BAD_HEADER_NAME,
                &at.key("header"),
                format!("found {name:?}; this is not a header name"),
            );
        }
    }
    for (key, name) in [("baggage", &env_tag.baggage), ("request_cookie", &env_tag.request_cookie)] {
        if let Some(name) = name {
            cookie_name(name, &at.key(key), problems);
        }
    }
    if let Some((name, life)) = &env_tag.cookie {
        let at = at.key("cookie");
        cookie_name(name, &at.key("name"), problems);
        cookie_life(life, &at, problems);
    }
}

pub(super) fn cookie_name(name: &str, at: &At<'_>, problems: &mut Problems) {
    if !is_token(name) {
        problems.add(
            codes::BAD_COOKIE_NAME,
            at,
            format!("found {name:?}; a name of letters, digits and - . _ would do"),
        );
    }
}

pub(super) fn unit_source(source: &UnitSource, env_tag: &model::EnvTag, at: &At<'_>, problems: &mut Problems) {
    match source {
        UnitSource::Header(name) => readable_header(name, &env_tag.header, &at.key("header"), problems),
        UnitSource::Cookie(name, value) => {
            cookie_name(name, &at.key("cookie"), problems);
            if let Some(key) = &value.json_key {
                cookies::json_key(key, &at.key("json"), problems);
            }
        }
        UnitSource::IssuedCookie(name, life) => {
            cookie_name(name, &at.key("cookie"), problems);
            cookie_life(life, &at.key("issue"), problems);
            let shows_tags = env_tag.cookie.iter().map(|(name, _)| name).chain(&env_tag.request_cookie);
            if shows_tags.into_iter().any(|known| known == name) {
                // Each would overwrite the other, and every visit would get another id.
                let message = format!("the cookie {name} carries the tags; issue the unit in another");
                problems.add(codes::CONFLICT, &at.key("cookie"), message);
            }
        }
        UnitSource::Query(_) => {}
    }
}

fn cookie_life(life: &CookieLife, at: &At<'_>, problems: &mut Problems) {
    cookies::path(&life.path, &at.key("path"), problems);
    if let Some(domain) = &life.domain
        && !domain.strip_prefix('.').unwrap_or(domain).split('.').all(is_dns_label)
    {
        problems.add(
            codes::BAD_DOMAIN,
            &at.key("domain"),
            format!("found {domain:?}; a lower-case host name would do"),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_service_is_told_in_its_own_words() {
        let name = |length: usize| "a".repeat(length);
        for (text, expected) in [
            (name(SERVICE_BYTES_MAX).as_str(), ""),
            ("owl.shop", ""),
            ("10.0.0.7", ""),
            (&name(SERVICE_BYTES_MAX + 1), "found 254 characters; a service has at most 253"),
            ("fe80::1", "which is an address"),
            ("Owl.Shop", "write owl.shop"),
            ("owl.shop:80", "write owl.shop"),
            ("*.example.com", "one name of a-z"),
            ("", "one name of a-z"),
            ("-owl", "one name of a-z"),
        ] {
            let mut problems = Problems::default();
            service(text, None, &At::Root { source: SourceId::FIRST }, &mut problems);
            let found = problems.into_vec().pop().map(|problem| problem.message);
            assert_eq!(found.is_some(), !expected.is_empty(), "{text}");
            assert!(found.is_none_or(|message| message.contains(expected)), "{text}");
        }
    }

    #[test]
    fn a_target_that_could_be_a_subset_is_proposed_in_full() {
        let mut problems = Problems::default();
        let target = RouteTarget::Service("lynx".to_owned());
        route_target(&target, "owl.shop", None, &At::Root { source: SourceId::FIRST }, &mut problems);
        let message = &problems.into_vec()[0].message;
        assert!(message.ends_with("in full: lynx.NAMESPACE.svc.cluster.local"), "{message}");
    }
}
