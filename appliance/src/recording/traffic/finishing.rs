//! Captures that an earlier run of the appliance left, and those that are made complete.

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use tokio::sync::OwnedMutexGuard;
use wire::api::{Recording, RecordingState, SessionEnd};

use super::taking::CAPTURE_FULL;
use super::{OpenTraffic, Traffic, about};
use crate::capture::{Index, Reader, Writer};
use crate::clock::{now, now_micros};
use crate::random;
use crate::recording::finishing::{AT_ONCE, Piece};
use crate::recording::key::RecordingKey;
use crate::recording::spool::Spool;
use crate::recording::{RecordingError, Recordings, lock, object_of};
use crate::store::RecordingRecord;

impl Recordings {
    /// Takes up a capture that an earlier run of the appliance left: it goes on with its session, or is completed.
    pub(in crate::recording) async fn restore_traffic(&self, record: RecordingRecord) {
        let (id, session) = (record.recording.id, record.recording.session_id);
        let live = self.0.sessions.get(session);
        match self.reopen_traffic(&record).await {
            Ok(open) => {
                lock(&self.0.traffic).insert(id, open.clone());
                if let Some(live) = live {
                    // The first one stays; another one of the same session has nothing to take.
                    let tapped = live.tap_with(async { Ok::<_, RecordingError>(self.tap_of(open)) }).await;
                    if let Err(error) = tapped {
                        tracing::error!(recording.id = %id, error = %error, "a capture could not go on");
                    }
                }
            }
            Err(error) => {
                tracing::error!(recording.id = %id, error = %error, "what was captured cannot be read any more");
                if let Some(live) = live {
                    self.0.sessions.end(&live, SessionEnd::CaptureFailed, None, &error.to_string());
                }
                // What is there may be readable with the next start.
                if !self.spool_of(id).exists()
                    && let Err(error) = self.lost(record).await
                {
                    tracing::error!(recording.id = %id, error = %error, "that a capture is lost could not be written down");
                }
            }
        }
    }

    async fn reopen_traffic(&self, record: &RecordingRecord) -> Result<Arc<OpenTraffic>, RecordingError> {
        let (id, session) = (record.recording.id, record.recording.session_id);
        let sealing = self.0.keys.named(self.0.audit.store(), record.key_id).await?;
        let key = RecordingKey::open(&sealing, id, &record.sealed_key)?;
        let of = self.0.audit.store().session(session).await?.ok_or(RecordingError::Over)?;
        let limits = of.capture.unwrap_or_default();
        let about = about(&of, record.recording.started_at);
        let path = self.spool_of(id);
        let reopened = tokio::task::spawn_blocking(move || {
            let (mut writer, mut reader) = (Writer::of(&about), Reader::default());
            let spool = Spool::reopen(&path, key, |blocks| writer.resume(&mut reader, blocks))?;
            Ok::<_, io::Error>(Traffic::new(spool, writer, about))
        });
        let is_full = self.0.audit.store().has_session_event(session, CAPTURE_FULL).await?;
        let mut traffic = reopened.await.map_err(io::Error::other).and_then(|it| it).map_err(not_stored)?;
        traffic.is_over = is_full;
        let open = OpenTraffic::new(id, session, limits, traffic);
        if is_full {
            open.was_full();
        }
        Ok(open)
    }

    /// Completes a capture in the background; when that fails it is tried again later.
    pub(super) fn complete_traffic(&self, open: Arc<OpenTraffic>) {
        open.is_completing.store(true, Ordering::Release);
        let recordings = self.clone();
        self.0.tasks.spawn("completing a capture", async move {
            if let Err(error) = recordings.complete_traffic_now(&open).await {
                tracing::error!(recording.id = %open.id, error = %error, "a capture could not be completed; it is tried again");
                recordings.failed(&error.to_string());
            }
        });
    }

    async fn complete_traffic_now(&self, open: &OpenTraffic) -> Result<(), RecordingError> {
        let file = open.file.clone().lock_owned().await;
        // Somebody was faster.
        if !lock(&self.0.traffic).contains_key(&open.id) {
            return Ok(());
        }
        let record = self.0.audit.store().recording(open.id).await?.ok_or(RecordingError::Over)?;
        let mut file = end(file).await?;
        let at = now();
        let mut recording = Recording {
            ended_at: Some(at),
            state: RecordingState::Empty,
            duration_millis: at.millis_since(record.recording.started_at),
            ..record.recording.clone()
        };
        if !file.writer.is_empty() {
            file = self.index(open, file).await?;
            let sealing = self.0.keys.named(self.0.audit.store(), record.key_id).await?;
            let key = RecordingKey::open(&sealing, open.id, &record.sealed_key)?;
            let (pieces, place) = (Piece::all_of(file.spool.len()), object_of(open.session, open.id));
            let sealed;
            (file, sealed) = self.upload(&place, key, pieces, file).await?;
            let sha256 = Some(random::hex(&sealed.sha256));
            recording = Recording { state: RecordingState::Finished, bytes: sealed.len, sha256, ..recording };
        }
        // It may have begun under another configuration.
        let store = self.0.stores.current().to_owned();
        self.write_down(RecordingRecord { recording, store, ..record }).await?;
        self.stored();
        lock(&self.0.traffic).remove(&open.id);
        let path = self.spool_of(open.id);
        if let Err(error) = tokio::fs::remove_file(&path).await {
            tracing::warn!(file = %path.display(), error = %error, "what is left of a complete capture could not be removed");
        }
        drop(file);
        Ok(())
    }

    /// Writes down which connections there are, and where they lie.
    async fn index(
        &self,
        open: &OpenTraffic,
        mut file: OwnedMutexGuard<Traffic>,
    ) -> Result<OwnedMutexGuard<Traffic>, RecordingError> {
        let store = self.0.audit.store();
        // Those of a try that failed.
        store.delete_captured_connections(open.id).await?;
        let (mut reader, mut index) = (Reader::default(), Index::default());
        let (len, mut at) = (file.spool.len(), 0);
        while at < len {
            let part = AT_ONCE.min(len - at);
            let work = move || {
                let read = file.spool.read(at, part, |blocks| {
                    reader.push(blocks, |packet| index.see(&packet)).map_err(io::Error::other)
                });
                read.map(|()| (file, reader, index))
            };
            let done = tokio::task::spawn_blocking(work).await.map_err(io::Error::other).and_then(|it| it);
            (file, reader, index) = done.map_err(not_stored)?;
            at += part;
            store.insert_captured_connections(open.id, &index.take_done()).await?;
        }
        store.insert_captured_connections(open.id, &index.finish()).await?;
        Ok(file)
    }
}

/// Ends the connections that are open in a capture. Where there is no room for that it is whole without.
async fn end(mut file: OwnedMutexGuard<Traffic>) -> Result<OwnedMutexGuard<Traffic>, RecordingError> {
    let work = move || {
        if let Err(error) = file.finish(now_micros()) {
            tracing::warn!(error = %error, "the ends of connections that were open could not be written into a capture");
        }
        file
    };
    tokio::task::spawn_blocking(work).await.map_err(|error| not_stored(io::Error::other(error)))
}

fn not_stored(error: io::Error) -> RecordingError {
    RecordingError::NotStored(error.to_string())
}
