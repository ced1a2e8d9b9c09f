use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use wire::BrowserId;
use wire::api::{ApiError, Browser, ChangePassword, ConsoleEvent, Me, Preferences};
use wire::audit::{Action, ObjectKind};
use wire::validate;

use super::error::{Body, Path};
use super::sign_in::me_of;
use super::users::entry;
use super::{Arriving, AtConsole, Failure};
use crate::audit::Entry;
use crate::clock::now;
use crate::events::Audience;
use crate::services::Services;
use crate::sign_in::browsers;

/// Bytes of what the console keeps for a user.
const VIEW_BYTES: usize = 16 * 1024;

/// Who is signed in.
#[utoipa::path(get, path = "/api/me", tag = "me", responses((status = 200, body = Me), (status = 401, body = ApiError)))]
pub(super) async fn me(State(services): State<Services>, Arriving(who): Arriving) -> Result<Json<Me>, Failure> {
    Ok(Json(me_of(&services, who.user, &who.browser).await?))
}

/// What the console remembers.
#[utoipa::path(get, path = "/api/me/preferences", tag = "me", responses((status = 200, body = Preferences)))]
pub(super) async fn preferences(
    State(services): State<Services>,
    who: AtConsole,
) -> Result<Json<Preferences>, Failure> {
    Ok(Json(services.store.preferences(who.user.id).await?))
}

/// Changes what the console remembers.
#[utoipa::path(put, path = "/api/me/preferences", tag = "me", request_body = Preferences, responses((status = 204), (status = 422, body = ApiError)))]
pub(super) async fn set_preferences(
    State(services): State<Services>,
    who: AtConsole,
    Body(preferences): Body<Preferences>,
) -> Result<StatusCode, Failure> {
    let bytes: usize = preferences.view.iter().map(|(key, value)| key.len() + value.len()).sum();
    if bytes > VIEW_BYTES {
        return Err(Failure::field("view", "That is more than the appliance keeps for a user."));
    }
    services.store.set_preferences(who.user.id, &preferences).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The user's signed-in browsers.
#[utoipa::path(get, path = "/api/me/browsers", tag = "me", responses((status = 200, body = Vec<Browser>)))]
pub(super) async fn browsers(State(services): State<Services>, who: AtConsole) -> Result<Json<Vec<Browser>>, Failure> {
    let at = now();
    let records = services.store.browsers_of(who.user.id).await?;
    let current = records.into_iter().filter(|it| browsers::is_current(it, at, services.site_rules.timeouts()));
    let view = |it: crate::store::BrowserRecord| Browser {
        id: it.id,
        current: it.id == who.browser.id,
        user_agent: it.user_agent,
        address: it.address,
        signed_in_at: it.signed_in_at,
        last_seen_at: it.last_seen_at,
    };
    Ok(Json(current.map(view).collect()))
}

/// Signs one of the user's browsers out.
#[utoipa::path(delete, path = "/api/me/browsers/{id}", tag = "me", params(("id" = String, Path)), responses((status = 204), (status = 404, body = ApiError)))]
pub(super) async fn sign_out_browser(
    State(services): State<Services>,
    who: AtConsole,
    Path(id): Path<BrowserId>,
) -> Result<StatusCode, Failure> {
    let change = services.audit.begin().await?;
    if !change.delete_browser(who.user.id, id).await? {
        return Err(Failure::not_found("signed-in browser"));
    }
    let entry = Entry::of(Action::SignInOver, ObjectKind::Browser, id.0, "").saying("From another browser.");
    change.commit(&who.by, [entry]).await?;
    let event = ConsoleEvent::SignedOut { message: "You were signed out from another browser.".into() };
    services.events.announce(Audience::LastWord(who.user.id, Some(id)), event);
    Ok(StatusCode::NO_CONTENT)
}

/// Changes the user's own password and signs their other browsers out.
#[utoipa::path(put, path = "/api/me/password", tag = "me", request_body = ChangePassword, responses((status = 204), (status = 409, body = ApiError), (status = 422, body = ApiError)))]
pub(super) async fn change_password(
    State(services): State<Services>,
    who: AtConsole,
    Body(change): Body<ChangePassword>,
) -> Result<StatusCode, Failure> {
    super::sign_in::has_password(&who.user)?;
    super::sign_in::guarded_verify(&services, &who, &change.current, "current").await?;
    if let Some(message) = validate::password(change.new.expose()) {
        return Err(Failure::field("new", &message));
    }
    let new_hash = services.passwords.hash(&change.new).await?;
    let audited = services.audit.begin().await?;
    if !audited.set_password(who.user.id, &who.user.password_hash, &new_hash).await? {
        let message = "Your password was changed elsewhere at the same time.";
        return Err(Failure::conflict("password_changed", message, "Sign in again with the newest one."));
    }
    audited.commit(&who.by, [entry(Action::UserPasswordChanged, &who.user)]).await?;
    for browser in services.store.browsers_of(who.user.id).await? {
        if browser.id != who.browser.id && services.store.delete_browser(who.user.id, browser.id).await? {
            let event = ConsoleEvent::SignedOut { message: "Your password was changed in another browser.".into() };
            services.events.announce(Audience::LastWord(who.user.id, Some(browser.id)), event);
        }
    }
    Ok(StatusCode::NO_CONTENT)
}
