//! Letters that policies send when sessions begin and end.

use std::sync::Arc;

use wire::api::{LetterKind, SessionState};

use crate::clock::utc;
use crate::mail::Mailer;
use crate::store::SessionRecord;

/// Posts letters about sessions.
#[derive(Clone, Debug)]
pub struct SessionLetters {
    mailer: Mailer,
    public_url: Arc<str>,
}

impl SessionLetters {
    /// By this mailer, with links to the console there.
    #[must_use]
    pub fn new(mailer: Mailer, public_url: Arc<str>) -> Self {
        Self { mailer, public_url }
    }

    /// Tells these addresses that a session began, or that it ended. A letter that is not taken stops no session: the log says so.
    pub(super) async fn tell(&self, addresses: &[String], record: &SessionRecord) {
        let is_over = record.state == SessionState::Ended;
        let kind = if is_over { LetterKind::SessionEnded } else { LetterKind::SessionStarted };
        let value = |word: &str| value(record, &self.public_url, word);
        for to in addresses {
            if let Err(error) = self.mailer.post_kind(kind, to, value).await {
                tracing::error!(session.id = %record.id, error = %error, "a letter about a session was not taken");
            }
        }
    }
}

/// What stands for a word in braces.
fn value(record: &SessionRecord, public_url: &str, word: &str) -> String {
    let is_over = record.state == SessionState::Ended;
    match word {
        "user" => record.user_name.clone(),
        "deed" => match (is_over, record.joined.is_some()) {
            (false, false) => "started",
            (true, false) => "ended",
            (false, true) => "joined",
            (true, true) => "left",
        }
        .to_owned(),
        "item" => record.item_name.clone(),
        "host" => record.hostname.clone(),
        "jumpoint" => record.jumpoint_name.clone(),
        "address" => record.user_address.clone(),
        "started" => utc(record.created_at),
        "ticket" => record.ticket.clone().unwrap_or_default(),
        "owner" => record.joined.as_ref().map(|it| it.owner_name.clone()).unwrap_or_default(),
        "ended" => record.ended_at.map(utc).unwrap_or_default(),
        "why" => record.end_message.clone().unwrap_or_default(),
        "sent" => record.bytes_sent.to_string(),
        "received" => record.bytes_received.to_string(),
        "link" => format!("{public_url}/sessions/{}", record.id),
        _ => String::new(),
    }
}
