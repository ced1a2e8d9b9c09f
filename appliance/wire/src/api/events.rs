use super::{Connection, Session, SessionEvent, Statistics};
use crate::{ConnectionId, SessionId};

/// What the event socket `GET /api/events` carries to the console, as JSON text.
///
/// A console that connects gets [`ConsoleEvent::Hello`] first and then loads what it shows; every later event says
/// what changed. After a lost socket it loads again: events are not kept.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ConsoleEvent {
    /// The socket stands.
    Hello {
        /// Version of the appliance: when it differs from the page's, the page has to be loaded again.
        appliance_version: String,
        /// Another value after each start of the appliance.
        boot_id: String,
    },
    /// A session appeared or changed.
    SessionChanged {
        /// As it is now.
        session: Box<Session>,
    },
    /// What moves in a running session, once a second while something does, and at once when a connection opens or ends.
    SessionLive {
        /// The session.
        session_id: SessionId,
        /// The newest point.
        statistics: Statistics,
        /// The tunnels' counts: (number, open connections, bytes sent, bytes received).
        tunnels: Vec<(u16, u32, u64, u64)>,
        /// Connections that opened, ended or moved bytes since the last event, at most 300.
        connections: Vec<Connection>,
    },
    /// Something happened in a session.
    SessionEvent {
        /// The session.
        session_id: SessionId,
        /// What.
        event: SessionEvent,
    },
    /// A connection could not be made; the console shows it where the person looks.
    ConnectionRefused {
        /// The session.
        session_id: SessionId,
        /// The connection.
        connection_id: ConnectionId,
        /// Number of the tunnel.
        tunnel: u16,
        /// A sentence with what to do.
        message: String,
    },
    /// Items or groups changed: load them again.
    ItemsChanged,
    /// Jumpoints changed, came or went: load them again; items' states change with them.
    JumpointsChanged,
    /// Teams, roles or memberships changed (administrators only).
    AccessChanged,
    /// Requests for approval came, or were decided: load them again.
    ApprovalsChanged,
    /// A recording of this session is complete (administrators only).
    RecordingsChanged {
        /// The session.
        session_id: SessionId,
    },
    /// How the appliance stands changed: load it again (administrators only).
    HealthChanged,
    /// Users changed (administrators only).
    UsersChanged,
    /// The appliance is about to stop.
    Stopping {
        /// Seconds until it does.
        in_seconds: u32,
    },
    /// This browser was signed out; the socket closes next.
    SignedOut {
        /// Why, in a sentence.
        message: String,
    },
    /// Events were dropped because this console was too slow: load everything again.
    Lagged,
}
