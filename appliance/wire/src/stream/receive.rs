//! The receiving half of a stream: bytes in order, waiting for the application.

use std::collections::VecDeque;

use bytes::{Bytes, BytesMut};

use super::window::Window;

#[derive(Debug)]
pub(super) struct ReceiveHalf {
    /// Bytes that came and were not read.
    chunks: VecDeque<Bytes>,
    /// The last of them, when they came in small pieces.
    tail: BytesMut,
    /// Came up to here.
    received: u64,
    /// Handed to the application up to here.
    read: u64,
    /// The application is done with everything up to here.
    consumed: u64,
    /// Final offset, once FIN came.
    fin: Option<u64>,
    /// The application has been told of the end.
    fin_read: bool,
    /// A CREDIT with "FIN seen" has been queued.
    pub(super) fin_acked: bool,
    pub(super) window: Window,
}

/// Smaller pieces of a message are copied out of it.
const WORTH_A_MESSAGE: usize = 16 * 1024;
/// Copied pieces are put together up to about this size.
const TAIL_BYTES: usize = 64 * 1024;

/// What the other end did wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Misbehaved(pub(super) &'static str);

impl ReceiveHalf {
    pub(super) fn new(initial_window: u64) -> Self {
        Self {
            chunks: VecDeque::new(),
            tail: BytesMut::new(),
            received: 0,
            read: 0,
            consumed: 0,
            fin: None,
            fin_read: false,
            fin_acked: false,
            window: Window::new(initial_window),
        }
    }

    pub(super) fn consumed(&self) -> u64 {
        self.consumed
    }

    pub(super) fn received(&self) -> u64 {
        self.received
    }

    /// Bytes in memory.
    pub(super) fn kept(&self) -> u64 {
        self.received - self.read
    }

    /// Takes in DATA; bytes that came before are skipped. True when there is something new.
    pub(super) fn data(&mut self, offset: u64, mut bytes: Bytes) -> Result<bool, Misbehaved> {
        let end = offset + bytes.len() as u64;
        if offset > self.received {
            return Err(Misbehaved("bytes are missing in between"));
        }
        if end > self.window.limit() {
            return Err(Misbehaved("more bytes than the window allows"));
        }
        if self.fin.is_some_and(|fin| end > fin) {
            return Err(Misbehaved("bytes behind the end"));
        }
        if end <= self.received {
            return Ok(false);
        }
        let known = usize::try_from(self.received - offset).unwrap_or(usize::MAX);
        let fresh = bytes.split_off(known.min(bytes.len()));
        self.received = end;
        self.keep(fresh);
        Ok(true)
    }

    /// A piece of a message keeps all of its memory, so a small one is copied: what is not read holds its own size and
    /// nothing else.
    fn keep(&mut self, bytes: Bytes) {
        if bytes.len() >= WORTH_A_MESSAGE {
            self.end_tail();
            self.chunks.push_back(bytes);
            return;
        }
        self.tail.extend_from_slice(&bytes);
        if self.tail.len() >= TAIL_BYTES {
            self.end_tail();
        }
    }

    fn end_tail(&mut self) {
        if !self.tail.is_empty() {
            self.chunks.push_back(std::mem::take(&mut self.tail).freeze());
        }
    }

    /// Takes in FIN. True the first time.
    pub(super) fn finish(&mut self, final_offset: u64) -> Result<bool, Misbehaved> {
        match self.fin {
            Some(fin) if fin == final_offset => Ok(false),
            Some(_) => Err(Misbehaved("two different ends")),
            None if final_offset != self.received => Err(Misbehaved("an end that does not fit the bytes")),
            None => {
                self.fin = Some(final_offset);
                Ok(true)
            }
        }
    }

    /// The next bytes for the application.
    pub(super) fn read(&mut self, most: usize) -> Option<Bytes> {
        if self.chunks.is_empty() {
            self.end_tail();
        }
        let first = self.chunks.front_mut()?;
        let bytes = if first.len() > most { first.split_to(most) } else { self.chunks.pop_front()? };
        self.read += bytes.len() as u64;
        Some(bytes)
    }

    /// Whether the application has read all there will ever be; says so once.
    pub(super) fn take_end(&mut self) -> bool {
        let at_end = self.fin == Some(self.read) && !self.fin_read;
        self.fin_read |= at_end;
        at_end
    }

    /// Whether the application knows that nothing more will come.
    pub(super) fn end_was_read(&self) -> bool {
        self.fin_read
    }

    /// The application is done with `bytes` more; at most what it read.
    pub(super) fn consume(&mut self, bytes: u64) {
        self.consumed = (self.consumed + bytes).min(self.read);
    }

    /// Whether "FIN seen" can be told: all is consumed and the application knows the end.
    pub(super) fn fin_seen(&self) -> bool {
        self.fin_read && self.fin == Some(self.consumed)
    }

    /// Whether FIN has come.
    pub(super) fn fin_received(&self) -> bool {
        self.fin.is_some()
    }

    /// Whether this half is over.
    pub(super) fn is_done(&self) -> bool {
        self.fin_acked
    }
}
