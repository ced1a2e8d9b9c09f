//! Several people in one session. Whoever joins has a session of their own below the one that they joined: its links, tickets,
//! connections, grace and permission are theirs alone, it opens the same tunnels, and it ends with the other.

use std::sync::Arc;

use wire::api::{ConsoleEvent, Participant, Role, Session, SessionEnd, SessionState};
use wire::{JumpItemId, SessionId, UserId};

use super::live::{Ending, LiveSession};
use super::registry::Sessions;
use crate::events::Audience;
use crate::store::{SessionRecord, StoreError, UserRecord};

impl Sessions {
    /// The session that a Jump on this item leads into: the first of those that run.
    #[must_use]
    pub fn to_join(&self, item: JumpItemId) -> Option<Arc<LiveSession>> {
        let of_item = |live: &Arc<LiveSession>| live.joined.is_none() && live.ending().is_none() && live.is_of(item);
        self.all().into_iter().filter(of_item).min_by_key(|live| live.id)
    }

    /// This user's own place in a session, once they are in it.
    #[must_use]
    pub fn place_in(&self, session: &Arc<LiveSession>, user: UserId) -> Option<Arc<LiveSession>> {
        self.all_in(session).into_iter().find(|it| it.ending().is_none() && it.user == user)
    }

    /// Everybody's session in the one that this belongs to, the owner's first. It is among them itself, also when it is over.
    fn all_in(&self, live: &Arc<LiveSession>) -> Vec<Arc<LiveSession>> {
        let owner = live.joined.unwrap_or(live.id);
        let mut all = self.all();
        all.retain(|it| it.id != live.id && (it.id == owner || it.joined == Some(owner)));
        all.push(live.clone());
        all.sort_by_key(|it| (it.joined.is_some(), it.id));
        all
    }

    /// Whether somebody joined this session.
    pub(super) fn is_shared(&self, id: SessionId) -> bool {
        self.all().iter().any(|it| it.joined == Some(id))
    }

    /// A session as consoles see it.
    #[must_use]
    pub fn view(&self, live: &Arc<LiveSession>) -> Session {
        let mut session = live.view();
        if session.state == SessionState::Ended {
            return session;
        }
        let all: Vec<_> = self.all_in(live).into_iter().filter(|it| it.ending().is_none()).collect();
        if all.len() > 1 {
            session.participants = all.iter().map(|it| participant(it.snapshot())).collect();
        }
        // It ends with the session that it joined.
        if let Some(owner) = all.iter().find(|it| Some(it.id) == live.joined).map(|it| it.view())
            && let Some(at) = owner.ends_at
            && session.ends_at.is_none_or(|own| at < own)
        {
            (session.ends_at, session.ends_because) = (Some(at), owner.ends_because);
        }
        session
    }

    /// Everybody who was in a session that is over, the owner first; nobody when only one was.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn were_in(&self, session: &Session) -> Result<Vec<Participant>, StoreError> {
        let owner = session.joined.as_ref().map_or(session.id, |it| it.session_id);
        let joined = self.store.sessions_that_joined(owner).await?;
        if joined.is_empty() {
            return Ok(Vec::new());
        }
        let owner = self.store.session(owner).await?;
        Ok(owner.into_iter().chain(joined).map(participant).collect())
    }

    /// Tells consoles how a session stands, and those of everybody else in it, who see that too.
    pub fn announce(&self, live: &Arc<LiveSession>) {
        for it in self.all_in(live) {
            let session = self.view(&it);
            let audience = Audience::UserAndAdministrators(session.user_id);
            self.events.announce(audience, ConsoleEvent::SessionChanged { session: Box::new(session) });
        }
    }

    /// Somebody looks at the session of another, which its user sees. Once for each of them.
    pub async fn note_watcher(&self, live: &Arc<LiveSession>, who: &UserRecord) {
        if live.is_new_watcher(who.id) {
            let name = &who.display_name;
            let what = match who.role {
                Role::Administrator => "administrator",
                Role::Auditor => "auditor",
                Role::Technician => "reviewer",
            };
            self.note(live, "watched", &format!("The {what} {name} watches the session."), Some(name)).await;
        }
    }

    /// Tells the owner that somebody is in. Whoever came too late goes with the session.
    pub(super) async fn enter_shared(&self, live: &Arc<LiveSession>) {
        let Some(owner) = live.joined else { return };
        match self.get(owner).map(|owner| (owner.ending(), owner)) {
            Some((None, owner)) => {
                let name = live.snapshot().user_name;
                self.note(&owner, "joined", &format!("{name} joined the session."), Some(&name)).await;
            }
            Some((Some(ending), owner)) => self.end_with(live, &owner.snapshot(), &ending),
            None => {
                let message = "The session that it joined was over already. Press Jump again.".to_owned();
                self.end_saying(live, SessionEnd::JoinedSessionOver, None, message);
            }
        }
    }

    /// Tells the owner that somebody is out, and why.
    pub(super) async fn leave_shared(&self, live: &Arc<LiveSession>) {
        let Some(owner) = live.joined.and_then(|id| self.get(id)).filter(|it| it.ending().is_none()) else { return };
        let SessionRecord { user_name, end, end_message, .. } = live.snapshot();
        let message = match (end, end_message) {
            (Some(SessionEnd::ByUser), _) | (_, None) => format!("{user_name} left the session."),
            (_, Some(why)) => format!("{user_name} is out of the session. {why}"),
        };
        self.note(&owner, "left", &message, Some(&user_name)).await;
    }

    /// Ends the sessions of everybody who joined one that ends.
    pub(super) fn end_those_who_joined(&self, owner: &LiveSession) {
        let Some(ending) = owner.ending() else { return };
        let record = owner.snapshot();
        for live in self.all().into_iter().filter(|it| it.joined == Some(owner.id)) {
            self.end_with(&live, &record, &ending);
        }
    }

    fn end_with(&self, live: &Arc<LiveSession>, owner: &SessionRecord, ending: &Ending) {
        let message = format!("The session of {}, which this one joined, is over. {}", owner.user_name, ending.message);
        self.end_saying(live, SessionEnd::JoinedSessionOver, ending.by.as_deref(), message);
    }
}

fn participant(record: SessionRecord) -> Participant {
    Participant {
        session_id: record.id,
        user_id: record.user_id,
        user_name: record.user_name,
        state: record.state,
        since: record.created_at,
        until: record.ended_at,
    }
}
