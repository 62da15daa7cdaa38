//! What the response to a request sets: the units that were made for it, and the tag cookie where it changed.

use std::collections::BTreeMap;

use smallvec::SmallVec;
use weir_policy::model::SameSite;

use crate::decision::{Decision, Outcome, Reason};
use crate::exchange::Exchange;
use crate::plan::Cookie;

/// Lines of `set-cookie`.
pub type SetCookies = Vec<String>;

/// Whether scripts of the page may read a cookie.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reader {
    Page,
    Server,
}

impl Exchange<'_, '_> {
    /// The lines that the upstream's response gets. A reply that Envoy made itself gets none, nor does
    /// gRPC, nor a preflight.
    pub fn set_cookies(&self) -> SetCookies {
        let has_any = !self.request.issued.is_empty() || self.decision.plan.tag_cookie.is_some();
        if !has_any || !self.request.gets_cookies() {
            return SetCookies::new();
        }
        let is_https = self.request.is_https();
        let issued = self.issued().map(|(cookie, id)| cookie.set(id, Reader::Server, is_https));
        issued.chain(self.tag_cookie()).collect()
    }

    /// The units that were made for the request, each with its cookie.
    pub(crate) fn issued(&self) -> impl Iterator<Item = (&Cookie, &str)> {
        self.request.issued.iter().filter_map(|issued| {
            let unit = self.decision.plan.units.get(issued.unit)?;
            let cookie = unit.sources.get(issued.source)?.issue.as_ref()?;
            Some((cookie, issued.id.as_str()))
        })
    }

    fn tag_cookie(&self) -> Option<String> {
        let (cookie, source) = self.decision.plan.tag_cookie.as_ref()?;
        if !self.request.may_set(cookie) {
            return None;
        }
        let before = self.request.values().of(*source).next();
        let tags = self.decision.page_tags(before.unwrap_or_default()).join("%2C");
        match before {
            None if tags.is_empty() => None,
            Some(before) if !tags.is_empty() && before == tags.as_bytes() => None,
            _ => Some(cookie.set(&tags, Reader::Page, self.request.is_https())),
        }
    }
}

impl Decision<'_> {
    /// The tags by layer id. A layer whose experiment does not target this path keeps what the page was told before,
    /// so that the cookie does not flap between paths.
    fn page_tags(&self, before: &[u8]) -> SmallVec<[&str; 16]> {
        let keeps = self.outcomes.iter().any(|outcome| outcome.reason == Reason::NotTargeted);
        let had = if keeps { self.had(before) } else { BTreeMap::new() };
        let tag = |(layer, outcome): (usize, &Outcome)| match outcome.reason {
            Reason::NotTargeted => had.get(&layer).copied(),
            _ => self.in_force(layer).map(|variant| variant.tag.as_str()),
        };
        self.outcomes.iter().enumerate().filter_map(tag).collect()
    }

    /// The tags in a value of the cookie, of each layer the first whose experiment is enabled. Read once for all layers:
    /// a client may send thousands.
    fn had(&self, value: &[u8]) -> BTreeMap<usize, &str> {
        let mut had = BTreeMap::new();
        for tag in str::from_utf8(value).unwrap_or_default().split("%2C") {
            let Some((tag, of)) = self.plan.tags.get_key_value(tag) else { continue };
            let layer = self.plan.layers.get(of.layer);
            let experiment = layer.and_then(|layer| layer.experiments.get(of.experiment));
            if experiment.is_some_and(|experiment| experiment.enabled) {
                had.entry(of.layer).or_insert(tag.as_str());
            }
        }
        had
    }
}

impl Cookie {
    /// A line of `set-cookie`; an empty value removes the cookie.
    fn set(&self, value: &str, reader: Reader, is_https: bool) -> String {
        let Cookie { name, life, .. } = self;
        let same_site = match life.same_site {
            SameSite::Lax => "Lax",
            SameSite::Strict => "Strict",
            SameSite::None => "None",
        };
        let max_age = if value.is_empty() { 0 } else { life.max_age_seconds };
        let mut line = format!("{name}={value}; Path={}; SameSite={same_site}; Max-Age={max_age}", life.path);
        if let Some(domain) = &life.domain {
            line.push_str("; Domain=");
            line.push_str(domain);
        }
        if is_https {
            line.push_str("; Secure");
        }
        if life.partitioned {
            line.push_str("; Partitioned");
        }
        if reader == Reader::Server {
            line.push_str("; HttpOnly");
        }
        line
    }
}

#[cfg(test)]
mod tests {
    use crate::configure_json;

    #[test]
    fn how_the_client_came() {
        let envelope = br#"{"weir": 1, "policy": {"version": 1, "layers": [{"id": "l", "unit": "u"}],
            "units": {"u": [{"cookie": "id", "issue": {"max_age_seconds": 60, "same_site": "none"}}]}}}"#;
        let plan = configure_json(envelope).unwrap();
        let (scheme, proto) = (":scheme", "x-forwarded-proto");
        for (headers, is_https) in [
            (&[][..], false),
            (&[(scheme, "https")], true),
            (&[(proto, "https")], true),
            (&[(scheme, "http"), (proto, "https")], true),
            (&[(proto, "https"), (scheme, "http")], true),
            (&[(scheme, "https"), (proto, "http")], false),
            (&[(proto, "http"), (scheme, "https")], false),
            (&[(proto, "https"), (proto, "http")], true),
            (&[(proto, "http"), (proto, "https")], false),
            (&[(proto, "http,https")], false),
            (&[(proto, "HTTPS")], false),
            (&[(scheme, "https"), (proto, "")], false),
        ] {
            let headers = headers.iter().map(|(name, value)| (name.as_bytes(), value.as_bytes()));
            let exchange = plan.exchange(headers.clone(), || Some([7; 16]), |_| None, || None);
            assert_eq!(exchange.set_cookies().len(), usize::from(is_https), "{:?}", headers.collect::<Vec<_>>());
        }
    }
}
