//! What time brings to recordings: those that stall, those whose session is over, those that an earlier run of the appliance left.

use std::sync::Arc;
use std::time::Duration;

use wire::Timestamp;
use wire::api::{RecordingKind, RecordingStop, SessionEnd};
use wire::limits::RECORDING_STALL_SECONDS;

use super::key::RecordingKey;
use super::spool::Spool;
use super::webm::Scan;
use super::{Capture, OpenRecording, RecordingError, Recordings, lock};
use crate::clock::now;
use crate::retention::{Because, Due};
use crate::session::recorder::RecorderDue;
use crate::store::RecordingRecord;

/// How often recordings are looked at.
const EVERY: Duration = Duration::from_secs(1);
/// How often it is tried again to complete one, in looks.
const AGAIN_AFTER: u32 = 30;
/// Recordings that are looked up at once to be deleted.
const AT_ONCE: u64 = 100;
const STALL_MILLIS: u64 = RECORDING_STALL_SECONDS as u64 * 1_000;

impl Recordings {
    /// Takes up what an earlier run of the appliance left: recordings of sessions that go on go on with them, the others are
    /// completed. To be called once, after sessions were restored.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn restore(&self) -> Result<(), RecordingError> {
        for record in self.0.audit.store().running_recordings().await? {
            let id = record.recording.id;
            if record.recording.ended_at.is_some() {
                tracing::error!(recording.id = %id, "the database says that a complete recording still runs: somebody changed it");
                continue;
            }
            if record.recording.kind == RecordingKind::Traffic {
                self.restore_traffic(record).await;
                continue;
            }
            match self.reopen(&record).await {
                Ok(open) => {
                    lock(&self.0.open).insert(id, open.clone());
                    let live = self.0.sessions.get(open.session);
                    let goes_on = live.and_then(|it| it.with_recorder(|it| it.announced(id, now()))).unwrap_or(false);
                    if !goes_on {
                        self.complete(open);
                    }
                }
                Err(error) => {
                    tracing::error!(recording.id = %id, error = %error, "the chunks of a recording cannot be read any more");
                    // What is there may be readable with the next start: with the sealing key that was put away, for one.
                    if !self.spool_of(id).exists()
                        && let Err(error) = self.lost(record).await
                    {
                        tracing::error!(recording.id = %id, error = %error, "that a recording is lost could not be written down");
                    }
                }
            }
        }
        Ok(())
    }

    async fn reopen(&self, record: &RecordingRecord) -> Result<Arc<OpenRecording>, RecordingError> {
        let id = record.recording.id;
        let sealing = self.0.keys.named(self.0.audit.store(), record.key_id).await?;
        let key = RecordingKey::open(&sealing, id, &record.sealed_key)?;
        let path = self.spool_of(id);
        let reopened = tokio::task::spawn_blocking(move || {
            let mut scan = Scan::default();
            // What does not fit any more was refused when it came, or is the end of what can be shown.
            let spool = Spool::reopen(&path, key, |chunk| {
                let _ = scan.push(chunk);
            })?;
            Ok::<_, std::io::Error>(Capture { spool, scan, over: false })
        });
        let capture = reopened.await.map_err(std::io::Error::other).and_then(|it| it);
        let capture = capture.map_err(|error| RecordingError::NotStored(error.to_string()))?;
        let quality =
            self.0.sessions.get(record.recording.session_id).and_then(|it| it.with_recorder(|it| it.quality()));
        let bits_per_second = quality.unwrap_or_default().bits_per_second();
        Ok(OpenRecording::new(id, record.recording.session_id, bits_per_second, capture))
    }

    /// Looks after recordings. Runs until it is dropped.
    pub async fn keep(self) {
        for look in 0_u32.. {
            tokio::time::sleep(EVERY).await;
            self.look_after_sessions().await;
            self.look_after_recordings(look % AGAIN_AFTER == 0);
            self.look_after_traffic(look % AGAIN_AFTER == 0);
        }
    }

    /// Deletes the recordings of sessions that ended before a time. That each was there, and its hash, stays in the audit trail.
    ///
    /// # Errors
    /// When the store of recordings, the database or the audit trail fails.
    pub async fn forget_of_sessions_ended_before(&self, before: Timestamp) -> Result<(), RecordingError> {
        let store = self.0.audit.store();
        loop {
            let old = store.recordings_of_sessions_ended_before(before, AT_ONCE).await?;
            if old.is_empty() {
                return self.remove_what_is_left().await;
            }
            let due = old.into_iter().map(|it| Due { id: it.recording.id, because: Because::SessionTooOld });
            self.delete_due(due.collect()).await?;
        }
    }

    async fn look_after_sessions(&self) {
        for live in self.0.sessions.all() {
            match live.with_recorder(|it| it.look(now())) {
                None | Some(RecorderDue::Nothing) => {}
                Some(RecorderDue::Stalled(screens, meaning)) => {
                    self.tell(&live, Some(meaning), RecordingStop::UploadFailed).await;
                    for open in screens.into_iter().filter_map(|it| self.opened(it)) {
                        self.complete(open);
                    }
                }
                Some(RecorderDue::End) => self.0.sessions.end(&live, SessionEnd::RecordingStopped, None, ""),
            }
        }
    }

    /// Completes those whose session is over and of which nothing comes any more, and tries again what failed.
    fn look_after_recordings(&self, again: bool) {
        let all: Vec<_> = lock(&self.0.open).values().cloned().collect();
        for open in all {
            let is_over = open.capture.try_lock().is_ok_and(|it| it.over);
            let is_left =
                self.0.sessions.get(open.session).is_none() && now().millis_since(open.heard_at()) > STALL_MILLIS;
            if (is_over && again) || (is_left && !is_over) {
                self.complete(open);
            }
        }
    }
}
