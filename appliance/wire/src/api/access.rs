use super::api_type;
use crate::{JumpGroupId, JumpItemRoleId, JumpPolicyId, TeamId, UserId};

/// One thing a jump item role lets people do with the items of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ItemPermission {
    /// Begin sessions.
    Start,
    /// Make items.
    Add,
    /// Move and copy items; needed in the group they come from and in the one they go to.
    AssignGroup,
    /// Remove items.
    Remove,
    /// Change what an item reaches: name, jumpoint, host name, remote ports.
    EditIdentity,
    /// Change how it appears on the workstation: local address, local ports, labels.
    EditBehaviour,
    /// Change the tag.
    EditTag,
    /// Change the comments.
    EditComments,
    /// Read what was done with the items.
    ViewReport,
    /// Change which jump policy holds for an item.
    EditPolicy,
    /// Change which session policy an item has.
    EditSessionPolicy,
    /// Manage the group's credentials, and change which ones an item has.
    EditCredentials,
}

impl ItemPermission {
    /// Every permission, in the order forms show them, with words for a person.
    pub const ALL: [(Self, &'static str); 12] = [
        (Self::Start, "Start sessions"),
        (Self::Add, "Create items"),
        (Self::AssignGroup, "Move and copy items"),
        (Self::Remove, "Remove items"),
        (Self::EditIdentity, "Change name, jumpoint, host and remote ports"),
        (Self::EditBehaviour, "Change local address, local ports and labels"),
        (Self::EditTag, "Change tags"),
        (Self::EditComments, "Change comments"),
        (Self::EditPolicy, "Change the jump policy"),
        (Self::EditSessionPolicy, "Change the session policy"),
        (Self::EditCredentials, "Manage credentials and those of items"),
        (Self::ViewReport, "Read the reports"),
    ];

    /// Words for a person.
    #[must_use]
    pub fn words(self) -> &'static str {
        Self::ALL.iter().find(|(it, _)| *it == self).map_or("", |(_, words)| words)
    }
}

/// A way to reach something; a user may be kept from some.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum JumpMethod {
    /// TCP through a jumpoint.
    ProtocolTunnel,
}

impl JumpMethod {
    /// Every method, with words for a person.
    pub const ALL: [(Self, &'static str); 1] = [(Self::ProtocolTunnel, "Protocol Tunnel Jump")];

    /// Every method.
    #[must_use]
    pub fn every() -> Vec<Self> {
        Self::ALL.iter().map(|(it, _)| *it).collect()
    }
}

/// Who is meant by a membership.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "kind", content = "id", rename_all = "snake_case")]
pub enum Principal {
    /// One user.
    User(UserId),
    /// Everybody in a team.
    Team(TeamId),
}

api_type! {
    /// Users who are treated alike.
    pub struct Team {
        /// Its id.
        pub id: TeamId,
        /// Its name, unique.
        pub name: String,
        /// Free text.
        pub comments: String,
        /// Who is in it.
        pub members: Vec<UserId>,
        /// Groups it is a member of.
        pub groups: u32,
        /// Goes up with each change; to be sent with the next one.
        pub revision: i64,
    }

    /// `POST /api/teams` and `PUT /api/teams/{id}`.
    pub struct TeamDraft {
        /// Its name.
        pub name: String,
        /// Free text.
        #[serde(default)]
        pub comments: String,
        /// Who is in it.
        pub members: Vec<UserId>,
        /// The revision that was looked at; a change to another one is refused. Means nothing for a new team.
        #[serde(default)]
        pub revision: i64,
    }

    /// `GET /api/teams/{id}/uses` and `GET /api/users/{id}/uses`: what depends on a team or a user, by name.
    #[derive(Default, Eq)]
    pub struct PrincipalUses {
        /// Jump policies that name it among those who approve.
        pub approves: Vec<String>,
        /// Jump policies under which nobody could approve any more without it: it cannot be removed.
        pub last_to_approve: Vec<String>,
        /// Jump groups in whose members it has a role.
        pub groups: Vec<String>,
        /// Providers of single sign-on that put people into the team, so that it cannot be removed; or that know the user.
        pub providers: Vec<String>,
        /// Teams that the user is in.
        pub teams: Vec<String>,
    }

    /// What its holders may do with the items of a group.
    pub struct JumpItemRole {
        /// Its id.
        pub id: JumpItemRoleId,
        /// Its name, unique.
        pub name: String,
        /// Free text.
        pub description: String,
        /// What it allows.
        pub permissions: Vec<ItemPermission>,
        /// Whether it came with the product: then it cannot be changed or removed.
        pub built_in: bool,
        /// Memberships and users that have it.
        pub used: u32,
        /// Goes up with each change; to be sent with the next one.
        pub revision: i64,
    }

    /// `POST /api/jump-item-roles` and `PUT /api/jump-item-roles/{id}`.
    pub struct JumpItemRoleDraft {
        /// Its name.
        pub name: String,
        /// Free text.
        #[serde(default)]
        pub description: String,
        /// What it allows.
        pub permissions: Vec<ItemPermission>,
        /// The revision that was looked at; a change to another one is refused. Means nothing for a new role.
        #[serde(default)]
        pub revision: i64,
    }

    /// Who may do what with the items of a group: one row.
    #[derive(Eq)]
    pub struct Membership {
        /// Who.
        pub principal: Principal,
        /// As what.
        pub role_id: JumpItemRoleId,
        /// The jump policy that holds for them in this group, besides that of the item.
        #[serde(default)]
        pub jump_policy_id: Option<JumpPolicyId>,
    }

    /// `GET` and `PUT /api/jump-groups/{id}/members`.
    pub struct Memberships {
        /// At most one row for each user and team.
        pub members: Vec<Membership>,
        /// Goes up with each change; to be sent with the next one.
        pub revision: i64,
    }

    /// `GET /api/users/{id}/access`: what a user can do, and which rule says so.
    pub struct UserAccess {
        /// The user.
        pub user_id: UserId,
        /// Why nothing of it holds now, if so: a sentence.
        pub barred: Option<String>,
        /// Each method, with the sentence that says why.
        pub methods: Vec<MethodAccess>,
        /// Each group, by name.
        pub groups: Vec<GroupAccess>,
    }

    /// Whether a user may use a method.
    pub struct MethodAccess {
        /// The method.
        pub method: JumpMethod,
        /// Whether they may.
        pub allowed: bool,
        /// Which rule says so.
        pub because: String,
    }

    /// What a user may do with the items of one group.
    pub struct GroupAccess {
        /// The group.
        pub group_id: JumpGroupId,
        /// Its name.
        pub group_name: String,
        /// Which rule decides, in a sentence.
        pub because: String,
        /// Names of the jump policies that hold at the start of a session by that rule, besides those of the items.
        #[serde(default)]
        pub policies: Vec<String>,
        /// Every permission, and for those that are given the role that gives them.
        pub permissions: Vec<PermissionAccess>,
    }

    /// Whether a user has one permission in a group.
    pub struct PermissionAccess {
        /// The permission.
        pub permission: ItemPermission,
        /// The roles that give it; none: they do not have it.
        pub given_by: Vec<String>,
    }
}
