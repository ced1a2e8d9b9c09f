//! What is looked at while the appliance runs: whether somebody else writes to the trail. Its end is compared at every change; here it is
//! looked at whether what lies before that is still what was signed.

use std::time::Duration;

use wire::audit::Action;

use super::{Audit, By, Entry, TURN_WITHIN, check};
use crate::store::StoreError;

/// How often the newest events are looked at.
const EVERY: Duration = Duration::from_secs(30);
/// Every so many looks it is the whole trail: every six hours.
const WHOLE_EVERY: u32 = 720;

impl Audit {
    /// Looks at the trail again and again. Runs until it is dropped.
    pub async fn keep_looking(self) {
        for look in 1_u32.. {
            tokio::time::sleep(EVERY).await;
            if let Err(error) = self.look_again(look % WHOLE_EVERY == 0).await {
                tracing::warn!(error = %error, "the audit trail could not be looked at; trying again later");
            }
        }
    }

    /// Looks at the newest events, or at all of them.
    ///
    /// # Errors
    /// When the database cannot be read. What is wrong with the trail is no error: it is in the trail, and in [`Audit::findings`].
    pub async fn look_again(&self, whole: bool) -> Result<(), StoreError> {
        let mut wrong = self.beyond_the_end().await?;
        if wrong.is_none() {
            let kept = self.lock_kept().clone();
            wrong = check::again(&self.store, self.key(), kept.newest.as_ref()).await?;
            if wrong.is_none() && whole {
                let found = check::whole(&self.store, self.key(), Some(&kept), |_| {}).await?;
                wrong = found.map(|what| (what, None));
            }
        }
        if let Some((what, head)) = wrong
            && self.found(what.clone(), head)
        {
            self.append(&By::appliance(), Entry::new(Action::AuditBroken).failed().saying(what)).await?;
        }
        Ok(())
    }

    /// Events that are there though this program wrote none behind the end that it knows.
    async fn beyond_the_end(&self) -> Result<check::Wrong, StoreError> {
        // Nobody writes meanwhile, except who may not.
        let turn = tokio::time::timeout(TURN_WITHIN, self.turn.lock()).await;
        let known = turn.map_err(|_| StoreError::Busy)?;
        if known.maybe.is_some() {
            return Ok(None);
        }
        let last = self.store.last_audit_place().await?.map_or(0, |it| it.0);
        let end = known.tail.sequence;
        Ok((last > end)
            .then(|| (format!("events behind event {end} were added by somebody else than the appliance"), None)))
    }
}
