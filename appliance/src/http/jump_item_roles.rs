use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde_json::{Value, json};
use wire::JumpItemRoleId;
use wire::api::{ApiError, JumpItemRole, JumpItemRoleDraft};
use wire::audit::{Action, ObjectKind};

use super::error::{Body, Path};
use super::jumpoints::check;
use super::words::{count, counted, listed};
use super::{Administrator, Failure, permitted};
use crate::audit::Entry;
use crate::clock::now;
use crate::random;
use crate::services::Services;
use crate::store::{JumpItemRoleRecord, RoleHolders, Store};

/// Every jump item role: built-in ones first.
#[utoipa::path(get, path = "/api/jump-item-roles", tag = "access", responses((status = 200, body = Vec<JumpItemRole>)))]
pub(super) async fn list(
    State(services): State<Services>,
    _: Administrator,
) -> Result<Json<Vec<JumpItemRole>>, Failure> {
    let used = services.store.jump_item_roles_used().await?;
    let view = |it: JumpItemRoleRecord| {
        let used = used.get(&it.id).copied().unwrap_or(0);
        view(it, used)
    };
    Ok(Json(services.store.jump_item_roles().await?.into_iter().map(view).collect()))
}

/// Makes a jump item role.
#[utoipa::path(post, path = "/api/jump-item-roles", tag = "access", request_body = JumpItemRoleDraft, responses((status = 201, body = JumpItemRole), (status = 422, body = ApiError)))]
pub(super) async fn create(
    State(services): State<Services>,
    Administrator(who): Administrator,
    Body(draft): Body<JumpItemRoleDraft>,
) -> Result<(StatusCode, Json<JumpItemRole>), Failure> {
    let record = JumpItemRoleRecord { revision: 0, ..checked(JumpItemRoleId(random::id()), draft)? };
    let change = services.audit.begin().await?;
    change.insert_jump_item_role(&record).await?;
    let entry = Entry::of(Action::RoleCreated, ObjectKind::Role, record.id.0, &record.name).made(&told(&record));
    change.commit(&who.by, [entry]).await?;
    permitted::changed(&services, &who.user).await?;
    Ok((StatusCode::CREATED, Json(view(record, 0))))
}

/// Changes a jump item role for everybody who has it. Sessions that they may not use any more end.
#[utoipa::path(put, path = "/api/jump-item-roles/{id}", tag = "access", params(("id" = String, Path)), request_body = JumpItemRoleDraft, responses((status = 200, body = JumpItemRole), (status = 404, body = ApiError), (status = 409, body = ApiError), (status = 422, body = ApiError)))]
pub(super) async fn change(
    State(services): State<Services>,
    Administrator(who): Administrator,
    Path(id): Path<JumpItemRoleId>,
    Body(draft): Body<JumpItemRoleDraft>,
) -> Result<Json<JumpItemRole>, Failure> {
    let change = services.audit.begin().await?;
    let was = changeable(&change, id).await?;
    let record = JumpItemRoleRecord { created_at: was.created_at, ..checked(id, draft)? };
    change.update_jump_item_role(&record).await?;
    let entry = Entry::of(Action::RoleChanged, ObjectKind::Role, id.0, &was.name).changed(&told(&was), &told(&record));
    change.commit(&who.by, [entry]).await?;
    permitted::changed(&services, &who.user).await?;
    let used = services.store.jump_item_roles_used().await?.get(&id).copied().unwrap_or(0);
    Ok(Json(view(JumpItemRoleRecord { revision: record.revision + 1, ..record }, used)))
}

/// Removes a jump item role that nobody has.
#[utoipa::path(delete, path = "/api/jump-item-roles/{id}", tag = "access", params(("id" = String, Path)), responses((status = 204), (status = 404, body = ApiError), (status = 409, body = ApiError)))]
pub(super) async fn remove(
    State(services): State<Services>,
    Administrator(who): Administrator,
    Path(id): Path<JumpItemRoleId>,
) -> Result<StatusCode, Failure> {
    let change = services.audit.begin().await?;
    let role = changeable(&change, id).await?;
    let holders = change.holders_of_role(id).await?;
    if !holders.is_empty() {
        return Err(held(&role, &holders));
    }
    if !change.delete_jump_item_role(id).await? {
        return Err(Failure::not_found("role"));
    }
    let entry = Entry::of(Action::RoleRemoved, ObjectKind::Role, id.0, &role.name).removed(&told(&role));
    change.commit(&who.by, [entry]).await?;
    permitted::changed(&services, &who.user).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Who has a role that is to be removed.
fn held(role: &JumpItemRoleRecord, holders: &RoleHolders) -> Failure {
    let mut parts = Vec::new();
    if holders.memberships > 0 {
        let (members, groups) = (count(holders.memberships, "member"), listed(&holders.groups));
        parts.push(format!("{members} of groups ({groups})"));
    }
    if !holders.users.is_empty() {
        parts.push(format!("{} by default or in a personal group", counted(&holders.users, "user")));
    }
    let message = format!("The role {} is held by {}.", role.name, parts.join(" and "));
    Failure::conflict("in_use", &message, "Give them another role first.")
}

/// A role as the audit trail tells of it.
fn told(it: &JumpItemRoleRecord) -> Value {
    let permissions: Vec<_> = it.permissions.iter().collect();
    json!({ "name": it.name, "description": it.description, "permissions": permissions })
}

async fn changeable(store: &Store, id: JumpItemRoleId) -> Result<JumpItemRoleRecord, Failure> {
    let role = store.jump_item_role(id).await?.ok_or_else(|| Failure::not_found("role"))?;
    if role.built_in {
        let message = format!("The role {} came with the product and stays as it is.", role.name);
        return Err(Failure::conflict("built_in", &message, "Make a role of your own instead."));
    }
    Ok(role)
}

fn checked(id: JumpItemRoleId, draft: JumpItemRoleDraft) -> Result<JumpItemRoleRecord, Failure> {
    check(&draft.name, &draft.description)?;
    Ok(JumpItemRoleRecord {
        id,
        name: draft.name.trim().to_owned(),
        description: draft.description,
        permissions: draft.permissions.into_iter().collect(),
        built_in: false,
        created_at: now(),
        revision: draft.revision,
    })
}

fn view(it: JumpItemRoleRecord, used: u32) -> JumpItemRole {
    JumpItemRole {
        id: it.id,
        name: it.name,
        description: it.description,
        permissions: it.permissions.iter().collect(),
        built_in: it.built_in,
        used,
        revision: it.revision,
    }
}
