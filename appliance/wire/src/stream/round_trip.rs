//! The end-to-end round trip, measured by PING while there is traffic.

use std::time::Duration;

/// How often the round trip is measured while bytes flow.
const PING_EVERY: Duration = Duration::from_secs(1);
/// A PONG that takes longer is not waited for any more.
const PONG_WITHIN: Duration = Duration::from_secs(30);
/// How long the shortest round trip is remembered, at least: longer than a busy spell lasts as a rule, short enough to learn
/// of another way through the network.
const REMEMBERED: Duration = Duration::from_secs(150);

/// What is known of the round trip.
#[derive(Debug, Default)]
pub(super) struct RoundTrip {
    usual: Option<Duration>,
    /// The shortest of this spell and of the one before.
    shortest: [Option<Duration>; 2],
    spell_began: Duration,
    /// What was measured before belongs to other links.
    is_other_way: bool,
    asked: Option<(u64, Duration)>,
    ask_at: Duration,
    number: u64,
}

impl RoundTrip {
    /// The usual one, once measured.
    pub(super) fn usual(&self) -> Option<Duration> {
        self.usual
    }

    /// That of an empty way: the shortest of the last minutes. What waits in queues makes others longer.
    pub(super) fn shortest(&self) -> Option<Duration> {
        self.shortest.into_iter().flatten().min()
    }

    /// The number of a PING to send now, if it is time.
    pub(super) fn ask(&mut self, now: Duration) -> Option<u64> {
        let waits = self.asked.is_some_and(|(_, asked)| now.saturating_sub(asked) < PONG_WITHIN);
        if now < self.ask_at || waits {
            return None;
        }
        self.ask_at = now + PING_EVERY;
        self.number += 1;
        self.asked = Some((self.number, now));
        Some(self.number)
    }

    /// A PONG came. A shorter round trip counts at once; a longer one, which may have waited behind bulk, counts by an eighth.
    pub(super) fn answered(&mut self, now: Duration, number: u64) {
        let Some((_, asked)) = self.asked.take_if(|(asked, _)| *asked == number) else { return };
        let sample = now.saturating_sub(asked);
        if std::mem::take(&mut self.is_other_way) {
            (self.usual, self.shortest) = (None, [None; 2]);
        }
        self.usual = Some(match self.usual {
            Some(usual) if sample > usual => usual + (sample - usual) / 8,
            _ => sample,
        });
        if now.saturating_sub(self.spell_began) > REMEMBERED {
            self.spell_began = now;
            self.shortest = [None, self.shortest[0]];
        }
        self.shortest[0] = Some(self.shortest[0].map_or(sample, |shortest| shortest.min(sample)));
    }

    /// Other links lead to the other end now. What is known counts until it is measured anew, which is due at once.
    pub(super) fn change_way(&mut self) {
        self.is_other_way = true;
        self.asked = None;
        self.ask_at = Duration::ZERO;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    fn measure(it: &mut RoundTrip, from: u64, to: u64) {
        let number = it.ask(at(from)).unwrap();
        it.answered(at(to), number);
    }

    #[test]
    fn the_shortest_is_that_of_an_empty_way() {
        let mut it = RoundTrip::default();
        measure(&mut it, 0, 80);
        measure(&mut it, 2_000, 2_400);
        assert_eq!(it.shortest(), Some(at(80)));
        assert_eq!(it.usual(), Some(at(120)));
    }

    #[test]
    fn what_was_measured_long_ago_is_forgotten() {
        let mut it = RoundTrip::default();
        measure(&mut it, 0, 10);
        measure(&mut it, 151_000, 151_080);
        assert_eq!(it.shortest(), Some(at(10)));
        measure(&mut it, 302_000, 302_080);
        assert_eq!(it.shortest(), Some(at(80)));
    }

    #[test]
    fn another_way_is_measured_at_once_and_alone() {
        let mut it = RoundTrip::default();
        measure(&mut it, 0, 10);
        it.change_way();
        assert_eq!(it.shortest(), Some(at(10)));
        measure(&mut it, 100, 300);
        assert_eq!((it.shortest(), it.usual()), (Some(at(200)), Some(at(200))));
    }
}
