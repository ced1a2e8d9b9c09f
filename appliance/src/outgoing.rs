//! HTTPS requests that the appliance makes to systems of others. One way to make them for everybody who needs one: certificates
//! are always verified, no redirect is followed, and an answer has a longest size and a last moment.

use std::error::Error;
use std::time::Duration;

use link::trust::{Trust, TrustError, certificate_refused};
use reqwest::redirect::Policy;
use reqwest::{Request, StatusCode, Url};
use rustls::ClientConfig;

/// The longest answer that is read.
pub const ANSWER_BYTES: usize = 64 * 1024;
/// The longest address.
const ADDRESS_CHARS: usize = 4_000;

/// Makes requests to one system. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Outgoing {
    client: reqwest::Client,
    transport: Transport,
}

/// What a system may be asked over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// HTTPS alone.
    Secured,
    /// Also HTTP without TLS, to this machine.
    UnsecuredOnThisMachine,
}

/// What came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received {
    /// The status, whatever it is.
    pub status: StatusCode,
    /// The body, whole.
    pub body: Vec<u8>,
}

/// Why there is no answer. Each says it about "the system"; who asks puts its name before it.
#[derive(Debug, thiserror::Error)]
pub enum OutgoingError {
    /// The authority that an administrator gave is of no use.
    #[error("the certificate authority cannot be used: {0}")]
    Authority(#[from] TrustError),
    /// Not an address that is asked.
    #[error(transparent)]
    Address(#[from] AddressError),
    /// No answer in time.
    #[error("there was no answer in time")]
    TimedOut,
    /// Its certificate is not believed.
    #[error("its certificate is refused: {0}")]
    Certificate(String),
    /// No connection.
    #[error("it cannot be reached: {0}")]
    Unreachable(String),
    /// The connection broke, or what came is not HTTP.
    #[error("the connection broke: {0}")]
    Broken(String),
    /// More than [`ANSWER_BYTES`].
    #[error("its answer is longer than {} KiB", ANSWER_BYTES / 1024)]
    TooLong,
    /// The client could not be made.
    #[error("no request can be made: {0}")]
    NotMade(String),
}

/// Why something is no address to ask.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// No URL.
    #[error("this is not an address: {0}")]
    NotAUrl(String),
    /// Neither https nor, where that is accepted, http to this machine.
    #[error("the address has to begin with https://")]
    NotHttps,
    /// http to somewhere else.
    #[error("without TLS only this machine can be asked: the address has to begin with https://")]
    NotThisMachine,
    /// A user name or a password in it: those belong into a header, where they are kept secret.
    #[error("the address cannot hold a user name or a password")]
    Credentials,
    /// What stands behind a `#` is never sent.
    #[error("the address cannot hold a #")]
    Fragment,
    /// Too long.
    #[error("the address is longer than {ADDRESS_CHARS} characters")]
    TooLong,
}

/// How certificates of systems of others are verified: by an authority in PEM alone, or by those that this machine believes.
///
/// # Errors
/// When there is no authority.
pub fn tls_config(authority: Option<&str>) -> Result<ClientConfig, TrustError> {
    match authority {
        Some(pem) => Trust::from_pem(pem.as_bytes())?.config_for_others(),
        None => Trust::System.config_for_others(),
    }
}

/// An address that may be asked.
///
/// # Errors
/// See [`AddressError`].
pub fn address(text: &str, transport: Transport) -> Result<Url, AddressError> {
    if text.len() > ADDRESS_CHARS {
        return Err(AddressError::TooLong);
    }
    let url = Url::parse(text).map_err(|error| AddressError::NotAUrl(error.to_string()))?;
    check(&url, transport)?;
    Ok(url)
}

/// Whether a host is this machine, as far as its name says.
#[must_use]
pub fn is_this_machine(host: &str) -> bool {
    let bare = host.trim_matches(['[', ']']);
    bare.eq_ignore_ascii_case("localhost") || bare.parse::<std::net::IpAddr>().is_ok_and(|it| it.is_loopback())
}

fn check(url: &Url, transport: Transport) -> Result<(), AddressError> {
    let unsecured = transport == Transport::UnsecuredOnThisMachine;
    match url.scheme() {
        "https" => {}
        "http" if unsecured && url.host_str().is_some_and(is_this_machine) => {}
        "http" if unsecured => return Err(AddressError::NotThisMachine),
        _ => return Err(AddressError::NotHttps),
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(AddressError::Credentials);
    }
    if url.fragment().is_some() { Err(AddressError::Fragment) } else { Ok(()) }
}

/// Where an address leads, without its path and query, which may hold what lets somebody in. Empty for what is no address.
#[must_use]
pub fn origin(text: &str) -> String {
    Url::parse(text).map_or_else(|_| String::new(), |url| url.origin().ascii_serialization())
}

impl Outgoing {
    /// For a system whose certificate is of this authority (PEM), or of one that this machine believes. `time_out` is for a whole
    /// request, from the first packet to the last byte of the answer.
    ///
    /// # Errors
    /// When the authority is of no use.
    pub fn new(authority: Option<&str>, transport: Transport, time_out: Duration) -> Result<Self, OutgoingError> {
        let mut tls = tls_config(authority)?;
        tls.alpn_protocols = vec![b"http/1.1".to_vec()];
        let client = reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            .redirect(Policy::none())
            .no_proxy()
            .referer(false)
            .user_agent(concat!("Sallyport/", env!("CARGO_PKG_VERSION")))
            .https_only(transport == Transport::Secured)
            .timeout(time_out)
            .build()
            .map_err(|error| OutgoingError::NotMade(innermost(&error)))?;
        Ok(Self { client, transport })
    }

    /// Asks, and reads nothing of the answer but its status.
    ///
    /// # Errors
    /// Why there is none; a status that is no success is an answer.
    pub async fn status_of(&self, request: Request) -> Result<StatusCode, OutgoingError> {
        check(request.url(), self.transport)?;
        Ok(self.client.execute(request).await.map_err(|error| of_client(&error))?.status())
    }

    /// Asks, and reads the whole answer.
    ///
    /// # Errors
    /// Why there is none; a status that is no success is an answer.
    pub async fn send(&self, request: Request) -> Result<Received, OutgoingError> {
        check(request.url(), self.transport)?;
        let mut answer = self.client.execute(request).await.map_err(|error| of_client(&error))?;
        let mut body = Vec::new();
        while let Some(piece) = answer.chunk().await.map_err(|error| of_client(&error))? {
            if body.len() + piece.len() > ANSWER_BYTES {
                return Err(OutgoingError::TooLong);
            }
            body.extend_from_slice(&piece);
        }
        Ok(Received { status: answer.status(), body })
    }
}

fn of_client(error: &reqwest::Error) -> OutgoingError {
    if error.is_timeout() {
        return OutgoingError::TimedOut;
    }
    if let Some(why) = certificate_refusal(error) {
        return OutgoingError::Certificate(why);
    }
    let detail = innermost(error);
    if error.is_connect() { OutgoingError::Unreachable(detail) } else { OutgoingError::Broken(detail) }
}

/// Why a certificate was refused, when that is what lies at the bottom of an error.
#[must_use]
pub fn certificate_refusal(error: &(dyn Error + 'static)) -> Option<String> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(tls) = error.downcast_ref::<rustls::Error>() {
            return certificate_refused(tls);
        }
        // What an I/O error wraps is not its source, but lies beside it.
        let wrapped = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        next = match wrapped {
            Some(inner) => Some(inner),
            None => error.source(),
        };
    }
    None
}

/// The cause at the bottom says what happened; what lies above repeats the address.
fn innermost(error: &(dyn Error + 'static)) -> String {
    let mut error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    error.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_that_are_asked() {
        use Transport::{Secured, UnsecuredOnThisMachine};
        for (text, transport) in [
            ("https://tickets.example/api?x=1", Secured),
            ("https://10.0.0.5:8443/", UnsecuredOnThisMachine),
            ("http://localhost:1/", UnsecuredOnThisMachine),
            ("http://127.8.0.1/", UnsecuredOnThisMachine),
            ("http://[::1]:80/", UnsecuredOnThisMachine),
        ] {
            assert!(address(text, transport).is_ok(), "{text}");
        }
        for (text, transport, expected) in [
            ("http://localhost/", Secured, AddressError::NotHttps),
            ("http://tickets.example/", UnsecuredOnThisMachine, AddressError::NotThisMachine),
            ("http://127.0.0.1.evil.example/", UnsecuredOnThisMachine, AddressError::NotThisMachine),
            ("ftp://localhost/", UnsecuredOnThisMachine, AddressError::NotHttps),
            ("file:///etc/passwd", UnsecuredOnThisMachine, AddressError::NotHttps),
            ("https://ana:secret@tickets.example/", Secured, AddressError::Credentials),
            ("https://tickets.example/#x", Secured, AddressError::Fragment),
        ] {
            assert_eq!(address(text, transport), Err(expected), "{text}");
        }
        assert!(matches!(address("tickets", Secured), Err(AddressError::NotAUrl(_))));
        let long = format!("https://tickets.example/{}", "x".repeat(ADDRESS_CHARS));
        assert_eq!(address(&long, Secured), Err(AddressError::TooLong));
    }

    #[tokio::test]
    async fn an_address_without_tls_is_not_asked_by_itself() {
        let outgoing = Outgoing::new(None, Transport::UnsecuredOnThisMachine, Duration::from_secs(1));
        // A machine without any authority of its own cannot try.
        let Ok(outgoing) = outgoing else { return };
        let request = Request::new(reqwest::Method::GET, Url::parse("http://tickets.example/").unwrap());
        let refused = outgoing.send(request).await;
        assert!(matches!(refused, Err(OutgoingError::Address(AddressError::NotThisMachine))), "{refused:?}");
    }

    #[test]
    fn an_authority_has_to_be_one() {
        let wrong = Outgoing::new(Some("hello"), Transport::Secured, Duration::from_secs(1));
        assert!(matches!(wrong, Err(OutgoingError::Authority(_))), "{wrong:?}");
    }
}
