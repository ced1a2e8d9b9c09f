//! JSON control messages on a session's links, one per WebSocket *text* message. The stream protocol's frames travel in
//! *binary* messages beside them. Text is hop by hop (helper ⇄ appliance, agent ⇄ appliance); binary is end to end.
//!
//! ```text
//! helper                          appliance                           agent
//!   | GET /link/helper                |            GET /link/agent/session |
//!   | HelperHello ------------------> | <---- Challenge / SessionLinkHello  |
//!   | <---------------- Welcome{..}   |   Welcome{..} --------------------> |
//!   | ListenReport -----------------> |                                     |
//!   | ==== binary: stream frames ==== | ==== binary: stream frames ======== |
//! ```

use std::net::Ipv4Addr;

use serde::{Deserialize, Serialize};

use crate::helper_messages::LocalTunnel;
use crate::stream::EndReason;
use crate::{SecretText, SessionId};

/// Version of the link messages and the stream protocol.
pub const PROTOCOL: u32 = 1;
/// The oldest version that is still spoken.
pub const MIN_PROTOCOL: u32 = 1;

/// Path of the helper's session link.
pub const HELPER_LINK_PATH: &str = "/link/helper";
/// Path on which an agent enrols.
pub const ENROL_PATH: &str = "/link/agent/enrol";
/// Path of an agent's control link.
pub const AGENT_CONTROL_PATH: &str = "/link/agent/control";
/// Path of an agent's session link.
pub const AGENT_SESSION_PATH: &str = "/link/agent/session";

/// The range of versions a program speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Versions {
    /// The oldest.
    pub min: u32,
    /// The newest.
    pub max: u32,
}

impl Versions {
    /// What this build speaks.
    pub const OURS: Self = Self { min: MIN_PROTOCOL, max: PROTOCOL };

    /// The newest version both speak.
    ///
    /// # Errors
    /// Which side is the older one.
    pub fn agree(self, peer: Self) -> Result<u32, Older> {
        if peer.max < self.min {
            Err(Older::Peer)
        } else if self.max < peer.min {
            Err(Older::Us)
        } else {
            Ok(self.max.min(peer.max))
        }
    }
}

/// Which side has to be updated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Older {
    /// This side.
    Us,
    /// The other side.
    Peer,
}

/// First message of the helper on its link.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HelperHello {
    /// What it speaks.
    pub versions: Versions,
    /// Version of the helper.
    pub version: String,
    /// Operating system.
    pub os: String,
    /// The session.
    pub session_id: SessionId,
    /// The ticket, or with [`HelperHello::resume`] the secret of the session's welcome.
    pub ticket: SecretText,
    /// Goes on with a session whose link was lost: number of the last pair of links.
    #[serde(default)]
    pub resume: Option<u64>,
}

/// What the appliance says on a session link.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ApplianceToHelper {
    /// The link stands. Binary messages may follow.
    Welcome {
        /// The agreed version.
        protocol: u32,
        /// What to listen on.
        tunnels: Vec<TunnelToListen>,
        /// How the session goes on when this link is lost.
        resumption: Resumption,
    },
    /// The link is refused; it closes next.
    Refused {
        /// Why.
        refusal: Refusal,
        /// A sentence with what to do.
        message: String,
    },
    /// Try again to listen where it failed.
    RetryListening,
    /// The session is over; close the listeners.
    Ended {
        /// Why, in a sentence.
        message: String,
    },
}

/// How a session goes on when a link of it is lost.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Resumption {
    /// What the helper shows then in place of a ticket. Good for this session alone.
    pub secret: SecretText,
    /// Seconds both ends have to come back; 0 = the session ends with its link.
    pub grace_seconds: u32,
}

/// A listener of a session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TunnelToListen {
    /// Its number in the session.
    pub index: u16,
    /// The address.
    pub address: Ipv4Addr,
    /// The port; 0 = choose one.
    pub port: u16,
}

/// What the helper says on its link after its hello.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum HelperToAppliance {
    /// Where it listens, whenever that changes.
    ListenReport {
        /// All tunnels of the session.
        tunnels: Vec<LocalTunnel>,
    },
    /// Who connected; sent beside the OPEN frame, may be missing.
    ConnectionSource {
        /// Stream number of the connection.
        stream: u32,
        /// Address and port of the local program.
        address: String,
        /// Name of the local program, where the system tells.
        program: Option<String>,
    },
    /// A local program connected and was turned away before there was a stream, so no frame tells of it.
    ConnectionRefused {
        /// Number of the tunnel.
        tunnel: u16,
        /// Address and port of the local program.
        address: String,
        /// Name of the local program, where the system tells.
        program: Option<String>,
        /// Why: [`EndReason::Limit`] as a rule.
        reason: EndReason,
    },
    /// The person or the browser ended the session on the workstation.
    Ending {
        /// Why, in a sentence.
        message: String,
    },
}

/// Why a link was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// The ticket is unknown: made up, or from before a restart.
    TicketUnknown,
    /// The ticket was used before.
    TicketUsed,
    /// The ticket is too old.
    TicketExpired,
    /// The ticket is for another session.
    TicketForAnotherSession,
    /// The session is over or unknown.
    SessionOver,
    /// The program has to be updated.
    ProgramTooOld,
    /// The appliance has to be updated.
    ApplianceTooOld,
    /// The agent is unknown, disabled or removed.
    AgentUnknown,
    /// The agent's signature does not verify for this connection.
    BadProof,
    /// The enrolment key is unknown, used, expired or revoked.
    BadEnrolmentKey,
    /// This session was not given to this agent.
    NotYourSession,
    /// The appliance is stopping.
    Stopping,
    /// The first message was not understood or did not come.
    BadHello,
    /// Something in the appliance failed; its log has the details.
    Internal,
}

impl Refusal {
    /// Whether it may be gone soon without anybody doing something: dialling again helps.
    #[must_use]
    pub fn may_pass(self) -> bool {
        matches!(self, Self::Stopping | Self::Internal | Self::BadHello)
    }
}
