use std::fmt;

use ed25519_dalek::{Signature, VerifyingKey};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::ChainHash;
use super::chain::from_hex;
use crate::Timestamp;

/// Bytes of a signature.
pub const SIGNATURE_BYTES: usize = 64;

/// A place of the chain that the appliance signed: up to there nothing can be altered, left out or cut off unnoticed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Head {
    /// The last event it covers.
    pub sequence: u64,
    /// That event's hash.
    pub hash: ChainHash,
    /// When it was signed.
    pub at: Timestamp,
    /// Ed25519 over [`signed_bytes`], as lower-case hexadecimal.
    pub signature: String,
}

/// What is signed of a head, byte for byte:
///
/// | bytes | meaning |
/// |---|---|
/// | 24 | `sallyport audit head v1\0` |
/// | 8 | sequence number, big-endian |
/// | 32 | hash |
/// | 8 | time in milliseconds since 1970, big-endian |
#[must_use]
pub fn signed_bytes(sequence: u64, hash: &ChainHash, at: Timestamp) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(72);
    bytes.extend_from_slice(b"sallyport audit head v1\0");
    bytes.extend_from_slice(&sequence.to_be_bytes());
    bytes.extend_from_slice(&hash.0);
    bytes.extend_from_slice(&at.0.to_be_bytes());
    bytes
}

/// The public key that heads are verified with. It travels as 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct AuditKey(VerifyingKey);

/// This is no public key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an audit key is an Ed25519 public key of 64 hexadecimal digits")]
pub struct NotAKey;

impl AuditKey {
    /// From 32 bytes.
    ///
    /// # Errors
    /// When they are no Ed25519 public key.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, NotAKey> {
        let bytes: &[u8; 32] = bytes.try_into().map_err(|_| NotAKey)?;
        VerifyingKey::from_bytes(bytes).map(Self).map_err(|_| NotAKey)
    }

    /// Whether the appliance with this key signed the head.
    #[must_use]
    pub fn signed(&self, head: &Head) -> bool {
        let Some(signature) = from_hex::<SIGNATURE_BYTES>(&head.signature) else { return false };
        let message = signed_bytes(head.sequence, &head.hash, head.at);
        self.0.verify_strict(&message, &Signature::from_bytes(&signature)).is_ok()
    }
}

impl std::str::FromStr for AuditKey {
    type Err = NotAKey;

    fn from_str(text: &str) -> Result<Self, NotAKey> {
        Self::from_bytes(&from_hex::<32>(text).ok_or(NotAKey)?)
    }
}

impl fmt::Display for AuditKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.as_bytes().iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for AuditKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AuditKey({self})")
    }
}

impl Serialize for AuditKey {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for AuditKey {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(from)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use ed25519_dalek::{Signer, SigningKey};

    pub(in crate::audit) fn a_key() -> AuditKey {
        AuditKey(SigningKey::from_bytes(&[7; 32]).verifying_key())
    }

    pub(in crate::audit) fn signed(sequence: u64, hash: ChainHash) -> Head {
        let at = Timestamp(1_700_000_000_001);
        let signature = SigningKey::from_bytes(&[7; 32]).sign(&signed_bytes(sequence, &hash, at));
        let hex = signature.to_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
        Head { sequence, hash, at, signature: hex }
    }

    #[test]
    fn the_signed_bytes_are_stable() {
        let bytes = signed_bytes(0x0102, &ChainHash([3; 32]), Timestamp(4));
        assert_eq!(bytes.len(), 72);
        assert_eq!(&bytes[..24], b"sallyport audit head v1\0");
        assert_eq!(&bytes[24..32], [0, 0, 0, 0, 0, 0, 1, 2]);
        assert_eq!(&bytes[32..64], [3; 32]);
        assert_eq!(&bytes[64..], [0, 0, 0, 0, 0, 0, 0, 4]);
    }

    #[test]
    fn only_the_head_that_was_signed_is_believed() {
        let (key, head) = (a_key(), signed(5, ChainHash([1; 32])));
        assert!(key.signed(&head));
        for other in [
            Head { sequence: 6, ..head.clone() },
            Head { hash: ChainHash([2; 32]), ..head.clone() },
            Head { at: Timestamp(0), ..head.clone() },
            Head { signature: head.signature.replace('a', "b"), ..head.clone() },
            Head { signature: String::new(), ..head.clone() },
        ] {
            assert!(!key.signed(&other), "{other:?}");
        }
        let other = AuditKey(SigningKey::from_bytes(&[8; 32]).verifying_key());
        assert!(!other.signed(&head));
        assert_eq!(key.to_string().parse(), Ok(key));
        assert!("00".parse::<AuditKey>().is_err());
    }
}
