//! How long to wait before dialling again. Chance is handed in.

use std::time::Duration;

/// Exponential back-off with full jitter: each wait is a random part of a ceiling that doubles, so that many programs that
/// lost the same appliance do not come back together.
#[derive(Clone, Debug)]
pub struct Backoff {
    first: Duration,
    most: Duration,
    failures: u32,
}

impl Backoff {
    /// Ceilings from `first` up to `most`.
    #[must_use]
    pub fn new(first: Duration, most: Duration) -> Self {
        Self { first, most, failures: 0 }
    }

    /// The next wait; `chance` is a random number from 0 to 1.
    pub fn next_wait(&mut self, chance: f64) -> Duration {
        let doublings = 1_u32.checked_shl(self.failures).unwrap_or(u32::MAX);
        let ceiling = self.first.saturating_mul(doublings).min(self.most);
        self.failures = self.failures.saturating_add(1).min(31);
        ceiling.mul_f64(chance.clamp(0.0, 1.0))
    }

    /// It worked: the next failure begins anew.
    pub fn reset(&mut self) {
        self.failures = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn backoff() -> Backoff {
        Backoff::new(Duration::from_millis(500), Duration::from_secs(30))
    }

    #[test]
    fn the_ceiling_doubles_up_to_the_most() {
        let mut it = backoff();
        let waits: Vec<_> = (0..9).map(|_| it.next_wait(1.0).as_millis()).collect();
        assert_eq!(waits, [500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000]);
    }

    #[test]
    fn it_never_overflows() {
        let mut it = backoff();
        for _ in 0..10_000 {
            assert!(it.next_wait(1.0) <= Duration::from_secs(30));
        }
    }

    #[test]
    fn chance_takes_its_part_of_the_ceiling() {
        let mut it = backoff();
        assert_eq!(it.next_wait(0.0), Duration::ZERO);
        assert_eq!(it.next_wait(0.5), Duration::from_millis(500));
        assert_eq!(it.next_wait(f64::MAX), Duration::from_secs(2));
    }

    #[test]
    fn success_begins_anew() {
        let mut it = backoff();
        it.next_wait(1.0);
        it.next_wait(1.0);
        it.reset();
        assert_eq!(it.next_wait(1.0), Duration::from_millis(500));
    }
}
