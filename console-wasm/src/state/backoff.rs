//! How long to wait before trying again.

/// Waits that double from `first` to `most`, each shortened by chance so that many consoles do not come back at once.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Backoff {
    first_millis: u32,
    most_millis: u32,
    tries: u32,
}

impl Backoff {
    /// For the event socket.
    pub(crate) const SOCKET: Self = Self { first_millis: 500, most_millis: 15_000, tries: 0 };
    /// For the extension: asking it costs nothing, and people wait for it while they install it.
    pub(crate) const EXTENSION: Self = Self { first_millis: 100, most_millis: 5_000, tries: 0 };

    /// The next wait; `chance` lies in 0..1 and takes up to half of it away.
    pub(crate) fn next_millis(&mut self, chance: f64) -> u32 {
        let whole = self.first_millis.saturating_mul(1 << self.tries.min(16)).min(self.most_millis);
        self.tries = self.tries.saturating_add(1);
        let shortened = f64::from(whole) * (1.0 - chance.clamp(0.0, 1.0) / 2.0);
        shortened as u32
    }

    /// Begins anew, after a success.
    pub(crate) fn reset(&mut self) {
        self.tries = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_most_and_begin_anew() {
        let mut backoff = Backoff::EXTENSION;
        let waits: Vec<u32> = (0..8).map(|_| backoff.next_millis(0.0)).collect();
        assert_eq!(waits, [100, 200, 400, 800, 1600, 3200, 5000, 5000]);
        backoff.reset();
        assert_eq!(backoff.next_millis(0.0), 100);
    }

    #[test]
    fn chance_takes_at_most_half() {
        assert_eq!(Backoff::SOCKET.clone().next_millis(1.0), 250);
        let mut worn = Backoff { tries: u32::MAX, ..Backoff::SOCKET };
        assert_eq!(worn.next_millis(0.0), 15_000);
    }
}
