use std::collections::HashMap;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use wire::api::{ApiError, ConsoleEvent, NewUser, Role, SessionEnd, User, UserChange};
use wire::{Timestamp, UserId, validate};

use super::error::{Body, Path};
use super::setup::check_person;
use super::{Administrator, Failure};
use crate::clock::now;
use crate::events::Audience;
use crate::random;
use crate::services::Services;
use crate::sign_in::attempts::account_key;
use crate::sign_in::lockout;
use crate::store::{StoreError, UserRecord};

/// Every user.
#[utoipa::path(get, path = "/api/users", tag = "users", responses((status = 200, body = Vec<User>), (status = 403, body = ApiError)))]
pub(super) async fn list(State(services): State<Services>, _: Administrator) -> Result<Json<Vec<User>>, Failure> {
    let at = now();
    let mut locks = HashMap::new();
    let users = services.store.users().await?;
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
                let until = locks.get(&user.id).copied();
                view(user, until)
            })
            .collect(),
    ))
}

/// Makes a user.
#[utoipa::path(post, path = "/api/users", tag = "users", request_body = NewUser, responses((status = 201, body = User), (status = 422, body = ApiError)))]
pub(super) async fn create(
    State(services): State<Services>,
    _: Administrator,
    Body(new): Body<NewUser>,
) -> Result<(StatusCode, Json<User>), Failure> {
    check_person(&new.user_name, &new.display_name, Some(new.password.expose()))?;
    let user = UserRecord {
        id: UserId(random::id()),
        user_name: new.user_name,
        display_name: new.display_name.trim().to_owned(),
        role: new.role,
        enabled: true,
        password_hash: services.passwords.hash(&new.password).await?,
        created_at: now(),
        last_sign_in_at: None,
    };
    services.store.insert_user(&user).await.map_err(|error| match error {
        StoreError::Duplicate => Failure::field("user_name", "There is a user of this name already."),
        other => other.into(),
    })?;
    services.events.announce(Audience::Administrators, ConsoleEvent::UsersChanged);
    Ok((StatusCode::CREATED, Json(view(user, None))))
}

/// Changes a user. Disabling one signs them out and ends their sessions.
#[utoipa::path(patch, path = "/api/users/{id}", tag = "users", params(("id" = String, Path)), request_body = UserChange, responses((status = 200, body = User), (status = 404, body = ApiError), (status = 409, body = ApiError), (status = 422, body = ApiError)))]
pub(super) async fn change(
    State(services): State<Services>,
    Administrator(who): Administrator,
    Path(id): Path<UserId>,
    Body(change): Body<UserChange>,
) -> Result<Json<User>, Failure> {
    let mut user = services.store.user(id).await?.ok_or_else(|| Failure::not_found("user"))?;
    let was = user.clone();
    user.display_name = change.display_name.map_or(user.display_name, |name| name.trim().to_owned());
    user.role = change.role.unwrap_or(user.role);
    user.enabled = change.enabled.unwrap_or(user.enabled);
    check_person(&user.user_name, &user.display_name, change.password.as_ref().map(wire::SecretText::expose))?;
    keep_an_administrator(&services, &was, Some(&user)).await?;
    if let Some(password) = &change.password {
        user.password_hash = services.passwords.hash(password).await?;
    }
    services.store.update_user(&user).await?;
    if change.unlock {
        services.store.delete_sign_in_failure(&account_key(&user.user_name)).await?;
    }
    if !user.enabled || change.password.is_some() {
        let keep = Some(who.browser.id).filter(|_| user.enabled && who.user.id == id);
        sign_out_everywhere(&services, id, keep).await?;
    } else if user.role != was.role {
        // Open consoles connect again, with what they may do now.
        services.events.announce(Audience::LastWord(id, None), ConsoleEvent::Lagged);
    }
    if !user.enabled {
        services
            .sessions
            .end_all(SessionEnd::UserDisabled, Some(&who.user.display_name), |it| it.snapshot().user_id == id)
            .await;
    }
    services.events.announce(Audience::Administrators, ConsoleEvent::UsersChanged);
    let known = services.store.sign_in_failure(&account_key(&user.user_name)).await?;
    Ok(Json(view(user, lockout::locked_until(known, now()))))
}

/// Removes a user; what they did stays in the records.
#[utoipa::path(delete, path = "/api/users/{id}", tag = "users", params(("id" = String, Path)), responses((status = 204), (status = 404, body = ApiError), (status = 409, body = ApiError)))]
pub(super) async fn remove(
    State(services): State<Services>,
    Administrator(who): Administrator,
    Path(id): Path<UserId>,
) -> Result<StatusCode, Failure> {
    let user = services.store.user(id).await?.ok_or_else(|| Failure::not_found("user"))?;
    keep_an_administrator(&services, &user, None).await?;
    sign_out_everywhere(&services, id, None).await?;
    services.store.delete_user(id).await?;
    services
        .sessions
        .end_all(SessionEnd::UserDisabled, Some(&who.user.display_name), |it| it.snapshot().user_id == id)
        .await;
    services.events.announce(Audience::Administrators, ConsoleEvent::UsersChanged);
    Ok(StatusCode::NO_CONTENT)
}

/// Without an administrator who can sign in, nobody could mend anything.
async fn keep_an_administrator(
    services: &Services,
    was: &UserRecord,
    becomes: Option<&UserRecord>,
) -> Result<(), Failure> {
    let counts = |it: &UserRecord| it.enabled && it.role == Role::Administrator;
    if !counts(was) || becomes.is_some_and(counts) {
        return Ok(());
    }
    let others = services.store.users().await?.into_iter().filter(|it| it.id != was.id && counts(it)).count();
    if others > 0 {
        return Ok(());
    }
    let message = format!("{} is the last administrator who can sign in.", was.display_name);
    Err(Failure::conflict("last_administrator", &message, "Make another user an administrator first."))
}

async fn sign_out_everywhere(services: &Services, id: UserId, keep: Option<wire::BrowserId>) -> Result<(), Failure> {
    for browser in services.store.browsers_of(id).await? {
        if Some(browser.id) != keep && services.store.delete_browser(id, browser.id).await? {
            let event = ConsoleEvent::SignedOut { message: "An administrator changed your account.".into() };
            services.events.announce(Audience::LastWord(id, Some(browser.id)), event);
        }
    }
    Ok(())
}

/// A user as the console sees them.
pub(super) fn view(user: UserRecord, locked_until: Option<Timestamp>) -> User {
    User {
        id: user.id,
        user_name: user.user_name,
        display_name: user.display_name,
        role: user.role,
        enabled: user.enabled,
        locked_until,
        created_at: user.created_at,
        last_sign_in_at: user.last_sign_in_at,
    }
}

/// The sentence for a name that is not right.
pub(super) fn check_name(name: &str) -> Result<(), Failure> {
    validate::name(name).map_or(Ok(()), |message| Err(Failure::field("name", &message)))
}
