//! What a connection is for: the first eight bytes of each say it to the target.

/// Length of [`Work::encode`].
pub(crate) const REQUEST_BYTES: usize = 8;
/// The first byte, so that a stray connection is not served.
const SIGN: u8 = 0x5a;

/// What the target does with a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Work {
    /// Writes without end, and counts into this slot what it got rid of.
    Write(u16),
    /// Reads without end, and counts into this slot.
    Read(u16),
    /// Both at once.
    Both(u16),
    /// Gives messages of this many bytes back.
    Echo(u32),
    /// One byte back, then the end.
    Greet,
    /// One byte back, then whatever comes.
    Hold,
    /// Never reads, until it is told to let go.
    Stall,
    /// Gives everything back, and after the end of input its sum in eight bytes.
    Sum,
}

impl Work {
    /// Sign, kind, slot (two bytes, big-endian), size (four bytes, big-endian).
    pub(crate) fn encode(self) -> [u8; REQUEST_BYTES] {
        let (kind, slot, size) = match self {
            Self::Write(slot) => (1, slot, 0),
            Self::Read(slot) => (2, slot, 0),
            Self::Both(slot) => (3, slot, 0),
            Self::Echo(size) => (4, 0, size),
            Self::Greet => (5, 0, 0),
            Self::Hold => (6, 0, 0),
            Self::Stall => (7, 0, 0),
            Self::Sum => (8, 0, 0),
        };
        let ([a, b], [c, d, e, f]) = (slot.to_be_bytes(), size.to_be_bytes());
        [SIGN, kind, a, b, c, d, e, f]
    }

    /// The reverse; none when it is no request.
    pub(crate) fn decode(bytes: [u8; REQUEST_BYTES]) -> Option<Self> {
        let [SIGN, kind, a, b, c, d, e, f] = bytes else { return None };
        let (slot, size) = (u16::from_be_bytes([a, b]), u32::from_be_bytes([c, d, e, f]));
        Some(match kind {
            1 => Self::Write(slot),
            2 => Self::Read(slot),
            3 => Self::Both(slot),
            4 => Self::Echo(size),
            5 => Self::Greet,
            6 => Self::Hold,
            7 => Self::Stall,
            8 => Self::Sum,
            _ => return None,
        })
    }
}

/// Bytes that do not compress, the same in every run (xorshift64).
pub(crate) fn noise(length: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let words = std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    });
    words.flatten().take(length).collect()
}
