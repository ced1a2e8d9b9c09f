use super::{Me, api_type};
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
    }

    /// `POST /api/sign-in/second-factor`: answered with [`Me`].
    pub struct SecondFactorRequest {
        /// Of [`SecondFactorStep`].
        pub challenge: SecretText,
        /// The code that the authenticator app shows, or a recovery code.
        pub code: SecretText,
    }

    /// `GET /api/me/second-factors`.
    pub struct SecondFactors {
        /// Since when an authenticator app is asked for at sign-in; absent when none is.
        pub totp_since: Option<Timestamp>,
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

    /// `POST /api/me/totp/remove` and `POST /api/me/recovery-codes`: who weakens a sign-in shows both factors.
    pub struct BothFactors {
        /// The present password.
        pub password: SecretText,
        /// The code that the authenticator app shows, or a recovery code.
        pub code: SecretText,
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
    pub struct SignInSettings {
        /// Whether everybody needs a second factor: who has none sets one up at the next sign-in before anything else.
        pub second_factor_required: bool,
    }
}
