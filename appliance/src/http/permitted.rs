//! What the asking user may do with the items of a group, and the answer when they may not.

use axum::http::StatusCode;
use wire::JumpGroupId;
use wire::api::{ConsoleEvent, Fault, ItemPermission, TunnelJumpDraft};

use super::{Failure, SignedIn};
use crate::events::Audience;
use crate::jump::access::grants::Permissions;
use crate::jump::credentials::are_shown_to;
use crate::jump::item::needed;
use crate::services::Services;
use crate::store::{AccessBook, UserRecord};

/// Everything that decides for the asking user.
pub(super) async fn book(services: &Services, who: &SignedIn) -> Result<AccessBook, Failure> {
    services.store.access_book(who.user.id).await?.ok_or_else(Failure::not_signed_in)
}

/// Nothing, or why not. Where nothing of a group is shown, its items and itself read as none: what is not shown does not even
/// say that it is there.
pub(super) fn require(
    book: &AccessBook,
    group: JumpGroupId,
    needed: impl Into<Permissions>,
    what: &str,
) -> Result<(), Failure> {
    let has = book.permissions(group);
    if !has.shows_items() {
        return Err(Failure::not_found(what));
    }
    let missing = needed.into().without(has);
    let Some(first) = missing.iter().next() else { return Ok(()) };
    let message = format!("Your role in this group does not let you do that. It takes “{}”.", first.words());
    let next_step = "Ask an administrator for a role that does.";
    Err(Failure::new(StatusCode::FORBIDDEN, Fault::Policy, "not_permitted", &message, next_step))
}

/// Nothing, or why the user may not make an item so. Moving it takes the same permission in both groups.
pub(super) fn require_change(
    book: &AccessBook,
    before: &TunnelJumpDraft,
    after: &TunnelJumpDraft,
) -> Result<(), Failure> {
    let mut needed = needed(before, after);
    // Who is not shown which credentials an item has does not find out by trying either.
    if after.credentials.is_some() && !are_shown_to(book.permissions(before.group_id)) {
        needed = needed.or(ItemPermission::EditCredentials.into());
    }
    require(book, before.group_id, needed, "item")?;
    if before.group_id == after.group_id {
        return Ok(());
    }
    require(book, after.group_id, ItemPermission::AssignGroup, "group")
}

/// After a change of what people may do: sessions end that are not permitted any more, and every console looks again.
pub(super) async fn changed(services: &Services, by: &UserRecord) -> Result<(), Failure> {
    changed_by(services, &by.display_name).await
}

/// The same, by whoever goes by this name.
pub(super) async fn changed_by(services: &Services, by: &str) -> Result<(), Failure> {
    services.events.announce(Audience::Administrators, ConsoleEvent::AccessChanged);
    services.events.announce(Audience::Everyone, ConsoleEvent::ItemsChanged);
    Ok(services.sessions.end_not_permitted(Some(by)).await?)
}
