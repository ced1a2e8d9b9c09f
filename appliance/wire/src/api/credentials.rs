use super::api_type;
use crate::{CredentialId, JumpGroupId, SecretText, Timestamp};

/// What a credential's secret is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum CredentialKind {
    /// A password.
    #[default]
    Password,
    /// A private key of SSH, which may have a passphrase.
    SshKey,
    /// A token or an API key.
    Token,
}

impl CredentialKind {
    /// Every kind, in the order forms show them, with words for a person.
    pub const ALL: [(Self, &'static str); 3] =
        [(Self::Password, "Password"), (Self::SshKey, "SSH private key"), (Self::Token, "Token")];

    /// Words for a person.
    #[must_use]
    pub fn words(self) -> &'static str {
        Self::ALL.iter().find(|(it, _)| *it == self).map_or("", |(_, words)| words)
    }

    /// The secret itself, in the middle of a sentence.
    #[must_use]
    pub fn part_words(self) -> &'static str {
        match self {
            Self::Password => "the password",
            Self::SshKey => "the private key",
            Self::Token => "the token",
        }
    }
}

/// How a secret is given to whoever uses an item.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Giving {
    /// They may look at it and copy it.
    #[default]
    ShownAndCopied,
    /// They may copy it; the console never draws it.
    CopiedOnly,
}

impl Giving {
    /// Every way, in the order forms show them, with words for a person.
    pub const ALL: [(Self, &'static str); 2] =
        [(Self::ShownAndCopied, "Shown and copied"), (Self::CopiedOnly, "Copied only, never shown")];

    /// Words for a person.
    #[must_use]
    pub fn words(self) -> &'static str {
        Self::ALL.iter().find(|(it, _)| *it == self).map_or("", |(_, words)| words)
    }
}

/// What of a credential is asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum SecretPart {
    /// The password, key or token.
    #[default]
    Secret,
    /// The passphrase of a key.
    Passphrase,
}

/// What somebody wants with a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum SecretUse {
    /// Look at it.
    Show,
    /// Copy it.
    Copy,
}

api_type! {
    /// What may be told of a credential: everything but its secret.
    #[derive(Eq)]
    pub struct CredentialFacts {
        /// Its name, unique in its group.
        pub name: String,
        /// The group whose roles say who manages it.
        pub group_id: JumpGroupId,
        /// What its secret is.
        pub kind: CredentialKind,
        /// Whom to sign in as; may be empty.
        #[serde(default)]
        pub user_name: String,
        /// Free text.
        #[serde(default)]
        pub comments: String,
        /// How its secret is given out.
        #[serde(default)]
        pub giving: Giving,
    }

    /// `POST /api/credentials` and `PUT /api/credentials/{id}`.
    #[derive(Eq)]
    pub struct CredentialDraft {
        /// All but the secret.
        #[serde(flatten)]
        pub facts: CredentialFacts,
        /// The secret. It is never given back here; absent in a change, the one that is stored stays.
        #[serde(default)]
        pub secret: Option<NewSecret>,
        /// The revision that was looked at; a change to another one is refused. Means nothing for a new credential.
        #[serde(default)]
        pub revision: i64,
    }

    /// A secret that is to be stored.
    #[derive(Eq)]
    pub struct NewSecret {
        /// The password, key or token.
        pub text: SecretText,
        /// The passphrase of a key.
        #[serde(default)]
        pub passphrase: Option<SecretText>,
    }

    /// A stored credential, for those who manage it.
    #[derive(Eq)]
    pub struct Credential {
        /// Its id.
        pub id: CredentialId,
        /// All but the secret.
        #[serde(flatten)]
        pub facts: CredentialFacts,
        /// Name of its group.
        pub group_name: String,
        /// Whether a passphrase is stored with its key.
        pub has_passphrase: bool,
        /// When its secret was entered.
        pub secret_at: Timestamp,
        /// Items that name it, as far as the asking user sees them.
        pub items: Vec<String>,
        /// How many others do, those just removed among them.
        pub other_items: u32,
        /// Goes up with each change; to be sent with the next one.
        pub revision: i64,
    }

    /// A credential as an item names it.
    #[derive(Copy, Eq)]
    pub struct ItemCredential {
        /// Which.
        pub credential_id: CredentialId,
        /// The tunnels that it is for, by their remote port; none: the whole item.
        #[serde(default)]
        pub remote_port: Option<u32>,
    }

    /// `GET /api/sessions/{id}/credentials`: what is stored for whoever uses this session.
    #[derive(Eq)]
    pub struct SessionCredentials {
        /// Why nothing is given out now, and what to do: two sentences. None: it is.
        pub refused: Option<String>,
        /// What is stored, in the order of the item.
        pub credentials: Vec<SessionCredential>,
    }

    /// A stored credential in a session.
    #[derive(Eq)]
    pub struct SessionCredential {
        /// Its id.
        pub id: CredentialId,
        /// Its name.
        pub name: String,
        /// What its secret is.
        pub kind: CredentialKind,
        /// Whom to sign in as; may be empty.
        pub user_name: String,
        /// How its secret is given out.
        pub giving: Giving,
        /// Whether a passphrase is stored with it.
        pub has_passphrase: bool,
        /// The tunnels that it is for, by their numbers; none: the whole item.
        pub tunnels: Vec<u16>,
    }

    /// `POST /api/sessions/{id}/credentials/{credential_id}/reveal`.
    #[derive(Copy, Eq)]
    pub struct RevealSecret {
        /// What for: it is written down.
        #[serde(rename = "use")]
        pub wanted: SecretUse,
        /// Which part.
        #[serde(default)]
        pub part: SecretPart,
    }

    /// The answer: the only place where a stored secret leaves the appliance.
    #[derive(Eq)]
    pub struct RevealedSecret {
        /// The secret.
        pub text: SecretText,
    }
}
