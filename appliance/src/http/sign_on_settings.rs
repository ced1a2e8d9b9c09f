use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use wire::SignOnProviderId;
use wire::api::{ApiError, SignOnProviderDraft, SignOnProviderSettings, SignOnSettings, TestOutcome};
use wire::audit::{Action, ObjectKind};
use wire::limits::SIGN_ON_PROVIDERS;

use super::error::{Body, Path};
use super::{ConsoleAdministrator, Failure, permitted};
use crate::audit::Entry;
use crate::clock::now;
use crate::services::Services;

/// Providers of single sign-on.
#[utoipa::path(get, path = "/api/settings/sign-on", tag = "settings", responses((status = 200, body = SignOnSettings), (status = 403, body = ApiError)))]
pub(super) async fn settings(
    State(services): State<Services>,
    _: ConsoleAdministrator,
) -> Result<Json<SignOnSettings>, Failure> {
    Ok(Json(services.sign_on.settings().await?))
}

/// Adds a provider of single sign-on.
#[utoipa::path(post, path = "/api/settings/sign-on", tag = "settings", request_body = SignOnProviderDraft, responses((status = 201, body = SignOnProviderSettings), (status = 403, body = ApiError), (status = 409, body = ApiError), (status = 422, body = ApiError)))]
pub(super) async fn add(
    State(services): State<Services>,
    ConsoleAdministrator(who): ConsoleAdministrator,
    Body(draft): Body<SignOnProviderDraft>,
) -> Result<(StatusCode, Json<SignOnProviderSettings>), Failure> {
    let has_new_secret = draft.client_secret.is_some();
    let change = services.audit.begin().await?;
    let Some(added) = services.sign_on.add(&change, draft).await? else {
        let message = format!("There are {SIGN_ON_PROVIDERS} providers already, which is the most.");
        return Err(Failure::conflict("too_many_providers", &message, "Remove one that nobody uses any more."));
    };
    let entry = entry(Action::SettingsSignOnAdded, &added).made(&added);
    change.commit(&who.by, [with_secret(entry, has_new_secret)]).await?;
    tracing::info!(by.id = %who.user.id, provider.id = %added.id, "a provider of single sign-on was added");
    Ok((StatusCode::CREATED, Json(added)))
}

/// Changes a provider of single sign-on. What it says about teams holds from each user's next sign-in on.
#[utoipa::path(put, path = "/api/settings/sign-on/{id}", tag = "settings", params(("id" = String, Path)), request_body = SignOnProviderDraft, responses((status = 200, body = SignOnProviderSettings), (status = 403, body = ApiError), (status = 404, body = ApiError), (status = 409, body = ApiError), (status = 422, body = ApiError)))]
pub(super) async fn change(
    State(services): State<Services>,
    ConsoleAdministrator(who): ConsoleAdministrator,
    Path(id): Path<SignOnProviderId>,
    Body(draft): Body<SignOnProviderDraft>,
) -> Result<Json<SignOnProviderSettings>, Failure> {
    let has_new_secret = draft.client_secret.is_some();
    let change = services.audit.begin().await?;
    let changed = services.sign_on.change(&change, id, draft).await?;
    let (was, set) = changed.ok_or_else(|| Failure::not_found("provider"))?;
    let entry = entry(Action::SettingsSignOnChanged, &set).changed(&was, &set);
    change.commit(&who.by, [with_secret(entry, has_new_secret)]).await?;
    tracing::info!(by.id = %who.user.id, provider.id = %id, "a provider of single sign-on was changed");
    Ok(Json(set))
}

/// Removes a provider of single sign-on, and takes people out of the teams that it put them into.
#[utoipa::path(delete, path = "/api/settings/sign-on/{id}", tag = "settings", params(("id" = String, Path)), responses((status = 204), (status = 403, body = ApiError), (status = 404, body = ApiError)))]
pub(super) async fn remove(
    State(services): State<Services>,
    ConsoleAdministrator(who): ConsoleAdministrator,
    Path(id): Path<SignOnProviderId>,
) -> Result<StatusCode, Failure> {
    let change = services.audit.begin().await?;
    let was = change.sign_on_provider(id).await?.ok_or_else(|| Failure::not_found("provider"))?;
    change.delete_sign_on_provider(id).await?;
    let name = &was.provider.name;
    let entry = Entry::of(Action::SettingsSignOnRemoved, ObjectKind::Settings, id.0, name).removed(&was.provider);
    change.commit(&who.by, [entry]).await?;
    tracing::info!(by.id = %who.user.id, provider.id = %id, "a provider of single sign-on was removed");
    permitted::changed(&services, &who.user).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Asks a provider what it is, with the settings that are kept.
#[utoipa::path(post, path = "/api/settings/sign-on/{id}/test", tag = "settings", params(("id" = String, Path)), responses((status = 200, body = TestOutcome), (status = 403, body = ApiError), (status = 404, body = ApiError)))]
pub(super) async fn test(
    State(services): State<Services>,
    ConsoleAdministrator(who): ConsoleAdministrator,
    Path(id): Path<SignOnProviderId>,
) -> Result<Json<TestOutcome>, Failure> {
    let record = services.store.sign_on_provider(id).await?.ok_or_else(|| Failure::not_found("provider"))?;
    let outcome = services.sign_on.try_out(&record, now()).await.map_err(super::sign_on::failure)?;
    let name = &record.provider.name;
    let entry = Entry::of(Action::SettingsSignOnTested, ObjectKind::Settings, id.0, name).saying(&outcome.message);
    services.audit.append(&who.by, if outcome.worked { entry } else { entry.failed() }).await?;
    tracing::info!(by.id = %who.user.id, provider.id = %id, worked = outcome.worked, "a provider was tried out");
    Ok(Json(outcome))
}

/// Something that is done to a provider.
fn entry(action: Action, it: &SignOnProviderSettings) -> Entry {
    Entry::of(action, ObjectKind::Settings, it.id.0, &it.provider.name)
}

/// That a secret was entered; not which.
fn with_secret(entry: Entry, entered: bool) -> Entry {
    if entered { entry.with("client_secret", "(entered anew)") } else { entry }
}
