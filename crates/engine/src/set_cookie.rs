//! What the response to a request sets: the units that were made for it, and the tag cookie where it changed.

use smallvec::SmallVec;

use crate::decision::{Decision, Reason};
use crate::plan::Cookie;
use crate::request::Request;

/// Lines of `set-cookie`.
pub type SetCookies = Vec<String>;

/// Whether scripts of the page may read a cookie.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reader {
    Page,
    Server,
}

impl Decision<'_> {
    /// The lines that the upstream's response gets. A reply that Envoy made itself gets none, nor does gRPC.
    pub fn set_cookies(&self, request: &Request<'_>) -> SetCookies {
        if request.is_grpc {
            return SetCookies::new();
        }
        let https = request.is_https;
        let issued = self.issued(request).map(|(cookie, id)| cookie.set(id, Reader::Server, https));
        issued.chain(self.tag_cookie(request)).collect()
    }

    /// The units that were made for a request, each with its cookie.
    pub(crate) fn issued<'a>(&'a self, request: &'a Request<'_>) -> impl Iterator<Item = (&'a Cookie, &'a str)> {
        request.issued.iter().filter_map(|issued| {
            let cookie = self.plan.units.get(issued.unit)?.sources.iter().find_map(|source| source.issue.as_ref())?;
            Some((cookie, issued.id.as_str()))
        })
    }

    fn tag_cookie(&self, request: &Request<'_>) -> Option<String> {
        let (cookie, source) = self.plan.tag_cookie.as_ref()?;
        let before = request.values().of(*source).next();
        let tags = self.page_tags(before.unwrap_or_default()).join("%2C");
        match before {
            None if tags.is_empty() => None,
            Some(before) if !tags.is_empty() && before == tags.as_bytes() => None,
            _ => Some(cookie.set(&tags, Reader::Page, request.is_https)),
        }
    }

    /// The tags by layer id. A layer whose experiment does not target this path keeps what the page was told before,
    /// so that the cookie does not flap between paths.
    fn page_tags(&self, before: &[u8]) -> SmallVec<[&str; 16]> {
        let before = str::from_utf8(before).unwrap_or_default();
        let tag = |(layer, outcome): (usize, &crate::decision::Outcome)| match outcome.reason {
            Reason::NotTargeted => before.split("%2C").find_map(|tag| self.still_in_force(layer, tag)),
            _ => self.in_force(layer).map(|variant| variant.tag.as_str()),
        };
        self.outcomes.iter().enumerate().filter_map(tag).collect()
    }

    /// The tag, if it is one of an enabled experiment of this layer.
    fn still_in_force(&self, layer: usize, tag: &str) -> Option<&str> {
        let (known, of) = self.plan.tags.get_key_value(tag).filter(|(_, of)| of.layer == layer)?;
        let experiment = self.plan.layers.get(layer)?.experiments.get(of.experiment)?;
        experiment.enabled.then_some(known.as_str())
    }
}

impl Cookie {
    /// A line of `set-cookie`; an empty value removes the cookie.
    fn set(&self, value: &str, reader: Reader, https: bool) -> String {
        let Cookie { name, life } = self;
        let max_age = if value.is_empty() { 0 } else { life.max_age_seconds };
        let mut line = format!("{name}={value}; Path=/; SameSite=Lax; Max-Age={max_age}");
        if let Some(domain) = &life.domain {
            line.push_str("; Domain=");
            line.push_str(domain);
        }
        if https {
            line.push_str("; Secure");
        }
        if reader == Reader::Server {
            line.push_str("; HttpOnly");
        }
        line
    }
}
