//! Giving recordings out, or any part of one.

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::Stream;
use object_store::{ObjectStore, ObjectStoreExt, path};
use wire::RecordingId;
use wire::api::{Recording, RecordingState};

use super::blocks::Part;
use super::key::RecordingKey;
use super::keys::KeyError;
use super::stores::{Stores, UnknownStore};
use super::{Recordings, object_of};
use crate::sealing::{Sealing, SealingError};
use crate::store::{RecordingRecord, StoreError};

/// Bytes that are read from the store at once.
const AT_ONCE: u64 = 1024 * 1024;

/// A complete recording that is read.
pub struct Opened {
    /// What it is.
    pub recording: Recording,
    key: RecordingKey,
    objects: Arc<dyn ObjectStore>,
    place: path::Path,
}

/// Why a recording cannot be given out.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The store does not give it.
    #[error("the recording cannot be read from its store: {0}")]
    Store(#[from] object_store::Error),
    /// Its store is not known any more.
    #[error(transparent)]
    NoStore(#[from] UnknownStore),
    /// It is not what was stored.
    #[error("the recording was changed after it was stored, or the appliance has another sealing key")]
    Sealed(#[from] SealingError),
    /// The key that its own is sealed with is not to be had.
    #[error(transparent)]
    NoKey(KeyError),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] StoreError),
}

impl From<KeyError> for ReadError {
    fn from(error: KeyError) -> Self {
        match error {
            KeyError::Store(error) => Self::Database(error),
            KeyError::Sealed(error) => Self::Sealed(error),
            gone @ KeyError::Gone => Self::NoKey(gone),
        }
    }
}

impl Recordings {
    /// A complete recording; none when there is none with this id, or it is not complete.
    ///
    /// # Errors
    /// When the database fails, or its key does not open.
    pub async fn look_up(&self, id: RecordingId) -> Result<Option<Opened>, ReadError> {
        let Some(record) = self.0.audit.store().recording(id).await? else { return Ok(None) };
        if record.recording.state != RecordingState::Finished {
            return Ok(None);
        }
        let sealing = self.0.keys.named(self.0.audit.store(), record.key_id).await?;
        Ok(Some(Opened::of(record, &sealing, &self.0.stores)?))
    }
}

impl Opened {
    /// A complete recording whose key is sealed with this.
    pub(super) fn of(record: RecordingRecord, sealing: &Sealing, stores: &Stores) -> Result<Self, ReadError> {
        let key = RecordingKey::open(sealing, record.recording.id, &record.sealed_key)?;
        let place = object_of(record.recording.session_id, record.recording.id);
        Ok(Self { recording: record.recording, key, objects: stores.named(&record.store)?, place })
    }

    /// These bytes of it, piece by piece. They lie within it.
    pub fn read(self, wanted: Range<u64>) -> impl Stream<Item = Result<Bytes, ReadError>> + Send + 'static {
        futures_util::stream::try_unfold((self, wanted), |(it, left)| async move {
            if left.is_empty() {
                return Ok(None);
            }
            let now = left.start..left.end.min(left.start + AT_ONCE);
            let rest = now.end..left.end;
            let bytes = it.part(now).await.inspect_err(|error| {
                tracing::error!(recording.id = %it.recording.id, error = %error, "a recording cannot be given out");
            })?;
            Ok(Some((bytes, (it, rest))))
        })
    }

    async fn part(&self, wanted: Range<u64>) -> Result<Bytes, ReadError> {
        let part = Part::of(wanted, self.recording.bytes);
        let mut stored = self.objects.get_range(&self.place, part.stored.clone()).await?.to_vec();
        Ok(part.open(&self.key, &mut stored)?.into())
    }
}
