use super::{Me, Passkey, PasskeyCeremony, ShownPasskey, api_type};
use crate::{SecretText, Timestamp};

/// Answer of `POST /api/sign-in`: a password alone may not be enough.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "step", rename_all = "snake_case")]
pub enum SignInAnswer {
    /// Signed in; the cookie is in the answer.
    SignedIn(Box<Me>),
    /// The password is right, and a second factor is asked for.
    SecondFactor(SecondFactorStep),
}

api_type! {
    /// What `POST /api/sign-in/second-factor` has to be called with.
    pub struct SecondFactorStep {
        /// Good for one sign-in, for five attempts.
        pub challenge: SecretText,
        /// Until then.
        pub expires_at: Timestamp,
        /// Whether a code of an authenticator app can be shown. A recovery code always can.
        #[serde(default)]
        pub app: bool,
        /// What the browser is to ask for, where the user has passkeys.
        #[serde(default)]
        pub passkey: Option<PasskeyCeremony>,
    }

    /// `POST /api/sign-in/second-factor`: answered with [`Me`].
    pub struct SecondFactorRequest {
        /// Of [`SecondFactorStep`].
        pub challenge: SecretText,
        /// What is shown.
        #[serde(flatten)]
        pub shown: ShownFactor,
    }

    /// A second factor as it is shown: one of them.
    #[derive(Default)]
    pub struct ShownFactor {
        /// The code that the authenticator app shows, or a recovery code.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub code: Option<SecretText>,
        /// What a passkey said.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub passkey: Option<ShownPasskey>,
    }

    /// `GET /api/me/second-factors`.
    pub struct SecondFactors {
        /// Since when an authenticator app is asked for at sign-in; absent when none is.
        pub totp_since: Option<Timestamp>,
        /// Passkeys, oldest first.
        #[serde(default)]
        pub passkeys: Vec<Passkey>,
        /// Why this appliance knows no passkeys, if so: a sentence.
        #[serde(default)]
        pub passkeys_unavailable: Option<String>,
        /// Recovery codes that were not used yet.
        pub recovery_codes_left: u32,
        /// Whether everybody needs a second factor here.
        pub required: bool,
    }

    /// `POST /api/me/totp`: begins to set an authenticator app up.
    #[derive(Default)]
    pub struct BeginTotp {
        /// The present password; not needed by who has to set one up before anything else, having just typed it.
        #[serde(default)]
        pub password: Option<SecretText>,
    }

    /// What an authenticator app has to be told; shown once.
    pub struct TotpOffer {
        /// The secret in base32, for typing.
        pub secret: SecretText,
        /// The same as an `otpauth` address.
        pub uri: SecretText,
        /// The same as a QR code.
        pub qr_code: QrCode,
    }

    /// A QR code to be drawn: dark squares of 1 × 1 on a light ground.
    pub struct QrCode {
        /// Squares in a row, without the light border of four that belongs around it.
        pub size: u32,
        /// The dark squares as the `d` of an SVG path.
        pub path: SecretText,
    }

    /// `POST /api/me/totp/confirm`: the app is set up when it shows the right code.
    pub struct ConfirmTotp {
        /// The code that the app shows.
        pub code: SecretText,
    }

    /// Shown once; each signs in once instead of a code.
    pub struct RecoveryCodes {
        /// The codes.
        pub codes: Vec<SecretText>,
    }

    /// `POST /api/me/totp/remove`, `POST /api/me/recovery-codes` and `POST /api/me/passkeys/{id}/remove`: who weakens a sign-in shows both factors.
    pub struct BothFactors {
        /// The present password; who has none has to have signed in just now.
        #[serde(default)]
        pub password: SecretText,
        /// The second factor.
        #[serde(flatten)]
        pub shown: ShownFactor,
    }

    /// `POST /api/users/{id}/reset-second-factors`.
    pub struct ResetSecondFactors {
        /// Why, in words for the user.
        pub reason: String,
    }

    /// An administrator took a user's second factors away.
    pub struct FactorsReset {
        /// When.
        pub at: Timestamp,
        /// Why.
        pub reason: String,
    }

    /// `GET` and `PUT /api/settings/sign-in`.
    #[derive(Default)]
    pub struct SignInSettings {
        /// Whether everybody needs a second factor: who has none sets one up at the next sign-in before anything else.
        pub second_factor_required: bool,
        /// Goes up with each change. In a change: the revision that was looked at; a change to another one is refused.
        #[serde(default)]
        pub revision: i64,
    }
}

impl ShownFactor {
    /// A code.
    #[must_use]
    pub fn code(code: SecretText) -> Self {
        Self { code: Some(code), passkey: None }
    }

    /// What a passkey said.
    #[must_use]
    pub fn passkey(passkey: ShownPasskey) -> Self {
        Self { code: None, passkey: Some(passkey) }
    }
}
