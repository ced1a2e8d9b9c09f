//! A recording that stopped becomes one file, encrypted and stored; its hash goes into the audit trail.

use std::sync::Arc;

use object_store::{ObjectStoreExt, WriteMultipart, path};
use serde_json::{Value, json};
use tokio::sync::OwnedMutexGuard;
use wire::api::{ConsoleEvent, Recording, RecordingKind, RecordingState};
use wire::audit::{Action, ObjectKind};

use super::blocks::{Sealed, Sealer};
use super::key::RecordingKey;
use super::spool::Spool;
use super::stores::said;
use super::webm::{Finished, Part};
use super::{Capture, OpenRecording, RecordingError, Recordings, lock, object_of};
use crate::audit::{By, Entry};
use crate::clock::now;
use crate::events::Audience;
use crate::random;
use crate::store::RecordingRecord;

/// Bytes that are read and encrypted at once.
pub(super) const AT_ONCE: u64 = 1024 * 1024;
/// Parts that are on their way to the store at once.
const ON_THEIR_WAY: usize = 4;

/// What a finished file is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    /// These bytes.
    New(Vec<u8>),
    /// Bytes that came: from there on, so many.
    Source(u64, u64),
}

/// Whoever holds chunks that are read.
pub(super) trait Spooled {
    /// The chunks.
    fn spool(&self) -> &Spool;
}

impl Spooled for OwnedMutexGuard<Capture> {
    fn spool(&self) -> &Spool {
        &self.spool
    }
}

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
            let sealing = self.0.keys.named(self.0.audit.store(), record.key_id).await?;
            let key = RecordingKey::open(&sealing, open.id, &record.sealed_key)?;
            let (pieces, place) =
                (pieces(&Finished::of(&found, Some(open.started_at.0))?), object_of(open.session, open.id));
            let sealed;
            (capture, sealed) = self.upload(&place, key, pieces, capture).await?;
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
        // It may have begun under another configuration.
        let store = self.0.stores.current().to_owned();
        self.write_down(RecordingRecord { recording, store, ..record }).await?;
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
        self.write_down_saying(record, None).await
    }

    async fn write_down_saying(&self, record: RecordingRecord, failed: Option<&str>) -> Result<(), RecordingError> {
        let it = &record.recording;
        let item = self.0.audit.store().session(it.session_id).await?.map(|it| it.item_name).unwrap_or_default();
        let entry = Entry::of(Action::RecordingFinished, ObjectKind::Recording, it.id.0, &item);
        let entry = facts(&record).into_iter().fold(entry, |entry, (name, _, value)| entry.with(name, value));
        let entry = match it.state {
            _ if failed.is_some() => entry.failed().saying(failed.unwrap_or_default()),
            RecordingState::Empty if it.kind == RecordingKind::Traffic => entry.saying("Nothing went through."),
            RecordingState::Empty => entry.failed().saying("No whole picture had arrived."),
            RecordingState::Running | RecordingState::Finished | RecordingState::Deleted => entry,
        };
        let session = it.session_id;
        let change = self.0.audit.begin().await?;
        change.update_recording(&record).await?;
        change.commit(&By::appliance(), [entry]).await?;
        self.0.events.announce(Audience::Administrators, ConsoleEvent::RecordingsChanged { session_id: session });
        Ok(())
    }

    /// Encrypts the finished file into the store, a piece at a time.
    pub(super) async fn upload<S: Spooled + Send + 'static>(
        &self,
        place: &path::Path,
        key: RecordingKey,
        pieces: Vec<Piece>,
        source: S,
    ) -> Result<(S, Sealed), RecordingError> {
        let upload = self.0.objects.put_multipart(place).await;
        let mut upload = WriteMultipart::new(upload.map_err(|error| self.not_uploaded(&error))?);
        match self.put(&mut upload, key, pieces, source).await {
            Ok(done) => upload.finish().await.map(|_| done).map_err(|error| self.not_uploaded(&error)),
            Err(error) => {
                // Parts that lie in a store and belong to nothing cost their keep, and nobody sees them.
                if let Err(left) = upload.abort().await {
                    tracing::warn!(place = %place, error = %left, "what was uploaded of a recording could not be taken back");
                }
                Err(error)
            }
        }
    }

    fn not_uploaded(&self, error: &object_store::Error) -> RecordingError {
        RecordingError::NotStored(format!("{}: {}", self.store_words(), said(error)))
    }

    async fn put<S: Spooled + Send + 'static>(
        &self,
        upload: &mut WriteMultipart,
        key: RecordingKey,
        pieces: Vec<Piece>,
        mut source: S,
    ) -> Result<(S, Sealed), RecordingError> {
        let mut sealer = Sealer::new(key);
        let not_stored = |error: object_store::Error| self.not_uploaded(&error);
        for piece in pieces {
            let work = move || -> Result<_, RecordingError> {
                let mut sealed = Vec::new();
                match &piece {
                    Piece::New(bytes) => sealer.push(bytes, &mut sealed)?,
                    Piece::Source(offset, len) => {
                        let push = |bytes: &[u8]| sealer.push(bytes, &mut sealed).map_err(std::io::Error::other);
                        let read = source.spool().read(*offset, *len, push);
                        read.map_err(|error| RecordingError::NotStored(error.to_string()))?;
                    }
                }
                Ok((sealed, sealer, source))
            };
            let done = tokio::task::spawn_blocking(work).await;
            let sealed;
            (sealed, sealer, source) = done.map_err(|error| RecordingError::NotStored(error.to_string()))??;
            upload.wait_for_capacity(ON_THEIR_WAY).await.map_err(not_stored)?;
            upload.write(&sealed);
        }
        let mut last = Vec::new();
        let sealed = sealer.end(&mut last)?;
        upload.write(&last);
        upload.wait_for_capacity(0).await.map_err(not_stored)?;
        Ok((source, sealed))
    }

    /// What nothing could be kept of: its chunks are gone.
    pub(super) async fn lost(&self, record: RecordingRecord) -> Result<(), RecordingError> {
        let recording = Recording { state: RecordingState::Empty, ended_at: Some(now()), ..record.recording.clone() };
        self.write_down_saying(RecordingRecord { recording, ..record }, Some("What had come of it is gone.")).await
    }
}

impl Piece {
    /// All bytes that came, none of the pieces longer than what is worked on at once.
    pub(super) fn all_of(len: u64) -> Vec<Self> {
        Self::source(0, len).collect()
    }

    fn source(offset: u64, len: u64) -> impl Iterator<Item = Self> {
        let mut at = 0;
        std::iter::from_fn(move || {
            let piece = Self::Source(offset + at, AT_ONCE.min(len - at));
            let is_left = at < len;
            at += AT_ONCE.min(len - at);
            is_left.then_some(piece)
        })
    }
}

/// What the audit trail has of a recording that is complete: the name there, what it is, and the value.
pub(super) fn facts(record: &RecordingRecord) -> [(&'static str, &'static str, Value); 8] {
    let it = &record.recording;
    [
        ("session_id", "session", json!(it.session_id)),
        ("sha256", "SHA-256", json!(it.sha256)),
        ("bytes", "size", json!(it.bytes)),
        ("store", "store", json!(record.store)),
        ("kind", "kind", json!(it.kind)),
        ("started_at", "beginning", json!(it.started_at)),
        ("ended_at", "end", json!(it.ended_at)),
        ("duration_millis", "length", json!(it.duration_millis)),
    ]
}

/// What a finished recording is made of.
fn pieces(finished: &Finished) -> Vec<Piece> {
    let mut pieces = Vec::new();
    for part in finished.parts() {
        match part {
            Part::New(bytes) => pieces.push(Piece::New(bytes.clone())),
            Part::Source { offset, len } => pieces.extend(Piece::source(*offset, *len)),
        }
    }
    pieces
}
