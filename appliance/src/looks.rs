//! Who looked at what lately: one look is one event of the audit trail, however often a page or a player asks for parts of it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use uuid::Uuid;
use wire::{Timestamp, UserId};

/// How long somebody may ask for nothing before it is another look.
const LOOK_MILLIS: u64 = 10 * 60 * 1000;

/// The looks of the last minutes. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Looks(Arc<Mutex<HashMap<(UserId, Uuid), Timestamp>>>);

impl Looks {
    /// Whether somebody has not looked at this for a while; from now on they have.
    #[must_use]
    pub fn is_new(&self, user: UserId, what: Uuid, now: Timestamp) -> bool {
        let mut looks = self.all();
        looks.retain(|_, seen| now.millis_since(*seen) < LOOK_MILLIS);
        looks.insert((user, what), now).is_none()
    }

    /// Somebody wanted to look at this and did not come to it.
    pub fn forget(&self, user: UserId, what: Uuid) {
        self.all().remove(&(user, what));
    }

    fn all(&self) -> MutexGuard<'_, HashMap<(UserId, Uuid), Timestamp>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_look_ends_when_nothing_was_asked_for_long() {
        let (looks, who, what) = (Looks::default(), UserId(Uuid::nil()), Uuid::from_u128(1));
        let after = |minutes: i64| Timestamp(1_000_000 + minutes * 60_000);
        assert!(looks.is_new(who, what, after(0)));
        assert!(!looks.is_new(who, what, after(9)) && !looks.is_new(who, what, after(18)), "each part keeps it going");
        assert!(looks.is_new(UserId(what), what, after(18)), "somebody else");
        assert!(looks.is_new(who, what, after(28)));
        looks.forget(who, what);
        assert!(looks.is_new(who, what, after(28)));
    }
}
