//! Ports for servers that must be told one.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, TcpListener};
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::{Context, Result};

/// Below the ports that Linux, Windows and macOS give out by themselves, so nobody is given one of these between our look and
/// the server's start: with a port from the system that happens once in some thousand starts.
const PORTS: std::ops::Range<u16> = 16_000..32_000;

/// How many ports this process has looked at.
static LOOKED_AT: AtomicU32 = AtomicU32::new(0);

/// A port nobody listens on now, on any address, and that this process is given once.
///
/// # Errors
/// When all are taken.
pub fn free_port() -> Result<u16> {
    // Test programs that run side by side begin at different places.
    let start = std::process::id().wrapping_mul(101);
    let count = u32::from(PORTS.end - PORTS.start);
    (0..count)
        .filter_map(|_| {
            let number = start.wrapping_add(LOOKED_AT.fetch_add(1, Ordering::Relaxed)) % count;
            u16::try_from(number).ok().map(|number| PORTS.start + number)
        })
        .find(|&port| is_free(port))
        .with_context(|| format!("all ports from {} to {} are taken", PORTS.start, PORTS.end - 1))
}

/// Whether both kinds of addresses have it, as far as this machine has them.
fn is_free(port: u16) -> bool {
    let any: [IpAddr; 2] = [Ipv4Addr::UNSPECIFIED.into(), Ipv6Addr::UNSPECIFIED.into()];
    any.into_iter().all(|address| match TcpListener::bind((address, port)) {
        Ok(_) => true,
        Err(error) => error.kind() != std::io::ErrorKind::AddrInUse,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_taken_port_is_passed_over_on_whichever_address() {
        for address in [Ipv4Addr::UNSPECIFIED, Ipv4Addr::LOCALHOST, Ipv4Addr::new(127, 9, 8, 7)] {
            let taken = TcpListener::bind((address, free_port().unwrap())).unwrap();
            assert!(!is_free(taken.local_addr().unwrap().port()), "{address}");
        }
    }

    #[test]
    fn a_port_is_given_once() {
        let ports: std::collections::BTreeSet<u16> = (0..100).map(|_| free_port().unwrap()).collect();
        assert_eq!(ports.len(), 100);
    }
}
