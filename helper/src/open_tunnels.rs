//! What is open in this helper, for which session and which page's origin. No sockets here: they belong to the sessions.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use wire::SessionId;
use wire::helper_messages::{HelperError, LocalSession, LocalTunnel};

/// Sessions a helper serves at most.
pub(crate) const MOST_SESSIONS: usize = 64;

/// The register of sessions. Origins are kept apart: one never sees or touches what belongs to another.
#[derive(Debug, Default)]
pub(crate) struct OpenTunnels {
    sessions: BTreeMap<SessionId, Open>,
}

#[derive(Debug)]
struct Open {
    origin: String,
    tunnels: Vec<LocalTunnel>,
}

impl OpenTunnels {
    /// Enters a session without tunnels yet.
    ///
    /// # Errors
    /// When there are too many, or another origin has a session under this id.
    pub(crate) fn enter(&mut self, origin: &str, session_id: SessionId) -> Result<(), HelperError> {
        match self.sessions.get(&session_id) {
            Some(open) if open.origin == origin => return Ok(()),
            Some(_) => return Err(HelperError::NoSuchSession),
            None if self.sessions.len() >= MOST_SESSIONS => {
                return Err(HelperError::TooManySessions { most: u32::try_from(MOST_SESSIONS).unwrap_or(u32::MAX) });
            }
            None => {}
        }
        self.sessions.insert(session_id, Open { origin: origin.into(), tunnels: Vec::new() });
        Ok(())
    }

    /// The session's tunnels are these now.
    pub(crate) fn update(&mut self, session_id: SessionId, tunnels: Vec<LocalTunnel>) {
        if let Some(open) = self.sessions.get_mut(&session_id) {
            open.tunnels = tunnels;
        }
    }

    /// The session is over.
    pub(crate) fn leave(&mut self, session_id: SessionId) {
        self.sessions.remove(&session_id);
    }

    /// Whether this origin has this session.
    pub(crate) fn has(&self, origin: &str, session_id: SessionId) -> bool {
        self.sessions.get(&session_id).is_some_and(|open| open.origin == origin)
    }

    /// The session as it is now.
    pub(crate) fn session(&self, session_id: SessionId) -> LocalSession {
        let tunnels = self.sessions.get(&session_id).map(|open| open.tunnels.clone()).unwrap_or_default();
        LocalSession { session_id, tunnels }
    }

    /// Everything of one origin.
    pub(crate) fn of_origin(&self, origin: &str) -> Vec<LocalSession> {
        let of_origin = self.sessions.iter().filter(|(_, open)| open.origin == origin);
        of_origin.map(|(id, open)| LocalSession { session_id: *id, tunnels: open.tunnels.clone() }).collect()
    }

    /// Which other session listens on an address and port.
    pub(crate) fn holder_of(&self, address: Ipv4Addr, port: u16, except: SessionId) -> Option<SessionId> {
        let others = self.sessions.iter().filter(|(id, _)| **id != except);
        others
            .filter(|(_, open)| {
                let mut listening = open.tunnels.iter().filter_map(|tunnel| tunnel.listening.as_ref());
                listening.any(|it| (it.address, it.port) == (address, port))
            })
            .map(|(id, _)| *id)
            .next()
    }

    /// How many sessions there are, over all origins.
    pub(crate) fn count(&self) -> u32 {
        u32::try_from(self.sessions.len()).unwrap_or(u32::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wire::api::Listening;

    const GATE: &str = "https://gate.example";
    const OTHER: &str = "https://other.example";

    fn id(number: u128) -> SessionId {
        SessionId(uuid::Uuid::from_u128(number))
    }

    fn listening(port: u16) -> Vec<LocalTunnel> {
        let listening = Some(Listening { address: Ipv4Addr::LOCALHOST, port, note: None });
        vec![LocalTunnel { index: 0, listening, problem: None }]
    }

    #[test]
    fn origins_are_kept_apart() {
        let mut it = OpenTunnels::default();
        it.enter(GATE, id(1)).unwrap();
        it.enter(OTHER, id(2)).unwrap();
        assert_eq!(it.of_origin(GATE).len(), 1);
        assert_eq!(it.of_origin(GATE)[0].session_id, id(1));
        assert!(it.has(GATE, id(1)));
        assert!(!it.has(OTHER, id(1)));
        assert_eq!(it.enter(OTHER, id(1)), Err(HelperError::NoSuchSession));
        assert_eq!(it.count(), 2);
    }

    #[test]
    fn a_port_has_one_holder_until_its_session_leaves() {
        let mut it = OpenTunnels::default();
        it.enter(GATE, id(1)).unwrap();
        it.enter(GATE, id(2)).unwrap();
        it.update(id(1), listening(5432));
        assert_eq!(it.holder_of(Ipv4Addr::LOCALHOST, 5432, id(2)), Some(id(1)));
        assert_eq!(it.holder_of(Ipv4Addr::LOCALHOST, 5432, id(1)), None);
        assert_eq!(it.holder_of(Ipv4Addr::new(127, 0, 0, 2), 5432, id(2)), None);
        it.leave(id(1));
        assert_eq!(it.holder_of(Ipv4Addr::LOCALHOST, 5432, id(2)), None);
    }

    #[test]
    fn entering_twice_is_once_and_too_many_are_refused() {
        let mut it = OpenTunnels::default();
        for number in 0..MOST_SESSIONS as u128 {
            it.enter(GATE, id(number)).unwrap();
        }
        it.enter(GATE, id(0)).unwrap();
        assert_eq!(it.enter(GATE, id(1_000)), Err(HelperError::TooManySessions { most: 64 }));
        assert_eq!(it.count(), 64);
    }

    #[test]
    fn what_is_not_there_changes_nothing() {
        let mut it = OpenTunnels::default();
        it.update(id(1), listening(1));
        it.leave(id(1));
        assert_eq!(it.count(), 0);
        assert!(it.session(id(1)).tunnels.is_empty());
    }
}
