//! Addresses as a measure of who somebody is.

use std::net::{IpAddr, Ipv6Addr};

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
