//! Native messages between the console's page, the extension's service worker and the helper: JSON, at most
//! [`crate::limits::NATIVE_MESSAGE_BYTES`] each. Tunnel bytes never pass here.
//!
//! ```text
//! page --PageMessage--> service worker --ExtensionMessage--> helper
//! page <--WorkerMessage-- service worker <--HelperMessage-- helper
//! ```
//!
//! The service worker fills in `origin` from what the browser says of the sender (`port.sender.origin`), never from the message.

use std::net::Ipv4Addr;

use serde::{Deserialize, Serialize};

use crate::api::Listening;
use crate::{SecretText, SessionId};

/// Version of these messages. Page, extension and helper each say theirs; the lowest wins while it is at least
/// [`MIN_PROTOCOL`].
pub const PROTOCOL: u32 = 1;
/// The oldest version that is still understood.
pub const MIN_PROTOCOL: u32 = 1;
/// Name of the native-messaging host.
pub const HOST_NAME: &str = "org.sallyport.helper";
/// Id of the extension as it stands in `www/extension`, fixed by the key in its manifest. The one an appliance packs has an id of
/// its own.
pub const EXTENSION_ID: &str = "gfdkmfbiekogpianfbfabckobalhpami";
/// Id of the extension in Firefox.
pub const FIREFOX_EXTENSION_ID: &str = "helper@sallyport.org";

/// Page → service worker, over `runtime.connect`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum PageMessage {
    /// Asks who is there; answered by [`WorkerMessage::Extension`], and by a [`HelperReply::Hello`] when there is a helper.
    Hello {
        /// The page's [`PROTOCOL`].
        protocol: u32,
        /// Answered under this number.
        id: u32,
    },
    /// A request for the helper.
    Request {
        /// Answered under this number.
        id: u32,
        /// The request.
        request: HelperRequest,
    },
}

/// Service worker → page.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum WorkerMessage {
    /// The extension itself, at once.
    Extension {
        /// Number of the page's hello.
        id: u32,
        /// Version of the extension.
        version: String,
        /// The extension's [`PROTOCOL`].
        protocol: u32,
    },
    /// The helper's answer to a request.
    Reply {
        /// Number of the request.
        id: u32,
        /// The answer.
        reply: HelperReply,
    },
    /// Something happened in the helper.
    Event {
        /// What.
        event: HelperEvent,
    },
    /// The helper could not be reached or went away. Requests that wait for an answer have failed.
    HelperGone {
        /// Number of the request that found out, if one did.
        id: Option<u32>,
        /// Which way it is gone.
        cause: HelperGone,
        /// What the browser said, for the details.
        detail: String,
    },
    /// The extension does not serve this page's address.
    OriginRefused {
        /// Number of the page's hello.
        id: u32,
        /// The address the browser gave.
        origin: String,
    },
}

/// Why there is no helper.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HelperGone {
    /// The browser knows no such host: not installed.
    NotInstalled,
    /// It is installed for another extension.
    Forbidden,
    /// It started and ended, or crashed.
    Exited,
    /// It spoke garbage.
    BadMessage,
    /// Anything else.
    Other,
}

/// Service worker → helper.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ExtensionMessage {
    /// Origin of the page, from the browser.
    pub origin: String,
    /// Which page of the service worker's asks; comes back in the reply.
    pub page: u32,
    /// The page's request number; comes back in the reply.
    pub id: u32,
    /// Version of the extension.
    pub extension_version: String,
    /// The request.
    pub request: HelperRequest,
}

/// What a page may ask of the helper.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum HelperRequest {
    /// Who are you, and what is running for this origin?
    Hello {
        /// The page's [`PROTOCOL`].
        protocol: u32,
    },
    /// Dial the appliance with this ticket, take the session's definition, listen.
    OpenTunnels {
        /// The session.
        session_id: SessionId,
        /// The ticket.
        ticket: SecretText,
    },
    /// Try again to listen where it failed.
    RetryListening {
        /// The session.
        session_id: SessionId,
    },
    /// End the session's tunnels on this workstation.
    CloseTunnels {
        /// The session.
        session_id: SessionId,
    },
}

/// Helper → service worker.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum HelperMessage {
    /// To one page.
    Reply {
        /// The page that asked.
        page: u32,
        /// Its request number.
        id: u32,
        /// The answer.
        reply: HelperReply,
        /// Sessions that are open in the helper, over all origins: with none left the service worker lets go of the helper.
        open_sessions: u32,
    },
    /// To every page of an origin.
    Event {
        /// The origin.
        origin: String,
        /// What happened.
        event: HelperEvent,
        /// See [`HelperMessage::Reply`].
        open_sessions: u32,
    },
}

/// The helper's answers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum HelperReply {
    /// To [`HelperRequest::Hello`].
    Hello {
        /// Version of the helper.
        version: String,
        /// The helper's [`PROTOCOL`].
        protocol: u32,
        /// Operating system, `linux`, `macos` or `windows`.
        os: String,
        /// Sessions that run for this origin.
        sessions: Vec<LocalSession>,
    },
    /// Done; the session as it is now.
    Session {
        /// The session.
        session: LocalSession,
    },
    /// Done; nothing to tell.
    Done,
    /// Refused.
    Failed {
        /// Why.
        error: HelperError,
    },
}

/// What happens in the helper unasked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum HelperEvent {
    /// A session's listeners changed.
    SessionChanged {
        /// As it is now.
        session: LocalSession,
    },
    /// A session is over on this workstation; its listeners are closed.
    SessionEnded {
        /// The session.
        session_id: SessionId,
        /// Why, in a sentence.
        message: String,
    },
}

/// A session as the helper has it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LocalSession {
    /// The session.
    pub session_id: SessionId,
    /// Its tunnels.
    pub tunnels: Vec<LocalTunnel>,
}

/// A tunnel as the helper has it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LocalTunnel {
    /// Its number in the session.
    pub index: u16,
    /// Where it listens.
    pub listening: Option<Listening>,
    /// Why it does not.
    pub problem: Option<ListenProblem>,
}

/// Why the helper cannot listen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ListenProblem {
    /// Somebody else listens there.
    PortTaken {
        /// The address.
        #[cfg_attr(feature = "openapi", schema(value_type = String))]
        address: Ipv4Addr,
        /// The port.
        port: u16,
        /// The program, where the system tells.
        program: Option<String>,
        /// Its process id.
        pid: Option<u32>,
    },
    /// The port is below 1024 and this process may not listen there (row 0.24).
    PortNeedsPrivilege {
        /// The port.
        port: u16,
    },
    /// Another session of this helper listens there.
    TakenBySession {
        /// The address.
        #[cfg_attr(feature = "openapi", schema(value_type = String))]
        address: Ipv4Addr,
        /// The port.
        port: u16,
        /// That session.
        session_id: SessionId,
    },
    /// The system does not answer on this address.
    AddressUnavailable {
        /// The address.
        #[cfg_attr(feature = "openapi", schema(value_type = String))]
        address: Ipv4Addr,
    },
    /// Anything else, in the system's words.
    Other {
        /// The system's words.
        message: String,
    },
}

impl ListenProblem {
    /// One sentence with what to do.
    #[must_use]
    pub fn message(&self) -> String {
        match self {
            Self::PortTaken { address, port, program: Some(program), pid: Some(pid) } => {
                format!(
                    "{address}:{port} is in use by {program} (process {pid}). Stop it, or give the item another local port or address."
                )
            }
            Self::PortTaken { address, port, .. } => {
                format!(
                    "{address}:{port} is in use by another program. Stop it, or give the item another local port or address."
                )
            }
            Self::PortNeedsPrivilege { port } => {
                format!(
                    "Port {port} is below 1024, and this system lets only privileged programs listen there. Choose a local port from 1024 up, or 0 for an automatic one."
                )
            }
            Self::TakenBySession { address, port, .. } => {
                format!(
                    "{address}:{port} is used by another of your running sessions. End that one, or give the item another local address."
                )
            }
            Self::AddressUnavailable { address } => {
                format!(
                    "This workstation does not answer on {address}. Use 127.0.0.1 in the item, or add the address to the loopback interface."
                )
            }
            Self::Other { message } => format!("The system refused to listen: {message}."),
        }
    }
}

/// Why the helper refused a request.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[serde(tag = "code", rename_all = "snake_case")]
pub enum HelperError {
    /// The page's origin is not among the appliances the helper was installed for.
    /// Which others it was installed for is none of that page's business.
    #[error("this helper was not installed for {origin}. Run the install command of this appliance once")]
    OriginNotServed {
        /// The page's origin.
        origin: String,
    },
    /// Which appliances it was installed for cannot be read. Any page may be told this, so it says nothing of what is in
    /// the file, nor in whose folder it lies.
    #[error(
        "the helper's configuration, helper.toml, is damaged: {detail}. Run `sallyport-helper status` in a terminal: it names the file. Mend or remove it, and run the install command of this appliance again"
    )]
    ConfigurationDamaged {
        /// Which file of which scope, and where in it.
        detail: String,
    },
    /// The message was not understood.
    #[error("the helper did not understand the message: {detail}")]
    BadMessage {
        /// What was wrong with it.
        detail: String,
    },
    /// The other side speaks another version.
    #[error("the helper speaks version {ours} of the messages and the page speaks {theirs}; update the {older}")]
    Incompatible {
        /// The helper's.
        ours: u32,
        /// The page's.
        theirs: u32,
        /// `helper` or `appliance`.
        older: String,
    },
    /// The appliance's certificate could not be verified.
    #[error(
        "the certificate of {appliance} could not be verified: {detail}. If the appliance got a new certificate authority, install the helper again with the new one; otherwise tell your administrator"
    )]
    CertificateRefused {
        /// The appliance.
        appliance: String,
        /// What the check said.
        detail: String,
    },
    /// The appliance could not be reached.
    #[error("the helper cannot reach {appliance}: {detail}")]
    ApplianceUnreachable {
        /// The appliance.
        appliance: String,
        /// What the system said.
        detail: String,
    },
    /// The appliance refused the link, in its words.
    #[error("{message}")]
    Refused {
        /// A stable name: that of [`crate::link_messages::Refusal`].
        reason: String,
        /// A sentence.
        message: String,
    },
    /// No such session in this helper for this origin.
    #[error("this helper has no such session")]
    NoSuchSession,
    /// This helper runs as many sessions as it may.
    #[error("this helper already serves {most} sessions; end one first")]
    TooManySessions {
        /// How many it may.
        most: u32,
    },
}
