//! Why a connection ended.

use serde::{Deserialize, Serialize};

use crate::api::Fault;

/// Why a connection ended. The number is what a RESET frame carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
#[repr(u16)]
pub enum EndReason {
    /// Both ends finished in order. Never in a RESET.
    Finished = 0,
    /// The local program reset the connection.
    ResetByClient = 1,
    /// The remote system reset the connection.
    ResetByTarget = 2,
    /// The remote system refused: nothing listens on the port.
    Refused = 3,
    /// There is no route to the remote system.
    Unreachable = 4,
    /// The remote system did not answer in time.
    NoAnswer = 5,
    /// The host name does not resolve in the remote network.
    NameNotFound = 6,
    /// The tunnel is not part of the session's definition.
    NotAllowed = 7,
    /// The session has as many connections as it may.
    Limit = 8,
    /// The session ended.
    SessionEnded = 9,
    /// The link was lost.
    LinkLost = 10,
    /// A program broke the protocol.
    ProtocolError = 11,
    /// Something failed on the jumpoint's host.
    JumpointFailed = 12,
    /// Something failed on the workstation.
    WorkstationFailed = 13,
    /// Somebody else's program on the workstation wanted to use the tunnel. Never in a RESET.
    AnotherUser = 14,
}

impl EndReason {
    /// Every reason, by its number.
    pub const ALL: [Self; 15] = [
        Self::Finished,
        Self::ResetByClient,
        Self::ResetByTarget,
        Self::Refused,
        Self::Unreachable,
        Self::NoAnswer,
        Self::NameNotFound,
        Self::NotAllowed,
        Self::Limit,
        Self::SessionEnded,
        Self::LinkLost,
        Self::ProtocolError,
        Self::JumpointFailed,
        Self::WorkstationFailed,
        Self::AnotherUser,
    ];

    /// The number in a RESET frame.
    #[must_use]
    pub fn code(self) -> u16 {
        self as u16
    }

    /// The reason with this number; none for one that a newer program may send.
    #[must_use]
    pub fn from_code(code: u16) -> Option<Self> {
        Self::ALL.get(usize::from(code)).copied()
    }

    /// Who has to act; none when the connection ended as connections do.
    #[must_use]
    pub fn fault(self) -> Option<Fault> {
        match self {
            Self::Finished | Self::ResetByClient | Self::ResetByTarget | Self::SessionEnded => None,
            Self::Refused | Self::NoAnswer => Some(Fault::Target),
            Self::Unreachable | Self::LinkLost => Some(Fault::Network),
            Self::NameNotFound => Some(Fault::User),
            Self::NotAllowed | Self::Limit | Self::AnotherUser => Some(Fault::Policy),
            Self::ProtocolError => Some(Fault::Appliance),
            Self::JumpointFailed => Some(Fault::Jumpoint),
            Self::WorkstationFailed => Some(Fault::Workstation),
        }
    }

    /// One sentence with what to do, for a connection to `target` (host:port). Empty for an ordinary end.
    #[must_use]
    pub fn message(self, target: &str, detail: &str) -> String {
        let sentence = match self {
            Self::Finished | Self::ResetByClient | Self::SessionEnded => return String::new(),
            Self::ResetByTarget => format!("{target} reset the connection."),
            Self::Refused => format!(
                "{target} refused the connection: nothing listens on that port there, or a firewall rejects it. Check the port and that the service runs."
            ),
            Self::Unreachable => format!(
                "The jumpoint has no route to {target}. Check the address, and the routes and firewalls of the jumpoint's network."
            ),
            Self::NoAnswer => format!(
                "{target} did not answer in time. It may be switched off, or a firewall drops the packets of the jumpoint."
            ),
            Self::NameNotFound => format!(
                "The name in {target} does not resolve in the jumpoint's network. Check its spelling, or use the IP address."
            ),
            Self::NotAllowed => {
                "The helper asked for a target that is not part of this item. End the session and start it again."
                    .into()
            }
            Self::Limit => format!(
                "This session already has {} connections, the most it may have. Close some, or start a second session.",
                crate::limits::CONNECTIONS_PER_SESSION
            ),
            Self::AnotherUser => {
                "A program of another user of this workstation was turned away: tunnels are for whoever opened them."
                    .into()
            }
            Self::LinkLost => "The link between the programs was lost.".into(),
            Self::ProtocolError => {
                "The programs did not understand each other. Update helper and jumpoint to the appliance's version."
                    .into()
            }
            Self::JumpointFailed => "The jumpoint could not open the connection.".into(),
            Self::WorkstationFailed => "The helper could not serve the connection.".into(),
        };
        if detail.is_empty() { sentence } else { format!("{sentence} ({detail})") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_has_its_own_number() {
        for (index, reason) in EndReason::ALL.into_iter().enumerate() {
            assert_eq!(usize::from(reason.code()), index);
            assert_eq!(EndReason::from_code(reason.code()), Some(reason));
        }
        assert_eq!(EndReason::from_code(15), None);
    }

    #[test]
    fn refusals_of_the_target_read_differently() {
        let said: std::collections::HashSet<_> =
            [EndReason::Refused, EndReason::NameNotFound, EndReason::NoAnswer, EndReason::Unreachable]
                .map(|r| r.message("db:5432", ""))
                .into();
        assert_eq!(said.len(), 4);
    }
}
