//! The sending half of a stream: bytes kept until the other end has consumed them.

use std::collections::VecDeque;

use bytes::Bytes;

/// Bytes from `acked` to `end` are kept, those before `sent` have left at least once.
#[derive(Debug)]
pub(super) struct SendHalf {
    /// Kept bytes; the first chunk begins at `acked`.
    chunks: VecDeque<Bytes>,
    /// The other end has consumed up to here, or has told in a resume that it came.
    acked: u64,
    /// Sent up to here.
    sent: u64,
    /// Written by the application up to here.
    end: u64,
    /// The other end allows up to here.
    limit: u64,
    /// Which chunk `sent` lies in, and where, so that sending does not search.
    cursor: (usize, usize),
    fin: Fin,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fin {
    Open,
    Wanted,
    Sent,
    Seen,
    /// Nothing is sent any more.
    Dropped,
}

impl SendHalf {
    pub(super) fn new(limit: u64) -> Self {
        Self { chunks: VecDeque::new(), acked: 0, sent: 0, end: 0, limit, cursor: (0, 0), fin: Fin::Open }
    }

    /// Bytes written but not sent.
    pub(super) fn unsent(&self) -> u64 {
        self.end - self.sent
    }

    /// Bytes in memory.
    pub(super) fn kept(&self) -> u64 {
        self.chunks.iter().map(|it| it.len() as u64).sum()
    }

    pub(super) fn end(&self) -> u64 {
        self.end
    }

    /// Whether the application may still write.
    pub(super) fn is_open(&self) -> bool {
        self.fin == Fin::Open
    }

    pub(super) fn push(&mut self, bytes: Bytes) {
        if !bytes.is_empty() {
            self.end += bytes.len() as u64;
            self.chunks.push_back(bytes);
        }
    }

    pub(super) fn finish(&mut self) {
        if self.fin == Fin::Open {
            self.fin = Fin::Wanted;
        }
    }

    /// Whether DATA or FIN can leave now.
    pub(super) fn can_send(&self) -> bool {
        (self.sent < self.end && self.sent < self.limit) || self.fin_due()
    }

    /// Whether everything has left and FIN is to follow.
    pub(super) fn fin_due(&self) -> bool {
        self.fin == Fin::Wanted && self.sent == self.end
    }

    pub(super) fn fin_sent(&mut self) {
        self.fin = Fin::Sent;
    }

    /// The next bytes to send, at most `most`, with their offset.
    pub(super) fn next(&mut self, most: usize) -> Option<(u64, Bytes)> {
        let allowed = self.limit.saturating_sub(self.sent);
        let most = most.min(usize::try_from(allowed).unwrap_or(usize::MAX));
        let (index, at) = self.cursor;
        let chunk = self.chunks.get(index).filter(|_| most > 0)?;
        let taken = (chunk.len() - at).min(most);
        let bytes = chunk.slice(at..at + taken);
        let offset = self.sent;
        self.sent += taken as u64;
        self.cursor = if at + taken == chunk.len() { (index + 1, 0) } else { (index, at + taken) };
        Some((offset, bytes))
    }

    /// Bytes that the other end may make this one keep.
    pub(super) fn outstanding(&self) -> u64 {
        self.limit.saturating_sub(self.acked)
    }

    /// Takes in a CREDIT; of its limit no more than `most` bytes ahead of what was consumed. False when it acknowledges
    /// what was never sent.
    pub(super) fn credit(&mut self, consumed: u64, limit: u64, most: u64, fin_seen: bool) -> bool {
        if self.fin == Fin::Dropped {
            return true;
        }
        if consumed > self.sent || (fin_seen && !matches!(self.fin, Fin::Sent | Fin::Seen)) {
            return false;
        }
        self.limit = self.limit.max(limit.min(consumed.saturating_add(most)));
        if fin_seen {
            self.fin = Fin::Seen;
        }
        self.release(consumed);
        true
    }

    /// Lets go of the pieces that end at `offset` or before.
    fn release(&mut self, offset: u64) {
        while let Some(first) = self.chunks.front() {
            let end = self.acked + first.len() as u64;
            if end > offset {
                return;
            }
            self.acked = end;
            self.chunks.pop_front();
            // The other end has the piece, so it was sent whole and the cursor lies behind it.
            self.cursor.0 = self.cursor.0.saturating_sub(1);
        }
    }

    /// Begins again where the other end stands. False when that is nowhere it can stand.
    /// The limit is taken as [`Self::credit`] does.
    pub(super) fn rewind(&mut self, received: u64, limit: u64, most: u64, fin_received: bool) -> bool {
        if self.fin == Fin::Dropped {
            return true;
        }
        let told_of_end = matches!(self.fin, Fin::Sent | Fin::Seen);
        if received < self.acked || received > self.sent || (fin_received && !(told_of_end && received == self.end)) {
            return false;
        }
        self.limit = self.limit.max(limit.min(received.saturating_add(most)));
        // It is never asked for again, and the new limit leaves no room for it beside what comes now.
        self.release(received);
        self.sent = received;
        self.cursor = (0, usize::try_from(received - self.acked).unwrap_or(usize::MAX));
        if self.fin == Fin::Sent && !fin_received {
            self.fin = Fin::Wanted;
        }
        true
    }

    /// Whether FIN has left, so that the other end may have seen the end.
    pub(super) fn fin_has_left(&self) -> bool {
        matches!(self.fin, Fin::Sent | Fin::Seen)
    }

    /// Lets go of everything that was written; nothing more is sent.
    pub(super) fn discard(&mut self) {
        *self = Self { fin: Fin::Dropped, ..Self::new(0) };
    }

    /// Whether the other end has everything, the end included.
    pub(super) fn is_done(&self) -> bool {
        self.fin == Fin::Seen
    }
}
