//! Checks that an agent holds the key it enrolled with, on this very connection.

use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};
use wire::AgentId;
use wire::proof::{EXPORTER_BYTES, NONCE_BYTES, Purpose, message};

/// Bytes of an Ed25519 public key (RFC 8032).
pub const PUBLIC_KEY_BYTES: usize = 32;

/// What a proof on one connection has to sign.
#[derive(Clone, Copy, Debug)]
pub struct Connection {
    /// The appliance's nonce.
    pub nonce: [u8; NONCE_BYTES],
    /// The exporter value of the TLS connection.
    pub exporter: [u8; EXPORTER_BYTES],
}

/// Whether `signature` (hexadecimal) proves that the holder of `public_key` speaks on this connection for this purpose.
#[must_use]
pub fn holds(connection: &Connection, purpose: Purpose, agent: AgentId, public_key: &[u8], signature: &str) -> bool {
    let Some(signature) = crate::random::from_hex(signature) else { return false };
    let signed = message(purpose, agent, &connection.nonce, &connection.exporter);
    UnparsedPublicKey::new(&ED25519, public_key).verify(&signed, &signature).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
    use uuid::Uuid;

    #[test]
    fn a_proof_is_good_for_its_key_connection_purpose_and_agent_only() {
        let key = Ed25519KeyPair::generate().unwrap();
        let agent = AgentId(Uuid::from_u128(1));
        let here = Connection { nonce: [1; 32], exporter: [2; 32] };
        let signed = message(Purpose::Control, agent, &here.nonce, &here.exporter);
        let signature = crate::random::hex(key.sign(&signed).as_ref());
        let public = key.public_key().as_ref();
        assert!(holds(&here, Purpose::Control, agent, public, &signature));
        assert!(!holds(&here, Purpose::SessionLink, agent, public, &signature));
        assert!(!holds(&here, Purpose::Control, AgentId(Uuid::from_u128(2)), public, &signature));
        let elsewhere = Connection { exporter: [3; 32], ..here };
        assert!(!holds(&elsewhere, Purpose::Control, agent, public, &signature), "another TLS connection");
        let replayed = Connection { nonce: [9; 32], ..here };
        assert!(!holds(&replayed, Purpose::Control, agent, public, &signature), "another challenge");
        let other = Ed25519KeyPair::generate().unwrap();
        assert!(!holds(&here, Purpose::Control, agent, other.public_key().as_ref(), &signature));
        for garbage in ["", "zz", "00", &"0".repeat(128)] {
            assert!(!holds(&here, Purpose::Control, agent, public, garbage));
        }
    }
}
