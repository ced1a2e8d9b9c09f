//! What an appliance that stopped or died left open goes on, or ends.

use wire::api::{LinkSide, Reconnecting, SessionEnd, SessionState};

use super::audited::ended;
use super::lifecycle::end_message;
use super::live::LiveSession;
use super::registry::{Sessions, event};
use super::tunnelling::Begin;
use crate::audit::By;
use crate::clock::now;
use crate::jump::policy::Standing;
use crate::relay::connections::ENDED_REMEMBERED;
use crate::store::{SessionRecord, StoreError, Whose};

/// How much older than its last moment a session's record may be.
const SEEN_EVERY_MILLIS: i64 = 35_000;

impl Sessions {
    /// Takes up what an appliance that stopped or died left open, and ends what cannot go on. To be called once, before
    /// anything begins.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn restore(&self) -> Result<(), StoreError> {
        self.store.close_connections_of_ended_sessions(now()).await?;
        let mut left = Vec::new();
        loop {
            let before = left.last().map(|it: &SessionRecord| it.id);
            let more = self.store.sessions(&Whose::Everybody, None, Some(true), before, 100).await?;
            if more.is_empty() {
                break;
            }
            left.extend(more);
        }
        // Those who joined a session go on with it alone.
        left.sort_by_key(|it| it.joined.is_some());
        for record in left {
            if self.can_go_on(&record).await? {
                self.take_up(record).await?;
            } else {
                self.end_left_over(record).await?;
            }
        }
        Ok(())
    }

    async fn can_go_on(&self, record: &SessionRecord) -> Result<bool, StoreError> {
        let grace = self.grace_of(record);
        let grace_millis = i64::try_from(grace.as_millis()).unwrap_or(i64::MAX);
        let is_in_time =
            record.seen_at.is_some_and(|at| now() < at.plus_millis(grace_millis.saturating_add(SEEN_EVERY_MILLIS)));
        let is_linked = record.state == SessionState::Tunnelling && record.resume_hash.is_some();
        let is_alone = record.joined.as_ref().is_some_and(|it| self.get(it.session_id).is_none());
        if grace.is_zero() || !is_in_time || !is_linked || is_alone {
            return Ok(false);
        }
        Ok(matches!(self.standing(record).await?.standing, Standing::GoesOn(_)))
    }

    async fn take_up(&self, record: SessionRecord) -> Result<(), StoreError> {
        let connections = self.store.connections_so_far(record.id, ENDED_REMEMBERED).await?;
        let millis = i64::try_from(self.grace_of(&record).as_millis()).unwrap_or(i64::MAX);
        let standing = self.standing(&record).await?;
        let live = LiveSession::restored(record, connections, now());
        let reconnecting = Reconnecting { until: now().plus_millis(millis), waits_for: LinkSide::Helper };
        live.set_reconnecting(Some(reconnecting));
        self.enter(&live);
        self.note(&live, "appliance_started", "The appliance started again; both links are waited for.", None).await;
        self.apply(&live, standing, None);
        self.run(live, Begin::Restored);
        Ok(())
    }

    async fn end_left_over(&self, mut record: SessionRecord) -> Result<(), StoreError> {
        let message = end_message(SessionEnd::ApplianceStopped, "", &record.jumpoint_name);
        let at = record.seen_at.unwrap_or_else(now);
        record.state = SessionState::Ended;
        record.end = Some(SessionEnd::ApplianceStopped);
        record.end_message = Some(message.clone());
        record.ended_at = Some(at);
        self.store.close_connections_of(record.id, at).await?;
        let change = self.audit.begin().await?;
        change.update_session(&record).await?;
        change.insert_session_event(&event(record.id, "ended", &message, None)).await?;
        change.commit(&By::appliance(), [ended(&record)]).await?;
        self.letters.tell(&record.told_of_end, &record).await;
        Ok(())
    }
}
