//! What consoles are told: one bounded channel, and for every event who may hear it.

use std::sync::Arc;

use tokio::sync::broadcast;
use wire::api::ConsoleEvent;
use wire::{BrowserId, UserId};

use crate::counted::{Counted, Taken};

/// Who may hear an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audience {
    /// Everybody who is signed in.
    Everyone,
    /// Administrators.
    Administrators,
    /// This user, and administrators.
    UserAndAdministrators(UserId),
    /// One browser of this user, or all of them; their event sockets close after it.
    LastWord(UserId, Option<BrowserId>),
}

/// An event on its way.
#[derive(Clone, Debug)]
pub struct Announcement {
    /// Who may hear it.
    pub audience: Audience,
    /// What happened.
    pub event: Arc<ConsoleEvent>,
}

/// Where events are announced and heard.
#[derive(Clone, Debug)]
pub struct EventBus {
    sender: broadcast::Sender<Announcement>,
    seats: Counted<UserId>,
}

/// Events a slow console may lag behind before it has to load everything again.
const BACKLOG: usize = 1024;
/// Event sockets of one user.
const SEATS: usize = 20;

impl Default for EventBus {
    fn default() -> Self {
        Self { sender: broadcast::Sender::new(BACKLOG), seats: Counted::new(SEATS) }
    }
}

impl EventBus {
    /// Tells whoever listens and may hear it.
    pub fn announce(&self, audience: Audience, event: ConsoleEvent) {
        // Nobody listening is no failure.
        let _ = self.sender.send(Announcement { audience, event: Arc::new(event) });
    }

    /// A seat for one console of this user, to be held while it listens; none when they have as many as they may.
    #[must_use]
    pub fn seat(&self, user: UserId) -> Option<Taken<UserId>> {
        self.seats.take(user)
    }

    /// Listens from now on.
    #[must_use]
    pub fn listen(&self) -> broadcast::Receiver<Announcement> {
        self.sender.subscribe()
    }
}
