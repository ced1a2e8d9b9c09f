//! What an agent signs to prove that it is the one that enrolled.

use crate::AgentId;

/// Bytes taken from the TLS connection (RFC 5705 / RFC 8446 section 7.5 exporter).
pub const EXPORTER_BYTES: usize = 32;
/// The exporter's label; names the protocol, so that no other use of the connection gets the same bytes.
pub const EXPORTER_LABEL: &[u8] = b"EXPORTER-sallyport-agent-proof-v1";
/// Bytes of the appliance's fresh nonce.
pub const NONCE_BYTES: usize = 32;

/// What the proof is for; a proof for one purpose is worthless for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Enrolling with a key: proves that the private key is held.
    Enrol,
    /// The control link.
    Control,
    /// The link of one session.
    SessionLink,
}

/// What a proof is worth nothing without.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Binding<'a> {
    /// This TLS connection, by its exporter value: it goes from the agent to the appliance.
    Connection(&'a [u8; EXPORTER_BYTES]),
    /// The address by which the agent knows the appliance, `https://host[:port]` as browsers write an origin: a proxy that the
    /// appliance trusts ends TLS there. Only the appliance may decide that this is enough.
    PublicUrl(&'a str),
}

/// The message that is signed (Ed25519), byte for byte:
///
/// | bytes | meaning |
/// |---|---|
/// | 25 | `sallyport agent proof v1\0`; bound to the public address: `sallyport agent proof u1\0` |
/// | 1 | purpose: 1 enrol, 2 control, 3 session link |
/// | 16 | agent id (zeros while enrolling) |
/// | 32 | the appliance's nonce of this connection |
/// | 32, or as many as it takes | the TLS exporter value of this connection, or the public address |
#[must_use]
pub fn message(purpose: Purpose, agent: AgentId, nonce: &[u8; NONCE_BYTES], binding: Binding<'_>) -> Vec<u8> {
    let (begins, bound_to): (&[u8], &[u8]) = match binding {
        Binding::Connection(exporter) => (b"sallyport agent proof v1\0", exporter),
        Binding::PublicUrl(url) => (b"sallyport agent proof u1\0", url.as_bytes()),
    };
    let mut bytes = Vec::with_capacity(74 + bound_to.len());
    bytes.extend_from_slice(begins);
    bytes.push(match purpose {
        Purpose::Enrol => 1,
        Purpose::Control => 2,
        Purpose::SessionLink => 3,
    });
    bytes.extend_from_slice(agent.0.as_bytes());
    bytes.extend_from_slice(nonce);
    bytes.extend_from_slice(bound_to);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn the_signed_bytes_are_stable() {
        let bytes = message(Purpose::Control, AgentId(Uuid::from_u128(1)), &[2; 32], Binding::Connection(&[3; 32]));
        assert_eq!(bytes.len(), 106);
        assert_eq!(&bytes[..25], b"sallyport agent proof v1\0");
        assert_eq!(bytes[25], 2);
        assert_eq!(bytes[41], 1);
        assert_eq!(&bytes[42..74], [2; 32]);
        assert_eq!(&bytes[74..], [3; 32]);

        let by_url =
            message(Purpose::Control, AgentId(Uuid::from_u128(1)), &[2; 32], Binding::PublicUrl("https://gate"));
        assert_eq!(&by_url[..25], b"sallyport agent proof u1\0");
        assert_eq!(by_url[25..74], bytes[25..74]);
        assert_eq!(&by_url[74..], b"https://gate");
    }
}
