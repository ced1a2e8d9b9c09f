use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde_json::{Value, json};
use wire::api::{ApiError, ApiToken, CreatedApiToken, FieldError, NewApiToken};
use wire::audit::{Action, ObjectKind};
use wire::limits::TOKEN_DAYS;
use wire::{ApiTokenId, UserId, validate};

use super::error::{Body, Path};
use super::sign_in::guarded_verify;
use super::{AtConsole, ConsoleAdministrator, Failure};
use crate::audit::Entry;
use crate::clock::now;
use crate::services::Services;
use crate::sign_in::api_tokens;
use crate::store::ApiTokenRecord;

/// The user's own API tokens.
#[utoipa::path(get, path = "/api/me/api-tokens", tag = "me", responses((status = 200, body = Vec<ApiToken>), (status = 401, body = ApiError)))]
pub(super) async fn own(State(services): State<Services>, who: AtConsole) -> Result<Json<Vec<ApiToken>>, Failure> {
    Ok(Json(services.store.api_tokens_of(who.user.id).await?.into_iter().map(view).collect()))
}

/// Makes an API token; it is in the answer and nowhere else.
#[utoipa::path(post, path = "/api/me/api-tokens", tag = "me", request_body = NewApiToken, responses((status = 201, body = CreatedApiToken), (status = 409, body = ApiError), (status = 422, body = ApiError)))]
pub(super) async fn create(
    State(services): State<Services>,
    who: AtConsole,
    Body(new): Body<NewApiToken>,
) -> Result<(StatusCode, Json<CreatedApiToken>), Failure> {
    let checks = [("name", validate::name(&new.name)), ("days", validate::token_days(new.days))];
    let wrong = checks.into_iter().filter_map(|(field, said)| said.map(|said| FieldError::new(field, &said)));
    let wrong: Vec<_> = wrong.collect();
    if !wrong.is_empty() {
        return Err(Failure::fields(wrong));
    }
    guarded_verify(&services, &who, &new.password, "password").await?;
    if services.store.count_api_tokens(who.user.id).await? >= api_tokens::MOST {
        let message = format!("You have {} API tokens already, which is the most.", api_tokens::MOST);
        return Err(Failure::conflict("too_many_tokens", &message, "Revoke one that is not used any more."));
    }
    let days = new.days.min(TOKEN_DAYS);
    let made = api_tokens::make(who.user.id, new.name.trim().to_owned(), new.scope, days, now())?;
    let change = services.audit.begin().await?;
    change.insert_api_token(made.record.clone()).await?;
    let entry = Entry::of(Action::TokenCreated, ObjectKind::ApiToken, made.record.id.0, &made.record.name);
    change.commit(&who.by, [entry.made(&told(&made.record))]).await?;
    tracing::info!(user.id = %who.user.id, token.id = %made.record.id, scope = ?new.scope, "an API token was made");
    Ok((StatusCode::CREATED, Json(CreatedApiToken { entry: view(made.record), token: made.token })))
}

/// Revokes one of the user's own API tokens.
#[utoipa::path(delete, path = "/api/me/api-tokens/{id}", tag = "me", params(("id" = String, Path)), responses((status = 204), (status = 404, body = ApiError)))]
pub(super) async fn revoke_own(
    State(services): State<Services>,
    who: AtConsole,
    Path(id): Path<ApiTokenId>,
) -> Result<StatusCode, Failure> {
    revoke(&services, &who, who.user.id, id).await
}

/// A user's API tokens.
#[utoipa::path(get, path = "/api/users/{id}/api-tokens", tag = "users", params(("id" = String, Path)), responses((status = 200, body = Vec<ApiToken>), (status = 403, body = ApiError)))]
pub(super) async fn of_user(
    State(services): State<Services>,
    _: ConsoleAdministrator,
    Path(id): Path<UserId>,
) -> Result<Json<Vec<ApiToken>>, Failure> {
    Ok(Json(services.store.api_tokens_of(id).await?.into_iter().map(view).collect()))
}

/// Revokes a user's API token.
#[utoipa::path(delete, path = "/api/users/{id}/api-tokens/{token_id}", tag = "users", params(("id" = String, Path), ("token_id" = String, Path)), responses((status = 204), (status = 403, body = ApiError), (status = 404, body = ApiError)))]
pub(super) async fn revoke_of_user(
    State(services): State<Services>,
    ConsoleAdministrator(who): ConsoleAdministrator,
    Path((user, id)): Path<(UserId, ApiTokenId)>,
) -> Result<StatusCode, Failure> {
    revoke(&services, &who, user, id).await
}

async fn revoke(services: &Services, by: &AtConsole, user: UserId, id: ApiTokenId) -> Result<StatusCode, Failure> {
    let change = services.audit.begin().await?;
    let was = change.api_tokens_of(user).await?.into_iter().find(|it| it.id == id);
    let was = was.ok_or_else(|| Failure::not_found("API token"))?;
    if !change.delete_api_token(user, id).await? {
        return Err(Failure::not_found("API token"));
    }
    let entry = Entry::of(Action::TokenRevoked, ObjectKind::ApiToken, id.0, &was.name).removed(&told(&was));
    change.commit(&by.by, [entry]).await?;
    tracing::info!(user.id = %user, by.id = %by.user.id, token.id = %id, "an API token was revoked");
    Ok(StatusCode::NO_CONTENT)
}

/// A token as the audit trail tells of it.
fn told(it: &ApiTokenRecord) -> Value {
    json!({ "user_id": it.user_id, "name": it.name, "scope": it.scope, "expires_at": it.expires_at })
}

fn view(it: ApiTokenRecord) -> ApiToken {
    ApiToken {
        id: it.id,
        name: it.name,
        scope: it.scope,
        created_at: it.created_at,
        expires_at: it.expires_at,
        last_used_at: it.last_used_at,
        last_used_from: it.last_used_from,
    }
}
