//! What a recording's page has not got rid of yet: chunks in their order, kept until the appliance says that it has them.

use std::collections::VecDeque;
use std::rc::Rc;

use wire::Timestamp;
use wire::limits::RECORDING_CHUNK_BYTES;

/// Bytes that wait at most: a minute of the finest picture.
const MOST_BYTES: usize = 64 * 1024 * 1024;
/// Milliseconds for which a chunk may wait.
const MOST_MILLIS: u64 = 60_000;

/// The chunks that wait.
#[derive(Clone, Debug, Default)]
pub(crate) struct Upload {
    waiting: VecDeque<Rc<[u8]>>,
    /// Number of the first one that waits.
    next: u64,
    bytes: usize,
    /// Since when nothing was confirmed though something waits.
    since: Option<Timestamp>,
}

impl Upload {
    /// The browser recorded this.
    pub(crate) fn push(&mut self, bytes: &[u8], now: Timestamp) {
        for chunk in bytes.chunks(RECORDING_CHUNK_BYTES) {
            self.waiting.push_back(chunk.into());
            self.bytes += chunk.len();
            self.since.get_or_insert(now);
        }
    }

    /// The chunk to send, with its number.
    pub(crate) fn first(&self) -> Option<(u64, Rc<[u8]>)> {
        self.waiting.front().map(|it| (self.next, it.clone()))
    }

    /// The appliance has every chunk before this one.
    pub(crate) fn confirmed(&mut self, next: u64, now: Timestamp) {
        while self.next < next {
            let Some(chunk) = self.waiting.pop_front() else { break };
            self.bytes -= chunk.len();
            self.next += 1;
            self.since = Some(now);
        }
        if self.waiting.is_empty() {
            self.since = None;
        }
    }

    /// Whether waiting longer makes no sense.
    pub(crate) fn is_stuck(&self, now: Timestamp) -> bool {
        self.bytes > MOST_BYTES || self.since.is_some_and(|since| now.millis_since(since) > MOST_MILLIS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Timestamp = Timestamp(1_700_000_000_000);

    #[test]
    fn chunks_are_sent_in_order_until_they_are_confirmed() {
        let mut upload = Upload::default();
        assert!(upload.first().is_none());
        upload.push(b"one", START);
        upload.push(b"", START);
        upload.push(b"two", START);
        assert_eq!(upload.first().map(|(number, it)| (number, it.to_vec())), Some((0, b"one".to_vec())));
        upload.confirmed(0, START);
        assert_eq!(upload.first().map(|it| it.0), Some(0), "it has none yet");
        upload.confirmed(1, START);
        assert_eq!(upload.first().map(|(number, it)| (number, it.to_vec())), Some((1, b"two".to_vec())));
        // The answer to the last one was lost, and the next one tells more.
        upload.confirmed(2, START);
        assert!(upload.first().is_none());
    }

    #[test]
    fn what_is_large_goes_in_several() {
        let mut upload = Upload::default();
        upload.push(&vec![7; RECORDING_CHUNK_BYTES + 1], START);
        assert_eq!(upload.first().map(|(_, it)| it.len()), Some(RECORDING_CHUNK_BYTES));
        upload.confirmed(1, START);
        assert_eq!(upload.first().map(|(number, it)| (number, it.len())), Some((1, 1)));
    }

    #[test]
    fn what_cannot_be_sent_is_given_up_after_a_minute_or_when_it_is_too_much() {
        let mut upload = Upload::default();
        upload.push(b"one", START);
        upload.push(b"two", START.plus_millis(50_000));
        assert!(!upload.is_stuck(START.plus_millis(60_000)));
        assert!(upload.is_stuck(START.plus_millis(60_001)));
        upload.confirmed(1, START.plus_millis(60_001));
        assert!(!upload.is_stuck(START.plus_millis(120_000)), "something moved");
        upload.confirmed(2, START.plus_millis(60_001));
        assert!(!upload.is_stuck(START.plus_millis(1_000_000)), "nothing waits");
        upload.push(&vec![0; MOST_BYTES + 1], START);
        assert!(upload.is_stuck(START));
    }
}
