use std::collections::HashMap;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde_json::{Value, json};
use wire::api::{
    ApiError, ConsoleEvent, JumpMethod, NewUser, Principal, ResetSecondFactors, SessionEnd, User, UserChange,
};
use wire::audit::{Action, ObjectKind};
use wire::{SessionPolicyId, Timestamp, UserId, validate};

use super::error::{Body, Path};
use super::setup::check_person;
use super::{ConsoleAdministrator, Failure, Overseer, jump_groups, permitted, uses};
use crate::audit::Entry;
use crate::clock::now;
use crate::events::Audience;
use crate::random;
use crate::services::Services;
use crate::sign_in::attempts::account_key;
use crate::sign_in::lockout;
use crate::store::{FactorResetRecord, StoreError, UserEdit, UserRecord};

/// Every user.
#[utoipa::path(get, path = "/api/users", tag = "users", responses((status = 200, body = Vec<User>), (status = 403, body = ApiError)))]
pub(super) async fn list(State(services): State<Services>, _: Overseer) -> Result<Json<Vec<User>>, Failure> {
    let at = now();
    let mut locks = HashMap::new();
    let users = services.store.users().await?;
    let with_factor = services.store.users_with_second_factor().await?;
    for user in &users {
        let known = services.store.sign_in_failure(&account_key(&user.user_name)).await?;
        if let Some(until) = lockout::locked_until(known, at) {
            locks.insert(user.id, until);
        }
    }
    Ok(Json(
        users
            .into_iter()
            .map(|user| {
                let (until, with_factor) = (locks.get(&user.id).copied(), with_factor.contains(&user.id));
                view(user, until, with_factor)
            })
            .collect(),
    ))
}

/// Makes a user.
#[utoipa::path(post, path = "/api/users", tag = "users", request_body = NewUser, responses((status = 201, body = User), (status = 422, body = ApiError)))]
pub(super) async fn create(
    State(services): State<Services>,
    ConsoleAdministrator(who): ConsoleAdministrator,
    Body(new): Body<NewUser>,
) -> Result<(StatusCode, Json<User>), Failure> {
    check_person(&new.user_name, &new.display_name, Some(new.password.expose()))?;
    let email = checked_email(new.email)?.flatten();
    check_session_policy(&services, new.session_policy_id).await?;
    let user = UserRecord {
        id: UserId(random::id()),
        user_name: new.user_name,
        display_name: new.display_name.trim().to_owned(),
        email,
        role: new.role,
        enabled: true,
        methods: new.methods.unwrap_or_else(JumpMethod::every),
        default_role: new.default_role_id,
        personal_role: new.personal_role_id,
        session_policy: new.session_policy_id,
        password_hash: services.passwords.hash(&new.password).await?,
        created_at: now(),
        last_sign_in_at: None,
        revision: 0,
    };
    let audited = services.audit.begin().await?;
    audited.insert_user(&user).await.map_err(|error| match error {
        StoreError::Duplicate => Failure::field("user_name", "There is a user of this name already."),
        other => role_is_gone(other),
    })?;
    audited.commit(&who.by, [entry(Action::UserCreated, &user).made(&told(&user))]).await?;
    services.events.announce(Audience::Administrators, ConsoleEvent::UsersChanged);
    Ok((StatusCode::CREATED, Json(view(user, None, false))))
}

/// Changes a user. Disabling one signs them out and ends their sessions.
#[utoipa::path(patch, path = "/api/users/{id}", tag = "users", params(("id" = String, Path)), request_body = UserChange, responses((status = 200, body = User), (status = 404, body = ApiError), (status = 409, body = ApiError), (status = 422, body = ApiError)))]
pub(super) async fn change(
    State(services): State<Services>,
    ConsoleAdministrator(who): ConsoleAdministrator,
    Path(id): Path<UserId>,
    Body(change): Body<UserChange>,
) -> Result<Json<User>, Failure> {
    let was = services.store.user(id).await?.ok_or_else(|| Failure::not_found("user"))?;
    let display_name = change.display_name.map(|name| name.trim().to_owned());
    let (shown, password) = (display_name.as_ref().unwrap_or(&was.display_name), change.password.as_ref());
    check_person(&was.user_name, shown, password.map(wire::SecretText::expose))?;
    check_session_policy(&services, change.session_policy_id.flatten()).await?;
    if change.remove_password && password.is_some() {
        return Err(Failure::field("password", "Give a new password or take the old one away, not both."));
    }
    let password_changes = change.remove_password || password.is_some();
    let password_hash = match password {
        Some(password) => Some(services.passwords.hash(password).await?),
        None => None,
    };
    let edit = UserEdit {
        display_name,
        email: checked_email(change.email)?,
        role: change.role,
        enabled: change.enabled,
        methods: change.methods,
        default_role: change.default_role_id,
        personal_role: change.personal_role_id,
        session_policy: change.session_policy_id,
        password_hash: if change.remove_password { Some(String::new()) } else { password_hash },
        revision: change.revision,
    };
    let audited = services.audit.begin().await?;
    let was = audited.user(id).await?.ok_or_else(|| Failure::not_found("user"))?;
    let user = audited.edit_user(id, edit).await.map_err(role_is_gone)?;
    let user = user.ok_or_else(|| Failure::not_found("user"))?;
    let mut entries = Vec::new();
    if change.unlock {
        audited.delete_sign_in_failure(&account_key(&user.user_name)).await?;
        entries.push(entry(Action::UserUnlocked, &user));
    }
    if password_changes {
        entries.push(entry(Action::UserPasswordReset, &user).with("has_password", !user.password_hash.is_empty()));
    }
    if entries.is_empty() || told(&was) != told(&user) {
        entries.push(entry(Action::UserChanged, &user).changed(&told(&was), &told(&user)));
    }
    audited.commit(&who.by, entries).await?;
    if !user.enabled || password_changes {
        let keep = Some(who.browser.id).filter(|_| user.enabled && who.user.id == id);
        sign_out_everywhere(&services, id, keep, "An administrator changed your account.").await?;
    } else if user.role != was.role {
        // Open consoles connect again, with what they may do now.
        services.events.announce(Audience::LastWord(id, None), ConsoleEvent::Lagged);
    }
    if !user.enabled {
        services
            .sessions
            .end_all(SessionEnd::UserDisabled, Some(&who.user.display_name), |it| it.snapshot().user_id == id);
    }
    let rules = |it: &UserRecord| (it.role, it.default_role, it.personal_role, it.session_policy, it.methods.clone());
    if rules(&user) != rules(&was) {
        permitted::changed(&services, &who.user).await?;
    }
    services.events.announce(Audience::Administrators, ConsoleEvent::UsersChanged);
    let known = services.store.sign_in_failure(&account_key(&user.user_name)).await?;
    let with_factor = services.store.has_second_factor(id).await?;
    Ok(Json(view(user, lockout::locked_until(known, now()), with_factor)))
}

/// Removes a user; what they did stays in the records. Policies do not name them any more.
#[utoipa::path(delete, path = "/api/users/{id}", tag = "users", params(("id" = String, Path)), responses((status = 204), (status = 404, body = ApiError), (status = 409, body = ApiError)))]
pub(super) async fn remove(
    State(services): State<Services>,
    ConsoleAdministrator(who): ConsoleAdministrator,
    Path(id): Path<UserId>,
) -> Result<StatusCode, Failure> {
    let audited = services.audit.begin().await?;
    let was = audited.user(id).await?.ok_or_else(|| Failure::not_found("user"))?;
    if let Some(group) = audited.jump_groups().await?.into_iter().find(|it| it.owner == Some(id)) {
        let whose = format!("The personal group of {}", was.display_name);
        jump_groups::is_empty(&audited.contents_of_group(group.id).await?, &whose)?;
    }
    let mut entries = uses::take_out(&audited, Principal::User(id), &was.user_name).await?;
    if !audited.delete_user(id).await? {
        return Err(Failure::not_found("user"));
    }
    entries.push(entry(Action::UserRemoved, &was).removed(&told(&was)));
    audited.commit(&who.by, entries).await?;
    permitted::changed(&services, &who.user).await?;
    let event = ConsoleEvent::SignedOut { message: "An administrator removed your account.".into() };
    services.events.announce(Audience::LastWord(id, None), event);
    services.sessions.end_all(SessionEnd::UserDisabled, Some(&who.user.display_name), |it| it.snapshot().user_id == id);
    services.events.announce(Audience::Administrators, ConsoleEvent::UsersChanged);
    Ok(StatusCode::NO_CONTENT)
}

/// Takes a user's second factors away, for who lost them. Signs the user out everywhere and tells them why.
#[utoipa::path(post, path = "/api/users/{id}/reset-second-factors", tag = "users", params(("id" = String, Path)), request_body = ResetSecondFactors, responses((status = 204), (status = 404, body = ApiError), (status = 409, body = ApiError), (status = 422, body = ApiError)))]
pub(super) async fn reset_second_factors(
    State(services): State<Services>,
    ConsoleAdministrator(who): ConsoleAdministrator,
    Path(id): Path<UserId>,
    Body(reset): Body<ResetSecondFactors>,
) -> Result<StatusCode, Failure> {
    let user = services.store.user(id).await?.ok_or_else(|| Failure::not_found("user"))?;
    if user.id == who.user.id {
        let message = "You cannot reset your own second factors.";
        let next_step = "Turn them off under Your account, or ask another administrator.";
        return Err(Failure::conflict("own_factors", message, next_step));
    }
    if let Some(message) = validate::reason(&reset.reason) {
        return Err(Failure::field("reason", &message));
    }
    let record = FactorResetRecord { at: now(), reason: reset.reason.trim().to_owned() };
    let audited = services.audit.begin().await?;
    audited.reset_second_factors(id, &record).await?;
    audited.commit(&who.by, [entry(Action::UserSecondFactorReset, &user).saying(record.reason.as_str())]).await?;
    tracing::info!(user.id = %id, by.id = %who.user.id, "second factors were reset");
    let why = format!("An administrator reset your second factors: {}", record.reason);
    sign_out_everywhere(&services, id, None, &why).await?;
    services.events.announce(Audience::Administrators, ConsoleEvent::UsersChanged);
    Ok(StatusCode::NO_CONTENT)
}

/// A user as the audit trail tells of them.
pub(super) fn told(it: &UserRecord) -> Value {
    json!({
        "user_name": it.user_name, "display_name": it.display_name, "role": it.role, "enabled": it.enabled,
        "methods": it.methods, "default_role_id": it.default_role, "personal_role_id": it.personal_role,
        "session_policy_id": it.session_policy, "email": it.email,
    })
}

/// Something that is done to a user.
pub(super) fn entry(action: Action, it: &UserRecord) -> Entry {
    Entry::of(action, ObjectKind::User, it.id.0, &it.user_name)
}

async fn sign_out_everywhere(
    services: &Services,
    id: UserId,
    keep: Option<wire::BrowserId>,
    why: &str,
) -> Result<(), Failure> {
    for browser in services.store.browsers_of(id).await? {
        if Some(browser.id) != keep && services.store.delete_browser(id, browser.id).await? {
            let event = ConsoleEvent::SignedOut { message: why.to_owned() };
            services.events.announce(Audience::LastWord(id, Some(browser.id)), event);
        }
    }
    Ok(())
}

/// A mail address that was given; an empty one is none.
fn checked_email(given: Option<String>) -> Result<Option<Option<String>>, Failure> {
    let Some(text) = given.map(|it| it.trim().to_owned()) else { return Ok(None) };
    if text.is_empty() {
        return Ok(Some(None));
    }
    validate::mail_address(&text).map_or(Ok(Some(Some(text))), |wrong| Err(Failure::field("email", &wrong)))
}

async fn check_session_policy(services: &Services, id: Option<SessionPolicyId>) -> Result<(), Failure> {
    let Some(id) = id else { return Ok(()) };
    if services.store.session_policy(id).await?.is_some_and(|it| it.definition.for_users) {
        return Ok(());
    }
    let message = "This session policy was removed or is not for users. Choose another one, or none.";
    Err(Failure::field("session_policy_id", message))
}

fn role_is_gone(error: StoreError) -> Failure {
    match error {
        StoreError::Dependent => Failure::field("default_role_id", "This role was removed. Choose another."),
        other => other.into(),
    }
}

/// A user as the console sees them.
pub(super) fn view(user: UserRecord, locked_until: Option<Timestamp>, second_factor: bool) -> User {
    User {
        id: user.id,
        user_name: user.user_name,
        display_name: user.display_name,
        email: user.email,
        role: user.role,
        enabled: user.enabled,
        methods: user.methods,
        default_role_id: user.default_role,
        personal_role_id: user.personal_role,
        session_policy_id: user.session_policy,
        locked_until,
        second_factor,
        has_password: !user.password_hash.is_empty(),
        created_at: user.created_at,
        last_sign_in_at: user.last_sign_in_at,
        revision: user.revision,
    }
}

/// The sentence for a name that is not right.
pub(super) fn check_name(name: &str) -> Result<(), Failure> {
    validate::name(name).map_or(Ok(()), |message| Err(Failure::field("name", &message)))
}
