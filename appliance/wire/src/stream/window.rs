//! How far ahead of the application the other end may send.
//!
//! A window begins small and doubles when a whole window's worth was consumed within two round trips: then the window,
//! not the application, is what limits the stream. It grows up to what the session's budget leaves.

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

    /// Doubles the size if the last window was consumed within two round trips. Returns by how much it grew.
    pub(super) fn measure(&mut self, now: Duration, consumed: u64, round_trip: Duration, most: u64) -> u64 {
        let Some((began, from)) = self.since else {
            self.since = Some((now, consumed));
            return 0;
        };
        if consumed - from < self.size {
            return 0;
        }
        self.since = Some((now, consumed));
        if now.saturating_sub(began) > round_trip * 2 {
            return 0;
        }
        let grown = self.size.min(most.saturating_sub(self.size));
        self.size += grown;
        grown
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

    #[test]
    fn grows_when_a_window_empties_within_two_round_trips() {
        let mut window = Window::new(1000);
        assert_eq!(window.measure(Duration::ZERO, 0, RTT, 1 << 20), 0);
        assert_eq!(window.measure(Duration::from_millis(80), 999, RTT, 1 << 20), 0);
        assert_eq!(window.measure(Duration::from_millis(100), 1000, RTT, 1 << 20), 1000);
        assert_eq!(window.size(), 2000);
    }

    #[test]
    fn stays_when_the_application_is_slow() {
        let mut window = Window::new(1000);
        window.measure(Duration::ZERO, 0, RTT, 1 << 20);
        assert_eq!(window.measure(Duration::from_millis(200), 1000, RTT, 1 << 20), 0);
    }

    #[test]
    fn stays_within_the_budget() {
        let mut window = Window::new(1000);
        window.measure(Duration::ZERO, 0, RTT, 1500);
        assert_eq!(window.measure(Duration::ZERO, 1000, RTT, 1500), 500);
        assert_eq!(window.measure(Duration::ZERO, 9000, RTT, 1500), 0);
    }
}
