//! Audit events are handed on to others: a syslog server over TLS, an HTTPS address. Each event at least once, in the order of the trail.
//!
//! The trail itself is the queue: it is durable, and nothing of it ever goes. For each destination the database keeps the last event
//! that is known to have arrived, and everything behind it is handed on, after a failure of either side as well.
//!
//! | file | holds |
//! |---|---|
//! | `settings` | where they are handed on to, as an administrator set it |
//! | `syslog_message` | an event as a syslog message; pure |
//! | `syslog` | a connection to a syslog server, and when what was sent counts as arrived |
//! | `webhook` | events posted and signed |
//! | `delivery` | the task of each destination |

mod delivery;
mod settings;
mod syslog;
mod syslog_message;
mod webhook;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Notify;
use wire::Timestamp;
use wire::api::{Destination, ForwardingStatus};

use crate::audit::Audit;
use crate::clock::now;
use crate::mail::sentence;
use crate::outgoing::OutgoingError;
use crate::sealing::{Sealing, SealingError};
use crate::store::StoreError;

/// Hands events on. Cheap to clone.
#[derive(Clone)]
pub struct Forwarding(Arc<Inner>);

struct Inner {
    audit: Audit,
    sealing: Sealing,
    /// How everybody reaches the appliance: says whose events they are.
    appliance: Arc<str>,
    /// The same as a host name.
    host: String,
    changed: HashMap<Destination, Notify>,
    /// Why nothing is handed on now, by destination.
    obstacles: Mutex<HashMap<Destination, (Timestamp, String)>>,
}

/// Why events cannot be handed on now. Each says it about "it".
#[derive(Debug, thiserror::Error)]
pub enum ForwardingError {
    /// Nobody said where to.
    #[error("it is not set up")]
    NotConfigured,
    /// No connection to a syslog server, or one that broke.
    #[error("{0}")]
    Connection(String),
    /// The server's certificate is not believed.
    #[error("its certificate is refused: {0}")]
    Certificate(String),
    /// No answer to a post.
    #[error(transparent)]
    NotPosted(#[from] OutgoingError),
    /// An answer that is no yes.
    #[error("it answers {status} instead of 2xx")]
    Refused {
        /// The status.
        status: u16,
    },
    /// The kept secret is of no use.
    #[error("the kept secret cannot be read: {0}")]
    Sealed(#[from] SealingError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl ForwardingError {
    /// What to do about it.
    #[must_use]
    pub fn next_step(&self) -> &'static str {
        match self {
            Self::NotConfigured => "Enter where to, and save it first.",
            Self::Connection(_) | Self::NotPosted(_) => "See whether it runs, and whether the appliance reaches it.",
            Self::Certificate(_) => "Enter the authority of its certificate, or give it one that is believed.",
            Self::Refused { .. } => "Its own log says why.",
            Self::Sealed(_) => "Enter the secret again.",
            Self::Store(_) => "Look at the appliance's log.",
        }
    }
}

impl Forwarding {
    /// Over this trail.
    #[must_use]
    pub fn new(audit: Audit, sealing: Sealing, appliance: Arc<str>, host: String) -> Self {
        let changed = Destination::ALL.iter().map(|it| (*it, Notify::new())).collect();
        Self(Arc::new(Inner { audit, sealing, appliance, host, changed, obstacles: Mutex::default() }))
    }

    /// How far events were handed on.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn statuses(&self) -> Result<Vec<ForwardingStatus>, StoreError> {
        let end = *self.0.audit.appended().borrow();
        let mut statuses = Vec::new();
        for &destination in Destination::ALL {
            let cursor = self.0.audit.store().forwarding_cursor(destination).await?;
            let obstacle = self.obstacles().get(&destination).cloned().filter(|_| cursor.is_some());
            let last = cursor.unwrap_or(0);
            statuses.push(ForwardingStatus {
                destination,
                is_on: cursor.is_some(),
                last,
                waiting: if cursor.is_some() { end.saturating_sub(last) } else { 0 },
                since: obstacle.as_ref().map(|it| it.0),
                obstacle: obstacle.map(|it| it.1),
            });
        }
        Ok(statuses)
    }

    /// A destination is another one by now: for after it was set.
    pub fn look_again(&self, to: Destination) {
        self.obstacles().remove(&to);
        if let Some(changed) = self.0.changed.get(&to) {
            changed.notify_one();
        }
    }

    /// Notes why nothing is handed on, or that something is.
    fn note(&self, to: Destination, error: Option<&ForwardingError>) {
        let mut obstacles = self.obstacles();
        match error {
            None | Some(ForwardingError::NotConfigured) => {
                if obstacles.remove(&to).is_some() && error.is_none() {
                    tracing::info!(destination = to.name(), "audit events are handed on again");
                }
            }
            Some(error) => {
                let why = sentence(&error.to_string());
                if obstacles.get(&to).is_none_or(|it| it.1 != why) {
                    tracing::warn!(destination = to.name(), why, "audit events cannot be handed on; they wait");
                }
                let since = obstacles.get(&to).map_or_else(now, |it| it.0);
                obstacles.insert(to, (since, why));
            }
        }
    }

    fn obstacles(&self) -> std::sync::MutexGuard<'_, HashMap<Destination, (Timestamp, String)>> {
        self.0.obstacles.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
