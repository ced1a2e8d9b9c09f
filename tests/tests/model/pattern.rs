//! The bytes that applications write: which one stands where follows from stream, side and offset alone.

use std::sync::LazyLock;

use bytes::Bytes;
use wire::stream::StreamId;

use crate::dice::Dice;

/// Most bytes in one piece.
pub(crate) const PIECE: usize = 64 * 1024;
/// The pattern begins again after this many bytes: a prime, so that no power of two hides a shift.
const PERIOD: u64 = 65_521;

static BYTES: LazyLock<&'static [u8]> = LazyLock::new(|| {
    let mut dice = Dice::new(1);
    let period: Vec<u8> = (0..PERIOD).map(|_| dice.roll() as u8).collect();
    period.iter().copied().cycle().take(2 * PERIOD as usize + PIECE).collect::<Vec<u8>>().leak()
});

/// What `side` writes at this offset of a stream.
pub(crate) fn bytes(stream: StreamId, side: usize, offset: u64, len: usize) -> Bytes {
    let start = ((offset + u64::from(stream.0) * 7919 + side as u64 * 31_337) % PERIOD) as usize;
    Bytes::from_static(&BYTES[start..start + len])
}
