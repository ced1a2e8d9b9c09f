//! What is too old to be of use is forgotten.

use std::time::Duration;

use wire::Timestamp;
use wire::audit::Action;
use wire::limits::UNDO_SECONDS;

use crate::audit::{Audit, By, Entry};
use crate::clock::now;
use crate::recording::Recordings;
use crate::sign_in::browsers::{Timeouts, millis};
use crate::site_rules::RulesInForce;
use crate::store::{Store, StoreError};

/// How often.
const EVERY: Duration = Duration::from_secs(600);
/// Failed sign-ins are forgotten after this time.
const FAILURES: Duration = Duration::from_secs(24 * 60 * 60);

/// Letters that were given up are shown for this long.
const FAILED_LETTERS: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// API tokens are still listed for this long after they stopped working.
const EXPIRED_TOKENS: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// Sessions that are deleted at once: others wait for the database meanwhile, and an event names each of them.
const SESSIONS_AT_ONCE: u64 = 100;
const DAY_MILLIS: i64 = 24 * 60 * 60 * 1000;

/// Forgets old sessions, sign-ins, failures, sign-ins that were begun, removed items, letters that were given up, links of letters and enrolment
/// keys, now and every ten minutes. Runs until it is dropped.
pub async fn forget_old(audit: Audit, recordings: Recordings, rules: RulesInForce) {
    loop {
        let sessions = match rules.now().keep_sessions_days {
            Some(days) => {
                let before = now().plus_millis(-DAY_MILLIS * i64::from(days));
                if let Err(error) = recordings.forget_of_sessions_ended_before(before).await {
                    tracing::warn!(error = %error, "old recordings could not be deleted; trying again later");
                }
                forget_sessions(&audit, before).await
            }
            None => Ok(()),
        };
        if let Err(error) = once(audit.store(), rules.timeouts()).await.and(sessions) {
            tracing::warn!(error = %error, "what is old could not be forgotten; trying again later");
        }
        tokio::time::sleep(EVERY).await;
    }
}

/// Deletes sessions that ended before this time, with their connections and events. One whose recordings are
/// still there stays, and so does one under a legal hold. That they were there stays in the audit trail.
async fn forget_sessions(audit: &Audit, before: Timestamp) -> Result<(), StoreError> {
    loop {
        let change = audit.begin().await?;
        let gone = change.delete_sessions_ended_before(before, SESSIONS_AT_ONCE).await?;
        if gone.is_empty() {
            return Ok(());
        }
        let message = "They ended longer ago than sessions are kept.";
        let ids: Vec<String> = gone.iter().map(ToString::to_string).collect();
        let entry = Entry::new(Action::SessionsForgotten).with("session_ids", ids).saying(message);
        change.commit(&By::appliance(), [entry]).await?;
        tracing::info!(sessions = gone.len(), "old sessions were deleted");
    }
}

async fn once(store: &Store, timeouts: Timeouts) -> Result<(), StoreError> {
    let at = now();
    store.delete_expired_browsers(at, at.plus_millis(-millis(timeouts.idle))).await?;
    store.delete_old_sign_in_failures(at.plus_millis(-millis(FAILURES))).await?;
    store.delete_expired_challenges(at).await?;
    // Whoever comes back a little too late is told so.
    store.delete_sign_on_attempts(at.plus_millis(-millis(EVERY))).await?;
    store.forget_failed_letters(at.plus_millis(-millis(FAILED_LETTERS))).await?;
    store.delete_expired_api_tokens(at.plus_millis(-millis(EXPIRED_TOKENS))).await?;
    store.forget_approval_links(at).await?;
    store.forget_removed_items(at.plus_millis(-2 * i64::from(UNDO_SECONDS) * 1000)).await?;
    store.delete_expired_enrolment_keys(at).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agents::enrolment::make_key;
    use crate::random;
    use crate::store::JumpointRecord;
    use wire::JumpointId;

    #[tokio::test]
    async fn keys_that_work_stay() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::fresh(folder.path()).await;
        let jumpoint = JumpointRecord {
            id: JumpointId(random::id()),
            name: "ams-1".into(),
            comments: String::new(),
            enabled: true,
            protocol_tunnel_enabled: true,
            created_at: now(),
            revision: 0,
        };
        store.insert_jumpoint(&jumpoint).await.unwrap();
        for made_at in [now(), now().plus_millis(-2 * 24 * 60 * 60 * 1000)] {
            let key = make_key(jumpoint.id, "https://localhost", None, made_at).unwrap().record;
            store.insert_enrolment_key(&key).await.unwrap();
        }
        once(&store, Timeouts { idle: Duration::from_secs(60), absolute: Duration::from_secs(60) }).await.unwrap();
        let left = store.enrolment_keys().await.unwrap();
        assert_eq!(left.len(), 1);
        assert!(left[0].expires_at > now());
    }
}
