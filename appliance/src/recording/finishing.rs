//! A recording that stopped becomes one file, encrypted and stored; its hash goes into the audit trail.

use std::sync::Arc;

use object_store::{ObjectStoreExt, WriteMultipart};
use tokio::sync::OwnedMutexGuard;
use wire::api::{ConsoleEvent, Recording, RecordingState};
use wire::audit::{Action, ObjectKind};

use super::blocks::{Sealed, Sealer};
use super::key::RecordingKey;
use super::webm::{Finished, Found, Part};
use super::{Capture, OpenRecording, RecordingError, Recordings, lock, object_of};
use crate::audit::{By, Entry};
use crate::clock::now;
use crate::events::Audience;
use crate::random;
use crate::store::RecordingRecord;

/// Bytes that are read and encrypted at once.
const AT_ONCE: u64 = 1024 * 1024;
/// Parts that are on their way to the store at once.
const ON_THEIR_WAY: usize = 4;

impl Recordings {
    /// Completes a recording in the background; when that fails it is tried again later.
    pub(super) fn complete(&self, open: Arc<OpenRecording>) {
        let recordings = self.clone();
        self.0.tasks.spawn("completing a recording", async move {
            let capture = open.capture.clone().lock_owned().await;
            if let Err(error) = recordings.complete_now(&open, capture).await {
                tracing::error!(recording.id = %open.id, error = %error, "a recording could not be completed; it is tried again");
                recordings.failed(&error.to_string());
            }
        });
    }

    async fn complete_now(
        &self,
        open: &OpenRecording,
        mut capture: OwnedMutexGuard<Capture>,
    ) -> Result<(), RecordingError> {
        // Somebody was faster.
        if self.opened(open.id).is_none() {
            return Ok(());
        }
        capture.over = true;
        let record = self.0.audit.store().recording(open.id).await?.ok_or(RecordingError::Over)?;
        let found = capture.scan.found().clone();
        let mut recording =
            Recording { ended_at: Some(open.heard_at()), state: RecordingState::Empty, ..record.recording.clone() };
        if !found.is_empty() {
            let key = RecordingKey::open(&self.0.sealing, open.id, &record.sealed_key)?;
            let sealed;
            (capture, sealed) = self.store(open, capture, &found, key).await?;
            let (width, height) = found.size().unwrap_or_default();
            recording = Recording {
                state: RecordingState::Finished,
                duration_millis: found.duration_millis(),
                width,
                height,
                bytes: sealed.len,
                sha256: Some(random::hex(&sealed.sha256)),
                ..recording
            };
        }
        self.write_down(RecordingRecord { recording, sealed_key: record.sealed_key }).await?;
        self.stored();
        lock(&self.0.open).remove(&open.id);
        // It cannot be taken out of its lock; a new one in its place would be another recording's.
        let path = self.spool_of(open.id);
        if let Err(error) = tokio::fs::remove_file(&path).await {
            tracing::warn!(file = %path.display(), error = %error, "the chunks of a complete recording could not be removed");
        }
        drop(capture);
        Ok(())
    }

    /// Writes down what became of a recording, in the database and in the audit trail.
    pub(super) async fn write_down(&self, record: RecordingRecord) -> Result<(), RecordingError> {
        let it = &record.recording;
        let item = self.0.audit.store().session(it.session_id).await?.map(|it| it.item_name).unwrap_or_default();
        let entry = Entry::of(Action::RecordingFinished, ObjectKind::Recording, it.id.0, &item)
            .with("session_id", it.session_id.to_string())
            .with("sha256", it.sha256.clone())
            .with("bytes", it.bytes)
            .with("duration_millis", it.duration_millis);
        let entry = match it.state {
            RecordingState::Empty => entry.failed().saying("No whole picture had arrived."),
            RecordingState::Running | RecordingState::Finished => entry,
        };
        let session = it.session_id;
        let change = self.0.audit.begin().await?;
        change.update_recording(&record).await?;
        change.commit(&By::appliance(), [entry]).await?;
        self.0.events.announce(Audience::Administrators, ConsoleEvent::RecordingsChanged { session_id: session });
        Ok(())
    }

    /// Encrypts the finished file into the store, a piece at a time.
    async fn store(
        &self,
        open: &OpenRecording,
        mut capture: OwnedMutexGuard<Capture>,
        found: &Found,
        key: RecordingKey,
    ) -> Result<(OwnedMutexGuard<Capture>, Sealed), RecordingError> {
        let finished = Finished::of(found, Some(open.started_at.0))?;
        let mut sealer = Sealer::new(key);
        let place = object_of(open.session, open.id);
        let not_stored = |error: object_store::Error| RecordingError::NotStored(error.to_string());
        let mut upload = WriteMultipart::new(self.0.objects.put_multipart(&place).await.map_err(not_stored)?);
        for piece in pieces(&finished) {
            let work = move || -> Result<_, RecordingError> {
                let mut sealed = Vec::new();
                match &piece {
                    Part::New(bytes) => sealer.push(bytes, &mut sealed)?,
                    Part::Source { offset, len } => {
                        let push = |bytes: &[u8]| sealer.push(bytes, &mut sealed).map_err(std::io::Error::other);
                        let read = capture.spool.read(*offset, *len, push);
                        read.map_err(|error| RecordingError::NotStored(error.to_string()))?;
                    }
                }
                Ok((sealed, sealer, capture))
            };
            let done = tokio::task::spawn_blocking(work).await;
            let sealed;
            (sealed, sealer, capture) = done.map_err(|error| RecordingError::NotStored(error.to_string()))??;
            upload.wait_for_capacity(ON_THEIR_WAY).await.map_err(not_stored)?;
            upload.write(&sealed);
        }
        let mut last = Vec::new();
        let sealed = sealer.end(&mut last)?;
        upload.write(&last);
        upload.finish().await.map_err(not_stored)?;
        Ok((capture, sealed))
    }

    /// What nothing could be kept of: its chunks are gone.
    pub(super) async fn lost(&self, record: RecordingRecord) -> Result<(), RecordingError> {
        let recording = Recording { state: RecordingState::Empty, ended_at: Some(now()), ..record.recording };
        self.write_down(RecordingRecord { recording, sealed_key: record.sealed_key }).await
    }
}

/// The parts of a finished file, none of them longer than what is worked on at once.
fn pieces(finished: &Finished) -> Vec<Part> {
    let mut pieces = Vec::new();
    for part in finished.parts() {
        match part {
            Part::New(bytes) => pieces.push(Part::New(bytes.clone())),
            Part::Source { offset, len } => {
                let end = offset + len;
                let mut at = *offset;
                while at < end {
                    let len = AT_ONCE.min(end - at);
                    pieces.push(Part::Source { offset: at, len });
                    at += len;
                }
            }
        }
    }
    pieces
}
