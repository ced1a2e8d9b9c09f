//! What went on in a session, in stretches of the same length.

use wire::Timestamp;
use wire::api::SessionActivity;

use crate::store::Stretches;

/// Stretches at most: a strip in a page has not many more points.
const STRETCHES: u64 = 240;
/// A shorter stretch says nothing: times of connections are not finer.
const LEAST_MILLIS: u64 = 1_000;

/// How a time is divided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Division {
    /// How long a stretch is.
    pub stretch_millis: i64,
    count: usize,
}

impl Division {
    /// Of the time between two moments.
    #[must_use]
    pub fn of(from: Timestamp, until: Timestamp) -> Self {
        let span = until.millis_since(from).max(1);
        let stretch = span.div_ceil(STRETCHES).max(LEAST_MILLIS);
        let count = span.div_ceil(stretch).clamp(1, STRETCHES);
        Self { stretch_millis: i64::try_from(stretch).unwrap_or(i64::MAX), count: usize::try_from(count).unwrap_or(1) }
    }

    /// A place among the stretches; what lies outside counts to the nearest one: clocks differ.
    fn place(self, stretch: i64) -> usize {
        usize::try_from(stretch.max(0)).unwrap_or(usize::MAX).min(self.count - 1)
    }

    /// What went on, from how many events are in which stretch and between which ones connections were open. What a connection
    /// carried is spread evenly over its time: nobody writes down when which byte came.
    #[must_use]
    pub fn activity(self, events: &[(i64, u64)], connections: &[Stretches]) -> SessionActivity {
        let empty = || vec![0; self.count];
        let mut activity = SessionActivity {
            stretch_millis: self.stretch_millis.unsigned_abs(),
            sent: empty(),
            received: empty(),
            connections: empty(),
            events: empty(),
        };
        for (stretch, number) in events {
            add(&mut activity.events, self.place(*stretch), *number);
        }
        for it in connections {
            let first = self.place(it.first);
            let last = self.place(it.last).max(first);
            spread(&mut activity.sent, first, last, it.sent);
            spread(&mut activity.received, first, last, it.received);
            (first..=last).for_each(|place| add(&mut activity.connections, place, it.connections));
        }
        activity
    }
}

fn add(to: &mut [u64], place: usize, number: u64) {
    if let Some(it) = to.get_mut(place) {
        *it = it.saturating_add(number);
    }
}

/// All of it, evenly; what is left over goes to the first ones.
fn spread(to: &mut [u64], first: usize, last: usize, number: u64) {
    let places = (last - first + 1) as u64;
    let (each, left) = (number / places, number % places);
    for (at, place) in (first..=last).enumerate() {
        add(to, place, each + u64::from((at as u64) < left));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn connections(first: i64, last: i64, sent: u64) -> Stretches {
        Stretches { first, last, connections: 2, sent, received: 1 }
    }

    #[test]
    fn a_time_is_divided_into_stretches_that_are_not_too_many() {
        let division = |millis: i64| Division::of(Timestamp(5), Timestamp(5 + millis));
        assert_eq!(division(0), Division { stretch_millis: 1_000, count: 1 });
        assert_eq!(division(10_500), Division { stretch_millis: 1_000, count: 11 });
        assert_eq!(division(8 * 3_600_000), Division { stretch_millis: 120_000, count: 240 });
        assert_eq!(division(-3), Division { stretch_millis: 1_000, count: 1 }, "a clock that was set back");
    }

    #[test]
    fn what_was_carried_is_spread_over_the_time_of_its_connections() {
        let division = Division::of(Timestamp(0), Timestamp(4_000));
        let activity = division.activity(&[(0, 2), (3, 1), (9, 1)], &[connections(1, 2, 5), connections(-1, 0, 3)]);
        assert_eq!(activity.sent, [3, 3, 2, 0]);
        assert_eq!(activity.received, [1, 1, 0, 0]);
        assert_eq!(activity.connections, [2, 2, 2, 0]);
        assert_eq!(activity.events, [2, 0, 0, 2]);
    }

    proptest! {
        #[test]
        fn nothing_is_lost_and_nothing_comes_out_of_nowhere(
            millis in 0_i64..100_000_000, first in -5_i64..500, length in -5_i64..500, sent in 0_u64..1_000_000_000
        ) {
            let division = Division::of(Timestamp(0), Timestamp(millis));
            let activity = division.activity(&[(first, 7)], &[connections(first, first + length, sent)]);
            prop_assert_eq!(activity.sent.iter().sum::<u64>(), sent);
            prop_assert_eq!(activity.received.iter().sum::<u64>(), 1);
            prop_assert_eq!(activity.events.iter().sum::<u64>(), 7);
            prop_assert!(activity.sent.len() <= 240 && activity.sent.len() == activity.events.len());
        }
    }
}
