//! One server of others over http or https: what is asked of it, within a time and a size.

use std::error::Error;
use std::fs;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::header::{
    ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue, LOCATION, USER_AGENT, WWW_AUTHENTICATE,
};
use hyper::{Request, Response, StatusCode};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client as Pool;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::ClientConfig;
use tokio::time::timeout;

use crate::address::Address;
use crate::file;
use crate::trouble::{Trouble, start_of};
use crate::trust;

/// How long one question may take from the first byte of its connection to the last of its answer. Half a tick.
pub const DEADLINE: Duration = Duration::from_secs(5);
/// Connections that nobody used for so long are closed: what stands between closes them too, and says nothing.
const IDLE: Duration = Duration::from_secs(30);

/// A server, and how one is let in. It follows no redirects, and uses no proxy.
pub struct Client {
    address: Address,
    token: Option<PathBuf>,
    authorities: Option<PathBuf>,
    opened: Mutex<Option<Opened>>,
}

/// Connections by the authorities that their file named when they were opened.
struct Opened {
    authorities: Vec<u8>,
    pool: Pool<HttpsConnector<HttpConnector>, Full<Bytes>>,
}

/// What is asked: by GET without a body, by POST with one.
pub struct Question<'a> {
    pub path: &'a str,
    pub body: Option<(&'static str, Bytes)>,
    pub headers: Vec<(&'static str, String)>,
}

/// What came, with a status that neither sends elsewhere nor keeps us out.
pub struct Reply {
    pub status: StatusCode,
    pub body: Bytes,
}

impl Client {
    /// A server; a file with the token that it lets in, and a PEM file of the only authorities that may vouch for it. Both
    /// files are read at each question, as they are renewed by others.
    pub fn new(address: Address, token: Option<PathBuf>, authorities: Option<PathBuf>) -> Client {
        Client { address, token, authorities, opened: Mutex::new(None) }
    }

    /// Where the server is.
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// What is worth a word to the one who set this up.
    pub fn warnings(&self) -> Vec<String> {
        let mut all = Vec::new();
        if self.token.is_some() && !self.address.is_https() && !self.address.is_loopback() {
            all.push(format!(
                "{}: the token goes there as plain text, where others may read it; use https:",
                self.address
            ));
        }
        if self.authorities.is_some() && !self.address.is_https() {
            all.push(format!(
                "{}: nobody needs to vouch for a server of http:, so the authorities are not used",
                self.address
            ));
        }
        all
    }

    /// Asks once.
    pub(crate) async fn ask(&self, question: Question<'_>, bytes_max: usize) -> Result<Reply, Trouble> {
        self.ask_within(DEADLINE, question, bytes_max).await
    }

    /// Asks once, for something that may take longer.
    pub(crate) async fn ask_within(
        &self,
        deadline: Duration,
        question: Question<'_>,
        bytes_max: usize,
    ) -> Result<Reply, Trouble> {
        let request = self.request(question)?;
        let pool = self.pool()?;
        let asked = async {
            let response = pool.request(request).await.map_err(|error| Trouble::Unreachable(with_causes(&error)))?;
            read(response, bytes_max).await
        };
        timeout(deadline, asked).await.unwrap_or(Err(Trouble::Late(deadline.as_secs())))
    }

    fn request(&self, question: Question) -> Result<Request<Full<Bytes>>, Trouble> {
        let unlike = |error: hyper::http::Error| Trouble::Unlike(error.to_string());
        let uri = self.address.uri(question.path).map_err(unlike)?;
        let request = match &question.body {
            None => Request::get(uri),
            Some((kind, _)) => Request::post(uri).header(CONTENT_TYPE, *kind),
        };
        let mut request =
            request.header(ACCEPT, "application/json").header(USER_AGENT, concat!("weir/", env!("CARGO_PKG_VERSION")));
        if let Some(path) = &self.token {
            let token = file::secret(path).map_err(Trouble::File)?;
            let value = HeaderValue::from_str(&format!("Bearer {token}"));
            let mut value = value.map_err(|_| {
                Trouble::File(format!("{}: holds more than one line, or what no header may hold", path.display()))
            })?;
            value.set_sensitive(true);
            request = request.header(AUTHORIZATION, value);
        }
        for (name, value) in question.headers {
            request = request.header(name, value);
        }
        let body = question.body.map(|(_, body)| body).unwrap_or_default();
        request.body(Full::new(body)).map_err(unlike)
    }

    /// Connections that the authorities of now vouch for.
    fn pool(&self) -> Result<Pool<HttpsConnector<HttpConnector>, Full<Bytes>>, Trouble> {
        let authorities = self.authorities.as_deref().filter(|_| self.address.is_https());
        let read = authorities.map(|path| fs::read(path).map_err(|error| format!("{}: {error}", path.display())));
        let pem = read.transpose().map_err(Trouble::File)?.unwrap_or_default();
        let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(Opened { pool, .. }) = opened.as_ref().filter(|opened| opened.authorities == pem) {
            return Ok(pool.clone());
        }
        let config = match authorities {
            Some(path) => trust::of_a_file(path, &pem),
            None if self.address.is_https() => trust::of_the_system(),
            None => trust::of_nobody(),
        };
        let pool = connections(config.map_err(Trouble::File)?);
        *opened = Some(Opened { authorities: pem, pool: pool.clone() });
        Ok(pool)
    }
}

fn connections(config: ClientConfig) -> Pool<HttpsConnector<HttpConnector>, Full<Bytes>> {
    let connector = HttpsConnectorBuilder::new().with_tls_config(config).https_or_http().enable_http1().build();
    Pool::builder(TokioExecutor::new()).pool_timer(TokioTimer::new()).pool_idle_timeout(IDLE).build(connector)
}

async fn read(response: Response<Incoming>, bytes_max: usize) -> Result<Reply, Trouble> {
    let (head, body) = response.into_parts();
    if head.status.is_redirection() {
        return Err(Trouble::Redirected(head.status.as_u16(), destination(&head.headers)));
    }
    let body = Limited::new(body, bytes_max).collect().await.map_err(|error| {
        if error.is::<LengthLimitError>() {
            Trouble::TooLong(bytes_max)
        } else {
            Trouble::Unreachable(with_causes(&*error))
        }
    })?;
    let body = body.to_bytes();
    if matches!(
        head.status,
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN | StatusCode::PROXY_AUTHENTICATION_REQUIRED
    ) {
        let asked = head.headers.get(WWW_AUTHENTICATE).map_or(&b""[..], HeaderValue::as_bytes);
        let text = start_of(if body.is_empty() { asked } else { &body });
        return Err(Trouble::NotLetIn(head.status.as_u16(), text));
    }
    Ok(Reply { status: head.status, body })
}

/// Where a redirect leads; what stands behind `?` may be a secret.
fn destination(headers: &HeaderMap) -> String {
    let location = headers.get(LOCATION).map_or(&b"nowhere"[..], HeaderValue::as_bytes);
    let location = start_of(location);
    location.split('?').next().unwrap_or_default().to_owned()
}

/// An error, what it came from, and what would cure it where that is known.
fn with_causes(error: &dyn Error) -> String {
    let mut all = Vec::new();
    let mut next = Some(error);
    while let Some(error) = next {
        let text = error.to_string();
        // Wrappers repeat what they wrap.
        if !all.iter().any(|said: &String| said.contains(&text)) {
            all.push(text);
        }
        next = error.source();
    }
    let text = all.join(": ");
    let cures = [
        ("UnknownIssuer", "give the file of the authorities that vouch for it, or add them to those of the system"),
        (
            "BadSignature",
            "an authority of that name has signed it with another key: give the file of the one that it has now",
        ),
        ("CaUsedAsEndEntity", "its certificate is one of an authority: have it made as one of a server"),
        ("InvalidContentType", "does it speak TLS? try http:"),
        ("invalid HTTP version", "does it speak TLS? try https:"),
        ("incomplete message", "does it speak TLS? try https:"),
    ];
    match cures.iter().find(|(sign, _)| text.contains(sign)) {
        Some((_, cure)) => format!("{text}; {cure}"),
        None => text,
    }
}

#[cfg(test)]
mod tests;
