//! Deleting recordings. A recording's tombstone stands in the audit trail before anything of it goes: what cannot be audited stays.
//!
//! The tombstone and the end of the recording's key are one change; from then on nobody can read what may still lie in a store. That
//! goes right after, and is tried again for as long as the store does not do it.

use object_store::ObjectStoreExt;
use wire::RecordingId;
use wire::api::{ConsoleEvent, Deletion, RecordingState};
use wire::audit::{Action, ObjectKind};

use super::{RecordingError, Recordings, object_of};
use crate::audit::{By, Entry};
use crate::clock::now;
use crate::events::Audience;
use crate::retention::{Because, Due};
use crate::store::{RecordingRecord, StoreError};

/// Deleted recordings that are looked up at once.
const AT_ONCE: u64 = 100;

/// Why a recording was not deleted.
#[derive(Debug, thiserror::Error)]
pub enum NotDeleted {
    /// It is not there, or more of it may come.
    #[error("there is no complete recording of this id")]
    NotThere,
    /// Its session is under a legal hold.
    #[error("its session is under a legal hold")]
    Held,
    /// The database or the audit trail failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Recordings {
    /// Deletes a complete recording.
    ///
    /// # Errors
    /// See [`NotDeleted`]; then it is there as before.
    pub async fn delete(&self, id: RecordingId, because: &Because, by: &By) -> Result<(), NotDeleted> {
        let record = self.bury(id, because, by).await?;
        self.0.events.announce(
            Audience::Administrators,
            ConsoleEvent::RecordingsChanged { session_id: record.recording.session_id },
        );
        if let Err(error) = self.remove(record).await {
            tracing::warn!(recording.id = %id, error = %error, "what is left of a deleted recording could not be removed; it is tried again");
        }
        Ok(())
    }

    /// Deletes what is due.
    ///
    /// # Errors
    /// When the database or the audit trail fails; what was not deleted by then stays.
    pub async fn delete_due(&self, due: Vec<Due>) -> Result<(), RecordingError> {
        for Due { id, because } in due {
            match self.delete(id, &because, &By::appliance()).await {
                Ok(()) => tracing::info!(recording.id = %id, because = because.words(), "a recording was deleted"),
                // It was put under a hold meanwhile, or somebody was faster.
                Err(NotDeleted::Held | NotDeleted::NotThere) => {}
                Err(NotDeleted::Store(error)) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// Removes what is left of deleted recordings. One that cannot be removed keeps none of the others.
    ///
    /// # Errors
    /// When a store or the database fails: the first failure.
    pub async fn remove_what_is_left(&self) -> Result<(), RecordingError> {
        let (mut after, mut failed) = (None, Ok(()));
        loop {
            let left = self.0.audit.store().recordings_to_remove(after, AT_ONCE).await?;
            let Some(last) = left.last() else { return failed };
            after = Some(last.recording.id);
            for record in left {
                let removed = self.remove(record).await;
                failed = failed.and(removed);
            }
        }
    }

    /// Writes the tombstone, and ends the key.
    async fn bury(&self, id: RecordingId, because: &Because, by: &By) -> Result<RecordingRecord, NotDeleted> {
        let change = self.0.audit.begin().await?;
        let record = change.recording(id).await?.ok_or(NotDeleted::NotThere)?;
        let it = &record.recording;
        if !matches!(it.state, RecordingState::Finished | RecordingState::Empty) {
            return Err(NotDeleted::NotThere);
        }
        if change.is_held(it.session_id).await? {
            return Err(NotDeleted::Held);
        }
        let item = change.session(it.session_id).await?.map(|it| it.item_name).unwrap_or_default();
        let entry = Entry::of(Action::RecordingForgotten, ObjectKind::Recording, id.0, &item)
            .with("session_id", it.session_id.to_string())
            .with("kind", serde_json::json!(it.kind))
            .with("sha256", it.sha256.clone())
            .with("bytes", it.bytes)
            .with("store", record.store.as_str())
            .with("rule", because.name())
            .saying(because.words());
        let mut buried = record.clone();
        buried.recording.state = RecordingState::Deleted;
        buried.recording.deletion = Some(Deletion { at: now(), because: because.words() });
        buried.sealed_key = Vec::new();
        change.update_recording(&buried).await?;
        change.delete_captured_connections(id).await?;
        change.commit(by, [entry]).await?;
        Ok(buried)
    }

    /// Removes what is left of a deleted recording.
    async fn remove(&self, record: RecordingRecord) -> Result<(), RecordingError> {
        let it = &record.recording;
        let objects =
            self.0.stores.named(&record.store).map_err(|error| RecordingError::NotStored(error.to_string()))?;
        match objects.delete(&object_of(it.session_id, it.id)).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => {}
            Err(error) => return Err(RecordingError::NotStored(super::stores::said(&error))),
        }
        self.0.audit.store().update_recording(&RecordingRecord { object_gone: true, ..record }).await?;
        Ok(())
    }
}
