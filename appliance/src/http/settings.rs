use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use wire::api::{ApiError, SignInSettings};
use wire::audit::Action;

use super::error::Body;
use super::{ConsoleAdministrator, Failure};
use crate::audit::Entry;
use crate::services::Services;
use crate::store::{Store, StoreError};

const SECOND_FACTOR_REQUIRED: &str = "second_factor_required";

/// How people sign in.
#[utoipa::path(get, path = "/api/settings/sign-in", tag = "settings", responses((status = 200, body = SignInSettings), (status = 403, body = ApiError)))]
pub(super) async fn sign_in(
    State(services): State<Services>,
    _: ConsoleAdministrator,
) -> Result<Json<SignInSettings>, Failure> {
    Ok(Json(SignInSettings { second_factor_required: second_factor_required(&services.store).await? }))
}

/// Changes how people sign in, from the next sign-in on.
#[utoipa::path(put, path = "/api/settings/sign-in", tag = "settings", request_body = SignInSettings, responses((status = 204), (status = 403, body = ApiError)))]
pub(super) async fn set_sign_in(
    State(services): State<Services>,
    ConsoleAdministrator(who): ConsoleAdministrator,
    Body(settings): Body<SignInSettings>,
) -> Result<StatusCode, Failure> {
    let required = settings.second_factor_required;
    let change = services.audit.begin().await?;
    let was = SignInSettings { second_factor_required: second_factor_required(&change).await? };
    change.set_setting(SECOND_FACTOR_REQUIRED, if required { "true" } else { "false" }).await?;
    let entry = Entry::of_settings(Action::SettingsSignInChanged, "Signing in").changed(&was, &settings);
    change.commit(&who.by, [entry]).await?;
    tracing::info!(by.id = %who.user.id, required, "the rule for second factors was set");
    Ok(StatusCode::NO_CONTENT)
}

/// Whether everybody needs a second factor.
pub(super) async fn second_factor_required(store: &Store) -> Result<bool, StoreError> {
    Ok(store.setting(SECOND_FACTOR_REQUIRED).await?.is_some_and(|value| value == "true"))
}
