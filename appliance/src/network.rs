//! Addresses as a measure of who somebody is.

use std::net::{IpAddr, Ipv6Addr};

use ipnet::IpNet;

/// Some networks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Networks(Vec<IpNet>);

impl Networks {
    /// Reads addresses and networks (`10.0.0.0/8`).
    ///
    /// # Errors
    /// The first that is neither, or that holds every address there is.
    pub fn parse<'a>(texts: &'a [String]) -> Result<Self, &'a str> {
        let network = |text: &'a String| {
            let network = text.parse().or_else(|_| text.parse::<IpAddr>().map(IpNet::from));
            network.ok().filter(|it: &IpNet| it.prefix_len() > 0).ok_or(text.as_str())
        };
        texts.iter().map(network).collect::<Result<_, _>>().map(Self)
    }

    /// Whether the address lies in one of them. An IPv4 address inside IPv6 is itself.
    #[must_use]
    pub fn contain(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(&address.to_canonical()))
    }
}

/// What counts as one place on the network: an IPv4 address, or the /64 of an IPv6 address, of which a single host may use any
/// (RFC 6177, section 2). An IPv4 address inside IPv6 is itself.
#[must_use]
pub fn place_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(it) => {
            let [a, b, c, d, ..] = it.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
        it @ IpAddr::V4(_) => it,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_hold_their_addresses_and_never_all() {
        let networks = Networks::parse(&["10.1.0.0/16", "192.0.2.7", "fd00::/8"].map(str::to_owned)).unwrap();
        for inside in ["10.1.2.3", "192.0.2.7", "fd12::1", "::ffff:10.1.2.3"] {
            assert!(networks.contain(inside.parse().unwrap()), "{inside}");
        }
        for outside in ["10.2.0.1", "192.0.2.8", "fe80::1", "::1"] {
            assert!(!networks.contain(outside.parse().unwrap()), "{outside}");
        }
        for bad in ["", "proxy", "10.0.0.0/33", "0.0.0.0/0", "::/0", "10.0.0.1:80"] {
            assert_eq!(Networks::parse(&[bad.to_owned()]), Err(bad));
        }
        assert!(!Networks::default().contain("127.0.0.1".parse().unwrap()));
    }

    #[test]
    fn one_host_is_one_place() {
        for (address, place) in [
            ("192.0.2.1", "192.0.2.1"),
            ("::ffff:192.0.2.1", "192.0.2.1"),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
            ("2001:db8:1:2::", "2001:db8:1:2::"),
            ("2001:db8:1:3::1", "2001:db8:1:3::"),
        ] {
            assert_eq!(place_of(address.parse().unwrap()), place.parse::<IpAddr>().unwrap(), "{address}");
        }
    }
}
