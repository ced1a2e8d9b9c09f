use super::api_type;
use crate::{ApiTokenId, SecretText, Timestamp};

/// What a program may do with a token: each includes the ones before it, and none is more than its user may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum TokenScope {
    /// Look at what the user sees.
    Read,
    /// Also start sessions, use them and end them.
    Jump,
    /// Also change what the user may change; never the user's own account.
    Administer,
}

api_type! {
    /// A key with which a program asks in a user's place: `Authorization: Bearer slp_…`.
    pub struct ApiToken {
        /// Its id.
        pub id: ApiTokenId,
        /// What the user calls it.
        pub name: String,
        /// What it may do.
        pub scope: TokenScope,
        /// When it was made.
        pub created_at: Timestamp,
        /// When it stops working.
        pub expires_at: Timestamp,
        /// When it was last used.
        pub last_used_at: Option<Timestamp>,
        /// The address that used it last.
        pub last_used_from: Option<String>,
    }

    /// `POST /api/me/api-tokens`.
    pub struct NewApiToken {
        /// What to call it.
        pub name: String,
        /// What it may do.
        pub scope: TokenScope,
        /// In how many days it stops working, 1 to 366.
        pub days: u32,
        /// The present password; who has none has to have signed in just now.
        #[serde(default)]
        pub password: SecretText,
    }

    /// A token that was made.
    pub struct CreatedApiToken {
        /// What is known of it later.
        pub entry: ApiToken,
        /// The token itself; shown once.
        pub token: SecretText,
    }
}
