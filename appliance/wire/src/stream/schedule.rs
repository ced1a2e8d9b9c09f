//! Whose turn it is to send: streams that sent little lately go first, once; then all take turns. However many come fresh,
//! bulk gets every fifth turn.

use std::collections::VecDeque;
use std::time::Duration;

use super::StreamId;

/// Two rings of streams with something to send. A stream stands in at most one of them; its `queued` flag, kept by the
/// caller beside the stream, says so.
#[derive(Debug, Default)]
pub(super) struct Schedule {
    /// Had nothing to send a moment ago and sent little lately: a keystroke goes here.
    fresh: VecDeque<StreamId>,
    /// Had a turn and still has bytes, or sent much lately.
    bulk: VecDeque<StreamId>,
    /// Fresh ones that went first while bulk was waiting.
    went_first: u32,
}

/// How many fresh streams go before one of the waiting.
const GO_FIRST: u32 = 4;

/// How much a stream sent lately, in bytes: a part of it is forgotten every millisecond. A stream that stops for want of
/// bytes or of credit is none the more urgent for that.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct SentLately {
    bytes: u64,
    at: Duration,
}

/// Up to this much is little.
const LITTLE: u64 = 32 * 1024;
/// So much is forgotten every millisecond; who sends no faster stays urgent.
const FORGOTTEN_A_MILLISECOND: u64 = 4 * 1024;

impl SentLately {
    pub(super) fn add(&mut self, bytes: u64, now: Duration) {
        *self = Self { bytes: self.left(now) + bytes, at: now };
    }

    pub(super) fn is_little(&self, now: Duration) -> bool {
        self.left(now) <= LITTLE
    }

    fn left(&self, now: Duration) -> u64 {
        let passed = u64::try_from(now.saturating_sub(self.at).as_micros()).unwrap_or(u64::MAX);
        self.bytes.saturating_sub(passed.saturating_mul(FORGOTTEN_A_MILLISECOND) / 1000)
    }
}

impl Schedule {
    /// A stream that had nothing to send, or was not allowed to, has something now.
    pub(super) fn wake(&mut self, stream: StreamId, sent: &SentLately, now: Duration) {
        if sent.is_little(now) {
            self.fresh.push_back(stream);
        } else {
            self.bulk.push_back(stream);
        }
    }

    /// A stream that had its turn has more.
    pub(super) fn again(&mut self, stream: StreamId) {
        self.bulk.push_back(stream);
    }

    /// Whose turn it is.
    pub(super) fn next(&mut self) -> Option<StreamId> {
        if self.bulk.is_empty() {
            self.went_first = 0;
            return self.fresh.pop_front();
        }
        if self.went_first < GO_FIRST
            && let Some(stream) = self.fresh.pop_front()
        {
            self.went_first += 1;
            return Some(stream);
        }
        self.went_first = 0;
        self.bulk.pop_front()
    }

    pub(super) fn clear(&mut self) {
        self.fresh.clear();
        self.bulk.clear();
    }

    pub(super) fn is_empty(&self) -> bool {
        self.fresh.is_empty() && self.bulk.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_of_fresh_streams_leaves_bulk_its_turns() {
        let mut schedule = Schedule::default();
        schedule.again(StreamId(1));
        let mut turns = 0;
        for fresh in 2..22 {
            schedule.wake(StreamId(fresh), &SentLately::default(), Duration::ZERO);
            schedule.wake(StreamId(fresh + 100), &SentLately::default(), Duration::ZERO);
            if schedule.next() == Some(StreamId(1)) {
                turns += 1;
                schedule.again(StreamId(1));
            }
        }
        assert_eq!(turns, 4);
    }

    #[test]
    fn who_sends_much_waits_for_a_turn_until_it_is_forgotten() {
        let at = Duration::from_millis;
        let mut much = SentLately::default();
        much.add(LITTLE, at(5));
        assert!(much.is_little(at(5)));
        much.add(8 * 1024, at(5));
        assert!(!much.is_little(at(6)));
        let mut schedule = Schedule::default();
        schedule.wake(StreamId(1), &much, at(6));
        schedule.wake(StreamId(2), &SentLately::default(), at(6));
        assert_eq!((schedule.next(), schedule.next()), (Some(StreamId(2)), Some(StreamId(1))));
        assert!(much.is_little(at(7)));
        // Four KiB a millisecond are never much.
        let mut little = SentLately::default();
        for millisecond in 0..1000 {
            little.add(4 * 1024, at(millisecond));
            assert!(little.is_little(at(millisecond)));
        }
    }
}
