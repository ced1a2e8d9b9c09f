//! One session for those who review it: its events and connections some at a time, what went on when, notes and the mark.

use std::collections::HashMap;

use sea_orm::sea_query::{Alias, Expr, ExprTrait, Func, OnConflict};
use sea_orm::{
    ActiveValue, ColumnTrait, Condition, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter, QueryOrder,
    QuerySelect,
};
use uuid::Uuid;
use wire::api::{Connection, RecordingState, ReviewMark, SessionEvent, SessionNote};
use wire::{SessionId, SessionNoteId, Timestamp, UserId};

use super::entities::recordings::recording;
use super::entities::review::{session_note, session_review};
use super::entities::{connection, session, session_event};
use super::sessions::event;
use super::text::contains;
use super::{Store, StoreError, Whose, count, to_text};

/// A reviewer's note with its session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionNoteRecord {
    /// The session.
    pub session_id: SessionId,
    /// The note.
    pub note: SessionNote,
}

/// Connections that were open from one stretch of a session to another, together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stretches {
    /// The first stretch.
    pub first: i64,
    /// The last one.
    pub last: i64,
    /// How many connections.
    pub connections: u64,
    /// Bytes to the targets.
    pub sent: u64,
    /// Bytes from the targets.
    pub received: u64,
}

impl From<session_note::Model> for SessionNoteRecord {
    fn from(row: session_note::Model) -> Self {
        Self {
            session_id: SessionId(row.session_id),
            note: SessionNote {
                id: SessionNoteId(row.id),
                at: Timestamp(row.at),
                text: row.text,
                author_id: UserId(row.author_id),
                author_name: row.author_name,
                written_at: Timestamp(row.written_at),
                edited_at: row.edited_at.map(Timestamp),
            },
        }
    }
}

fn note_row(SessionNoteRecord { session_id, note: it }: &SessionNoteRecord) -> session_note::Model {
    session_note::Model {
        id: it.id.0,
        session_id: session_id.0,
        at: it.at.0,
        text: it.text.clone(),
        author_id: it.author_id.0,
        author_name: it.author_name.clone(),
        written_at: it.written_at.0,
        edited_at: it.edited_at.map(|at| at.0),
    }
}

fn mark(row: session_review::Model) -> (SessionId, ReviewMark) {
    let mark = ReviewMark { at: Timestamp(row.at), user_id: UserId(row.user_id), user_name: row.user_name };
    (SessionId(row.session_id), mark)
}

fn events_of(session: SessionId, text: &str) -> Condition {
    use session_event::Column;
    let of_it = Condition::all().add(Column::SessionId.eq(session.0));
    if text.is_empty() {
        return of_it;
    }
    of_it.add(contains([Column::Message, Column::Kind, Column::UserName], text))
}

/// Names by id, the names sorted.
fn named(rows: Vec<(Option<Uuid>, Option<String>)>) -> Vec<(Uuid, String)> {
    let mut all: Vec<(Uuid, String)> = rows.into_iter().filter_map(|(id, name)| Some((id?, name?))).collect();
    all.sort_by(|a, b| a.1.cmp(&b.1));
    all
}

impl Store {
    /// People and items that occur in these sessions, each by name.
    ///
    /// # Errors
    /// When the database fails, as everywhere in this file.
    pub async fn in_sessions(&self, whose: &Whose) -> Result<[Vec<(Uuid, String)>; 2], StoreError> {
        use session::Column;
        let by = |id: Column, name: Column| {
            session::Entity::find()
                .select_only()
                .column(id)
                .expr(name.max())
                .filter(whose.condition())
                .group_by(id)
                .into_tuple::<(Option<Uuid>, Option<String>)>()
        };
        let users = by(Column::UserId, Column::UserName).all(&self.db).await?;
        let items = by(Column::ItemId, Column::ItemName).all(&self.db).await?;
        Ok([named(users), named(items)])
    }

    /// Groups that occur in these sessions.
    ///
    /// # Errors
    /// See above.
    pub async fn groups_in_sessions(&self, whose: &Whose) -> Result<Vec<Uuid>, StoreError> {
        let find = session::Entity::find().select_only().column(session::Column::GroupId).filter(whose.condition());
        let ids: Vec<Option<Uuid>> = find.group_by(session::Column::GroupId).into_tuple().all(&self.db).await?;
        Ok(ids.into_iter().flatten().collect())
    }

    /// How many events of a session fit; with a moment, only those up to it.
    ///
    /// # Errors
    /// See above.
    pub async fn count_session_events(
        &self,
        session: SessionId,
        text: &str,
        until: Option<Timestamp>,
    ) -> Result<u64, StoreError> {
        let mut which = events_of(session, text);
        if let Some(until) = until {
            which = which.add(session_event::Column::At.lte(until.0));
        }
        Ok(session_event::Entity::find().filter(which).count(&self.db).await?)
    }

    /// Some events of a session that fit, in the order of time.
    ///
    /// # Errors
    /// See above.
    pub async fn some_session_events(
        &self,
        session: SessionId,
        text: &str,
        first: u64,
        limit: u64,
    ) -> Result<Vec<SessionEvent>, StoreError> {
        let rows = session_event::Entity::find()
            .filter(events_of(session, text))
            .order_by_asc(session_event::Column::At)
            .order_by_asc(session_event::Column::Id)
            .offset(first)
            .limit(limit)
            .all(&self.db)
            .await?;
        Ok(rows.into_iter().map(event).collect())
    }

    /// How many connections a session had; with a moment, only those opened up to it.
    ///
    /// # Errors
    /// See above.
    pub async fn count_connections(&self, session: SessionId, until: Option<Timestamp>) -> Result<u64, StoreError> {
        let mut find = connection::Entity::find().filter(connection::Column::SessionId.eq(session.0));
        if let Some(until) = until {
            find = find.filter(connection::Column::OpenedAt.lte(until.0));
        }
        Ok(find.count(&self.db).await?)
    }

    /// Some connections of a session, in the order in which they were opened.
    ///
    /// # Errors
    /// See above.
    pub async fn some_connections(
        &self,
        session: SessionId,
        first: u64,
        limit: u64,
    ) -> Result<Vec<Connection>, StoreError> {
        let rows = connection::Entity::find()
            .filter(connection::Column::SessionId.eq(session.0))
            .order_by_asc(connection::Column::OpenedAt)
            .order_by_asc(connection::Column::Id)
            .offset(first)
            .limit(limit)
            .all(&self.db)
            .await?;
        rows.into_iter().map(TryInto::try_into).collect()
    }

    /// How many events of a session are in which stretch of this length, counted from a moment.
    ///
    /// # Errors
    /// See above.
    pub async fn event_stretches(
        &self,
        session: SessionId,
        from: Timestamp,
        stretch_millis: i64,
    ) -> Result<Vec<(i64, u64)>, StoreError> {
        use session_event::Column;
        let rows: Vec<(i64, i64)> = session_event::Entity::find()
            .select_only()
            .expr_as(Expr::col(Column::At).sub(from.0).div(stretch_millis), "stretch")
            .expr(Column::Id.count())
            .filter(Column::SessionId.eq(session.0))
            .group_by(Expr::col(Alias::new("stretch")))
            .into_tuple()
            .all(&self.db)
            .await?;
        Ok(rows.into_iter().map(|(stretch, events)| (stretch, count(events))).collect())
    }

    /// Between which stretches of this length, counted from a moment, connections of a session were open, and what they carried.
    /// Those that are open are so until now.
    ///
    /// # Errors
    /// See above.
    pub async fn connection_stretches(
        &self,
        session: SessionId,
        from: Timestamp,
        now: Timestamp,
        stretch_millis: i64,
    ) -> Result<Vec<Stretches>, StoreError> {
        use connection::Column;
        let stretch = |at: sea_orm::sea_query::SimpleExpr| at.sub(from.0).div(stretch_millis);
        let closed = Expr::expr(Func::coalesce([Expr::col(Column::ClosedAt), Expr::value(now.0)]));
        let (first, last) = ("first_stretch", "last_stretch");
        let sum = |column: Column| column.sum().cast_as("bigint");
        let rows: Vec<(i64, i64, i64, i64, i64)> = connection::Entity::find()
            .select_only()
            .expr_as(stretch(Expr::col(Column::OpenedAt)), first)
            .expr_as(stretch(closed), last)
            .expr(Column::Id.count())
            .expr(sum(Column::BytesSent))
            .expr(sum(Column::BytesReceived))
            .filter(Column::SessionId.eq(session.0))
            .group_by(Expr::col(Alias::new(first)))
            .group_by(Expr::col(Alias::new(last)))
            .into_tuple()
            .all(&self.db)
            .await?;
        let stretches = |(first, last, connections, sent, received)| Stretches {
            first,
            last,
            connections: count(connections),
            sent: count(sent),
            received: count(received),
        };
        Ok(rows.into_iter().map(stretches).collect())
    }

    /// How many recordings of which something arrived, and is still there, there are of which sessions.
    ///
    /// # Errors
    /// See above.
    pub async fn recordings_counted(&self, sessions: &[SessionId]) -> Result<HashMap<SessionId, u64>, StoreError> {
        use recording::Column;
        let rows: Vec<(Uuid, i64)> = recording::Entity::find()
            .select_only()
            .column(Column::SessionId)
            .expr(Column::Id.count())
            .filter(Column::SessionId.is_in(sessions.iter().map(|it| it.0)))
            .filter(Column::State.is_not_in([RecordingState::Empty, RecordingState::Deleted].map(|it| to_text(&it))))
            .group_by(Column::SessionId)
            .into_tuple()
            .all(&self.db)
            .await?;
        Ok(rows.into_iter().map(|(id, number)| (SessionId(id), count(number))).collect())
    }

    /// How many notes there are on which sessions.
    ///
    /// # Errors
    /// See above.
    pub async fn notes_counted(&self, sessions: &[SessionId]) -> Result<HashMap<SessionId, u64>, StoreError> {
        use session_note::Column;
        let rows: Vec<(Uuid, i64)> = session_note::Entity::find()
            .select_only()
            .column(Column::SessionId)
            .expr(Column::Id.count())
            .filter(Column::SessionId.is_in(sessions.iter().map(|it| it.0)))
            .group_by(Column::SessionId)
            .into_tuple()
            .all(&self.db)
            .await?;
        Ok(rows.into_iter().map(|(id, number)| (SessionId(id), count(number))).collect())
    }

    /// Notes on a session, in the order of the moments.
    ///
    /// # Errors
    /// See above.
    pub async fn session_notes(&self, session: SessionId) -> Result<Vec<SessionNote>, StoreError> {
        let rows = session_note::Entity::find()
            .filter(session_note::Column::SessionId.eq(session.0))
            .order_by_asc(session_note::Column::At)
            .order_by_asc(session_note::Column::Id)
            .all(&self.db)
            .await?;
        Ok(rows.into_iter().map(|row| SessionNoteRecord::from(row).note).collect())
    }

    /// A note.
    ///
    /// # Errors
    /// See above.
    pub async fn session_note(&self, id: SessionNoteId) -> Result<Option<SessionNoteRecord>, StoreError> {
        Ok(session_note::Entity::find_by_id(id.0).one(&self.db).await?.map(Into::into))
    }

    /// Keeps a new note.
    ///
    /// # Errors
    /// [`StoreError::Dependent`] when the session is gone.
    pub async fn insert_session_note(&self, it: &SessionNoteRecord) -> Result<(), StoreError> {
        session_note::Entity::insert(note_row(it).into_active_model()).exec_without_returning(&self.db).await?;
        Ok(())
    }

    /// Writes a note. False when there is none.
    ///
    /// # Errors
    /// See above.
    pub async fn update_session_note(&self, it: &SessionNote) -> Result<bool, StoreError> {
        let row = session_note::ActiveModel {
            at: ActiveValue::Set(it.at.0),
            text: ActiveValue::Set(it.text.clone()),
            edited_at: ActiveValue::Set(it.edited_at.map(|at| at.0)),
            ..Default::default()
        };
        let update = session_note::Entity::update_many().set(row).filter(session_note::Column::Id.eq(it.id.0));
        Ok(update.exec(&self.db).await?.rows_affected > 0)
    }

    /// Forgets a note. False when there is none.
    ///
    /// # Errors
    /// See above.
    pub async fn delete_session_note(&self, id: SessionNoteId) -> Result<bool, StoreError> {
        Ok(session_note::Entity::delete_by_id(id.0).exec(&self.db).await?.rows_affected > 0)
    }

    /// Who has reviewed which of these sessions.
    ///
    /// # Errors
    /// See above.
    pub async fn review_marks(&self, sessions: &[SessionId]) -> Result<HashMap<SessionId, ReviewMark>, StoreError> {
        let these = session_review::Column::SessionId.is_in(sessions.iter().map(|it| it.0));
        let rows = session_review::Entity::find().filter(these).all(&self.db).await?;
        Ok(rows.into_iter().map(mark).collect())
    }

    /// Marks a session as reviewed, by whoever did that last.
    ///
    /// # Errors
    /// [`StoreError::Dependent`] when the session is gone.
    pub async fn mark_reviewed(&self, session: SessionId, it: &ReviewMark) -> Result<(), StoreError> {
        use session_review::Column;
        let row = session_review::Model {
            session_id: session.0,
            at: it.at.0,
            user_id: it.user_id.0,
            user_name: it.user_name.clone(),
        };
        let there = OnConflict::column(Column::SessionId)
            .update_columns([Column::At, Column::UserId, Column::UserName])
            .to_owned();
        session_review::Entity::insert(row.into_active_model())
            .on_conflict(there)
            .exec_without_returning(&self.db)
            .await?;
        Ok(())
    }

    /// Takes the mark away. False when there is none.
    ///
    /// # Errors
    /// See above.
    pub async fn unmark_reviewed(&self, session: SessionId) -> Result<bool, StoreError> {
        Ok(session_review::Entity::delete_by_id(session.0).exec(&self.db).await?.rows_affected > 0)
    }
}
