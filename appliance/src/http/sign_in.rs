use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use wire::Timestamp;
use wire::api::{ApiError, ConsoleEvent, Fault, Me, SignInRequest};
use wire::limits::PASSWORD_MAX_CHARS;

use super::error::Body;
use super::server::ConnectionInfo;
use super::users::view;
use super::{Failure, SignedIn};
use crate::clock::now;
use crate::events::Audience;
use crate::services::{Services, VERSION};
use crate::sign_in::attempts::AttemptError;
use crate::sign_in::browsers::{self, COOKIE};
use crate::store::{BrowserRecord, UserRecord};

/// Signs in with a name and a password.
#[utoipa::path(post, path = "/api/sign-in", tag = "sign-in", request_body = SignInRequest, responses((status = 200, body = Me), (status = 401, body = ApiError), (status = 429, body = ApiError)))]
pub(super) async fn sign_in(
    State(services): State<Services>,
    axum::Extension(connection): axum::Extension<ConnectionInfo>,
    headers: HeaderMap,
    Body(request): Body<SignInRequest>,
) -> Result<Response, Failure> {
    let address = connection.peer.ip();
    let attempt = services.attempts.begin(&request.user_name, Some(address)).await;
    let attempt = attempt.map_err(|error| refused_attempt(&services, error))?;
    let user = services.store.user_by_name(&request.user_name).await?;
    let hash = user.as_ref().map(|user| user.password_hash.clone());
    let is_long = request.password.expose().chars().count() > PASSWORD_MAX_CHARS;
    let fits = !is_long && services.passwords.verify(&request.password, hash).await?;
    let Some(user) = user.filter(|_| fits) else {
        tracing::info!(client = %address, "a sign-in failed");
        services.metrics.sign_in_failed("wrong_password");
        let message = "User name and password do not belong together.";
        let next_step = "Try again. After five failures the account is locked for 15 minutes.";
        return Err(Failure::new(StatusCode::UNAUTHORIZED, Fault::User, "wrong_password", message, next_step));
    };
    if !user.enabled {
        services.metrics.sign_in_failed("user_disabled");
        let next_step = "Ask an administrator to enable it.";
        return Err(Failure::new(
            StatusCode::FORBIDDEN,
            Fault::Policy,
            "user_disabled",
            "This account is disabled.",
            next_step,
        ));
    }
    services.attempts.succeed(attempt).await?;
    signed_in_answer(&services, user, connection, &headers).await
}

/// Signs this browser out.
#[utoipa::path(post, path = "/api/sign-out", tag = "sign-in", responses((status = 204), (status = 401, body = ApiError)))]
pub(super) async fn sign_out(State(services): State<Services>, who: SignedIn) -> Result<Response, Failure> {
    services.store.delete_browser(who.user.id, who.browser.id).await?;
    let event = ConsoleEvent::SignedOut { message: "You signed out.".into() };
    services.events.announce(Audience::LastWord(who.user.id, Some(who.browser.id)), event);
    let forget = format!("{COOKIE}=; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=0");
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, forget)]).into_response())
}

/// Signs a browser of this user in and answers with the cookie.
pub(super) async fn signed_in_answer(
    services: &Services,
    mut user: UserRecord,
    connection: ConnectionInfo,
    headers: &HeaderMap,
) -> Result<Response, Failure> {
    let user_agent = headers.get(header::USER_AGENT).and_then(|it| it.to_str().ok()).unwrap_or_default();
    let (address, timeouts) = (connection.peer.ip().to_string(), services.config.sign_in);
    let browser = browsers::sign_in(&services.store, user.id, user_agent, address, timeouts).await?;
    // Whoever changed the account meanwhile has signed out the browsers there were; this one may have come after.
    let still = services.store.user(user.id).await?;
    if !still.is_some_and(|it| it.enabled && it.password_hash == user.password_hash) {
        services.store.delete_browser(user.id, browser.record.id).await?;
        let message = "This account was changed at the same time.";
        return Err(Failure::new(StatusCode::UNAUTHORIZED, Fault::User, "account_changed", message, "Sign in again."));
    }
    let at = now();
    services.store.note_sign_in(user.id, at).await?;
    services.events.announce(Audience::Administrators, ConsoleEvent::UsersChanged);
    user.last_sign_in_at = Some(at);
    let cookie = format!(
        "{COOKIE}={}; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age={}",
        browser.token.expose(),
        timeouts.absolute.as_secs()
    );
    let mut response = Json(me_of(user, &browser.record)).into_response();
    if let Ok(cookie) = HeaderValue::from_str(&cookie) {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    Ok(response)
}

/// What the console has to know of who is signed in.
pub(super) fn me_of(user: UserRecord, browser: &BrowserRecord) -> Me {
    Me {
        user: view(user, None),
        csrf_token: browser.csrf_token.clone().into(),
        browser_id: browser.id,
        appliance_version: VERSION.to_owned(),
        expires_at: browser.expires_at,
    }
}

/// What a refused attempt reads like.
fn refused_attempt(services: &Services, error: AttemptError) -> Failure {
    match error {
        AttemptError::Locked { until } => {
            services.metrics.sign_in_failed("locked");
            locked(until, now())
        }
        AttemptError::Store(error) => error.into(),
    }
}

fn locked(until: Timestamp, at: Timestamp) -> Failure {
    let minutes = until.millis_since(at).div_ceil(60_000);
    let unit = if minutes == 1 { "minute" } else { "minutes" };
    let message = "There were too many failed sign-ins.";
    let next_step = format!("Try again in {minutes} {unit}, or ask an administrator to unlock the account.");
    Failure::new(StatusCode::TOO_MANY_REQUESTS, Fault::User, "locked", message, &next_step)
}

/// Checks the present password of somebody who is signed in; a wrong one counts like a failed sign-in.
pub(super) async fn guarded_verify(
    services: &Services,
    user: &UserRecord,
    password: &wire::SecretText,
) -> Result<(), Failure> {
    let attempt = services.attempts.begin(&user.user_name, None).await;
    let attempt = attempt.map_err(|error| refused_attempt(services, error))?;
    if !services.passwords.verify(password, Some(user.password_hash.clone())).await? {
        services.metrics.sign_in_failed("wrong_password");
        return Err(Failure::field("current", "This is not your present password."));
    }
    Ok(services.attempts.succeed(attempt).await?)
}
