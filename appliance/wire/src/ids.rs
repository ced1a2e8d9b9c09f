//! Typed identifiers. One cannot be passed where another is meant.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Uuid::parse_str(text).map(Self)
            }
        }
    )+};
}

ids! {
    /// A person who can sign in.
    UserId,
    /// One signed-in browser of a user.
    BrowserId,
    /// A passkey of a user.
    PasskeyId,
    /// A provider of single sign-on.
    SignOnProviderId,
    /// A key of a program that uses the API in a user's place.
    ApiTokenId,
    /// A jumpoint: the way into one remote network.
    JumpointId,
    /// One enrolled agent: a node of a jumpoint.
    AgentId,
    /// A key with which one agent may enrol.
    EnrolmentKeyId,
    /// A group of jump items; permission hangs on it.
    JumpGroupId,
    /// Users who are treated alike.
    TeamId,
    /// What people may do with the items of a group.
    JumpItemRoleId,
    /// Rules for when and how items may be used.
    JumpPolicyId,
    /// What sessions may do.
    SessionPolicyId,
    /// What is stored to sign in at a target.
    CredentialId,
    /// Somebody's request to use an item, and what became of it.
    ApprovalId,
    /// An entry in the Jump interface.
    JumpItemId,
    /// A filter set that a user keeps under a name.
    SavedFilterId,
    /// One use of one item, from Jump to end.
    SessionId,
    /// One TCP connection through a tunnel, as the appliance records it.
    ConnectionId,
    /// What was recorded of one screen, in one piece.
    RecordingId,
    /// An event of a session.
    SessionEventId,
    /// A reviewer's note on a session.
    SessionNoteId,
}

/// Roles that come with the product; what they allow stands in the appliance.
impl JumpItemRoleId {
    /// Allows everything.
    pub const ADMINISTRATOR: Self = Self(Uuid::from_u128(1));
    /// Allows to read reports.
    pub const AUDITOR: Self = Self(Uuid::from_u128(2));
    /// Allows to begin sessions.
    pub const START_SESSIONS_ONLY: Self = Self(Uuid::from_u128(3));
}

/// The policy that holds where neither item nor user says anything. It is there from the start.
impl SessionPolicyId {
    /// The global session policy.
    pub const GLOBAL: Self = Self(Uuid::from_u128(1));
}
