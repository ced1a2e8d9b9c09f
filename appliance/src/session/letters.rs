//! Letters that policies send when sessions begin and end.

use std::sync::Arc;

use wire::api::SessionState;

use crate::mail::{Letter, Mailer};
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
        for to in addresses {
            if let Err(error) = self.mailer.post(about(record, &self.public_url, to)).await {
                tracing::error!(session.id = %record.id, error = %error, "a letter about a session was not taken");
            }
        }
    }
}

fn about(record: &SessionRecord, public_url: &str, to: &str) -> Letter {
    let is_over = record.state == SessionState::Ended;
    let deed = if is_over { "ended" } else { "started" };
    let SessionRecord { user_name, item_name, hostname, jumpoint_name, user_address, .. } = record;
    let mut lines = vec![
        format!("Item: {item_name} ({hostname} via {jumpoint_name})"),
        format!("User: {user_name}, from {user_address}"),
        format!("Started: {}", utc(record.created_at)),
    ];
    if let Some(ticket) = &record.ticket {
        lines.push(format!("Ticket: {ticket}"));
    }
    if let (true, Some(at)) = (is_over, record.ended_at) {
        lines.push(format!("Ended: {}", utc(at)));
        lines.extend(record.end_message.as_ref().map(|why| format!("Why: {why}")));
        lines.push(format!("Bytes to the target: {}, from it: {}", record.bytes_sent, record.bytes_received));
    }
    lines.push(String::new());
    lines.push(format!("{public_url}/sessions/{}", record.id));
    Letter {
        to: to.to_owned(),
        subject: format!("Sallyport: {user_name} {deed} a session on {item_name}").replace(char::is_control, " "),
        text: lines.join("\n"),
    }
}

fn utc(at: wire::Timestamp) -> String {
    jiff::Timestamp::from_millisecond(at.0)
        .map_or_else(|_| String::new(), |it| it.strftime("%Y-%m-%d %H:%M:%S UTC").to_string())
}
