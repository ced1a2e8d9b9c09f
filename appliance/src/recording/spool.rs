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
/// Bytes of chunks after which the place of one is remembered: so much is passed over at most to find a byte.
const MARK_AFTER: u64 = 64 * 1024;

/// The chunks of one recording.
#[derive(Debug)]
pub(super) struct Spool {
    file: File,
    key: RecordingKey,
    /// Some of the chunks, the first one among them.
    marks: Vec<Chunk>,
    /// How many chunks there are.
    count: u64,
    /// Bytes of all chunks as they came.
    len: u64,
    /// Bytes of the file.
    end: u64,
}

#[derive(Clone, Copy, Debug)]
struct Chunk {
    number: u64,
    /// Where it begins among all bytes that came.
    offset: u64,
    /// Where it lies in the file.
    at: u64,
}

impl Spool {
    /// Of a recording that begins.
    pub(super) fn create(path: &Path, key: RecordingKey) -> io::Result<Self> {
        let file = OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(path)?;
        // The file itself has to be found again as well.
        if let Some(folder) = path.parent() {
            File::open(folder)?.sync_all()?;
        }
        Ok(Self { file, key, marks: Vec::new(), count: 0, len: 0, end: 0 })
    }

    /// Of a recording that an earlier run of the appliance began. Each chunk is handed to `see`, in order.
    pub(super) fn reopen(path: &Path, key: RecordingKey, mut see: impl FnMut(&[u8])) -> io::Result<Self> {
        let mut file = OpenOptions::new().read(true).write(true).open(path)?;
        let mut spool = Self { file: file.try_clone()?, key, marks: Vec::new(), count: 0, len: 0, end: 0 };
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
            spool.push(sealed_len, plain.len() as u64);
        }
        if spool.end < all {
            tracing::warn!(file = %path.display(), from = spool.end, of = all, "the end of a recording that was half written is cut off");
            file.set_len(spool.end)?;
        }
        Ok(spool)
    }

    /// The number of the chunk that comes next.
    pub(super) fn next(&self) -> u64 {
        self.count
    }

    /// Bytes of all chunks.
    pub(super) fn len(&self) -> u64 {
        self.len
    }

    /// Puts a chunk behind the others. When this comes back it is on the disk; after an error the file is as it was.
    pub(super) fn append(&mut self, chunk: &[u8]) -> io::Result<()> {
        self.put(chunk, true)
    }

    /// The same, but it need not be on the disk yet: it survives the death of the appliance, and that of the machine when the file
    /// was synced since.
    pub(super) fn append_unsynced(&mut self, chunk: &[u8]) -> io::Result<()> {
        self.put(chunk, false)
    }

    /// The file, to be synced while more is appended.
    pub(super) fn to_sync(&self) -> io::Result<File> {
        self.file.try_clone()
    }

    fn put(&mut self, chunk: &[u8], sync: bool) -> io::Result<()> {
        let mut record = vec![0; 4];
        self.key.encrypt(Piece::Chunk(self.next()), chunk, &mut record).map_err(io::Error::other)?;
        let sealed_len = u32::try_from(record.len() - 4).map_err(io::Error::other)?;
        record[..4].copy_from_slice(&sealed_len.to_be_bytes());
        self.file.seek(SeekFrom::Start(self.end))?;
        let written = self.file.write_all(&record).and_then(|()| if sync { self.file.sync_data() } else { Ok(()) });
        if let Err(error) = written {
            // Whether or not this goes well: what lies behind the end is written over, or cut off when it is opened again.
            let _ = self.file.set_len(self.end);
            return Err(error);
        }
        self.push(sealed_len, chunk.len() as u64);
        Ok(())
    }

    fn push(&mut self, sealed_len: u32, len: u64) {
        if self.marks.last().is_none_or(|it| self.len - it.offset >= MARK_AFTER) {
            self.marks.push(Chunk { number: self.count, offset: self.len, at: self.end });
        }
        self.count += 1;
        self.len += len;
        self.end += LENGTH_BYTES + u64::from(sealed_len);
    }

    /// Hands the bytes from `offset` on, `len` of them, to `take`, in pieces.
    pub(super) fn read(&self, offset: u64, len: u64, mut take: impl FnMut(&[u8]) -> io::Result<()>) -> io::Result<()> {
        let end = offset.saturating_add(len);
        if end > self.len {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let mark = self.marks.partition_point(|it| it.offset <= offset).saturating_sub(1);
        let Some(mut chunk) = self.marks.get(mark).copied() else { return Ok(()) };
        let mut sealed = Vec::new();
        while chunk.offset < end && chunk.at < self.end {
            let mut length = [0; 4];
            self.file.read_exact_at(&mut length, chunk.at)?;
            let sealed_len = u32::from_be_bytes(length) as usize;
            if sealed_len > RECORDING_CHUNK_BYTES + OVERHEAD {
                return Err(io::ErrorKind::InvalidData.into());
            }
            sealed.resize(sealed_len, 0);
            self.file.read_exact_at(&mut sealed, chunk.at + LENGTH_BYTES)?;
            let plain = self.key.decrypt(Piece::Chunk(chunk.number), &mut sealed).map_err(io::Error::other)?;
            let within = |at: u64| {
                usize::try_from(at.saturating_sub(chunk.offset)).map_or(plain.len(), |it| it.min(plain.len()))
            };
            let wanted = within(offset)..within(end);
            if !wanted.is_empty() {
                take(&plain[wanted])?;
            }
            chunk = Chunk {
                number: chunk.number + 1,
                offset: chunk.offset + plain.len() as u64,
                at: chunk.at + LENGTH_BYTES + sealed_len as u64,
            };
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
