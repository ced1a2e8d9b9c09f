use std::collections::HashSet;

use axum::Json;
use axum::extract::State;
use serde_json::json;
use wire::JumpGroupId;
use wire::api::{ApiError, Membership, Memberships};
use wire::audit::{Action, ObjectKind};

use super::error::{Body, Path};
use super::{Administrator, Failure, permitted};
use crate::audit::Entry;
use crate::services::Services;
use crate::store::{JumpGroupRecord, StoreError};

/// Who may do what with the items of a group.
#[utoipa::path(get, path = "/api/jump-groups/{id}/members", tag = "access", params(("id" = String, Path)), responses((status = 200, body = Memberships), (status = 404, body = ApiError)))]
pub(super) async fn list(
    State(services): State<Services>,
    _: Administrator,
    Path(id): Path<JumpGroupId>,
) -> Result<Json<Memberships>, Failure> {
    let (members, revision) = services.store.memberships(id).await?.ok_or_else(|| Failure::not_found("group"))?;
    Ok(Json(Memberships { members, revision }))
}

/// Says anew who may do what with the items of a group. Sessions that are not permitted any more end.
#[utoipa::path(put, path = "/api/jump-groups/{id}/members", tag = "access", params(("id" = String, Path)), request_body = Memberships, responses((status = 200, body = Memberships), (status = 404, body = ApiError), (status = 409, body = ApiError), (status = 422, body = ApiError)))]
pub(super) async fn set(
    State(services): State<Services>,
    Administrator(who): Administrator,
    Path(id): Path<JumpGroupId>,
    Body(wanted): Body<Memberships>,
) -> Result<Json<Memberships>, Failure> {
    if services.store.jump_group(id).await?.is_some_and(|it| it.owner.is_some()) {
        let message = "A personal group has no members: what its owner may do stands at the user.";
        return Err(Failure::conflict("personal_group", message, "Make a shared group for several people."));
    }
    let mut seen = HashSet::new();
    if !wanted.members.iter().all(|it| seen.insert(it.principal)) {
        return Err(Failure::field("members", "Somebody is in the list twice. Keep one row of each user and team."));
    }
    let change = services.audit.begin().await?;
    let group = change.jump_group(id).await?.ok_or_else(|| Failure::not_found("group"))?;
    let before = change.memberships(id).await?.ok_or_else(|| Failure::not_found("group"))?.0;
    let written = change.set_memberships(id, &wanted.members, wanted.revision).await;
    let is_there = written.map_err(|error| match error {
        StoreError::Dependent => {
            Failure::field("members", "A user, team, role or policy of the list was removed. Load the page again.")
        }
        other => other.into(),
    })?;
    if !is_there {
        return Err(Failure::not_found("group"));
    }
    change.commit(&who.by, [members_changed(&group, &before, &wanted.members)]).await?;
    permitted::changed(&services, &who.user).await?;
    Ok(Json(Memberships { revision: wanted.revision + 1, ..wanted }))
}

/// The event that says that a group has other members.
pub(super) fn members_changed(group: &JumpGroupRecord, before: &[Membership], after: &[Membership]) -> Entry {
    Entry::of(Action::GroupMembersChanged, ObjectKind::Group, group.id.0, &group.name)
        .changed(&json!({ "members": before }), &json!({ "members": after }))
}
