use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest, Sha256};

use super::{AuditEvent, canonical};

/// Version of the chain: the first byte that is hashed.
pub const VERSION: u8 = 1;
/// Bytes of a hash.
const BYTES: usize = 32;

/// The hash of an event and, through it, of all before. It travels as lower-case hexadecimal.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(value_type = String))]
pub struct ChainHash(pub [u8; BYTES]);

impl ChainHash {
    /// What the first event holds on to.
    pub const ZERO: Self = Self([0; BYTES]);

    /// From as many bytes as a hash has.
    #[must_use]
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }
}

/// The hash of an event behind the one with the hash `previous`.
#[must_use]
pub fn next_hash(previous: &ChainHash, event: &AuditEvent) -> ChainHash {
    hash_of(previous, &canonical(event))
}

pub(super) fn hash_of(previous: &ChainHash, canonical: &[u8]) -> ChainHash {
    let mut hash = Sha256::new();
    hash.update([VERSION]);
    hash.update(previous.0);
    hash.update(canonical);
    ChainHash(hash.finalize().into())
}

impl fmt::Display for ChainHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for ChainHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ChainHash({self})")
    }
}

impl FromStr for ChainHash {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        from_hex(text).map(Self).ok_or("a hash is 64 hexadecimal digits")
    }
}

/// Exactly `N` bytes from lower-case hexadecimal: two texts for the same bytes would be one too many.
pub(super) fn from_hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    let text: &[u8] = text.as_bytes();
    if text.len() != 2 * N {
        return None;
    }
    let mut bytes = [0; N];
    for (byte, pair) in bytes.iter_mut().zip(text.chunks_exact(2)) {
        *byte = digit(pair[0])? << 4 | digit(pair[1])?;
    }
    Some(bytes)
}

impl Serialize for ChainHash {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ChainHash {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(from)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::Timestamp;
    use crate::audit::{Action, Actor, ActorKind, ObjectKind, ObjectName, Outcome};
    use serde_json::json;
    use uuid::Uuid;

    pub(in crate::audit) fn an_event(sequence: u64) -> AuditEvent {
        let fields = |value: serde_json::Value| value.as_object().unwrap().clone().into_iter().collect();
        AuditEvent {
            sequence,
            at: Timestamp(1_700_000_000_000),
            actor: Actor { kind: ActorKind::User, id: Some(Uuid::from_u128(1)), name: "ana".into(), token: None },
            address: Some("192.0.2.1".into()),
            action: Action::UserChanged,
            object: Some(ObjectName { kind: ObjectKind::User, id: Some(Uuid::from_u128(2)), name: "tom".into() }),
            outcome: Outcome::Succeeded,
            message: String::new(),
            before: fields(json!({ "display_name": "Tom", "enabled": true })),
            after: fields(json!({ "display_name": "Tom \"T\" Ä\n", "enabled": false })),
        }
    }

    #[test]
    fn the_hashes_are_stable() {
        let first = next_hash(&ChainHash::ZERO, &an_event(1));
        assert_eq!(first.to_string(), "f0a439ed419291187ad6f4db3c00892118d9e75a5f555c3d0dea72e323b970b4");
        let second = next_hash(&first, &an_event(2));
        assert_eq!(second.to_string(), "e237479bee553c0f889cdd5be408440ce280bbe036a5e22e538918debaf82583");
    }

    #[test]
    fn a_hash_has_one_text() {
        let text = ChainHash([0xab; 32]).to_string();
        assert_eq!(text.parse(), Ok(ChainHash([0xab; 32])));
        assert!(text.to_uppercase().parse::<ChainHash>().is_err());
        for wrong in ["", "ab", &text[1..], &format!("{text}00"), &text.replace('a', "g")] {
            assert!(wrong.parse::<ChainHash>().is_err(), "{wrong}");
        }
    }
}
