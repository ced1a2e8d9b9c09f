use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use wire::JumpGroupId;
use wire::api::{ApiError, ConsoleEvent, JumpGroup, JumpGroupDraft};
use wire::audit::{Action, ObjectKind};

use super::error::{Body, Path};
use super::jumpoints::check;
use super::{Administrator, Failure, SignedIn, permitted};
use crate::audit::Entry;
use crate::clock::now;
use crate::events::Audience;
use crate::jump::access::grants::Permissions;
use crate::random;
use crate::services::Services;
use crate::store::{JumpGroupRecord, StoreError};

/// Every group whose items the user may see.
#[utoipa::path(get, path = "/api/jump-groups", tag = "jump", responses((status = 200, body = Vec<JumpGroup>)))]
pub(super) async fn list(State(services): State<Services>, who: SignedIn) -> Result<Json<Vec<JumpGroup>>, Failure> {
    let counts = services.store.item_counts().await?.by_group;
    let book = permitted::book(&services, &who).await?;
    let groups = services.store.jump_groups().await?.into_iter();
    let shown = groups.filter(|it| book.permissions(it.id).shows_items());
    let view = |it: JumpGroupRecord| {
        let count = counts.get(&it.id).copied().unwrap_or(0);
        let permissions = book.permissions(it.id);
        view(it, count, permissions)
    };
    Ok(Json(shown.map(view).collect()))
}

/// Makes a group.
#[utoipa::path(post, path = "/api/jump-groups", tag = "jump", request_body = JumpGroupDraft, responses((status = 201, body = JumpGroup), (status = 422, body = ApiError)))]
pub(super) async fn create(
    State(services): State<Services>,
    Administrator(who): Administrator,
    Body(draft): Body<JumpGroupDraft>,
) -> Result<(StatusCode, Json<JumpGroup>), Failure> {
    check(&draft.name, &draft.comments)?;
    let record = JumpGroupRecord {
        id: JumpGroupId(random::id()),
        name: draft.name.trim().to_owned(),
        comments: draft.comments,
        created_at: now(),
    };
    let change = services.audit.begin().await?;
    change.insert_jump_group(&record).await?;
    let entry = Entry::of(Action::GroupCreated, ObjectKind::Group, record.id.0, &record.name).made(&told(&record));
    change.commit(&who.by, [entry]).await?;
    services.events.announce(Audience::Everyone, ConsoleEvent::ItemsChanged);
    Ok((StatusCode::CREATED, Json(view(record, 0, Permissions::all()))))
}

/// Changes a group.
#[utoipa::path(put, path = "/api/jump-groups/{id}", tag = "jump", params(("id" = String, Path)), request_body = JumpGroupDraft, responses((status = 200, body = JumpGroup), (status = 404, body = ApiError), (status = 422, body = ApiError)))]
pub(super) async fn change(
    State(services): State<Services>,
    Administrator(who): Administrator,
    Path(id): Path<JumpGroupId>,
    Body(draft): Body<JumpGroupDraft>,
) -> Result<Json<JumpGroup>, Failure> {
    check(&draft.name, &draft.comments)?;
    let change = services.audit.begin().await?;
    let was = change.jump_group(id).await?.ok_or_else(|| Failure::not_found("group"))?;
    let record = JumpGroupRecord { name: draft.name.trim().to_owned(), comments: draft.comments, ..was.clone() };
    change.update_jump_group(&record).await?;
    let entry =
        Entry::of(Action::GroupChanged, ObjectKind::Group, id.0, &was.name).changed(&told(&was), &told(&record));
    change.commit(&who.by, [entry]).await?;
    services.events.announce(Audience::Everyone, ConsoleEvent::ItemsChanged);
    let count = services.store.item_counts().await?.by_group.get(&id).copied().unwrap_or(0);
    Ok(Json(view(record, count, Permissions::all())))
}

/// Removes an empty group.
#[utoipa::path(delete, path = "/api/jump-groups/{id}", tag = "jump", params(("id" = String, Path)), responses((status = 204), (status = 404, body = ApiError), (status = 409, body = ApiError)))]
pub(super) async fn remove(
    State(services): State<Services>,
    Administrator(who): Administrator,
    Path(id): Path<JumpGroupId>,
) -> Result<StatusCode, Failure> {
    let change = services.audit.begin().await?;
    let record = change.jump_group(id).await?.ok_or_else(|| Failure::not_found("group"))?;
    change.delete_jump_group(id).await.map_err(|error| match error {
        StoreError::Dependent => {
            let message = format!("There are items in the group {}.", record.name);
            Failure::conflict("in_use", &message, "Move or remove them first.")
        }
        other => other.into(),
    })?;
    let entry = Entry::of(Action::GroupRemoved, ObjectKind::Group, id.0, &record.name).removed(&told(&record));
    change.commit(&who.by, [entry]).await?;
    services.events.announce(Audience::Everyone, ConsoleEvent::ItemsChanged);
    Ok(StatusCode::NO_CONTENT)
}

/// A group as the audit trail tells of it.
fn told(it: &JumpGroupRecord) -> JumpGroupDraft {
    JumpGroupDraft { name: it.name.clone(), comments: it.comments.clone() }
}

fn view(it: JumpGroupRecord, item_count: u32, permissions: Permissions) -> JumpGroup {
    let permissions = permissions.iter().collect();
    JumpGroup { id: it.id, name: it.name, comments: it.comments, item_count, permissions }
}
