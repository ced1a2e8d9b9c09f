use std::collections::HashSet;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde_json::{Value, json};
use wire::TeamId;
use wire::api::{ApiError, Principal, Team, TeamDraft};
use wire::audit::{Action, ObjectKind};

use super::error::{Body, Path};
use super::jumpoints::check;
use super::{Administrator, Failure, permitted, uses};
use crate::audit::Entry;
use crate::clock::now;
use crate::random;
use crate::services::Services;
use crate::store::{Store, StoreError, TeamRecord};

/// Every team.
#[utoipa::path(get, path = "/api/teams", tag = "access", responses((status = 200, body = Vec<Team>)))]
pub(super) async fn list(State(services): State<Services>, _: Administrator) -> Result<Json<Vec<Team>>, Failure> {
    let groups = services.store.groups_of_teams().await?;
    let view = |it: TeamRecord| {
        let groups = groups.get(&it.id).copied().unwrap_or(0);
        view(it, groups)
    };
    Ok(Json(services.store.teams().await?.into_iter().map(view).collect()))
}

/// Makes a team.
#[utoipa::path(post, path = "/api/teams", tag = "access", request_body = TeamDraft, responses((status = 201, body = Team), (status = 422, body = ApiError)))]
pub(super) async fn create(
    State(services): State<Services>,
    Administrator(who): Administrator,
    Body(draft): Body<TeamDraft>,
) -> Result<(StatusCode, Json<Team>), Failure> {
    let record = TeamRecord { revision: 0, ..checked(TeamId(random::id()), draft)? };
    let change = services.audit.begin().await?;
    change.insert_team(&record).await.map_err(member_is_gone)?;
    let entry = Entry::of(Action::TeamCreated, ObjectKind::Team, record.id.0, &record.name).made(&told(&record));
    change.commit(&who.by, [entry]).await?;
    permitted::changed(&services, &who.user).await?;
    Ok((StatusCode::CREATED, Json(view(record, 0))))
}

/// Changes a team. Sessions that its members may not use any more end.
#[utoipa::path(put, path = "/api/teams/{id}", tag = "access", params(("id" = String, Path)), request_body = TeamDraft, responses((status = 200, body = Team), (status = 404, body = ApiError), (status = 409, body = ApiError), (status = 422, body = ApiError)))]
pub(super) async fn change(
    State(services): State<Services>,
    Administrator(who): Administrator,
    Path(id): Path<TeamId>,
    Body(draft): Body<TeamDraft>,
) -> Result<Json<Team>, Failure> {
    let record = checked(id, draft)?;
    let change = services.audit.begin().await?;
    let was = team(&change, id).await?;
    if !change.update_team(&record).await.map_err(member_is_gone)? {
        return Err(Failure::not_found("team"));
    }
    let entry = Entry::of(Action::TeamChanged, ObjectKind::Team, id.0, &was.name).changed(&told(&was), &told(&record));
    change.commit(&who.by, [entry]).await?;
    permitted::changed(&services, &who.user).await?;
    let groups = services.store.groups_of_teams().await?.get(&id).copied().unwrap_or(0);
    Ok(Json(view(TeamRecord { revision: record.revision + 1, ..record }, groups)))
}

/// Removes a team. What its memberships allowed ends with it, and policies do not name it any more.
#[utoipa::path(delete, path = "/api/teams/{id}", tag = "access", params(("id" = String, Path)), responses((status = 204), (status = 404, body = ApiError), (status = 409, body = ApiError)))]
pub(super) async fn remove(
    State(services): State<Services>,
    Administrator(who): Administrator,
    Path(id): Path<TeamId>,
) -> Result<StatusCode, Failure> {
    let change = services.audit.begin().await?;
    let was = team(&change, id).await?;
    let mut entries = uses::take_out(&change, Principal::Team(id), &was.name).await?;
    if !change.delete_team(id).await? {
        return Err(Failure::not_found("team"));
    }
    entries.push(Entry::of(Action::TeamRemoved, ObjectKind::Team, id.0, &was.name).removed(&told(&was)));
    change.commit(&who.by, entries).await?;
    permitted::changed(&services, &who.user).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn team(store: &Store, id: TeamId) -> Result<TeamRecord, Failure> {
    store.teams().await?.into_iter().find(|it| it.id == id).ok_or_else(|| Failure::not_found("team"))
}

/// A team as the audit trail tells of it.
pub(super) fn told(it: &TeamRecord) -> Value {
    json!({ "name": it.name, "comments": it.comments, "members": it.members })
}

fn checked(id: TeamId, draft: TeamDraft) -> Result<TeamRecord, Failure> {
    check(&draft.name, &draft.comments)?;
    let mut seen = HashSet::new();
    let members = draft.members.into_iter().filter(|it| seen.insert(*it)).collect();
    Ok(TeamRecord {
        id,
        name: draft.name.trim().to_owned(),
        comments: draft.comments,
        members,
        created_at: now(),
        revision: draft.revision,
    })
}

fn member_is_gone(error: StoreError) -> Failure {
    match error {
        StoreError::Dependent => Failure::field("members", "One of these users was removed. Load the page again."),
        other => other.into(),
    }
}

fn view(it: TeamRecord, groups: u32) -> Team {
    Team { id: it.id, name: it.name, comments: it.comments, members: it.members, groups, revision: it.revision }
}
