//! Checks that an agent holds the key it enrolled with, on this very connection.

use std::sync::Arc;

use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};
use wire::AgentId;
use wire::agent_messages::ProofBinding;
use wire::proof::{Binding, EXPORTER_BYTES, NONCE_BYTES, Purpose, message};

/// Bytes of an Ed25519 public key (RFC 8032).
pub const PUBLIC_KEY_BYTES: usize = 32;

/// What a proof on one connection has to sign.
#[derive(Clone, Debug)]
pub struct Connection {
    /// The appliance's nonce.
    pub nonce: [u8; NONCE_BYTES],
    /// What the proof has to be bound to.
    pub bound_to: BoundTo,
}

/// What ties a proof to where it was asked for.
#[derive(Clone, Debug)]
pub enum BoundTo {
    /// The TLS connection, by its exporter value.
    Connection([u8; EXPORTER_BYTES]),
    /// This appliance's public address: a trusted proxy ends TLS in front of it, so the two ends share no TLS connection.
    PublicUrl(Arc<str>),
}

impl BoundTo {
    /// What the agent is told.
    #[must_use]
    pub fn kind(&self) -> ProofBinding {
        match self {
            Self::Connection(_) => ProofBinding::Connection,
            Self::PublicUrl(_) => ProofBinding::PublicUrl,
        }
    }

    fn in_message(&self) -> Binding<'_> {
        match self {
            Self::Connection(exporter) => Binding::Connection(exporter),
            Self::PublicUrl(url) => Binding::PublicUrl(url),
        }
    }
}

/// Whether `signature` (hexadecimal) proves that the holder of `public_key` speaks on this connection for this purpose.
#[must_use]
pub fn holds(connection: &Connection, purpose: Purpose, agent: AgentId, public_key: &[u8], signature: &str) -> bool {
    let Some(signature) = crate::random::from_hex(signature) else { return false };
    let signed = message(purpose, agent, &connection.nonce, connection.bound_to.in_message());
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
        let here = Connection { nonce: [1; 32], bound_to: BoundTo::Connection([2; 32]) };
        let signed = message(Purpose::Control, agent, &here.nonce, here.bound_to.in_message());
        let signature = crate::random::hex(key.sign(&signed).as_ref());
        let public = key.public_key().as_ref();
        assert!(holds(&here, Purpose::Control, agent, public, &signature));
        assert!(!holds(&here, Purpose::SessionLink, agent, public, &signature));
        assert!(!holds(&here, Purpose::Control, AgentId(Uuid::from_u128(2)), public, &signature));
        let elsewhere = Connection { bound_to: BoundTo::Connection([3; 32]), ..here.clone() };
        assert!(!holds(&elsewhere, Purpose::Control, agent, public, &signature), "another TLS connection");
        let replayed = Connection { nonce: [9; 32], ..here.clone() };
        assert!(!holds(&replayed, Purpose::Control, agent, public, &signature), "another challenge");
        let other = Ed25519KeyPair::generate().unwrap();
        assert!(!holds(&here, Purpose::Control, agent, other.public_key().as_ref(), &signature));
        for garbage in ["", "zz", "00", &"0".repeat(128)] {
            assert!(!holds(&here, Purpose::Control, agent, public, garbage));
        }
    }

    #[test]
    fn one_kind_of_binding_does_not_stand_for_the_other() {
        let key = Ed25519KeyPair::generate().unwrap();
        let (agent, public) = (AgentId(Uuid::from_u128(1)), key.public_key().as_ref());
        // As many bytes as an exporter value.
        let url = "https://gate.example.org:8443/xx";
        let exporter: [u8; EXPORTER_BYTES] = url.as_bytes().try_into().unwrap();
        let by = |bound_to| Connection { nonce: [1; 32], bound_to };
        let both = [by(BoundTo::Connection(exporter)), by(BoundTo::PublicUrl(url.into()))];
        let other = by(BoundTo::PublicUrl("https://evil.example".into()));
        for (index, signed) in both.iter().enumerate() {
            let signed = message(Purpose::Control, agent, &signed.nonce, signed.bound_to.in_message());
            let signature = crate::random::hex(key.sign(&signed).as_ref());
            for (checked, connection) in both.iter().enumerate() {
                assert_eq!(holds(connection, Purpose::Control, agent, public, &signature), index == checked);
            }
            assert!(!holds(&other, Purpose::Control, agent, public, &signature));
        }
    }
}
