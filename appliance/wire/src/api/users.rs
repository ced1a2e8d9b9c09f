use super::{JumpMethod, api_type};
use crate::{JumpItemRoleId, SecretText, SessionPolicyId, Timestamp, UserId};

/// What a user may do in the console.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// May also manage users, jumpoints and groups, and see and end everybody's sessions.
    Administrator,
    /// May do with items what jump item roles say.
    Technician,
    /// May look at everybody's sessions, recordings, reports and the audit trail, and changes nothing: no jump item role counts for
    /// them.
    Auditor,
}

api_type! {
    /// A person who can sign in.
    pub struct User {
        /// Its id.
        pub id: UserId,
        /// Name to sign in with; unique without regard to case.
        pub user_name: String,
        /// Name to show.
        pub display_name: String,
        /// Where letters to them go.
        #[serde(default)]
        pub email: Option<String>,
        /// What they may do.
        pub role: Role,
        /// A disabled user cannot sign in, and is signed out everywhere.
        pub enabled: bool,
        /// How they may jump.
        pub methods: Vec<JumpMethod>,
        /// What they may do in groups that no membership speaks of; none: nothing, they do not see them.
        pub default_role_id: Option<JumpItemRoleId>,
        /// What they may do in a jump group of their own; none: they have none, or it is kept from them.
        #[serde(default)]
        pub personal_role_id: Option<JumpItemRoleId>,
        /// The session policy of their sessions, as far as the item's leaves things open.
        #[serde(default)]
        pub session_policy_id: Option<SessionPolicyId>,
        /// Until when sign-in is refused after repeated failures.
        pub locked_until: Option<Timestamp>,
        /// Whether a second factor is asked for when they sign in.
        #[serde(default)]
        pub second_factor: bool,
        /// Whether they have a password; without one they sign in by single sign-on alone.
        #[serde(default)]
        pub has_password: bool,
        /// When they were made.
        pub created_at: Timestamp,
        /// When they last signed in.
        pub last_sign_in_at: Option<Timestamp>,
        /// Goes up with each change by an administrator; to be sent with the next one.
        #[serde(default)]
        pub revision: i64,
    }

    /// `POST /api/users`.
    pub struct NewUser {
        /// Name to sign in with.
        pub user_name: String,
        /// Name to show.
        pub display_name: String,
        /// What they may do.
        pub role: Role,
        /// Their first password.
        pub password: SecretText,
        /// Where letters to them go; absent: nowhere.
        #[serde(default)]
        pub email: Option<String>,
        /// How they may jump; absent: every way there is.
        #[serde(default)]
        pub methods: Option<Vec<JumpMethod>>,
        /// What they may do in groups that no membership speaks of; absent: nothing.
        #[serde(default)]
        pub default_role_id: Option<JumpItemRoleId>,
        /// What they may do in a jump group of their own; absent: they have none.
        #[serde(default)]
        pub personal_role_id: Option<JumpItemRoleId>,
        /// The session policy of their sessions; absent: none.
        #[serde(default)]
        pub session_policy_id: Option<SessionPolicyId>,
    }

    /// `PATCH /api/users/{id}`: what is absent stays.
    #[derive(Default)]
    pub struct UserChange {
        /// Name to show.
        #[serde(default)]
        pub display_name: Option<String>,
        /// Where letters to them go; an empty text takes it away.
        #[serde(default)]
        pub email: Option<String>,
        /// What they may do.
        #[serde(default)]
        pub role: Option<Role>,
        /// Whether they may sign in.
        #[serde(default)]
        pub enabled: Option<bool>,
        /// How they may jump.
        #[serde(default)]
        pub methods: Option<Vec<JumpMethod>>,
        /// Their role in groups that no membership speaks of; `null` takes it away.
        #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "present")]
        #[cfg_attr(feature = "openapi", schema(value_type = Option<JumpItemRoleId>))]
        pub default_role_id: Option<Option<JumpItemRoleId>>,
        /// What they may do in a jump group of their own; `null` keeps it from them.
        #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "present")]
        #[cfg_attr(feature = "openapi", schema(value_type = Option<JumpItemRoleId>))]
        pub personal_role_id: Option<Option<JumpItemRoleId>>,
        /// The session policy of their sessions; `null` takes it away.
        #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "present")]
        #[cfg_attr(feature = "openapi", schema(value_type = Option<SessionPolicyId>))]
        pub session_policy_id: Option<Option<SessionPolicyId>>,
        /// A new password; signs them out everywhere.
        #[serde(default)]
        pub password: Option<SecretText>,
        /// `true` takes the password away: from then on they sign in by single sign-on alone. Signs them out everywhere.
        #[serde(default)]
        pub remove_password: bool,
        /// `true` lifts a lock-out.
        #[serde(default)]
        pub unlock: bool,
        /// The revision that was looked at; a change to another one is refused. Absent: what is named here is changed, whatever
        /// else was changed meanwhile.
        #[serde(default)]
        pub revision: Option<i64>,
    }
}

/// What is there, be it `null`: absent is told from taken away.
fn present<'de, T: serde::Deserialize<'de>, D: serde::Deserializer<'de>>(value: D) -> Result<Option<T>, D::Error> {
    T::deserialize(value).map(Some)
}
