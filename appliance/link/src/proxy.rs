//! Which HTTP proxy leads to the appliance: the one that was named, or that of the environment or the system.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;
use std::sync::Arc;

use http::{HeaderValue, Uri};
use hyper_util::client::proxy::matcher::{Intercept, Matcher};
use wire::SecretText;

/// How the appliance is to be reached.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ProxyChoice {
    /// As the environment says (`HTTPS_PROXY`, `ALL_PROXY`, `NO_PROXY`, in capitals or not), else as the system's settings say where the system
    /// has such. What is on this machine is reached directly.
    #[default]
    Automatic,
    /// Without a proxy, whatever environment and system say.
    Direct,
    /// Through this one, always.
    Named(Proxy),
}

/// An HTTP proxy. It prints without its name and password.
#[derive(Clone)]
pub struct Proxy(Arc<Parts>);

struct Parts {
    host: String,
    port: u16,
    authorization: Option<HeaderValue>,
    written: SecretText,
}

/// What is wrong with the address of a proxy. The address itself may hold a password and is not repeated.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProxyUrlError {
    /// It is no such address.
    #[error(
        "a proxy is http://host:port, or http://NAME:PASSWORD@host:port where signs such as @ and : in name and password are written as %40 and %3A"
    )]
    NotAProxy,
    /// It is one that speaks something else.
    #[error("a proxy of the kind {0}:// cannot be used; name an HTTP proxy, http://host:port")]
    OtherKind(String),
}

/// Port of a proxy whose address names none.
const HTTP_PORT: u16 = 80;
/// Stands for [`ProxyChoice::Automatic`].
const AUTOMATIC: &str = "auto";
/// Stands for [`ProxyChoice::Direct`].
const DIRECT: &str = "direct";

impl ProxyChoice {
    /// The proxy to ask for a connection to `host:port`; none = connect directly.
    ///
    /// # Errors
    /// When environment or system name one that cannot be used.
    pub fn proxy_for(&self, host: &str, port: u16) -> Result<Option<Proxy>, ProxyUrlError> {
        match self {
            Self::Direct => Ok(None),
            Self::Named(proxy) => Ok(Some(proxy.clone())),
            Self::Automatic if is_this_machine(host) => Ok(None),
            Self::Automatic => chosen_by(&Matcher::from_system(), host, port),
        }
    }

    /// The choice as it was written, to be kept; none = [`ProxyChoice::Automatic`].
    #[must_use]
    pub fn written(&self) -> Option<SecretText> {
        match self {
            Self::Automatic => None,
            Self::Direct => Some(SecretText::new(DIRECT.into())),
            Self::Named(proxy) => Some(proxy.0.written.clone()),
        }
    }

    /// Whether it holds a password.
    #[must_use]
    pub fn is_secret(&self) -> bool {
        matches!(self, Self::Named(proxy) if proxy.authorization().is_some())
    }
}

impl FromStr for ProxyChoice {
    type Err = ProxyUrlError;

    fn from_str(text: &str) -> Result<Self, ProxyUrlError> {
        match text.trim() {
            AUTOMATIC => Ok(Self::Automatic),
            DIRECT => Ok(Self::Direct),
            url => url.parse().map(Self::Named),
        }
    }
}

impl Proxy {
    /// Host name or IP address, without brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.0.host
    }

    /// Port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.0.port
    }

    /// What shows it who asks, when it is known.
    #[must_use]
    pub(crate) fn authorization(&self) -> Option<&HeaderValue> {
        self.0.authorization.as_ref()
    }

    fn new(found: &Intercept, written: String) -> Result<Self, ProxyUrlError> {
        let uri = found.uri();
        match uri.scheme_str() {
            Some("http") => {}
            Some(other) => return Err(ProxyUrlError::OtherKind(other.into())),
            None => return Err(ProxyUrlError::NotAProxy),
        }
        let host = uri.host().unwrap_or_default().trim_matches(['[', ']']).to_owned();
        let known = host.parse::<IpAddr>().is_ok() || wire::validate::hostname(&host).is_none();
        let port = match (uri.port(), uri.authority()) {
            (Some(port), _) => port.as_u16(),
            (None, Some(authority)) if Some(authority.as_str()) == uri.host() => HTTP_PORT,
            // A port that is none.
            (None, _) => 0,
        };
        if !known || port == 0 {
            return Err(ProxyUrlError::NotAProxy);
        }
        let authorization = found.basic_auth().cloned();
        Ok(Self(Arc::new(Parts { host, port, authorization, written: SecretText::new(written) })))
    }
}

impl FromStr for Proxy {
    type Err = ProxyUrlError;

    fn from_str(text: &str) -> Result<Self, ProxyUrlError> {
        let text = text.trim();
        if let Some((kind, _)) = text.split_once("://")
            && !kind.eq_ignore_ascii_case("http")
        {
            return Err(ProxyUrlError::OtherKind(kind.chars().filter(char::is_ascii_alphanumeric).take(16).collect()));
        }
        let anywhere = Uri::from_static("https://sallyport.invalid");
        let found = Matcher::builder().all(text).build().intercept(&anywhere).ok_or(ProxyUrlError::NotAProxy)?;
        Self::new(&found, text.to_owned())
    }
}

impl PartialEq for Proxy {
    fn eq(&self, other: &Self) -> bool {
        let parts = |it: &Self| (it.0.host.clone(), it.0.port, it.0.authorization.clone());
        parts(self) == parts(other)
    }
}

impl Eq for Proxy {}

impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Parts { host, port, .. } = &*self.0;
        if host.contains(':') { write!(f, "http://[{host}]:{port}") } else { write!(f, "http://{host}:{port}") }
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Proxy({self})")
    }
}

/// What the rules of environment and system say.
fn chosen_by(rules: &Matcher, host: &str, port: u16) -> Result<Option<Proxy>, ProxyUrlError> {
    let host = if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
    let uri: Uri = format!("https://{host}:{port}/").parse().map_err(|_| ProxyUrlError::NotAProxy)?;
    // What was written is not kept: the next look may find something else.
    rules.intercept(&uri).map(|found| Proxy::new(&found, String::new())).transpose()
}

fn is_this_machine(host: &str) -> bool {
    match host.parse::<IpAddr>() {
        Ok(address) => address.is_loopback(),
        Err(_) => host.eq_ignore_ascii_case("localhost") || host.to_ascii_lowercase().ends_with(".localhost"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(text: &str) -> Result<Proxy, ProxyUrlError> {
        text.parse()
    }

    #[test]
    fn an_address_is_understood_with_and_without_its_parts() {
        for (written, shown) in [
            ("http://proxy.example:3128", "http://proxy.example:3128"),
            ("proxy.example:3128", "http://proxy.example:3128"),
            (" HTTP://10.0.0.1:8080/ ", "http://10.0.0.1:8080"),
            ("http://proxy.example", "http://proxy.example:80"),
            ("http://[fd00::1]:3128", "http://[fd00::1]:3128"),
            ("http://ana:geheim@proxy.example:3128", "http://proxy.example:3128"),
        ] {
            assert_eq!(named(written).unwrap().to_string(), shown, "{written}");
        }
        assert_eq!(named("http://[fd00::1]:3128").unwrap().host(), "fd00::1");
    }

    #[test]
    fn name_and_password_are_decoded_sent_and_never_printed() {
        let proxy = named("http://ana%40corp:ge%3Ahe%20im@proxy:3128").unwrap();
        // base64 of `ana@corp:ge:he im`
        assert_eq!(proxy.authorization().unwrap(), "Basic YW5hQGNvcnA6Z2U6aGUgaW0=");
        let choice = ProxyChoice::Named(proxy.clone());
        for printed in [format!("{proxy} {proxy:?} {choice:?}"), format!("{:?}", proxy.authorization())] {
            assert!(!printed.contains("ana") && !printed.contains("he") && !printed.contains("YW5h"), "{printed}");
        }
        assert_eq!(choice.written().unwrap().expose(), "http://ana%40corp:ge%3Ahe%20im@proxy:3128");
        assert!(choice.is_secret() && !ProxyChoice::Direct.is_secret());
    }

    #[test]
    fn anything_else_is_refused_without_repeating_it() {
        for bad in
            ["", "http://", "http://a b", "http://x:99999", "http://proxy:0", "http://ana:geheim@", "http://a@b@c"]
        {
            let error = named(bad).unwrap_err();
            assert_eq!(error, ProxyUrlError::NotAProxy, "{bad}");
            assert!(!error.to_string().contains("geheim"));
        }
        assert_eq!(named("socks5://ana:geheim@proxy:1"), Err(ProxyUrlError::OtherKind("socks5".into())));
        assert_eq!(named("https://proxy:1"), Err(ProxyUrlError::OtherKind("https".into())));
    }

    #[test]
    fn a_choice_is_read_as_it_was_written() {
        assert_eq!("direct".parse(), Ok(ProxyChoice::Direct));
        assert_eq!("auto".parse(), Ok(ProxyChoice::Automatic));
        let choice: ProxyChoice = "http://proxy:1".parse().unwrap();
        assert_eq!(choice.written().unwrap().expose().parse(), Ok(choice.clone()));
        assert_eq!(choice.proxy_for("localhost", 1).unwrap().unwrap().to_string(), "http://proxy:1");
        assert_eq!(ProxyChoice::Direct.proxy_for("gate.example", 1), Ok(None));
    }

    #[test]
    fn rules_and_their_exceptions() {
        let rules =
            Matcher::builder().https("http://proxy:3128").no(".corp.example, 10.0.0.0/8,192.168.1.1,::1").build();
        let chosen = |host: &str| chosen_by(&rules, host, 8443).unwrap().map(|it| it.to_string());
        for through in ["gate.example", "corp.example.org", "192.168.1.2", "fd00::1"] {
            assert_eq!(chosen(through).as_deref(), Some("http://proxy:3128"), "{through}");
        }
        for direct in ["corp.example", "gate.corp.example", "10.1.2.3", "192.168.1.1", "::1"] {
            assert_eq!(chosen(direct), None, "{direct}");
        }
        let nothing = Matcher::builder().all("http://proxy:3128").no("*").build();
        assert_eq!(chosen_by(&nothing, "gate.example", 1), Ok(None));
        let plain_only = Matcher::builder().http("http://proxy:3128").build();
        assert_eq!(chosen_by(&plain_only, "gate.example", 1), Ok(None));
        let socks = Matcher::builder().all("socks5://proxy:1080").build();
        assert_eq!(chosen_by(&socks, "gate.example", 1), Err(ProxyUrlError::OtherKind("socks5".into())));
    }

    #[test]
    fn this_machine_is_reached_directly() {
        for host in ["localhost", "LOCALHOST", "gate.localhost", "127.1.2.3", "::1"] {
            assert!(is_this_machine(host), "{host}");
        }
        for host in ["gate.example", "128.0.0.1", "localhost.example", "fd00::1"] {
            assert!(!is_this_machine(host), "{host}");
        }
    }
}
