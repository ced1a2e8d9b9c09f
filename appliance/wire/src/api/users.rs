use super::api_type;
use crate::{SecretText, Timestamp, UserId};

/// What a user may do in the console.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// May also manage users, jumpoints and groups, and see and end everybody's sessions.
    Administrator,
    /// May use items, and create and edit them.
    Technician,
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
        /// What they may do.
        pub role: Role,
        /// A disabled user cannot sign in, and is signed out everywhere.
        pub enabled: bool,
        /// Until when sign-in is refused after repeated failures.
        pub locked_until: Option<Timestamp>,
        /// Whether a second factor is asked for when they sign in.
        #[serde(default)]
        pub second_factor: bool,
        /// When they were made.
        pub created_at: Timestamp,
        /// When they last signed in.
        pub last_sign_in_at: Option<Timestamp>,
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
    }

    /// `PATCH /api/users/{id}`: what is absent stays.
    #[derive(Default)]
    pub struct UserChange {
        /// Name to show.
        #[serde(default)]
        pub display_name: Option<String>,
        /// What they may do.
        #[serde(default)]
        pub role: Option<Role>,
        /// Whether they may sign in.
        #[serde(default)]
        pub enabled: Option<bool>,
        /// A new password; signs them out everywhere.
        #[serde(default)]
        pub password: Option<SecretText>,
        /// `true` lifts a lock-out.
        #[serde(default)]
        pub unlock: bool,
    }
}
