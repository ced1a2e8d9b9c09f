use std::collections::HashMap;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use wire::api::{ApiError, ConsoleEvent, GroupOwner, JumpGroup, JumpGroupDraft};
use wire::audit::{Action, ObjectKind};
use wire::{JumpGroupId, UserId};

use super::error::{Body, Path};
use super::jumpoints::check;
use super::words::counted;
use super::{Administrator, Failure, SignedIn, permitted};
use crate::audit::Entry;
use crate::clock::now;
use crate::events::Audience;
use crate::jump::access::grants::Permissions;
use crate::random;
use crate::services::Services;
use crate::store::{GroupContents, JumpGroupRecord};

/// Every group whose items the user may see.
#[utoipa::path(get, path = "/api/jump-groups", tag = "jump", responses((status = 200, body = Vec<JumpGroup>)))]
pub(super) async fn list(State(services): State<Services>, who: SignedIn) -> Result<Json<Vec<JumpGroup>>, Failure> {
    let counts = services.store.item_counts().await?.by_group;
    let book = permitted::book(&services, &who).await?;
    let groups = services.store.jump_groups().await?.into_iter();
    let shown: Vec<_> = groups.filter(|it| book.permissions(it.id).shows_items()).collect();
    let owners = owners(&services, &shown).await?;
    let view = |it: JumpGroupRecord| {
        let count = counts.get(&it.id).copied().unwrap_or(0);
        let (permissions, owner) = (book.permissions(it.id), owner(&owners, &it));
        view(it, owner, count, permissions)
    };
    Ok(Json(shown.into_iter().map(view).collect()))
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
        owner: None,
        created_at: now(),
        revision: 0,
    };
    let change = services.audit.begin().await?;
    change.insert_jump_group(&record).await?;
    let entry = Entry::of(Action::GroupCreated, ObjectKind::Group, record.id.0, &record.name).made(&told(&record));
    change.commit(&who.by, [entry]).await?;
    services.events.announce(Audience::Everyone, ConsoleEvent::ItemsChanged);
    Ok((StatusCode::CREATED, Json(view(record, None, 0, Permissions::all()))))
}

/// Changes a group.
#[utoipa::path(put, path = "/api/jump-groups/{id}", tag = "jump", params(("id" = String, Path)), request_body = JumpGroupDraft, responses((status = 200, body = JumpGroup), (status = 404, body = ApiError), (status = 409, body = ApiError), (status = 422, body = ApiError)))]
pub(super) async fn change(
    State(services): State<Services>,
    Administrator(who): Administrator,
    Path(id): Path<JumpGroupId>,
    Body(draft): Body<JumpGroupDraft>,
) -> Result<Json<JumpGroup>, Failure> {
    check(&draft.name, &draft.comments)?;
    let change = services.audit.begin().await?;
    let was = change.jump_group(id).await?.ok_or_else(|| Failure::not_found("group"))?;
    let JumpGroupDraft { name, comments, revision } = draft;
    let mut record = JumpGroupRecord { name: name.trim().to_owned(), comments, revision, ..was.clone() };
    if !change.update_jump_group(&record).await? {
        return Err(Failure::not_found("group"));
    }
    record.revision += 1;
    let entry =
        Entry::of(Action::GroupChanged, ObjectKind::Group, id.0, &was.name).changed(&told(&was), &told(&record));
    change.commit(&who.by, [entry]).await?;
    services.events.announce(Audience::Everyone, ConsoleEvent::ItemsChanged);
    let count = services.store.item_counts().await?.by_group.get(&id).copied().unwrap_or(0);
    let owner = owner(&owners(&services, std::slice::from_ref(&record)).await?, &record);
    Ok(Json(view(record, owner, count, Permissions::all())))
}

/// Removes a group without items and credentials.
#[utoipa::path(delete, path = "/api/jump-groups/{id}", tag = "jump", params(("id" = String, Path)), responses((status = 204), (status = 404, body = ApiError), (status = 409, body = ApiError)))]
pub(super) async fn remove(
    State(services): State<Services>,
    Administrator(who): Administrator,
    Path(id): Path<JumpGroupId>,
) -> Result<StatusCode, Failure> {
    let change = services.audit.begin().await?;
    let record = change.jump_group(id).await?.ok_or_else(|| Failure::not_found("group"))?;
    if let Some(owner) = record.owner
        && let Some(user) = change.user(owner).await?
        && user.personal_role.is_some()
    {
        let message = format!("This is the personal group of {}.", user.display_name);
        let next_step = "Take the role for a personal group away from the user first.";
        return Err(Failure::conflict("personal_group", &message, next_step));
    }
    is_empty(&change.contents_of_group(id).await?, &format!("The group {}", record.name))?;
    change.delete_jump_group(id).await?;
    let entry = Entry::of(Action::GroupRemoved, ObjectKind::Group, id.0, &record.name).removed(&told(&record));
    change.commit(&who.by, [entry]).await?;
    services.events.announce(Audience::Everyone, ConsoleEvent::ItemsChanged);
    Ok(StatusCode::NO_CONTENT)
}

/// Nothing, or what stands in this group and keeps it from being removed.
pub(super) fn is_empty(contents: &GroupContents, which: &str) -> Result<(), Failure> {
    let mut parts = Vec::new();
    for (names, what) in [(&contents.items, "item"), (&contents.credentials, "credential")] {
        if !names.is_empty() {
            parts.push(counted(names, what));
        }
    }
    if parts.is_empty() {
        return Ok(());
    }
    let message = format!("{which} still holds {}.", parts.join(" and "));
    Err(Failure::conflict("in_use", &message, "Move them into another group, or remove them, first."))
}

/// A group as the audit trail tells of it.
fn told(it: &JumpGroupRecord) -> JumpGroupDraft {
    JumpGroupDraft { name: it.name.clone(), comments: it.comments.clone(), revision: it.revision }
}

/// Names of those who have a personal group among these.
async fn owners(services: &Services, groups: &[JumpGroupRecord]) -> Result<HashMap<UserId, String>, Failure> {
    if groups.iter().all(|it| it.owner.is_none()) {
        return Ok(HashMap::new());
    }
    Ok(services.store.users().await?.into_iter().map(|it| (it.id, it.display_name)).collect())
}

fn owner(owners: &HashMap<UserId, String>, group: &JumpGroupRecord) -> Option<GroupOwner> {
    let user_id = group.owner?;
    Some(GroupOwner { user_id, user_name: owners.get(&user_id).cloned().unwrap_or_default() })
}

fn view(it: JumpGroupRecord, owner: Option<GroupOwner>, item_count: u32, permissions: Permissions) -> JumpGroup {
    JumpGroup {
        id: it.id,
        name: it.name,
        comments: it.comments,
        owner,
        item_count,
        permissions: permissions.iter().collect(),
        revision: it.revision,
    }
}
