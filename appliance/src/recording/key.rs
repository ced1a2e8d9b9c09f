//! Each recording is encrypted with a key of its own, AES-256-GCM, which lies sealed in the database: whoever copies the store of
//! recordings, or that and the database, has nothing. Another sealing key means sealing these again, not the recordings.

use std::sync::Arc;

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use wire::RecordingId;

use crate::random;
use crate::sealing::{Sealing, SealingError};

const KEY_BYTES: usize = 32;
/// What encrypting adds to a piece: 12 bytes nonce in front, 16 bytes tag behind.
pub(super) const OVERHEAD: usize = NONCE_LEN + 16;

/// The key of one recording. Cheap to clone.
#[derive(Clone)]
pub(super) struct RecordingKey {
    id: RecordingId,
    key: Arc<RandomizedNonceKey>,
}

impl std::fmt::Debug for RecordingKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RecordingKey([redacted])")
    }
}

impl RecordingKey {
    /// Makes one: the key, and how it is kept.
    pub(super) fn make(sealing: &Sealing, id: RecordingId) -> Result<(Self, Vec<u8>), SealingError> {
        let bytes = random::bytes::<KEY_BYTES>().map_err(|_| SealingError::NotSealed)?;
        let sealed = sealing.seal(&place(id), &bytes)?;
        Ok((Self::of(id, &bytes)?, sealed))
    }

    /// The key that is kept as this.
    pub(super) fn open(sealing: &Sealing, id: RecordingId, sealed: &[u8]) -> Result<Self, SealingError> {
        Self::of(id, &sealing.open(&place(id), sealed)?)
    }

    fn of(id: RecordingId, bytes: &[u8]) -> Result<Self, SealingError> {
        let key = RandomizedNonceKey::new(&AES_256_GCM, bytes).map_err(|_| SealingError::NotOpened)?;
        Ok(Self { id, key: Arc::new(key) })
    }

    /// Appends a piece to `to`, encrypted. `place` says where in the recording it belongs: elsewhere it does not open.
    pub(super) fn encrypt(&self, place: Piece, plain: &[u8], to: &mut Vec<u8>) -> Result<(), SealingError> {
        let start = to.len();
        to.resize(start + NONCE_LEN, 0);
        to.extend_from_slice(plain);
        let (head, text) = to.split_at_mut(start + NONCE_LEN);
        let sealed = self.key.seal_in_place_separate_tag(Aad::from(self.aad(place)), text);
        let (nonce, tag) = sealed.map_err(|_| SealingError::NotSealed)?;
        head[start..].copy_from_slice(nonce.as_ref());
        to.extend_from_slice(tag.as_ref());
        Ok(())
    }

    /// What such a piece was, in its own memory.
    pub(super) fn decrypt<'a>(&self, place: Piece, sealed: &'a mut [u8]) -> Result<&'a mut [u8], SealingError> {
        let (nonce, text) = sealed.split_at_mut_checked(NONCE_LEN).ok_or(SealingError::NotOpened)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| SealingError::NotOpened)?;
        self.key.open_in_place(nonce, Aad::from(self.aad(place)), text).map_err(|_| SealingError::NotOpened)
    }

    /// Recording, kind of piece, number, whether it is the last one.
    fn aad(&self, place: Piece) -> [u8; 26] {
        let (kind, number, is_last) = match place {
            Piece::Chunk(number) => (0, number, false),
            Piece::Block { number, is_last } => (1, number, is_last),
        };
        let mut aad = [0; 26];
        aad[..16].copy_from_slice(self.id.0.as_bytes());
        aad[16] = kind;
        aad[17..25].copy_from_slice(&number.to_be_bytes());
        aad[25] = u8::from(is_last);
        aad
    }
}

/// A piece of a recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    /// What the browser sent at once, by its number.
    Chunk(u64),
    /// A block of the finished file. That it is the last one is part of it: a file that was cut does not open.
    Block {
        /// From 0.
        number: u64,
        /// Whether none comes after it.
        is_last: bool,
    },
}

fn place(id: RecordingId) -> String {
    format!("recording/{id}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_open_in_their_place_alone() {
        let folder = tempfile::tempdir().unwrap();
        let sealing = Sealing::load(folder.path()).unwrap();
        let (one, other) = (RecordingId(random::id()), RecordingId(random::id()));
        let (key, kept) = RecordingKey::make(&sealing, one).unwrap();
        let mut sealed = b"before".to_vec();
        key.encrypt(Piece::Chunk(1), b"a desktop", &mut sealed).unwrap();
        let sealed = sealed.split_off(6);
        assert_eq!(sealed.len(), 9 + OVERHEAD);
        let again = RecordingKey::open(&sealing, one, &kept).unwrap();
        assert_eq!(again.decrypt(Piece::Chunk(1), &mut sealed.clone()).unwrap(), b"a desktop");
        let block = |is_last| Piece::Block { number: 1, is_last };
        for place in [Piece::Chunk(0), block(false), block(true)] {
            assert!(again.decrypt(place, &mut sealed.clone()).is_err(), "{place:?}");
        }
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert!(again.decrypt(Piece::Chunk(1), &mut changed).is_err(), "byte {at}");
            assert!(again.decrypt(Piece::Chunk(1), &mut sealed[..at].to_vec()).is_err(), "{at} bytes");
        }
        assert!(RecordingKey::open(&sealing, other, &kept).is_err(), "a key of another recording");
        assert!(!format!("{key:?}").contains("key:"));
    }
}
