use http::StatusCode;
use wire::api::Fault;

use crate::outgoing::OutgoingError;
use crate::sealing::SealingError;
use crate::store::StoreError;

/// Why a provider could not be asked, or what it said counts for nothing. Each says it about "the provider".
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProviderError {
    /// No connection, no answer, or a certificate that is not believed.
    #[error("the provider cannot be asked: {0}")]
    Unreachable(String),
    /// What is kept about it is of no use.
    #[error("the provider cannot be asked as it is set up: {0}")]
    Settings(String),
    /// There is no provider at that address.
    #[error("there is no OpenID provider at this issuer: {0}")]
    NotFound(String),
    /// An answer that is of no use.
    #[error("the provider gave no usable answer: {0}")]
    BadAnswer(String),
    /// It calls itself something else.
    #[error("the provider at this address calls itself {0}, which is not the issuer that is set up")]
    OtherIssuer(String),
    /// It does not know the appliance, or not by this secret.
    #[error("the provider does not accept the client id or the client secret: {0}")]
    Client(String),
    /// It did not take the code.
    #[error("the provider refused what it had sent itself: {0}")]
    Code(String),
    /// It did not let the person through.
    #[error("the provider did not let you in: {0}")]
    Refused(String),
    /// The token is not valid now.
    #[error("the provider's token is not valid at this time: {0}")]
    Clock(String),
    /// The token is not one.
    #[error("the provider's token is not believed: {0}")]
    Token(String),
}

impl ProviderError {
    /// The stable name.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unreachable(_) => "provider_unreachable",
            Self::Settings(_) | Self::NotFound(_) | Self::OtherIssuer(_) => "provider_settings",
            Self::BadAnswer(_) => "provider_answer",
            Self::Client(_) => "provider_client",
            Self::Code(_) => "provider_code",
            Self::Refused(_) => "provider_refused",
            Self::Clock(_) => "provider_clock",
            Self::Token(_) => "provider_token",
        }
    }

    /// Who has to act.
    #[must_use]
    pub fn fault(&self) -> Fault {
        match self {
            Self::Unreachable(_) | Self::Clock(_) => Fault::Network,
            Self::Settings(_) | Self::NotFound(_) | Self::OtherIssuer(_) | Self::Client(_) => Fault::Policy,
            Self::BadAnswer(_) | Self::Token(_) => Fault::Target,
            Self::Code(_) | Self::Refused(_) => Fault::User,
        }
    }

    /// Whether whoever signs in had no part in it.
    #[must_use]
    pub fn is_nobodys_doing(&self) -> bool {
        matches!(
            self,
            Self::Unreachable(_) | Self::Settings(_) | Self::NotFound(_) | Self::OtherIssuer(_) | Self::Client(_)
        )
    }

    /// What an administrator does about it.
    #[must_use]
    pub fn next_step(&self) -> &'static str {
        match self {
            Self::Unreachable(_) => "Look at the address, the network between, and the certificate authority.",
            Self::Settings(_) => "Correct the settings and save them.",
            Self::NotFound(_) => {
                "The issuer is the address before /.well-known/openid-configuration. Look it up in the provider's own settings."
            }
            Self::BadAnswer(_) => "Look at the provider's log: it should answer in JSON, without a redirect.",
            Self::OtherIssuer(_) => "Enter the issuer as the provider writes it, to the last slash.",
            Self::Client(_) => "Compare client id and client secret with the provider's, and enter the secret again.",
            Self::Code(_) => "Sign in again from the beginning.",
            Self::Refused(_) => "Ask whoever looks after the provider whether you may use Sallyport.",
            Self::Clock(_) => "Compare the clocks of the provider and of the appliance: they may differ by a minute.",
            Self::Token(_) => "Look at the provider's settings for this client, and at the appliance's log.",
        }
    }
}

impl From<OutgoingError> for ProviderError {
    fn from(error: OutgoingError) -> Self {
        let said = error.to_string();
        match error {
            OutgoingError::TimedOut | OutgoingError::Certificate(_) | OutgoingError::Unreachable(_) => {
                Self::Unreachable(said)
            }
            OutgoingError::TooLong | OutgoingError::Broken(_) => Self::BadAnswer(said),
            OutgoingError::Authority(_) | OutgoingError::Address(_) | OutgoingError::NotMade(_) => Self::Settings(said),
        }
    }
}

/// An answer with this status is of no use.
pub(super) fn of_status(status: StatusCode) -> ProviderError {
    match status {
        _ if status.is_redirection() => {
            ProviderError::BadAnswer(format!("it points to another address ({status}), which is not followed"))
        }
        StatusCode::NOT_FOUND => ProviderError::NotFound(format!("it answers with {status}")),
        _ => ProviderError::BadAnswer(format!("it answers with {status}")),
    }
}

/// Why a sign-in by way of a provider cannot begin or go on.
#[derive(Debug, thiserror::Error)]
pub enum SignOnError {
    /// No such provider, or nobody may use it.
    #[error("there is no such way to sign in")]
    NoProvider,
    /// Nobody was sent to a provider with this, from this browser; or they came back already.
    #[error("this sign-in was not begun in this browser, or it is over")]
    Lost,
    /// They came back too late.
    #[error("this sign-in took longer than ten minutes")]
    TooLate,
    /// Too many wait.
    #[error("too many sign-ins were begun and not finished")]
    TooMany,
    /// See there.
    #[error(transparent)]
    Provider(#[from] ProviderError),
    /// The kept secret does not open.
    #[error(transparent)]
    Sealing(#[from] SealingError),
    /// The system gave no random bytes.
    #[error(transparent)]
    NoRandomness(#[from] crate::random::NoRandomness),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}
