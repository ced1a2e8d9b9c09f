//! JSON messages between an agent and the appliance, one per WebSocket text message.
//!
//! Every agent link begins alike: the appliance sends a [`Challenge`], the agent answers with an [`AgentHello`] (or
//! [`EnrolRequest`]) whose proof signs [`crate::proof::message`].

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::link_messages::{Refusal, Versions};
use crate::{AgentId, SecretText, SessionId};

/// First message of the appliance on every agent link.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Challenge {
    /// What the appliance speaks.
    pub versions: Versions,
    /// [`crate::proof::NONCE_BYTES`] fresh bytes, hexadecimal.
    pub nonce: String,
    /// What the proof has to be bound to.
    #[serde(default)]
    pub binding: ProofBinding,
}

/// What a proof is bound to, see [`crate::proof::Binding`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProofBinding {
    /// This TLS connection.
    #[default]
    Connection,
    /// The address by which the agent knows the appliance.
    PublicUrl,
}

/// What an agent tells about itself and its host.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostFacts {
    /// Version of the agent.
    pub version: String,
    /// Host name.
    pub hostname: String,
    /// Operating system and its version, as a person would say it.
    pub os: String,
    /// Addresses of the host's interfaces, without loopback.
    pub addresses: Vec<String>,
}

/// An agent asks to be enrolled.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EnrolRequest {
    /// What it speaks.
    pub versions: Versions,
    /// The secret part of the enrolment key.
    pub key: SecretText,
    /// Its Ed25519 public key, 32 bytes, hexadecimal.
    pub public_key: String,
    /// Proof that it holds the private key, [`crate::proof::Purpose::Enrol`], 64 bytes, hexadecimal.
    pub signature: String,
    /// About its host.
    pub facts: HostFacts,
}

/// Answer to an [`EnrolRequest`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum EnrolAnswer {
    /// Enrolled.
    Enrolled {
        /// The agent's id from now on.
        agent_id: AgentId,
        /// Name of its jumpoint.
        jumpoint_name: String,
        /// PEM of the certificate authority to trust from now on; none = the system's authorities.
        ca_pem: Option<String>,
    },
    /// Not enrolled.
    Refused {
        /// Why.
        refusal: Refusal,
        /// A sentence with what to do.
        message: String,
    },
}

/// First message of an enrolled agent on a control or session link.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentHello {
    /// What it speaks.
    pub versions: Versions,
    /// Who it is.
    pub agent_id: AgentId,
    /// Its proof for this connection and purpose, 64 bytes, hexadecimal.
    pub signature: String,
    /// On a control link: about its host.
    pub facts: Option<HostFacts>,
    /// On a session link: the session.
    pub session_id: Option<SessionId>,
    /// On a session link that takes the place of one that was lost: number of the last pair of links.
    #[serde(default)]
    pub resume: Option<u64>,
    /// Names this run of the agent: what an earlier one served is gone.
    #[serde(default)]
    pub run_id: Uuid,
}

/// Appliance → agent, on the control link and (Welcome, Refused, Ended) on a session link.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ApplianceToAgent {
    /// The link stands.
    Welcome {
        /// The agreed version.
        protocol: u32,
        /// Name of its jumpoint.
        jumpoint_name: String,
    },
    /// The link is refused; it closes next.
    Refused {
        /// Why.
        refusal: Refusal,
        /// A sentence with what to do.
        message: String,
    },
    /// Dial a link for this session and serve exactly these targets (control link).
    StartSession {
        /// The session.
        session_id: SessionId,
        /// Its targets, by tunnel number.
        targets: Vec<TunnelTarget>,
        /// Seconds its link may be lost; 0 = the session ends with it.
        #[serde(default)]
        grace_seconds: u32,
    },
    /// Stop serving a session (control link), or: this session is over (session link).
    EndSession {
        /// The session.
        session_id: SessionId,
        /// Why, in a sentence.
        message: String,
    },
    /// The agent was removed or disabled; it keeps trying slowly, in case it is enabled again.
    Dismissed {
        /// Why, in a sentence.
        message: String,
    },
}

/// Agent → appliance on the control link.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum AgentToAppliance {
    /// It could not serve a session it was asked to.
    SessionFailed {
        /// The session.
        session_id: SessionId,
        /// Why, in a sentence.
        message: String,
    },
    /// The program stops: what it serves ends with it.
    Stopping,
    /// Its host's facts changed.
    Facts {
        /// As they are now.
        facts: HostFacts,
    },
}

/// Where a tunnel leads. Comes from the appliance alone; the agent refuses every other host or port.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TunnelTarget {
    /// Number of the tunnel in the session.
    pub index: u16,
    /// Host name or IP address, resolved by the agent.
    pub host: String,
    /// Port.
    pub port: u16,
}

/// What an enrolment key says: the text after `sp1.` is this as JSON in base64url without padding.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EnrolmentKeyContent {
    /// `https://host:port` of the appliance.
    pub appliance: String,
    /// SHA-256 of the certificate authority's DER to trust, hexadecimal; none = the system's authorities.
    pub ca_sha256: Option<String>,
    /// The secret part.
    pub secret: SecretText,
}

/// What an enrolment key begins with.
pub const ENROLMENT_KEY_PREFIX: &str = "sp1.";
