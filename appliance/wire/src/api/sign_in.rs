use std::collections::BTreeMap;

use super::{FactorsReset, User, api_type};
use crate::{BrowserId, JumpGroupId, JumpointId, SecretText, Timestamp, UserId};

api_type! {
    /// `GET /api/setup`: whether the first administrator is still to be made.
    pub struct SetupState {
        /// True until somebody used the one-time link.
        pub needed: bool,
    }

    /// `POST /api/setup`: makes the first administrator and signs them in.
    pub struct SetupRequest {
        /// The token in the one-time link that the appliance printed.
        pub token: SecretText,
        /// Name to sign in with.
        pub user_name: String,
        /// Name to show.
        pub display_name: String,
        /// The new password.
        pub password: SecretText,
    }

    /// `POST /api/sign-in`.
    pub struct SignInRequest {
        /// Name to sign in with.
        pub user_name: String,
        /// The password.
        pub password: SecretText,
    }

    /// Who is signed in: answer of `POST /api/setup`, `GET /api/me` and, when no second factor is asked for, `POST /api/sign-in`.
    pub struct Me {
        /// The user.
        pub user: User,
        /// To be sent as `x-csrf-token` with every request that changes something.
        pub csrf_token: SecretText,
        /// This browser's entry in `GET /api/me/browsers`.
        pub browser_id: BrowserId,
        /// Version of the appliance.
        pub appliance_version: String,
        /// When this sign-in ends whatever happens.
        pub expires_at: Timestamp,
        /// Whether a second factor has to be set up before anything else works.
        #[serde(default)]
        pub must_enrol: bool,
        /// That an administrator took the user's second factors away, until one is set up again.
        #[serde(default)]
        pub factors_reset: Option<FactorsReset>,
        /// Whether there are sessions that the user may review, as far as roles go.
        #[serde(default)]
        pub reviews: bool,
    }

    /// One signed-in browser of the user.
    pub struct Browser {
        /// Its id.
        pub id: BrowserId,
        /// Whether it is the one that asks.
        pub current: bool,
        /// What it called itself (`User-Agent`), shortened.
        pub user_agent: String,
        /// Address it signed in from.
        pub address: String,
        /// When it signed in.
        pub signed_in_at: Timestamp,
        /// When it was last used.
        pub last_seen_at: Timestamp,
    }

    /// `PUT /api/me/password`.
    pub struct ChangePassword {
        /// The present password.
        pub current: SecretText,
        /// The new one.
        pub new: SecretText,
    }

    /// `GET` and `PUT /api/me/preferences`: what the console remembers for the user on every workstation.
    #[derive(Default)]
    pub struct Preferences {
        /// The jumpoint chosen last for a new Protocol Tunnel Jump (row 0.6).
        #[serde(default)]
        pub last_jumpoint: Option<JumpointId>,
        /// The group chosen last for a new item.
        #[serde(default)]
        pub last_group: Option<JumpGroupId>,
        /// Whatever else the console keeps, by its own names; at most 16 KiB together.
        #[serde(default)]
        pub view: BTreeMap<String, String>,
    }
}

impl Me {
    /// Whether the signed-in user is an administrator.
    #[must_use]
    pub fn is_administrator(&self) -> bool {
        self.user.role == super::Role::Administrator
    }

    /// Whether the signed-in user may look at everything and changes nothing.
    #[must_use]
    pub fn is_auditor(&self) -> bool {
        self.user.role == super::Role::Auditor
    }

    /// The user's id.
    #[must_use]
    pub fn id(&self) -> UserId {
        self.user.id
    }
}
