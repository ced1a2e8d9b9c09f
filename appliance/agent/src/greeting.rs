//! How every link of an agent begins: the appliance's challenge, the agent's proof, a welcome or a refusal.

use std::time::Duration;

use link::dial::binding_of;
use link::metrics::{Metrics, Refused, name_of};
use link::talk::{self, TalkError};
use link::{ApplianceUrl, DialError, Dialer, WebSocket, hex};
use uuid::Uuid;
use wire::agent_messages::{AgentHello, ApplianceToAgent, Challenge, HostFacts, ProofBinding};
use wire::link_messages::{AGENT_CONTROL_PATH, AGENT_SESSION_PATH, Older, Refusal, Versions};
use wire::proof::{self, Binding, EXPORTER_BYTES, NONCE_BYTES, Purpose};
use wire::{AgentId, SessionId};

use crate::identity::{AgentKey, Identity};

/// The time the appliance has for each of its answers.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);

/// Why a link does not stand.
#[derive(Debug, thiserror::Error)]
pub enum GreetingError {
    /// The appliance could not be dialled.
    #[error("{0}")]
    Dial(#[from] DialError),
    /// The link broke, or what came over it makes no sense.
    #[error("{0}")]
    Talk(#[from] TalkError),
    /// The appliance refused, in its words.
    #[error("{message}")]
    Refused {
        /// Why.
        refusal: Refusal,
        /// A sentence with what to do.
        message: String,
    },
    /// One side is too old.
    #[error("this agent and the appliance have no protocol version in common. Update {}", match .0 { Older::Us => "this agent", Older::Peer => "the appliance" })]
    Versions(Older),
    /// TLS gave no binding.
    #[error("the proof cannot be bound to this connection: {0}")]
    NoBinding(String),
}

impl GreetingError {
    /// Whether trying again soon may help.
    #[must_use]
    pub fn may_pass(&self) -> bool {
        match self {
            Self::Dial(DialError::CertificateRefused { .. }) | Self::Versions(_) | Self::NoBinding(_) => false,
            Self::Dial(DialError::Proxy(error)) => error.may_pass(),
            Self::Dial(_) | Self::Talk(_) => true,
            Self::Refused { refusal, .. } => refusal.may_pass(),
        }
    }

    /// Its name among what is counted.
    fn label(&self) -> String {
        match self {
            Self::Dial(DialError::CertificateRefused { .. }) => "certificate_refused".into(),
            Self::Dial(DialError::Proxy(_)) => "proxy".into(),
            Self::Dial(_) => "unreachable".into(),
            Self::Talk(_) => "link_broken".into(),
            Self::Refused { refusal, .. } => name_of(refusal),
            Self::Versions(_) => "version".into(),
            Self::NoBinding(_) => "no_binding".into(),
        }
    }

    /// Whether something on the way stood between: a proxy that starts anew refuses for a moment what it allows, and a network that
    /// wants to be signed in to first has a certificate of its own.
    pub(crate) fn is_of_the_way(&self) -> bool {
        matches!(self, Self::Dial(DialError::Proxy(_) | DialError::CertificateRefused { .. }))
    }
}

/// What the appliance wants signed on this connection.
pub(crate) struct Challenged {
    nonce: [u8; NONCE_BYTES],
    binding: Bound,
}

/// What the proof is bound to.
enum Bound {
    Connection([u8; EXPORTER_BYTES]),
    PublicUrl(String),
}

/// Receives the challenge of the appliance that was dialled.
pub(crate) async fn challenge(socket: &mut WebSocket, appliance: &ApplianceUrl) -> Result<Challenged, GreetingError> {
    let Challenge { versions, nonce, binding } = talk::receive(socket, ANSWER_WITHIN).await?;
    Versions::OURS.agree(versions).map_err(GreetingError::Versions)?;
    let nonce = hex::decode(&nonce)
        .ok_or_else(|| TalkError::Garbage(format!("a nonce that is not {NONCE_BYTES} bytes in hexadecimal")))?;
    let binding = match binding {
        ProofBinding::Connection => {
            Bound::Connection(binding_of(socket).map_err(|error| GreetingError::NoBinding(error.to_string()))?)
        }
        // The appliance alone decides whether that is enough. Where it was not the one that asked for it, it refuses the proof.
        ProofBinding::PublicUrl => Bound::PublicUrl(appliance.to_string()),
    };
    Ok(Challenged { nonce, binding })
}

impl Challenged {
    /// The signature in hexadecimal.
    pub(crate) fn proof(&self, key: &AgentKey, purpose: Purpose, agent: AgentId) -> String {
        let binding = match &self.binding {
            Bound::Connection(exporter) => Binding::Connection(exporter),
            Bound::PublicUrl(url) => Binding::PublicUrl(url),
        };
        hex::encode(&key.sign(&proof::message(purpose, agent, &self.nonce, binding)))
    }
}

/// The next answer while greeting.
pub(crate) async fn answer<T: serde::de::DeserializeOwned>(socket: &mut WebSocket) -> Result<T, GreetingError> {
    Ok(talk::receive(socket, ANSWER_WITHIN).await?)
}

/// What a link is for.
pub(crate) enum LinkFor {
    /// Control.
    Control(HostFacts),
    /// A session; when its link was lost, the number of the last pair of links.
    Session(SessionId, Option<u64>),
}

/// A running agent as it introduces itself.
pub(crate) struct Caller {
    pub(crate) identity: Identity,
    pub(crate) dialer: Dialer,
    /// Where refusals are counted.
    pub(crate) metrics: Metrics,
    /// Names this run of the program.
    pub(crate) run_id: Uuid,
}

impl Caller {
    /// Dials a link and waits to be welcome; returns it with the jumpoint's name.
    pub(crate) async fn greet(&self, link_for: LinkFor) -> Result<(WebSocket, String), GreetingError> {
        let what = match link_for {
            LinkFor::Control(_) => Refused::ControlLink,
            LinkFor::Session(..) => Refused::SessionLink,
        };
        self.dial(link_for).await.inspect_err(|error| self.metrics.refused(what, &error.label()))
    }

    async fn dial(&self, link_for: LinkFor) -> Result<(WebSocket, String), GreetingError> {
        let path = match link_for {
            LinkFor::Control(_) => AGENT_CONTROL_PATH,
            LinkFor::Session(..) => AGENT_SESSION_PATH,
        };
        let mut socket = self.dialer.web_socket(path).await?;
        let challenged = challenge(&mut socket, self.dialer.appliance()).await?;
        let (purpose, facts, session_id, resume) = match link_for {
            LinkFor::Control(facts) => (Purpose::Control, Some(facts), None, None),
            LinkFor::Session(session_id, resume) => (Purpose::SessionLink, None, Some(session_id), resume),
        };
        let agent_id = self.identity.agent_id;
        let signature = challenged.proof(&self.identity.key, purpose, agent_id);
        let hello = AgentHello {
            versions: Versions::OURS,
            agent_id,
            signature,
            facts,
            session_id,
            resume,
            run_id: self.run_id,
        };
        talk::send(&mut socket, &hello).await?;
        match answer(&mut socket).await? {
            ApplianceToAgent::Welcome { jumpoint_name, .. } => Ok((socket, jumpoint_name)),
            ApplianceToAgent::Refused { refusal, message } => Err(GreetingError::Refused { refusal, message }),
            ApplianceToAgent::Dismissed { message } => {
                Err(GreetingError::Refused { refusal: Refusal::AgentUnknown, message })
            }
            other @ (ApplianceToAgent::StartSession { .. } | ApplianceToAgent::EndSession { .. }) => {
                Err(TalkError::Garbage(format!("{other:?} before a welcome")).into())
            }
        }
    }
}
