//! A finished recording as it is stored: its bytes in blocks of 64 KiB, each encrypted by itself, so that any part of it can be read
//! without the rest. Block `n` lies at `n × (BLOCK + OVERHEAD)`.

use std::ops::Range;

use sha2::{Digest, Sha256};

use super::key::{OVERHEAD, Piece, RecordingKey};
use crate::sealing::SealingError;

/// Bytes of a block before it is encrypted.
pub(super) const BLOCK: usize = 64 * 1024;
const SEALED_BLOCK: u64 = (BLOCK + OVERHEAD) as u64;

/// Encrypts what is pushed into it, block by block.
pub(super) struct Sealer {
    key: RecordingKey,
    hash: Sha256,
    len: u64,
    number: u64,
    /// What does not fill a block yet. A block is encrypted only when more comes: the last one is marked.
    open: Vec<u8>,
}

/// What was sealed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Sealed {
    /// Bytes before they were encrypted.
    pub(super) len: u64,
    /// Their SHA-256.
    pub(super) sha256: [u8; 32],
}

impl Sealer {
    pub(super) fn new(key: RecordingKey) -> Self {
        Self { key, hash: Sha256::new(), len: 0, number: 0, open: Vec::with_capacity(BLOCK) }
    }

    /// Takes bytes in; what is encrypted by that goes to `to`.
    pub(super) fn push(&mut self, mut bytes: &[u8], to: &mut Vec<u8>) -> Result<(), SealingError> {
        self.hash.update(bytes);
        self.len += bytes.len() as u64;
        while !bytes.is_empty() {
            if self.open.len() == BLOCK {
                self.seal(false, to)?;
            }
            let (now, later) = bytes.split_at(bytes.len().min(BLOCK - self.open.len()));
            self.open.extend_from_slice(now);
            bytes = later;
        }
        Ok(())
    }

    /// Encrypts what is left.
    pub(super) fn end(mut self, to: &mut Vec<u8>) -> Result<Sealed, SealingError> {
        self.seal(true, to)?;
        Ok(Sealed { len: self.len, sha256: self.hash.finalize().into() })
    }

    fn seal(&mut self, is_last: bool, to: &mut Vec<u8>) -> Result<(), SealingError> {
        self.key.encrypt(Piece::Block { number: self.number, is_last }, &self.open, to)?;
        self.number += 1;
        self.open.clear();
        Ok(())
    }
}

/// A part of a finished recording, and what has to be read for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Part {
    /// Bytes of the stored object.
    pub(super) stored: Range<u64>,
    first: u64,
    /// Bytes wanted of what these blocks hold.
    wanted: Range<u64>,
    len: u64,
}

impl Part {
    /// These bytes of a recording of `len` bytes; they lie within it.
    pub(super) fn of(wanted: Range<u64>, len: u64) -> Self {
        let last_block = len.saturating_sub(1) / BLOCK as u64;
        let first = (wanted.start / BLOCK as u64).min(last_block);
        let last = (wanted.end.saturating_sub(1) / BLOCK as u64).clamp(first, last_block);
        let end = if last == last_block { stored_len(len) } else { (last + 1) * SEALED_BLOCK };
        Self { stored: first * SEALED_BLOCK..end, first, wanted, len }
    }

    /// What was stored there, decrypted.
    pub(super) fn open(&self, key: &RecordingKey, stored: &mut [u8]) -> Result<Vec<u8>, SealingError> {
        let last_block = self.len.saturating_sub(1) / BLOCK as u64;
        let mut plain = Vec::with_capacity(stored.len());
        for (number, block) in (self.first..).zip(stored.chunks_mut(BLOCK + OVERHEAD)) {
            let block = key.decrypt(Piece::Block { number, is_last: number == last_block }, block)?;
            let start = number * BLOCK as u64;
            let within =
                |at: u64| usize::try_from(at.saturating_sub(start)).map_or(block.len(), |it| it.min(block.len()));
            plain.extend_from_slice(&block[within(self.wanted.start)..within(self.wanted.end)]);
        }
        let is_whole = plain.len() as u64 == self.wanted.end - self.wanted.start;
        if is_whole { Ok(plain) } else { Err(SealingError::NotOpened) }
    }
}

/// Bytes that a recording of `len` bytes takes.
pub(super) fn stored_len(len: u64) -> u64 {
    let blocks = len.div_ceil(BLOCK as u64).max(1);
    len + blocks * OVERHEAD as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random;
    use crate::sealing::Sealing;
    use wire::RecordingId;

    #[test]
    fn any_part_of_a_recording_of_any_size_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let sealing = Sealing::load(folder.path()).unwrap();
        let (key, _) = RecordingKey::make(&sealing, RecordingId(random::id())).unwrap();
        for len in [0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK, 3 * BLOCK + 7] {
            let plain: Vec<u8> = (0..len).map(|it| (it * 31 % 251) as u8).collect();
            let mut stored = Vec::new();
            let mut sealer = Sealer::new(key.clone());
            for piece in plain.chunks(10_007) {
                sealer.push(piece, &mut stored).unwrap();
            }
            let sealed = sealer.end(&mut stored).unwrap();
            assert_eq!((sealed.len, stored.len() as u64), (len as u64, stored_len(len as u64)));
            assert_eq!(sealed.sha256, <[u8; 32]>::from(Sha256::digest(&plain)));
            let edges = [0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK, 3 * BLOCK, len.saturating_sub(1), len];
            for from in edges.into_iter().filter(|it| *it <= len) {
                for to in edges.into_iter().filter(|it| (from..=len).contains(it)) {
                    let part = Part::of(from as u64..to as u64, len as u64);
                    let range = part.stored.start as usize..part.stored.end as usize;
                    let opened = part.open(&key, &mut stored[range].to_vec()).unwrap();
                    assert!(opened == plain[from..to], "{from}..{to} of {len}");
                }
            }
        }
    }

    #[test]
    fn what_was_cut_swapped_or_changed_does_not_open() {
        let folder = tempfile::tempdir().unwrap();
        let sealing = Sealing::load(folder.path()).unwrap();
        let (key, _) = RecordingKey::make(&sealing, RecordingId(random::id())).unwrap();
        let (len, mut stored) = (2 * BLOCK as u64, Vec::new());
        let mut sealer = Sealer::new(key.clone());
        sealer.push(&vec![7; 2 * BLOCK], &mut stored).unwrap();
        sealer.end(&mut stored).unwrap();
        let (one, two) = stored.split_at(BLOCK + OVERHEAD);
        let opens = |len: u64, stored: &[u8]| Part::of(0..len, len).open(&key, &mut stored.to_vec()).is_ok();
        assert!(opens(len, &stored));
        assert!(!opens(len, &[two, one].concat()), "swapped");
        assert!(!opens(BLOCK as u64, one), "its last block is another one");
        assert!(!opens(len, one), "cut");
        let mut changed = stored.clone();
        *changed.last_mut().unwrap() ^= 1;
        assert!(!opens(len, &changed));
    }
}
