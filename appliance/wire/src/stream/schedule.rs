//! Whose turn it is to send: streams that were quiet go first, once; then all take turns.

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
}

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
        self.fresh.pop_front().or_else(|| self.bulk.pop_front())
    }

    pub(super) fn clear(&mut self) {
        self.fresh.clear();
        self.bulk.clear();
    }

    pub(super) fn is_empty(&self) -> bool {
        self.fresh.is_empty() && self.bulk.is_empty()
    }
}
