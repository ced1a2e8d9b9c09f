//! What depends on a user or a team, and what becomes of it when they are removed.

use axum::Json;
use axum::extract::State;
use wire::api::{ApiError, Principal, PrincipalUses};
use wire::audit::{Action, ObjectKind};
use wire::{TeamId, UserId};

use super::error::Path;
use super::group_members::members_changed;
use super::teams::told;
use super::words::listed;
use super::{Administrator, Failure};
use crate::audit::{Change, Entry};
use crate::services::Services;
use crate::store::GroupLeft;

/// What depends on a team, by name.
#[utoipa::path(get, path = "/api/teams/{id}/uses", tag = "access", params(("id" = String, Path)), responses((status = 200, body = PrincipalUses), (status = 404, body = ApiError)))]
pub(super) async fn of_team(
    State(services): State<Services>,
    _: Administrator,
    Path(id): Path<TeamId>,
) -> Result<Json<PrincipalUses>, Failure> {
    if !services.store.teams().await?.iter().any(|it| it.id == id) {
        return Err(Failure::not_found("team"));
    }
    Ok(Json(services.store.uses_of(Principal::Team(id)).await?))
}

/// What depends on a user, by name.
#[utoipa::path(get, path = "/api/users/{id}/uses", tag = "users", params(("id" = String, Path)), responses((status = 200, body = PrincipalUses), (status = 404, body = ApiError)))]
pub(super) async fn of_user(
    State(services): State<Services>,
    _: Administrator,
    Path(id): Path<UserId>,
) -> Result<Json<PrincipalUses>, Failure> {
    services.store.user(id).await?.ok_or_else(|| Failure::not_found("user"))?;
    Ok(Json(services.store.uses_of(Principal::User(id)).await?))
}

/// Takes somebody out of everything that names them, in the change that removes them, and gives the events. Refuses where nobody
/// could approve any more.
pub(super) async fn take_out(change: &Change, who: Principal, name: &str) -> Result<Vec<Entry>, Failure> {
    may_go(&change.uses_of(who).await?, who, name)?;
    let mut entries = Vec::new();
    for (before, after) in change.forget_approver(who).await? {
        let entry = Entry::of(Action::PolicyChanged, ObjectKind::Policy, after.id.0, &after.definition.name);
        entries.push(entry.changed(&before.definition, &after.definition));
    }
    for GroupLeft { group, before, after } in change.leave_groups(who).await? {
        entries.push(members_changed(&group, &before, &after));
    }
    if let Principal::User(user) = who {
        for (before, after) in change.leave_teams(user).await? {
            let entry = Entry::of(Action::TeamChanged, ObjectKind::Team, after.id.0, &after.name);
            entries.push(entry.changed(&told(&before), &told(&after)));
        }
    }
    Ok(entries)
}

/// Nothing, or why they cannot be removed.
fn may_go(uses: &PrincipalUses, who: Principal, name: &str) -> Result<(), Failure> {
    let (whom, providers) = match who {
        Principal::Team(_) => (format!("the team {name}"), uses.providers.as_slice()),
        // A provider that knows a user forgets them.
        Principal::User(_) => (format!("the user {name}"), &[][..]),
    };
    let (mut messages, mut steps) = (Vec::new(), Vec::new());
    match uses.last_to_approve.as_slice() {
        [] => {}
        [policy] => {
            messages.push(format!("Without {whom} nobody could approve under the jump policy {policy} any more."));
            steps.push("Name somebody else there who approves, first.");
        }
        several => {
            let policies = listed(several);
            messages.push(format!("Without {whom} nobody could approve under the jump policies {policies} any more."));
            steps.push("Name somebody else there who approves, first.");
        }
    }
    match providers {
        [] => {}
        [provider] => {
            messages.push(format!("The single sign-on provider {provider} puts people into {whom}."));
            steps.push("Take the team out of its groups first, under Settings.");
        }
        several => {
            messages.push(format!("The single sign-on providers {} put people into {whom}.", listed(several)));
            steps.push("Take the team out of their groups first, under Settings.");
        }
    }
    if messages.is_empty() {
        return Ok(());
    }
    Err(Failure::conflict("in_use", &messages.join(" "), &steps.join(" ")))
}
