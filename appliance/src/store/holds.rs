use sea_orm::sea_query::{ExprTrait, Query, SelectStatement};
use sea_orm::{ColumnTrait, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter, QuerySelect};
use wire::api::{LegalHold, SessionState};
use wire::{SessionId, Timestamp};

use super::entities::recordings::legal_hold;
use super::entities::session;
use super::{Store, StoreError, to_text};

/// Ids of the sessions under a legal hold.
pub(super) fn held_sessions() -> SelectStatement {
    Query::select().column(legal_hold::Column::SessionId).from(legal_hold::Entity).to_owned()
}

impl Store {
    /// The legal hold of a session.
    ///
    /// # Errors
    /// When the database fails, as everywhere in this file.
    pub async fn legal_hold(&self, session: SessionId) -> Result<Option<LegalHold>, StoreError> {
        let row = legal_hold::Entity::find_by_id(session.0).one(&self.db).await?;
        Ok(row.map(|row| LegalHold { reason: row.reason, set_by: row.set_by, set_at: Timestamp(row.set_at) }))
    }

    /// Puts a session under a legal hold.
    ///
    /// # Errors
    /// [`StoreError::Duplicate`] when it is under one, [`StoreError::Dependent`] when there is no such session.
    pub async fn insert_legal_hold(&self, session: SessionId, it: &LegalHold) -> Result<(), StoreError> {
        let row = legal_hold::Model {
            session_id: session.0,
            reason: it.reason.clone(),
            set_by: it.set_by.clone(),
            set_at: it.set_at.0,
        };
        legal_hold::Entity::insert(row.into_active_model()).exec_without_returning(&self.db).await?;
        Ok(())
    }

    /// Lifts the legal hold of a session.
    ///
    /// # Errors
    /// See above.
    pub async fn delete_legal_hold(&self, session: SessionId) -> Result<(), StoreError> {
        legal_hold::Entity::delete_by_id(session.0).exec(&self.db).await?;
        Ok(())
    }

    /// Whether a session is under a legal hold, or joined one that is: what was done in it belongs to that one.
    ///
    /// # Errors
    /// See above.
    pub async fn is_held(&self, session: SessionId) -> Result<bool, StoreError> {
        let found = session::Entity::find_by_id(session.0)
            .filter(
                session::Column::Id
                    .in_subquery(held_sessions())
                    .or(session::Column::JoinedId.in_subquery(held_sessions())),
            )
            .count(&self.db)
            .await?;
        Ok(found > 0)
    }

    /// Sessions of which no recording may be deleted: those under a legal hold, those that joined one of them, and those that are
    /// not over.
    ///
    /// # Errors
    /// See above.
    pub async fn protected_sessions(&self) -> Result<Vec<SessionId>, StoreError> {
        let find = session::Entity::find().select_only().column(session::Column::Id).filter(
            session::Column::Id
                .in_subquery(held_sessions())
                .or(session::Column::JoinedId.in_subquery(held_sessions()))
                .or(session::Column::State.ne(to_text(&SessionState::Ended))),
        );
        let ids: Vec<uuid::Uuid> = find.into_tuple().all(&self.db).await?;
        Ok(ids.into_iter().map(SessionId).collect())
    }
}
