//! Values the tests of this folder share.

use uuid::Uuid;
use wire::api::{
    Connection, ItemStatus, JumpItem, Recording, RecordingKind, RecordingState, Role, Session, SessionState,
    Statistics, Tunnel, TunnelDefinition, TunnelJumpDraft, User,
};
use wire::{ConnectionId, JumpGroupId, JumpItemId, JumpointId, RecordingId, SessionId, Timestamp, UserId};

/// A number as an id, so that tests can name things by number.
pub(crate) fn number(number: u128) -> Uuid {
    Uuid::from_u128(number)
}

/// An item with this name; the name makes its id.
pub(crate) fn item(name: &str) -> JumpItem {
    let id = name.bytes().fold(7, |sum, byte| sum * 256 + u128::from(byte));
    JumpItem {
        id: JumpItemId(number(id)),
        definition: TunnelJumpDraft {
            name: name.into(),
            jumpoint_id: JumpointId(number(1)),
            group_id: JumpGroupId(number(1)),
            hostname: "10.0.0.5".into(),
            local_address: "127.0.0.1".into(),
            tunnels: vec![TunnelDefinition { local_port: 5432, remote_port: 5432, label: String::new() }],
            tag: None,
            comments: String::new(),
            jump_policy_id: None,
            session_policy_id: None,
            credentials: None,
            revision: 0,
        },
        policies: Vec::new(),
        session_policy_name: None,
        credential_names: Vec::new(),
        credentials_left: Vec::new(),
        jumpoint_name: "ams-1".into(),
        group_name: "Production".into(),
        status: ItemStatus::Ready,
        last_used_at: None,
        favourite: false,
        used_by_you_at: None,
        running_sessions: Vec::new(),
        created_at: Timestamp(0),
        updated_at: Timestamp(0),
    }
}

/// A session with this number, of the user with number 1, with one tunnel.
pub(crate) fn session(id: u128, state: SessionState) -> Session {
    Session {
        id: SessionId(number(id)),
        item_id: None,
        item_name: "db-prod-1".into(),
        user_id: UserId(number(1)),
        user_name: "ana".into(),
        hostname: "10.0.0.5".into(),
        jumpoint_name: "ams-1".into(),
        node_hostname: None,
        user_address: "192.0.2.1".into(),
        state,
        end: None,
        end_message: None,
        created_at: Timestamp(0),
        tunnelling_at: None,
        ended_at: None,
        tunnels: vec![Tunnel {
            index: 0,
            label: String::new(),
            wanted_address: std::net::Ipv4Addr::LOCALHOST,
            wanted_port: 5432,
            listening: None,
            problem: None,
            remote_port: 5432,
            connections_open: 0,
            bytes_sent: 0,
            bytes_received: 0,
        }],
        bytes_sent: 0,
        bytes_received: 0,
        connections_total: 0,
        connections_open: 0,
        reconnecting: None,
        recording: None,
        capture: None,
        ticket: None,
        ends_at: None,
        ends_because: None,
        joined: None,
        participants: Vec::new(),
        policy: None,
    }
}

/// A connection with this number, opened at this second.
pub(crate) fn connection(id: u128, second: i64) -> Connection {
    Connection {
        id: ConnectionId(number(id)),
        tunnel: 0,
        client_address: None,
        client_program: None,
        opened_at: Timestamp(second * 1000),
        established: true,
        closed_at: None,
        bytes_sent: 0,
        bytes_received: 0,
        end: None,
        end_message: String::new(),
        fault: None,
    }
}

/// A point of statistics at this second.
pub(crate) fn point(second: i64, bytes_sent: u64, bytes_received: u64) -> Statistics {
    Statistics {
        at: Timestamp(second * 1000),
        bytes_sent,
        bytes_received,
        helper_round_trip_micros: None,
        jumpoint_round_trip_micros: None,
    }
}

/// The user with this number.
pub(crate) fn user(id: u128, role: Role) -> User {
    User {
        methods: Vec::new(),
        default_role_id: None,
        personal_role_id: None,
        session_policy_id: None,
        id: UserId(number(id)),
        user_name: "ana".into(),
        display_name: "Ana".into(),
        email: None,
        role,
        enabled: true,
        locked_until: None,
        has_password: true,
        second_factor: false,
        created_at: Timestamp(0),
        last_sign_in_at: None,
        revision: 0,
    }
}

/// A complete recording with this number, from a moment on, of so many seconds.
pub(crate) fn recording(id: u128, started_at: i64, seconds: u64) -> Recording {
    Recording {
        id: RecordingId(number(id)),
        session_id: SessionId(number(1)),
        kind: RecordingKind::Desktop,
        label: String::new(),
        state: RecordingState::Finished,
        started_at: Timestamp(started_at),
        ended_at: None,
        duration_millis: seconds * 1_000,
        width: 1920,
        height: 1080,
        bytes: 7,
        sha256: None,
        deletion: None,
    }
}
