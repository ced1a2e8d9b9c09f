use sea_orm::{EntityTrait, IntoActiveModel, PaginatorTrait, QueryOrder};
use uuid::Uuid;
use wire::Timestamp;

use super::entities::recordings::recording_key;
use super::{Store, StoreError};

/// A key that the keys of recordings are sealed with, as the database keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordingKeyRecord {
    /// Its id; ids grow with time.
    pub id: Uuid,
    /// The key, sealed with the appliance's sealing key.
    pub sealed_key: Vec<u8>,
    /// When it was made.
    pub made_at: Timestamp,
}

impl From<recording_key::Model> for RecordingKeyRecord {
    fn from(row: recording_key::Model) -> Self {
        Self { id: row.id, sealed_key: row.sealed_key, made_at: Timestamp(row.made_at) }
    }
}

impl Store {
    /// Keeps a new key.
    ///
    /// # Errors
    /// When the database fails, as everywhere in this file.
    pub async fn insert_recording_key(&self, it: &RecordingKeyRecord) -> Result<(), StoreError> {
        let row = recording_key::Model { id: it.id, sealed_key: it.sealed_key.clone(), made_at: it.made_at.0 };
        recording_key::Entity::insert(row.into_active_model()).exec_without_returning(&self.db).await?;
        Ok(())
    }

    /// One key.
    ///
    /// # Errors
    /// See above.
    pub async fn recording_key(&self, id: Uuid) -> Result<Option<RecordingKeyRecord>, StoreError> {
        Ok(recording_key::Entity::find_by_id(id).one(&self.db).await?.map(Into::into))
    }

    /// The newest key; none: none was ever made.
    ///
    /// # Errors
    /// See above.
    pub async fn newest_recording_key(&self) -> Result<Option<RecordingKeyRecord>, StoreError> {
        let find = recording_key::Entity::find().order_by_desc(recording_key::Column::Id);
        Ok(find.one(&self.db).await?.map(Into::into))
    }

    /// When the newest key was made, and how many there are.
    ///
    /// # Errors
    /// See above.
    pub async fn recording_key_facts(&self) -> Result<(Option<Timestamp>, u64), StoreError> {
        let count = recording_key::Entity::find().count(&self.db).await?;
        Ok((self.newest_recording_key().await?.map(|it| it.made_at), count))
    }
}
