use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use wire::UserId;
use wire::api::{ApiError, Fault, FieldError, JumpMethod, Me, Role, SetupRequest, SetupState};
use wire::audit::Action;
use wire::validate;

use super::Failure;
use super::error::Body;
use super::server::ConnectionInfo;
use super::sign_in::{How, sign_browser_in, with_cookie};
use super::users::{entry, told};
use crate::audit::By;
use crate::clock::now;
use crate::random;
use crate::services::Services;
use crate::sign_in::setup;
use crate::store::UserRecord;

/// Whether the first administrator is still to be made.
#[utoipa::path(get, path = "/api/setup", tag = "sign-in", responses((status = 200, body = SetupState)))]
pub(super) async fn state(State(services): State<Services>) -> Result<Json<SetupState>, Failure> {
    Ok(Json(SetupState { needed: setup::is_needed(&services.store).await? }))
}

/// Makes the first administrator and signs them in.
#[utoipa::path(post, path = "/api/setup", tag = "sign-in", request_body = SetupRequest, responses((status = 200, body = Me), (status = 403, body = ApiError), (status = 422, body = ApiError)))]
pub(super) async fn set_up(
    State(services): State<Services>,
    axum::Extension(connection): axum::Extension<ConnectionInfo>,
    headers: HeaderMap,
    Body(request): Body<SetupRequest>,
) -> Result<Response, Failure> {
    let refused = || {
        let next_step = "Use the link that the appliance printed when it last started, or restart it for a new one.";
        Failure::new(
            StatusCode::FORBIDDEN,
            Fault::User,
            "setup_link",
            "This setup link is not valid any more.",
            next_step,
        )
    };
    if !setup::fits(&services.store, &request.token).await? {
        return Err(refused());
    }
    check_person(&request.user_name, &request.display_name, Some(request.password.expose()))?;
    let password_hash = services.passwords.hash(&request.password).await?;
    let user = UserRecord {
        id: UserId(random::id()),
        user_name: request.user_name,
        display_name: request.display_name.trim().to_owned(),
        email: None,
        role: Role::Administrator,
        enabled: true,
        methods: JumpMethod::every(),
        default_role: None,
        personal_role: None,
        session_policy: None,
        password_hash,
        created_at: now(),
        last_sign_in_at: None,
        revision: 0,
    };
    let change = services.audit.begin().await?;
    if !setup::finish(&change, &user).await? {
        return Err(refused());
    }
    let by = By::user(&user, &connection.peer.ip().to_string());
    let entries = [entry(Action::ApplianceSetUp, &user), entry(Action::UserCreated, &user).made(&told(&user))];
    change.commit(&by, entries).await?;
    tracing::info!(user.id = %user.id, "the first administrator was made");
    let (me, cookie) = sign_browser_in(&services, user, connection, &headers, How::with("setup link")).await?;
    Ok(with_cookie(me, cookie))
}

/// Checks what describes a person.
pub(super) fn check_person(user_name: &str, display_name: &str, password: Option<&str>) -> Result<(), Failure> {
    let checks = [
        ("user_name", validate::user_name(user_name)),
        ("display_name", validate::name(display_name)),
        ("password", password.and_then(validate::password)),
    ];
    let errors: Vec<_> = checks
        .into_iter()
        .filter_map(|(field, message)| message.map(|message| FieldError::new(field, &message)))
        .collect();
    if errors.is_empty() { Ok(()) } else { Err(Failure::fields(errors)) }
}
