use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use wire::JumpPolicyId;
use wire::api::{ApiError, FieldError, ItemPermission, JumpPolicy, JumpPolicyDraft, JumpPolicyName, Schedule};
use wire::audit::{Action, ObjectKind};
use wire::validate;

use super::error::{Body, Path};
use super::words::namers;
use super::{Administrator, Failure, SignedIn, permitted};
use crate::audit::Entry;
use crate::clock::now;
use crate::jump::policy::{Policy, schedule};
use crate::random;
use crate::services::Services;
use crate::store::{PolicyUses, StoreError};

/// Every jump policy.
#[utoipa::path(get, path = "/api/jump-policies", tag = "policies", responses((status = 200, body = Vec<JumpPolicy>)))]
pub(super) async fn list(State(services): State<Services>, _: Administrator) -> Result<Json<Vec<JumpPolicy>>, Failure> {
    let uses = services.store.jump_policy_uses().await?;
    let view = |it: Policy| {
        let uses = uses.get(&it.id).copied().unwrap_or_default();
        view(it, uses)
    };
    Ok(Json(services.store.jump_policies().await?.into_iter().map(view).collect()))
}

/// What a form offers to whoever may change the policy of items somewhere; nothing to others.
#[utoipa::path(get, path = "/api/jump-policies/names", tag = "policies", responses((status = 200, body = Vec<JumpPolicyName>)))]
pub(super) async fn names(
    State(services): State<Services>,
    who: SignedIn,
) -> Result<Json<Vec<JumpPolicyName>>, Failure> {
    let book = permitted::book(&services, &who).await?;
    let groups = services.store.jump_groups().await?;
    if !groups.iter().any(|it| book.permissions(it.id).has(ItemPermission::EditPolicy)) {
        return Ok(Json(Vec::new()));
    }
    let name = |it: Policy| {
        let summary = it.definition.summary();
        JumpPolicyName { id: it.id, name: it.definition.name, summary }
    };
    Ok(Json(services.store.jump_policies().await?.into_iter().map(name).collect()))
}

/// Makes a jump policy. It does nothing until an item or a membership names it.
#[utoipa::path(post, path = "/api/jump-policies", tag = "policies", request_body = JumpPolicyDraft, responses((status = 201, body = JumpPolicy), (status = 422, body = ApiError)))]
pub(super) async fn create(
    State(services): State<Services>,
    Administrator(who): Administrator,
    Body(draft): Body<JumpPolicyDraft>,
) -> Result<(StatusCode, Json<JumpPolicy>), Failure> {
    let definition = JumpPolicyDraft { revision: 0, ..checked(&services, draft).await? };
    let policy = Policy { id: JumpPolicyId(random::id()), definition };
    let change = services.audit.begin().await?;
    change.insert_jump_policy(&policy, now()).await?;
    let entry = Entry::of(Action::PolicyCreated, ObjectKind::Policy, policy.id.0, &policy.definition.name);
    change.commit(&who.by, [entry.made(&policy.definition)]).await?;
    permitted::changed(&services, &who.user).await?;
    Ok((StatusCode::CREATED, Json(view(policy, PolicyUses::default()))))
}

/// Changes a jump policy wherever it is named. Sessions whose schedule is closed now end.
#[utoipa::path(put, path = "/api/jump-policies/{id}", tag = "policies", params(("id" = String, Path)), request_body = JumpPolicyDraft, responses((status = 200, body = JumpPolicy), (status = 404, body = ApiError), (status = 409, body = ApiError), (status = 422, body = ApiError)))]
pub(super) async fn change(
    State(services): State<Services>,
    Administrator(who): Administrator,
    Path(id): Path<JumpPolicyId>,
    Body(draft): Body<JumpPolicyDraft>,
) -> Result<Json<JumpPolicy>, Failure> {
    let mut policy = Policy { id, definition: checked(&services, draft).await? };
    let change = services.audit.begin().await?;
    let was = change.jump_policy(id).await?.ok_or_else(|| Failure::not_found("policy"))?;
    if !change.update_jump_policy(&policy).await? {
        return Err(Failure::not_found("policy"));
    }
    let entry = Entry::of(Action::PolicyChanged, ObjectKind::Policy, id.0, &was.definition.name);
    change.commit(&who.by, [entry.changed(&was.definition, &policy.definition)]).await?;
    policy.definition.revision += 1;
    permitted::changed(&services, &who.user).await?;
    let uses = services.store.jump_policy_uses().await?.remove(&id).unwrap_or_default();
    Ok(Json(view(policy, uses)))
}

/// Removes a jump policy that nothing names.
#[utoipa::path(delete, path = "/api/jump-policies/{id}", tag = "policies", params(("id" = String, Path)), responses((status = 204), (status = 404, body = ApiError), (status = 409, body = ApiError)))]
pub(super) async fn remove(
    State(services): State<Services>,
    Administrator(who): Administrator,
    Path(id): Path<JumpPolicyId>,
) -> Result<StatusCode, Failure> {
    let change = services.audit.begin().await?;
    let policy = change.jump_policy(id).await?.ok_or_else(|| Failure::not_found("policy"))?;
    match change.delete_jump_policy(id).await {
        Ok(true) => {}
        Ok(false) => return Err(Failure::not_found("policy")),
        Err(StoreError::Dependent) => {
            let [items, groups] = change.named_by_jump_policy(id).await?;
            let named_by = namers([&items, &groups], ["item", "group"]);
            let message = format!("The policy {} is named by {named_by}.", policy.definition.name);
            return Err(Failure::conflict("in_use", &message, "Give them another policy, or none, first."));
        }
        Err(other) => return Err(other.into()),
    }
    let entry = Entry::of(Action::PolicyRemoved, ObjectKind::Policy, id.0, &policy.definition.name);
    change.commit(&who.by, [entry.removed(&policy.definition)]).await?;
    permitted::changed(&services, &who.user).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Names of time zones that schedules may use.
#[utoipa::path(get, path = "/api/time-zones", tag = "policies", responses((status = 200, body = Vec<String>)))]
pub(super) async fn time_zones(_: SignedIn) -> Json<Vec<String>> {
    Json(schedule::time_zones())
}

async fn checked(services: &Services, draft: JumpPolicyDraft) -> Result<JumpPolicyDraft, Failure> {
    let draft = JumpPolicyDraft { name: draft.name.trim().to_owned(), ..draft };
    let mut errors = validate::jump_policy(&draft);
    if let Some(Schedule { time_zone, .. }) = &draft.schedule
        && !schedule::is_time_zone(time_zone)
    {
        errors.retain(|error| error.field != "schedule.time_zone");
        let message = "This is not the name of a time zone, such as Europe/Amsterdam or UTC.";
        errors.push(FieldError::new("schedule.time_zone", message));
    }
    if let Some(rule) = &draft.approval {
        let users = services.store.users().await?;
        let teams = services.store.teams().await?;
        let is_known = rule.users.iter().all(|id| users.iter().any(|it| it.id == *id))
            && rule.teams.iter().all(|id| teams.iter().any(|it| it.id == *id));
        if !is_known {
            let message = "A user or team of the list was removed. Load the page again.";
            errors.push(FieldError::new("approval.approvers", message));
        }
    }
    if errors.is_empty() { Ok(draft) } else { Err(Failure::fields(errors)) }
}

fn view(it: Policy, uses: PolicyUses) -> JumpPolicy {
    JumpPolicy { id: it.id, definition: it.definition, items: uses.items, memberships: uses.memberships }
}
