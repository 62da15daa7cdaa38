//! Where a server is: a URL of http or https, and what of it may be shown.

use std::fmt;

use hyper::Uri;
use hyper::http::uri::{Authority, Scheme};

/// A URL that was looked through. Shown without what may be a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    scheme: Scheme,
    authority: Authority,
    /// What stands before the path of each question, without a slash at its end.
    base: String,
    /// With `?`; only webhooks have one.
    query: String,
    /// Webhooks of chats have their secret in the path.
    shows_path: bool,
}

impl Address {
    /// The address of a Prometheus: what is before `/api/v1`, as in `https://host/prom/`. `HOST:PORT` is one of http.
    ///
    /// # Errors
    /// What is wrong with it, and what would do.
    pub fn prometheus(text: &str) -> Result<Address, String> {
        let is_of_http =
            text.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok()) && !text.contains('/');
        let address =
            if is_of_http { Address::parse(&format!("http://{text}"), true)? } else { Address::parse(text, true)? };
        if !address.query.is_empty() {
            return Err("has a query; give what stands before /api/v1".to_owned());
        }
        match address.base.find("/api/v1") {
            Some(at) => Err(format!("goes into the API; give what stands before {}", &address.base[at..])),
            None => Ok(address),
        }
    }

    /// The address of a webhook, taken whole.
    ///
    /// # Errors
    /// What is wrong with it, and what would do.
    pub fn webhook(text: &str) -> Result<Address, String> {
        Address::parse(text, false)
    }

    fn parse(text: &str, shows_path: bool) -> Result<Address, String> {
        let form = "give http://HOST:PORT or https://HOST, with a path if there is one";
        if text.contains('#') {
            return Err("has a fragment (#…), which no server is told; leave it out".to_owned());
        }
        let uri: Uri = text.parse().map_err(|error| format!("is no URL: {error}; {form}"))?;
        let parts = uri.into_parts();
        let (Some(scheme), Some(authority)) = (parts.scheme, parts.authority) else {
            return Err(format!("is no whole URL; {form}"));
        };
        if scheme != Scheme::HTTP && scheme != Scheme::HTTPS {
            return Err(format!("is of {scheme}:, and only http: and https: are spoken; {form}"));
        }
        if authority.as_str().contains('@') {
            return Err(
                "has a user or password in it, which would stand in process lists and logs; give a token by a file"
                    .to_owned(),
            );
        }
        let path = parts.path_and_query;
        let query = path.as_ref().and_then(|path| path.query());
        let query = query.map(|query| format!("?{query}")).unwrap_or_default();
        let base = path.as_ref().map_or("", |path| path.path());
        let base = if shows_path { base.trim_end_matches('/') } else { base };
        Ok(Address { scheme, authority, base: base.to_owned(), query, shows_path })
    }

    pub(crate) fn is_https(&self) -> bool {
        self.scheme == Scheme::HTTPS
    }

    /// Whether only this machine hears what is said.
    pub(crate) fn is_loopback(&self) -> bool {
        let host = self.authority.host().trim_matches(['[', ']']);
        host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
    }

    /// The whole URL of this path and query of it.
    pub(crate) fn uri(&self, path: &str) -> Result<Uri, hyper::http::Error> {
        let path = format!("{}{path}{}", self.base, self.query);
        Uri::builder().scheme(self.scheme.clone()).authority(self.authority.clone()).path_and_query(path).build()
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme, self.authority)?;
        match (self.shows_path, self.base.as_str(), self.query.as_str()) {
            (true, base, _) => f.write_str(base),
            (false, "" | "/", "") => Ok(()),
            (false, ..) => f.write_str("/…"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// fluxcd/flagger#193: a path without a slash at its end was left out of what was asked.
    #[test]
    fn the_path_stays_with_a_slash_and_without() {
        for (text, shown) in [
            ("http://prometheus:9090", "http://prometheus:9090"),
            ("http://prometheus:9090/", "http://prometheus:9090"),
            ("prometheus:9090", "http://prometheus:9090"),
            ("[::1]:9090", "http://[::1]:9090"),
            ("https://host/prom", "https://host/prom"),
            ("https://host/prom/", "https://host/prom"),
            ("https://host/api/prom//", "https://host/api/prom"),
            ("http://[::1]:9090/a/b", "http://[::1]:9090/a/b"),
        ] {
            let address = Address::prometheus(text).unwrap();
            assert_eq!(address.to_string(), shown);
            assert_eq!(address.uri("/api/v1/query").unwrap().to_string(), format!("{shown}/api/v1/query"));
        }
    }

    #[test]
    fn what_is_no_address_says_what_would_be() {
        for (text, said) in [
            ("", "is no URL"),
            ("prometheus", "is no whole URL"),
            ("prometheus:", "is no whole URL"),
            ("ada:secret@prometheus:9090", "a user or password"),
            ("prometheus:90900", "is no"),
            ("prometheus:9090/prom", "is no"),
            ("/prom", "is no whole URL"),
            ("ftp://host", "only http: and https:"),
            ("https://host/prom#top", "a fragment"),
            ("https://ada:secret@host/", "a user or password"),
            ("https://host/prom?tenant=1", "what stands before /api/v1"),
            ("http://host/api/v1/query", "what stands before /api/v1/query"),
            ("http://höst/", "is no URL"),
        ] {
            let error = Address::prometheus(text).unwrap_err();
            assert!(error.contains(said), "{text}: {error}");
            assert!(!error.contains("secret"), "{error}");
        }
    }

    #[test]
    fn a_webhook_is_taken_whole_and_not_shown() {
        for (text, shown, asked) in [
            ("https://hooks.example/services/T0/B0/secret", "https://hooks.example/…", None),
            ("https://hooks.example/weir?key=secret", "https://hooks.example/…", None),
            ("https://hooks.example/weir/", "https://hooks.example/…", None),
            ("http://127.0.0.1:8080", "http://127.0.0.1:8080", Some("http://127.0.0.1:8080/")),
        ] {
            let address = Address::webhook(text).unwrap();
            assert_eq!(address.to_string(), shown);
            assert_eq!(address.uri("").unwrap().to_string(), asked.unwrap_or(text));
        }
    }
}
