use std::net::Ipv4Addr;

use super::{EffectiveSessionPolicy, Fault, SessionRecording, ShownAtStart, TrafficCapture, api_type};
use crate::helper_messages::ListenProblem;
use crate::stream::EndReason;
use crate::{ConnectionId, JumpItemId, SecretText, SessionEventId, SessionId, Timestamp, UserId};

/// Where a session stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum SessionState {
    /// The tab is open; *Protocol Tunneling* has not been pressed.
    Ready,
    /// A ticket was given out; helper and jumpoint are dialling.
    Connecting,
    /// Both links stand.
    Tunnelling,
    /// It is over.
    Ended,
}

/// Why a session ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum SessionEnd {
    /// Its user pressed *End session*.
    ByUser,
    /// An administrator ended it.
    ByAdministrator,
    /// Its user was disabled or removed.
    UserDisabled,
    /// Its user may not use the item any more.
    AccessRemoved,
    /// Its item was removed.
    ItemRemoved,
    /// Its jumpoint was disabled or removed, or its method switched off.
    JumpointDisabled,
    /// The helper's link ended: the browser was closed, or the workstation left the network.
    HelperGone,
    /// The jumpoint's link ended.
    JumpointGone,
    /// The helper did not call within the time.
    HelperDidNotCall,
    /// The jumpoint did not call within the time.
    JumpointDidNotCall,
    /// Nobody pressed *Protocol Tunneling* for a long time.
    NotUsed,
    /// Nothing went through it for as long as its session policy allows.
    Idle,
    /// Its session policy does not allow tunnels any more.
    NotAllowed,
    /// The appliance stopped.
    ApplianceStopped,
    /// A program broke the protocol.
    ProtocolError,
    /// The appliance could not write down that it started.
    NotAudited,
    /// The schedule of a policy closed.
    ScheduleClosed,
    /// The approval it rests on ran out.
    ApprovalEnded,
    /// The approval it rests on was taken back.
    ApprovalRevoked,
    /// The session that it joined is over.
    JoinedSessionOver,
    /// Its recording stopped and was not begun again in time.
    RecordingStopped,
    /// Its recording could not be stored.
    RecordingFailed,
    /// What went through it could not be captured.
    CaptureFailed,
    /// As much of it was captured as may be.
    CaptureFull,
}

impl SessionEnd {
    /// Each, with its stable name and in words, in the order in which forms show them.
    pub const ALL: [(Self, &'static str, &'static str); 24] = [
        (Self::ByUser, "by_user", "its user ended it"),
        (Self::ByAdministrator, "by_administrator", "an administrator ended it"),
        (Self::Idle, "idle", "nothing went through it"),
        (Self::ScheduleClosed, "schedule_closed", "its schedule closed"),
        (Self::ApprovalEnded, "approval_ended", "its approval ran out"),
        (Self::ApprovalRevoked, "approval_revoked", "its approval was taken back"),
        (Self::RecordingStopped, "recording_stopped", "its recording stopped"),
        (Self::RecordingFailed, "recording_failed", "its recording could not be stored"),
        (Self::CaptureFailed, "capture_failed", "what went through it could not be captured"),
        (Self::CaptureFull, "capture_full", "as much of it was captured as may be"),
        (Self::UserDisabled, "user_disabled", "its user was disabled"),
        (Self::AccessRemoved, "access_removed", "its user may not use the item any more"),
        (Self::ItemRemoved, "item_removed", "its item was removed"),
        (Self::JumpointDisabled, "jumpoint_disabled", "its jumpoint was disabled"),
        (Self::NotAllowed, "not_allowed", "its session policy does not allow it any more"),
        (Self::JoinedSessionOver, "joined_session_over", "the session that it joined was over"),
        (Self::HelperGone, "helper_gone", "its helper was gone"),
        (Self::JumpointGone, "jumpoint_gone", "its jumpoint was gone"),
        (Self::HelperDidNotCall, "helper_did_not_call", "its helper did not call"),
        (Self::JumpointDidNotCall, "jumpoint_did_not_call", "its jumpoint did not call"),
        (Self::NotUsed, "not_used", "nobody used it"),
        (Self::ApplianceStopped, "appliance_stopped", "the appliance stopped"),
        (Self::NotAudited, "not_audited", "it could not be audited"),
        (Self::ProtocolError, "protocol_error", "a program broke the protocol"),
    ];
}

/// Whose link of a session it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum LinkSide {
    /// The helper's.
    Helper,
    /// The jumpoint's.
    Jumpoint,
}

impl NewSession {
    /// *Jump* on an item, with nothing to show.
    #[must_use]
    pub fn of(item_id: JumpItemId) -> Self {
        Self { item_id, shown: ShownAtStart::default() }
    }
}

api_type! {
    /// `POST /api/sessions`: *Jump*.
    pub struct NewSession {
        /// The item to use.
        pub item_id: JumpItemId,
        /// What its policies ask for.
        #[serde(default)]
        pub shown: ShownAtStart,
    }

    /// A session as lists and tabs show it.
    pub struct Session {
        /// Its id.
        pub id: SessionId,
        /// The item, unless it was removed.
        pub item_id: Option<JumpItemId>,
        /// Name of the item when the session began.
        pub item_name: String,
        /// Who uses it.
        pub user_id: UserId,
        /// Their name.
        pub user_name: String,
        /// Target's host as defined when the session began.
        pub hostname: String,
        /// Name of the jumpoint.
        pub jumpoint_name: String,
        /// Host name of the node that serves it, once one does.
        pub node_hostname: Option<String>,
        /// Address the user's browser came from.
        pub user_address: String,
        /// Where it stands.
        pub state: SessionState,
        /// Why it ended.
        pub end: Option<SessionEnd>,
        /// Why it ended, in a sentence.
        pub end_message: Option<String>,
        /// When *Jump* was pressed.
        pub created_at: Timestamp,
        /// When both links first stood.
        pub tunnelling_at: Option<Timestamp>,
        /// When it ended.
        pub ended_at: Option<Timestamp>,
        /// Its tunnels.
        pub tunnels: Vec<Tunnel>,
        /// Bytes from the workstation to the targets.
        pub bytes_sent: u64,
        /// Bytes from the targets to the workstation.
        pub bytes_received: u64,
        /// Connections there ever were.
        pub connections_total: u64,
        /// Connections open now.
        pub connections_open: u32,
        /// A link was lost and is dialled again.
        pub reconnecting: Option<Reconnecting>,
        /// The ticket that was shown for it.
        #[serde(default)]
        pub ticket: Option<String>,
        /// When it has to end by policy.
        #[serde(default)]
        pub ends_at: Option<Timestamp>,
        /// Why, in a sentence.
        #[serde(default)]
        pub ends_because: Option<String>,
        /// What it may do, and which rule says so.
        #[serde(default)]
        pub policy: Option<EffectiveSessionPolicy>,
        /// The recording that it needs; none: it is not recorded.
        #[serde(default)]
        pub recording: Option<SessionRecording>,
        /// How what goes through its tunnels is captured; none: it is not.
        #[serde(default)]
        pub capture: Option<TrafficCapture>,
        /// The session that it joined: then this is one person's way into that one, and ends with it.
        #[serde(default)]
        pub joined: Option<Joined>,
        /// Everybody who is in it, the owner first, while they are several. Of a session that is over: everybody who was, where one
        /// session is asked for.
        #[serde(default)]
        pub participants: Vec<Participant>,
    }

    /// The session that another one joined.
    #[derive(Eq)]
    pub struct Joined {
        /// Its id.
        pub session_id: SessionId,
        /// Name of its owner: whoever began it.
        pub owner_name: String,
    }

    /// Somebody in a session of several people.
    #[derive(Eq)]
    pub struct Participant {
        /// Their own session: the joined one itself for its owner.
        pub session_id: SessionId,
        /// Who.
        pub user_id: UserId,
        /// Their name.
        pub user_name: String,
        /// Where their session stands.
        pub state: SessionState,
        /// Since when they are in.
        pub since: Timestamp,
        /// Until when they were.
        #[serde(default)]
        pub until: Option<Timestamp>,
    }

    /// `POST /api/sessions/{id}/end`. Nothing at all may be sent as well.
    #[derive(Default, Eq)]
    pub struct EndSession {
        /// Why, for the session's user, at most [`crate::limits::END_REASON_CHARS`] characters; may be empty.
        #[serde(default)]
        pub reason: String,
    }

    /// A session whose link was lost goes on when it comes back in time.
    #[derive(Copy, Eq)]
    pub struct Reconnecting {
        /// When the session ends for want of it.
        pub until: Timestamp,
        /// Whose link is waited for.
        pub waits_for: LinkSide,
    }

    /// One tunnel of a session.
    pub struct Tunnel {
        /// Its number in the session, from 0; what OPEN frames name.
        pub index: u16,
        /// Label of the definition.
        pub label: String,
        /// Address the item asks for.
        #[cfg_attr(feature = "openapi", schema(value_type = String))]
        pub wanted_address: Ipv4Addr,
        /// Port the item asks for; 0 = automatic.
        pub wanted_port: u16,
        /// Where the helper listens.
        pub listening: Option<Listening>,
        /// Why the helper does not listen.
        pub problem: Option<ListenProblem>,
        /// Target's port.
        pub remote_port: u16,
        /// Connections open now.
        pub connections_open: u32,
        /// Bytes from the workstation to the target.
        pub bytes_sent: u64,
        /// Bytes from the target to the workstation.
        pub bytes_received: u64,
    }

    /// An address the helper listens on.
    #[derive(Eq)]
    pub struct Listening {
        /// The address.
        #[cfg_attr(feature = "openapi", schema(value_type = String))]
        pub address: Ipv4Addr,
        /// The port.
        pub port: u16,
        /// Why it is not the address that was asked for (a workstation that answers 127.0.0.1 only).
        #[serde(default)]
        pub note: Option<String>,
    }

    /// Answer of `POST /api/sessions/{id}/ticket`: what the console hands to the helper.
    pub struct TunnelTicket {
        /// The session.
        pub session_id: SessionId,
        /// Good for one link, for [`crate::limits::TICKET_SECONDS`].
        pub ticket: SecretText,
        /// When it stops working.
        pub expires_at: Timestamp,
    }

    /// One TCP connection of a session.
    pub struct Connection {
        /// Its id.
        pub id: ConnectionId,
        /// Number of its tunnel.
        pub tunnel: u16,
        /// Address and port of the local program, `127.0.0.1:50000`.
        pub client_address: Option<String>,
        /// Name of the local program, where the system tells.
        pub client_program: Option<String>,
        /// When the local program connected.
        pub opened_at: Timestamp,
        /// Whether the target has answered.
        pub established: bool,
        /// When it ended.
        pub closed_at: Option<Timestamp>,
        /// Bytes from the workstation to the target.
        pub bytes_sent: u64,
        /// Bytes from the target to the workstation.
        pub bytes_received: u64,
        /// Why it ended.
        pub end: Option<EndReason>,
        /// Why it ended, in a sentence with what to do; empty for an ordinary end.
        #[serde(default)]
        pub end_message: String,
        /// Who has to act, when it failed.
        pub fault: Option<Fault>,
    }

    /// Something that happened in a session.
    pub struct SessionEvent {
        /// Its id.
        pub id: SessionEventId,
        /// When.
        pub at: Timestamp,
        /// A stable name, such as `helper_connected`.
        pub kind: String,
        /// A sentence.
        pub message: String,
        /// Who did it, if a person did.
        pub user_name: Option<String>,
    }

    /// `GET /api/sessions/{id}`.
    pub struct SessionDetails {
        /// The session.
        pub session: Session,
        /// Its newest connections, newest first, at most 200.
        pub connections: Vec<Connection>,
        /// Its events, oldest first.
        pub events: Vec<SessionEvent>,
        /// The last five minutes of statistics, one point a second, for a running session.
        pub statistics: Vec<Statistics>,
    }

    /// One point of a session's statistics.
    pub struct Statistics {
        /// When.
        pub at: Timestamp,
        /// Bytes from the workstation to the targets since the session began.
        pub bytes_sent: u64,
        /// Bytes from the targets to the workstation since the session began.
        pub bytes_received: u64,
        /// Round trip helper ⇄ appliance in microseconds.
        pub helper_round_trip_micros: Option<u64>,
        /// Round trip appliance ⇄ jumpoint in microseconds.
        pub jumpoint_round_trip_micros: Option<u64>,
    }

    /// Answer of `GET /api/sessions`.
    pub struct SessionPage {
        /// Newest first.
        pub sessions: Vec<Session>,
        /// To be given as `before` for the next page; none at the end.
        pub next: Option<SessionId>,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_of_ends_are_those_that_travel() {
        for (end, name, _) in SessionEnd::ALL {
            assert_eq!(serde_json::to_value(end).unwrap(), name);
        }
    }
}
