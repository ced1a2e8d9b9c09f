//! One connection's end of a link.

use std::collections::VecDeque;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use wire::stream::{EndReason, ReadOutcome, StreamId};

use crate::stream_driver::Shared;

/// How a stream ended, when not by both sides finishing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamEnd {
    /// Why.
    pub reason: EndReason,
    /// Details for the log.
    pub detail: String,
    /// Everything the other end had to say came first and was read.
    pub after_data: bool,
}

/// Whether the other end has anything more to say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadEnd {
    /// It may.
    NotYet,
    /// It has finished, and everything was read.
    Reached,
}

/// One connection's end of the link. Dropping it before both directions are finished resets the connection.
pub struct LinkStream {
    shared: Arc<Shared>,
    id: StreamId,
    written_all: bool,
    read_all: bool,
    /// Its end is counted.
    is_counted: bool,
}

impl LinkStream {
    pub(crate) fn new(shared: Arc<Shared>, id: StreamId) -> Self {
        shared.metrics.connection_opened();
        Self { shared, id, written_all: false, read_all: false, is_counted: false }
    }

    /// Its number in the session.
    #[must_use]
    pub fn id(&self) -> StreamId {
        self.id
    }

    /// Ready when the connection was cut. Leaves the task's waker for this and for everything else that can happen to the
    /// stream, so it has to be polled before [`Self::room`] and [`Self::read`] in the same turn.
    pub fn poll_end(&mut self, cx: &mut Context<'_>) -> Poll<StreamEnd> {
        let mut state = self.shared.lock();
        let over = state.over;
        let Some(slot) = state.slots.get_mut(&self.id) else {
            // Both directions finished, or the link ended before this was polled first.
            return match over {
                Some(reason) if !(self.written_all && self.read_all) => {
                    drop(state);
                    self.count_end(reason);
                    Poll::Ready(StreamEnd { reason, detail: String::new(), after_data: false })
                }
                _ => Poll::Pending,
            };
        };
        if let Some(end) = slot.end.take() {
            state.slots.remove(&self.id);
            drop(state);
            self.written_all = true;
            self.read_all = true;
            self.count_end(end.reason);
            return Poll::Ready(end);
        }
        match &mut slot.waker {
            Some(waker) => waker.clone_from(cx.waker()),
            none => *none = Some(cx.waker().clone()),
        }
        Poll::Pending
    }

    /// How many bytes may be written now.
    pub fn room(&mut self) -> usize {
        self.shared.lock().endpoint.write_room(self.id)
    }

    /// Writes what was read from a socket.
    pub fn write(&mut self, bytes: Bytes) {
        self.shared.metrics.read_from_socket(bytes.len());
        let mut state = self.shared.lock();
        state.endpoint.write(self.id, bytes);
        self.shared.settle(state);
    }

    /// Writes no more (half close).
    pub fn finish(&mut self) {
        self.written_all = true;
        let mut state = self.shared.lock();
        state.endpoint.finish(self.id);
        self.shared.settle(state);
    }

    /// The next bytes, in up to `pieces` pieces of which each has at most `most` bytes. None of them when there is nothing
    /// now, or the connection was cut.
    pub fn read(&mut self, pieces: usize, most: usize, into: &mut VecDeque<Bytes>) -> ReadEnd {
        let mut state = self.shared.lock();
        let outcome = match state.endpoint.read(self.id, most) {
            ReadOutcome::Bytes(first) => {
                into.push_back(first);
                while into.len() < pieces
                    && let Some(next) = state.endpoint.read_more(self.id, most)
                {
                    into.push_back(next);
                }
                ReadEnd::NotYet
            }
            ReadOutcome::Pending | ReadOutcome::Gone => ReadEnd::NotYet,
            ReadOutcome::End => {
                self.read_all = true;
                ReadEnd::Reached
            }
        };
        self.shared.settle(state);
        outcome
    }

    /// `bytes` of what was read are where they belong: in a socket.
    pub fn consumed(&mut self, bytes: usize) {
        self.shared.metrics.written_to_socket(bytes);
        let now = self.shared.now();
        let mut state = self.shared.lock();
        state.endpoint.consumed(now, self.id, bytes);
        self.shared.settle(state);
    }

    /// Tells the opener that the target has answered.
    pub fn establish(&mut self) {
        let mut state = self.shared.lock();
        state.endpoint.establish(self.id);
        self.shared.settle(state);
    }

    /// Ends both directions. With `after_data`, what was written still arrives first.
    pub fn reset(mut self, reason: EndReason, detail: &str, after_data: bool) {
        self.reset_in_place(reason, detail, after_data);
    }

    fn reset_in_place(&mut self, reason: EndReason, detail: &str, after_data: bool) {
        self.written_all = true;
        self.read_all = true;
        let mut state = self.shared.lock();
        state.slots.remove(&self.id);
        state.endpoint.reset(self.id, reason, detail, after_data);
        self.shared.settle(state);
        self.count_end(reason);
    }

    /// The first reason counts.
    fn count_end(&mut self, reason: EndReason) {
        if !std::mem::replace(&mut self.is_counted, true) {
            self.shared.metrics.connection_ended(reason);
        }
    }
}

impl Drop for LinkStream {
    fn drop(&mut self) {
        if self.written_all && self.read_all {
            self.shared.lock().slots.remove(&self.id);
            self.count_end(EndReason::Finished);
        } else {
            let reason = self.shared.lock().over.unwrap_or(EndReason::SessionEnded);
            self.reset_in_place(reason, "", false);
        }
    }
}
