//! The authority of a server's certificate, where it is not Istio's: in the attachment file, or in a file of the proxy's container.

use weir_policy::fields::{self, Fields};
use weir_policy::{At, Problems, Spanned, codes};

/// The most bytes of certificates that an attachment file holds: they go into an object of Kubernetes.
pub(crate) const PEM_BYTES_MAX: usize = 64 * 1024;
const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
const END: &str = "-----END CERTIFICATE-----";

/// An authority whose certificates are trusted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Authority {
    /// Certificates, PEM.
    Pem(String),
    /// The path of such a file in the proxy's container, which istio-agent watches.
    File(String),
}

impl Authority {
    /// `{pem: TEXT}` or `{file: PATH}`.
    pub fn read(node: Spanned, at: &At<'_>, problems: &mut Problems) -> Option<Authority> {
        let mut fields = Fields::open(node, at, problems)?;
        let mut text = |key, problems: &mut Problems| {
            let node = fields.take(key);
            node.map(|node| fields::string(node, &at.key(key), problems))
        };
        let (pem, file) = (text("pem", problems), text("file", problems));
        fields.finish(problems);
        match (pem, file) {
            (Some(pem), None) => self::pem(pem?, &at.key("pem"), problems),
            (None, Some(path)) => self::file(path?, &at.key("file"), problems),
            (None, None) => {
                let message = "says nothing of the authority; one of pem and file would do, or no `ca` for Istio's own";
                problems.add(codes::MISSING_FIELD, at, message);
                None
            }
            (Some(_), Some(_)) => {
                problems.add(codes::CONFLICT, at, "certificates lie in one place; keep one of pem and file");
                None
            }
        }
    }
}

fn pem(text: String, at: &At<'_>, problems: &mut Problems) -> Option<Authority> {
    if text.len() > PEM_BYTES_MAX {
        problems.add(codes::LIMIT, at, format!("{} bytes; at most {PEM_BYTES_MAX} are allowed", text.len()));
        return None;
    }
    match refused(&text) {
        None => Some(Authority::Pem(text)),
        Some(message) => {
            let message = format!("{message}; certificates in PEM would do, each from {BEGIN} to {END}");
            problems.add(codes::BAD_VALUE, at, message);
            None
        }
    }
}

/// Why a text is no list of certificates, if it is none: an Envoy that gets such a cluster refuses it.
fn refused(text: &str) -> Option<String> {
    if text.contains("PRIVATE KEY") {
        return Some("found a private key, which every proxy would be sent".to_owned());
    }
    let mut blocks = text.split(BEGIN);
    let before = blocks.next().unwrap_or_default();
    if before.contains("-----") {
        return Some("found something else in PEM before the first certificate".to_owned());
    }
    let mut count = 0_usize;
    for block in blocks {
        count += 1;
        let Some((body, rest)) = block.split_once(END) else {
            return Some(format!("certificate {count} does not end"));
        };
        if !is_certificate(body) || rest.contains("-----") {
            return Some(format!("certificate {count} is none: what stands in it is not Base64 of one"));
        }
    }
    (count == 0).then(|| "found no certificate".to_owned())
}

/// Whether a text is Base64 of what can be a certificate: of a sequence in DER, which begins with 0x30 and so with M.
fn is_certificate(body: &str) -> bool {
    let body: Vec<u8> = body.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    let padding = body.iter().rev().take_while(|byte| **byte == b'=').count();
    let digits = &body[..body.len() - padding];
    body.first() == Some(&b'M')
        && body.len().is_multiple_of(4)
        && padding <= 2
        && digits.iter().all(|byte| byte.is_ascii_alphanumeric() || b"+/".contains(byte))
}

fn file(path: String, at: &At<'_>, problems: &mut Problems) -> Option<Authority> {
    // By istio-agent's names of secrets ~ stands between two paths.
    if path.starts_with('/') && !path.contains('~') && !path.contains(char::is_control) {
        return Some(Authority::File(path));
    }
    let message = format!(
        "found {path:?}; the path is one of the proxy's container, begins with / and has no ~: /etc/weir/ca.pem would do"
    );
    problems.add(codes::BAD_VALUE, at, message);
    None
}
