//! The one shape of every refusal. What a person may know is in the answer; what the operator needs is in the log, under the
//! same request id.

use std::time::Duration;

use axum::Json;
use axum::extract::rejection::{JsonRejection, PathRejection, QueryRejection};
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::{FromRequest, FromRequestParts, OptionalFromRequest, Request};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use serde::de::DeserializeOwned;
use wire::api::{ApiError, Fault, FieldError, TokenScope};

use super::middleware;
use crate::random::NoRandomness;
use crate::sign_in::browsers::BrowserError;
use crate::sign_in::password::HashFailed;
use crate::sign_in::second_factor::FactorError;
use crate::store::StoreError;

/// A refusal on its way to the browser.
#[derive(Debug)]
pub struct Failure {
    status: StatusCode,
    error: Box<ApiError>,
}

impl Failure {
    /// A refusal with a stable name, a sentence, and what to do next.
    pub fn new(status: StatusCode, fault: Fault, code: &str, message: &str, next_step: &str) -> Self {
        let error = ApiError {
            code: code.to_owned(),
            message: message.to_owned(),
            next_step: next_step.to_owned(),
            fault,
            fields: Vec::new(),
            request_id: String::new(),
        };
        Self { status, error: Box::new(error) }
    }

    /// Nobody is signed in.
    pub fn not_signed_in() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            Fault::User,
            "not_signed_in",
            "You are not signed in.",
            "Sign in and try again.",
        )
    }

    /// An API token that does not work.
    pub fn wrong_token() -> Self {
        let message = "This API token does not work: it is unknown, revoked or expired, or its user is disabled.";
        Self::new(StatusCode::UNAUTHORIZED, Fault::User, "wrong_token", message, "Make a new one under Your account.")
    }

    /// What no API token may, whatever its scope.
    pub fn not_for_tokens() -> Self {
        let (message, next_step) = ("This cannot be done with an API token.", "Do it in the console.");
        Self::new(StatusCode::FORBIDDEN, Fault::Policy, "not_for_tokens", message, next_step)
    }

    /// An API token that may less.
    pub fn token_scope(needed: TokenScope) -> Self {
        let name = match needed {
            TokenScope::Read => "read",
            TokenScope::Jump => "jump",
            TokenScope::Administer => "administer",
        };
        let message = format!("This API token may not do that: it needs the scope {name}.");
        let next_step = "Make one with that scope under Your account.";
        Self::new(StatusCode::FORBIDDEN, Fault::Policy, "token_scope", &message, next_step)
    }

    /// A second factor has to be set up first.
    pub fn second_factor_needed() -> Self {
        let message = "Everybody who signs in here needs a second factor, and you have none yet.";
        let next_step = "Set up an authenticator app first.";
        Self::new(StatusCode::FORBIDDEN, Fault::Policy, "second_factor_needed", message, next_step)
    }

    /// Administrators only.
    pub fn not_allowed() -> Self {
        let next_step = "Ask an administrator.";
        Self::new(StatusCode::FORBIDDEN, Fault::Policy, "not_allowed", "Only administrators may do that.", next_step)
    }

    /// There is no such thing, or it is not for this user.
    pub fn not_found(what: &str) -> Self {
        let message = format!("There is no such {what} any more.");
        Self::new(
            StatusCode::NOT_FOUND,
            Fault::User,
            "not_found",
            &message,
            "Somebody may have removed it; load the list again.",
        )
    }

    /// A form that is not right.
    pub fn fields(fields: Vec<FieldError>) -> Self {
        let message = "Some of the entries are not right.";
        let mut failure =
            Self::new(StatusCode::UNPROCESSABLE_ENTITY, Fault::User, "invalid", message, "Correct the marked ones.");
        failure.error.fields = fields;
        failure
    }

    /// One field that is not right.
    pub fn field(field: &str, message: &str) -> Self {
        Self::fields(vec![FieldError::new(field, message)])
    }

    /// The stable name.
    pub(super) fn code(&self) -> &str {
        &self.error.code
    }

    /// What a person is told.
    pub(super) fn message(&self) -> &str {
        &self.error.message
    }

    /// Whether the appliance could not do it, rather than refuse it.
    pub(super) fn is_own(&self) -> bool {
        self.status.is_server_error()
    }

    /// Also says what is wrong where.
    #[must_use]
    pub fn with_fields(mut self, fields: Vec<FieldError>) -> Self {
        self.error.fields = fields;
        self
    }

    /// It contradicts something else.
    pub fn conflict(code: &str, message: &str, next_step: &str) -> Self {
        Self::new(StatusCode::CONFLICT, Fault::User, code, message, next_step)
    }

    /// Something failed that nobody outside can mend.
    pub(super) fn internal() -> Self {
        let (message, next_step) =
            ("Something failed in the appliance.", "Try again; if it stays, give your administrator the id below.");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, Fault::Appliance, "internal", message, next_step)
    }
}

impl IntoResponse for Failure {
    fn into_response(mut self) -> Response {
        self.error.request_id = middleware::request_id();
        (self.status, Json(self.error)).into_response()
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        let (status, fault) = (StatusCode::SERVICE_UNAVAILABLE, Fault::Appliance);
        match &error {
            StoreError::Duplicate => Self::field("name", "There is one of this name already. Choose another."),
            StoreError::Dependent => Self::conflict(
                "in_use",
                "Something else depends on it, or what it depends on is gone.",
                "Load the page again and look at what uses it.",
            ),
            StoreError::LastAdministrator => Self::conflict(
                "last_administrator",
                "This is the last administrator who can sign in.",
                "Make another user an administrator first.",
            ),
            StoreError::ChangedMeanwhile => Self::conflict(
                "changed_meanwhile",
                "Somebody else changed this while you did; nothing of yours was written.",
                "Look at what it is now, and change it again.",
            ),
            StoreError::OutboxFull => {
                tracing::error!(error = %error, "the outbox is full");
                let message = "The appliance cannot send mail: too many letters wait already.";
                let next_step = "Tell your administrator: the mail server may not take any.";
                Self::new(status, fault, "outbox_full", message, next_step)
            }
            StoreError::NotAudited(_) => {
                tracing::error!(error = %error, "something could not be audited");
                let message = "The appliance cannot write this into its audit trail, so it was not done.";
                let next_step = "Try again; if it stays, tell your administrator: its disk may be full.";
                Self::new(status, fault, "not_audited", message, next_step)
            }
            StoreError::Busy => {
                tracing::error!(error = %error, "the database is busy");
                Self::new(
                    status,
                    fault,
                    "database_busy",
                    "The appliance's database is busy; nothing was changed.",
                    "Try again in a moment.",
                )
            }
            StoreError::Unreachable(_) => {
                tracing::error!(error = %error, "the database cannot be reached");
                let message = "The appliance has no connection to its database.";
                let next_step =
                    "Try again in a moment, and look first whether it was done; if it stays, tell your administrator.";
                Self::new(status, fault, "database_unreachable", message, next_step)
            }
            StoreError::NotWritable(_) => {
                tracing::error!(error = %error, "the database cannot be written");
                let message = "The appliance cannot write to its database; nothing was changed.";
                let next_step = "Tell your administrator: its disk may be full.";
                Self::new(status, fault, "database_not_writable", message, next_step)
            }
            StoreError::Corrupt { .. } | StoreError::Other(_) => {
                tracing::error!(error = %error, cause = ?std::error::Error::source(&error), "the database failed");
                Self::internal()
            }
        }
    }
}

impl From<NoRandomness> for Failure {
    fn from(error: NoRandomness) -> Self {
        tracing::error!(error = %error, "no random bytes");
        Self::internal()
    }
}

impl From<HashFailed> for Failure {
    fn from(error: HashFailed) -> Self {
        tracing::error!(error = %error, "no password hash");
        Self::internal()
    }
}

impl From<BrowserError> for Failure {
    fn from(error: BrowserError) -> Self {
        match error {
            BrowserError::Store(error) => error.into(),
            BrowserError::NoRandomness(error) => error.into(),
        }
    }
}

impl From<FactorError> for Failure {
    fn from(error: FactorError) -> Self {
        match error {
            FactorError::Store(error) => error.into(),
            FactorError::NoRandomness(error) => error.into(),
            FactorError::Passkey(error) => super::passkeys::refused(&error).unwrap_or_else(|| {
                tracing::error!(error = %error, "a passkey cannot be used");
                Self::internal()
            }),
            FactorError::Sealing(error) => {
                tracing::error!(error = %error, "a second factor cannot be checked");
                let message = "The appliance cannot read what your authenticator app is checked with.";
                let next_step = "Use a recovery code, or ask an administrator to reset your second factors.";
                Self::new(StatusCode::INTERNAL_SERVER_ERROR, Fault::Appliance, "sealed", message, next_step)
            }
        }
    }
}

fn bad_request(detail: &str) -> Failure {
    let next_step = "Load the page again; if it stays, console and appliance may be of different versions.";
    let message = format!("The appliance did not understand the request: {detail}");
    Failure::new(StatusCode::BAD_REQUEST, Fault::User, "bad_request", &message, next_step)
}

impl From<JsonRejection> for Failure {
    fn from(rejection: JsonRejection) -> Self {
        bad_request(&rejection.body_text())
    }
}

impl From<PathRejection> for Failure {
    fn from(rejection: PathRejection) -> Self {
        bad_request(&rejection.body_text())
    }
}

impl From<QueryRejection> for Failure {
    fn from(rejection: QueryRejection) -> Self {
        bad_request(&rejection.body_text())
    }
}

impl From<WebSocketUpgradeRejection> for Failure {
    fn from(rejection: WebSocketUpgradeRejection) -> Self {
        let message = format!("This address is for WebSockets: {}.", rejection.body_text());
        Self::new(rejection.status(), Fault::User, "not_a_web_socket", &message, "")
    }
}

/// How long the body of a request may take to arrive.
const BODY_WITHIN: Duration = Duration::from_secs(30);

/// `Json` whose refusal has our shape, and that does not wait for ever.
pub(super) struct Body<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = Failure;

    async fn from_request(request: Request, state: &S) -> Result<Self, Failure> {
        let Ok(read) =
            tokio::time::timeout(BODY_WITHIN, <Json<T> as FromRequest<S>>::from_request(request, state)).await
        else {
            let message = "The rest of the request did not arrive in time.";
            let next_step = "Try again; if it stays, look at the network between you and the appliance.";
            return Err(Failure::new(StatusCode::REQUEST_TIMEOUT, Fault::Network, "too_slow", message, next_step));
        };
        let Json(body) = read?;
        Ok(Self(body))
    }
}

impl<T: DeserializeOwned, S: Send + Sync> OptionalFromRequest<S> for Body<T> {
    type Rejection = Failure;

    /// None when nothing was sent.
    async fn from_request(request: Request, state: &S) -> Result<Option<Self>, Failure> {
        if !request.headers().contains_key(http::header::CONTENT_TYPE) {
            return Ok(None);
        }
        <Self as FromRequest<S>>::from_request(request, state).await.map(Some)
    }
}

/// A WebSocket's request whose refusal has our shape.
pub struct Upgrade(pub WebSocketUpgrade);

impl<S: Send + Sync> FromRequestParts<S> for Upgrade {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        Ok(Self(WebSocketUpgrade::from_request_parts(parts, state).await?))
    }
}

/// `Path` whose refusal has our shape.
#[derive(axum::extract::FromRequestParts)]
#[from_request(via(axum::extract::Path), rejection(Failure))]
pub(super) struct Path<T>(pub T);

/// `Query` whose refusal has our shape.
#[derive(axum::extract::FromRequestParts)]
#[from_request(via(axum::extract::Query), rejection(Failure))]
pub(super) struct Query<T>(pub T);
