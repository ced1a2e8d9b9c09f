use sea_orm::sea_query::{ExprTrait, Query};
use sea_orm::{ActiveModelTrait, ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;
use wire::api::{Deletion, Recording, RecordingKind, RecordingState, SessionState};
use wire::{RecordingId, SessionId, Timestamp};

use super::entities::recordings::recording;
use super::entities::session;
use super::holds::held_sessions;
use super::{Store, StoreError, count, from_text, signed, to_text};

/// A recording as the database keeps it.
#[derive(Clone, Debug, PartialEq)]
pub struct RecordingRecord {
    /// What consoles see.
    pub recording: Recording,
    /// The key that it is encrypted with, sealed; empty once it is deleted.
    pub sealed_key: Vec<u8>,
    /// Name of the store that it lies in, once it is complete.
    pub store: String,
    /// Whether nothing of it lies in its store any more.
    pub object_gone: bool,
    /// What its key is sealed with; none: the appliance's sealing key.
    pub key_id: Option<Uuid>,
}

/// Name of the store that is the folder of the data directory.
pub const FOLDER_STORE: &str = "folder";

/// What a complete recording takes, for whoever decides what is deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoredPart {
    /// Which.
    pub id: RecordingId,
    /// Its session.
    pub session: SessionId,
    /// When it ended.
    pub ended_at: Timestamp,
    /// Its bytes.
    pub bytes: u64,
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
                deletion: row
                    .deleted_at
                    .map(|at| Deletion { at: Timestamp(at), because: row.deleted_because.unwrap_or_default() }),
            },
            sealed_key: row.sealed_key,
            store: row.store,
            object_gone: row.object_gone,
            key_id: row.key_id,
        })
    }
}

fn row_of(record: &RecordingRecord) -> recording::Model {
    let RecordingRecord { recording: it, sealed_key, store, object_gone, key_id } = record;
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
        store: store.clone(),
        deleted_at: it.deletion.as_ref().map(|it| it.at.0),
        deleted_because: it.deletion.as_ref().map(|it| it.because.clone()),
        object_gone: *object_gone,
        key_id: *key_id,
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

    /// Recordings of sessions that ended before a time and are under no legal hold, oldest first, at most `limit`. None of them can
    /// grow any more.
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
            .and_where(session::Column::Id.not_in_subquery(held_sessions()))
            .and_where(
                session::Column::JoinedId.is_null().or(session::Column::JoinedId.not_in_subquery(held_sessions())),
            )
            .to_owned();
        let find = recording::Entity::find()
            .filter(recording::Column::SessionId.in_subquery(old))
            .filter(recording::Column::State.is_in(complete()))
            .order_by_asc(recording::Column::Id)
            .limit(limit);
        find.all(&self.db).await?.into_iter().map(TryInto::try_into).collect()
    }

    /// What the complete recordings of one kind take, oldest first.
    ///
    /// # Errors
    /// See above.
    pub async fn stored_parts(&self, kind: RecordingKind) -> Result<Vec<StoredPart>, StoreError> {
        use recording::Column;
        let find = recording::Entity::find()
            .select_only()
            .columns([Column::Id, Column::SessionId, Column::StartedAt, Column::EndedAt, Column::Bytes])
            .filter(Column::Kind.eq(to_text(&kind)))
            .filter(Column::State.is_in(complete()))
            .order_by_asc(Column::Id);
        let rows: Vec<(Uuid, Uuid, i64, Option<i64>, i64)> = find.into_tuple().all(&self.db).await?;
        let part = |(id, session, started_at, ended_at, bytes): (_, _, _, Option<i64>, _)| StoredPart {
            id: RecordingId(id),
            session: SessionId(session),
            ended_at: Timestamp(ended_at.unwrap_or(started_at)),
            bytes: count(bytes),
        };
        Ok(rows.into_iter().map(part).collect())
    }

    /// Recordings that are deleted, of which something may still lie in a store; in the order of their ids, behind one, at most `limit`.
    ///
    /// # Errors
    /// See above.
    pub async fn recordings_to_remove(
        &self,
        after: Option<RecordingId>,
        limit: u64,
    ) -> Result<Vec<RecordingRecord>, StoreError> {
        let mut find = recording::Entity::find()
            .filter(recording::Column::State.eq(to_text(&RecordingState::Deleted)))
            .filter(recording::Column::ObjectGone.eq(false))
            .order_by_asc(recording::Column::Id)
            .limit(limit);
        if let Some(after) = after {
            find = find.filter(recording::Column::Id.gt(after.0));
        }
        find.all(&self.db).await?.into_iter().map(TryInto::try_into).collect()
    }

    /// Recordings in the order of their ids, behind one, at most `limit`.
    ///
    /// # Errors
    /// See above.
    pub async fn recordings_after(
        &self,
        after: Option<RecordingId>,
        limit: u64,
    ) -> Result<Vec<RecordingRecord>, StoreError> {
        let mut find = recording::Entity::find().order_by_asc(recording::Column::Id).limit(limit);
        if let Some(after) = after {
            find = find.filter(recording::Column::Id.gt(after.0));
        }
        find.all(&self.db).await?.into_iter().map(TryInto::try_into).collect()
    }

    async fn recordings_where(
        &self,
        which: sea_orm::sea_query::SimpleExpr,
    ) -> Result<Vec<RecordingRecord>, StoreError> {
        let find = recording::Entity::find().filter(which).order_by_asc(recording::Column::Id);
        find.all(&self.db).await?.into_iter().map(TryInto::try_into).collect()
    }
}

/// States of recordings that are complete and there.
fn complete() -> [String; 2] {
    [RecordingState::Finished, RecordingState::Empty].map(|it| to_text(&it))
}
