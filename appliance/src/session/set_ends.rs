//! Keeps the ends that policies set: warns people, ends sessions in time, and says when what can be started changes by itself.

use std::time::Duration;

use wire::api::ConsoleEvent;

use super::live::Due;
use super::registry::Sessions;
use crate::clock::now;
use crate::events::Audience;
use crate::jump::policy::schedule::{self, Opening};
use crate::store::StoreError;

/// How often sessions are looked at: connections have to be cut within a second of a session's end.
const EVERY: Duration = Duration::from_millis(400);
/// How often schedules and approvals are.
const POLICIES_EVERY: Duration = Duration::from_secs(10);

impl Sessions {
    /// Warns people of ends that come near, and ends sessions in time. Runs until it is dropped.
    pub async fn keep_set_ends(self) {
        loop {
            tokio::time::sleep(EVERY).await;
            for live in self.all() {
                self.keep_idle_end(&live, now());
                match live.due(now()) {
                    Due::Nothing => {}
                    Due::End(end) => self.end(&live, end.end, None, ""),
                    Due::Warning(minutes, end) => {
                        let left = if minutes == 1 { "a minute".to_owned() } else { format!("{minutes} minutes") };
                        let message = format!("The session ends in {left} or less: {}.", end.because);
                        // Ends do not wait for the database.
                        let sessions = self.clone();
                        self.tasks.spawn("warning of an end", async move {
                            sessions.note(&live, "ends_soon", &message, None).await;
                        });
                    }
                }
            }
        }
    }

    /// Tells consoles to load items again when a schedule opened or closed, or an approval began or ran out. Runs until it is
    /// dropped.
    pub async fn tell_openings(self) {
        let mut last = None;
        loop {
            match self.openings().await {
                Ok(now) => {
                    if last.as_ref().is_some_and(|last| *last != now) {
                        self.events.announce(Audience::Everyone, ConsoleEvent::ItemsChanged);
                        self.events.announce(Audience::Everyone, ConsoleEvent::ApprovalsChanged);
                    }
                    last = Some(now);
                }
                Err(error) => tracing::warn!(error = %error, "whether schedules are open could not be looked up"),
            }
            tokio::time::sleep(POLICIES_EVERY).await;
        }
    }

    /// Everything that time opens and closes, as it stands now: ids of policies and approvals, and whether they are open.
    async fn openings(&self) -> Result<Vec<(uuid::Uuid, bool)>, StoreError> {
        let at = now();
        let mut openings = Vec::new();
        for policy in self.store.jump_policies().await? {
            if let Some(schedule) = &policy.definition.schedule {
                let is_open = matches!(schedule::at(schedule, at), Opening::Open { .. });
                openings.push((policy.id.0, is_open));
            }
        }
        for granted in self.store.approvals_granted(None, at).await?.into_values().flatten() {
            openings.push((granted.id.0, granted.from <= at));
        }
        openings.sort_unstable();
        Ok(openings)
    }
}
