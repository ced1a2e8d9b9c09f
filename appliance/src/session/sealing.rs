//! Sessions that are over get a seal: one hash over all that was written down of them, as an event of the audit trail. From then on
//! nobody changes a session, an event or a connection without being found out.

use std::time::Duration;

use wire::audit::{Action, ObjectKind};
use wire::{SessionId, Timestamp};

use crate::audit::{Audit, By, Entry};
use crate::clock::now;
use crate::random;
use crate::store::{SessionHash, StoreError, ToSeal};

/// How long after its end a session is sealed: everything of it is written by then, whatever the database did meanwhile.
const AFTER_MILLIS: i64 = 5 * 60 * 1000;
/// How often it is looked for such sessions.
const EVERY: Duration = Duration::from_secs(10);
/// Sessions that are looked up at once.
const AT_ONCE: u64 = 100;

/// Seals sessions that are over. Runs until it is dropped.
pub async fn seal_ended(audit: Audit) {
    // Everything that ended before is sealed.
    let mut from = Timestamp(0);
    loop {
        if let Err(error) = once(&audit, &mut from, now().plus_millis(-AFTER_MILLIS)).await {
            tracing::warn!(error = %error, "sessions that are over could not be sealed; trying again");
        }
        tokio::time::sleep(EVERY).await;
    }
}

async fn once(audit: &Audit, from: &mut Timestamp, before: Timestamp) -> Result<(), StoreError> {
    loop {
        let due = audit.store().sessions_to_seal(*from, before, AT_ONCE).await?;
        let are_all = (due.len() as u64) < AT_ONCE;
        for it in due {
            seal(audit, &it).await?;
            *from = it.ended_at;
        }
        if are_all {
            *from = before;
            return Ok(());
        }
    }
}

async fn seal(audit: &Audit, it: &ToSeal) -> Result<(), StoreError> {
    let Some(hash) = audit.store().session_hash(it.id).await? else { return Ok(()) };
    let entry = entry(it.id, &it.item_name, &hash);
    let change = audit.begin().await?;
    change.insert_session_seal(it.id, now()).await?;
    change.commit(&By::appliance(), [entry]).await
}

fn entry(id: SessionId, item_name: &str, hash: &SessionHash) -> Entry {
    Entry::of(Action::SessionSealed, ObjectKind::Session, id.0, item_name)
        .with("sha256", random::hex(&hash.sha256))
        .with("events", hash.events)
        .with("connections", hash.connections)
}
