use axum::Json;
use axum::extract::State;
use wire::UserId;
use wire::api::{ApiError, GroupAccess, ItemPermission, JumpMethod, MethodAccess, PermissionAccess, Role, UserAccess};

use super::error::Path;
use super::{Failure, Overseer};
use crate::jump::access::allows;
use crate::services::Services;
use crate::store::{AccessBook, JumpGroupRecord, PolicyBook};

/// What a user can do, and which rule says so.
#[utoipa::path(get, path = "/api/users/{id}/access", tag = "access", params(("id" = String, Path)), responses((status = 200, body = UserAccess), (status = 404, body = ApiError)))]
pub(super) async fn explain(
    State(services): State<Services>,
    _: Overseer,
    Path(id): Path<UserId>,
) -> Result<Json<UserAccess>, Failure> {
    let user = services.store.user(id).await?.ok_or_else(|| Failure::not_found("user"))?;
    let book = services.store.access_book(id).await?.ok_or_else(|| Failure::not_found("user"))?;
    let groups = services.store.jump_groups().await?;
    let policies = services.store.policy_book().await?;
    let method = |(method, words): (JumpMethod, &str)| {
        let allowed = allows(&user.methods, method);
        let because = if allowed {
            format!("The user's account allows the method {words}.")
        } else {
            format!("The user's account does not allow the method {words}: no session of this kind, whatever the role.")
        };
        MethodAccess { method, allowed, because }
    };
    Ok(Json(UserAccess {
        user_id: id,
        barred: if user.enabled {
            (user.role == Role::Auditor).then(|| {
                "The user is an auditor: they look at everybody's sessions, recordings, reports and the audit trail, and change nothing."
                    .to_owned()
            })
        } else {
            Some("The user is disabled and cannot sign in.".to_owned())
        },
        methods: JumpMethod::ALL.into_iter().map(method).collect(),
        groups: groups.into_iter().map(|group| of_group(&book, &policies, group)).collect(),
    }))
}

fn of_group(book: &AccessBook, policies: &PolicyBook, group: JumpGroupRecord) -> GroupAccess {
    let rule = book.rule(group.id);
    let permission =
        |(permission, _): (ItemPermission, &str)| PermissionAccess { permission, given_by: rule.given_by(permission) };
    GroupAccess {
        group_id: group.id,
        group_name: group.name,
        because: rule.sentence(),
        policies: policies.names(&book.policies(group.id)),
        permissions: ItemPermission::ALL.into_iter().map(permission).collect(),
    }
}
