//! How far one connection has come in a capture.

use wire::api::TrafficSide;

use super::other;
use super::segments::Says;

/// One connection.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Flow {
    pub(super) tunnel: u16,
    client: Half,
    target: Half,
    pub(super) was_reset: bool,
}

/// One side of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Half {
    /// Bytes that are in the capture.
    pub(super) bytes: u64,
    /// Of those, the bytes that the other side acknowledged.
    pub(super) acknowledged: u64,
    /// No more come.
    pub(super) is_finished: bool,
}

impl Flow {
    pub(super) fn new(tunnel: u16) -> Self {
        Self { tunnel, ..Self::default() }
    }

    pub(super) fn half(&self, side: TrafficSide) -> &Half {
        match side {
            TrafficSide::Client => &self.client,
            TrafficSide::Target => &self.target,
        }
    }

    pub(super) fn half_mut(&mut self, side: TrafficSide) -> &mut Half {
        match side {
            TrafficSide::Client => &mut self.client,
            TrafficSide::Target => &mut self.target,
        }
    }

    pub(super) fn is_over(&self) -> bool {
        self.was_reset || (self.client.is_finished && self.target.is_finished)
    }

    /// What the next segment of this side says. Sequence numbers begin at 0 on both sides; SYN and FIN count as a byte each.
    pub(super) fn next(&self, side: TrafficSide) -> Says {
        let peer = self.half(other(side));
        let acknowledges = wrapped(1 + peer.bytes + u64::from(peer.is_finished));
        Says { sequence: self.sequence(side), acknowledges: Some(acknowledges), ..Says::default() }
    }

    /// The sequence number of the byte at a place.
    pub(super) fn sequence_at(place: u64) -> u32 {
        wrapped(1 + place)
    }

    fn sequence(&self, side: TrafficSide) -> u32 {
        let half = self.half(side);
        wrapped(1 + half.bytes + u64::from(half.is_finished))
    }

    /// Where the bytes of a segment belong, for one that is about where this stands.
    pub(super) fn place(&self, side: TrafficSide, sequence: u32) -> u64 {
        let known = self.half(side).bytes;
        let ahead = i64::from(sequence.wrapping_sub(wrapped(1 + known)).cast_signed());
        known.saturating_add_signed(ahead)
    }
}

/// Sequence numbers begin again after 4 GiB.
fn wrapped(number: u64) -> u32 {
    u32::try_from(number & u64::from(u32::MAX)).unwrap_or(u32::MAX)
}
