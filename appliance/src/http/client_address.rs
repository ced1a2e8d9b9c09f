//! Who asks, when a trusted proxy asks for them.

use std::net::{IpAddr, SocketAddr};

use http::HeaderMap;

use crate::network::Networks;

/// Where each proxy writes down who connected to it, the last one last. There is no standard; RFC 7239 came too late.
const FORWARDED_FOR: &str = "x-forwarded-for";

/// The client of a request that came from `peer`: `peer` itself, unless that is a trusted proxy. Then it is the last address in
/// `X-Forwarded-For` that is none: what stands before that one was written by whoever wanted to.
pub(super) fn client_of(headers: &HeaderMap, peer: IpAddr, trusted: &Networks) -> IpAddr {
    if !trusted.contain(peer) {
        return peer;
    }
    let mut client = peer;
    for value in headers.get_all(FORWARDED_FOR).iter().rev() {
        for entry in value.to_str().unwrap_or_default().rsplit(',') {
            // Whoever wrote something else knows no address; the next one to the right is all that is known.
            let Some(address) = address_in(entry.trim()) else { return client };
            client = address;
            if !trusted.contain(client) {
                return client;
            }
        }
    }
    client
}

/// Some proxies write the port too.
fn address_in(entry: &str) -> Option<IpAddr> {
    let address = entry.parse().or_else(|_| entry.parse::<SocketAddr>().map(|it| it.ip()));
    address.ok().map(|it: IpAddr| it.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn client(peer: &str, said: &[&str]) -> String {
        let trusted = Networks::parse(&["127.0.0.1", "10.0.0.0/24"].map(str::to_owned)).unwrap();
        let mut headers = HeaderMap::new();
        for line in said {
            headers.append(FORWARDED_FOR, HeaderValue::from_str(line).unwrap());
        }
        client_of(&headers, peer.parse().unwrap(), &trusted).to_string()
    }

    #[test]
    fn a_stranger_is_not_believed() {
        assert_eq!(client("192.0.2.1", &["198.51.100.7"]), "192.0.2.1");
        assert_eq!(client("10.0.1.1", &["198.51.100.7"]), "10.0.1.1");
    }

    #[test]
    fn the_last_address_that_no_trusted_proxy_has_is_the_client() {
        for said in [
            &["198.51.100.7"][..],
            &["6.6.6.6, 198.51.100.7"],
            &["6.6.6.6", "198.51.100.7"],
            &["198.51.100.7, 10.0.0.9"],
            &["6.6.6.6,198.51.100.7", "10.0.0.9, 10.0.0.8"],
            &["198.51.100.7:4711"],
            &["::ffff:198.51.100.7"],
            &["rubbish, 198.51.100.7"],
        ] {
            assert_eq!(client("127.0.0.1", said), "198.51.100.7", "{said:?}");
        }
        assert_eq!(client("127.0.0.1", &["[2001:db8::1]:4711"]), "2001:db8::1");
        assert_eq!(client("::ffff:10.0.0.3", &["198.51.100.7"]), "198.51.100.7");
    }

    #[test]
    fn who_says_nothing_useful_is_the_client() {
        assert_eq!(client("127.0.0.1", &[]), "127.0.0.1");
        assert_eq!(client("127.0.0.1", &[""]), "127.0.0.1");
        assert_eq!(client("127.0.0.1", &["unknown"]), "127.0.0.1");
        assert_eq!(client("127.0.0.1", &["6.6.6.6, unknown"]), "127.0.0.1");
        assert_eq!(client("127.0.0.1", &["6.6.6.6, unknown, 10.0.0.9"]), "10.0.0.9");
        assert_eq!(client("127.0.0.1", &["10.0.0.5, 10.0.0.9"]), "10.0.0.5");
    }
}
