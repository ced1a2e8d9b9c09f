//! What the signed-in user has of items: favourites and filter sets.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use wire::api::{ApiError, SavedFilter, SavedFilterDraft};
use wire::limits::SAVED_FILTERS;
use wire::{JumpItemId, SavedFilterId, validate};

use super::error::{Body, Path};
use super::{Failure, SignedIn, permitted};
use crate::clock::now;
use crate::jump::access::grants::Permissions;
use crate::random;
use crate::services::Services;
use crate::store::StoreError;

/// Makes an item a favourite of the user.
#[utoipa::path(put, path = "/api/me/favourites/{item_id}", tag = "me", params(("item_id" = String, Path)), responses((status = 204), (status = 404, body = ApiError)))]
pub(super) async fn add_favourite(
    State(services): State<Services>,
    who: SignedIn,
    Path(id): Path<JumpItemId>,
) -> Result<StatusCode, Failure> {
    shown(&services, &who, id).await?;
    set_favourite(&services, &who, id, true).await
}

/// Makes an item no favourite of the user any more.
#[utoipa::path(delete, path = "/api/me/favourites/{item_id}", tag = "me", params(("item_id" = String, Path)), responses((status = 204), (status = 404, body = ApiError)))]
pub(super) async fn remove_favourite(
    State(services): State<Services>,
    who: SignedIn,
    Path(id): Path<JumpItemId>,
) -> Result<StatusCode, Failure> {
    shown(&services, &who, id).await?;
    set_favourite(&services, &who, id, false).await
}

/// Nothing, or the refusal for an item that is not there, or not for this user.
async fn shown(services: &Services, who: &SignedIn, id: JumpItemId) -> Result<(), Failure> {
    let item = services.store.jump_item(id).await?.ok_or_else(|| Failure::not_found("item"))?;
    permitted::require(&permitted::book(services, who).await?, item.definition.group_id, Permissions::NONE, "item")
}

async fn set_favourite(
    services: &Services,
    who: &SignedIn,
    id: JumpItemId,
    favourite: bool,
) -> Result<StatusCode, Failure> {
    services.store.set_favourite(who.user.id, id, favourite).await.map_err(|error| match error {
        StoreError::Dependent => Failure::not_found("item"),
        other => other.into(),
    })?;
    Ok(StatusCode::NO_CONTENT)
}

/// The user's filter sets.
#[utoipa::path(get, path = "/api/me/filters", tag = "me", responses((status = 200, body = Vec<SavedFilter>)))]
pub(super) async fn filters(
    State(services): State<Services>,
    who: SignedIn,
) -> Result<Json<Vec<SavedFilter>>, Failure> {
    Ok(Json(services.store.saved_filters(who.user.id).await?))
}

/// Keeps a filter set.
#[utoipa::path(post, path = "/api/me/filters", tag = "me", request_body = SavedFilterDraft, responses((status = 201, body = SavedFilter), (status = 409, body = ApiError), (status = 422, body = ApiError)))]
pub(super) async fn save_filter(
    State(services): State<Services>,
    who: SignedIn,
    Body(draft): Body<SavedFilterDraft>,
) -> Result<(StatusCode, Json<SavedFilter>), Failure> {
    let filter = checked(SavedFilterId(random::id()), &draft)?;
    if services.store.count_saved_filters(who.user.id).await? >= SAVED_FILTERS as u64 {
        let message = format!("You have {SAVED_FILTERS} filter sets, as many as the appliance keeps for a user.");
        return Err(Failure::conflict("too_many_filters", &message, "Remove one that you do not need."));
    }
    services.store.insert_saved_filter(who.user.id, &filter, now()).await?;
    Ok((StatusCode::CREATED, Json(filter)))
}

/// Changes a filter set, or its name.
#[utoipa::path(put, path = "/api/me/filters/{id}", tag = "me", params(("id" = String, Path)), request_body = SavedFilterDraft, responses((status = 200, body = SavedFilter), (status = 404, body = ApiError), (status = 422, body = ApiError)))]
pub(super) async fn change_filter(
    State(services): State<Services>,
    who: SignedIn,
    Path(id): Path<SavedFilterId>,
    Body(draft): Body<SavedFilterDraft>,
) -> Result<Json<SavedFilter>, Failure> {
    let filter = checked(id, &draft)?;
    if !services.store.update_saved_filter(who.user.id, &filter).await? {
        return Err(Failure::not_found("filter set"));
    }
    Ok(Json(filter))
}

/// Forgets a filter set.
#[utoipa::path(delete, path = "/api/me/filters/{id}", tag = "me", params(("id" = String, Path)), responses((status = 204), (status = 404, body = ApiError)))]
pub(super) async fn remove_filter(
    State(services): State<Services>,
    who: SignedIn,
    Path(id): Path<SavedFilterId>,
) -> Result<StatusCode, Failure> {
    if !services.store.delete_saved_filter(who.user.id, id).await? {
        return Err(Failure::not_found("filter set"));
    }
    Ok(StatusCode::NO_CONTENT)
}

fn checked(id: SavedFilterId, draft: &SavedFilterDraft) -> Result<SavedFilter, Failure> {
    let name = draft.name.trim();
    if let Some(message) = validate::name(name) {
        return Err(Failure::field("name", &message));
    }
    if let Some(message) = validate::filter_query(&draft.query) {
        return Err(Failure::field("query", &message));
    }
    Ok(SavedFilter { id, name: name.to_owned(), query: draft.query.clone(), page: draft.page })
}
