use sea_orm::sea_query::Query;
use sea_orm::{ActiveModelTrait, ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect};
use wire::api::{Recording, RecordingState, SessionState};
use wire::{RecordingId, SessionId, Timestamp};

use super::entities::recordings::recording;
use super::entities::session;
use super::{Store, StoreError, count, from_text, signed, to_text};

/// A recording as the database keeps it.
#[derive(Clone, Debug, PartialEq)]
pub struct RecordingRecord {
    /// What consoles see.
    pub recording: Recording,
    /// The key that it is encrypted with, sealed.
    pub sealed_key: Vec<u8>,
}

impl TryFrom<recording::Model> for RecordingRecord {
    type Error = StoreError;

    fn try_from(row: recording::Model) -> Result<Self, StoreError> {
        let pixels = |it: i32| u32::try_from(it).unwrap_or_default();
        Ok(Self {
            recording: Recording {
                id: RecordingId(row.id),
                session_id: SessionId(row.session_id),
                kind: from_text("recording.kind", &row.kind)?,
                label: row.label,
                state: from_text("recording.state", &row.state)?,
                started_at: Timestamp(row.started_at),
                ended_at: row.ended_at.map(Timestamp),
                duration_millis: count(row.duration_millis),
                width: pixels(row.width),
                height: pixels(row.height),
                bytes: count(row.bytes),
                sha256: row.sha256,
            },
            sealed_key: row.sealed_key,
        })
    }
}

fn row_of(RecordingRecord { recording: it, sealed_key }: &RecordingRecord) -> recording::Model {
    let pixels = |it: u32| i32::try_from(it).unwrap_or(i32::MAX);
    recording::Model {
        id: it.id.0,
        session_id: it.session_id.0,
        kind: to_text(&it.kind),
        label: it.label.clone(),
        state: to_text(&it.state),
        started_at: it.started_at.0,
        ended_at: it.ended_at.map(|at| at.0),
        duration_millis: signed(it.duration_millis),
        width: pixels(it.width),
        height: pixels(it.height),
        bytes: signed(it.bytes),
        sha256: it.sha256.clone(),
        sealed_key: sealed_key.clone(),
    }
}

impl Store {
    /// Keeps a new recording.
    ///
    /// # Errors
    /// When the database fails, as everywhere in this file.
    pub async fn insert_recording(&self, it: &RecordingRecord) -> Result<(), StoreError> {
        recording::Entity::insert(row_of(it).into_active_model()).exec_without_returning(&self.db).await?;
        Ok(())
    }

    /// Writes a recording.
    ///
    /// # Errors
    /// See above.
    pub async fn update_recording(&self, it: &RecordingRecord) -> Result<(), StoreError> {
        row_of(it).into_active_model().reset_all().update(&self.db).await?;
        Ok(())
    }

    /// One recording.
    ///
    /// # Errors
    /// See above.
    pub async fn recording(&self, id: RecordingId) -> Result<Option<RecordingRecord>, StoreError> {
        recording::Entity::find_by_id(id.0).one(&self.db).await?.map(TryInto::try_into).transpose()
    }

    /// The recordings of a session, oldest first.
    ///
    /// # Errors
    /// See above.
    pub async fn recordings_of(&self, session: SessionId) -> Result<Vec<RecordingRecord>, StoreError> {
        self.recordings_where(recording::Column::SessionId.eq(session.0)).await
    }

    /// Every recording of which more may come, oldest first.
    ///
    /// # Errors
    /// See above.
    pub async fn running_recordings(&self) -> Result<Vec<RecordingRecord>, StoreError> {
        self.recordings_where(recording::Column::State.eq(to_text(&RecordingState::Running))).await
    }

    /// Recordings of sessions that ended before a time, oldest first, at most `limit`. None of them can grow any more.
    ///
    /// # Errors
    /// See above.
    pub async fn recordings_of_sessions_ended_before(
        &self,
        before: Timestamp,
        limit: u64,
    ) -> Result<Vec<RecordingRecord>, StoreError> {
        let old = Query::select()
            .column(session::Column::Id)
            .from(session::Entity)
            .and_where(session::Column::State.eq(to_text(&SessionState::Ended)))
            .and_where(session::Column::EndedAt.lt(before.0))
            .to_owned();
        let find = recording::Entity::find()
            .filter(recording::Column::SessionId.in_subquery(old))
            .filter(recording::Column::State.ne(to_text(&RecordingState::Running)))
            .order_by_asc(recording::Column::Id)
            .limit(limit);
        find.all(&self.db).await?.into_iter().map(TryInto::try_into).collect()
    }

    /// Forgets a recording.
    ///
    /// # Errors
    /// See above.
    pub async fn delete_recording(&self, id: RecordingId) -> Result<(), StoreError> {
        recording::Entity::delete_by_id(id.0).exec(&self.db).await?;
        Ok(())
    }

    async fn recordings_where(
        &self,
        which: sea_orm::sea_query::SimpleExpr,
    ) -> Result<Vec<RecordingRecord>, StoreError> {
        let find = recording::Entity::find().filter(which).order_by_asc(recording::Column::Id);
        find.all(&self.db).await?.into_iter().map(TryInto::try_into).collect()
    }
}
