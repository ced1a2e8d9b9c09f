//! Who looked at what lately: one look is one event of the audit trail, however often a page or a player asks for parts of it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use wire::Timestamp;
use wire::audit::Actor;

/// How long somebody may ask for nothing before it is another look.
const LOOK_MILLIS: u64 = 10 * 60 * 1000;

/// The looks of the last minutes. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Looks(Arc<Mutex<HashMap<(Actor, String), Timestamp>>>);

impl Looks {
    /// Whether somebody still looks at this, which goes on then.
    #[must_use]
    pub fn goes_on(&self, who: &Actor, what: &str, now: Timestamp) -> bool {
        let mut looks = self.all();
        looks.retain(|_, seen| now.millis_since(*seen) < LOOK_MILLIS);
        looks.get_mut(&(who.clone(), what.to_owned())).map(|seen| *seen = now).is_some()
    }

    /// Somebody began to look at this, and that stands in the audit trail.
    pub fn began(&self, who: &Actor, what: &str, now: Timestamp) {
        self.all().insert((who.clone(), what.to_owned()), now);
    }

    fn all(&self) -> MutexGuard<'_, HashMap<(Actor, String), Timestamp>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_look_ends_when_nothing_was_asked_for_long() {
        let (looks, what) = (Looks::default(), "a recording");
        let who = Actor { name: "tom".into(), ..Actor::nobody() };
        let their_token = Actor { token: Some("a script".into()), ..who.clone() };
        let after = |minutes: i64| Timestamp(1_000_000 + minutes * 60_000);
        assert!(!looks.goes_on(&who, what, after(0)), "it counts once it is written down");
        assert!(!looks.goes_on(&who, what, after(0)));
        looks.began(&who, what, after(0));
        assert!(
            looks.goes_on(&who, what, after(9)) && looks.goes_on(&who, what, after(18)),
            "each part keeps it going"
        );
        assert!(!looks.goes_on(&their_token, what, after(18)), "somebody else");
        assert!(!looks.goes_on(&who, what, after(28)));
    }
}
