//! How far ahead of the application the other end may send.
//!
//! A window begins small and grows, at most double at a time, to what flows in some round trips of an empty way at the rate at
//! which the application consumes: two, and a little more to keep the programs on the way busy, while the connection has the
//! session to itself. Beside others it is one and a half as soon as more brings no more: what goes beyond stands in queues,
//! where a keystroke cannot overtake it. It stays within what the session's budget leaves, and shrinks an eighth at a time when
//! less flows.
//!
//! Where a queue on the way decides, each connection gets of it what its window is of all windows, and a window made from that
//! keeps its share for ever. So one that is smaller than is usual beside it goes half the way to that.

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
    /// Bytes that flowed in one round trip when it was measured last.
    flowed: u64,
}

/// For how long the programs on the way have something in hand when nobody else waits for them. An empty way's round trip
/// does not tell of it: with less, they wait for each other, since a system lets a program run for some milliseconds before
/// another one's turn comes. 12 ms brought no more than this.
const IN_HAND: Duration = Duration::from_millis(5);

/// What decides the size of a window besides the application.
#[derive(Clone, Debug)]
pub(super) struct Way {
    /// Round trip of an empty way.
    pub(super) round_trip: Duration,
    /// Whether bytes of other connections come too, and what is usual for a window beside them, in bytes.
    pub(super) beside: Option<u64>,
    /// Bytes between which the size has to stay.
    pub(super) allowed: RangeInclusive<u64>,
}

impl Window {
    pub(super) fn new(size: u64) -> Self {
        Self { size, limit: size, told: 0, since: None, flowed: 0 }
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

    /// Each time a whole window was consumed: sets the size by how long that took. Returns what it comes to by itself.
    pub(super) fn measure(&mut self, now: Duration, consumed: u64, way: &Way) -> Option<u64> {
        let Some((began, from)) = self.since else {
            self.since = Some((now, consumed));
            return None;
        };
        let flowed = consumed - from;
        if flowed < self.size {
            return None;
        }
        self.since = Some((now, consumed));
        // What came in one burst was sent over a round trip at least.
        let took = now.saturating_sub(began).max(way.round_trip).as_micros().max(1);
        let in_a = |time: Duration| u64::try_from(u128::from(flowed) * time.as_micros() / took).unwrap_or(u64::MAX);
        let before = std::mem::replace(&mut self.flowed, in_a(way.round_trip));
        let brings_more = self.flowed > before.saturating_add(before / 4);
        let own = match way.beside {
            None => in_a(2 * way.round_trip + IN_HAND),
            Some(_) if brings_more => in_a(2 * way.round_trip),
            Some(_) => in_a(way.round_trip * 3 / 2),
        };
        let wanted = way.beside.map_or(own, |usual| own.max(own / 2 + usual / 2));
        let wanted = wanted.clamp(self.size / 2, self.size * 2);
        self.size = wanted.max(*way.allowed.start()).min(*way.allowed.end());
        Some(own)
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

    /// Beside others of which nothing is known yet.
    const BESIDE: Option<u64> = Some(0);

    fn consume(
        window: &mut Window,
        millis: u64,
        consumed: u64,
        beside: Option<u64>,
        allowed: RangeInclusive<u64>,
    ) -> u64 {
        window.measure(Duration::from_millis(millis), consumed, &Way { round_trip: RTT, beside, allowed });
        window.size()
    }

    #[test]
    fn grows_to_twice_what_flows_in_a_round_trip() {
        let mut window = Window::new(MIB);
        assert_eq!(consume(&mut window, 0, 0, BESIDE, MIB..=64 * MIB), MIB);
        assert_eq!(consume(&mut window, 40, MIB - 1, BESIDE, MIB..=64 * MIB), MIB);
        // In a burst: the window is what holds it up.
        assert_eq!(consume(&mut window, 80, MIB, BESIDE, MIB..=64 * MIB), 2 * MIB);
        assert_eq!(consume(&mut window, 200, 3 * MIB, BESIDE, 2 * MIB..=64 * MIB), 2 * MIB * 4 / 3);
        // Twice what flows is there: it stays.
        let size = window.size();
        assert_eq!(consume(&mut window, 360, 3 * MIB + size, BESIDE, size..=64 * MIB), size);
    }

    #[test]
    fn keeps_less_in_queues_beside_others_once_more_brings_no_more() {
        let mut window = Window::new(MIB);
        consume(&mut window, 0, 0, BESIDE, 1000..=64 * MIB);
        assert_eq!(consume(&mut window, 80, MIB, BESIDE, 1000..=64 * MIB), 2 * MIB);
        // Twice the window takes twice as long: a queue is what holds it up.
        assert_eq!(consume(&mut window, 240, 3 * MIB, BESIDE, 1000..=64 * MIB), MIB * 3 / 2);
    }

    #[test]
    fn goes_half_the_way_to_what_is_usual_beside_it() {
        let size_beside = |usual| {
            let mut window = Window::new(MIB);
            consume(&mut window, 0, 0, Some(usual), 1000..=64 * MIB);
            // 1 MiB in 160 ms.
            consume(&mut window, 160, MIB, Some(usual), 1000..=64 * MIB)
        };
        assert_eq!(size_beside(MIB / 2), MIB, "nobody gives up what flows");
        assert_eq!(size_beside(2 * MIB), MIB * 3 / 2);
    }

    #[test]
    fn keeps_the_programs_busy_when_nobody_waits_for_them() {
        let size_of = |beside| {
            let mut window = Window::new(MIB);
            consume(&mut window, 0, 0, beside, 1000..=64 * MIB);
            // 1 MiB in 160 ms.
            consume(&mut window, 160, MIB, beside, 1000..=64 * MIB)
        };
        assert_eq!(size_of(BESIDE), MIB);
        assert_eq!(size_of(None), MIB + MIB / 32);
    }

    #[test]
    fn shrinks_only_where_it_may() {
        let mut window = Window::new(4 * MIB);
        consume(&mut window, 0, 0, BESIDE, 4 * MIB..=64 * MIB);
        assert_eq!(consume(&mut window, 60_000, 4 * MIB, BESIDE, 4 * MIB..=64 * MIB), 4 * MIB);
        assert_eq!(consume(&mut window, 120_000, 8 * MIB, BESIDE, MIB..=64 * MIB), 2 * MIB);
        assert_eq!(consume(&mut window, 180_000, 10 * MIB, BESIDE, MIB..=64 * MIB), MIB);
        assert_eq!(consume(&mut window, 240_000, 11 * MIB, BESIDE, MIB..=64 * MIB), MIB);
    }

    #[test]
    fn stays_within_the_budget() {
        let mut window = Window::new(1000);
        consume(&mut window, 0, 0, None, 1000..=1500);
        assert_eq!(consume(&mut window, 0, 1000, None, 1000..=1500), 1500);
        assert_eq!(consume(&mut window, 0, 9000, None, 1500..=1500), 1500);
    }
}
