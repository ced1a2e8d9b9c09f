//! Giving recordings out, or any part of one.

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::Stream;
use object_store::{ObjectStore, ObjectStoreExt, path};
use wire::api::{Recording, RecordingState};
use wire::{RecordingId, UserId};

use super::blocks::Part;
use super::key::RecordingKey;
use super::{Recordings, lock, object_of};
use crate::clock::now;
use crate::sealing::SealingError;
use crate::store::StoreError;

/// Bytes that are read from the store at once.
const AT_ONCE: u64 = 1024 * 1024;

/// How long somebody may ask for nothing before it is another look.
const LOOK_MILLIS: u64 = 10 * 60 * 1000;

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
    /// It is not what was stored.
    #[error("the recording was changed after it was stored, or the appliance has another sealing key")]
    Sealed(#[from] SealingError),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] StoreError),
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
        let key = RecordingKey::open(&self.0.sealing, id, &record.sealed_key)?;
        let place = object_of(record.recording.session_id, id);
        Ok(Some(Opened { recording: record.recording, key, objects: self.0.objects.clone(), place }))
    }
}

impl Recordings {
    /// Whether somebody has not looked at this for a while; from now on they have.
    #[must_use]
    pub fn is_new_viewer(&self, user: UserId, id: RecordingId) -> bool {
        let (mut viewers, at) = (lock(&self.0.viewers), now());
        viewers.retain(|_, seen| at.millis_since(*seen) < LOOK_MILLIS);
        viewers.insert((user, id), at).is_none()
    }

    /// Somebody wanted to look at this and did not come to it.
    pub fn forget_viewer(&self, user: UserId, id: RecordingId) {
        lock(&self.0.viewers).remove(&(user, id));
    }
}

impl Opened {
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
