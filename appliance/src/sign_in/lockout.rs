//! When repeated failures lock sign-in, by account and by address. Pure; the store keeps the counts.

use wire::Timestamp;

use crate::store::FailureRecord;

/// How many failures lock, within which time, for how long. Times in milliseconds.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// This many failures in a row …
    pub failures: u32,
    /// … within this time …
    pub within: i64,
    /// … lock for this long.
    pub locked_for: i64,
}

const MINUTE: i64 = 60_000;

/// An account: guessing one password is slow from anywhere.
pub const ACCOUNT: Rule = Rule { failures: 5, within: 15 * MINUTE, locked_for: 15 * MINUTE };
/// An address: trying one password on many accounts is slow, too. Higher, since a whole office may share an address.
pub const ADDRESS: Rule = Rule { failures: 30, within: 15 * MINUTE, locked_for: 15 * MINUTE };

/// Until when sign-in is refused, if it is.
#[must_use]
pub fn locked_until(known: Option<FailureRecord>, now: Timestamp) -> Option<Timestamp> {
    known?.locked_until.filter(|until| *until > now)
}

/// What is known after one more failure.
#[must_use]
pub fn after_failure(known: Option<FailureRecord>, rule: Rule, now: Timestamp) -> FailureRecord {
    let still_counts = known.filter(|it| it.first_at.plus_millis(rule.within) > now && it.locked_until.is_none());
    let (count, first_at) = still_counts.map_or((1, now), |it| (it.count.saturating_add(1), it.first_at));
    let locked_until = (count >= rule.failures).then(|| now.plus_millis(rule.locked_for));
    FailureRecord { count, first_at, locked_until }
}

/// What is known when one of the failures was none; nothing when it was the only one. Those that are left lock if they are enough.
#[must_use]
pub fn taken_back(known: FailureRecord, rule: Rule) -> Option<FailureRecord> {
    let count = known.count.saturating_sub(1);
    let locked_until = known.locked_until.filter(|_| count >= rule.failures);
    (count > 0).then_some(FailureRecord { count, locked_until, ..known })
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(10_000_000);

    #[test]
    fn the_fifth_failure_locks_for_a_quarter_of_an_hour() {
        let mut known = None;
        for _ in 0..4 {
            known = Some(after_failure(known, ACCOUNT, NOW));
            assert_eq!(locked_until(known, NOW), None);
        }
        known = Some(after_failure(known, ACCOUNT, NOW));
        assert_eq!(locked_until(known, NOW), Some(NOW.plus_millis(15 * MINUTE)));
        assert_eq!(locked_until(known, NOW.plus_millis(15 * MINUTE)), None);
        assert_eq!(after_failure(known, ACCOUNT, NOW.plus_millis(15 * MINUTE)).count, 1, "and begins anew");
    }

    #[test]
    fn what_was_no_failure_is_taken_back_and_the_others_stay() {
        let known = |count, locked_until| FailureRecord { count, first_at: NOW, locked_until };
        assert_eq!(taken_back(known(1, None), ACCOUNT), None);
        assert_eq!(taken_back(known(3, None), ACCOUNT), Some(known(2, None)));
        assert_eq!(taken_back(known(5, Some(NOW)), ACCOUNT), Some(known(4, None)));
        assert_eq!(taken_back(known(6, Some(NOW)), ACCOUNT), Some(known(5, Some(NOW))));
    }

    #[test]
    fn old_failures_do_not_count() {
        let old = after_failure(None, ACCOUNT, NOW);
        assert_eq!(after_failure(Some(old), ACCOUNT, NOW.plus_millis(15 * MINUTE)).count, 1);
    }
}
