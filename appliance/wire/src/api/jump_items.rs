use super::{ItemCredential, ItemPermission, api_type};
use crate::{JumpGroupId, JumpItemId, JumpPolicyId, JumpointId, SessionId, SessionPolicyId, Timestamp, UserId};

api_type! {
    /// A group of jump items.
    pub struct JumpGroup {
        /// Its id.
        pub id: JumpGroupId,
        /// Its name, unique.
        pub name: String,
        /// Free text.
        pub comments: String,
        /// Whose personal group it is; none: it is shared.
        #[serde(default)]
        pub owner: Option<GroupOwner>,
        /// Items in it.
        pub item_count: u32,
        /// What the asking user may do with them.
        pub permissions: Vec<ItemPermission>,
        /// Goes up with each change of name or comments; to be sent with the next one.
        #[serde(default)]
        pub revision: i64,
    }

    /// Who has a personal group.
    #[derive(Eq)]
    pub struct GroupOwner {
        /// The user.
        pub user_id: UserId,
        /// Their name.
        pub user_name: String,
    }

    /// `POST /api/jump-groups` and `PUT /api/jump-groups/{id}`.
    pub struct JumpGroupDraft {
        /// Its name.
        pub name: String,
        /// Free text.
        #[serde(default)]
        pub comments: String,
        /// The revision that was looked at; a change to another one is refused. Absent, it is 0: that of a group which nobody
        /// changed yet. Means nothing for a new group.
        #[serde(default)]
        pub revision: i64,
    }

    /// One pair local address:port → target:port, as an item defines it.
    #[derive(Eq)]
    pub struct TunnelDefinition {
        /// Port on the workstation, 1–65535; 0 = the helper chooses a free one (row 0.9). Wider than a port, so that a wrong
        /// number gets an answer in words.
        pub local_port: u32,
        /// Port on the remote system, 1–65535 (row 0.10).
        pub remote_port: u32,
        /// What speaks there, such as `PostgreSQL`; may be empty.
        #[serde(default)]
        pub label: String,
    }

    /// What a person enters for a Protocol Tunnel Jump: `POST /api/jump-items` and `PUT /api/jump-items/{id}`.
    #[derive(Eq)]
    pub struct TunnelJumpDraft {
        /// Its name, at most 128 characters (row 0.5).
        pub name: String,
        /// The jumpoint it goes through (row 0.6).
        pub jumpoint_id: JumpointId,
        /// The group it stands in (row 0.12).
        pub group_id: JumpGroupId,
        /// Host name or IP address of the target, resolved by the jumpoint (row 0.7).
        pub hostname: String,
        /// Address of the workstation to listen on, in 127.0.0.0/8 (row 0.8).
        pub local_address: String,
        /// Its pairs of ports (row 0.11).
        pub tunnels: Vec<TunnelDefinition>,
        /// Tag inside the group; `None` or empty = top level (row 0.13).
        #[serde(default)]
        pub tag: Option<String>,
        /// Free text to search by (row 0.14).
        #[serde(default)]
        pub comments: String,
        /// The jump policy that holds for it (row 0.15).
        #[serde(default)]
        pub jump_policy_id: Option<JumpPolicyId>,
        /// The session policy of its sessions; it goes before that of the user (row 1.18).
        #[serde(default)]
        pub session_policy_id: Option<SessionPolicyId>,
        /// What is stored to sign in at its target. None in an answer: not for the asking user; in a change: it stays as it is.
        #[serde(default)]
        pub credentials: Option<Vec<ItemCredential>>,
        /// Goes up with each change of what is entered here. In a change: the revision that was looked at; a change to another one
        /// is refused. Absent, it is 0: that of an item which nobody changed yet. Means nothing for a new item.
        #[serde(default)]
        pub revision: i64,
    }

    /// An entry in the Jump interface.
    pub struct JumpItem {
        /// Its id.
        pub id: JumpItemId,
        /// What was entered.
        #[serde(flatten)]
        pub definition: TunnelJumpDraft,
        /// Name of its jumpoint.
        pub jumpoint_name: String,
        /// Name of its group.
        pub group_name: String,
        /// Names of the jump policies that hold when the asking user starts it, the item's own first.
        #[serde(default)]
        pub policies: Vec<String>,
        /// Name of its session policy.
        #[serde(default)]
        pub session_policy_name: Option<String>,
        /// Names of its credentials, in their order, as far as the asking user may use or change them.
        #[serde(default)]
        pub credential_names: Vec<String>,
        /// In the answer to a change alone: names of the credentials that stayed behind, because the asking user may not manage
        /// them or because their tunnel is gone.
        #[serde(default)]
        pub credentials_left: Vec<String>,
        /// Whether *Jump* would work now, and if not, why.
        pub status: ItemStatus,
        /// When anybody last used it.
        pub last_used_at: Option<Timestamp>,
        /// Whether it is a favourite of the asking user.
        #[serde(default)]
        pub favourite: bool,
        /// When the asking user last used it.
        #[serde(default)]
        pub used_by_you_at: Option<Timestamp>,
        /// Sessions running on it now that the asking user may see.
        pub running_sessions: Vec<SessionId>,
        /// When it was made.
        pub created_at: Timestamp,
        /// When it was last changed.
        pub updated_at: Timestamp,
    }

    /// `PATCH /api/jump-items`: changes several Protocol Tunnel Jumps alike. What is absent stays as it is in each, also where
    /// somebody else changes it at the same time: no revision is needed. All of them are changed, or none.
    #[derive(Eq)]
    pub struct JumpItemsChange {
        /// Which, each once, at most [`crate::limits::ITEMS_PER_CHANGE`].
        pub item_ids: Vec<JumpItemId>,
        /// The jumpoint they go through.
        #[serde(default)]
        pub jumpoint_id: Option<JumpointId>,
        /// The group they stand in.
        #[serde(default)]
        pub group_id: Option<JumpGroupId>,
        /// The target.
        #[serde(default)]
        pub hostname: Option<String>,
        /// Address of the workstation to listen on.
        #[serde(default)]
        pub local_address: Option<String>,
        /// Their tag; empty takes it away.
        #[serde(default)]
        pub tag: Option<String>,
        /// Free text.
        #[serde(default)]
        pub comments: Option<String>,
        /// Their jump policy.
        #[serde(default)]
        pub jump_policy: Option<PolicyChoice>,
        /// Their session policy.
        #[serde(default)]
        pub session_policy: Option<SessionPolicyChoice>,
        /// Their credentials; an empty list takes them away.
        #[serde(default)]
        pub credentials: Option<Vec<ItemCredential>>,
    }

    /// `POST /api/jump-items/copy`: makes a copy of each item in each of the groups. All of them are made, or none.
    #[derive(Default, Eq)]
    pub struct CopyJumpItems {
        /// Which, each once.
        pub item_ids: Vec<JumpItemId>,
        /// Into which groups, each once. Copies are at most [`crate::limits::ITEMS_PER_CHANGE`].
        pub group_ids: Vec<JumpGroupId>,
        /// The copies' jump policy; absent: each has that of its original.
        #[serde(default)]
        pub jump_policy: Option<PolicyChoice>,
        /// The copies' session policy; absent: each has that of its original.
        #[serde(default)]
        pub session_policy: Option<SessionPolicyChoice>,
    }

    /// `POST /api/jump-items/remove` and `POST /api/jump-items/restore`: all of them, or none.
    #[derive(Eq)]
    pub struct JumpItemIds {
        /// Which, each once, at most [`crate::limits::ITEMS_PER_CHANGE`].
        pub item_ids: Vec<JumpItemId>,
    }

    /// The answer to `POST /api/jump-items/remove`.
    pub struct JumpItemsRemoved {
        /// Until when whoever removed them can bring them back.
        pub restorable_until: Timestamp,
    }
}

/// Whether an item can be jumped to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ItemStatus {
    /// It can.
    Ready,
    /// The asking user may not begin sessions on it.
    NotPermitted,
    /// No node of its jumpoint is connected.
    JumpointOffline,
    /// Every node of its jumpoint that is connected is being drained.
    JumpointDraining,
    /// Its jumpoint is disabled.
    JumpointDisabled,
    /// Its jumpoint has the Protocol Tunnel Jump method off (row 0.4).
    MethodOff,
    /// The schedule of a policy has it closed now.
    OutsideSchedule,
    /// Somebody has to approve it first.
    NeedsApproval,
}

/// Which jump policy items get.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "kind", content = "id", rename_all = "snake_case")]
pub enum PolicyChoice {
    /// None of their own.
    Nothing,
    /// This one.
    Policy(JumpPolicyId),
}

/// Which session policy items get.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "kind", content = "id", rename_all = "snake_case")]
pub enum SessionPolicyChoice {
    /// None of their own.
    Nothing,
    /// This one.
    Policy(SessionPolicyId),
}
