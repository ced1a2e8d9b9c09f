//! What has come of a recording that is not complete: its chunks in one file of the data folder, each encrypted, each on the disk
//! before its arrival is confirmed.
//!
//! A chunk in the file is: 4 bytes length of what follows (big endian), and that, encrypted. What a crash left half written at
//! the end was never confirmed, and is cut off.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;

use wire::limits::RECORDING_CHUNK_BYTES;

use super::key::{OVERHEAD, Piece, RecordingKey};

const LENGTH_BYTES: u64 = 4;

/// The chunks of one recording.
#[derive(Debug)]
pub(super) struct Spool {
    file: File,
    key: RecordingKey,
    chunks: Vec<Chunk>,
    /// Bytes of all chunks as they came.
    len: u64,
    /// Bytes of the file.
    end: u64,
}

#[derive(Clone, Copy, Debug)]
struct Chunk {
    /// Where it begins among all bytes that came.
    offset: u64,
    /// Where its encrypted bytes lie in the file.
    at: u64,
    sealed_len: u32,
}

impl Spool {
    /// Of a recording that begins.
    pub(super) fn create(path: &Path, key: RecordingKey) -> io::Result<Self> {
        let file = OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(path)?;
        // The file itself has to be found again as well.
        if let Some(folder) = path.parent() {
            File::open(folder)?.sync_all()?;
        }
        Ok(Self { file, key, chunks: Vec::new(), len: 0, end: 0 })
    }

    /// Of a recording that an earlier run of the appliance began. Each chunk is handed to `see`, in order.
    pub(super) fn reopen(path: &Path, key: RecordingKey, mut see: impl FnMut(&[u8])) -> io::Result<Self> {
        let mut file = OpenOptions::new().read(true).write(true).open(path)?;
        let mut spool = Self { file: file.try_clone()?, key, chunks: Vec::new(), len: 0, end: 0 };
        let all = file.metadata()?.len();
        while all - spool.end > LENGTH_BYTES {
            file.seek(SeekFrom::Start(spool.end))?;
            let mut length = [0; 4];
            file.read_exact(&mut length)?;
            let sealed_len = u32::from_be_bytes(length);
            let at = spool.end + LENGTH_BYTES;
            if sealed_len as usize > RECORDING_CHUNK_BYTES + OVERHEAD || at + u64::from(sealed_len) > all {
                break;
            }
            let mut sealed = vec![0; sealed_len as usize];
            file.read_exact(&mut sealed)?;
            let Ok(plain) = spool.key.decrypt(Piece::Chunk(spool.next()), &mut sealed) else { break };
            see(plain);
            spool.push(at, sealed_len, plain.len() as u64);
        }
        if spool.end < all {
            tracing::warn!(file = %path.display(), from = spool.end, of = all, "the end of a recording that was half written is cut off");
            file.set_len(spool.end)?;
        }
        Ok(spool)
    }

    /// The number of the chunk that comes next.
    pub(super) fn next(&self) -> u64 {
        self.chunks.len() as u64
    }

    /// Bytes of all chunks.
    pub(super) fn len(&self) -> u64 {
        self.len
    }

    /// Puts a chunk behind the others. When this comes back it is on the disk; after an error the file is as it was.
    pub(super) fn append(&mut self, chunk: &[u8]) -> io::Result<()> {
        let mut record = vec![0; 4];
        self.key.encrypt(Piece::Chunk(self.next()), chunk, &mut record).map_err(io::Error::other)?;
        let sealed_len = u32::try_from(record.len() - 4).map_err(io::Error::other)?;
        record[..4].copy_from_slice(&sealed_len.to_be_bytes());
        self.file.seek(SeekFrom::Start(self.end))?;
        let written = self.file.write_all(&record).and_then(|()| self.file.sync_data());
        if let Err(error) = written {
            // Whether or not this goes well: what lies behind the end is written over, or cut off when it is opened again.
            let _ = self.file.set_len(self.end);
            return Err(error);
        }
        self.push(self.end + LENGTH_BYTES, sealed_len, chunk.len() as u64);
        Ok(())
    }

    fn push(&mut self, at: u64, sealed_len: u32, len: u64) {
        self.chunks.push(Chunk { offset: self.len, at, sealed_len });
        self.len += len;
        self.end = at + u64::from(sealed_len);
    }

    /// Hands the bytes from `offset` on, `len` of them, to `take`, in pieces.
    pub(super) fn read(&self, offset: u64, len: u64, mut take: impl FnMut(&[u8]) -> io::Result<()>) -> io::Result<()> {
        let end = offset.saturating_add(len);
        if end > self.len {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let first = self.chunks.partition_point(|it| it.offset <= offset).saturating_sub(1);
        for (number, chunk) in self.chunks.iter().enumerate().skip(first) {
            if chunk.offset >= end {
                break;
            }
            let mut sealed = vec![0; chunk.sealed_len as usize];
            self.file.read_exact_at(&mut sealed, chunk.at)?;
            let plain = self.key.decrypt(Piece::Chunk(number as u64), &mut sealed).map_err(io::Error::other)?;
            let within = |at: u64| {
                usize::try_from(at.saturating_sub(chunk.offset)).map_or(plain.len(), |it| it.min(plain.len()))
            };
            let wanted = within(offset)..within(end);
            if !wanted.is_empty() {
                take(&plain[wanted])?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random;
    use crate::sealing::Sealing;
    use wire::RecordingId;

    fn key(folder: &Path) -> RecordingKey {
        RecordingKey::make(&Sealing::load(folder).unwrap(), RecordingId(random::id())).unwrap().0
    }

    fn all(spool: &Spool, offset: u64, len: u64) -> Vec<u8> {
        let mut read = Vec::new();
        spool
            .read(offset, len, |piece| {
                read.extend_from_slice(piece);
                Ok(())
            })
            .unwrap();
        read
    }

    #[test]
    fn what_was_confirmed_is_there_after_a_crash_at_any_byte() {
        let folder = tempfile::tempdir().unwrap();
        let (path, key) = (folder.path().join("one"), key(folder.path()));
        let mut spool = Spool::create(&path, key.clone()).unwrap();
        spool.append(b"first").unwrap();
        spool.append(b"").unwrap();
        let before = path.metadata().unwrap().len();
        spool.append(b"third").unwrap();
        let whole = std::fs::read(&path).unwrap();
        assert!(!whole.windows(5).any(|it| it == b"first"), "in clear");
        for cut in usize::try_from(before).unwrap()..whole.len() {
            std::fs::write(&path, &whole[..cut]).unwrap();
            let mut seen = Vec::new();
            let mut again = Spool::reopen(&path, key.clone(), |chunk| seen.push(chunk.to_vec())).unwrap();
            assert_eq!(seen, [b"first".to_vec(), Vec::new()], "cut at {cut}");
            assert_eq!(again.next(), 2);
            again.append(b"another").unwrap();
            assert_eq!(all(&again, 0, again.len()), b"firstanother");
        }
    }

    #[test]
    fn any_range_is_read_across_chunks() {
        let folder = tempfile::tempdir().unwrap();
        let mut spool = Spool::create(&folder.path().join("one"), key(folder.path())).unwrap();
        let mut plain = Vec::new();
        for chunk in [&b"abc"[..], b"", b"d", b"efghij"] {
            spool.append(chunk).unwrap();
            plain.extend_from_slice(chunk);
        }
        for from in 0..=plain.len() {
            for to in from..=plain.len() {
                assert_eq!(all(&spool, from as u64, (to - from) as u64), plain[from..to], "{from}..{to}");
            }
        }
        assert!(spool.read(0, 11, |_| Ok(())).is_err());
        assert!(spool.read(u64::MAX, 2, |_| Ok(())).is_err());
    }

    #[test]
    fn a_chunk_that_was_changed_ends_what_can_be_read() {
        let folder = tempfile::tempdir().unwrap();
        let (path, key) = (folder.path().join("one"), key(folder.path()));
        let mut spool = Spool::create(&path, key.clone()).unwrap();
        spool.append(b"first").unwrap();
        let at = usize::try_from(path.metadata().unwrap().len()).unwrap();
        spool.append(b"second").unwrap();
        let mut bytes = std::fs::read(&path).unwrap();
        bytes[at + 10] ^= 1;
        std::fs::write(&path, bytes).unwrap();
        assert!(spool.read(0, spool.len(), |_| Ok(())).is_err());
        let again = Spool::reopen(&path, key, |_| {}).unwrap();
        assert_eq!((again.next(), again.len()), (1, 5));
    }
}
