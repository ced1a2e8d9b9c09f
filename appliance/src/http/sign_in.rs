use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use wire::api::{
    ApiError, BothFactors, ConsoleEvent, FactorsReset, Fault, Me, SecondFactorRequest, SecondFactorStep, ShownFactor,
    SignInAnswer, SignInRequest,
};
use wire::audit::Action;
use wire::limits::PASSWORD_MAX_CHARS;
use wire::{SecretText, Timestamp};

use super::error::Body;
use super::server::ConnectionInfo;
use super::users::{entry, view};
use super::{Arriving, AtConsole, Failure, reviewing, settings};
use crate::audit::{By, Entry};
use crate::clock::now;
use crate::events::Audience;
use crate::random;
use crate::services::{Services, VERSION};
use crate::sign_in::attempts::{Attempt, AttemptError};
use crate::sign_in::browsers::{self, COOKIE};
use crate::sign_in::challenge::{self, Challenge};
use crate::sign_in::second_factor::Shown;
use crate::store::{BrowserRecord, UserRecord};

/// What a wrong code or passkey reads like, without telling a wrong one from one that was used.
fn not_right(shown: &ShownFactor) -> &'static str {
    match shown.passkey {
        None => "This code is not right, or it was used already.",
        Some(_) => "This passkey was not accepted, or it was asked for too long ago.",
    }
}

/// Signs in with a name and a password; who has a second factor is asked for it next.
#[utoipa::path(post, path = "/api/sign-in", tag = "sign-in", request_body = SignInRequest, responses((status = 200, body = SignInAnswer), (status = 401, body = ApiError), (status = 429, body = ApiError)))]
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
    // Who has no password takes as long as who does not exist.
    let hash = user.as_ref().map(|user| user.password_hash.clone()).filter(|it| !it.is_empty());
    let is_long = request.password.expose().chars().count() > PASSWORD_MAX_CHARS;
    let fits = !is_long && services.passwords.verify(&request.password, hash).await?;
    let by = By::nobody(&address.to_string());
    let Some(user) = user.as_ref().filter(|_| fits).cloned() else {
        tracing::info!(client = %address, "a sign-in failed");
        services.metrics.sign_in_failed("wrong_password");
        failed(&services, &by, user.as_ref(), "wrong_password", &attempt).await?;
        let message = "User name and password do not belong together.";
        let next_step = "Try again. After five failures the account is locked for 15 minutes.";
        return Err(Failure::new(StatusCode::UNAUTHORIZED, Fault::User, "wrong_password", message, next_step));
    };
    if !user.enabled {
        services.metrics.sign_in_failed("user_disabled");
        failed(&services, &by, Some(&user), "user_disabled", &attempt).await?;
        let next_step = "Ask an administrator to enable it.";
        return Err(Failure::new(
            StatusCode::FORBIDDEN,
            Fault::Policy,
            "user_disabled",
            "This account is disabled.",
            next_step,
        ));
    }
    if services.store.has_second_factor(user.id).await? {
        services.attempts.take_back(attempt).await?;
        let step = ask_for_factor(&services, &user, &by, None).await?;
        return Ok(Json(SignInAnswer::SecondFactor(step)).into_response());
    }
    services.attempts.succeed(attempt).await?;
    let (me, cookie) = sign_browser_in(&services, user, connection, &headers, How::with("password")).await?;
    Ok(with_cookie(SignInAnswer::SignedIn(Box::new(me)), cookie))
}

/// Begins the second step of a sign-in.
pub(super) async fn ask_for_factor(
    services: &Services,
    user: &UserRecord,
    by: &By,
    provider: Option<&str>,
) -> Result<SecondFactorStep, Failure> {
    let challenge = Challenge::new(user, provider, now())?;
    let expires_at = challenge.record.expires_at;
    let change = services.audit.begin().await?;
    change.insert_challenge(challenge.record).await?;
    let half_way = entry(Action::SignInHalfWay, user);
    let half_way = provider.into_iter().fold(half_way, |entry, name| entry.with("provider", name));
    change.commit(by, [half_way]).await?;
    let app = services.store.totp(user.id).await?.is_some_and(|it| it.confirmed_at.is_some());
    let passkey = services.factors.ask_for_passkey(user.id, now()).await?;
    Ok(SecondFactorStep { challenge: challenge.token, expires_at, app, passkey })
}

/// The second step of a sign-in.
#[utoipa::path(post, path = "/api/sign-in/second-factor", tag = "sign-in", request_body = SecondFactorRequest, responses((status = 200, body = Me), (status = 401, body = ApiError), (status = 429, body = ApiError)))]
pub(super) async fn second_factor(
    State(services): State<Services>,
    axum::Extension(connection): axum::Extension<ConnectionInfo>,
    headers: HeaderMap,
    Body(request): Body<SecondFactorRequest>,
) -> Result<Response, Failure> {
    let over = || {
        services.metrics.sign_in_failed("challenge_over");
        let (message, next_step) = ("This sign-in took too long or was used.", "Sign in again from the beginning.");
        Failure::new(StatusCode::UNAUTHORIZED, Fault::User, "challenge_over", message, next_step)
    };
    let (at, address) = (now(), connection.peer.ip());
    let token_hash = random::hash(request.challenge.expose());
    let begun = services.store.try_challenge(&token_hash, at).await?.ok_or_else(over)?;
    let user = services.store.user(begun.user_id).await?.filter(|user| challenge::still_holds(&begun, user));
    let user = user.ok_or_else(over)?;
    let attempt = services.attempts.begin(&user.user_name, Some(address)).await;
    let attempt = attempt.map_err(|error| refused_attempt(&services, error))?;
    let Some(shown) = services.factors.check(user.id, &request.shown, at).await? else {
        tracing::info!(client = %address, user.id = %user.id, "a second factor was not right");
        services.metrics.sign_in_failed("wrong_code");
        failed(&services, &By::nobody(&address.to_string()), Some(&user), "wrong_code", &attempt).await?;
        // A passkey is asked once in each sign-in.
        let is_over = begun.attempts_left == 0 || request.shown.passkey.is_some();
        let (code, next_step) = match is_over {
            true => ("challenge_over", "Sign in again from the beginning."),
            false => ("wrong_code", "Each code is good once and for half a minute: wait for the next one."),
        };
        return Err(Failure::new(StatusCode::UNAUTHORIZED, Fault::User, code, not_right(&request.shown), next_step));
    };
    if !services.store.finish_challenge(begun.id).await? {
        return Err(over());
    }
    services.attempts.succeed(attempt).await?;
    let factor = match shown {
        Shown::RecoveryCode => "recovery code",
        Shown::AuthenticatorApp => "authenticator app",
        Shown::Passkey => "passkey",
    };
    let first = if begun.provider.is_some() { "single sign-on" } else { "password" };
    let how = How { provider: begun.provider, ..How::with(&format!("{first} and {factor}")) };
    let (me, cookie) = sign_browser_in(&services, user, connection, &headers, how).await?;
    Ok(with_cookie(me, cookie))
}

/// Signs this browser out.
#[utoipa::path(post, path = "/api/sign-out", tag = "sign-in", responses((status = 204), (status = 401, body = ApiError)))]
pub(super) async fn sign_out(State(services): State<Services>, Arriving(who): Arriving) -> Result<Response, Failure> {
    let change = services.audit.begin().await?;
    change.delete_browser(who.user.id, who.browser.id).await?;
    change.commit(&who.by, [entry(Action::SignInOver, &who.user)]).await?;
    let event = ConsoleEvent::SignedOut { message: "You signed out.".into() };
    services.events.announce(Audience::LastWord(who.user.id, Some(who.browser.id)), event);
    let forget = format!("{COOKIE}=; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=0");
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, forget)]).into_response())
}

/// How somebody signed in.
pub(super) struct How {
    /// With what, in words.
    pub(super) with: String,
    /// By way of which provider of single sign-on.
    pub(super) provider: Option<String>,
    /// Whether a second factor was shown elsewhere that is enough.
    pub(super) has_factor: bool,
}

impl How {
    /// With this, and here.
    pub(super) fn with(what: &str) -> Self {
        Self { with: what.to_owned(), provider: None, has_factor: false }
    }
}

/// Signs a browser of this user in and gives the cookie. Who has no second factor and needs one has to set it up next.
pub(super) async fn sign_browser_in(
    services: &Services,
    mut user: UserRecord,
    connection: ConnectionInfo,
    headers: &HeaderMap,
    how: How,
) -> Result<(Me, String), Failure> {
    let user_agent = headers.get(header::USER_AGENT).and_then(|it| it.to_str().ok()).unwrap_or_default();
    let (address, timeouts) = (connection.peer.ip().to_string(), services.site_rules.timeouts());
    let is_required = settings::second_factor_required(&services.store).await?;
    let needs_factor = is_required && !how.has_factor && !services.store.has_second_factor(user.id).await?;
    let by = By::user(&user, &address);
    let change = services.audit.begin().await?;
    let browser = browsers::sign_in(&change, user.id, user_agent, address, timeouts, needs_factor).await?;
    // Whoever changed the account meanwhile has signed out the browsers there were; this one may have come after.
    let still = change.user(user.id).await?;
    if !still.is_some_and(|it| it.enabled && it.password_hash == user.password_hash) {
        let message = "This account was changed at the same time.";
        return Err(Failure::new(StatusCode::UNAUTHORIZED, Fault::User, "account_changed", message, "Sign in again."));
    }
    let at = now();
    change.note_sign_in(user.id, at).await?;
    let entry = entry(Action::SignInSucceeded, &user)
        .with("with", how.with)
        .with("user_agent", browser.record.user_agent.as_str());
    let entry = how.provider.into_iter().fold(entry, |entry, name| entry.with("provider", name));
    change.commit(&by, [entry]).await?;
    services.events.announce(Audience::Administrators, ConsoleEvent::UsersChanged);
    user.last_sign_in_at = Some(at);
    let cookie = format!(
        "{COOKIE}={}; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age={}",
        browser.token.expose(),
        timeouts.absolute.as_secs()
    );
    Ok((me_of(services, user, &browser.record).await?, cookie))
}

/// An answer that signs a browser in.
pub(super) fn with_cookie(answer: impl serde::Serialize, cookie: String) -> Response {
    let mut response = Json(answer).into_response();
    if let Ok(cookie) = HeaderValue::from_str(&cookie) {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    response
}

/// What the console has to know of who is signed in.
pub(super) async fn me_of(services: &Services, user: UserRecord, browser: &BrowserRecord) -> Result<Me, Failure> {
    let reset = services.store.factor_reset(user.id).await?;
    let with_factor = services.store.has_second_factor(user.id).await?;
    let reviews = reviewing::reviews(services, &user).await?;
    Ok(Me {
        user: view(user, None, with_factor),
        csrf_token: browser.csrf_token.clone().into(),
        browser_id: browser.id,
        appliance_version: VERSION.to_owned(),
        expires_at: browser.expires_at,
        must_enrol: browser.needs_factor,
        factors_reset: reset.map(|it| FactorsReset { at: it.at, reason: it.reason }),
        reviews,
    })
}

/// Writes a failed attempt down. What is refused because of a lock-out is not: whoever sends such requests could fill the disk. The
/// lock-out itself is.
async fn failed(
    services: &Services,
    by: &By,
    user: Option<&UserRecord>,
    reason: &str,
    attempt: &Attempt,
) -> Result<(), Failure> {
    let of = |action| user.map_or_else(|| Entry::new(action), |user| entry(action, user));
    let failure = of(Action::SignInFailed).failed().with("reason", reason);
    let failure =
        if user.is_some() { failure } else { failure.saying("There is no user of the name that was entered.") };
    services.audit.append(by, failure).await?;
    if let Some(until) = attempt.locks().filter(|_| user.is_some()) {
        services.audit.append(by, of(Action::UserLocked).with("until", until.0)).await?;
        services.events.announce(Audience::Administrators, ConsoleEvent::UsersChanged);
    }
    Ok(())
}

/// What a refused attempt reads like.
pub(super) fn refused_attempt(services: &Services, error: AttemptError) -> Failure {
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

/// How long ago somebody without a password may have signed in to do what others show their password for.
const JUST_NOW: Duration = Duration::from_secs(10 * 60);

/// Checks the present password of somebody who is signed in; a wrong one counts like a failed sign-in. `field` is where it stands.
/// Who has none, because a provider signs them in, has to have signed in just now.
pub(super) async fn guarded_verify(
    services: &Services,
    who: &AtConsole,
    password: &SecretText,
    field: &str,
) -> Result<(), Failure> {
    let AtConsole { user, by, .. } = who;
    if user.password_hash.is_empty() {
        return signed_in_just_now(who);
    }
    if password.expose().is_empty() {
        return Err(Failure::field(field, "Enter your present password."));
    }
    let attempt = services.attempts.begin(&user.user_name, None).await;
    let attempt = attempt.map_err(|error| refused_attempt(services, error))?;
    if let Err(wrong) = verify(services, user, password, field).await {
        failed(services, by, Some(user), "wrong_password", &attempt).await?;
        return Err(wrong);
    }
    // Where a second factor is asked for, a password alone makes no wrong code forgotten.
    if services.store.has_second_factor(user.id).await? {
        services.attempts.take_back(attempt).await?;
    } else {
        services.attempts.succeed(attempt).await?;
    }
    Ok(())
}

/// Checks that somebody who is signed in shows their second factor now; a wrong code counts like a failed sign-in.
///
/// # Errors
/// What to tell them when the code is not right, or they are locked out.
pub async fn show_second_factor(
    services: &Services,
    user: &UserRecord,
    by: &By,
    shown: &ShownFactor,
) -> Result<(), Failure> {
    let attempt = services.attempts.begin(&user.user_name, None).await;
    let attempt = attempt.map_err(|error| refused_attempt(services, error))?;
    if let Err(wrong) = check_factor(services, user, shown).await {
        failed(services, by, Some(user), "wrong_code", &attempt).await?;
        return Err(wrong);
    }
    Ok(services.attempts.take_back(attempt).await?)
}

/// Checks password and second factor together: one attempt.
pub(super) async fn guarded_both(services: &Services, who: &AtConsole, both: &BothFactors) -> Result<(), Failure> {
    let AtConsole { user, by, .. } = who;
    let has_password = !user.password_hash.is_empty();
    if !has_password {
        signed_in_just_now(who)?;
    }
    let attempt = services.attempts.begin(&user.user_name, None).await;
    let attempt = attempt.map_err(|error| refused_attempt(services, error))?;
    let shown = async {
        if has_password {
            verify(services, user, &both.password, "password").await.map_err(|wrong| ("wrong_password", wrong))?;
        }
        check_factor(services, user, &both.shown).await.map_err(|wrong| ("wrong_code", wrong))
    };
    if let Err((reason, wrong)) = shown.await {
        failed(services, by, Some(user), reason, &attempt).await?;
        return Err(wrong);
    }
    Ok(services.attempts.succeed(attempt).await?)
}

/// Nothing, or what somebody without a password has to do first.
fn signed_in_just_now(who: &AtConsole) -> Result<(), Failure> {
    if u128::from(now().millis_since(who.browser.signed_in_at)) <= JUST_NOW.as_millis() {
        return Ok(());
    }
    let message = "You have no password here to show, so this takes that you signed in within the last 10 minutes.";
    Err(Failure::conflict("sign_in_again", message, "Sign out, sign in again, and come back here."))
}

/// Who signs in by single sign-on alone has no password to change.
pub(super) fn has_password(user: &UserRecord) -> Result<(), Failure> {
    if !user.password_hash.is_empty() {
        return Ok(());
    }
    let message = "You sign in by single sign-on and have no password here to change.";
    Err(Failure::conflict("no_password", message, "Ask an administrator to give you one."))
}

async fn verify(services: &Services, user: &UserRecord, password: &SecretText, field: &str) -> Result<(), Failure> {
    let is_long = password.expose().chars().count() > PASSWORD_MAX_CHARS;
    if is_long || !services.passwords.verify(password, Some(user.password_hash.clone())).await? {
        services.metrics.sign_in_failed("wrong_password");
        return Err(Failure::field(field, "This is not your present password."));
    }
    Ok(())
}

async fn check_factor(services: &Services, user: &UserRecord, shown: &ShownFactor) -> Result<(), Failure> {
    if services.factors.check(user.id, shown, now()).await?.is_none() {
        services.metrics.sign_in_failed("wrong_code");
        return Err(Failure::field("code", not_right(shown)));
    }
    Ok(())
}
