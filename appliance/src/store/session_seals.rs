//! One hash over all that is written down of a session, and which sessions have theirs in the audit trail.

use sea_orm::sea_query::{Expr, ExprTrait, Query};
use sea_orm::{ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use uuid::Uuid;
use wire::{SessionId, Timestamp};

use super::entities::review::session_seal;
use super::entities::{connection, session, session_event};
use super::{Store, StoreError};

/// Rows that are read at once.
const PAGE: u64 = 1_000;
/// Goes up with what is hashed, and how.
const VERSION: u32 = 1;

/// What the rows of a session come to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionHash {
    /// Over the session's row, its events and its connections, as the database has them.
    pub sha256: [u8; 32],
    /// How many events.
    pub events: u64,
    /// How many connections.
    pub connections: u64,
}

/// A session that is over and has no seal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToSeal {
    /// The session.
    pub id: SessionId,
    /// Its item's name.
    pub item_name: String,
    /// When it ended.
    pub ended_at: Timestamp,
}

/// A session as far as it takes to look for it in the audit trail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionRow {
    /// The session.
    pub id: SessionId,
    /// When *Jump* was pressed.
    pub created_at: Timestamp,
}

/// Adds a row: its columns as JSON, and the end of a line. Columns that may change after the end, and those that come later, are none
/// of it.
fn add(hash: &mut Sha256, columns: &Value) {
    hash.update(columns.to_string());
    hash.update(b"\n");
}

fn of_session(it: &session::Model) -> Value {
    json!([
        VERSION,
        it.id,
        it.item_name,
        it.user_id,
        it.user_name,
        it.hostname,
        it.jumpoint_id,
        it.jumpoint_name,
        it.node_hostname,
        it.user_address,
        it.state,
        it.end,
        it.end_message,
        it.created_at,
        it.tunnelling_at,
        it.ended_at,
        it.tunnels,
        it.bytes_sent,
        it.bytes_received,
        it.connections_total,
        it.approvals,
        it.ticket,
        it.joined_id,
        it.joined_owner,
        it.session_policy,
        it.recording,
        it.capture,
    ])
}

fn of_event(it: &session_event::Model) -> Value {
    json!([it.id, it.at, it.kind, it.message, it.user_name])
}

fn of_connection(it: &connection::Model) -> Value {
    json!([
        it.id,
        it.tunnel,
        it.client_address,
        it.client_program,
        it.opened_at,
        it.established,
        it.closed_at,
        it.bytes_sent,
        it.bytes_received,
        it.end,
        it.end_message,
        it.stream,
    ])
}

impl Store {
    /// What the rows of a session come to now; none when there is no such session.
    ///
    /// # Errors
    /// When the database fails, as everywhere in this file.
    pub async fn session_hash(&self, id: SessionId) -> Result<Option<SessionHash>, StoreError> {
        let Some(row) = session::Entity::find_by_id(id.0).one(&self.db).await? else { return Ok(None) };
        let mut hash = Sha256::new();
        add(&mut hash, &of_session(&row));
        let (mut events, mut connections, mut after) = (0, 0, Uuid::nil());
        loop {
            let find = session_event::Entity::find()
                .filter(session_event::Column::SessionId.eq(id.0))
                .filter(session_event::Column::Id.gt(after));
            let rows = find.order_by_asc(session_event::Column::Id).limit(PAGE).all(&self.db).await?;
            let Some(last) = rows.last() else { break };
            after = last.id;
            rows.iter().for_each(|it| add(&mut hash, &of_event(it)));
            events += rows.len() as u64;
        }
        after = Uuid::nil();
        loop {
            let find = connection::Entity::find()
                .filter(connection::Column::SessionId.eq(id.0))
                .filter(connection::Column::Id.gt(after));
            let rows = find.order_by_asc(connection::Column::Id).limit(PAGE).all(&self.db).await?;
            let Some(last) = rows.last() else { break };
            after = last.id;
            rows.iter().for_each(|it| add(&mut hash, &of_connection(it)));
            connections += rows.len() as u64;
        }
        Ok(Some(SessionHash { sha256: hash.finalize().into(), events, connections }))
    }

    /// Sessions without a seal that ended in this time, those that ended first in front; at most `limit`.
    ///
    /// # Errors
    /// See above.
    pub async fn sessions_to_seal(
        &self,
        from: Timestamp,
        before: Timestamp,
        limit: u64,
    ) -> Result<Vec<ToSeal>, StoreError> {
        let sealed = Query::select().column(session_seal::Column::SessionId).from(session_seal::Entity).to_owned();
        let rows: Vec<(Uuid, String, i64)> = session::Entity::find()
            .select_only()
            .column(session::Column::Id)
            .column(session::Column::ItemName)
            .column(session::Column::EndedAt)
            .filter(session::Column::EndedAt.gte(from.0))
            .filter(session::Column::EndedAt.lt(before.0))
            .filter(Expr::col(session::Column::Id).not_in_subquery(sealed))
            .order_by_asc(session::Column::EndedAt)
            .limit(limit)
            .into_tuple()
            .all(&self.db)
            .await?;
        let to_seal =
            |(id, item_name, ended_at)| ToSeal { id: SessionId(id), item_name, ended_at: Timestamp(ended_at) };
        Ok(rows.into_iter().map(to_seal).collect())
    }

    /// A session has its seal.
    ///
    /// # Errors
    /// See above.
    pub async fn insert_session_seal(&self, id: SessionId, at: Timestamp) -> Result<(), StoreError> {
        let row = session_seal::Model { session_id: id.0, at: at.0 };
        session_seal::Entity::insert(row.into_active_model()).exec_without_returning(&self.db).await?;
        Ok(())
    }

    /// Sessions in the order of their ids, behind one, at most `limit`.
    ///
    /// # Errors
    /// See above.
    pub async fn session_rows_after(
        &self,
        after: Option<SessionId>,
        limit: u64,
    ) -> Result<Vec<SessionRow>, StoreError> {
        let rows: Vec<(Uuid, i64)> = session::Entity::find()
            .select_only()
            .column(session::Column::Id)
            .column(session::Column::CreatedAt)
            .filter(session::Column::Id.gt(after.map_or(Uuid::nil(), |it| it.0)))
            .order_by_asc(session::Column::Id)
            .limit(limit)
            .into_tuple()
            .all(&self.db)
            .await?;
        let row = |(id, at)| SessionRow { id: SessionId(id), created_at: Timestamp(at) };
        Ok(rows.into_iter().map(row).collect())
    }
}
