use sea_orm::sea_query::{Expr, ExprTrait, OnConflict};
use sea_orm::{
    ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect, QueryTrait, UpdateMany,
};
use wire::api::{Connection, SessionState};
use wire::stream::EndReason;
use wire::{ConnectionId, SessionId, Timestamp};

use super::entities::{connection, session};
use super::{Store, StoreError, count, from_text, signed, to_text};

/// A connection of a session.
#[derive(Clone, Debug, PartialEq)]
pub struct ConnectionRecord {
    /// The session.
    pub session_id: SessionId,
    /// The connection.
    pub connection: Connection,
    /// Number of its stream in the session; none when it never was one.
    pub stream: Option<u32>,
}

/// The connections that a session has had so far.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ConnectionsSoFar {
    /// The open ones, with the numbers of their streams.
    pub open: Vec<(u32, Connection)>,
    /// Of the ended ones that were a stream the newest, the newest last.
    pub ended: Vec<(u32, Connection)>,
    /// What all of them carried, by tunnel.
    pub sums: Vec<TunnelSum>,
}

/// What the connections of one tunnel carried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TunnelSum {
    /// Number of the tunnel.
    pub tunnel: u16,
    /// Bytes from the workstation to the target.
    pub bytes_sent: u64,
    /// Bytes from the target to the workstation.
    pub bytes_received: u64,
    /// How many there are.
    pub connections: u64,
}

/// Rows in one statement. Few, because a thread that carries bytes makes the statement: those wait meanwhile. (SQLite would
/// allow 2,520 of thirteen values, <https://www.sqlite.org/limits.html>.)
const ROWS_A_STATEMENT: usize = 8;

impl TryFrom<connection::Model> for Connection {
    type Error = StoreError;

    fn try_from(row: connection::Model) -> Result<Self, StoreError> {
        let end = row.end.map(|end| from_text::<EndReason>("connection.end", &end)).transpose()?;
        Ok(Self {
            id: ConnectionId(row.id),
            tunnel: u16::try_from(row.tunnel).unwrap_or(u16::MAX),
            client_address: row.client_address,
            client_program: row.client_program,
            opened_at: Timestamp(row.opened_at),
            established: row.established,
            closed_at: row.closed_at.map(Timestamp),
            bytes_sent: count(row.bytes_sent),
            bytes_received: count(row.bytes_received),
            end,
            end_message: row.end_message,
            fault: end.and_then(EndReason::fault),
        })
    }
}

fn row_of(it: &ConnectionRecord) -> connection::Model {
    let ConnectionRecord { session_id, connection: it, stream } = it;
    connection::Model {
        id: it.id.0,
        session_id: session_id.0,
        tunnel: i32::from(it.tunnel),
        client_address: it.client_address.clone(),
        client_program: it.client_program.clone(),
        opened_at: it.opened_at.0,
        established: it.established,
        closed_at: it.closed_at.map(|at| at.0),
        bytes_sent: signed(it.bytes_sent),
        bytes_received: signed(it.bytes_received),
        end: it.end.as_ref().map(to_text),
        end_message: it.end_message.clone(),
        stream: stream.map(i64::from),
    }
}

fn with_streams(rows: Vec<connection::Model>) -> Result<Vec<(u32, Connection)>, StoreError> {
    let known = rows.into_iter().filter_map(|row| Some((row.stream.and_then(|it| u32::try_from(it).ok())?, row)));
    known.map(|(stream, row)| Ok((stream, row.try_into()?))).collect()
}

fn close_open(at: Timestamp) -> UpdateMany<connection::Entity> {
    connection::Entity::update_many()
        .col_expr(connection::Column::ClosedAt, Expr::value(at.0))
        .col_expr(connection::Column::End, Expr::value(to_text(&EndReason::SessionEnded)))
        .filter(connection::Column::ClosedAt.is_null())
}

impl Store {
    /// Writes connections, new ones and changed ones, each once, all or nothing.
    ///
    /// # Errors
    /// When the database fails, as everywhere in this file.
    pub async fn save_connections(&self, records: &[ConnectionRecord]) -> Result<(), StoreError> {
        use connection::Column;
        let changes = [
            Column::ClientAddress,
            Column::ClientProgram,
            Column::Established,
            Column::ClosedAt,
            Column::BytesSent,
            Column::BytesReceived,
            Column::End,
            Column::EndMessage,
        ];
        let transaction = self.db.begin().await?;
        for records in records.chunks(ROWS_A_STATEMENT) {
            connection::Entity::insert_many(records.iter().map(|it| row_of(it).into_active_model()))
                .on_conflict(OnConflict::column(Column::Id).update_columns(changes).to_owned())
                .exec_without_returning(&transaction)
                .await?;
        }
        Ok(transaction.commit().await?)
    }

    /// The newest connections of a session, newest first.
    ///
    /// # Errors
    /// See above.
    pub async fn newest_connections(&self, session: SessionId, limit: u64) -> Result<Vec<Connection>, StoreError> {
        let rows = connection::Entity::find()
            .filter(connection::Column::SessionId.eq(session.0))
            .order_by_desc(connection::Column::Id)
            .limit(limit)
            .all(&self.db)
            .await?;
        rows.into_iter().map(TryInto::try_into).collect()
    }

    /// The connections that a session has had so far; of the ended ones the newest, at most `ended`.
    ///
    /// # Errors
    /// See above.
    pub async fn connections_so_far(&self, session: SessionId, ended: usize) -> Result<ConnectionsSoFar, StoreError> {
        use connection::Column;
        let of_it = || connection::Entity::find().filter(Column::SessionId.eq(session.0));
        let open = of_it().filter(Column::ClosedAt.is_null()).order_by_asc(Column::Id).all(&self.db).await?;
        let mut ended = of_it()
            .filter(Column::ClosedAt.is_not_null())
            .filter(Column::Stream.is_not_null())
            .order_by_desc(Column::ClosedAt)
            .order_by_desc(Column::Id)
            .limit(ended as u64)
            .all(&self.db)
            .await?;
        ended.reverse();
        // The sum of what fits is as wide as its columns; PostgreSQL would make it wider.
        let sum = |column: Column| column.sum().cast_as("bigint");
        let sums: Vec<(i32, i64, i64, i64)> = of_it()
            .select_only()
            .column(Column::Tunnel)
            .expr(sum(Column::BytesSent))
            .expr(sum(Column::BytesReceived))
            .expr(Column::Id.count())
            .group_by(Column::Tunnel)
            .into_tuple()
            .all(&self.db)
            .await?;
        let sum = |(tunnel, sent, received, connections)| TunnelSum {
            tunnel: u16::try_from(tunnel).unwrap_or(u16::MAX),
            bytes_sent: count(sent),
            bytes_received: count(received),
            connections: count(connections),
        };
        Ok(ConnectionsSoFar {
            open: with_streams(open)?,
            ended: with_streams(ended)?,
            sums: sums.into_iter().map(sum).collect(),
        })
    }

    /// Ends every connection row of a session that is still open: the appliance died before it could.
    ///
    /// # Errors
    /// See above.
    pub async fn close_connections_of(&self, session: SessionId, at: Timestamp) -> Result<(), StoreError> {
        close_open(at).filter(connection::Column::SessionId.eq(session.0)).exec(&self.db).await?;
        Ok(())
    }

    /// Ends every connection row that is still open although its session is over: its end could not be written.
    ///
    /// # Errors
    /// See above.
    pub async fn close_connections_of_ended_sessions(&self, at: Timestamp) -> Result<(), StoreError> {
        let ended = session::Entity::find()
            .select_only()
            .column(session::Column::Id)
            .filter(session::Column::State.eq(to_text(&SessionState::Ended)))
            .into_query();
        close_open(at).filter(connection::Column::SessionId.in_subquery(ended)).exec(&self.db).await?;
        Ok(())
    }
}
