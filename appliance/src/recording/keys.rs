//! The keys that the keys of recordings are sealed with. There may have been several, one after the other: each lies sealed in the database,
//! new recordings take the newest, and those that were made before stay readable with theirs. A recording without one is sealed with the
//! appliance's sealing key itself, as all were before the first change of keys.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use uuid::Uuid;

use crate::clock::now;
use crate::random;
use crate::sealing::{Sealing, SealingError};
use crate::store::{RecordingKeyRecord, Store, StoreError};

const KEY_BYTES: usize = 32;

/// The keys, as far as they were asked for.
pub(super) struct Keys {
    sealing: Sealing,
    opened: Mutex<HashMap<Uuid, Sealing>>,
}

/// Why a key is not to be had.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The row that it is in is gone.
    #[error("the key that it was sealed with is gone")]
    Gone,
    /// It does not open.
    #[error(transparent)]
    Sealed(#[from] SealingError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Keys {
    pub(super) fn new(sealing: Sealing) -> Self {
        Self { sealing, opened: Mutex::default() }
    }

    /// The one for new recordings.
    pub(super) async fn newest(&self, store: &Store) -> Result<(Option<Uuid>, Sealing), KeyError> {
        match store.newest_recording_key().await? {
            None => Ok((None, self.sealing.clone())),
            Some(record) => Ok((Some(record.id), self.open(&record)?)),
        }
    }

    /// The one of this id; none: the appliance's sealing key.
    pub(super) async fn named(&self, store: &Store, id: Option<Uuid>) -> Result<Sealing, KeyError> {
        let Some(id) = id else { return Ok(self.sealing.clone()) };
        let known = self.opened.lock().unwrap_or_else(PoisonError::into_inner).get(&id).cloned();
        match known {
            Some(known) => Ok(known),
            None => self.open(&store.recording_key(id).await?.ok_or(KeyError::Gone)?),
        }
    }

    /// Makes another one, to be kept.
    pub(super) fn make(&self) -> Result<RecordingKeyRecord, SealingError> {
        let id = random::id();
        let bytes = random::bytes::<KEY_BYTES>().map_err(|_| SealingError::NotSealed)?;
        let sealed_key = self.sealing.seal(&place(id), &bytes)?;
        Ok(RecordingKeyRecord { id, sealed_key, made_at: now() })
    }

    fn open(&self, record: &RecordingKeyRecord) -> Result<Sealing, KeyError> {
        let bytes = self.sealing.open(&place(record.id), &record.sealed_key)?;
        let key = Sealing::of_key(&bytes)?;
        self.opened.lock().unwrap_or_else(PoisonError::into_inner).insert(record.id, key.clone());
        Ok(key)
    }
}

fn place(id: Uuid) -> String {
    format!("recording-key/{id}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recording::key::RecordingKey;
    use wire::RecordingId;

    #[tokio::test]
    async fn what_was_sealed_before_a_change_opens_afterwards() {
        let folder = tempfile::tempdir().unwrap();
        let (store, sealing) = (Store::fresh(folder.path()).await, Sealing::load(folder.path()).unwrap());
        let keys = Keys::new(sealing.clone());
        let mut made = Vec::new();
        for round in 0..3 {
            let (id, kek) = keys.newest(&store).await.unwrap();
            assert_eq!(id.is_none(), round == 0);
            let recording = RecordingId(random::id());
            made.push((id, recording, RecordingKey::make(&kek, recording).unwrap().1));
            store.insert_recording_key(&keys.make().unwrap()).await.unwrap();
        }
        // Whoever comes later opens all of them, and each with its own alone.
        let later = Keys::new(sealing);
        for (id, recording, sealed) in &made {
            let kek = later.named(&store, *id).await.unwrap();
            assert!(RecordingKey::open(&kek, *recording, sealed).is_ok());
            let newest = later.newest(&store).await.unwrap().1;
            assert!(RecordingKey::open(&newest, *recording, sealed).is_err());
        }
        assert!(matches!(later.named(&store, Some(random::id())).await, Err(KeyError::Gone)));
        let facts = store.recording_key_facts().await.unwrap();
        assert!(facts.0.is_some() && facts.1 == 3);
    }
}
