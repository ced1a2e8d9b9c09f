use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use wire::api::{ApiError, BeginPasskey, BothFactors, ConsoleEvent, Fault, NewPasskey, PasskeyAdded, PasskeyCeremony};
use wire::audit::Action;
use wire::limits::PASSKEYS_PER_USER;
use wire::{PasskeyId, validate};

use super::error::{Body, Path};
use super::second_factors::{may_be_without, passkey_view, still_enough};
use super::sign_in::{guarded_both, guarded_verify};
use super::users::entry;
use super::{Arriving, AtConsole, Failure};
use crate::clock::now;
use crate::events::Audience;
use crate::services::Services;
use crate::sign_in::passkeys::PasskeyError;
use crate::sign_in::second_factor::FactorError;
use crate::store::StoreError;

/// Begins to add a passkey.
#[utoipa::path(post, path = "/api/me/passkeys/begin", tag = "me", request_body = BeginPasskey, responses((status = 200, body = PasskeyCeremony), (status = 409, body = ApiError), (status = 422, body = ApiError)))]
pub(super) async fn begin(
    State(services): State<Services>,
    Arriving(who): Arriving,
    Body(begin): Body<BeginPasskey>,
) -> Result<Json<PasskeyCeremony>, Failure> {
    // Who has to set one up before anything else has just shown the password.
    if !who.browser.needs_factor {
        let password = begin.password.unwrap_or_default();
        guarded_verify(&services, &who, &password, "password").await?;
    }
    let begun = services.factors.begin_passkey(&who.user, now()).await?;
    services.audit.append(&who.by, entry(Action::UserSecondFactorBegun, &who.user)).await?;
    Ok(Json(begun))
}

/// Adds the passkey that was begun: from now on a second factor is asked for at sign-in.
#[utoipa::path(post, path = "/api/me/passkeys", tag = "me", request_body = NewPasskey, responses((status = 201, body = PasskeyAdded), (status = 409, body = ApiError), (status = 422, body = ApiError)))]
pub(super) async fn add(
    State(services): State<Services>,
    Arriving(who): Arriving,
    Body(new): Body<NewPasskey>,
) -> Result<(StatusCode, Json<PasskeyAdded>), Failure> {
    if let Some(message) = validate::name(&new.name) {
        return Err(Failure::field("name", &message));
    }
    let change = services.audit.begin().await?;
    let added = services.factors.add_passkey(&change, who.user.id, &new, now(), who.browser.id).await;
    let added = added.map_err(|error| match error {
        FactorError::Store(StoreError::Duplicate) => Failure::conflict(
            "passkey_known",
            "This passkey belongs to an account here already.",
            "Choose another one, or remove it there first.",
        ),
        other => other.into(),
    })?;
    let Some((record, recovery_codes)) = added else {
        let message = format!("You have {PASSKEYS_PER_USER} passkeys, as many as one may have.");
        return Err(Failure::conflict("too_many_passkeys", &message, "Remove one that you do not use any more."));
    };
    let entry = entry(Action::UserSecondFactorSetUp, &who.user).with("passkey", record.name.as_str());
    change.commit(&who.by, [entry]).await?;
    tracing::info!(user.id = %who.user.id, passkey.id = %record.id, "a passkey was added");
    services.events.announce(Audience::Administrators, ConsoleEvent::UsersChanged);
    Ok((StatusCode::CREATED, Json(PasskeyAdded { passkey: passkey_view(record), recovery_codes })))
}

/// Asks for a passkey of the user, to be shown with what comes next.
#[utoipa::path(post, path = "/api/me/passkeys/ask", tag = "me", responses((status = 200, body = PasskeyCeremony), (status = 409, body = ApiError)))]
pub(super) async fn ask(State(services): State<Services>, who: AtConsole) -> Result<Json<PasskeyCeremony>, Failure> {
    let asked = services.factors.ask_for_passkey(who.user.id, now()).await?;
    let none = || Failure::conflict("no_passkey", "You have no passkey here.", "Enter a code instead.");
    asked.map(Json).ok_or_else(none)
}

/// Removes a passkey; with the last second factor the recovery codes go, too.
#[utoipa::path(post, path = "/api/me/passkeys/{id}/remove", tag = "me", params(("id" = String, Path)), request_body = BothFactors, responses((status = 204), (status = 404, body = ApiError), (status = 409, body = ApiError), (status = 422, body = ApiError)))]
pub(super) async fn remove(
    State(services): State<Services>,
    who: AtConsole,
    Path(id): Path<PasskeyId>,
    Body(both): Body<BothFactors>,
) -> Result<StatusCode, Failure> {
    let passkeys = services.store.passkeys(who.user.id).await?;
    let others = passkeys.iter().filter(|it| it.id != id).count();
    let has_app = services.store.totp(who.user.id).await?.is_some_and(|it| it.confirmed_at.is_some());
    if others == 0 && !has_app {
        may_be_without(&services.store).await?;
    }
    guarded_both(&services, &who, &both).await?;
    let change = services.audit.begin().await?;
    if !change.delete_passkey(who.user.id, id).await? {
        return Err(Failure::not_found("passkey"));
    }
    still_enough(&change, who.user.id).await?;
    let name = passkeys.iter().find(|it| it.id == id).map(|it| it.name.as_str()).unwrap_or_default();
    change.commit(&who.by, [entry(Action::UserSecondFactorRemoved, &who.user).with("passkey", name)]).await?;
    tracing::info!(user.id = %who.user.id, passkey.id = %id, "a passkey was removed");
    services.events.announce(Audience::Administrators, ConsoleEvent::UsersChanged);
    Ok(StatusCode::NO_CONTENT)
}

/// What reads like a refusal and is one.
pub(super) fn refused(error: &PasskeyError) -> Option<Failure> {
    let failure = |status, fault, code, message: &str, next_step| Failure::new(status, fault, code, message, next_step);
    Some(match error {
        PasskeyError::Unavailable => failure(
            StatusCode::CONFLICT,
            Fault::Appliance,
            "passkeys_unavailable",
            "Passkeys need an appliance that browsers reach by a name, not by an IP address.",
            "Use an authenticator app, or ask an administrator to give the appliance a name (public_url).",
        ),
        PasskeyError::TooMany => failure(
            StatusCode::SERVICE_UNAVAILABLE,
            Fault::Appliance,
            "too_many_ceremonies",
            "Too many people use a passkey at this moment.",
            "Try again in a few minutes.",
        ),
        PasskeyError::Over => failure(
            StatusCode::CONFLICT,
            Fault::User,
            "passkey_over",
            "This took longer than five minutes, or was done already.",
            "Begin again.",
        ),
        PasskeyError::Refused(_) => failure(
            StatusCode::UNPROCESSABLE_ENTITY,
            Fault::User,
            "passkey_refused",
            "What the browser sent is not a passkey that can be used here.",
            "Try another one.",
        ),
        PasskeyError::Broken(_) | PasskeyError::NoRandomness(_) => return None,
    })
}
