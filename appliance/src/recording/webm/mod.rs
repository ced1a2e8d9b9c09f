//! Makes a finished WebM of what a browser's MediaRecorder sent.
//!
//! MediaRecorder writes for somebody who watches live: no duration, no Cues, a Segment whose size nobody knows. A player that gets
//! such a file can neither tell how long it is nor seek in it. [`Scan`] reads the stream as it comes and remembers where each
//! Cluster lies and which of them begin with a key frame; [`Finished`] lays out a file with all sizes known and the Cues in front of
//! the pictures, as bytes that are new and ranges of the raw stream. No picture is decoded, changed or even copied.
//!
//! The stream is anybody's bytes. Only elements with a bound are kept ([`HEADER_BYTES`]), all others are passed over by their
//! length; what is held grows with the Clusters that came, 40 bytes for each, never with what an element claims.
//!
//! Ids and their meaning are those of RFC 9559 (Matroska), their encoding is that of RFC 8794 (EBML). What is read is one video
//! track of VP8, VP9 or AV1. Sound is refused: nobody agreed to have what is said in the room recorded.

mod ebml;
mod finish;
mod found;
mod headers;
mod scan;
#[cfg(test)]
mod tests;

pub use ebml::Id;
pub use finish::{Finished, Part, PartSlice};
pub use found::{ClusterAt, Found, KeyAt};
pub use scan::Scan;

/// The longest EBML header, Info or Tracks that is read, in bytes without their heads.
pub const HEADER_BYTES: u64 = 64 * 1024;
/// The longest SimpleBlock or BlockGroup, in bytes without its head.
pub const BLOCK_BYTES: u64 = 32 * 1024 * 1024;
/// The most Clusters with at least one block. MediaRecorder begins one a second, or with each piece it hands out.
pub const CLUSTERS: usize = 200_000;
/// The latest timestamp of a Cluster, in ticks: later ones could not be written as a Duration, which is a float of 64 bits.
pub const LAST_TICK: u64 = 1 << 52;
/// The longest tick, in nanoseconds: a second.
pub const LONGEST_TICK: u64 = 1_000_000_000;

/// Why a stream is no recording. Offsets are bytes from the beginning of the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WebmFault {
    /// It does not begin with an EBML header of the type `webm` in a version that is known.
    #[error("the stream does not begin as a WebM does")]
    NotWebm,
    /// Another EBML header follows. Each share of a screen is a recording of its own.
    #[error("a second EBML header: each share of a screen is a recording of its own")]
    SecondHeader,
    /// A track of sound was announced.
    #[error("the stream has sound, which is never recorded")]
    HasSound,
    /// The tracks are not one track of video.
    #[error("the stream does not have exactly one track of video")]
    NotOneVideo,
    /// The video is none of VP8, VP9 and AV1.
    #[error("the video is neither VP8 nor VP9 nor AV1")]
    OtherCodec,
    /// A tick has no length, or one longer than [`LONGEST_TICK`].
    #[error("a timestamp scale of {0} ns")]
    TimestampScale(u64),
    /// More than [`CLUSTERS`].
    #[error("more than {CLUSTERS} Clusters")]
    TooManyClusters,
    /// An element is longer than any sane one.
    #[error("the element {id} at byte {at} is longer than {limit} bytes")]
    TooLarge {
        /// Where its head begins.
        at: u64,
        /// Which.
        id: Id,
        /// The most that is read.
        limit: u64,
    },
    /// An element other than Segment and Cluster does not tell its size.
    #[error("the element {id} at byte {at} does not tell its size")]
    UnknownSize {
        /// Where its head begins.
        at: u64,
        /// Which.
        id: Id,
    },
    /// An element reaches beyond the one that holds it.
    #[error("the element {id} at byte {at} reaches beyond the one that holds it")]
    Overrun {
        /// Where its head begins.
        at: u64,
        /// Which.
        id: Id,
    },
    /// The bytes break the format in another way.
    #[error("broken at byte {at}: {what}")]
    Malformed {
        /// Where the element begins that is broken.
        at: u64,
        /// In which way.
        what: &'static str,
    },
    /// There is not one whole block.
    #[error("nothing was recorded")]
    NothingRecorded,
}
