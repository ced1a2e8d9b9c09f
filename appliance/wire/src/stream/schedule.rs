//! Whose turn it is to send: streams that were quiet go first, once; then all take turns. However many come fresh, bulk
//! gets every fifth turn.

use std::collections::VecDeque;

use super::StreamId;

/// Two rings of streams with something to send. A stream stands in at most one of them; its `queued` flag, kept by the
/// caller beside the stream, says so.
#[derive(Debug, Default)]
pub(super) struct Schedule {
    /// Had nothing to send a moment ago: a keystroke goes here.
    fresh: VecDeque<StreamId>,
    /// Had a turn and still has bytes.
    bulk: VecDeque<StreamId>,
    /// Fresh ones that went first while bulk was waiting.
    went_first: u32,
}

/// How many fresh streams go before one of the waiting.
const GO_FIRST: u32 = 4;

impl Schedule {
    /// A stream that was quiet has something now.
    pub(super) fn wake(&mut self, stream: StreamId) {
        self.fresh.push_back(stream);
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
            schedule.wake(StreamId(fresh));
            schedule.wake(StreamId(fresh + 100));
            if schedule.next() == Some(StreamId(1)) {
                turns += 1;
                schedule.again(StreamId(1));
            }
        }
        assert_eq!(turns, 4);
    }
}
