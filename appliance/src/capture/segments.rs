//! TCP segments, and the addresses in them. The workstation's side of a connection gets an address that tells its stream apart:
//! from the range for benchmarks (RFC 2544), which no target has but one that is meant to.

use std::net::Ipv4Addr;

use etherparse::{IpNumber, Ipv4Header, Ipv4HeaderSlice, TcpHeader, TcpOptionElement, TcpSlice};
use wire::api::TrafficSide;

/// Addresses of the workstation's side: 198.18.0.0/15.
const CLIENTS: u32 = 0xC612_0000;
const CLIENTS_MASK: u32 = 0xFFFE_0000;
/// Ports of the workstation's side begin here.
const FIRST_PORT: u32 = 1024;
const PORTS: u32 = 60_000;
/// Stands for a target whose address is not known as one of IPv4: TEST-NET-1 (RFC 5737).
const SOME_TARGET: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);
const TIME_TO_LIVE: u8 = 64;
/// Room that each side claims to have, in units of the scale below: whatever was sent fits.
const WINDOW: u16 = u16::MAX;
const WINDOW_SCALE: u8 = 14;

/// The address of the target in packets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Target(Ipv4Addr);

impl Target {
    /// The true one where it is known and cannot be taken for the workstation's, else a made-up one.
    #[must_use]
    pub fn of(hostname: &str) -> Self {
        let known = hostname.parse::<Ipv4Addr>().ok();
        let is_client = |it: &Ipv4Addr| u32::from(*it) & CLIENTS_MASK == CLIENTS;
        Self(known.filter(|it| !is_client(it)).unwrap_or(SOME_TARGET))
    }
}

/// Who speaks to whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ends {
    pub(super) stream: u32,
    pub(super) target: Target,
    pub(super) target_port: u16,
}

/// What a segment says besides its payload.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Says {
    pub(super) sequence: u32,
    pub(super) acknowledges: Option<u32>,
    pub(super) syn: bool,
    pub(super) fin: bool,
    pub(super) rst: bool,
}

/// The two headers of a segment. None when the payload is longer than a packet can be.
pub(super) fn headers(ends: Ends, side: TrafficSide, says: Says, payload: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
    let client = (client_address(ends.stream), client_port(ends.stream));
    let target = (ends.target.0, ends.target_port);
    let (from, to) = match side {
        TrafficSide::Client => (client, target),
        TrafficSide::Target => (target, client),
    };
    let mut tcp = TcpHeader::new(from.1, to.1, says.sequence, WINDOW);
    (tcp.syn, tcp.fin, tcp.rst, tcp.psh) = (says.syn, says.fin, says.rst, !payload.is_empty());
    if let Some(acknowledges) = says.acknowledges {
        (tcp.ack, tcp.acknowledgment_number) = (true, acknowledges);
    }
    if says.syn {
        tcp.set_options(&[TcpOptionElement::WindowScale(WINDOW_SCALE)]).ok()?;
    }
    let length = u16::try_from(tcp.header_len() + payload.len()).ok()?;
    let mut ip = Ipv4Header::new(length, TIME_TO_LIVE, IpNumber::TCP, from.0.octets(), to.0.octets()).ok()?;
    ip.header_checksum = ip.calc_header_checksum();
    tcp.checksum = tcp.calc_checksum_ipv4(&ip, payload).ok()?;
    Some((ip.to_bytes().to_vec(), tcp.to_bytes().to_vec()))
}

fn client_address(stream: u32) -> Ipv4Addr {
    Ipv4Addr::from(CLIENTS + 1 + stream / PORTS)
}

fn client_port(stream: u32) -> u16 {
    u16::try_from(FIRST_PORT + stream % PORTS).unwrap_or(u16::MAX)
}

/// A segment that was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Segment<'a> {
    pub(super) stream: u32,
    pub(super) side: TrafficSide,
    pub(super) says: Says,
    pub(super) payload: &'a [u8],
}

/// Reads a packet; none when it is none of those that are written here.
pub(super) fn read(packet: &[u8]) -> Option<Segment<'_>> {
    let ip = Ipv4HeaderSlice::from_slice(packet).ok()?;
    let tcp = TcpSlice::from_slice(packet.get(ip.slice().len()..)?).ok()?;
    let stream = |address: [u8; 4], port: u16| {
        let address = u32::from_be_bytes(address);
        let high = (address & !CLIENTS_MASK).checked_sub(1).filter(|_| address & CLIENTS_MASK == CLIENTS)?;
        let low = u32::from(port).checked_sub(FIRST_PORT).filter(|it| *it < PORTS)?;
        high.checked_mul(PORTS)?.checked_add(low)
    };
    let (stream, side) = match stream(ip.source(), tcp.source_port()) {
        Some(stream) => (stream, TrafficSide::Client),
        None => (stream(ip.destination(), tcp.destination_port())?, TrafficSide::Target),
    };
    let says = Says {
        sequence: tcp.sequence_number(),
        acknowledges: tcp.ack().then(|| tcp.acknowledgment_number()),
        syn: tcp.syn(),
        fin: tcp.fin(),
        rst: tcp.rst(),
    };
    Some(Segment { stream, side, says, payload: tcp.payload() })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_target_keeps_its_address_where_it_has_one_that_tells_it_apart() {
        assert_eq!(Target::of("10.0.0.5"), Target(Ipv4Addr::new(10, 0, 0, 5)));
        for unknown in ["db.corp", "fe80::1", "198.18.0.1", "198.19.255.255", ""] {
            assert_eq!(Target::of(unknown), Target(SOME_TARGET), "{unknown}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(
            stream: u32, target_port: u16, sequence: u32, acknowledges: Option<u32>, syn: bool, fin: bool, rst: bool,
            is_client: bool, payload in prop::collection::vec(any::<u8>(), 0..300),
        ) {
            let ends = Ends { stream, target: Target::of("10.0.0.5"), target_port };
            let side = if is_client { TrafficSide::Client } else { TrafficSide::Target };
            let says = Says { sequence, acknowledges, syn, fin, rst };
            let (ip, tcp) = headers(ends, side, says, &payload).unwrap();
            let packet = [ip, tcp, payload.clone()].concat();
            prop_assert_eq!(read(&packet), Some(Segment { stream, side, says, payload: &payload }));
        }
    }
}
