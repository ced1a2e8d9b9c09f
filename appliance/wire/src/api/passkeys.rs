use super::api_type;
use crate::{PasskeyId, SecretText, Timestamp};

api_type! {
    /// A passkey of the signed-in user: a key that a device or a security key keeps and uses after it has recognised its owner.
    pub struct Passkey {
        /// Its id.
        pub id: PasskeyId,
        /// What its owner calls it.
        pub name: String,
        /// When it was added.
        pub created_at: Timestamp,
        /// When it was last shown.
        pub last_used_at: Option<Timestamp>,
    }

    /// What a browser is asked to do with a passkey (Web Authentication, level 3).
    pub struct PasskeyCeremony {
        /// To be sent back with what comes of it; good once, for five minutes.
        pub ceremony: SecretText,
        /// `CredentialCreationOptions` or `CredentialRequestOptions` in JSON: the argument of `navigator.credentials`.
        pub options: String,
    }

    /// What a passkey said.
    pub struct ShownPasskey {
        /// Of [`PasskeyCeremony`].
        pub ceremony: SecretText,
        /// The credential in JSON, as the browser's `toJSON()` gives it.
        pub credential: String,
    }

    /// `POST /api/me/passkeys/begin`: begins to add a passkey.
    #[derive(Default)]
    pub struct BeginPasskey {
        /// The present password; not needed by who has to set a second factor up before anything else, having just typed it.
        #[serde(default)]
        pub password: Option<SecretText>,
    }

    /// `POST /api/me/passkeys`: adds the passkey that was begun.
    pub struct NewPasskey {
        /// What it is called.
        pub name: String,
        /// What the browser made.
        pub made: ShownPasskey,
    }

    /// Answer of `POST /api/me/passkeys`.
    pub struct PasskeyAdded {
        /// The passkey.
        pub passkey: Passkey,
        /// Recovery codes, where it is the first second factor: shown once.
        pub recovery_codes: Option<Vec<SecretText>>,
    }
}
