//! Changing, copying, removing and bringing back items, one or many: all of them, or none.

use std::collections::HashMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use wire::api::{
    ApiError, ConsoleEvent, CopyJumpItems, FieldError, ItemPermission, JumpItem, JumpItemIds, JumpItemsChange,
    JumpItemsRemoved, SessionEnd, TunnelJumpDraft,
};
use wire::audit::{Action, ObjectKind};
use wire::limits::{ITEMS_PER_CHANGE, UNDO_SECONDS};
use wire::{JumpItemId, validate};

use super::credentials;
use super::error::{Body, Path};
use super::jump_items::{Around, made, unknown_parts, write_items};
use super::{Failure, SignedIn, permitted};
use crate::audit::Entry;
use crate::clock::now;
use crate::events::Audience;
use crate::jump::change::{self, check_ids};
use crate::jump::item::needed;
use crate::jump::removal::Removed;
use crate::random;
use crate::services::Services;
use crate::session::live::LiveSession;
use crate::store::{AccessBook, JumpItemRecord, Store};

/// Changes several items alike: what the request does not name stays. Running sessions keep what they began with.
#[utoipa::path(patch, path = "/api/jump-items", tag = "jump", request_body = JumpItemsChange, responses((status = 200, body = Vec<JumpItem>), (status = 404, body = ApiError), (status = 422, body = ApiError)))]
pub(super) async fn change_many(
    State(services): State<Services>,
    who: SignedIn,
    Body(change): Body<JumpItemsChange>,
) -> Result<Json<Vec<JumpItem>>, Failure> {
    let book = permitted::book(&services, &who).await?;
    // Read where they are written: what somebody else changes of them at the same time stays.
    let audited = services.audit.begin().await?;
    let mut records = all_of(&audited, &book, &change.item_ids).await?;
    let at = now();
    let (mut errors, mut changes) = (Vec::new(), Vec::new());
    for record in &mut records {
        let after = change::changed(&record.definition, &change);
        changes.push((std::mem::replace(&mut record.definition, after.clone()), after));
        record.updated_at = at;
        for error in validate::tunnel_jump(&record.definition) {
            // The same for all, unless it was wrong before.
            if errors.iter().all(|it: &FieldError| it.field != error.field) {
                errors.push(error);
            }
        }
    }
    if let Some(first) = records.first() {
        errors.extend(unknown_parts(&audited, &book, &first.definition).await?);
    }
    if !errors.is_empty() {
        return Err(Failure::fields(errors));
    }
    let places = audited.credential_places().await?;
    let mut left = HashMap::new();
    for (record, (before, after)) in records.iter_mut().zip(changes) {
        permitted::require_change(&book, &before, &after)?;
        let settled = credentials::settle(&book, &places, Some(&before), after)?;
        left.insert(record.id, credentials::names_of(&book, &places, before.group_id, &settled.left));
        record.definition = settled.definition;
    }
    write_items(audited, &who, &mut records).await?;
    permitted::changed(&services, &who.user).await?;
    let around = Around::of(&services, &who).await?;
    let view = |it: JumpItemRecord| {
        let credentials_left = left.remove(&it.id).unwrap_or_default();
        JumpItem { credentials_left, ..around.view(it) }
    };
    Ok(Json(records.into_iter().map(view).collect()))
}

/// Makes copies of items in other groups.
#[utoipa::path(post, path = "/api/jump-items/copy", tag = "jump", request_body = CopyJumpItems, responses((status = 201, body = Vec<JumpItem>), (status = 403, body = ApiError), (status = 404, body = ApiError), (status = 422, body = ApiError)))]
pub(super) async fn copy(
    State(services): State<Services>,
    who: SignedIn,
    Body(wanted): Body<CopyJumpItems>,
) -> Result<(StatusCode, Json<Vec<JumpItem>>), Failure> {
    check_ids(&wanted.group_ids).map_err(|refused| Failure::field("group_ids", &refused.to_string()))?;
    let book = permitted::book(&services, &who).await?;
    let originals = all_of(&services.store, &book, &wanted.item_ids).await?;
    if originals.len() * wanted.group_ids.len() > ITEMS_PER_CHANGE {
        let message = format!("That would be more than {ITEMS_PER_CHANGE} copies. Choose fewer items or groups.");
        return Err(Failure::field("group_ids", &message));
    }
    let groups = services.store.jump_groups().await?;
    let is_known = |id| groups.iter().any(|group| group.id == id) && book.permissions(id).shows_items();
    if !wanted.group_ids.iter().all(|id| is_known(*id)) {
        return Err(Failure::field("group_ids", "One of these groups is gone. Load the page again."));
    }
    let from = originals.iter().map(|it| it.definition.group_id);
    for group in from.chain(wanted.group_ids.iter().copied()) {
        permitted::require(&book, group, ItemPermission::AssignGroup, "item")?;
    }
    let of = originals.iter().flat_map(|it| std::iter::repeat_n(it.id, wanted.group_ids.len()));
    let of: Vec<JumpItemId> = of.collect();
    let originals: Vec<_> = originals.into_iter().map(|it| it.definition).collect();
    let at = now();
    let places = services.store.credential_places().await?;
    let wanted_copies = change::copies(&originals, &wanted);
    if let Some((_, first)) = wanted_copies.first() {
        let errors = unknown_parts(&services.store, &book, first).await?;
        if !errors.is_empty() {
            return Err(Failure::fields(errors));
        }
    }
    let (mut copies, mut left) = (Vec::new(), Vec::new());
    for (original, copy) in wanted_copies {
        // Another policy than the original has takes what it takes to give it to an item of that group.
        let there = TunnelJumpDraft { group_id: copy.group_id, ..original.clone() };
        permitted::require(&book, copy.group_id, needed(&there, &copy), "group")?;
        let settled = credentials::settle(&book, &places, Some(original), copy)?;
        left.push(credentials::names_of(&book, &places, original.group_id, &settled.left));
        copies.push(JumpItemRecord {
            id: JumpItemId(random::id()),
            definition: settled.definition,
            created_at: at,
            updated_at: at,
            last_used_at: None,
        });
    }
    let change = services.audit.begin().await?;
    change.insert_jump_items(&copies).await?;
    let of: Vec<_> = copies.iter().map(|it| it.id).zip(of).collect();
    change.note_copies(&of).await?;
    change.commit(&who.by, copies.iter().map(|it| made(Action::ItemCopied, it))).await?;
    services.events.announce(Audience::Everyone, ConsoleEvent::ItemsChanged);
    let around = Around::of(&services, &who).await?;
    let view = |(it, credentials_left)| JumpItem { credentials_left, ..around.view(it) };
    Ok((StatusCode::CREATED, Json(copies.into_iter().zip(left).map(view).collect())))
}

/// Removes an item and ends the sessions on it. Sessions of others are for an administrator to end.
#[utoipa::path(delete, path = "/api/jump-items/{id}", tag = "jump", params(("id" = String, Path)), responses((status = 204), (status = 404, body = ApiError), (status = 409, body = ApiError)))]
pub(super) async fn remove(
    State(services): State<Services>,
    who: SignedIn,
    Path(id): Path<JumpItemId>,
) -> Result<StatusCode, Failure> {
    remove_all(&services, &who, &[id]).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Removes several items and ends the sessions on them; whoever did can bring them back for a while.
#[utoipa::path(post, path = "/api/jump-items/remove", tag = "jump", request_body = JumpItemIds, responses((status = 200, body = JumpItemsRemoved), (status = 404, body = ApiError), (status = 409, body = ApiError), (status = 422, body = ApiError)))]
pub(super) async fn remove_many(
    State(services): State<Services>,
    who: SignedIn,
    Body(wanted): Body<JumpItemIds>,
) -> Result<Json<JumpItemsRemoved>, Failure> {
    check_ids(&wanted.item_ids).map_err(|refused| Failure::field("item_ids", &refused.to_string()))?;
    let removed = remove_all(&services, &who, &wanted.item_ids).await?;
    Ok(Json(JumpItemsRemoved { restorable_until: removed.restorable_until() }))
}

/// Brings removed items back with everything they had. Sessions that ended stay so.
#[utoipa::path(post, path = "/api/jump-items/restore", tag = "jump", request_body = JumpItemIds, responses((status = 200, body = Vec<JumpItem>), (status = 409, body = ApiError), (status = 422, body = ApiError)))]
pub(super) async fn restore(
    State(services): State<Services>,
    who: SignedIn,
    Body(wanted): Body<JumpItemIds>,
) -> Result<Json<Vec<JumpItem>>, Failure> {
    let ids = &wanted.item_ids;
    check_ids(ids).map_err(|refused| Failure::field("item_ids", &refused.to_string()))?;
    let too_late = || {
        let message = format!(
            "These items can no longer be brought back: only who removed them can, within {UNDO_SECONDS} seconds, and while their groups and jumpoints are there."
        );
        Failure::conflict("not_restorable", &message, "Create them anew.")
    };
    let at = now();
    let removals = services.store.removals(ids).await?;
    let book = permitted::book(&services, &who).await?;
    // Who may not remove any more may not undo either.
    for (group, _) in removals.iter().filter(|(_, it)| it.may_restore(who.user.id, at)) {
        permitted::require(&book, *group, ItemPermission::Remove, "item")?;
    }
    let mine = removals.into_iter().filter(|(_, it)| it.may_restore(who.user.id, at)).count();
    let change = services.audit.begin().await?;
    if mine != ids.len() || !change.restore_jump_items(ids).await? {
        return Err(too_late());
    }
    let restored = change.jump_items_of(ids).await?;
    change.commit(&who.by, restored.iter().map(|it| made(Action::ItemRestored, it))).await?;
    services.events.announce(Audience::Everyone, ConsoleEvent::ItemsChanged);
    let around = Around::of(&services, &who).await?;
    Ok(Json(restored.into_iter().map(|it| around.view(it)).collect()))
}

async fn remove_all(services: &Services, who: &SignedIn, ids: &[JumpItemId]) -> Result<Removed, Failure> {
    let book = permitted::book(services, who).await?;
    for record in all_of(&services.store, &book, ids).await? {
        permitted::require(&book, record.definition.group_id, ItemPermission::Remove, "item")?;
    }
    let on = |it: &Arc<LiveSession>| it.snapshot().item_id.is_some_and(|item| ids.contains(&item));
    let live = || services.sessions.all().into_iter().filter(on);
    let others = || live().map(|it| it.snapshot()).find(|it| it.user_id != who.user.id);
    if let Some(theirs) = others().filter(|_| !who.is_administrator()) {
        let message = format!("{} has a session on {}.", theirs.user_name, theirs.item_name);
        return Err(Failure::conflict("in_use", &message, "Wait until it is over, or ask an administrator."));
    }
    let removed = Removed { by: who.user.id, at: now() };
    let change = services.audit.begin().await?;
    let were = change.jump_items_of(ids).await?;
    if !change.remove_jump_items(ids, removed).await? {
        return Err(Failure::not_found("item"));
    }
    let gone = |it: &JumpItemRecord| {
        Entry::of(Action::ItemRemoved, ObjectKind::Item, it.id.0, &it.definition.name).removed(&it.definition)
    };
    change.commit(&who.by, were.iter().map(gone)).await?;
    let by = Some(who.user.display_name.as_str());
    for live in live() {
        live.change(|record| record.item_id = None);
        services.sessions.end(&live, SessionEnd::ItemRemoved, by, "");
    }
    services.events.announce(Audience::Everyone, ConsoleEvent::ItemsChanged);
    Ok(removed)
}

/// All of these items, or a refusal: one that is not shown to the user reads as none.
async fn all_of(store: &Store, book: &AccessBook, ids: &[JumpItemId]) -> Result<Vec<JumpItemRecord>, Failure> {
    check_ids(ids).map_err(|refused| Failure::field("item_ids", &refused.to_string()))?;
    let records = store.jump_items_of(ids).await?;
    let shown = records.iter().filter(|it| book.permissions(it.definition.group_id).shows_items()).count();
    if shown == ids.len() { Ok(records) } else { Err(Failure::not_found("item")) }
}
