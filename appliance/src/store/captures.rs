use std::collections::HashMap;

use sea_orm::sea_query::OnConflict;
use sea_orm::{ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect};
use wire::api::Connection;
use wire::{RecordingId, SessionId};

use super::entities::connection;
use super::entities::recordings::captured_connection;
use super::{Store, StoreError, count, from_text, signed, to_text};
use crate::capture::Found;

/// Rows in one statement.
const ROWS_A_STATEMENT: usize = 50;

impl TryFrom<captured_connection::Model> for Found {
    type Error = StoreError;

    fn try_from(row: captured_connection::Model) -> Result<Self, StoreError> {
        Ok(Self {
            stream: u32::try_from(row.stream).unwrap_or(u32::MAX),
            tunnel: u16::try_from(row.tunnel).unwrap_or(u16::MAX),
            opened_micros: row.opened_at,
            last_micros: row.last_at,
            starts: count(row.starts),
            ends: count(row.ends),
            bytes_sent: count(row.bytes_sent),
            bytes_received: count(row.bytes_received),
            protocol: from_text("captured_connection.protocol", &row.protocol)?,
        })
    }
}

fn row_of(recording: RecordingId, it: &Found) -> captured_connection::Model {
    captured_connection::Model {
        recording_id: recording.0,
        stream: it.stream.into(),
        tunnel: it.tunnel.into(),
        opened_at: it.opened_micros,
        last_at: it.last_micros,
        starts: signed(it.starts),
        ends: signed(it.ends),
        bytes_sent: signed(it.bytes_sent),
        bytes_received: signed(it.bytes_received),
        protocol: to_text(&it.protocol),
    }
}

impl Store {
    /// Keeps connections that a capture holds.
    ///
    /// # Errors
    /// When the database fails, as everywhere in this file.
    pub async fn insert_captured_connections(&self, id: RecordingId, found: &[Found]) -> Result<(), StoreError> {
        for some in found.chunks(ROWS_A_STATEMENT) {
            let rows = some.iter().map(|it| row_of(id, it).into_active_model());
            // A number that comes again, long after its connection was over, is listed once.
            let key = [captured_connection::Column::RecordingId, captured_connection::Column::Stream];
            captured_connection::Entity::insert_many(rows)
                .on_conflict(OnConflict::columns(key).do_nothing().to_owned())
                .exec_without_returning(&self.db)
                .await?;
        }
        Ok(())
    }

    /// Forgets the connections of a capture.
    ///
    /// # Errors
    /// See above.
    pub async fn delete_captured_connections(&self, id: RecordingId) -> Result<(), StoreError> {
        let delete =
            captured_connection::Entity::delete_many().filter(captured_connection::Column::RecordingId.eq(id.0));
        delete.exec(&self.db).await?;
        Ok(())
    }

    /// Connections of a capture in the order in which they opened, at most `limit`, after the one with this number.
    ///
    /// # Errors
    /// See above.
    pub async fn captured_connections(
        &self,
        id: RecordingId,
        after: Option<u32>,
        limit: u64,
    ) -> Result<Vec<Found>, StoreError> {
        let mut find = captured_connection::Entity::find()
            .filter(captured_connection::Column::RecordingId.eq(id.0))
            .order_by_asc(captured_connection::Column::Stream)
            .limit(limit);
        if let Some(after) = after {
            find = find.filter(captured_connection::Column::Stream.gt(i64::from(after)));
        }
        find.all(&self.db).await?.into_iter().map(TryInto::try_into).collect()
    }

    /// One connection of a capture.
    ///
    /// # Errors
    /// See above.
    pub async fn captured_connection(&self, id: RecordingId, stream: u32) -> Result<Option<Found>, StoreError> {
        let find = captured_connection::Entity::find_by_id((id.0, i64::from(stream)));
        find.one(&self.db).await?.map(TryInto::try_into).transpose()
    }

    /// What is kept of a session's connections with these streams.
    ///
    /// # Errors
    /// See above.
    pub async fn connections_by_stream(
        &self,
        session: SessionId,
        streams: &[u32],
    ) -> Result<HashMap<u32, Connection>, StoreError> {
        let find = connection::Entity::find()
            .filter(connection::Column::SessionId.eq(session.0))
            .filter(connection::Column::Stream.is_in(streams.iter().map(|it| i64::from(*it))));
        let mut found = HashMap::new();
        for row in find.all(&self.db).await? {
            if let Some(stream) = row.stream.and_then(|it| u32::try_from(it).ok()) {
                found.insert(stream, row.try_into()?);
            }
        }
        Ok(found)
    }
}
