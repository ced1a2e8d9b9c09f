use axum::Json;
use axum::extract::State;
use wire::api::{ApiError, SignInSettings};
use wire::audit::Action;

use super::error::Body;
use super::{ConsoleAdministrator, Failure};
use crate::audit::Entry;
use crate::services::Services;
use crate::store::{ServiceRecord, Store, StoreError};

/// The settings' name in the database.
const NAME: &str = "sign_in";

/// How people sign in.
#[utoipa::path(get, path = "/api/settings/sign-in", tag = "settings", responses((status = 200, body = SignInSettings), (status = 403, body = ApiError)))]
pub(super) async fn sign_in(
    State(services): State<Services>,
    _: ConsoleAdministrator,
) -> Result<Json<SignInSettings>, Failure> {
    Ok(Json(kept(&services.store).await?))
}

/// Changes how people sign in, from the next sign-in on.
#[utoipa::path(put, path = "/api/settings/sign-in", tag = "settings", request_body = SignInSettings, responses((status = 200, body = SignInSettings), (status = 403, body = ApiError), (status = 409, body = ApiError)))]
pub(super) async fn set_sign_in(
    State(services): State<Services>,
    ConsoleAdministrator(who): ConsoleAdministrator,
    Body(settings): Body<SignInSettings>,
) -> Result<Json<SignInSettings>, Failure> {
    let change = services.audit.begin().await?;
    let was = kept(&change).await?;
    let revision = settings.revision;
    let record = ServiceRecord { settings: SignInSettings { revision: 0, ..settings }, sealed: None, revision };
    let revision = change.set_service(NAME, &record).await?;
    let set = SignInSettings { revision, ..record.settings };
    let entry = Entry::of_settings(Action::SettingsSignInChanged, "Signing in").changed(&was, &set);
    change.commit(&who.by, [entry]).await?;
    let required = set.second_factor_required;
    tracing::info!(by.id = %who.user.id, required, "the rule for second factors was set");
    Ok(Json(set))
}

/// Whether everybody needs a second factor.
pub(super) async fn second_factor_required(store: &Store) -> Result<bool, StoreError> {
    Ok(kept(store).await?.second_factor_required)
}

async fn kept(store: &Store) -> Result<SignInSettings, StoreError> {
    let record: ServiceRecord<SignInSettings> = store.service(NAME).await?;
    Ok(SignInSettings { revision: record.revision, ..record.settings })
}
