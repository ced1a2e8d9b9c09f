//! Who may look at what others did: administrators and auditors at everything, others at the sessions of those groups whose reports
//! they may read.

use std::sync::Arc;

use wire::api::{ItemPermission, Role, Session};
use wire::audit::{Action, ObjectKind};
use wire::{JumpGroupId, SessionId};

use super::{Failure, SignedIn, permitted};
use crate::audit::Entry;
use crate::clock::now;
use crate::services::Services;
use crate::session::live::{LiveSession, view};
use crate::store::{AccessBook, SessionRecord, UserRecord, Whose};

/// The sessions that this user may look at.
pub(super) async fn whose(services: &Services, who: &SignedIn) -> Result<Whose, Failure> {
    Ok(match reviewed(services, who).await? {
        Whose::Groups(groups) => Whose::Of { user: who.user.id, groups },
        all => all,
    })
}

/// The sessions that this user may review. That one is their own does not make it theirs to study.
pub(super) async fn reviewed(services: &Services, who: &SignedIn) -> Result<Whose, Failure> {
    if who.sees_everything() {
        return Ok(Whose::Everybody);
    }
    Ok(Whose::Groups(groups(services, who).await?))
}

/// The groups whose reports this user may read.
pub(super) async fn groups(services: &Services, who: &SignedIn) -> Result<Vec<JumpGroupId>, Failure> {
    of_book(services, &permitted::book(services, who).await?).await
}

/// Whether there is anything that a user may review, as far as their roles go.
pub(super) async fn reviews(services: &Services, user: &UserRecord) -> Result<bool, Failure> {
    if matches!(user.role, Role::Administrator | Role::Auditor) {
        return Ok(true);
    }
    match services.store.access_book(user.id).await? {
        Some(book) => Ok(!of_book(services, &book).await?.is_empty()),
        None => Ok(false),
    }
}

async fn of_book(services: &Services, book: &AccessBook) -> Result<Vec<JumpGroupId>, Failure> {
    let groups = services.store.jump_groups().await?.into_iter().map(|it| it.id);
    Ok(groups.filter(|it| book.permissions(*it).has(ItemPermission::ViewReport)).collect())
}

/// A session that this user may look at: their own, or one that they may review. Others read as none.
pub(super) async fn visible(
    services: &Services,
    who: &SignedIn,
    id: SessionId,
) -> Result<(Session, Option<Arc<LiveSession>>), Failure> {
    let live = services.sessions.get(id);
    let record = match &live {
        Some(live) => Some(live.snapshot()),
        None => services.store.session(id).await?,
    };
    let record = record.ok_or_else(|| Failure::not_found("session"))?;
    if record.user_id != who.user.id && !may_review(services, who, &record).await? {
        return Err(Failure::not_found("session"));
    }
    let session = match &live {
        Some(live) => services.sessions.view(live),
        None => view(record),
    };
    Ok((session, live))
}

/// A session whose recordings this user may look at. That a session is one's own does not open them: what somebody is recorded for
/// is not theirs to study.
pub(super) async fn recorded(services: &Services, who: &SignedIn, id: SessionId) -> Result<SessionRecord, Failure> {
    let record = match services.sessions.get(id) {
        Some(live) => Some(live.snapshot()),
        None => services.store.session(id).await?,
    };
    match record {
        Some(record) if may_review(services, who, &record).await? => Ok(record),
        _ => Err(Failure::not_found("session")),
    }
}

/// Writes down that somebody looks at a session, once for as long as they go on.
pub(super) async fn note_session(
    services: &Services,
    who: &SignedIn,
    id: SessionId,
    (item_name, user_name): (&str, &str),
) -> Result<(), Failure> {
    let entry = Entry::of(Action::SessionViewed, ObjectKind::Session, id.0, item_name).with("user", user_name);
    note_look(services, who, &id.to_string(), entry).await
}

/// Writes down that somebody looks at something, once for as long as they go on; what cannot be written down is not shown.
pub(super) async fn note_look(services: &Services, who: &SignedIn, what: &str, entry: Entry) -> Result<(), Failure> {
    if services.looks.goes_on(&who.by.actor, what, now()) {
        return Ok(());
    }
    services.audit.append(&who.by, entry).await?;
    services.looks.began(&who.by.actor, what, now());
    Ok(())
}

async fn may_review(services: &Services, who: &SignedIn, record: &SessionRecord) -> Result<bool, Failure> {
    if who.sees_everything() {
        return Ok(true);
    }
    let Some(group) = record.group_id else { return Ok(false) };
    Ok(permitted::book(services, who).await?.permissions(group).has(ItemPermission::ViewReport))
}
