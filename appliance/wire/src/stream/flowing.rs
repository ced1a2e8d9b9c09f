//! Whether one connection has the session to itself, as far as what comes tells.

use std::time::Duration;

use super::StreamId;

/// Whose bytes came last, and when those of two connections came side by side.
#[derive(Debug, Default)]
pub(super) struct Flowing {
    last: Option<(StreamId, Duration)>,
    shared_at: Option<Duration>,
}

/// How long it counts that something came: somebody who types does not let go for longer.
const LATELY: Duration = Duration::from_secs(1);

impl Flowing {
    /// Bytes of a connection came.
    pub(super) fn note(&mut self, now: Duration, stream: StreamId) {
        if self.last.is_some_and(|(last, at)| last != stream && now.saturating_sub(at) < LATELY) {
            self.shared_at = Some(now);
        }
        self.last = Some((stream, now));
    }

    /// Whether bytes of more than one connection came lately.
    pub(super) fn is_shared(&self, now: Duration) -> bool {
        self.shared_at.is_some_and(|at| now.saturating_sub(at) < LATELY)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: StreamId = StreamId(1);
    const TWO: StreamId = StreamId(2);

    fn at(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[test]
    fn one_connection_is_alone() {
        let mut it = Flowing::default();
        assert!(!it.is_shared(at(0)));
        for millis in 0..10 {
            it.note(at(millis), ONE);
            assert!(!it.is_shared(at(millis)));
        }
    }

    #[test]
    fn a_few_bytes_of_another_share_it_for_a_while() {
        let mut it = Flowing::default();
        it.note(at(10), ONE);
        it.note(at(11), TWO);
        assert!(it.is_shared(at(11)));
        it.note(at(12), ONE);
        for millis in (20..=1011).step_by(10) {
            it.note(at(millis), ONE);
            assert!(it.is_shared(at(millis)), "{millis}");
        }
        it.note(at(1013), ONE);
        assert!(!it.is_shared(at(1013)));
    }

    #[test]
    fn one_after_the_other_is_not_side_by_side() {
        let mut it = Flowing::default();
        it.note(at(0), ONE);
        it.note(at(1000), TWO);
        assert!(!it.is_shared(at(1000)));
    }
}
