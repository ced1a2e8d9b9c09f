//! How far ahead of the application the other end may send.
//!
//! A window begins small and grows, at most double at a time, to twice what flows in one round trip of an empty way at the
//! rate at which the application consumes. What goes beyond stands in queues, where a keystroke of another connection cannot
//! overtake it: a connection that has the session to itself may keep the programs on the way busy with a little more. It stays
//! within what the session's budget leaves, and shrinks an eighth at a time when less flows.

use std::ops::RangeInclusive;
use std::time::Duration;

#[derive(Debug)]
pub(super) struct Window {
    /// Bytes that may be on their way or waiting.
    size: u64,
    /// What the other end was told last.
    limit: u64,
    /// Consumed bytes the other end knows of.
    told: u64,
    /// Begin of the present measurement: when, and how much had been consumed.
    since: Option<(Duration, u64)>,
}

/// For how long the programs on the way have something in hand when nobody else waits for them. An empty way's round trip
/// does not tell of it: with less, they wait for each other.
const IN_HAND: Duration = Duration::from_millis(2);

/// What decides the size of a window besides the application.
#[derive(Clone, Debug)]
pub(super) struct Way {
    /// Round trip of an empty way.
    pub(super) round_trip: Duration,
    /// Whether bytes of other connections come too.
    pub(super) is_shared: bool,
    /// Bytes between which the size has to stay.
    pub(super) allowed: RangeInclusive<u64>,
}

impl Window {
    pub(super) fn new(size: u64) -> Self {
        Self { size, limit: size, told: 0, since: None }
    }

    pub(super) fn size(&self) -> u64 {
        self.size
    }

    pub(super) fn limit(&self) -> u64 {
        self.limit
    }

    /// Whether so much was consumed that the other end should know at once.
    pub(super) fn is_update_due(&self, consumed: u64) -> bool {
        consumed + self.size >= self.limit + self.size / 4
    }

    /// Whether the other end keeps bytes that it need not keep.
    pub(super) fn is_stale(&self, consumed: u64) -> bool {
        consumed > self.told
    }

    /// Each time a whole window was consumed: sets the size by how long that took.
    pub(super) fn measure(&mut self, now: Duration, consumed: u64, way: &Way) {
        let Some((began, from)) = self.since else {
            self.since = Some((now, consumed));
            return;
        };
        let flowed = consumed - from;
        if flowed < self.size {
            return;
        }
        self.since = Some((now, consumed));
        // What came in one burst was sent over a round trip at least.
        let took = now.saturating_sub(began).max(way.round_trip).as_micros().max(1);
        let ahead = 2 * way.round_trip + if way.is_shared { Duration::ZERO } else { IN_HAND };
        let wanted = u64::try_from(u128::from(flowed) * ahead.as_micros() / took).unwrap_or(u64::MAX);
        let wanted = wanted.clamp(self.size / 2, self.size * 2);
        self.size = wanted.max(*way.allowed.start()).min(*way.allowed.end());
    }

    /// What the other end was told of consumed bytes may not have arrived.
    pub(super) fn forget_told(&mut self) {
        self.told = 0;
    }

    /// The new limit to tell.
    pub(super) fn advance(&mut self, consumed: u64) -> u64 {
        self.told = consumed;
        self.limit = self.limit.max(consumed + self.size);
        self.limit
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RTT: Duration = Duration::from_millis(80);
    const MIB: u64 = 1 << 20;

    fn consume(window: &mut Window, millis: u64, consumed: u64, is_shared: bool, allowed: RangeInclusive<u64>) -> u64 {
        window.measure(Duration::from_millis(millis), consumed, &Way { round_trip: RTT, is_shared, allowed });
        window.size()
    }

    #[test]
    fn grows_to_twice_what_flows_in_a_round_trip() {
        let mut window = Window::new(MIB);
        assert_eq!(consume(&mut window, 0, 0, true, MIB..=64 * MIB), MIB);
        assert_eq!(consume(&mut window, 40, MIB - 1, true, MIB..=64 * MIB), MIB);
        // In a burst: the window is what holds it up.
        assert_eq!(consume(&mut window, 80, MIB, true, MIB..=64 * MIB), 2 * MIB);
        assert_eq!(consume(&mut window, 200, 3 * MIB, true, 2 * MIB..=64 * MIB), 2 * MIB * 4 / 3);
        // Twice what flows is there: it stays.
        let size = window.size();
        assert_eq!(consume(&mut window, 360, 3 * MIB + size, true, size..=64 * MIB), size);
    }

    #[test]
    fn keeps_the_programs_busy_when_nobody_waits_for_them() {
        let size_of = |is_shared| {
            let mut window = Window::new(MIB);
            consume(&mut window, 0, 0, is_shared, 1000..=64 * MIB);
            // 1 MiB in 160 ms.
            consume(&mut window, 160, MIB, is_shared, 1000..=64 * MIB)
        };
        assert_eq!(size_of(true), MIB);
        assert_eq!(size_of(false), MIB + MIB / 80);
    }

    #[test]
    fn shrinks_only_where_it_may() {
        let mut window = Window::new(4 * MIB);
        consume(&mut window, 0, 0, true, 4 * MIB..=64 * MIB);
        assert_eq!(consume(&mut window, 60_000, 4 * MIB, true, 4 * MIB..=64 * MIB), 4 * MIB);
        assert_eq!(consume(&mut window, 120_000, 8 * MIB, true, MIB..=64 * MIB), 2 * MIB);
        assert_eq!(consume(&mut window, 180_000, 10 * MIB, true, MIB..=64 * MIB), MIB);
        assert_eq!(consume(&mut window, 240_000, 11 * MIB, true, MIB..=64 * MIB), MIB);
    }

    #[test]
    fn stays_within_the_budget() {
        let mut window = Window::new(1000);
        consume(&mut window, 0, 0, false, 1000..=1500);
        assert_eq!(consume(&mut window, 0, 1000, false, 1000..=1500), 1500);
        assert_eq!(consume(&mut window, 0, 9000, false, 1500..=1500), 1500);
    }
}
