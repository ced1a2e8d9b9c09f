//! The little of EBML (RFC 8794) that a WebM needs: heads of elements, unsigned numbers, and how both are written.

use std::fmt;

/// The id of an element with its length marker, which is how RFC 9559 writes them.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Id(pub u32);

// RFC 8794, section 11.2 and 11.3; RFC 9559, section 5.1.
impl Id {
    pub(super) const EBML: Self = Self(0x1A45_DFA3);
    pub(super) const EBML_VERSION: Self = Self(0x4286);
    pub(super) const EBML_READ_VERSION: Self = Self(0x42F7);
    pub(super) const EBML_MAX_ID_LENGTH: Self = Self(0x42F2);
    pub(super) const EBML_MAX_SIZE_LENGTH: Self = Self(0x42F3);
    pub(super) const DOC_TYPE: Self = Self(0x4282);
    pub(super) const DOC_TYPE_VERSION: Self = Self(0x4287);
    pub(super) const DOC_TYPE_READ_VERSION: Self = Self(0x4285);
    pub(super) const CRC_32: Self = Self(0xBF);
    pub(super) const VOID: Self = Self(0xEC);

    pub(super) const SEGMENT: Self = Self(0x1853_8067);
    pub(super) const SEEK_HEAD: Self = Self(0x114D_9B74);
    pub(super) const SEEK: Self = Self(0x4DBB);
    pub(super) const SEEK_ID: Self = Self(0x53AB);
    pub(super) const SEEK_POSITION: Self = Self(0x53AC);
    pub(super) const INFO: Self = Self(0x1549_A966);
    pub(super) const TIMESTAMP_SCALE: Self = Self(0x2A_D7B1);
    pub(super) const DURATION: Self = Self(0x4489);
    pub(super) const DATE_UTC: Self = Self(0x4461);
    pub(super) const MUXING_APP: Self = Self(0x4D80);
    pub(super) const WRITING_APP: Self = Self(0x5741);
    pub(super) const TRACKS: Self = Self(0x1654_AE6B);
    pub(super) const TRACK_ENTRY: Self = Self(0xAE);
    pub(super) const TRACK_NUMBER: Self = Self(0xD7);
    pub(super) const TRACK_TYPE: Self = Self(0x83);
    pub(super) const CODEC_ID: Self = Self(0x86);
    pub(super) const VIDEO: Self = Self(0xE0);
    pub(super) const PIXEL_WIDTH: Self = Self(0xB0);
    pub(super) const PIXEL_HEIGHT: Self = Self(0xBA);
    pub(super) const AUDIO: Self = Self(0xE1);
    pub(super) const CLUSTER: Self = Self(0x1F43_B675);
    pub(super) const TIMESTAMP: Self = Self(0xE7);
    pub(super) const SIMPLE_BLOCK: Self = Self(0xA3);
    pub(super) const BLOCK_GROUP: Self = Self(0xA0);
    pub(super) const BLOCK: Self = Self(0xA1);
    pub(super) const REFERENCE_BLOCK: Self = Self(0xFB);
    pub(super) const CUES: Self = Self(0x1C53_BB6B);
    pub(super) const CUE_POINT: Self = Self(0xBB);
    pub(super) const CUE_TIME: Self = Self(0xB3);
    pub(super) const CUE_TRACK_POSITIONS: Self = Self(0xB7);
    pub(super) const CUE_TRACK: Self = Self(0xF7);
    pub(super) const CUE_CLUSTER_POSITION: Self = Self(0xF1);
    pub(super) const CUE_RELATIVE_POSITION: Self = Self(0xF0);
    pub(super) const ATTACHMENTS: Self = Self(0x1941_A469);
    pub(super) const CHAPTERS: Self = Self(0x1043_A770);
    pub(super) const TAGS: Self = Self(0x1254_C367);

    /// Whether it is a child of a Segment alone, so that a Cluster of unknown size ends in front of it.
    pub(super) fn is_of_segment(self) -> bool {
        matches!(
            self,
            Self::SEEK_HEAD
                | Self::INFO
                | Self::TRACKS
                | Self::CLUSTER
                | Self::CUES
                | Self::ATTACHMENTS
                | Self::CHAPTERS
                | Self::TAGS
        )
    }
}

impl fmt::Debug for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#X}", self.0)
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

/// What an element begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) id: Id,
    /// The bytes of its body; none: unknown.
    pub(super) size: Option<u64>,
}

/// Bytes that no element begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NoHead;

const ID_BYTES: usize = 4;
const SIZE_BYTES: usize = 8;

impl Head {
    /// Reads the head that these bytes begin with, and how many bytes it has; none: it goes on behind them.
    pub(super) fn read(bytes: &[u8]) -> Result<Option<(Self, usize)>, NoHead> {
        let Some(id) = Vint::read(bytes, ID_BYTES)? else { return Ok(None) };
        // An id whose bits are all 0 or all 1 is reserved.
        if id.value == 0 || id.is_all_ones() {
            return Err(NoHead);
        }
        let Some(size) = Vint::read(bytes.get(id.bytes..).unwrap_or_default(), SIZE_BYTES)? else { return Ok(None) };
        let id_number = u32::try_from(id.with_marker).map_err(|_| NoHead)?;
        let head = Self { id: Id(id_number), size: (!size.is_all_ones()).then_some(size.value) };
        Ok(Some((head, id.bytes + size.bytes)))
    }
}

/// A number of variable size: as many bytes as its first has leading zeros, and one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Vint {
    pub(super) value: u64,
    with_marker: u64,
    pub(super) bytes: usize,
}

impl Vint {
    /// Reads the number that these bytes begin with; none: it goes on behind them.
    pub(super) fn read(bytes: &[u8], longest: usize) -> Result<Option<Self>, NoHead> {
        let Some(first) = bytes.first() else { return Ok(None) };
        let len = first.leading_zeros() as usize + 1;
        if len > longest.min(SIZE_BYTES) {
            return Err(NoHead);
        }
        let Some(whole) = bytes.get(..len) else { return Ok(None) };
        let with_marker = big_endian(whole);
        Ok(Some(Self { value: with_marker & ones(len), with_marker, bytes: len }))
    }

    fn is_all_ones(self) -> bool {
        self.value == ones(self.bytes)
    }
}

/// The largest value of a number of so many bytes, 8 at most.
fn ones(bytes: usize) -> u64 {
    (1 << (7 * bytes)) - 1
}

fn big_endian(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0, |value, byte| (value << 8) | u64::from(*byte))
}

/// Reads the body of an unsigned number; none: it is longer than 8 bytes.
pub(super) fn unsigned(body: &[u8]) -> Option<u64> {
    (body.len() <= 8).then(|| big_endian(body))
}

/// The elements in the body of another that is there as a whole. It ends behind the first that is broken.
pub(super) struct Elements<'a>(pub(super) &'a [u8]);

impl<'a> Iterator for Elements<'a> {
    type Item = Result<(Id, &'a [u8]), NoHead>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let element = self.split();
        if element.is_none() {
            self.0 = &[];
        }
        Some(element.ok_or(NoHead))
    }
}

impl<'a> Elements<'a> {
    fn split(&mut self) -> Option<(Id, &'a [u8])> {
        let (head, bytes) = Head::read(self.0).ok()??;
        let behind = self.0.get(bytes..)?;
        let (body, rest) = behind.split_at_checked(usize::try_from(head.size?).ok()?)?;
        self.0 = rest;
        Some((head.id, body))
    }
}

/// Writes an id and a size of 8 bytes, so that the head's length does not depend on the size.
pub(super) fn write_head(to: &mut Vec<u8>, id: Id, size: u64) {
    let written = id.0.to_be_bytes();
    to.extend(written.iter().skip_while(|byte| **byte == 0));
    // The marker of a size of 8 bytes. No file comes near the 2^56 bytes that would reach it.
    to.extend_from_slice(&(size | 1 << 56).to_be_bytes());
}

/// Writes an element with its size as short as can be.
pub(super) fn write(to: &mut Vec<u8>, id: Id, body: &[u8]) {
    let written = id.0.to_be_bytes();
    to.extend(written.iter().skip_while(|byte| **byte == 0));
    let size = body.len() as u64;
    // All ones would mean: unknown.
    let bytes = (1..SIZE_BYTES).find(|bytes| size < ones(*bytes)).unwrap_or(SIZE_BYTES);
    let with_marker = (size | 1 << (7 * bytes)).to_be_bytes();
    to.extend(with_marker.iter().skip(SIZE_BYTES - bytes));
    to.extend_from_slice(body);
}

/// Writes an unsigned number as short as can be.
pub(super) fn write_unsigned(to: &mut Vec<u8>, id: Id, value: u64) {
    let zeros = (value.leading_zeros() as usize / 8).min(7);
    write(to, id, value.to_be_bytes().get(zeros..).unwrap_or_default());
}
