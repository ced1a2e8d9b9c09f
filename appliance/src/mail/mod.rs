//! Outgoing mail. Whoever has something to tell posts a letter: it is written into the database, so that it survives a restart,
//! and one task hands it over to the mail server, as soon as that takes it.
//!
//! | file | holds |
//! |---|---|
//! | `settings` | the mail server, as an administrator set it |
//! | `templates` | how letters are written |
//! | `letter` | a letter as it goes over the wire |
//! | `connection` | a secured connection to the mail server |
//! | `delivery` | the task that hands letters over |
//! | `error` | why a letter did not go |

mod connection;
mod delivery;
mod error;
mod letter;
mod settings;
mod templates;

use std::sync::{Arc, Mutex, PoisonError};

use lettre::transport::smtp::extension::ClientId;
use tokio::sync::Notify;
use wire::api::{FailedLetter, Outbox};
use wire::limits::{MAIL_SUBJECT_CHARS, MAIL_TEXT_CHARS};

use crate::clock::now;
use crate::random;
use crate::sealing::Sealing;
use crate::store::{LetterRecord, MOST_WAITING, Store, StoreError};

pub(crate) use error::sentence;
pub use error::{MailError, Stage};
pub use settings::ChangeRefused;

/// Something to tell somebody by mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    /// To whom: one address.
    pub to: String,
    /// What it is about, in one line.
    pub subject: String,
    /// Plain text.
    pub text: String,
}

/// Takes letters. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Mailer {
    store: Store,
    sealing: Sealing,
    /// How the appliance introduces itself.
    hello: Arc<ClientId>,
    /// A letter was posted.
    posted: Arc<Notify>,
    /// The mail server is another one.
    changed: Arc<Notify>,
    /// Why nothing goes at present.
    obstacle: Arc<Mutex<Option<String>>>,
}

/// Letters that were given up are shown, that many.
const FAILURES_SHOWN: u64 = 20;

impl Mailer {
    /// Over this database. `host` is the name by which the appliance is known, with which it introduces itself.
    #[must_use]
    pub fn new(store: Store, sealing: Sealing, host: &str) -> Self {
        let host = host.trim_matches(['[', ']']);
        let hello = match host.parse() {
            Ok(std::net::IpAddr::V4(address)) => ClientId::Ipv4(address),
            Ok(std::net::IpAddr::V6(address)) => ClientId::Ipv6(address),
            Err(_) => ClientId::Domain(host.to_owned()),
        };
        Self {
            store,
            sealing,
            hello: Arc::new(hello),
            posted: Arc::default(),
            changed: Arc::default(),
            obstacle: Arc::default(),
        }
    }

    /// Whether there is a mail server. Without one, letters wait and are given up.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn is_configured(&self) -> Result<bool, StoreError> {
        Ok(!self.record().await?.settings.host.is_empty())
    }

    /// Takes a letter. Once this returns, the letter is handed over to the mail server or shown to administrators as given up,
    /// whatever happens to the appliance in between; in rare cases it is handed over twice, with the same `Message-ID`.
    ///
    /// # Errors
    /// [`StoreError::OutboxFull`] when too many wait already; otherwise when the database fails.
    pub async fn post(&self, letter: Letter) -> Result<(), StoreError> {
        let at = now();
        let record = LetterRecord {
            id: random::id(),
            to: letter.to,
            subject: letter.subject.chars().take(MAIL_SUBJECT_CHARS).collect(),
            text: letter.text.chars().take(MAIL_TEXT_CHARS).collect(),
            posted_at: at,
            attempts: 0,
            next_attempt_at: at,
            failed_at: None,
            reason: None,
        };
        self.store.insert_letter(record, MOST_WAITING).await?;
        self.posted.notify_one();
        Ok(())
    }

    /// What waits, and what was given up.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn outbox(&self) -> Result<Outbox, StoreError> {
        let (waiting, waiting_since) = self.store.waiting_letters().await?;
        let failures = self.store.failed_letters(FAILURES_SHOWN).await?.into_iter().map(|it| FailedLetter {
            to: it.to,
            subject: it.subject,
            posted_at: it.posted_at,
            failed_at: it.failed_at.unwrap_or_default(),
            reason: sentence(&it.reason.unwrap_or_default()),
        });
        let obstacle = self.obstacle.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let obstacle = obstacle.filter(|_| waiting > 0).map(|it| sentence(&it));
        Ok(Outbox { waiting, waiting_since, obstacle, failures: failures.collect() })
    }

    fn set_obstacle(&self, obstacle: Option<String>) {
        *self.obstacle.lock().unwrap_or_else(PoisonError::into_inner) = obstacle;
    }
}
