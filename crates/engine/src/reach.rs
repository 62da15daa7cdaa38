//! Which responses may set a cookie: by the scheme of the request and by its path.

use crate::attributes::Values;
use crate::plan::Cookie;

impl Cookie {
    /// Whether browsers would take the cookie from the response to this request, and send it with the request again.
    pub(crate) fn reaches(&self, is_https: bool, values: Values<'_>) -> bool {
        let path = |attribute| values.of(attribute).next().unwrap_or_default();
        (is_https || !self.life.needs_https())
            && self.request_path.is_none_or(|attribute| is_under(path(attribute), self.life.path.as_bytes()))
    }
}

/// RFC 6265, section 5.1.4.
fn is_under(path: &[u8], cookie_path: &[u8]) -> bool {
    let Some(rest) = path.strip_prefix(cookie_path) else { return false };
    rest.is_empty() || rest.starts_with(b"/") || cookie_path.ends_with(b"/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths() {
        for (cookie_path, path, expected) in [
            ("/shop", "/shop", true),
            ("/shop", "/shop/", true),
            ("/shop", "/shop/cart", true),
            ("/shop", "/shopping", false),
            ("/shop", "/Shop", false),
            ("/shop", "/sho", false),
            ("/shop", "/", false),
            ("/shop", "", false),
            ("/shop", "shop", false),
            ("/shop", "/a/shop", false),
            ("/shop", "/sh%6fp", false),
            ("/shop", "/shop;a=1", false),
            ("/shop/", "/shop", false),
            ("/shop/", "/shop/", true),
            ("/shop/", "/shop/cart", true),
            ("/shop/", "/shop//", true),
        ] {
            assert_eq!(is_under(path.as_bytes(), cookie_path.as_bytes()), expected, "{path} under {cookie_path}");
        }
    }
}
