//! The layout of a frame.
//!
//! A binary WebSocket message holds one or more whole frames. All numbers are big-endian.
//!
//! | at | bytes | field |
//! |---|---|---|
//! | 0 | 1 | kind |
//! | 1 | 1 | flags: bit 0 of CREDIT and POSITION = "your FIN was seen", bit 1 of POSITION = "RESET follows"; all others 0 |
//! | 2 | 2 | aux: OPEN and POSITION = tunnel number, RESET = [`EndReason`] number, otherwise 0 |
//! | 4 | 4 | stream; 0 for PING, PONG, PAIRED, RESUME and RESUMED |
//! | 8 | 8 | offset |
//! | 16 | 4 | length of the payload |
//! | 20 | n | payload |
//!
//! | kind | number | direction | offset | payload |
//! |---|---|---|---|---|
//! | OPEN | 1 | opener → acceptor | 0 | the first bytes, may be empty |
//! | OPENED | 2 | acceptor → opener | 0 | – ; the target has answered |
//! | DATA | 3 | both | of the first byte in the stream | the bytes, 1 to [`MAX_PAYLOAD`] |
//! | FIN | 4 | both | final offset of the sender's bytes | – |
//! | RESET | 5 | both | bytes of the sender that have to be delivered first | detail in UTF-8, at most [`MAX_DETAIL`] |
//! | CREDIT | 6 | both | bytes consumed by the receiver | 8: offset up to which the sender may send |
//! | PING | 7 | both | any number | – |
//! | PONG | 8 | both | the PING's number | – |
//! | GONE | 9 | both | 0 | – ; answers a RESET, which need not be repeated any more |
//! | PAIRED | 16 | appliance → both | epoch | – ; from here on the frames are those of a new pair of links |
//! | RESUME | 17 | both | epoch | 4: highest stream number given or seen |
//! | POSITION | 18 | both | bytes received of a stream | 8: offset up to which the other end may send |
//! | RESUMED | 19 | both | epoch | – |
//!
//! Stream numbers are given by the opener, from 1 upwards, and never used again in a session,
//! so OPEN, FIN and RESET can be repeated without harm, and a frame of a stream that is over can be told from a wrong one.
//! How links are resumed is told in [`super::endpoint`].

use bytes::{Buf, BufMut, Bytes, BytesMut};

use super::EndReason;

/// Bytes of a header.
pub const HEADER_BYTES: usize = 20;
/// Payload of a full DATA frame as the ends make them: what a keystroke may have to wait for. Sockets give and programs write
/// powers of two, so this leaves no small rest for a message of its own.
pub const FULL_PAYLOAD: usize = 32 * 1024;
/// Bytes of frames that the ends put into one message, two full ones: enough to be worth a write, little enough that what
/// comes next can still be chosen.
pub const FULL_MESSAGE: usize = 2 * (HEADER_BYTES + FULL_PAYLOAD);
/// Most bytes in one frame's payload.
pub const MAX_PAYLOAD: usize = 64 * 1024;
/// Most bytes in one message: several frames, at least one of the largest.
pub const MAX_MESSAGE: usize = 256 * 1024;
/// Most bytes of a RESET's detail.
pub const MAX_DETAIL: usize = 512;

/// Number of a stream within a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StreamId(pub u32);

/// What a frame is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A connection begins.
    Open,
    /// The target has answered.
    Opened,
    /// Bytes of a connection.
    Data,
    /// No more bytes will come (half close).
    Fin,
    /// The connection is over in both directions.
    Reset,
    /// What was consumed, and how far the sender may go.
    Credit,
    /// Asks for a PONG.
    Ping,
    /// Answers a PING.
    Pong,
    /// Answers a RESET.
    Gone,
    /// The appliance joined two links.
    Paired,
    /// Begins what an end tells of its streams after [`Kind::Paired`].
    Resume,
    /// How far one stream has come.
    Position,
    /// Ends what [`Kind::Resume`] began.
    Resumed,
}

impl Kind {
    const fn code(self) -> u8 {
        match self {
            Self::Open => 1,
            Self::Opened => 2,
            Self::Data => 3,
            Self::Fin => 4,
            Self::Reset => 5,
            Self::Credit => 6,
            Self::Ping => 7,
            Self::Pong => 8,
            Self::Gone => 9,
            Self::Paired => 16,
            Self::Resume => 17,
            Self::Position => 18,
            Self::Resumed => 19,
        }
    }

    const fn from_code(code: u8) -> Option<Self> {
        Some(match code {
            1 => Self::Open,
            2 => Self::Opened,
            3 => Self::Data,
            4 => Self::Fin,
            5 => Self::Reset,
            6 => Self::Credit,
            7 => Self::Ping,
            8 => Self::Pong,
            9 => Self::Gone,
            16 => Self::Paired,
            17 => Self::Resume,
            18 => Self::Position,
            19 => Self::Resumed,
            _ => return None,
        })
    }
}

/// CREDIT: the FIN of the other side was seen and everything before it consumed. POSITION: it has come.
pub const FLAG_FIN_SEEN: u8 = 1;
/// POSITION: the sender has reset the stream; what is left of its bytes and the RESET follow.
pub const FLAG_CLOSING: u8 = 2;

/// The first [`HEADER_BYTES`] of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// What it is for.
    pub kind: Kind,
    /// See the layout.
    pub flags: u8,
    /// Tunnel number or reason.
    pub aux: u16,
    /// Its stream.
    pub stream: StreamId,
    /// See the layout.
    pub offset: u64,
    /// Bytes of payload.
    pub length: u32,
}

/// One frame; the payload shares the message's memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// Its header.
    pub header: Header,
    /// Its payload.
    pub payload: Bytes,
}

/// What is wrong with a message. The program on the other side is at fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// The message ends inside a frame.
    #[error("a message ends inside a frame: {missing} bytes are missing")]
    Truncated {
        /// How many bytes are missing at least.
        missing: usize,
    },
    /// No such kind.
    #[error("there is no frame kind {0}")]
    UnknownKind(u8),
    /// Flags that this kind does not have.
    #[error("flags {flags:#04x} do not belong to {kind:?}")]
    UnknownFlags {
        /// The kind.
        kind: Kind,
        /// The flags.
        flags: u8,
    },
    /// A payload of a length this kind does not have.
    #[error("{kind:?} cannot have a payload of {length} bytes")]
    BadLength {
        /// The kind.
        kind: Kind,
        /// The length.
        length: u32,
    },
    /// A stream number where there must be none, or none where there must be one.
    #[error("{kind:?} cannot be for stream {stream}")]
    BadStream {
        /// The kind.
        kind: Kind,
        /// The stream.
        stream: u32,
    },
    /// An offset near the end of the number range.
    #[error("offset {0} is out of range")]
    BadOffset(u64),
}

/// Offsets beyond this are refused, so that sums cannot overflow: 4 EiB in one connection.
const MAX_OFFSET: u64 = 1 << 62;

impl Header {
    /// Reads a header and checks everything that can be checked without its stream.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(bytes: &[u8]) -> Result<Self, FrameError> {
        let Some(mut bytes) = bytes.get(..HEADER_BYTES) else {
            return Err(FrameError::Truncated { missing: HEADER_BYTES - bytes.len() });
        };
        let code = bytes.get_u8();
        let kind = Kind::from_code(code).ok_or(FrameError::UnknownKind(code))?;
        let header = Self {
            kind,
            flags: bytes.get_u8(),
            aux: bytes.get_u16(),
            stream: StreamId(bytes.get_u32()),
            offset: bytes.get_u64(),
            length: bytes.get_u32(),
        };
        header.check()?;
        Ok(header)
    }

    fn check(&self) -> Result<(), FrameError> {
        let &Self { kind, flags, stream, offset, length, .. } = self;
        let known_flags = match kind {
            Kind::Credit => FLAG_FIN_SEEN,
            Kind::Position => FLAG_FIN_SEEN | FLAG_CLOSING,
            _ => 0,
        };
        if flags & !known_flags != 0 {
            return Err(FrameError::UnknownFlags { kind, flags });
        }
        let size = length as usize;
        let length_fits = match kind {
            Kind::Open => size <= MAX_PAYLOAD,
            Kind::Data => (1..=MAX_PAYLOAD).contains(&size),
            Kind::Reset => size <= MAX_DETAIL,
            Kind::Credit | Kind::Position => size == 8,
            Kind::Resume => size == 4,
            Kind::Opened | Kind::Fin | Kind::Ping | Kind::Pong | Kind::Gone | Kind::Paired | Kind::Resumed => size == 0,
        };
        if !length_fits {
            return Err(FrameError::BadLength { kind, length });
        }
        let of_the_link = matches!(kind, Kind::Ping | Kind::Pong | Kind::Paired | Kind::Resume | Kind::Resumed);
        if of_the_link != (stream.0 == 0) {
            return Err(FrameError::BadStream { kind, stream: stream.0 });
        }
        if matches!(kind, Kind::Ping | Kind::Pong) {
            return Ok(());
        }
        if offset > MAX_OFFSET { Err(FrameError::BadOffset(offset)) } else { Ok(()) }
    }

    /// Appends the header.
    pub fn write(&self, out: &mut BytesMut) {
        out.reserve(HEADER_BYTES + self.length as usize);
        out.put_u8(self.kind.code());
        out.put_u8(self.flags);
        out.put_u16(self.aux);
        out.put_u32(self.stream.0);
        out.put_u64(self.offset);
        out.put_u32(self.length);
    }
}

/// Takes the next frame off a message. None when the message is used up.
///
/// # Errors
/// What is wrong with it; the rest of the message is worthless then.
pub fn next(message: &mut Bytes) -> Result<Option<Frame>, FrameError> {
    if message.is_empty() {
        return Ok(None);
    }
    let header = Header::parse(message)?;
    let whole = HEADER_BYTES + header.length as usize;
    if message.len() < whole {
        return Err(FrameError::Truncated { missing: whole - message.len() });
    }
    let mut frame = message.split_to(whole);
    frame.advance(HEADER_BYTES);
    Ok(Some(Frame { header, payload: frame }))
}

fn put(out: &mut BytesMut, kind: Kind, flags: u8, aux: u16, stream: StreamId, offset: u64, payload: &[u8]) {
    // Every payload was cut to its kind's limit before, far below u32::MAX.
    let length = u32::try_from(payload.len()).unwrap_or(u32::MAX);
    Header { kind, flags, aux, stream, offset, length }.write(out);
    out.put_slice(payload);
}

/// Appends OPEN. `first` holds at most [`MAX_PAYLOAD`] bytes.
pub fn put_open(out: &mut BytesMut, stream: StreamId, tunnel: u16, first: &[u8]) {
    put(out, Kind::Open, 0, tunnel, stream, 0, first);
}

/// Appends OPENED.
pub fn put_opened(out: &mut BytesMut, stream: StreamId) {
    put(out, Kind::Opened, 0, 0, stream, 0, &[]);
}

/// Appends DATA. `bytes` holds 1 to [`MAX_PAYLOAD`] bytes.
pub fn put_data(out: &mut BytesMut, stream: StreamId, offset: u64, bytes: &[u8]) {
    put(out, Kind::Data, 0, 0, stream, offset, bytes);
}

/// Appends FIN.
pub fn put_fin(out: &mut BytesMut, stream: StreamId, final_offset: u64) {
    put(out, Kind::Fin, 0, 0, stream, final_offset, &[]);
}

/// Appends RESET; `detail` is cut to [`MAX_DETAIL`] bytes at a character's border.
pub fn put_reset(out: &mut BytesMut, stream: StreamId, reason: EndReason, deliver_first: u64, detail: &str) {
    let mut end = detail.len().min(MAX_DETAIL);
    while !detail.is_char_boundary(end) {
        end -= 1;
    }
    put(out, Kind::Reset, 0, reason.code(), stream, deliver_first, detail.get(..end).unwrap_or_default().as_bytes());
}

/// Appends CREDIT.
pub fn put_credit(out: &mut BytesMut, stream: StreamId, consumed: u64, limit: u64, fin_seen: bool) {
    let flags = if fin_seen { FLAG_FIN_SEEN } else { 0 };
    put(out, Kind::Credit, flags, 0, stream, consumed, &limit.to_be_bytes());
}

/// Appends PING or, as the answer to one, PONG.
pub fn put_ping(out: &mut BytesMut, number: u64, answer: bool) {
    put(out, if answer { Kind::Pong } else { Kind::Ping }, 0, 0, StreamId(0), number, &[]);
}

/// Appends GONE.
pub fn put_gone(out: &mut BytesMut, stream: StreamId) {
    put(out, Kind::Gone, 0, 0, stream, 0, &[]);
}

/// Appends PAIRED.
pub fn put_paired(out: &mut BytesMut, epoch: u64) {
    put(out, Kind::Paired, 0, 0, StreamId(0), epoch, &[]);
}

/// Appends RESUME.
pub fn put_resume(out: &mut BytesMut, epoch: u64, highest: u32) {
    put(out, Kind::Resume, 0, 0, StreamId(0), epoch, &highest.to_be_bytes());
}

/// Appends POSITION; `flags` are [`FLAG_FIN_SEEN`] and [`FLAG_CLOSING`].
pub fn put_position(out: &mut BytesMut, stream: StreamId, tunnel: u16, received: u64, limit: u64, flags: u8) {
    put(out, Kind::Position, flags, tunnel, stream, received, &limit.to_be_bytes());
}

/// Appends RESUMED.
pub fn put_resumed(out: &mut BytesMut, epoch: u64) {
    put(out, Kind::Resumed, 0, 0, StreamId(0), epoch, &[]);
}

impl Frame {
    /// The highest stream number in a RESUME's payload.
    #[must_use]
    pub fn highest_stream(&self) -> u32 {
        let mut payload = &self.payload[..];
        payload.try_get_u32().unwrap_or(0)
    }

    /// The limit in the payload of a CREDIT or POSITION.
    #[must_use]
    pub fn credit_limit(&self) -> u64 {
        let mut payload = &self.payload[..];
        payload.try_get_u64().unwrap_or(0).min(MAX_OFFSET)
    }

    /// The reason of a RESET; an unknown number reads as a broken protocol.
    #[must_use]
    pub fn reset_reason(&self) -> EndReason {
        EndReason::from_code(self.header.aux).unwrap_or(EndReason::ProtocolError)
    }

    /// The detail of a RESET.
    #[must_use]
    pub fn reset_detail(&self) -> String {
        String::from_utf8_lossy(&self.payload).into_owned()
    }
}
