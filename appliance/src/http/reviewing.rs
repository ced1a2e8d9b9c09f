//! Who may look at what others did: administrators at everything, others at the sessions of those groups whose reports they may
//! read.

use std::sync::Arc;

use wire::api::{ItemPermission, Session};
use wire::{JumpGroupId, SessionId};

use super::{Failure, SignedIn, permitted};
use crate::services::Services;
use crate::session::live::{LiveSession, view};
use crate::store::{SessionRecord, Whose};

/// The sessions that this user may look at.
pub(super) async fn whose(services: &Services, who: &SignedIn) -> Result<Whose, Failure> {
    if who.is_administrator() {
        return Ok(Whose::Everybody);
    }
    let book = permitted::book(services, who).await?;
    let groups = services.store.jump_groups().await?.into_iter().map(|it| it.id);
    let groups: Vec<JumpGroupId> = groups.filter(|it| book.permissions(*it).has(ItemPermission::ViewReport)).collect();
    Ok(Whose::Of { user: who.user.id, groups })
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

async fn may_review(services: &Services, who: &SignedIn, record: &SessionRecord) -> Result<bool, Failure> {
    if who.is_administrator() {
        return Ok(true);
    }
    let Some(group) = record.group_id else { return Ok(false) };
    Ok(permitted::book(services, who).await?.permissions(group).has(ItemPermission::ViewReport))
}
