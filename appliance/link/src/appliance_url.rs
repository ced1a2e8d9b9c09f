//! The address of an appliance.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::str::FromStr;

/// `https://host[:port]` and nothing behind it. Printed as browsers write an origin, so that the two can be compared.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ApplianceUrl {
    host: String,
    port: u16,
}

/// What is wrong with an address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UrlError {
    /// Not `https://`.
    #[error("the appliance's address has to begin with https://, as in https://gate.example.org:8443")]
    NotHttps,
    /// Something follows host and port.
    #[error("the appliance's address is https://host or https://host:port, with nothing behind it")]
    NotAnOrigin,
    /// No usable host.
    #[error("{0:?} is neither a host name nor an IP address")]
    BadHost(String),
    /// No usable port.
    #[error("{0:?} is not a port from 1 to 65535")]
    BadPort(String),
}

const HTTPS_PORT: u16 = 443;

impl ApplianceUrl {
    /// Host name or IP address, without brackets, in lower case.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// `host:port` for a `Host` header.
    #[must_use]
    pub fn authority(&self) -> String {
        let host = self.bracketed_host();
        if self.port == HTTPS_PORT { host } else { format!("{host}:{}", self.port) }
    }

    /// Whether a browser's origin is this appliance.
    #[must_use]
    pub fn is_origin(&self, origin: &str) -> bool {
        self.to_string() == origin
    }

    fn bracketed_host(&self) -> String {
        if self.host.parse::<Ipv6Addr>().is_ok() { format!("[{}]", self.host) } else { self.host.clone() }
    }
}

impl fmt::Display for ApplianceUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "https://{}", self.authority())
    }
}

impl FromStr for ApplianceUrl {
    type Err = UrlError;

    fn from_str(text: &str) -> Result<Self, UrlError> {
        let text = text.trim();
        let rest = match text.get(..8) {
            Some(scheme) if scheme.eq_ignore_ascii_case("https://") => &text[8..],
            _ => return Err(UrlError::NotHttps),
        };
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        if rest.contains(['/', '?', '#', '@']) {
            return Err(UrlError::NotAnOrigin);
        }
        let (host, port) = split_host_and_port(rest)?;
        Ok(Self { host: normal_host(host)?, port })
    }
}

/// Splits `host`, `host:port`, `[v6]` or `[v6]:port`; without a port it is that of HTTPS.
fn split_host_and_port(text: &str) -> Result<(&str, u16), UrlError> {
    let (host, port) = match text.strip_prefix('[') {
        Some(bracketed) => {
            let (host, rest) = bracketed.split_once(']').ok_or_else(|| UrlError::BadHost(text.into()))?;
            match rest.strip_prefix(':') {
                Some(port) => (host, Some(port)),
                None if rest.is_empty() => (host, None),
                None => return Err(UrlError::BadHost(text.into())),
            }
        }
        None => match text.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (text, None),
        },
    };
    match port {
        None => Ok((host, HTTPS_PORT)),
        Some(port) => match port.parse::<u16>() {
            Ok(number) if number > 0 && port.bytes().all(|b| b.is_ascii_digit()) => Ok((host, number)),
            _ => Err(UrlError::BadPort(port.into())),
        },
    }
}

fn normal_host(host: &str) -> Result<String, UrlError> {
    if let Ok(address) = host.parse::<IpAddr>() {
        return Ok(address.to_string());
    }
    match wire::validate::hostname(host) {
        None => Ok(host.to_ascii_lowercase()),
        Some(_) => Err(UrlError::BadHost(host.into())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn normal(text: &str) -> Result<String, UrlError> {
        text.parse::<ApplianceUrl>().map(|url| url.to_string())
    }

    #[test]
    fn addresses_read_as_browsers_write_origins() {
        for (typed, origin) in [
            ("https://gate.example", "https://gate.example"),
            ("https://gate.example:443", "https://gate.example"),
            ("HTTPS://Gate.Example:8443/", "https://gate.example:8443"),
            (" https://127.0.0.1:9 ", "https://127.0.0.1:9"),
            ("https://[FD00::1]:8443", "https://[fd00::1]:8443"),
            ("https://[fd00:0::1]", "https://[fd00::1]"),
        ] {
            assert_eq!(normal(typed).as_deref(), Ok(origin), "{typed}");
        }
    }

    #[test]
    fn anything_else_is_refused_with_its_reason() {
        assert_eq!(normal("http://gate.example"), Err(UrlError::NotHttps));
        assert_eq!(normal("gate.example"), Err(UrlError::NotHttps));
        assert_eq!(normal(""), Err(UrlError::NotHttps));
        assert_eq!(normal("https://gate/path"), Err(UrlError::NotAnOrigin));
        assert_eq!(normal("https://user@gate"), Err(UrlError::NotAnOrigin));
        assert_eq!(normal("https://gate:0"), Err(UrlError::BadPort("0".into())));
        assert_eq!(normal("https://gate:65536"), Err(UrlError::BadPort("65536".into())));
        assert_eq!(normal("https://gate:+1"), Err(UrlError::BadPort("+1".into())));
        assert!(matches!(normal("https://"), Err(UrlError::BadHost(_))));
        assert!(matches!(normal("https://a b"), Err(UrlError::BadHost(_))));
        assert!(matches!(normal("https://[::1"), Err(UrlError::BadHost(_))));
    }

    #[test]
    fn an_origin_matches_exactly_or_not_at_all() {
        let url: ApplianceUrl = "https://gate.example:8443".parse().unwrap();
        assert!(url.is_origin("https://gate.example:8443"));
        for other in ["https://gate.example", "https://gate.example:8443/", "http://gate.example:8443", "null", ""] {
            assert!(!url.is_origin(other), "{other}");
        }
    }
}
