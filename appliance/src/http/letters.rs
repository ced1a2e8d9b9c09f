use axum::Json;
use axum::extract::State;
use wire::api::{ApiError, LetterTemplates};
use wire::audit::Action;

use super::error::Body;
use super::{ConsoleAdministrator, Failure};
use crate::audit::Entry;
use crate::services::Services;

/// How each letter is written.
#[utoipa::path(get, path = "/api/settings/letters", tag = "settings", responses((status = 200, body = LetterTemplates), (status = 403, body = ApiError)))]
pub(super) async fn templates(
    State(services): State<Services>,
    _: ConsoleAdministrator,
) -> Result<Json<LetterTemplates>, Failure> {
    Ok(Json(services.mailer.templates().await?))
}

/// Sets how letters are written.
#[utoipa::path(put, path = "/api/settings/letters", tag = "settings", request_body = LetterTemplates, responses((status = 200, body = LetterTemplates), (status = 403, body = ApiError), (status = 409, body = ApiError), (status = 422, body = ApiError)))]
pub(super) async fn set_templates(
    State(services): State<Services>,
    ConsoleAdministrator(who): ConsoleAdministrator,
    Body(all): Body<LetterTemplates>,
) -> Result<Json<LetterTemplates>, Failure> {
    let change = services.audit.begin().await?;
    let was = services.mailer.templates_in(&change).await?;
    let set = services.mailer.set_templates(&change, all).await?;
    change.commit(&who.by, [Entry::of_settings(Action::SettingsLettersChanged, "Letters").changed(&was, &set)]).await?;
    tracing::info!(by.id = %who.user.id, "the letters were changed");
    Ok(Json(set))
}
