//! Whether one connection has the session to itself, as far as what comes tells, and what is usual when it has not.

use std::time::Duration;

use super::StreamId;

/// Which two connections' bytes came last. One that ended counts no more: nobody types into it.
#[derive(Debug, Default)]
pub(super) struct Flowing {
    last: Option<(StreamId, Duration)>,
    /// The last bytes of another connection than that.
    other: Option<(StreamId, Duration)>,
    /// What windows come to by themselves, in bytes: those that were measured last count most.
    usual: u64,
}

/// How long it counts that something came. Who types more slowly waits, where the way is short, for the few milliseconds that a
/// window alone adds; where it is long a window takes longer than that to grow.
const LATELY: Duration = Duration::from_millis(250);

impl Flowing {
    /// Bytes of a connection came.
    pub(super) fn note(&mut self, now: Duration, stream: StreamId) {
        if self.last.is_some_and(|(last, _)| last != stream) {
            self.other = self.last;
        }
        self.last = Some((stream, now));
    }

    /// A connection is over.
    pub(super) fn forget(&mut self, stream: StreamId) {
        self.other.take_if(|(other, _)| *other == stream);
        if self.last.is_some_and(|(last, _)| last == stream) {
            self.last = self.other.take();
        }
    }

    /// What is usual for a window, in bytes, where bytes of more than one connection came lately. None where not.
    pub(super) fn beside(&self, now: Duration) -> Option<u64> {
        self.is_shared(now).then_some(self.usual)
    }

    /// A window was measured and comes to so much by itself.
    pub(super) fn window(&mut self, now: Duration, own: u64) {
        self.usual = if self.is_shared(now) { self.usual - self.usual / 8 + own / 8 } else { 0 };
    }

    /// Whether bytes of more than one connection came lately.
    fn is_shared(&self, now: Duration) -> bool {
        self.other.is_some_and(|(_, at)| now.saturating_sub(at) < LATELY)
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
        for millis in (20..=260).step_by(10) {
            it.note(at(millis), ONE);
            assert!(it.is_shared(at(millis)), "{millis}");
        }
        it.note(at(262), ONE);
        assert!(!it.is_shared(at(262)));
    }

    #[test]
    fn what_is_usual_follows_the_windows_and_is_forgotten_alone() {
        let mut it = Flowing::default();
        it.note(at(10), ONE);
        assert_eq!(it.beside(at(10)), None);
        it.note(at(11), TWO);
        for _ in 0..40 {
            it.window(at(11), 4000);
        }
        assert!(it.beside(at(11)).is_some_and(|usual| (3900..=4000).contains(&usual)), "{it:?}");
        for _ in 0..40 {
            it.window(at(11), 1000);
            it.window(at(11), 3000);
        }
        assert!(it.beside(at(11)).is_some_and(|usual| (1800..=2200).contains(&usual)), "{it:?}");
        it.window(at(2000), 1000);
        it.note(at(2000), ONE);
        it.note(at(2001), TWO);
        assert_eq!(it.beside(at(2001)), Some(0));
    }

    #[test]
    fn one_that_ended_is_not_beside_the_next() {
        let mut it = Flowing::default();
        it.note(at(0), ONE);
        it.forget(ONE);
        it.note(at(1), TWO);
        assert!(!it.is_shared(at(1)));
        it.note(at(2), ONE);
        it.note(at(3), TWO);
        assert!(it.is_shared(at(3)));
        it.forget(TWO);
        it.note(at(4), ONE);
        assert!(!it.is_shared(at(4)), "{it:?}");
    }

    #[test]
    fn one_after_the_other_is_not_side_by_side() {
        let mut it = Flowing::default();
        it.note(at(0), ONE);
        it.note(at(1000), TWO);
        assert!(!it.is_shared(at(1000)));
    }
}
