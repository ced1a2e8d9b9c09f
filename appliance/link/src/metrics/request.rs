//! What somebody asks the port of the metrics for: the head of an HTTP/1.1 request (RFC 9112), of which one kind is answered.

use std::net::{IpAddr, Ipv6Addr};

use httparse::{EMPTY_HEADER, Error, Request, Status};

/// Most bytes of a request's head.
pub const HEAD_BYTES: usize = 8 * 1024;
/// Most header lines of it.
const HEADERS: usize = 64;

/// What a request gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// The metrics.
    Metrics,
    /// It is no HTTP.
    Malformed,
    /// It names another host than this machine: a page somewhere has made a name of its own lead here.
    WrongHost,
    /// There is nothing else here.
    NotFound,
    /// Nothing here can be changed.
    NotGet,
    /// Its head does not end.
    TooLong,
}

impl Asked {
    /// What a request asks for, by its first bytes; none while its head is not whole. More bytes do not change it.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Option<Self> {
        let head = bytes.get(..HEAD_BYTES).unwrap_or(bytes);
        let mut headers = [EMPTY_HEADER; HEADERS];
        let mut request = Request::new(&mut headers);
        match request.parse(head) {
            Ok(Status::Complete(_)) => Some(Self::of_whole(&request)),
            Ok(Status::Partial) if head.len() == HEAD_BYTES => Some(Self::TooLong),
            Ok(Status::Partial) => None,
            Err(Error::TooManyHeaders) => Some(Self::TooLong),
            Err(_) => Some(Self::Malformed),
        }
    }

    fn of_whole(request: &Request<'_, '_>) -> Self {
        let mut hosts = request.headers.iter().filter(|it| it.name.eq_ignore_ascii_case("host"));
        let is_here = match (hosts.next(), hosts.next()) {
            (Some(host), None) => std::str::from_utf8(host.value).is_ok_and(is_this_machine),
            _ => false,
        };
        // Behind the path may stand parameters, which say nothing here.
        let path = request.path.unwrap_or_default().split('?').next();
        if !is_here {
            Self::WrongHost
        } else if path != Some("/metrics") {
            Self::NotFound
        } else if request.method != Some("GET") {
            Self::NotGet
        } else {
            Self::Metrics
        }
    }

    /// Status line without the version.
    #[must_use]
    pub fn status(self) -> &'static str {
        match self {
            Self::Metrics => "200 OK",
            Self::Malformed => "400 Bad Request",
            Self::WrongHost => "421 Misdirected Request",
            Self::NotFound => "404 Not Found",
            Self::NotGet => "405 Method Not Allowed",
            Self::TooLong => "431 Request Header Fields Too Large",
        }
    }

    /// A sentence for whoever gets no metrics; empty for them.
    #[must_use]
    pub fn explanation(self) -> &'static str {
        match self {
            Self::Metrics => "",
            Self::Malformed => "This is no HTTP request.\n",
            Self::WrongHost => {
                "The metrics are for this machine alone. Ask for them under its loopback address or as localhost.\n"
            }
            Self::NotFound => "Here is nothing but /metrics.\n",
            Self::NotGet => "The metrics can be read with GET, and nothing else.\n",
            Self::TooLong => "The head of the request is too long.\n",
        }
    }
}

/// Whether the value of a `Host` header, with a port or not, is a name of this machine that no name server can give.
fn is_this_machine(host: &str) -> bool {
    let is_port = |text: &str| text.is_empty() || text.parse::<u16>().is_ok();
    if let Some(rest) = host.strip_prefix('[') {
        let Some((address, rest)) = rest.split_once(']') else { return false };
        let port = if rest.is_empty() { Some("") } else { rest.strip_prefix(':') };
        return address.parse::<Ipv6Addr>().is_ok_and(|it| it.is_loopback()) && port.is_some_and(is_port);
    }
    let (name, port) = host.split_once(':').unwrap_or((host, ""));
    let is_here = name.eq_ignore_ascii_case("localhost")
        || name.parse().is_ok_and(|address: IpAddr| address.is_loopback() && address.is_ipv4());
    is_here && is_port(port)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "GET /metrics HTTP/1.1\r\nHost: 127.0.0.1:9465\r\nAccept: */*\r\n\r\n";

    fn asked(text: &str) -> Option<Asked> {
        Asked::of(text.as_bytes())
    }

    #[test]
    fn the_head_of_a_scrape_is_understood_once_it_is_whole() {
        for length in 0..GOOD.len() {
            assert_eq!(asked(&GOOD[..length]), None, "{length}");
        }
        assert_eq!(asked(GOOD), Some(Asked::Metrics));
        assert_eq!(asked(&format!("{GOOD}and more")), Some(Asked::Metrics));
        assert_eq!(asked(&GOOD.replace("/metrics", "/metrics?debug=1")), Some(Asked::Metrics));
    }

    #[test]
    fn everything_else_is_refused_for_what_it_is() {
        for (from, to, expected) in [
            ("GET", "POST", Asked::NotGet),
            ("GET", "HEAD", Asked::NotGet),
            ("/metrics", "/", Asked::NotFound),
            ("/metrics", "/metrics/", Asked::NotFound),
            ("/metrics", "http://127.0.0.1/metrics", Asked::NotFound),
            ("HTTP/1.1", "HTTP/9", Asked::Malformed),
            ("Host", "H\0st", Asked::Malformed),
            ("Host: 127.0.0.1:9465\r\n", "", Asked::WrongHost),
            ("Accept: */*", "hOST: localhost", Asked::WrongHost),
        ] {
            assert_eq!(asked(&GOOD.replacen(from, to, 1)), Some(expected), "{from} -> {to}");
        }
    }

    #[test]
    fn only_a_name_that_no_name_server_gives_is_this_machine() {
        let with = |host: &str| asked(&GOOD.replace("127.0.0.1:9465", host));
        for host in ["127.0.0.1", "127.9.8.7:1", "localhost", "LocalHost:9465", "[::1]", "[::1]:9465"] {
            assert_eq!(with(host), Some(Asked::Metrics), "{host}");
        }
        for host in [
            "",
            "evil.example",
            "evil.example:9465",
            "localhost.evil.example",
            "127.0.0.1.evil.example",
            "127.0.0.1@evil.example",
            "127.0.0.1:x",
            "10.0.0.1",
            "0.0.0.0",
            "::1",
            "[::1",
            "[::1]x",
            "[::2]",
            "[::ffff:127.0.0.1]",
        ] {
            assert_eq!(with(host), Some(Asked::WrongHost), "{host}");
        }
    }

    #[test]
    fn a_head_without_an_end_is_given_up() {
        let long = |bytes: usize| format!("GET /metrics HTTP/1.1\r\nX: {}", "a".repeat(bytes));
        assert_eq!(asked(&long(HEAD_BYTES - 100)), None);
        assert_eq!(asked(&long(HEAD_BYTES)), Some(Asked::TooLong));
        assert_eq!(asked(&format!("{}\r\n\r\n", long(HEAD_BYTES))), Some(Asked::TooLong));
        let many = format!("GET / HTTP/1.1\r\n{}\r\n", "A: b\r\n".repeat(HEADERS + 1));
        assert_eq!(asked(&many), Some(Asked::TooLong));
    }

    #[test]
    fn whoever_gets_nothing_is_told_why() {
        for it in [Asked::Malformed, Asked::WrongHost, Asked::NotFound, Asked::NotGet, Asked::TooLong] {
            assert!(it.explanation().ends_with(".\n") && it.status().starts_with('4'));
        }
    }
}
