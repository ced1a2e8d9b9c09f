//! The sessions that run on this agent.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio_util::sync::CancellationToken;
use wire::SessionId;

/// Which sessions run, and how to end them.
#[derive(Clone, Default)]
pub struct Sessions {
    running: Arc<Mutex<HashMap<SessionId, Running>>>,
}

struct Running {
    cancel: CancellationToken,
    /// Tells a session from an earlier one under the same id.
    number: u64,
}

/// A session's entry; it leaves the register when this is dropped.
pub struct Entered {
    sessions: Sessions,
    session_id: SessionId,
    number: u64,
}

impl Sessions {
    /// Enters a session. One that runs under the same id is ended: the appliance would not ask anew for a link that stands.
    #[must_use]
    pub fn enter(&self, session_id: SessionId, cancel: CancellationToken) -> Entered {
        let mut running = self.lock();
        let number = running.values().map(|it| it.number).max().unwrap_or(0) + 1;
        if let Some(earlier) = running.insert(session_id, Running { cancel, number }) {
            earlier.cancel.cancel();
        }
        Entered { sessions: self.clone(), session_id, number }
    }

    /// Ends a session, if it runs.
    pub fn end(&self, session_id: SessionId) {
        if let Some(it) = self.lock().get(&session_id) {
            it.cancel.cancel();
        }
    }

    /// How many run.
    #[must_use]
    pub fn count(&self) -> usize {
        self.lock().len()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<SessionId, Running>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        if let Entry::Occupied(it) = self.sessions.lock().entry(self.session_id)
            && it.get().number == self.number
        {
            it.remove();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_session_anew_ends_the_earlier_and_outlives_its_leaving() {
        let sessions = Sessions::default();
        let id = SessionId(uuid::Uuid::from_u128(1));
        let (first, second) = (CancellationToken::new(), CancellationToken::new());
        let earlier = sessions.enter(id, first.clone());
        let later = sessions.enter(id, second.clone());
        assert!(first.is_cancelled());
        drop(earlier);
        assert_eq!(sessions.count(), 1);
        sessions.end(id);
        assert!(second.is_cancelled());
        drop(later);
        assert_eq!(sessions.count(), 0);
        sessions.end(id);
    }
}
