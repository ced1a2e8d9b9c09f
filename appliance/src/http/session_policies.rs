#![expect(unused_qualifications, reason = "utoipa's macro names query parameters by their path")]

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use utoipa::IntoParams;
use wire::api::{
    ApiError, GlobalSessionPolicy, ItemPermission, SessionPolicy, SessionPolicyAnswer, SessionPolicyDraft,
    SessionPolicyName, SessionToolRule,
};
use wire::audit::{Action, ObjectKind};
use wire::{JumpItemId, SessionPolicyId, UserId, validate};

use super::error::{Body, Path, Query};
use super::words::namers;
use super::{Administrator, Failure, SignedIn, permitted};
use crate::audit::Entry;
use crate::clock::now;
use crate::random;
use crate::services::Services;
use crate::store::{SessionPolicyRecord, SessionPolicyUses, StoreError};

/// Every session policy but the global one.
#[utoipa::path(get, path = "/api/session-policies", tag = "policies", responses((status = 200, body = Vec<SessionPolicy>)))]
pub(super) async fn list(
    State(services): State<Services>,
    _: Administrator,
) -> Result<Json<Vec<SessionPolicy>>, Failure> {
    let uses = services.store.session_policy_uses().await?;
    let view = |it: SessionPolicyRecord| {
        let uses = uses.get(&it.id).copied().unwrap_or_default();
        view(it, uses)
    };
    Ok(Json(services.store.session_policies().await?.into_iter().map(view).collect()))
}

/// What a form offers to whoever may change the session policy of items somewhere; nothing to others.
#[utoipa::path(get, path = "/api/session-policies/names", tag = "policies", responses((status = 200, body = Vec<SessionPolicyName>)))]
pub(super) async fn names(
    State(services): State<Services>,
    who: SignedIn,
) -> Result<Json<Vec<SessionPolicyName>>, Failure> {
    let book = permitted::book(&services, &who).await?;
    let groups = services.store.jump_groups().await?;
    if !groups.iter().any(|it| book.permissions(it.id).has(ItemPermission::EditSessionPolicy)) {
        return Ok(Json(Vec::new()));
    }
    let name = |SessionPolicyRecord { id, definition }| {
        let SessionPolicyDraft { name, for_users, for_items, rules, .. } = definition;
        SessionPolicyName { id, name, summary: rules.summary(), for_users, for_items }
    };
    Ok(Json(services.store.session_policies().await?.into_iter().map(name).collect()))
}

/// Makes a session policy. It does nothing until an item or a user is given it.
#[utoipa::path(post, path = "/api/session-policies", tag = "policies", request_body = SessionPolicyDraft, responses((status = 201, body = SessionPolicy), (status = 422, body = ApiError)))]
pub(super) async fn create(
    State(services): State<Services>,
    Administrator(who): Administrator,
    Body(draft): Body<SessionPolicyDraft>,
) -> Result<(StatusCode, Json<SessionPolicy>), Failure> {
    let definition = SessionPolicyDraft { revision: 0, ..checked(draft)? };
    let policy = SessionPolicyRecord { id: SessionPolicyId(random::id()), definition };
    let change = services.audit.begin().await?;
    change.insert_session_policy(&policy, now()).await?;
    change.commit(&who.by, [entry(Action::SessionPolicyCreated, &policy).made(&policy.definition)]).await?;
    permitted::changed(&services, &who.user).await?;
    Ok((StatusCode::CREATED, Json(view(policy, SessionPolicyUses::default()))))
}

/// Changes a session policy. Sessions that run follow it at once.
#[utoipa::path(put, path = "/api/session-policies/{id}", tag = "policies", params(("id" = String, Path)), request_body = SessionPolicyDraft, responses((status = 200, body = SessionPolicy), (status = 404, body = ApiError), (status = 409, body = ApiError), (status = 422, body = ApiError)))]
pub(super) async fn change(
    State(services): State<Services>,
    Administrator(who): Administrator,
    Path(id): Path<SessionPolicyId>,
    Body(draft): Body<SessionPolicyDraft>,
) -> Result<Json<SessionPolicy>, Failure> {
    not_global(id)?;
    let mut policy = SessionPolicyRecord { id, definition: checked(draft)? };
    let change = services.audit.begin().await?;
    let was = change.session_policy(id).await?.ok_or_else(|| Failure::not_found("session policy"))?;
    match change.update_session_policy(&policy).await {
        Ok(true) => {}
        Ok(false) => return Err(Failure::not_found("session policy")),
        Err(StoreError::Dependent) => {
            let message =
                "Items or users have this policy; take it from those for whom it is not to be available first.";
            return Err(Failure::field("for_items", message));
        }
        Err(other) => return Err(other.into()),
    }
    let entry = entry(Action::SessionPolicyChanged, &was).changed(&was.definition, &policy.definition);
    change.commit(&who.by, [entry]).await?;
    policy.definition.revision += 1;
    permitted::changed(&services, &who.user).await?;
    let uses = services.store.session_policy_uses().await?.remove(&id).unwrap_or_default();
    Ok(Json(view(policy, uses)))
}

/// Removes a session policy that nothing names.
#[utoipa::path(delete, path = "/api/session-policies/{id}", tag = "policies", params(("id" = String, Path)), responses((status = 204), (status = 404, body = ApiError), (status = 409, body = ApiError)))]
pub(super) async fn remove(
    State(services): State<Services>,
    Administrator(who): Administrator,
    Path(id): Path<SessionPolicyId>,
) -> Result<StatusCode, Failure> {
    not_global(id)?;
    let gone = || Failure::not_found("session policy");
    let change = services.audit.begin().await?;
    let policy = change.session_policy(id).await?.ok_or_else(gone)?;
    match change.delete_session_policy(id).await {
        Ok(true) => {}
        Ok(false) => return Err(gone()),
        Err(StoreError::Dependent) => {
            let [items, users] = change.named_by_session_policy(id).await?;
            let named_by = namers([&items, &users], ["item", "user"]);
            let message = format!("The session policy {} is named by {named_by}.", policy.definition.name);
            return Err(Failure::conflict("in_use", &message, "Give them another policy, or none, first."));
        }
        Err(other) => return Err(other.into()),
    }
    change.commit(&who.by, [entry(Action::SessionPolicyRemoved, &policy).removed(&policy.definition)]).await?;
    permitted::changed(&services, &who.user).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What holds where neither item nor user says anything.
#[utoipa::path(get, path = "/api/session-policies/global", tag = "policies", responses((status = 200, body = GlobalSessionPolicy)))]
pub(super) async fn global(
    State(services): State<Services>,
    _: Administrator,
) -> Result<Json<GlobalSessionPolicy>, Failure> {
    Ok(Json(services.store.global_session_policy().await?))
}

/// Changes what holds where neither item nor user says anything. Sessions that run follow it at once.
#[utoipa::path(put, path = "/api/session-policies/global", tag = "policies", request_body = GlobalSessionPolicy, responses((status = 200, body = GlobalSessionPolicy), (status = 409, body = ApiError), (status = 422, body = ApiError)))]
pub(super) async fn set_global(
    State(services): State<Services>,
    Administrator(who): Administrator,
    Body(mut wanted): Body<GlobalSessionPolicy>,
) -> Result<Json<GlobalSessionPolicy>, Failure> {
    // A tool that the request does not speak of stays as it is: it may be younger than the program that asks.
    let kept = services.store.global_session_policy().await?.rules.tools;
    let is_unsaid = |it: &SessionToolRule| wanted.rules.tools.iter().all(|said| said.tool != it.tool);
    let unsaid: Vec<_> = kept.into_iter().filter(is_unsaid).collect();
    wanted.rules.tools.extend(unsaid);
    let errors = validate::global_session_policy(&wanted);
    if !errors.is_empty() {
        return Err(Failure::fields(errors));
    }
    let definition = SessionPolicyDraft {
        name: String::new(),
        description: String::new(),
        for_users: false,
        for_items: false,
        rules: wanted.rules.clone(),
        revision: wanted.revision,
    };
    let record = SessionPolicyRecord { id: SessionPolicyId::GLOBAL, definition };
    let change = services.audit.begin().await?;
    let was = change.global_session_policy().await?;
    if !change.update_session_policy(&record).await? {
        return Err(Failure::not_found("session policy"));
    }
    let entry = Entry::of(Action::SessionPolicyChanged, ObjectKind::SessionPolicy, record.id.0, "the global one");
    change.commit(&who.by, [entry.changed(&was, &wanted)]).await?;
    permitted::changed(&services, &who.user).await?;
    Ok(Json(GlobalSessionPolicy { revision: wanted.revision + 1, ..wanted }))
}

/// Whose session, and on what.
#[derive(Debug, Deserialize, IntoParams)]
pub(super) struct Which {
    /// The user.
    #[param(value_type = String)]
    user_id: UserId,
    /// The item.
    #[param(value_type = String)]
    item_id: JumpItemId,
}

/// What a session of a user on an item may do, and which policy says so.
#[utoipa::path(get, path = "/api/session-policies/effective", tag = "policies", params(Which), responses((status = 200, body = SessionPolicyAnswer), (status = 404, body = ApiError)))]
pub(super) async fn effective(
    State(services): State<Services>,
    _: Administrator,
    Query(which): Query<Which>,
) -> Result<Json<SessionPolicyAnswer>, Failure> {
    let user = services.store.user(which.user_id).await?.ok_or_else(|| Failure::not_found("user"))?;
    let item = services.store.jump_item(which.item_id).await?.ok_or_else(|| Failure::not_found("item"))?;
    let policy = services.store.session_policy_book().await?.effective(&item.definition, user.session_policy);
    let (user_id, user_name, item_name) = (user.id, user.display_name, item.definition.name);
    Ok(Json(SessionPolicyAnswer { user_id, user_name, item_name, policy }))
}

fn entry(action: Action, it: &SessionPolicyRecord) -> Entry {
    Entry::of(action, ObjectKind::SessionPolicy, it.id.0, &it.definition.name)
}

fn checked(draft: SessionPolicyDraft) -> Result<SessionPolicyDraft, Failure> {
    let draft = SessionPolicyDraft { name: draft.name.trim().to_owned(), ..draft };
    let errors = validate::session_policy(&draft);
    if errors.is_empty() { Ok(draft) } else { Err(Failure::fields(errors)) }
}

/// The global policy has an address of its own.
fn not_global(id: SessionPolicyId) -> Result<(), Failure> {
    if id == SessionPolicyId::GLOBAL { Err(Failure::not_found("session policy")) } else { Ok(()) }
}

fn view(it: SessionPolicyRecord, uses: SessionPolicyUses) -> SessionPolicy {
    SessionPolicy { id: it.id, definition: it.definition, items: uses.items, users: uses.users }
}
