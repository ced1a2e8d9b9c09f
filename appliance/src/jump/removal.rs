//! Removed items: whether they may be brought back. Who removed them can, for a short while.

use wire::limits::UNDO_SECONDS;
use wire::{Timestamp, UserId};

/// Who removed an item, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Removed {
    /// Who.
    pub by: UserId,
    /// When.
    pub at: Timestamp,
}

impl Removed {
    /// Until when it can be brought back.
    #[must_use]
    pub fn restorable_until(self) -> Timestamp {
        self.at.plus_millis(i64::from(UNDO_SECONDS) * 1000)
    }

    /// Whether this user may bring it back at this moment. A clock that was set back gives no more time.
    #[must_use]
    pub fn may_restore(self, who: UserId, now: Timestamp) -> bool {
        self.by == who && now >= self.at && now <= self.restorable_until()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn who_removed_it_can_bring_it_back_for_a_while() {
        let (ana, tom) = (UserId(Uuid::from_u128(1)), UserId(Uuid::from_u128(2)));
        let removed = Removed { by: ana, at: Timestamp(1_000_000) };
        for (who, after, expected) in
            [(ana, 0, true), (ana, 30_000, true), (ana, 30_001, false), (ana, -1, false), (tom, 0, false)]
        {
            assert_eq!(removed.may_restore(who, Timestamp(1_000_000 + after)), expected, "{who} {after}");
        }
    }
}
